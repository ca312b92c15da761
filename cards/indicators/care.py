"""What the indicators ask of a record, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from cards.chart import Patient

State = Literal["not-applicable", "excluded", "met", "pending", "not-met", "unknown"]
STATES: tuple[State, ...] = ("met", "not-met", "unknown", "pending", "excluded", "not-applicable")


class Event(Struct, frozen=True):
    """Something that happened, was ordered, or is said not to have happened, with the first and the last day that it can have
    been; None where no date is on record. ``how``: which kind of evidence it is, or why it did not happen. ``drug``: a key."""

    first: date | None
    latest: date | None
    source: str = ""
    how: str = ""
    drug: str = ""


class Answer(Struct, frozen=True):
    """A card of ours about this patient, and the last word on it. ``said``: "accepted", "overridden" or "" (no word);
    ``offered``: what it proposed ("drug/alendronate")."""

    card: str
    day: date
    said: str = ""
    reason: str = ""
    offered: tuple[str, ...] = ()

    def offers(self, kind: str) -> bool:
        """Whether it proposed a drug ("drug/"), or one service ("service/dxa")."""
        return any(each == kind or (kind.endswith("/") and each.startswith(kind)) for each in self.offered)


class Treated(Struct, frozen=True):
    """How things stand on one day with the drugs that count. ``on``: covered, with grace; ``covered``: without. ``ever``: any
    was taken or ordered before. ``stopped``, ``unconfirmed`` (an order without sign of renewal), ``undated``: of the course
    that lasted longest."""

    on: bool = False
    covered: bool = False
    ever: bool = False
    stopped: bool = False
    unconfirmed: bool = False
    undated: bool = False
    sources: tuple[str, ...] = ()


class Care(Struct, frozen=True, kw_only=True):
    """What is on record about one person's care.

    ``done``, ``denied``: events by key ("dxa", "contact" ...): what happened, and what the chart says did not. ``not_read``:
    keys of which a source could not be had or read. ``comfort`` and ``treated`` answer for a day. ``died``: None where no
    death is on record, which is not "alive"; an Event without days where its date is not known.
    """

    today: date
    patient: Patient = Patient()
    died: Event | None = None
    left: tuple[Event, ...] = ()
    done: Mapping[str, tuple[Event, ...]] = {}
    denied: Mapping[str, tuple[Event, ...]] = {}
    not_read: frozenset[str] = frozenset()
    answers: tuple[Answer, ...] = ()
    comfort: Callable[[date], bool] = lambda _: False
    treated: Callable[[date], Treated] = lambda _: Treated()


class Episode(Struct, frozen=True):
    """Fractures within 30 days of each other. ``t0``: the first day; ``site`` by hip, spine, other; ``since``: day of the
    fracture before it, None for none on record; ``stay_until``: the end of the stay in which it was treated. ``presumed``: low
    energy is inferred. ``again``: fractures during the episode."""

    t0: date
    site: str
    sources: tuple[str, ...] = ()
    presumed: bool = False
    since: date | None = None
    stay_until: date | None = None
    again: tuple[date, ...] = ()


class Outcome(Struct, frozen=True):
    """The state of one indicator. ``reason``: why (never for met); ``how``: by which kind of evidence; ``earlier``: the last
    such event before the window, which does not meet it; ``day`` and ``source``: of the evidence."""

    state: State
    reason: str = ""
    how: str = ""
    day: date | None = None
    source: str = ""
    earlier: date | None = None


class Rates(Struct, frozen=True, forbid_unknown_fields=True):
    """What a site may choose (``[figures]`` in ``CDS_SITE``).

    ``profile``: which exclusions; ``site_set``: which fractures; ``card_counts``: which cards count as a recommendation;
    ``visits``: words in the type of an encounter of the fracture or osteoporosis clinic; ``contacts``: whether appointments and
    messages must be of that clinic, too; ``qct_counts``; ``expected_*``: fractures expected in the area a year, with where that
    number is from; ``caseload``: of the UK's indicator; ``least_cell``: smaller counts are suppressed in what leaves the site
    (1: none).
    """

    profile: Literal["published", "clinical"] = "published"
    site_set: Literal["fragility", "wide"] = "fragility"
    card_counts: Literal["accepted", "shown", "never"] = "accepted"
    visits: tuple[str, ...] = ()
    contacts: Literal["listed", "any"] = "listed"
    qct_counts: bool = False
    expected_non_spine: float | None = None
    expected_spine: float | None = None
    expected_source: str = ""
    caseload: float | None = None
    least_cell: int = 5

    @property
    def expected(self) -> dict[str, float | None]:
        """Indicators that need a number from outside -> that number, a year."""
        return {"fls-non-spine": self.expected_non_spine, "fls-spine": self.expected_spine, "uk-identified": self.caseload}

    def __post_init__(self) -> None:
        if (self.expected_non_spine or self.expected_spine) and not self.expected_source:
            raise ValueError("figures: expected numbers need expected_source: where they are from, and of which year")
