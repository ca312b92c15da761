"""What was read is as long as it has parts, each with its mark."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Widen the column; SQLite rewrites the table."""
    with op.batch_alter_table("signatures") as table:
        table.alter_column("read", type_=sa.Text(), existing_nullable=False, existing_server_default="")


def downgrade() -> None:
    """Narrow it again."""
    with op.batch_alter_table("signatures") as table:
        table.alter_column("read", type_=sa.String(100), existing_nullable=False, existing_server_default="")
