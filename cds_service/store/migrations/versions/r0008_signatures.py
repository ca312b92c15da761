"""Who signed which card, and the text that was signed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("card", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("role", sa.String(100), nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("content", sa.String(32), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("shared", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("signatures_by_card", "signatures", ["card", "at"])
    op.create_table("signed", sa.Column("hash", sa.String(64), primary_key=True), sa.Column("text", sa.Text, nullable=False))


def downgrade() -> None:
    """Drop them: who signed what is forgotten, unless it was exported."""
    op.drop_table("signed")
    op.drop_table("signatures")
