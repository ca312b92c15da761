"""How a low 25(OH)D is corrected, and when injections may follow (card specification, "vitamin D by level")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Course, Dosing, Measurement, facts, per_chart
from cards.chart.calendar import Partial, add_days
from cards.chart.facts import Fact
from cards.definitions import workup
from cards.definitions.denosumab import closes_gap
from cards.definitions.kidney import renal
from cards.definitions.loading import (
    BESIDE,
    DAILY,
    PLAIN,
    RAPID,
    SEVERE,
    Loading,
    in_all_of,
    is_large,
    is_single,
    loading,
    room,
)
from cards.definitions.minerals import borderline, calcium, high_urine_calcium, listed_excess, vitamin_d
from cards.definitions.person import body_mass_index
from cards.definitions.workup import emergency
from cards.definitions.workup.values import maybe_since
from cards.vocabulary import CHOLECALCIFEROL, DENOSUMAB, DRUGS, ROMOSOZUMAB, ZOLEDRONATE, Drug, Mechanism
from cards.vocabulary.regimens import REGIMENS

FAST = (ZOLEDRONATE, DRUGS["ibandronate-iv"], DENOSUMAB, ROMOSOZUMAB)
"""Injections that lower calcium: vitamin D is corrected quickly before them."""
HIGH_CALCIUM, EMERGENCY, GRANULOMA = "high-calcium", emergency.EMERGENCY, "granuloma"
ACTIVE_FORM = "active-form"
"""Why vitamin D is not given, or not recommended."""
LISTED = {"hypercalcemia": "listed-calcium", "hypercalciuria": "listed-urine"}
"""What an entry of the problem list says against more than the usual dose; of hypercalcemia calcium is measured first."""
UNGIVEN = (HIGH_CALCIUM, EMERGENCY)
UNADVISED = (GRANULOMA, ACTIVE_FORM)
"""Where the usual dose is an option, and somebody else decides."""
_ACTIVE = frozenset({Mechanism.ACTIVE_VITAMIN_D})
_USUAL, _MORE = CHOLECALCIFEROL.key, "cholecalciferol-2000-12"
_DOUBLED = {_MORE: "cholecalciferol-4000-12", _USUAL: "cholecalciferol-2000"}


class Repletion(Struct, frozen=True):
    """What a low 25(OH)D calls for. ``regimen``: the order, ``then`` what follows it, "" for nothing. ``loads``: it is a
    loading, or one is on the list, or was taken whole since the level was measured. ``watched``: as much as the daily doses of
    one, so that calcium is measured under it. ``raised``: more of what is taken, once it is sure that it is. ``running``: a
    loading, or the daily dose that is asked for, on the list, since ``begin`` (``begin_latest``: the last possible day);
    ``until``: the day on which it is to be stopped, as it has no end. ``past``: a loading that was taken; ``ended``: the day
    on which it was complete; ``failed``: the same, where the level was still low after it; ``ordered``: nothing but an order
    says that it was taken.

    ``instead``: why there is no loading, or no vitamin D at all, with its ``evidence``. ``taking``: vitamin D that is taken,
    enough and for long; ``early``: the level is of a day on which it could not yet tell whether that helps; ``listed``: any
    that is taken, ``large`` in doses of a loading; ``small``: enough beside these; ``replaced``: what the order takes the
    place of. ``doubled``: why the daily dose is doubled.
    """

    level: Measurement
    severe: bool = False
    deficient: bool = False
    rapid: bool = False
    regimen: str = ""
    then: str = ""
    loads: bool = False
    watched: bool = False
    raised: bool = False
    begin: date | None = None
    begin_latest: date | None = None
    instead: str = ""
    evidence: Fact | None = None
    running: Course | None = None
    until: date | None = None
    ended: date | Partial | None = None
    failed: date | Partial | None = None
    past: Course | None = None
    ordered: bool = False
    taking: Course | None = None
    early: bool = False
    listed: tuple[Course, ...] = ()
    large: tuple[Course, ...] = ()
    small: bool = False
    replaced: tuple[Course, ...] = ()
    doubled: Fact | None = None


@per_chart
def low_vitamin_d(chart: Chart) -> Measurement | None:
    """The newest 25(OH)D of {vitamin-d-window-months} months, if it is certainly below {vitamin-d-target} ng/mL."""
    newest = vitamin_d(chart)
    return newest if newest is not None and newest.below(chart.numbers.vitamin_d_target) else None


@per_chart
def repletion(chart: Chart, injection: bool = False) -> Repletion | None:
    """Below {vitamin-d-severe} ng/mL a loading of 300,000 units, from there to below {vitamin-d-deficient} one of 200,000 where
    it must be rapid, otherwise 2,000 units a day for 12 weeks; after each 1,000 units a day, which is also the dose below
    {vitamin-d-target}. A loading is weekly; daily where the site's strongest product is below the weekly dose
    ({vitamin-d-product-units} units). *Rapid*: zoledronate, ibandronate by vein, denosumab or romosozumab is drafted,
    recommended (``injection``) or due within {vitamin-d-rapid-due-days} days, or a fragility fracture is at most
    {vitamin-d-rapid-fracture-days} days old.

    Instead 1,000 units a day: an active form taken, whose prescriber is asked first (EXT-17); calcium above
    {calcium-borderline} mg/dL without a range, urine calcium high, hypercalcemia or hypercalciuria active on the problem list
    with no value in range since (of hypercalcemia after a calcium), kidney stones active or of {stones-months} months,
    hyperparathyroidism, an estimate below {egfr-specialist}, sarcoidosis, tuberculosis or lymphoma; a loading on the list is
    then stopped. With high calcium no vitamin D at all; in hyperparathyroidism known for {known-disease-days} days, calcium at
    most {calcium-surgery} mg/dL above the limit, the 1,000 units are an option.

    Who has taken {vitamin-d-taken-units} units a day for {vitamin-d-taken-days} days gets no second daily dose. A loading
    that is due is given all the same; it takes the place of more than 2,000 units a day. Still below {vitamin-d-deficient}
    after {vitamin-d-taken-days} days of it, the dose of that level, and then the usual one, may replace a smaller one, once
    it is sure that this was taken. A level of an earlier day does not tell: it is measured again. While a loading goes on, or
    a daily dose as large as the one asked for, nothing is added. After a loading the daily dose follows until 25(OH)D is
    measured. A level that is still low within {vitamin-d-loading-days} days of the start of a loading calls for no other
    loading, but for the daily dose that is usual from {vitamin-d-severe} ng/mL on.

    Single doses of 50,000 units or more count: with them a loading holds {vitamin-d-loading-total} units at most. Doses as
    large without an end are a loading that is to be stopped when it is complete. Daily doses are doubled after gastric bypass,
    in malabsorption or cirrhosis, with a BMI of {vitamin-d-bmi} or more, or on an enzyme-inducing antiepileptic."""
    level = low_vitamin_d(chart)
    if level is None:
        return None
    n, listed = chart.numbers, tuple(_listed(chart))
    told = Repletion(
        level,
        severe=bool(level.below(n.vitamin_d_severe)),
        deficient=bool(level.below(n.vitamin_d_deficient)),
        rapid=injection or _rapid(chart),
        taking=next(_taking(chart), None),
        listed=listed,
        large=tuple(course for course in listed if any(map(is_large, _dosings(chart, course)))),
        small=any(_enough(chart, course, large=False) for course in listed),
        doubled=next(_absorbs_badly(chart), None),
    )
    return _planned(chart, told)


def _planned(chart: Chart, told: Repletion) -> Repletion:
    usual = _DOUBLED[_USUAL] if told.doubled else _USUAL
    if (against := next(_against(chart), None)) is not None:
        return _limited(told, *against)
    if (found := loading(chart, told.level)) is not None:
        if found.runs(chart.today):
            until = found.end if found.endless else None
            return replace(told, loads=True, **_begun(found), running=found.course, until=until)
        told = replace(told, ordered=found.ordered)
        if found.end is not None and told.level.at_latest <= found.end:
            return replace(told, loads=True, **_begun(found), ended=found.ended, past=found.course, **_daily(told, usual))
        if told.deficient:
            told = replace(told, **_begun(found), failed=found.ended, past=found.course)
    if told.failed is None and (scheme := _scheme(chart, told)):
        begin, regimen = chart.today, _by_product(chart, scheme)
        goes_on = told.small and told.taking and _fits_beside(chart, told)
        then = {"then": ""} if goes_on else {"then": usual, "replaced": told.listed}
        return replace(told, regimen=regimen, loads=True, begin=begin, **then)
    more = (_DOUBLED[_MORE] if told.doubled else _MORE) if told.deficient else ""
    told = replace(told, watched=more == _DOUBLED[_MORE])
    if (since := _lately(chart, REGIMENS[more].dose if more else chart.numbers.vitamin_d_taken_units)) is not None:
        return replace(told, begin=since[0], running=since[1])
    if told.taking and told.failed is None and _too_early(chart, told.taking, told.level):
        return replace(told, early=True)
    if told.taking and more and told.failed is None and (least := _taken_daily(chart, told)) and least < REGIMENS[more].dose:
        return replace(told, regimen=more, then=usual, raised=True, replaced=told.listed)
    if told.taking or (told.listed and not told.deficient and any(_enough(chart, course) for course in told.listed)):
        return told
    if told.failed and told.severe and (told.large or told.small):
        return told
    return replace(told, regimen=more or usual, then=usual if more else "", replaced=told.listed)


def _limited(told: Repletion, instead: str, evidence: Fact | None) -> Repletion:
    """Where something speaks against a loading: the usual dose, in place of what is taken in larger ones."""
    told = replace(told, instead=instead, evidence=evidence)
    if instead in UNGIVEN or told.small or (told.listed and instead == GRANULOMA):
        return told
    return replace(told, regimen=_USUAL, replaced=told.listed)


def _begun(found: Loading) -> dict[str, date | None]:
    return {"begin": found.begin, "begin_latest": found.begin_latest}


def _daily(told: Repletion, usual: str) -> dict[str, Any]:
    """The usual dose after a loading, unless it is taken already."""
    return {} if told.small else {"regimen": usual, "replaced": told.listed}


def _scheme(chart: Chart, told: Repletion) -> str:
    """Which loading is called for; the smaller one, or none, where single doses leave no more room."""
    wanted = (SEVERE, RAPID) if told.severe else (RAPID,) if told.deficient and told.rapid else ()
    return next((key for key in wanted if in_all_of(key) <= room(chart, told.level)), "")


def _by_product(chart: Chart, scheme: str) -> str:
    return DAILY[scheme] if chart.numbers.vitamin_d_product_units < REGIMENS[scheme].dose else scheme


def _rapid(chart: Chart) -> bool:
    n = chart.numbers
    since, due = chart.days_ago(n.vitamin_d_rapid_fracture_days), add_days(chart.today, n.vitamin_d_rapid_due_days)
    if any(f.at_latest and f.at_latest >= since for f in chart.fractures):
        return True
    if any(d.drug in FAST and not d.proposed for d in (*chart.drafts, *chart.beside)):
        return True
    courses = (course for drug in FAST if (course := chart.course(drug)) is not None)
    return any(c.covered_until and c.covered_until <= due and _goes_on(chart, c) for c in courses)


def _goes_on(chart: Chart, course: Course) -> bool:
    return closes_gap(chart, DENOSUMAB) if course.drug is DENOSUMAB else not course.stopped and course.on_treatment(chart.today)


def active_form(chart: Chart) -> Course | None:
    """Calcitriol or an analog that is taken."""
    return next((c for c in chart.courses(_ACTIVE) if c.active or c.on_treatment(chart.today)), None)


def unadvised(chart: Chart) -> str:
    """Why plain vitamin D is an option at most, "" where it is not: a granulomatous disease, or an active form that is taken,
    whose label asks for no other vitamin D product beside it (EXT-17)."""
    ill = chart.active_problem("sarcoidosis", "granulomatous-disease")
    return GRANULOMA if ill is not None else ACTIVE_FORM if active_form(chart) is not None else ""


def _against(chart: Chart) -> Iterator[tuple[str, Fact | None]]:
    """What speaks against vitamin D, and then against more than the usual dose of it, with the fact that shows it."""
    n, reading = chart.numbers, calcium(chart)
    rows = (*emergency.rows(chart), *workup.rows(chart, about_to_be_treated=workup.about_to_be_treated(chart)))
    if (row := workup.dropping(rows, CHOLECALCIFEROL)) is not None:
        yield EMERGENCY if row.key == EMERGENCY else HIGH_CALCIUM, next(iter(row.evidence), None)
    if (ill := chart.active_problem("sarcoidosis", "granulomatous-disease")) is not None:
        yield GRANULOMA, facts.problem(ill)
    if (active := active_form(chart)) is not None:
        yield ACTIVE_FORM, facts.taken(active)
    if (listed := chart.active_problem("hyperparathyroidism")) is not None:
        yield "hyperparathyroidism", facts.problem(listed)
    if reading is not None and (reading.high or borderline(chart)):
        yield "calcium", facts.measured(reading.value)
    if (urine := high_urine_calcium(chart)) is not None:
        yield "urine-calcium", facts.measured(urine)
    if (excess := listed_excess(chart)) is not None:
        yield LISTED[excess.key], facts.problem(excess)
    since = chart.months_ago(n.stones_months)
    if stones := [p for p in chart.problems.get("kidney-stones", ()) if p.active or maybe_since(p, since)]:
        yield "stones", facts.problem(stones[0])
    if (estimate := renal(chart).lowest) is not None and renal(chart).below(n.egfr_specialist):
        yield "kidneys", facts.measured(estimate)


def _listed(chart: Chart) -> Iterator[Course]:
    """Vitamin D that is taken: not what has come to its end and is still on the list, nor a single dose."""
    for course in chart.courses(PLAIN):
        if (course.active or course.on_treatment(chart.today)) and (not _told(course) or _dosings(chart, course)):
            yield course


def _told(course: Course) -> list[Dosing]:
    return [each for each in course.dosings or (course.dosing,) if each is not None]


def _dosings(chart: Chart, course: Course) -> list[Dosing]:
    """The doses of a course that go on: they have not come to their end, and are no single ones."""
    over = [p.dosing for p in course.periods if p.dosing and p.dosing.days and _last_day(p.begin, p.dosing) <= chart.today]
    return [each for each in _told(course) if each not in over and not (is_single(each) and not each.every_days)]


def _last_day(begin: date, dosing: Dosing) -> date:
    return add_days(begin, int(dosing.days or 0))


def _taking(chart: Chart) -> Iterator[Course]:
    """Vitamin D that ought to be enough: as much and as long as it takes, or of an unknown dose or start."""
    since = chart.days_ago(chart.numbers.vitamin_d_taken_days)
    yield from (c for c in _listed(chart) if not (c.start and c.start > since) and _enough(chart, c))


def _too_early(chart: Chart, course: Course, level: Measurement) -> bool:
    """Whether the level is of a day on which it could not yet tell whether what is taken is enough."""
    return course.start is not None and add_days(course.start, chart.numbers.vitamin_d_taken_days) > level.when


def _enough(chart: Chart, course: Course, *, large: bool = True) -> bool:
    """Whether as much is taken as it takes, or an unknown dose; ``large`` False: beside doses of a loading."""
    told = [each for each in _dosings(chart, course) if large or not is_large(each)]
    if not told and _told(course):
        return False
    daily = [each.daily for each in told if each.unit == "IU" and each.daily]
    return not daily or sum(daily) >= chart.numbers.vitamin_d_taken_units


def _fits_beside(chart: Chart, told: Repletion) -> bool:
    """Whether the daily doses on the list are no more than may go on beside a loading."""
    small = [each for c in told.listed for each in _dosings(chart, c) if each.unit == "IU" and not is_large(each)]
    return sum(each.daily or 0 for each in small) <= REGIMENS[BESIDE].dose


def _taken_daily(chart: Chart, told: Repletion) -> float:
    """The units a day of all that is taken; 0 where one of them is not known."""
    total = 0.0
    for course in told.listed:
        dosings = _dosings(chart, course)
        if not dosings or any(dosing.unit != "IU" or not dosing.daily for dosing in dosings):
            return 0
        total += sum(dosing.daily or 0 for dosing in dosings)
    return total


def _lately(chart: Chart, units: float) -> tuple[date, Course] | None:
    """Vitamin D, no loading, of so many units a day that is taken, and has not been for {vitamin-d-taken-days} days."""
    since = chart.days_ago(chart.numbers.vitamin_d_taken_days)
    for course in _listed(chart):
        going_on = _dosings(chart, course)
        for period in course.periods:
            dosing = period.dosing
            if dosing in going_on and not is_large(dosing) and period.begin > since and (dosing.daily or 0) >= units:
                return period.begin, course
    return None


def _absorbs_badly(chart: Chart) -> Iterator[Fact]:
    problem = chart.problem("gastric-bypass", "short-bowel") or chart.active_problem("malabsorption", "cirrhosis")
    if problem is not None:
        yield facts.problem(problem)
    mass = body_mass_index(chart)
    if mass is not None and mass.below(chart.numbers.vitamin_d_bmi) is False:
        yield facts.measured(mass)
    inducers = chart.courses({Mechanism.ANTIEPILEPTIC})
    yield from (facts.taken(c) for c in inducers if c.active or c.on_treatment(chart.today))


def injection_day(chart: Chart, told: Repletion) -> date | None:
    """The first day of zoledronate, ibandronate by vein, romosozumab or a first denosumab: {vitamin-d-injection-days} days
    after the start of loading ({vitamin-d-injection-daily-days} where it is daily), in severe deficiency
    {vitamin-d-injection-severe-days} ({vitamin-d-injection-severe-daily-days}); None without a loading, or where calcium is not
    known to be in range."""
    if not loaded(chart, told) or told.begin is None or not _calcium_in_range(chart):
        return None
    daily = told.regimen in DAILY.values() or (told.running is not None and not _weekly(told.running))
    key = f"vitamin-d-injection{'-severe' if told.severe else ''}{'-daily' if daily else ''}-days"
    return add_days(told.begin_latest or told.begin, int(chart.numbers[key]))


def next_denosumab_day(chart: Chart, told: Repletion) -> date | None:
    """The first day of a next dose of denosumab in severe deficiency: {vitamin-d-next-denosumab-days} days after the start of
    loading, whatever its scheme; None where it is not delayed."""
    if not told.severe or not loaded(chart, told) or told.begin is None:
        return None
    return add_days(told.begin_latest or told.begin, chart.numbers.vitamin_d_next_denosumab_days)


def loaded(chart: Chart, told: Repletion) -> bool:
    """Whether an injection can count on a loading: ahead, on the list, or taken and begun in the last {vitamin-d-loading-days}
    days (what it brought is used up later); not where the level is below {vitamin-d-severe} after it."""
    since = chart.days_ago(chart.numbers.vitamin_d_loading_days)
    if told.past is not None and told.begin is not None and told.begin < since:
        return False
    return told.loads or bool(told.failed and not told.severe)


def _weekly(course: Course) -> bool:
    return any(each.every_days and each.every_days > 1 for each in course.dosings or (course.dosing,) if each)


def _calcium_in_range(chart: Chart) -> bool:
    reading = calcium(chart)
    return reading is not None and reading.low is False and reading.high is False


def is_next_denosumab(chart: Chart, drug: Drug) -> bool:
    """Whether it continues a course, so that waiting for vitamin D would open a gap."""
    return drug is DENOSUMAB and closes_gap(chart, DENOSUMAB)
