"""The tables: what was shown and offered, what came back, which tokens were used, what was not understood, who signed what.

No row names a patient or a practitioner in clear, but the reviewers who sign the medicine with their names."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Boolean, Column, Date, DateTime, Dialect, Index, Integer, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator

HASH = 32
"""Length of a keyed hash, in hexadecimal digits."""


class Moment(TypeDecorator[datetime]):
    """A point in time with its zone, UTC both in the database and out of it: SQLite would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


METADATA = MetaData()

SHOWN = Table(
    "shown",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("card", String(36), nullable=False),
    Column("code", String(64), nullable=False),
    Column("indicator", String(16), nullable=False),
    Column("service", String(64), nullable=False),
    Column("hook", String(64), nullable=False),
    Column("shown_at", Moment, nullable=False),
    Column("content", String(32), nullable=False),
    Column("facts", String(HASH), nullable=False),
    Column("patient", String(HASH), nullable=False),
    Column("practitioner", String(HASH), nullable=False),
    Column("shadow", Boolean, nullable=False),
    Column("rests_until", Moment),
    Column("holds", String(200)),
    Column("encounter", String(HASH)),
    UniqueConstraint("card", "code", name="shown_once"),
    Index("shown_by_time", "shown_at"),
)
"""One row a card, and one for each that it speaks for. ``card`` is its uuid, ``content`` the version of the clinical content;
``facts``, ``patient`` and ``practitioner`` are keyed hashes ("": the client did not say who asks). ``shadow``: it was evaluated
and not sent. ``rests_until``: how long an override of it holds, where that is longer than of others. ``holds``: the findings
for which it holds drugs back, by key, with blanks between them: "clarified" as the reason of an override ends them.
``encounter``: a keyed hash of the encounter in which it was shown, or of the day where the client named none."""

OFFERED = Table(
    "offered",
    METADATA,
    Column("suggestion", String(36), primary_key=True),
    Column("card", String(36), nullable=False),
    Column("option", String(100), nullable=False),
    Column("shown_at", Moment, nullable=False),
    Index("offered_by_card", "card"),
    Index("offered_by_time", "shown_at"),
)
"""One row a suggestion, by its uuid: what it proposed ("drug/alendronate"), so that what was accepted can be counted."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("service", String(64), nullable=False),
    Column("card", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("outcome_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("reason", Text),
    Column("reason_system", Text),
    Column("comment", Text),
    Column("suggestions", Text),
    UniqueConstraint("card", "outcome", "outcome_at", name="feedback_once"),
    Index("feedback_by_time", "received_at"),
)
"""What a client reported of a card, which need not be one in ``shown``. ``comment`` is free text and may name the patient:
it is kept for the site's own review and never logged. ``suggestions``: ids of those accepted, one a line."""

TOKENS = Table(
    "tokens",
    METADATA,
    Column("token", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
    Index("tokens_by_time", "until"),
)
"""Ids of client tokens that were used, hashed with their issuer, until they expire; and for seconds, hashed with such a token,
the proxy's id of the request that it came with."""

UNREAD = Table(
    "unread",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("data", String(32), nullable=False),
    Column("why", String(32), nullable=False),
    Column("system", String(200), nullable=False),
    Column("code", String(100), nullable=False),
    Column("name", String(60), nullable=False),
    Column("times", Integer, nullable=False),
    Column("last", Date, nullable=False),
    UniqueConstraint("data", "why", "system", "code", "name", name="unread_once"),
    Index("unread_by_time", "last"),
)
"""What may be ours and was not understood, counted over all patients: ``times``, and the ``last`` day of a call that brought
it. ``name`` is its beginning, without numbers."""

WORKLIST = Table(
    "worklist",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("patient", String(HASH), nullable=False),
    Column("gap", String(32), nullable=False),
    Column("episode", String(10), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("set_at", Moment, nullable=False),
    UniqueConstraint("patient", "gap", "episode", name="worklist_once"),
    Index("worklist_by_time", "set_at"),
)
"""What became of a line of the worklist of a population: the patient (a keyed hash) was reached, a gap in care is arranged,
or it was declined, and why. ``episode``: the day of the clock that ran, so that the next time is another one."""

SEEN = Table(
    "seen",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("day", Date, nullable=False),
    Column("hook", String(32), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("key", String(64), nullable=False),
    Column("times", Integer, nullable=False),
    UniqueConstraint("day", "hook", "kind", "key", name="seen_once"),
)
"""In how many calls of a day (UTC) and hook a card was in the answer ("card"), or something of a value set in the record
("code"); "call" counts the calls. Counts alone: no patient, no value."""


SIGNATURES = Table(
    "signatures",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("card", String(64), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("by", String(100), nullable=False),
    Column("role", String(100), nullable=False),
    Column("remark", Text, nullable=False),
    Column("content", String(32), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("shared", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("read", Text, nullable=False, server_default=""),
    Index("signatures_by_card", "card", "at"),
)
"""What a reviewer said of a card. Never deleted. ``content``: the version; ``hash``: of the card's
text; ``shared``: of the code that all cards share; ``read``: which parts were read, with blanks between."""

SIGNED = Table(
    "signed",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)
"""The text that was signed, once, so that it can be laid beside what became of it."""
