"""What was shown, feedback, token ids."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the three tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "shown",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("card", sa.String(36), nullable=False, unique=True),
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
    )
    op.create_index("shown_by_time", "shown", ["shown_at"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("outcome_at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("reason_system", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("suggestions", sa.Text),
        sa.UniqueConstraint("card", "outcome", "outcome_at", name="feedback_once"),
    )
    op.create_index("feedback_by_time", "feedback", ["received_at"])
    op.create_table(
        "tokens",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("until", moment, nullable=False),
    )
    op.create_index("tokens_by_time", "tokens", ["until"])


def downgrade() -> None:
    """Drop them."""
    for table in ("tokens", "feedback", "shown"):
        op.drop_table(table)
