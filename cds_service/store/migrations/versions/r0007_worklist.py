"""What became of the lines of a worklist."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "worklist",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("patient", sa.String(32), nullable=False),
        sa.Column("gap", sa.String(32), nullable=False),
        sa.Column("episode", sa.String(10), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("patient", "gap", "episode", name="worklist_once"),
    )
    op.create_index("worklist_by_time", "worklist", ["set_at"])


def downgrade() -> None:
    """Drop it: what became of the lines is forgotten."""
    op.drop_table("worklist")
