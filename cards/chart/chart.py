"""The chart: everything known about a patient on one day, and the questions that a rule may ask of it.

A fact that is not here is unknown, never "no": ``failed`` names the groups of data that could not be retrieved, ``set_aside``
what was found but could not be used, ``unread`` what may be relevant but was not understood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from cards.chart.calendar import add_days, add_months
from cards.chart.records.drugs import Course, Exposure
from cards.chart.records.measurement import Measurement
from cards.chart.records.moments import Hook
from cards.chart.records.orders import Draft, Service
from cards.chart.records.patient import Patient
from cards.chart.records.problems import Allergy, Fracture, FractureEntry, Problem
from cards.chart.records.unusable import SetAside, Unread
from cards.thresholds import Numbers, Thresholds, shipped
from cards.vocabulary import ANALYTES, COURSES, Data, Drug, Mechanism, Site

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class Chart(Struct, frozen=True, kw_only=True):
    """The patient as the rules see them on ``today`` at ``hook``."""

    today: date
    hook: Hook = Hook.PATIENT_VIEW
    patient: Patient = Patient()
    measured: Mapping[str, tuple[Measurement, ...]] = field(default_factory=dict)
    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    fractures: tuple[Fracture, ...] = ()
    young_fractures: tuple[Fracture, ...] = ()
    """Of a vertebra or a long bone, before the age from which a fracture is presumed to be of weak bone."""
    broken: tuple[FractureEntry, ...] = ()
    """Every new fracture as recorded, whatever its site and energy."""
    drug_courses: Mapping[str, Course] = field(default_factory=dict)
    given_up: Mapping[str, Course] = field(default_factory=dict)
    """Courses that this chart is judged without, as if they had been discontinued; they have been taken all the same."""
    exposures: tuple[Exposure, ...] = ()
    """What each entry says of one drug, before entries are brought together: for what counts kinds of evidence."""
    allergies: tuple[Allergy, ...] = ()
    services: Mapping[str, tuple[Service, ...]] = field(default_factory=dict)
    parental_hip_fracture: bool = False
    drafts: tuple[Draft, ...] = ()
    beside: tuple[Draft, ...] = ()
    """On order-select the drafts that are not selected: they draw no cards, and are judged with those that are."""
    set_aside: tuple[SetAside, ...] = ()
    unread: tuple[Unread, ...] = ()
    failed: frozenset[Data] = frozenset()
    failed_why: Mapping[Data, str] = field(default_factory=dict)
    """Why each failed group could not be retrieved: "unanswered", "partial", "outcome" (the server reported an error),
    "other-bundle", "other-type", "other-release" (of FHIR), "other-patient", "no-such-type" (on that server)."""
    formulary: frozenset[str] | None = None
    clarified: Mapping[str, date] = field(default_factory=dict)
    """Findings of the work-up that clinicians have clarified (nothing stands against treatment), by key, and on which day."""
    thresholds: Thresholds = field(default_factory=shipped)
    known: dict[Any, Any] = field(default_factory=dict)
    """Results computed from this record (``per_chart``)."""

    def __post_init__(self) -> None:
        """A copy with a change in it starts with an empty cache."""
        force_setattr(self, "known", {})

    @property
    def numbers(self) -> Numbers:
        """The shared numbers of the medicine, with a site's own in their place."""
        return self.thresholds.shared

    # -- the person -----------------------------------------------------------------------------------------------

    @property
    def age(self) -> int | None:
        try:
            age: int | None = self.known["age"]
        except KeyError:
            age = self.known["age"] = self.patient.age_on(self.today)
        return age

    def months_ago(self, months: int) -> date:
        return add_months(self.today, -months)

    def days_ago(self, days: int) -> date:
        return add_days(self.today, -days)

    # -- what was measured ----------------------------------------------------------------------------------------

    def values(self, key: str, *, site: Site | None = None, since: date | None = None) -> tuple[Measurement, ...]:
        """Usable values of one analyte, newest first; ``since`` is inclusive."""
        found = self.measured.get(key, ())
        if site is not None:
            found = tuple(m for m in found if m.site is site)
        if since is not None:
            found = tuple(m for m in found if m.when >= since)
        return found

    def newest(self, key: str, *, site: Site | None = None, since: date | None = None) -> Measurement | None:
        found = self.values(key, site=site, since=since)
        return found[0] if found else None

    def left_out(self, *keys: str) -> tuple[SetAside, ...]:
        """Entries for these analytes (or in this group of data) that the reader could not use, or not understand: a result that
        only its name tells is on record as one with a code is."""
        groups = {ANALYTES[key].group for key in keys if key in ANALYTES}
        results = (s for s in self.set_aside if s.data not in COURSES)  # calcium is a drug, too
        named = (u.as_set_aside for u in self.unread if u.key and u.key in keys)
        return (*(s for s in results if s.key in keys or (not s.key and s.data in groups)), *named)

    def unread_of(self, reason: str, *told: Course | Draft) -> tuple[SetAside, ...]:
        """Entries of these courses and drafts that were set aside for one of these reasons: an unreadable dose, start or order
        reason."""
        sources = {source for each in told for source in (each.sources if isinstance(each, Course) else (each.id,))}
        return tuple(each for each in self.set_aside if each.reason == reason and each.source in sources)

    def group_failed(self, key: str) -> bool:
        """Whether the group of data that this analyte belongs to could not be retrieved."""
        return ANALYTES[key].group in self.failed

    # -- what is not known ----------------------------------------------------------------------------------------

    def doubts(self, named: Iterable[str]) -> tuple[Data, ...]:
        """Of these groups of data and analytes, the groups in which something could not be retrieved or read: whatever is
        missing from them is unknown, never "none". Sorted."""
        groups, keys, of_keys = _doubtful(self)
        if not groups and not keys:  # of most charts, which are asked this by every rule
            return ()
        singly, whole, touched = _meant(tuple(named))
        return tuple(sorted((touched & groups) | (whole & of_keys) | {ANALYTES[key].group for key in singly & keys}))

    # -- problems, fractures, services ----------------------------------------------------------------------------

    def problem(self, *keys: str) -> Problem | None:
        """The newest entry of any of these problems, whatever its state; None when none is on record."""
        found = [p for key in keys for p in self.problems.get(key, ())]
        return max(found, key=lambda p: p.when or date.min) if found else None

    def active_problem(self, *keys: str) -> Problem | None:
        found = [p for key in keys for p in self.problems.get(key, ()) if p.active]
        return max(found, key=lambda p: p.when or date.min) if found else None

    def ordered(self, *keys: str) -> bool:
        """Whether one of these services is ordered and not yet done."""
        return any(not s.done for key in keys for s in self.services.get(key, ()))

    def done(self, *keys: str, since: date | None = None) -> Service | None:
        """The newest of these services that was done (on or after ``since``)."""
        found = [
            s for key in keys for s in self.services.get(key, ()) if s.done and s.when and (since is None or s.when >= since)
        ]
        return max(found, key=lambda s: s.when or date.min) if found else None

    def read(self, *keys: str, since: date) -> bool:
        """Whether one of these services was done on or after ``since``, and what its report says could be read."""
        every = (s for key in keys for s in self.services.get(key, ()))
        return any(s.done and not s.unread and s.when is not None and s.when >= since for s in every)

    def fractures_since(self, months: int) -> tuple[Fracture, ...]:
        """Fragility fractures that occurred, or may have occurred, in the last ``months`` months."""
        since = self.months_ago(months)
        return tuple(f for f in self.fractures if f.at_latest and f.at_latest >= since)

    # -- drugs ----------------------------------------------------------------------------------------------------

    def course(self, drug: Drug) -> Course | None:
        return self.drug_courses.get(drug.key)

    def courses(self, mechanisms: Iterable[Mechanism]) -> list[Course]:
        """Courses of these mechanisms, the most recently covered first."""
        return _of_mechanisms(mechanisms, self.drug_courses)

    def had(self, mechanisms: Iterable[Mechanism]) -> list[Course]:
        """The same, with those that the chart is judged ``without``: for what earlier years and doses mean, not for what is
        taken."""
        return _of_mechanisms(mechanisms, {**self.drug_courses, **self.given_up})

    def course_had(self, drug: Drug) -> Course | None:
        return self.drug_courses.get(drug.key) or self.given_up.get(drug.key)

    def drafted(self, mechanisms: Iterable[Mechanism]) -> list[Draft]:
        wanted = frozenset(mechanisms)
        return [d for d in self.drafts if d.drug is not None and d.drug.mechanism in wanted]

    def drafted_beside(self, mechanisms: Iterable[Mechanism]) -> list[Draft]:
        """Those that are not selected."""
        wanted = frozenset(mechanisms)
        return [d for d in self.beside if d.drug is not None and d.drug.mechanism in wanted]

    def without(self, drug: Drug) -> Chart:
        """This chart as if the drug (in any strength) had been discontinued: used to judge an alternative to it. What its
        years and doses mean remains (``had``)."""
        gone = {key: course for key, course in self.drug_courses.items() if course.drug.ingredient == drug.ingredient}
        if not gone:
            return self
        kept = {key: course for key, course in self.drug_courses.items() if key not in gone}
        copy = replace(self, drug_courses=kept, given_up={**self.given_up, **gone})
        force_setattr(copy, "known", self.known.setdefault((Chart.without, drug.ingredient), {}))  # of each order of the drug
        return copy

    def with_draft(self, draft: Draft, replaced: Sequence[Draft] = ()) -> Chart:
        """This chart with one more draft order (in place of ``replaced``), as order-sign would see it: used to test an option
        before it is offered. A draft brings every ingredient of its product. The other drafts have been judged: they stand
        beside it."""
        gone = {d.id for d in replaced if not d.repeated}
        beside = tuple(d for d in (*self.beside, *self.drafts) if d not in replaced and d.id not in gone)
        return self._of_same_record(hook=Hook.ORDER_SIGN, drafts=(draft,), beside=beside)

    def _of_same_record(self, **changes: Any) -> Chart:
        """A copy in which the record itself is unchanged, so that cached results remain valid."""
        copy = replace(self, **changes)
        force_setattr(copy, "known", self.known)
        return copy


def _of_mechanisms(mechanisms: Iterable[Mechanism], courses: Mapping[str, Course]) -> list[Course]:
    wanted = frozenset(mechanisms)
    found = [c for c in courses.values() if c.drug.mechanism in wanted]
    return sorted(found, key=lambda c: c.covered_until or c.last_dose or c.start or date.min, reverse=True)


def per_chart(look: Callable[Concatenate[Chart, Asked], Answer]) -> Callable[Concatenate[Chart, Asked], Answer]:
    """Compute once per record what many rules need. ``look`` may read only the record, not ``hook`` or ``drafts``, because a
    chart with an option on trial shares the cache. The result must not be modified."""

    @wraps(look)
    def known(chart: Chart, /, *asked: Asked.args, **named: Asked.kwargs) -> Answer:
        question = (look, asked, *named.items()) if asked or named else look
        try:
            answer: Answer = chart.known[question]
        except KeyError:
            answer = chart.known[question] = look(chart, *asked, **named)
        return answer

    return known


DOSE_UNREAD, REASON_UNREAD = "dose-unreadable", "reason-unreadable"
"""The drug taken or ordered is known, but not its dose or its indication."""
_SETTLED = frozenset({"future", "other-patient", "withdrawn", "age-unknown", "no-start", DOSE_UNREAD, REASON_UNREAD})
"""Reasons for setting something aside that matter only to individual rules: an age, a start, a dose."""


_OF_THE_DAY = frozenset({"range-unreadable", "site-unreadable", "unreadable"})
"""Another value from the same day does not replace what could not be read: the value, whether it is normal, or its site."""

_OVER_TIME = frozenset({"bmd", "ctx", "p1np", "height"})
_TWICE = {"alp": "alp_low", "phosphate": "phosphate_low", "hemoglobin": "hemoglobin_low_man"}
"""Values that rules ask for again once the newest is low, or disregard after an operation, with the name of that limit."""
_RESULTS = frozenset(analyte.group for analyte in ANALYTES.values())


@lru_cache(maxsize=1024)
def _meant(named: tuple[str, ...]) -> tuple[frozenset[str], frozenset[Data], frozenset[Data]]:
    """Of names of groups and analytes: the analytes, the groups that are named whole, and every group that is touched. Each
    rule asks for the same ones of every chart."""
    singly = frozenset(name for name in named if name in ANALYTES)
    whole = frozenset(data for data in Data if data in named)
    return singly, whole, frozenset(ANALYTES[name].group if name in ANALYTES else Data(name) for name in named)


@per_chart
def _doubtful(chart: Chart) -> tuple[frozenset[Data], frozenset[str], frozenset[Data]]:
    """Groups in which something could not be retrieved or understood, analytes whose newest value could not be read, and the
    groups that these belong to."""
    open_ones = [aside for aside in chart.set_aside if aside.reason not in _SETTLED]
    groups = {*chart.failed, *(each.data for each in chart.unread if not each.key)}
    for aside in open_ones:
        if aside.key not in ANALYTES:
            groups |= _it_may_be(aside)
    groups |= {data for each in chart.unread if each.why == "no-name" for data in _it_may_be(each)}
    lost: tuple[SetAside | Unread, ...] = (*open_ones, *chart.unread)
    keys = {each.key for each in lost if each.key in ANALYTES and not _read_since(chart, each)}
    return frozenset(groups), frozenset(keys), frozenset(ANALYTES[key].group for key in keys)


def _it_may_be(lost: SetAside | Unread) -> frozenset[Data]:
    """The groups that an unidentified entry may belong to: for a result, any group of results; for a resource without a type,
    all groups."""
    kind, slash, _ = lost.source.partition("/")
    if not slash or not kind:
        return frozenset(Data) - {Data.PATIENT}
    return _RESULTS if kind == "Observation" else frozenset({lost.data})


def _read_since(chart: Chart, lost: SetAside | Unread) -> bool:
    """Whether an equally recent value of the same kind could be read. For trends, every value counts; so does each before a low
    one that decides only together with it."""
    newest = chart.newest(lost.key)
    if lost.key in _OVER_TIME or newest is None or lost.when is None or _needs_another(chart, newest):
        return False
    same_day = isinstance(lost, Unread) or lost.reason not in _OF_THE_DAY
    return newest.when > lost.when or (newest.when == lost.when and same_day)


def _needs_another(chart: Chart, newest: Measurement) -> bool:
    if newest.key == "esr":  # raised after an operation it is disregarded
        return newest.below(chart.numbers.esr_old) is not True
    if newest.key not in _TWICE:
        return False
    limit = newest.low if newest.low is not None else getattr(chart.numbers, _TWICE[newest.key])
    return newest.below(limit) is not False
