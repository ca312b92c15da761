"""One patient with one clinician for ten years: visits, what is advised, what is done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from random import Random

from cards.chart import Chart
from cards.chart.calendar import add_months
from cards.definitions import treatment
from cards.engine import voice
from cards.engine.findings import Finding, Option
from cards.engine.run import run
from cards.vocabulary import ANABOLIC, DRUGS
from cds_service.casebook.requests import request
from cds_service.clinic.aside import Aside
from cds_service.clinic.clinicians import AWAY, FOLLOW_TEXTS, HABITS, LOST, MISSES, OVERRIDES, Choice
from cds_service.clinic.person import Person
from cds_service.clinic.record import INJECTED, STYLES, Record, Taken
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator

BEGIN = date(2026, 1, 12)
VISITS = 40
APART_MONTHS = 3
_BASELINE = (
    "dxa",
    "creatinine",
    "calcium",
    "vitamin-d",
    "pth",
    "alp",
    "phosphate",
    "height",
    "blood-count",
    "liver",
    "esr",
    "tsh",
)
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Truth:
    """The patient, not the record, on a day: T-score of the hip; what works on the bone, "" if nothing does; ``lowest``: the
    lowest T-score that the last scan found; ``broken``: a hip or vertebra broke since something last worked on the bone;
    ``comfort``: under comfort care."""

    hip: float
    drug: str
    lowest: float
    broken: bool
    comfort: bool = False


@dataclass
class Visit:
    """``news``: what happened since the last visit; ``again``: the answer a week later, if nothing is done, where it was asked
    for; ``aside``: codes of cards that rest, since the clinician overrode them; ``refused``: drugs that are offered,
    chosen or not, and that a check forbids when they are signed; ``truth``: what the cards cannot see."""

    today: date
    chart: Chart
    cards: list[Finding]
    news: list[str]
    truth: Truth
    chosen: Choice = field(default_factory=list)
    again: list[Finding] | None = None
    refused: list[str] = field(default_factory=list)
    aside: set[str] = field(default_factory=set)


@dataclass
class Journey:
    seed: int
    habit: str
    style: str
    kind: str
    visits: list[Visit] = field(default_factory=list)


def live(seed: int, habit: str, visits: int = VISITS, *, leaves_open: bool = False) -> Journey:
    """The same for the same seed and habit, whether or not the record ``leaves_open`` the orders of tests that were done."""
    rng = Random(seed)
    person = Person(seed, BEGIN)
    style, injected = STYLES[seed % len(STYLES)], INJECTED[seed // len(STYLES) % len(INJECTED)]
    record = Record(style, f"{person.kind.sex} born {person.born}", injected, leaves_open=leaves_open)
    record.facts.extend(person.kind.lines)
    for test in _BASELINE:
        record.facts.append(f"{person.measure(test)} on {BEGIN - _WEEK}")
    journey = Journey(seed, habit, f"{style}, injections {injected}", person.kind.name)
    aside = Aside()
    for number in range(visits):
        today = add_months(BEGIN, APART_MONTHS * number)
        news = _happens(person, record, today, rng, LOST.get(habit, 0)) if number else []
        comfort = 0 < person.kind.comfort_years * 12 <= APART_MONTHS * number
        if comfort:
            record.facts.append(f"encounter hospice on {today - _WEEK}")
        if rng.random() < MISSES.get(habit, 0):
            continue
        if number in AWAY.get(habit, ()):
            record.lapse(today)
            continue
        truth = Truth(person.hip, _works(record, today), person.scanned, person.broken, comfort)
        visit = _visit(record, aside, today, news, truth, again=number % 4 == seed // 5 % 4)
        visit.chosen = HABITS[habit]([(f, o) for f in visit.cards for o in f.options], rng)
        if habit in OVERRIDES:
            _override(visit, aside)
        offered = {(o.key, o.start): o for f in visit.cards for o in f.options if o.kind == "drug"}
        visit.refused = [option.key for option in offered.values() if _forbidden(record, today, option)]
        _do(record, person, visit, follows=habit in FOLLOW_TEXTS)
        journey.visits.append(visit)
    return journey


def _happens(person: Person, record: Record, today: date, rng: Random, lost: float) -> list[str]:
    """A quarter of a year of life, and the results of what was ordered, but for the part that is ``lost``."""
    years = APART_MONTHS / 12
    drug = _works(record, today)
    last = max(record.doses.get("denosumab", [date.min]))
    person.live(years, drug, rebound=not drug and last > add_months(today, -24))
    news = []
    if site := person.breaks(years, today):
        record.facts.append(f"fracture {site} on {today - _WEEK}")
        news.append(f"fracture {site}")
    for test in [key for key, day in record.ordered.items() if day + _WEEK <= today]:
        if lost and rng.random() < lost:
            record.lose(test)
            continue
        day = record.done(test)
        found = person.measure(test)
        record.facts.append(f"{found} on {day + _WEEK}" if found else f"test {test} done {day + _WEEK}")
        news.append(test)
    return news


def _works(record: Record, today: date) -> str:
    """What works on the bone on this day: a key of ``person.GAIN``."""
    for drug, months in (("denosumab", 7), ("zoledronate", 18)):
        if any(add_months(day, months) >= today >= day for day in record.doses.get(drug, ())):
            return drug
    taken = next((c for c in record.courses if c.taken and DRUGS[c.drug].mechanism in treatment.TREATMENT), None)
    if taken is None:
        return ""
    return "anabolic" if DRUGS[taken.drug].mechanism in ANABOLIC else "tablets"


@cache
def _evaluator() -> Evaluator:
    return Evaluator(Settings())


def chart_on(record: Record, today: date, **more: object) -> Chart:
    case = {"card": "clinic", "name": "visit", "today": today, "patient": record.patient, "record": record.lines(today), **more}
    body = request(case)
    return _evaluator().chart(parse(json.dumps(body).encode(), body["hook"]), today)


def answer(chart: Chart, aside: Aside) -> tuple[list[Finding], set[str]]:
    """What is shown, and the codes of what rests."""
    found = run(chart)
    fresh = aside.fresh(found, chart.today)
    return voice.answered(fresh, found, chart), {each.code for each in found if each not in fresh}


def _visit(record: Record, aside: Aside, today: date, news: list[str], truth: Truth, *, again: bool) -> Visit:
    chart = chart_on(record, today)
    later = answer(chart_on(record, today + _WEEK), aside)[0] if again else None
    shown, rests = answer(chart, aside)
    return Visit(today, chart, shown, news, truth, again=later, aside=rests)


def _override(visit: Visit, aside: Aside) -> None:
    """Cards whose drugs were offered and not chosen are overridden with a reason."""
    chosen = {id(finding) for finding, option in visit.chosen if option.kind == "drug"}
    for finding in visit.cards:
        if any(option.kind == "drug" for option in finding.options) and id(finding) not in chosen:
            aside.override(finding, visit.today)


def _forbidden(record: Record, today: date, option: Option) -> bool:
    """Whether a check speaks critically against what was offered when it is signed, on the day on which it is given."""
    day = max(today, option.start or today)
    found = run(chart_on(record, day, hook="order-sign", draft=[f"{option.key} (from {day})"]))
    return any(each.indicator.value == "critical" and each.about is not None for each in found)


def _do(record: Record, person: Person, visit: Visit, *, follows: bool) -> None:
    """What was chosen, and where the clinician ``follows`` the text: a holiday, and doses on their dates."""
    today = visit.today
    for _, option in visit.chosen:
        if option.kind == "service":
            record.ordered[option.key] = max(today, option.start or today)
        elif option.kind == "drug":
            _give(record, today, option)
        elif option.kind == "problem":
            record.facts.append(f"problem osteoporosis since {today}")
    variants = {(each.code, each.variant) for each in visit.cards}
    if follows and ("bisphosphonate-review", "holiday") in variants:
        _end(record, today)


def _give(record: Record, today: date, option: Option) -> None:
    drug = DRUGS[option.key]
    if drug.mechanism in treatment.TREATMENT:
        _end(record, today)
    if drug.covers_months:
        record.doses.setdefault(option.key, []).append(max(today, option.start or today))
    elif not any(each.drug == option.key and each.taken for each in record.courses):
        record.courses.append(Taken(option.key, today))


def _end(record: Record, today: date) -> None:
    for each in record.courses:
        if each.ended is None and DRUGS[each.drug].mechanism in treatment.TREATMENT:
            each.ended = today
