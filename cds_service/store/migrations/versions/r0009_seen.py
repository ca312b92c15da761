"""How often cards and codes are seen, by day: what drift is told by."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "seen",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("hook", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.UniqueConstraint("day", "hook", "kind", "key", name="seen_once"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("seen")
