"""What a card holds drugs back for, so that clinicians can clarify it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; of what was shown before nothing was clarified."""
    op.add_column("shown", sa.Column("holds", sa.String(200)))


def downgrade() -> None:
    """Drop it: what was clarified is forgotten."""
    op.drop_column("shown", "holds")
