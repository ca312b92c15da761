"""What stands below the line of a card: reasons, what to check, what is not offered, sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from msgspec.structs import replace

from cards.chart import Chart, Fracture, SetAside
from cards.chart.facts import Fact
from cards.definitions.denosumab import next_due, safe_until
from cards.definitions.hip import after_hip_fracture
from cards.engine import sources
from cards.engine.catalog import all_cards
from cards.engine.findings import Dropped, Finding, Indicator
from cards.vocabulary import ANALYTES, COURSES, DENOSUMAB, DRUGS, SERVICES, ZOLEDRONATE
from cards.words import phrases
from cards.words.options import condition_of
from cards.words.parts import bullets, fact_line
from cards.words.phrases import phrase
from cards.words.templates import block

_VITAMIN_D = "vitamin-d-low"
"""The card whose orders come before an option that waits for vitamin D."""
MOST_LEFT_OUT = 6
"""How many kinds of unusable entries a card names; the rest are counted."""


def reasons(finding: Finding, objections: Iterable[str], language: str) -> Iterator[str]:
    """The facts, each once, after the objections."""
    yield from map(phrases.capital, objections)
    together = [finding] if all_cards()[finding.code].merges else [finding, *finding.contains]
    facts = dict.fromkeys(fact for found in together for fact in found.facts)
    yield from (fact_line(fact, language) for fact in facts if not fact.brief)
    if brief := [*_brief(facts, language)]:
        yield phrases.capital(phrases.joined(brief, "source", language))


def _brief(facts: Iterable[Fact], language: str) -> Iterator[str]:
    """What was looked for, each with its value; last what was not measured."""
    yield from (
        fact_line(replace(fact, when=None, note=None), language) for fact in facts if fact.brief and fact.value is not None
    )
    if absent := [phrases.word(fact.name[language], language) for fact in facts if fact.brief and fact.value is None]:
        yield phrase("line", "not-measured", language, names=phrases.joined(absent, "comma", language))


def replaced(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    """The cards that this one replaces, one line each; those beyond the limit are only named."""
    if not all_cards()[finding.code].merges:
        return
    most = finding.values["lines"]
    lines = [_line(each, language, chart) for each in finding.contains[:most]]
    if more := [all_cards()[each.code].title[language] for each in finding.contains[most:]]:
        lines.append(phrase("line", "also", language, titles=phrases.listed(more, language)))
    yield bullets(lines)


def _line(finding: Finding, language: str, chart: Chart) -> str:
    """A whole card in one line; its summary if it has no such line."""
    return " ".join((block(finding, "line", language, chart) or block(finding, "summary", language, chart)).split())


def lapse(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    """Of what warns about denosumab that is taken: when the next dose is due, and the last safe day."""
    due, safe = next_due(chart), safe_until(chart)
    warns = finding.indicator is not Indicator.INFO and all_cards()[finding.code].checks_orders
    if warns and finding.values.get("active") and finding.values.get("drug") is DENOSUMAB and due and safe:
        days = {"due": phrases.day(due, language), "safe": phrases.day(safe, language)}
        yield phrase("line", "lapsed" if safe < chart.today else "lapse", language, **days)


def see_also(finding: Finding, language: str) -> Iterator[str]:
    """Other cards in the answer that offer what this one asks for."""
    waits = any(option.first.startswith("vitamin-d") for option in finding.options)
    first = [code for code in finding.see if waits and code == _VITAMIN_D]
    for key, codes in (("see-first", first), ("see", [code for code in finding.see if code not in first])):
        if codes:
            titles = phrases.listed((all_cards()[code].title[language] for code in codes), language)
            yield phrase("line", key, language, titles=titles)


def to_check(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    for note in finding.notes:
        yield phrase("notes", note, language)
    yield from _waiting(finding, language, chart)
    yield from _after_hip(finding, language, chart)
    stops = dict.fromkeys(course.drug for option in finding.options for course in option.stops if course.written is None)
    if stops:
        stopped = phrases.listed([phrases.escape(phrases.name(drug, language)) for drug in stops], language)
        yield phrase("line", "end-by-hand", language, stopped=stopped)
    yield from _left_out(finding.left_out, language)
    if finding.unread:
        groups = phrases.listed([phrase("unread", group, language) for group in finding.unread], language)
        yield phrase("line", "unread", language, groups=groups)


def _waiting(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    """What each drug that must wait is waiting for. Without it, readers would not see why the first drug listed is not the
    recommended one. For whom alone an option is stands on its button, and in what to do."""
    waiting: dict[str, list[str]] = {}
    for option in finding.options:
        condition = condition_of(replace(option, provided="") if option.provided else option, language, chart)
        if option.kind == "drug" and condition:
            name = phrases.escape(phrases.name(option.key, language, DRUGS))
            waiting.setdefault(condition, []).append(name)
    for condition, names in waiting.items():
        listed = phrases.capital(phrases.listed(names, language))
        yield phrase("line", "waiting", language, names=listed, condition=condition)


def _after_hip(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    """Why zoledronate is dated as it is, where a hip fracture or its operation decides: the day alone does not tell."""
    hip = after_hip_fracture(chart)
    dated = [o for o in finding.options if o.kind == "drug" and o.key == ZOLEDRONATE.key and o.start and not o.replaces]
    if hip is None or hip.first <= chart.today or not any(option.start == hip.first for option in dated):
        return
    told = hip.counted
    yield phrase(
        "line",
        "after-hip",
        language,
        name=phrases.capital(phrases.escape(phrases.name(ZOLEDRONATE, language))),
        days=int(chart.numbers.zoledronate_hip_days),
        since=phrases.word(told if isinstance(told, Fracture) else SERVICES[told.key], language),
        when=phrases.bare_day(told.dated, language),
    )


def not_offered(dropped: Dropped, language: str, chart: Chart) -> str:
    reasons = [block(each, "short", language, chart) for each in dropped.because]
    if dropped.phrase:
        reasons.append(phrase("dropped", dropped.phrase, language))
    reason = phrases.joined(dict.fromkeys(reasons), "clause", language)
    name = phrases.escape(phrases.name(dropped.key, language, DRUGS, SERVICES))
    key = "dropped-until-calcium" if dropped.awaits_calcium else "dropped"
    return phrase("line", key, language, name=phrases.capital(name), reason=reason)


def _left_out(entries: Iterable[SetAside], language: str) -> Iterator[str]:
    """One line per kind of entry and reason, however many entries there are; a few kinds, the rest counted."""
    kinds: dict[tuple[str, str, str], list[SetAside]] = {}
    for each in entries:
        kinds.setdefault((_kind(each, language), each.reason, each.detail), []).append(each)
    for (what, reason, detail), alike in list(kinds.items())[:MOST_LEFT_OUT]:
        table = "set-aside" if reason in phrases.PHRASES["set-aside"] else "why-unread"
        why = phrase(table, reason, language) + (f" “{phrases.word(detail, language)}”" if detail else "")
        newest = max((each.when for each in alike if each.when is not None), default=None)
        dated = {"what": what, "day": phrases.day(newest, language)}
        said = "in-doubt" if alike[0].used else "left-out"
        if len(alike) > 1:
            key = f"{said}-many" if newest else f"{said}-many-undated"
            yield phrase("line", key, language, count=len(alike), reason=why, **dated)
        else:
            one = phrase("line", "dated", language, **dated) if newest else what
            yield phrase("line", said, language, what=one, reason=why)
    if rest := sum(len(alike) for alike in list(kinds.values())[MOST_LEFT_OUT:]):
        yield phrase("line", "left-out-more", language, count=rest)


def _kind(entry: SetAside, language: str) -> str:
    if any(entry.key in table for table in phrases.NAMED):
        tables = phrases.NAMED if entry.data in COURSES else (ANALYTES, *phrases.NAMED)  # calcium is a drug and a result
        return phrases.escape(phrases.name(entry.key, language, *tables))
    return phrase("unread", entry.data, language)


def cites_of(finding: Finding) -> tuple[str, ...]:
    """The recommendations that this finding rests on: its own, otherwise all of its card's, plus those of the findings that it
    stands for."""
    card = all_cards()[finding.code]
    own = () if card.merges else finding.cites or card.cites
    return tuple(dict.fromkeys((*own, *(each for found in finding.contains for each in cites_of(found)))))


@cache
def source_line(cites: tuple[str, ...], language: str) -> str:
    """Ids and grades in one line; the document titles are behind the card's link."""
    ids = (
        each.id if each.grade == "-" else phrase("line", "source", language, id=each.id, grade=each.grade)
        for each in sources.cited(cites)
    )
    heading = phrase("heading", "sources", language)
    return phrase("line", "sources", language, heading=heading, ids=phrases.joined(ids, "source", language))
