"""What a patient takes home: few things to do, in order of time; the rest behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from cards.chart import Chart
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.words import text
from cards.words.phrases import phrase
from cards.words.templates import blocks

FIRST = 3
"""Things to do that stand in front."""

WHEN = ("today", "leave", "before", "week", "weeks", "visit")
"""How soon something is to be done: keys of the phrase table "when", in order of time."""

_SAID = {
    "today": re.compile(r"\btoday\b"),
    "leave": re.compile(r"\bbefore you leave\b", re.IGNORECASE),
    "week": re.compile(r"\bthis week\b|\bin the next few days\b|\bnow\b", re.IGNORECASE),
    "weeks": re.compile(r"\bin the next few weeks\b", re.IGNORECASE),
    "visit": re.compile(r"\bnext (?:visit|appointment)\b", re.IGNORECASE),
}
_ONLY_IF = re.compile(r"\W{0,20}(?:If|With|When|Whatever)\b|\*\*[^*]+\*\*,? (?:if|with|when)\b")
_NEVER_FOLDED = re.compile(r"\b(?:emergency|same day|at once)\b", re.I)
_NEVER_FOLDED_IN_BOLD = re.compile(r"\b(?:call|never|do not|today|this week|on time)\b", re.I)
"""What must not be overlooked: whom to call and how soon, and what never to do."""


class Step(Struct, frozen=True):
    """One thing to do. ``when`` is of ``WHEN``; ``summary`` plain; ``do`` lines of Markdown: how soon to act, and what must not
    be overlooked; ``detail`` everything that the patient is told of it, as Markdown."""

    when: str
    summary: str
    do: tuple[str, ...]
    detail: str


class Letter(Struct, frozen=True):
    """``first``: the things to do that stand in front, ``rest``: the others, both in order of time. ``cautions``: what limits
    all of it, in plain sentences."""

    first: tuple[Step, ...]
    rest: tuple[Step, ...] = ()
    cautions: tuple[str, ...] = ()


def letter(findings: Sequence[Finding], language: str, chart: Chart) -> Letter:
    """The findings of an answer as a letter to the patient. Three come first; what is to be done today always does."""
    steps = sorted((_step(each, language, chart) for each in findings), key=lambda step: WHEN.index(step.when))
    front = max(FIRST, sum(step.when == "today" for step in steps))
    told = [each for finding in findings for each in (finding, *finding.contains)]
    cautions = [phrase("patient", "unread", language)] if any(each.unread for each in told) else []
    return Letter(tuple(steps[:front]), tuple(steps[front:]), tuple(cautions))


def _step(finding: Finding, language: str, chart: Chart) -> Step:
    words = text.render(finding, language, chart, for_patient=True)
    lines = {each: _lines(blocks(finding, each, chart)("patient_do")) for each in {"en", language}}
    own, english = lines[language], lines["en"]
    alike = len(own) == len(english)  # otherwise nobody can tell which line is which: all stand in front
    do = own if not alike else tuple(line for line, told in zip(own, _front(english), strict=True) if told)
    if all_cards()[finding.code].merges:
        do = ()  # its lines are the summaries of others, which its detail lists
    return Step(
        _when(english, text.render(finding, "en", chart, for_patient=True).summary, finding), words.summary, do, words.detail
    )


def _lines(markdown: str) -> tuple[str, ...]:
    """The bullets, or paragraphs, of a block."""
    found = (line.strip().removeprefix("- ").strip() for line in markdown.splitlines())
    return tuple(line for line in found if line)


def _front(lines: Sequence[str]) -> list[bool]:
    """Which lines stand in front: the one that says how soon to act, and those that are never folded."""
    always = [place for place, line in enumerate(lines) if not _ONLY_IF.match(line)] or [0]
    first = next((place for place in always if _earliest(lines[place])), always[0])
    return [place == first or _never_folded(line) for place, line in enumerate(lines)]


def _never_folded(line: str) -> bool:
    """Whether it must not be overlooked; some words say so between the first and the last mark of bold print alone."""
    bold = line.partition("**")[2].rpartition("**")[0]
    return bool(_NEVER_FOLDED.search(line) or _NEVER_FOLDED_IN_BOLD.search(bold))


def _when(lines: Iterable[str], summary: str, finding: Finding) -> str:
    """How soon: what its words say, those on what to do first; but never later than its urgency allows."""
    latest = "today" if finding.indicator is CRITICAL else "weeks" if finding.indicator is WARNING else "visit"
    unconditional = [line for line in lines if not _ONLY_IF.match(line)]
    said = next((when for line in (*unconditional, summary) if (when := _earliest(line))), "")
    if not said and all_cards()[finding.code].checks_orders:
        said = "before"  # the drug is used
    return min(said or latest, latest, key=WHEN.index)


def _earliest(line: str) -> str:
    """The first moment that a line names; "" for none."""
    places = {found.start(): when for when, words in _SAID.items() if (found := words.search(line))}
    return places[min(places)] if places else ""
