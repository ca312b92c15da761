"""What was not understood: the site's list to map."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unread",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("data", sa.String(32), nullable=False),
        sa.Column("why", sa.String(32), nullable=False),
        sa.Column("system", sa.String(200), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.UniqueConstraint("data", "why", "system", "code", "name", name="unread_once"),
    )
    op.create_index("unread_by_time", "unread", ["last"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("unread")
