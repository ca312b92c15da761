"""A finding put into words, in English and Chinese, for the clinician or for the patient. The texts are loaded by
``cards.words.templates``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, SetAside
from cards.chart.facts import Fact
from cards.definitions import goals
from cards.definitions.denosumab import next_due, safe_until
from cards.engine import sources
from cards.engine.catalog import all_cards
from cards.engine.findings import Dropped, Finding, Indicator
from cards.vocabulary import ANALYTES, COURSES, DENOSUMAB, DRUGS, SERVICES
from cards.words import phrases
from cards.words.options import condition_of
from cards.words.phrases import phrase
from cards.words.templates import block, blocks, has, load

__all__ = [
    "Text",
    "cites_of",
    "closing",
    "headline",
    "load",
    "render",
    "step",
]

SUMMARY = 139
"""The most code points of a summary (CDS Hooks: fewer than 140)."""
_FIRST = re.compile(r"(?:(?<=[^A-Z]\.)|(?<=[A-Z]{2}\.)|(?<= D\.))\s+(?=[A-Z0-9])|(?<=。)")
"""Where a sentence ends."""
_VITAMIN_D = "vitamin-d-low"
"""The card whose orders come before an option that waits for vitamin D."""
_LOW_CALCIUM = ("hypocalcemia", "low")
"""What rules an option out for as long as calcium is low, and no longer."""
MOST_LEFT_OUT = 6
"""How many kinds of unusable entries a card names; the rest are counted."""


class Text(Struct, frozen=True):
    """A card's words: ``summary`` is one plain line, ``detail`` GitHub-flavored Markdown without HTML."""

    summary: str
    detail: str


def render(finding: Finding, language: str, chart: Chart, *, for_patient: bool = False) -> Text:
    """The finding in words. ``language`` is "en" or "zh"; ``chart`` is the one that the rules were run on. ``for_patient``: in
    plain words, for a patient or relative.

    KeyError for a card without a text, ContentError if the text uses a value that the finding lacks, ValueError if it has no
    words for the variant.
    """
    if for_patient:
        return _for_patient(finding, language, chart)
    write = blocks(finding, language, chart)
    objections = _objections(finding, language, chart)
    forbidden = _forbidden(finding, objections, language)
    summary = _summary(forbidden or write("summary"), finding, language, chart)
    withheld = _withheld(finding, language)
    parts = {
        "do": [
            withheld or write("do"),
            *_lapse(finding, language, chart),
            *_lines(finding, language, chart),
            *_see(finding, language),
        ],
        "because": ["" if forbidden else write("because"), _bullets(_reasons(finding, objections, language))],
        "check": ["" if withheld else write("check"), _bullets(_to_check(finding, language, chart))],
        "not-offered": [_bullets(_dropped(each, language, chart) for each in finding.dropped)],
    }
    if not summary or not any(parts["do"]) or not any(parts["because"]):
        raise _speechless(finding, language)
    sections = [
        _section(phrase("heading", heading, language), paragraphs) for heading, paragraphs in parts.items() if any(paragraphs)
    ]
    return Text(summary, "\n\n".join([*sections, _sources(cites_of(finding), language)]))


def headline(finding: Finding, language: str, chart: Chart) -> tuple[str, str]:
    """The summary as a card says it, and whole: a page has room for more than the line of a card."""
    forbidden = _forbidden(finding, _objections(finding, language, chart), language)
    written = forbidden or blocks(finding, language, chart)("summary")
    return _summary(written, finding, language, chart), _summary(written, finding, language, chart, len(written) + SUMMARY)


def step(finding: Finding, language: str, chart: Chart) -> str:
    """The first sentence of what to do, as plain text; "" for a card that only stands for others."""
    do = _withheld(finding, language) or blocks(finding, language, chart)("do")
    line = phrases.plain(do.strip().partition("\n")[0]).replace("**", "").removeprefix("- ")
    return _FIRST.split(line, maxsplit=1)[0]


def cites_of(finding: Finding) -> tuple[str, ...]:
    """The recommendations that this finding rests on: its own, otherwise all of its card's, plus those of the findings that it
    stands for."""
    card = all_cards()[finding.code]
    own = () if card.merges else finding.cites or card.cites
    return tuple(dict.fromkeys((*own, *(each for found in finding.contains for each in cites_of(found)))))


def _summary(written: str, finding: Finding, language: str, chart: Chart, longest: int = SUMMARY) -> str:
    summary = _unconfirmed(phrases.plain(written), finding, language, chart, longest)
    return _doubted(summary, finding, language, longest)


def _unconfirmed(summary: str, finding: Finding, language: str, chart: Chart, longest: int) -> str:
    """The summary; where it names a drug of the list that nothing shows to be taken still, followed by that."""
    sources = {fact.source for fact in finding.facts}
    listed = (c for c in chart.drug_courses.values() if c.unconfirmed and c.drug.covers_months is None and c.source in sources)
    if not any(phrases.name(course.drug, language).casefold() in summary.casefold() for course in listed):
        return phrases.shorten(summary, longest)
    return _followed("unconfirmed", summary, language, longest)


def _followed(key: str, summary: str, language: str, longest: int, **values: str) -> str:
    """The summary, cut short where what follows it needs the room."""
    room = longest - len(phrase("line", key, language, summary="", **values))
    return phrase("line", key, language, summary=phrases.shorten(summary, room), **values)


def _doubted(summary: str, finding: Finding, language: str, longest: int) -> str:
    """The summary; for advice, followed by what it rests on that could not be retrieved or read."""
    if not finding.doubt or all_cards()[finding.code].checks_orders:
        return summary
    names = [phrase("unread", group, language) for group in finding.doubt]
    groups = phrases.listed(
        names if len(names) < 3 else [names[0], phrase("line", "more", language, count=len(names) - 1)], language
    )
    return _followed("doubted", summary, language, longest, groups=groups)


def _withheld(finding: Finding, language: str) -> str:
    """What to do first if advice would have named drugs but data it rests on could not be retrieved or read. What a check says
    of an order stands."""
    if not finding.withheld or (finding.about is not None and all_cards()[finding.code].checks_orders):
        return ""
    groups = phrases.listed([phrase("unread", group, language) for group in finding.doubt], language)
    of_goals = {*finding.doubt} <= {*goals.GROUPS}
    return phrase("line", "withheld-goals" if of_goals else "withheld", language, groups=groups)


# -- for the patient --------------------------------------------------------------------------------------------------


def _for_patient(finding: Finding, language: str, chart: Chart) -> Text:
    """What it means, what to do now, and what it rests on. No drugs to choose from, no grades, no notes on how a value was
    read."""
    write = blocks(finding, language, chart)
    summary, why, do = _one_line(write("patient_summary")), write("patient_why"), write("patient_do")
    if all_cards()[finding.code].merges:
        do += "\n\n" + _bullets(_one_line(block(each, "patient_summary", language, chart)) for each in finding.contains)
    if not (summary and why and do):
        raise _speechless(finding, language)
    if has(finding, "patient_facts", language):
        facts = [write("patient_facts")]
    else:
        told = [fact for fact in finding.facts if not fact.brief]
        facts = [_bullets(_fact(replace(fact, note=None), language) for fact in told)]
        facts += [phrase("patient", "worked-out", language)] if any(fact.note for fact in told) else []
    parts = {"why": [why], "do": [do], "record": [*facts, *_not_known(finding, language)]}
    parts["words"] = [_bullets(_explained("\n".join(text for part in parts.values() for text in part), language))]
    sections = [_section(phrase("patient", key, language), texts) for key, texts in parts.items() if any(texts)]
    return Text(summary, "\n\n".join([*sections, _titles(cites_of(finding), language)]))


def closing(language: str) -> str:
    """What the last card of a patient's answer ends with: what these cards are for, and what not to do because of them."""
    return phrase("patient", "closing", language)


def _not_known(finding: Finding, language: str) -> Iterator[str]:
    """One plain sentence for each kind of thing that is missing or was not used: silence would look like an all-clear."""
    yield from (phrase("patient-notes", note, language) for note in finding.notes if note in phrases.PHRASES["patient-notes"])
    if finding.left_out:
        in_doubt = all(each.used for each in finding.left_out)
        yield phrase("patient", "in-doubt" if in_doubt else "left-out", language)
    if finding.unread:
        yield phrase("patient", "unread", language)


def _explained(text: str, language: str) -> Iterator[str]:
    """The glossary's lines for words used in the text, except those in parentheses, which follow their explanation."""
    said = text.casefold()
    for term, (word, line) in _glossary(language).items():
        if term in said and word.search(said):
            yield line


@cache
def _glossary(language: str) -> dict[str, tuple[re.Pattern[str], str]]:
    """By the term: as a word of a text, outside parentheses, and the line."""
    lines = (phrases.escape(name[language]) for name in phrases.PHRASES["glossary"].values() if name[language])
    terms = {_term(line).casefold(): line for line in lines}
    return {term: (re.compile(rf"(?<![a-z(（]){re.escape(term)}"), line) for term, line in terms.items()}


def _term(line: str) -> str:
    """The term that a glossary line explains: everything before the colon."""
    return re.split("[:：]", line, maxsplit=1)[0]


@cache
def _titles(cites: tuple[str, ...], language: str) -> str:
    """The titles of the documents that a card rests on."""
    titles = dict.fromkeys(each.document.title[language] for each in sources.cited(cites))
    return phrase("patient", "source", language, titles=phrases.joined(titles, "clause", language))


# -- what speaks for other findings -----------------------------------------------------------------------------------


def _objections(finding: Finding, language: str, chart: Chart) -> list[str]:
    """All objections to a draft in brief, of a card that stands for others about it."""
    if finding.about is None or not finding.contains:
        return []
    return [*dict.fromkeys(block(each, "short", language, chart) for each in (finding, *finding.contains))]


def _forbidden(finding: Finding, objections: Sequence[str], language: str) -> str:
    """The summary of a card with all objections to a draft: the draft, and each of them. Of several none is dated, so that
    none is cut off: the reasons have the days."""
    if finding.about is None or not objections:
        return ""
    drug = phrases.escape(phrases.name(finding.about, language))
    if len(objections) > 1:
        days = {fact.dated for found in (finding, *finding.contains) for fact in found.facts if fact.dated}
        objections = [phrases.undated(each, days, language) for each in objections]
    return phrase("line", "forbidden", language, drug=drug, reasons=phrases.joined(objections, "clause", language))


def _reasons(finding: Finding, objections: Iterable[str], language: str) -> Iterator[str]:
    """The facts, each once, after the objections."""
    yield from map(phrases.capital, objections)
    together = [finding] if all_cards()[finding.code].merges else [finding, *finding.contains]
    facts = dict.fromkeys(fact for found in together for fact in found.facts)
    yield from (_fact(fact, language) for fact in facts if not fact.brief)
    if brief := [*_brief(facts, language)]:
        yield phrases.capital(phrases.joined(brief, "source", language))


def _brief(facts: Iterable[Fact], language: str) -> Iterator[str]:
    """What was looked for, each with its value; last what was not measured."""
    yield from (_fact(replace(fact, when=None, note=None), language) for fact in facts if fact.brief and fact.value is not None)
    if absent := [phrases.word(fact.name[language], language) for fact in facts if fact.brief and fact.value is None]:
        yield phrase("line", "not-measured", language, names=phrases.joined(absent, "comma", language))


def _lines(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    """The cards that this one replaces, one line each; those beyond the limit are only named."""
    if not all_cards()[finding.code].merges:
        return
    most = finding.values["lines"]
    lines = [_line(each, language, chart) for each in finding.contains[:most]]
    if more := [all_cards()[each.code].title[language] for each in finding.contains[most:]]:
        lines.append(phrase("line", "also", language, titles=phrases.listed(more, language)))
    yield _bullets(lines)


def _line(finding: Finding, language: str, chart: Chart) -> str:
    """A whole card in one line; its summary if it has no such line."""
    return " ".join((block(finding, "line", language, chart) or block(finding, "summary", language, chart)).split())


def _lapse(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    """Of what warns about denosumab that is taken: when the next dose is due, and the last safe day."""
    due, safe = next_due(chart), safe_until(chart)
    warns = finding.indicator is not Indicator.INFO and all_cards()[finding.code].checks_orders
    if warns and finding.values.get("active") and finding.values.get("drug") is DENOSUMAB and due and safe:
        days = {"due": phrases.day(due, language), "safe": phrases.day(safe, language)}
        yield phrase("line", "lapsed" if safe < chart.today else "lapse", language, **days)


def _see(finding: Finding, language: str) -> Iterator[str]:
    """Other cards in the answer that offer what this one asks for."""
    waits = any(option.first.startswith("vitamin-d") for option in finding.options)
    first = [code for code in finding.see if waits and code == _VITAMIN_D]
    for key, codes in (("see-first", first), ("see", [code for code in finding.see if code not in first])):
        if codes:
            titles = phrases.listed((all_cards()[code].title[language] for code in codes), language)
            yield phrase("line", key, language, titles=titles)


# -- the parts of detail ----------------------------------------------------------------------------------------------


def _one_line(markdown: str) -> str:
    return phrases.shorten(phrases.plain(markdown), SUMMARY)


def _speechless(finding: Finding, language: str) -> ValueError:
    return ValueError(f"card {finding.code} ({language}) has no text for variant {finding.variant!r}")


def _section(heading: str, paragraphs: Iterable[str]) -> str:
    return "\n\n".join([f"**{heading}**", *filter(None, paragraphs)])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _fact(fact: Fact, language: str) -> str:
    line = phrases.word(fact.name[language], language)
    if fact.value is not None:
        value = phrases.quantity(phrases.word(fact.value, language), fact.unit, language)
        line = phrase("line", "fact", language, name=line, value=value)
    if fact.when is not None:
        key = "fact" if fact.value is None else "dated"
        when = phrases.day(fact.dated, language)
        line = phrase("line", key, language, name=line, what=line, value=when, day=when)
    if fact.note is not None:
        line = phrase("line", "fact-note", language, fact=line, note=phrases.word(fact.note[language], language))
    return line


def _to_check(finding: Finding, language: str, chart: Chart) -> Iterator[str]:
    for note in finding.notes:
        yield phrase("notes", note, language)
    yield from _waiting(finding, language, chart)
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


def _dropped(dropped: Dropped, language: str, chart: Chart) -> str:
    reasons = [block(each, "short", language, chart) for each in dropped.because]
    if dropped.phrase:
        reasons.append(phrase("dropped", dropped.phrase, language))
    reason = phrases.joined(dict.fromkeys(reasons), "clause", language)
    name = phrases.escape(phrases.name(dropped.key, language, DRUGS, SERVICES))
    waits = dropped.because and all((each.code, each.variant) == _LOW_CALCIUM for each in dropped.because)
    key = "dropped-until-calcium" if waits else "dropped"
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


@cache
def _sources(cites: tuple[str, ...], language: str) -> str:
    """Ids and grades in one line; the document titles are behind the card's link."""
    ids = (
        each.id if each.grade == "-" else phrase("line", "source", language, id=each.id, grade=each.grade)
        for each in sources.cited(cites)
    )
    heading = phrase("heading", "sources", language)
    return phrase("line", "sources", language, heading=heading, ids=phrases.joined(ids, "source", language))
