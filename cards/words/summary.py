"""The one line of a card, and what must stand even there."""

from __future__ import annotations

from collections.abc import Sequence

from cards.chart import Chart
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.words import phrases
from cards.words.parts import SUMMARY
from cards.words.phrases import phrase
from cards.words.templates import block, blocks


def headline(finding: Finding, language: str, chart: Chart) -> tuple[str, str]:
    """The summary as a card says it, and whole: a page has room for more than the line of a card."""
    forbidden = forbidden_by(finding, objections_to(finding, language, chart), language)
    written = forbidden or blocks(finding, language, chart)("summary")
    return summary_of(written, finding, language, chart), summary_of(written, finding, language, chart, len(written) + SUMMARY)


def summary_of(written: str, finding: Finding, language: str, chart: Chart, longest: int = SUMMARY) -> str:
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


def objections_to(finding: Finding, language: str, chart: Chart) -> list[str]:
    """All objections to a draft in brief, of a card that stands for others about it."""
    if finding.about is None or not finding.contains:
        return []
    return [*dict.fromkeys(block(each, "short", language, chart) for each in (finding, *finding.contains))]


def forbidden_by(finding: Finding, objections: Sequence[str], language: str) -> str:
    """The summary of a card with all objections to a draft: the draft, and each of them. Of several none is dated, so that
    none is cut off: the reasons have the days."""
    if finding.about is None or not objections:
        return ""
    drug = phrases.escape(phrases.name(finding.about, language))
    if len(objections) > 1:
        days = {fact.dated for found in (finding, *finding.contains) for fact in found.facts if fact.dated}
        objections = [phrases.undated(each, days, language) for each in objections]
    return phrase("line", "forbidden", language, drug=drug, reasons=phrases.joined(objections, "clause", language))
