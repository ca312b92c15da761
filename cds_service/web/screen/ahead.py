"""What lies ahead, with its day: doses, last safe days, tests, decisions. Read from the orders that the cards propose, from
what the rules reckoned, and from what is ordered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course
from cards.chart.calendar import Partial, add_months
from cards.definitions.courses import limit_day
from cards.definitions.denosumab import due_as_recorded, safe_until
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, Finding, Option
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DENOSUMAB, DRUGS, SERVICES, Mechanism
from cards.vocabulary.regimens import for_drug
from cards.words import phrases
from cards.words.options import condition_of, label, what
from cards.words.phrases import capital, day
from cds_service.web.screen.marks import Mark, Strip, iso
from cds_service.web.screen.plan import Accepted, first_drug, first_order, for_today, lead, step, step_before
from cds_service.web.words import WORDS, say

_LIMITED = frozenset({Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR, Mechanism.CALCITONIN})
"""Drugs that have a longest course."""
_ROUTINE = frozenset({"routine-care", "lifestyle-education", "rehab-assessment"})
"""What is no matter of today."""
_CLEARS = {"hypocalcemia": "calcium", "renal-function-unknown": "creatinine"}
"""The tests that clear what a drug waits for."""
_VITAMIN = re.compile(r"\((vitamin [^)]+)\)")
_NAMED = 2
"""How many of the things to do now are named; the cards have the rest."""


class Ahead(Struct, kw_only=True, omit_defaults=True):
    """One thing to do or to know: on ``date`` ("": now), said as ``day``. ``tone``: "bad" for what is late."""

    what: str
    day: str
    date: str = ""
    tone: str = ""
    brief: str = ""
    """The same where there is little room; "" where it is short."""
    before: bool = False
    """Whether it comes before what is to be signed."""


def ahead(chart: Chart, findings: Sequence[Finding], language: str, taken_up: Sequence[Accepted] = ()) -> list[Ahead]:
    """By day, what is due now first; each once. ``taken_up``: what on the desk came from a card."""
    found = [
        *_taken_up(chart, taken_up, language),
        *_courses(chart, first_drug(findings), language),
        *_proposed(chart, findings, language),
        *_reckoned(chart, findings, language),
        *_ordered(chart, language),
    ]
    unique = {(each.what, each.date): each for each in found}
    return sorted(unique.values(), key=lambda each: each.date or chart.today.isoformat())


def strip(told: Sequence[Ahead], language: str) -> Strip | None:
    """What has a day, as marks on the axis."""
    marks = [
        Mark(kind="due", title=each.what, date=each.date, day=each.day, tone=each.tone, text=each.brief or each.what)
        for each in told
        if each.date
    ]
    return Strip(key="ahead", label=say("strip.ahead", language), marks=marks) if marks else None


def _at(words: str, when: date | None, chart: Chart, language: str, brief: str = "") -> Iterator[Ahead]:
    if when is not None:
        yield Ahead(what=words, day=day(when, language), date=iso(when), tone="bad" if when < chart.today else "", brief=brief)


def _courses(chart: Chart, first: Option | None, language: str) -> Iterator[Ahead]:
    """The next dose of what is injected, the last safe day, the end that is planned."""
    for course in chart.courses(ANTI_OSTEOPOROSIS):
        name = capital(course.drug.name[language])
        if course.drug.mechanism in _LIMITED and (course.active or course.on_treatment(chart.today)):
            limit = limit_day(chart.numbers, course, chart.today)
            yield from _at(say("ahead.limit", language, drug=name), limit, chart, language)
        if course.planned_end and course.planned_end >= chart.today:
            yield from _at(say("ahead.ends", language, drug=name), course.planned_end, chart, language)
        if course.pending and course.pending >= chart.today:
            yield from _at(say("ahead.ordered", language, what=name), course.pending, chart, language)
        if course.stopped or course.drug.covers_months is None or course.drug.oncologic or _followed(course, chart):
            continue
        if course.drug is DENOSUMAB:
            due = due_as_recorded(chart.numbers, course)
            safe = safe_until(chart)
            if isinstance(due, date):
                word = _tense("due", due, chart) if _goes_on(course, first) else "ahead.covered"
                yield from _at(say(word, language, drug=name), due, chart, language)
            if safe is not None:
                yield from _at(say(_tense("safe", safe, chart), language, drug=name), safe, chart, language)
        elif course.covered_until and course.covered_until != date.max and course.covered_until >= chart.today:
            yield from _at(say("ahead.covered", language, drug=name), course.covered_until, chart, language)


def _goes_on(course: Course, first: Option | None) -> bool:
    """Whether another dose is what comes next: no end is planned, and the cards put no other drug first."""
    return course.planned_end is None and (first is None or first.key == course.drug.key)


def _tense(key: str, when: date, chart: Chart) -> str:
    return f"ahead.{key}" if when >= chart.today else f"ahead.was-{key}"


def _followed(course: Course, chart: Chart) -> bool:
    """Whether something against osteoporosis took over."""
    until = course.covered_until or date.min
    others = (c for c in chart.courses(ANTI_OSTEOPOROSIS) if c is not course)
    return any((c.covered_until or date.min) > until for c in others)


def _proposed(chart: Chart, findings: Sequence[Finding], language: str) -> Iterator[Ahead]:
    """What the cards would have ordered for a day ahead; what they would have ordered now; and the dose after the proposed
    one."""
    options = [option for finding in findings for option in finding.options]
    drug = first_drug(findings)
    for option in options:
        chosen = option.kind == "service" or (option.kind in ("drug", "mend") and (option == drug or option.recommended))
        if chosen and option.start is not None and option.start > chart.today:
            brief = _brief(option, language)
            yield from _at(capital(what(option, language)), option.start, chart, language, brief)
    yield from _now(chart, findings, language)
    if drug is not None and drug.recommended:
        yield from _following(drug, drug.start, chart, language)


def _taken_up(chart: Chart, taken_up: Sequence[Accepted], language: str) -> Iterator[Ahead]:
    """Of a drug on the desk that a card proposed: what is asked for before it, and the dose after it."""
    for each in taken_up:
        if each.step:
            yield Ahead(what=each.step.rstrip(".。"), day=say("ahead.now", language), tone="warn", before=True)
        yield from _following(each.option, each.draft.start or each.option.start, chart, language)


def _following(drug: Option, start: date | None, chart: Chart, language: str) -> Iterator[Ahead]:
    """The dose after one that is proposed."""
    months, name = DRUGS[drug.key].covers_months, DRUGS[drug.key].name[language]
    if months and not _single(drug):
        words = capital(say("ahead.following", language, drug=name))
        yield from _at(words, add_months(max(start or chart.today, chart.today), months), chart, language, capital(name))


def _brief(option: Option, language: str) -> str:
    """What stands beside a mark: the drug, as people call it, or what is measured."""
    if option.kind == "service":
        return capital(ANALYTES[option.key].name[language]) if option.key in ANALYTES else ""
    name = DRUGS[option.key].name[language]
    vitamin = _VITAMIN.search(name)
    return capital(vitamin[1] if vitamin else name)


def _now(chart: Chart, findings: Sequence[Finding], language: str) -> Iterator[Ahead]:
    """What is to be done today: the drafts to be removed, what must be asked first, what the bar offers, then what else is
    recommended, in the order of the cards, also the vitamin D that a drug waits for. Of what is not named, the cards that hold
    it. What is routine is no matter of today, as its card says, and is counted as there."""
    today = chart.today
    routine = [finding for finding in findings if finding.code in _ROUTINE]
    leading, first, drug = lead(findings, today), first_order(findings, today), first_drug(findings)
    asked = step_before(chart, findings, language) if first is not None else step(chart, findings, language)
    removed = [o for f in findings if f.indicator is CRITICAL for o in f.options if o.kind == "discard" and o.recommended]
    named = [*(label(option, language, chart) for option in removed), asked.rstrip(".。")]
    if leading is not None:
        named.append(capital(what(leading.order, language)))
    elif first is not None and first.kind != "discard" and for_today(first, today):
        plain = first.kind != "problem" and not first.stops and not condition_of(first, language, chart)
        named.append(capital(what(first, language)) if plain else label(first, language, chart))
        kept = [phrases.name(course.drug, language) for course in first.stops if course.written is None]
        named += [say("ahead.end", language, drugs=phrases.listed(kept, language))] if kept else []
    due = [
        (finding, option)
        for finding in findings
        for option in finding.options
        if option.kind in ("service", "drug")
        and finding not in routine
        and option.recommended
        and for_today(option, today)
        and option not in (first, drug, leading.order if leading else None)
    ]
    holders: dict[str, str] = {}
    blocking = {_CLEARS.get(each.code) for each in (first.condition if first else ())}
    for finding, option in sorted(due, key=lambda pair: (pair[1].key not in blocking, not pair[1].urgent)):
        holders.setdefault(capital(what(option, language)), finding.code)
    urgent = not routine or findings[0] is not routine[0]
    waits = first is not None and leading is None and (asked or condition_of(first, language, chart))
    only_then = {*named[len(removed) + 1 :]} if waits else set()
    at_once = [words for words in named if words and words not in only_then]
    for words in [*at_once, *[*holders][:_NAMED]]:
        yield Ahead(what=words, day=say("ahead.now" if urgent else "ahead.routine", language), tone="warn" if urgent else "")
    if rest := Counter([*holders.values()][_NAMED:]):
        titles = [
            say("ahead.counted", language, title=all_cards()[code].title[language], count=count) for code, count in rest.items()
        ]
        told = say("ahead.also", language, titles=phrases.listed(titles, language))
        yield Ahead(what=told, day=say("ahead.now", language))
    for words in (each for each in named if each in only_then):
        yield Ahead(what=words, day=say("ahead.then", language), tone="warn")
    for finding in routine:
        title, count = all_cards()[finding.code].title[language], len(finding.contains) or len(finding.options)
        yield Ahead(what=say("ahead.items", language, title=title, count=count), day=say("ahead.routine", language))


def _single(option: Option) -> bool:
    """Whether one dose is all that is proposed."""
    return option.kind == "drug" and for_drug(option.regimen or option.key).once


def _reckoned(chart: Chart, findings: Sequence[Finding], language: str) -> Iterator[Ahead]:
    """Days that a rule reckoned and that no order carries, as far as there are words for them; of a day to decide also that it
    has passed."""
    for finding in findings:
        for each in (finding, *finding.contains):
            for key, value in each.values.items():
                if not isinstance(value, date) or isinstance(value, Partial):
                    continue
                tense = "" if value > chart.today else "was-"
                words = WORDS.get(f"ahead.{tense}{each.code}-{key.replace('_', '-')}")
                if words is not None:
                    brief = WORDS.get(f"ahead.{each.code}-{key.replace('_', '-')}-brief")
                    yield from _at(words[language], value, chart, language, brief[language] if brief else "")


def _ordered(chart: Chart, language: str) -> Iterator[Ahead]:
    """What is ordered and not done, where its day lies ahead; what is a draft still is no order."""
    drafts = {draft.id for draft in chart.drafts}
    for key, services in chart.services.items():
        for each in services:
            if (
                not each.done
                and each.source not in drafts
                and each.when is not None
                and each.when >= chart.today
                and key in SERVICES
            ):
                yield from _at(say("ahead.ordered", language, what=SERVICES[key][language]), each.when, chart, language)
