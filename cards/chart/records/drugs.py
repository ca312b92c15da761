"""What is and was taken: what single entries say of a drug, and the course that they make together."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart.calendar import Partial, add_months, as_recorded
from cards.vocabulary import Drug


class Dosing(Struct, frozen=True, gc=False):
    """How a drug is to be taken, as far as the order states it legibly.

    ``amount`` is the single dose in mg (of vitamin D in IU: ``unit``), ``every_days`` the days from one dose to the next (0.5
    for twice a day), ``days`` how long. ``readable`` is False if there is a dose or timing that could not be read. ``salt``
    distinguishes calcium products; "" if the record names none. ``long_term``: the order says that it goes on. ``steps``: of
    a plan whose doses follow each other, as of a taper; it has no single dose.
    """

    amount: float | None = None
    unit: str = "mg"
    every_days: float | None = None
    days: float | None = None
    route: str = ""
    as_needed: bool = False
    readable: bool = True
    salt: str = ""
    long_term: bool = False
    steps: tuple[Dosing, ...] = ()

    @property
    def daily(self) -> float | None:
        """The daily amount; None if it is not known, as of what is taken only when needed."""
        if self.as_needed or self.amount is None or not self.every_days:
            return None
        return self.amount / self.every_days


class Exposure(Struct, frozen=True, gc=False):
    """What one resource says about one drug: a statement, an order, a dose given or dispensed.

    ``start`` is when it was taken, given or dispensed, or for an order its start or authoredOn; ``end`` is when it ended.
    ``supply_days`` is how long the amount dispensed or ordered lasts, or how long a depot works. ``strength_mg`` is read from
    the dose or the name. ``status`` is as recorded; "unknown" also where R5 says no more than "recorded": taken as on record,
    not as certain. ``latest`` and ``end_latest`` are the last days that ``start`` and ``end`` can have been, where they are not
    exact. ``reasons``: problems named as the reason, of a hormone. ``unsure``: ``status`` is what an unknown one is taken for.
    """

    drug: Drug
    kind: str  # "statement" | "request" | "administration" | "dispense"
    status: str
    source: str = ""
    start: date | None = None
    end: date | None = None
    supply_days: float | None = None
    strength_mg: float | None = None
    authored: date | None = None
    branded_oncologic: bool = False
    dosing: Dosing | None = None
    latest: date | None = None
    end_latest: date | None = None
    reasons: frozenset[str] = frozenset()
    unsure: bool = False


class Period(Struct, frozen=True, gc=False):
    """What one entry says of the dose of a drug from ``begin`` to ``end``, both included; ``once``: it was given, not to be
    gone on with; ``stopped``: it was broken off, or is on hold; ``ordered``: an order says so, and not that it was taken."""

    begin: date
    end: date
    dosing: Dosing | None = None
    once: bool = False
    stopped: bool = False
    ordered: bool = False


GUESSED_ENDS = frozenset({"next-drug", "asserted", "order"})


class Course(Struct, frozen=True):
    """Everything the record says about one drug, combined (``cards.definitions.courses``).

    ``last_dose_basis``: "given" (administered or dispensed), "order" or "statement" (an assumption, stated as such), "" if
    there is no date. ``covered_until``: the last day on which the drug works, without grace; date.max while it is being taken.
    ``exposure_days``: total time on the drug, None if unknown. ``unconfirmed``: the course rests on an order with no sign of
    renewal for more than this many months; 0 if there is one. ``grace_months``: how long after ``covered_until`` the patient
    still counts as on treatment. ``pending``: the day of an open order written after the last dose (or for a day to come).
    ``end_assumed``: tablets have ended ("completed", "stopped") and no entry says when; what ``last_dose`` is then assumed
    from: "dispensed", "supply" (of the order), "next-drug", "asserted" (when the stop was recorded), "order".
    ``current_start``: when the current course began, which is later than ``start`` if the drug was taken up again after a
    pause that starts a course anew: response, failure and tests are judged from it, exposure from ``start``.
    ``start_latest``, ``current_start_latest``, ``last_dose_latest``, ``end_latest``: the last possible days, if not exact.
    ``exposure_days`` is then the shortest possible time, and ``spans`` are the longest possible. ``planned_end``: the day ahead
    on which every open statement is to end. ``inexact``: each first day of an entry that is dated by year or month, with its
    last possible day. ``written``: the day of the newest order or, of an injection, dose. ``periods``: of a drug that is
    taken, what each entry says of its dose, by its first day. ``unsure``: the status of every entry is unknown.
    ``disputed``: the entry that says it was stopped, where another has it as taken and nothing tells which is newer; it then
    counts as taken. "": none. ``planned``: nothing is on record but for a day to come.
    """

    drug: Drug
    start: date | None = None
    current_start: date | None = None
    last_dose: date | None = None
    last_dose_basis: str = ""
    doses: tuple[date, ...] = ()
    stopped: bool = False
    end: date | None = None
    end_assumed: str = ""
    active: bool = False
    undated: bool = False
    covered_until: date | None = None
    supply_until: date | None = None
    exposure_days: int | None = None
    spans: tuple[tuple[date, date], ...] = ()
    unconfirmed: int = 0
    grace_months: int = 0
    pending: date | None = None
    sources: tuple[str, ...] = ()
    dosing: Dosing | None = None
    dosings: tuple[Dosing, ...] = ()
    periods: tuple[Period, ...] = ()
    start_latest: date | None = None
    current_start_latest: date | None = None
    last_dose_latest: date | None = None
    end_latest: date | None = None
    reasons: frozenset[str] = frozenset()
    planned_end: date | None = None
    written: date | None = None
    unsure: bool = False
    disputed: str = ""
    planned: bool = False
    inexact: tuple[tuple[date, date], ...] = ()

    def latest_of(self, day: date) -> date:
        """The last day that a dose or start told of as ``day`` can have been."""
        return dict(self.inexact).get(day, day)

    def dated(self, day: date) -> date | Partial:
        """A dose or start as recorded."""
        return as_recorded(day, dict(self.inexact).get(day)) or day

    @property
    def may_work(self) -> bool:
        """Whether it is an injection that is on the list or was given, not stopped, and no dose is dated: nobody knows until
        when it works."""
        return self.drug.covers_months is not None and self.last_dose is None and not (self.stopped or self.planned)

    @property
    def end_guessed(self) -> bool:
        """Whether nothing of the drug itself speaks for the day on which it is assumed to have ended."""
        return self.end_assumed in GUESSED_ENDS

    @property
    def start_at_latest(self) -> date | None:
        return self.start_latest or self.start

    @property
    def current_start_at_latest(self) -> date | None:
        return self.current_start_latest or self.current_start

    @property
    def resumed(self) -> bool:
        """Whether the drug was taken up again after a pause that starts a course anew."""
        return self.current_start != self.start

    @property
    def last_dose_at_latest(self) -> date | None:
        return self.last_dose_latest or self.last_dose

    @property
    def started(self) -> date | Partial | None:
        """The start as recorded."""
        return as_recorded(self.start, self.start_latest)

    @property
    def last_dosed(self) -> date | Partial | None:
        """The last dose as recorded."""
        return as_recorded(self.last_dose, self.last_dose_latest)

    @property
    def source(self) -> str:
        return self.sources[0] if self.sources else ""

    def on_treatment(self, today: date) -> bool:
        """Covered today, with the grace of ``grace_months``."""
        return self.covered_until is not None and (
            self.covered_until == date.max or add_months(self.covered_until, self.grace_months) >= today
        )

    def ended(self, today: date) -> date | None:
        """The day the course ended: when it was stopped, or when the last dose or supply stopped working; None while it
        continues."""
        if self.stopped:
            return self.end or self.last_dose or self.start
        if self.active or self.covered_until is None or self.on_treatment(today):
            return None
        return self.last_dose if self.end_assumed else self.covered_until
