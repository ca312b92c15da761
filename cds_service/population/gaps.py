"""Who is on the worklist of a fracture liaison service, and why: gaps in care, derived from what the cards found.

Only the clock of an untreated fracture is the worklist's own; everything else reads the findings of the answer, so that the
list never says what a card would not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from cards.chart import Chart, Course, Fracture
from cards.definitions import goals, treatment
from cards.definitions.denosumab import Kind, next_due, safe_until, state
from cards.definitions.density import newest_t_scores
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, INFO, Finding
from cards.vocabulary import DENOSUMAB, DIAGNOSTIC_SITES, SERVICE_CATEGORIES
from cds_service.pipeline import Judged
from cds_service.population.person import person
from cds_service.population.rows import Broken, Gap, Item, Taken, due, iso, orders

ORDER = (
    "emergency",
    "denosumab-overdue",
    "fracture-untreated",
    "anabolic-ending",
    "holiday-review",
    "dxa-due",
    "fracture-new",
    "denosumab-due",
    "denosumab-follow-on",
    "treatment-not-started",
    "supply-lapsed",
    "tests-due",
    "warning",
)
"""Gaps in care, the first ones first: an emergency, then the order in which a fracture liaison service works, then the rest."""

UNTREATED_DAYS = 112
"""By when after a fracture of hip or vertebra treatment is to have begun: 16 weeks, as fracture liaison services count it
(key performance indicators of their databases; RECALL)."""

FOLLOWED_SITES = ("hip", "vertebra")
_OVERDUE = frozenset({Kind.LATE, Kind.PERHAPS, Kind.LONG_AGO, Kind.UNDATED, Kind.REBOUND})
_SUPPLY = "adherence-gap"
_FALLS, _STRENGTH = ("morse", "berg", "tug", "falls"), ("mmt", "rom")
_LABORATORY = frozenset(key for key, category in SERVICE_CATEGORIES.items() if category == "laboratory")


def item_of(patient: str, judged: Judged, entries: Sequence[bytes]) -> Item | None:
    """The patient's line in the worklist; None for one about whom nothing is to be done, who is not even looked up."""
    chart = judged.chart
    found = {each.code: each for finding in judged.findings for each in (*finding.contains, finding)}
    gaps = sorted(_gaps(chart, found), key=lambda gap: ORDER.index(gap.key))
    if not gaps:
        return None
    who, broken = person(patient, entries), newest_fracture(chart)
    return Item(
        patient=patient,
        gaps=tuple(gaps),
        name=who.name,
        identifier=who.identifier,
        phone=who.phone,
        sex=chart.patient.sex,
        born=iso(chart.patient.birth),
        age=chart.age,
        fracture=Broken(broken.site, broken.when, broken.at_latest, iso(broken.dated)) if broken else None,
        taken=_taken(chart),
        dxa=_newest_dxa(chart),
        lowest=min((m.value for m in newest_t_scores(chart)), default=None),
        ordered=chart.ordered("dxa"),
        tests=_tests(found),
        falls=_assessed(chart, _FALLS, "assess-fall-risk"),
        strength=_assessed(chart, _STRENGTH, "assess-muscle"),
        next=tuple(dict.fromkeys(order for finding in judged.findings for order in orders(finding))),
        cards=tuple(dict.fromkeys(code for finding in judged.findings for code in finding.codes)),
        doubt=tuple(sorted({data.value for finding in judged.findings for data in finding.doubt})),
    )


def _gaps(chart: Chart, found: Mapping[str, Finding]) -> Iterator[Gap]:
    """All that apply; where none has a name of its own, that something warns."""
    named = tuple(_named(chart, found))
    yield from named
    if not named and any(finding.indicator is not INFO for finding in found.values()):
        yield Gap("warning")


def _named(chart: Chart, found: Mapping[str, Finding]) -> Iterator[Gap]:
    emergency = [f for code, f in found.items() if all_cards()[code].section == "emergencies" and f.indicator is CRITICAL]
    if emergency:
        yield Gap("emergency")
    yield from _denosumab(chart, found)
    yield from _fracture(chart)
    if ending := found.get("anabolic-sequence") or _ended_by_limit(found):
        yield Gap("anabolic-ending", due(ending) or _day(ending, "ended"))
    holiday = found.get("drug-holiday-review")
    if holiday is not None and holiday.indicator is not INFO:
        yield Gap("holiday-review", due(holiday))
    elif "bisphosphonate-review" in found:
        yield Gap("holiday-review")
    if "dxa" in (days := _ordered_now(found, chart.today)):
        yield Gap("dxa-due", days["dxa"])
    if "start-treatment" in found:
        yield Gap("treatment-not-started")
    if _SUPPLY in found:
        yield Gap("supply-lapsed", _day(found[_SUPPLY], "since"))
    if _tests(found):
        yield Gap("tests-due")


def _denosumab(chart: Chart, found: Mapping[str, Finding]) -> Iterator[Gap]:
    """Overdue from the day on which the next dose is due; the clock is the last safe day."""
    announced, sequence = found.get("denosumab-due"), found.get("denosumab-sequence")
    stands = state(chart)
    due_on = next_due(chart)
    if sequence is not None and stands is not None and stands.kind in _OVERDUE:
        yield Gap("denosumab-overdue", safe_until(chart))
    elif sequence is not None:
        yield Gap("denosumab-follow-on", due(sequence))
    elif announced is not None and due_on is not None and due_on < chart.today:
        yield Gap("denosumab-overdue", safe_until(chart))
    elif announced is not None:
        yield Gap("denosumab-due", due_on)


def _fracture(chart: Chart) -> Iterator[Gap]:
    """A fracture of hip or vertebra that may be of the last {recent-fracture-days} days, while nothing works on the bone: its
    clock runs for ``UNTREATED_DAYS``, from the first day that it can have been."""
    if chart.patient.deceased or treatment.on_treatment(chart) or treatment.on_oncologic(chart) or goals.comfort_care(chart):
        return
    recent = chart.days_ago(chart.numbers.recent_fracture_days)
    some = [f for f in chart.fractures if f.site in FOLLOWED_SITES and f.when and f.at_latest and f.at_latest >= recent]
    first = min((f.when for f in some if f.when), default=None)
    if first is not None:
        clock = first + timedelta(days=UNTREATED_DAYS)
        yield Gap("fracture-untreated" if clock <= chart.today else "fracture-new", clock)


def _ended_by_limit(found: Mapping[str, Finding]) -> Finding | None:
    limit = found.get("course-limit")
    return limit if limit is not None and limit.variant != "calcitonin" else None


def _ordered_now(found: Mapping[str, Finding], today: date) -> dict[str, date | None]:
    """Services that are recommended for today, and since when, where the finding says so."""
    options = (option for finding in found.values() for option in (*finding.options, *finding.elsewhere))
    now = (o for o in options if o.kind == "service" and o.recommended and (o.start or today) <= today)
    return {option.key: option.start for option in now}


def _tests(found: Mapping[str, Finding]) -> tuple[str, ...]:
    options = (option for finding in found.values() for option in (*finding.options, *finding.elsewhere))
    return tuple(dict.fromkeys(o.key for o in options if o.kind == "service" and o.recommended and o.key in _LABORATORY))


def _day(finding: Finding, key: str) -> date | None:
    day = finding.values.get(key)
    return day if isinstance(day, date) else None


def newest_fracture(chart: Chart) -> Fracture | None:
    """Hip and vertebra before any other, the newest of them."""
    return max(
        (f for f in chart.fractures if f.when),
        key=lambda f: (f.site in FOLLOWED_SITES and f.at_latest is not None, f.at_latest or date.min),
        default=None,
    )


def _taken(chart: Chart) -> Taken | None:
    course = chart.course(DENOSUMAB) if _leads(chart) else next(iter(treatment.courses(chart)), None)
    if course is None:
        return None
    return Taken(
        drug=course.drug.key,
        last_dose=iso(course.last_dosed),
        due=_next(chart, course),
        safe=safe_until(chart) if course.drug is DENOSUMAB else None,
        stopped=course.stopped,
        assumed=course.last_dose_basis in ("order", "statement"),
    )


def _leads(chart: Chart) -> bool:
    """Whether denosumab is what counts: until another drug has taken over."""
    stands = state(chart)
    return stands is not None and stands.course.drug is DENOSUMAB and stands.kind is not Kind.SETTLED


def _next(chart: Chart, course: Course) -> date | None:
    if course.drug is DENOSUMAB:
        return next_due(chart)
    if course.drug.covers_months is None:
        return None if course.stopped else course.supply_until
    return course.covered_until if course.covered_until != date.max else None


def _newest_dxa(chart: Chart) -> date | None:
    days = [m.at_latest for key in ("t-score", "bmd") for m in chart.values(key) if m.site in DIAGNOSTIC_SITES]
    done = chart.done("dxa")
    return max([*days, *([done.at_latest] if done and done.at_latest else [])], default=None)


def _assessed(chart: Chart, results: tuple[str, ...], service: str) -> date | None:
    """The last assessment of the last {function-window-months} months."""
    since = chart.months_ago(chart.numbers.function_window_months)
    days = [m.when for key in results if (m := chart.newest(key, since=since))]
    done = chart.done(service, since=since)
    return max([*days, *([done.when] if done and done.when else [])], default=None)
