"""What somebody who signs has read of a card."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; of earlier signatures it is not known."""
    op.add_column("signatures", sa.Column("read", sa.String(100), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("signatures", "read")
