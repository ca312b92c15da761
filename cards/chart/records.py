"""What the record may say about a patient: one type for each kind of fact. The reader fills them in; rules only read them.

Every fact carries ``source``, the reference of the resource that it came from (``Observation/123``), so that a card can cite
its evidence. Dates are calendar dates in the service's time zone. Where the record gives only a month or a year, ``latest`` is
the last possible day and the date field itself the first; if ``latest`` is None, the date is exact. ``latest`` is never after
today unless the whole interval lies in the future.

A rule that warns asks whether any possible day lies in its window; a rule that acts asks whether all of them do. Either way,
"longer ago than" and "possibly within" use the last possible day (``at_latest``), "certainly within" the first. ``dated`` is
for display.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from cards.chart.calendar import Partial, add_months, as_recorded, years_between
from cards.vocabulary import COURSES, Data, Drug, Mechanism, Site


class Hook(StrEnum):
    """The moments at which an EHR calls the service."""

    PATIENT_VIEW = "patient-view"
    ORDER_SELECT = "order-select"
    ORDER_SIGN = "order-sign"
    PROBLEM_CREATE = "problem-list-item-create"
    DISCHARGE = "encounter-discharge"
    REFILL = "medication-refill"


ORDER_HOOKS = frozenset({Hook.ORDER_SELECT, Hook.ORDER_SIGN})

OTHER_REASON = "other"
"""In ``Draft.reasons``: a reason is stated, but it is not a problem that the rules know."""


class Patient(Struct, frozen=True):
    """Sex as the record gives it ("female", "male", "" when not known), date of birth (the first day of a partial one), and
    whether the record says that the patient has died."""

    sex: str = ""
    birth: date | None = None
    deceased: bool = False

    @property
    def female(self) -> bool:
        return self.sex == "female"

    def age_on(self, day: date) -> int | None:
        return None if self.birth is None else years_between(self.birth, day)


class Measurement(Struct, frozen=True, gc=False):
    """A value that is final, amended or corrected, dated, not in the future, plausible, and with a unit that converts. Anything
    else is left out and counted, and a card that relies on the measurement says so. A value with a comparator (<8, >90) is
    decisive if every value it can stand for lies on the same side of the limit. Of two values on one day, the one with the
    later time counts, then the one issued later, then the one updated last.

    ``value`` is in the unit the rules use (``cards.vocabulary.ANALYTES``). ``given`` is the value as recorded ("45 nmol/L"),
    and ``factor`` converts it to the unit of the rules; for a computed value they give the unit of its input, if that is the
    same quantity. ``comparator`` is "", "<", "<=", ">" or ">=". ``low`` and ``high`` are the laboratory's own reference range
    in the unit of the rules. ``computed`` names the formula if the value was not measured. ``order`` sorts values on one day:
    clinical time, then issued, then last updated. ``unsure``: the record does not know its status. ``from_text``: read from the
    words of a report.
    """

    key: str
    value: float
    when: date
    source: str = ""
    comparator: str = ""
    given: str = ""
    site: Site | None = None
    side: str = ""
    low: float | None = None
    high: float | None = None
    method: str = ""
    computed: str = ""
    order: tuple[datetime, ...] = ()
    latest: date | None = None
    factor: float = 1
    unsure: bool = False
    from_text: bool = False

    @property
    def at_latest(self) -> date:
        """The last day that it can have been."""
        return self.latest or self.when

    @property
    def dated(self) -> date | Partial:
        return as_recorded(self.when, self.latest) or self.when

    def below(self, limit: float) -> bool | None:
        """Whether the value lies below ``limit``; None when its comparator leaves it open.

        >>> Measurement("egfr", 60, date(2026, 1, 1), comparator=">").below(35)
        False
        >>> Measurement("egfr", 60, date(2026, 1, 1), comparator="<").below(35) is None
        True
        """
        if self.comparator in ("<", "<="):
            certain = self.value <= limit if self.comparator == "<" else self.value < limit
            return True if certain else None
        if self.comparator in (">", ">="):
            return False if self.value >= limit else None
        return self.value < limit

    def at_most(self, limit: float) -> bool | None:
        """Whether the value is ``limit`` or less; None when its comparator leaves it open."""
        if self.comparator in ("<", "<="):
            return True if self.value <= limit else None
        if self.comparator in (">", ">="):
            certain = self.value >= limit if self.comparator == ">" else self.value > limit
            return False if certain else None
        return self.value <= limit


class Problem(Struct, frozen=True, gc=False):
    """A recorded condition that is neither refuted nor entered in error. It is active unless its status is inactive, in
    remission or resolved, or it has ended. Its date is the onset, otherwise the day on which it was recorded."""

    key: str
    source: str = ""
    onset: date | None = None
    recorded: date | None = None
    abated: date | None = None
    active: bool = True
    text: str = ""
    latest: date | None = None
    from_text: bool = False
    """Told by nothing but the words of a report."""

    @property
    def when(self) -> date | None:
        return self.onset or self.recorded

    @property
    def at_latest(self) -> date | None:
        """The last day that it can have been."""
        return self.latest or self.when

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.when, self.latest)


class FractureEntry(Struct, frozen=True, gc=False):
    """A fracture as one Condition records it, before ``cards.definitions.fractures`` decides what counts.

    ``site`` is a key of ``FRACTURE_SITES``, ``part`` the side ("left", "right") or vertebral level ("thoracic", "lumbar"), ""
    if not stated, ``level`` the vertebrae that the words name ("T12"). ``osteoporotic``: the code says so. ``subsequent``: the
    7th character says that it is not a new fracture. ``from_text``: read from the words of a report. ``several``: more than one
    vertebra, without their names.
    """

    site: str
    source: str = ""
    part: str = ""
    when: date | None = None
    osteoporotic: bool = False
    subsequent: bool = False
    text: str = ""
    latest: date | None = None
    low_energy: bool = False
    level: str = ""
    from_text: bool = False
    several: bool = False


class Fracture(Struct, frozen=True):
    """A fragility fracture. ``presumed``: low energy is inferred from site and age; the code does not say osteoporotic.
    ``level``, ``from_text`` and ``several`` as in the entries; ``from_text`` only where nothing but words tells of it."""

    site: str
    when: date | None
    source: str = ""
    part: str = ""
    presumed: bool = False
    after_bone_tumor: bool = False
    latest: date | None = None
    level: str = ""
    from_text: bool = False
    several: bool = False

    def may_be_within(self, begin: date, end: date) -> bool:
        """Whether any of its possible days lies between ``begin`` and ``end``, inclusive."""
        return self.when is not None and self.when <= end and begin <= (self.latest or self.when)

    @property
    def at_latest(self) -> date | None:
        """The last day that it can have been."""
        return self.latest or self.when

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.when, self.latest)


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
    on which every open statement is to end. ``written``: the day of the newest order or, of an injection, dose. ``periods``: of
    a drug that is taken, what each entry says of its dose, by its first day. ``unsure``: the status of every entry is unknown.
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


class Allergy(Struct, frozen=True):
    """An active, unrefuted allergy or intolerance to a drug or a whole mechanism. ``unconfirmed``: nobody has verified it."""

    drug: Drug | None
    mechanism: Mechanism | None
    source: str = ""
    intolerance: bool = False
    severe: bool = False
    text: str = ""
    recorded: date | None = None
    unconfirmed: bool = False


class Service(Struct, frozen=True, gc=False):
    """A test, imaging study, procedure or referral. Ordered: a request that is active, on hold or in draft, but not a proposal
    or plan. Done: a procedure completed, a report final, images available, with a date that is not in the future.

    ``draft``: nobody has signed the request. ``unread``: it was done, and what came of it could not be read. ``tells``: whether
    its report tells of what it excludes, a tumor of bone (bone scan: any focus) or a monoclonal protein; None where it does not
    say, or not surely.
    """

    key: str
    done: bool
    source: str = ""
    when: date | None = None
    latest: date | None = None
    unread: bool = False
    tells: bool | None = None
    draft: bool = False

    @property
    def at_latest(self) -> date | None:
        """The last day that it can have been."""
        return self.latest or self.when

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.when, self.latest)


class Draft(Struct, frozen=True):
    """An order that is being written. ``id`` is its relative reference; ``drug`` is None and ``service`` "" if it is not one
    the rules know. A product with several drugs becomes one draft per drug, all with the same id; ``product`` names them all.

    ``unidentified``: what was ordered could not be determined (a dangling reference), which is different from "not known to the
    rules". ``start`` is a stated start date. ``strength_mg`` is the single dose if it could be read. ``proposed`` marks one of
    the service's own options while it is tested against the safety rules. ``other_patient``: it names another or an unknown
    patient and was not judged. ``repeated``: another draft has the same id but different content. ``addressable``: it has an id
    by which the EHR can find it; without one, no action can delete or update it.
    """

    id: str
    drug: Drug | None = None
    service: str = ""
    text: str = ""
    start: date | None = None
    strength_mg: float | None = None
    unidentified: bool = False
    proposed: bool = False
    reasons: frozenset[str] = frozenset()
    dosing: Dosing | None = None
    other_patient: bool = False
    repeated: bool = False
    addressable: bool = True
    product: tuple[Drug, ...] = ()


class SetAside(Struct, frozen=True, gc=False):
    """Something in the record that could not be used. ``reason`` is a key of the phrase tables (``cards/words``)."""

    data: Data
    reason: str
    key: str = ""
    source: str = ""
    when: date | None = None
    detail: str = ""

    @property
    def used(self) -> bool:
        """Whether it was used all the same, with this in doubt: a drug that may be taken counts."""
        return self.data in COURSES and self.reason in _USED_IN_DOUBT


_USED_IN_DOUBT = frozenset({"status-unknown", "records-disagree", "no-start", "no-date", "dose-unreadable", "use-unreadable"})


class Unread(Struct, frozen=True, gc=False):
    """Something that may be relevant but was not understood. ``why``: "no-name" (neither name nor code), "local-code",
    "unknown-code" (of a public system, in no table), "not-understood" (its name or code suggests something the rules use),
    "unresolved-reference". ``system``, ``code`` and ``text`` are as recorded. ``key``: the analyte that its name points to."""

    data: Data
    why: str
    source: str = ""
    when: date | None = None
    system: str = ""
    code: str = ""
    text: str = ""
    key: str = ""

    @property
    def as_set_aside(self) -> SetAside:
        """The same for a text that says what was left out."""
        return SetAside(self.data, self.why, self.key, self.source, self.when, self.text or self.code)
