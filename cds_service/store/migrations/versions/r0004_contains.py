"""A card may speak for others: what was shown is told apart by card and code."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = "card, code, indicator, service, hook, shown_at, content, facts, patient, practitioner, shadow, rests_until"


def upgrade() -> None:
    """One row for each card and code."""
    _made_anew(sa.UniqueConstraint("card", "code", name="shown_once"), f"SELECT {_COLUMNS} FROM shown_before")  # noqa: S608


def downgrade() -> None:
    """One row for each card: what it speaks for is forgotten."""
    first = "SELECT min(id) FROM shown_before GROUP BY card"
    _made_anew(sa.UniqueConstraint("card"), f"SELECT {_COLUMNS} FROM shown_before WHERE id IN ({first})")  # noqa: S608


def _made_anew(unique: sa.UniqueConstraint, rows: str) -> None:
    """The table with another constraint: the one that it has bears no name that both databases know."""
    moment = sa.DateTime(timezone=True)
    op.drop_index("shown_by_time", "shown")
    op.rename_table("shown", "shown_before")
    op.create_table(
        "shown",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("card", sa.String(36), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("indicator", sa.String(16), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("shown_at", moment, nullable=False),
        sa.Column("content", sa.String(32), nullable=False),
        sa.Column("facts", sa.String(32), nullable=False),
        sa.Column("patient", sa.String(32), nullable=False),
        sa.Column("practitioner", sa.String(32), nullable=False),
        sa.Column("shadow", sa.Boolean, nullable=False),
        sa.Column("rests_until", moment),
        unique,
    )
    op.execute(f"INSERT INTO shown ({_COLUMNS}) {rows}")
    op.drop_table("shown_before")
    op.create_index("shown_by_time", "shown", ["shown_at"])
