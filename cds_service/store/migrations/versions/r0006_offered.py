"""What a card offered, so that what was accepted can be counted by option; and the encounter in which it was shown."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table and add the column; of what was shown before neither is known."""
    op.add_column("shown", sa.Column("encounter", sa.String(32)))
    op.create_table(
        "offered",
        sa.Column("suggestion", sa.String(36), primary_key=True),
        sa.Column("card", sa.String(36), nullable=False),
        sa.Column("option", sa.String(100), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("offered_by_card", "offered", ["card"])
    op.create_index("offered_by_time", "offered", ["shown_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("offered")
    op.drop_column("shown", "encounter")
