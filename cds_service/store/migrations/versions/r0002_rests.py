"""How long an override of a card rests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; what was shown before rests no longer than it did."""
    op.add_column("shown", sa.Column("rests_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("shown", "rests_until")
