"""Prints cards in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from cards.words.letter import Letter
from cards.words.patient import closing
from cards.words.phrases import day, phrase
from cds_service.clinic.journey import Journey
from cds_service.fhir.reading.trace import Line, Trace
from cds_service.pipeline import Evaluation
from fhir_fixtures.reading import Story

OUTCOMES = {
    "used": ("used", "green"),
    "in-doubt": ("used, in doubt", "yellow"),
    "set-aside": ("set aside", "yellow"),
    "unread": ("unread", "red"),
    "left-out": ("left out", "yellow"),
    "not-ours": ("not read", "dim"),
}
"""How the outcomes of a trace are called, and their color, in the order in which they are listed."""

STYLES = dict(OUTCOMES.values())
COLORS = {"critical": "red", "warning": "yellow", "info": "blue"}


def show(
    given: Evaluation, hook: str, today: date, *, trace: bool = False, language: str = "en", console: Console | None = None
) -> None:
    """Print every card, and with ``trace`` what was read and what was set aside, with the reasons in this language."""
    console = console or Console(highlight=False)
    cards = given.response["cards"]
    console.print(Text(f"{hook} on {today}: {len(cards)} {'card' if len(cards) == 1 else 'cards'}", style="bold"))
    for card in cards:
        console.print(_panel(card))
    if trace and given.trace is not None:
        console.print(_trace(given.trace, language))


def show_letter(letter: Letter, today: date, phone: str, language: str, console: Console | None = None) -> None:
    """Print what a patient takes home: what to do in order of time, whom to call, the rest, the closing line."""
    console = console or Console(highlight=False)

    def say(key: str, **values: object) -> str:
        return phrase("letter", key, language, **values)

    console.print(Text(say("title"), style="bold"), Text(say("dated", day=day(today, language)), style="dim"))
    for caution in letter.cautions:
        console.print(Text(caution, style="yellow"))
    if not letter.first:
        console.print(Text(say("none")), Text(say("none-why")))
    for number, step in enumerate(letter.first, 1):
        console.print()
        console.print(Text(f"{number}. {phrase('when', step.when, language)}: {step.summary}", style="bold"))
        for line in step.do:
            console.print(Padding(Markdown(f"- {line}"), (0, 0, 0, 2)))
    console.print()
    console.print(Text(say("call", phone=phone) if phone else say("clinic"), style="bold green"), Text(say("emergency")))
    if letter.rest:
        console.print()
        console.print(Text(say("rest", count=len(letter.rest)), style="bold"))
        for step in letter.rest:
            console.print(Padding(Markdown(f"- {step.summary}"), (0, 0, 0, 2)))
    console.print()
    console.print(Text(closing(language), style="dim"))


def _trace(trace: Trace, language: str) -> RenderableType:
    """A sentence of counts, then a row for each resource: what it was used as, or why it was not."""
    used, aside = trace.used.total(), trace.set_aside.total()
    counts = f"{used} uses, {aside} set aside, {trace.unread.total()} unread, {trace.not_ours.total()} not used by any rule"
    more = f", {trace.duplicates} repeated, {trace.without_subject} naming no patient"
    table = Table("resource", "became", "what", "why", box=box.SIMPLE, pad_edge=False)
    for source, outcome, what, why in _rows(trace.lines or (), language):
        table.add_row(Text(source, overflow="fold"), Text(outcome, style=STYLES[outcome]), Text(what), Text(why))
    return Group(Text(f"Read: {counts}{more}", style="bold"), table)


def _rows(lines: Iterable[Line], language: str) -> list[tuple[str, str, str, str]]:
    """What was used first, then what was set aside, then the rest; one row for all uses of one resource."""
    uses: dict[str, list[Line]] = {}
    rows = []
    for line in lines:
        outcome = OUTCOMES[line.outcome][0]
        if line.outcome == "used":
            uses.setdefault(line.source, []).append(line)
        elif line.outcome == "unread":
            why = phrase("why-unread", line.why, language)
            rows.append((line.source, outcome, line.what, f"{why}: {line.detail}".removesuffix(": ")))
        elif line.outcome in ("in-doubt", "set-aside"):
            why = phrase("set-aside", line.why, language) + (f" ({line.detail})" if line.detail else "")
            rows.append((line.source, outcome, line.what, why))
        else:
            rows.append((line.source, outcome, line.what if line.outcome == "left-out" else "", line.why))
    for source, used in uses.items():
        what, why = (", ".join(filter(None, dict.fromkeys(said))) for said in ([u.what for u in used], [u.why for u in used]))
        rows.append((source, "used", what, why))
    order = [name for name, _ in OUTCOMES.values()]
    return sorted(rows, key=lambda row: (order.index(row[1]), row[2], row[3], row[0]))


def list_fixtures(stories: Iterable[Story], language: str) -> None:
    """Print name, hook, title and text of each story, under its section."""
    console = Console(highlight=False)
    for section, told in groupby(stories, key=lambda story: story.section):
        console.print(Text(section, style="bold underline"), end="\n\n")
        for story in told:
            console.print(Text(story.name, style="bold"), Text(f"({story.hook})", style="dim"), Text(story.title[language]))
            console.print(Padding(Text(story.text[language]), (0, 0, 1, 2)))


def show_journey(journey: Journey) -> None:
    """Print a row for each visit: the true T-score of the hip and what works on the bone, news, cards, and what was chosen."""
    console = Console(highlight=False)
    title = f"Simulated patient {journey.seed} ({journey.kind}), habit: {journey.habit}, record: {journey.style}"
    console.print(Text(title, style="bold"))
    cards = Column("cards", no_wrap=True)
    table = Table("visit", "hip T", "on", "news", cards, "chosen", box=box.SIMPLE, pad_edge=False)
    for visit in journey.visits:
        told = Text("\n").join(Text(card.code, style=COLORS[card.indicator.value]) for card in visit.cards)
        chosen = Text(_orders(option.key for _, option in visit.chosen), style="green")
        table.add_row(str(visit.today), f"{visit.truth.hip:.1f}", visit.truth.drug, _orders(visit.news), told, chosen)
    console.print(table)


def _orders(keys: Iterable[str]) -> str:
    """Each once; the assessments by one word."""
    return ", ".join(dict.fromkeys("assessment" if key.startswith("assess-") else key for key in keys))


def _panel(card: Mapping[str, Any]) -> Panel:
    color = COLORS[card["indicator"]]
    source = card["source"]
    parts: list[RenderableType] = [Text(card["summary"], style="bold"), Text(), Markdown(card.get("detail", "")), Text()]
    parts += _suggestions(card)
    parts.append(Text(f"Source: {source['label']}  {source.get('url', '')}".rstrip(), style="dim"))
    title = Text(f" {card['indicator'].upper()} ", style=f"bold reverse {color}") + Text(f" {source['topic']['code']} ")
    return Panel(Group(*parts), title=title, title_align="left", border_style=color)


def _suggestions(card: Mapping[str, Any]) -> Iterator[RenderableType]:
    for suggestion in card.get("suggestions", ()):
        recommended = suggestion.get("isRecommended", False)
        yield Text(f"{'●' if recommended else '○'} {suggestion['label']}", style="bold green" if recommended else "green")
        for action in suggestion.get("actions", ()):
            yield Text(f"    {action['type']}: {action['description']}")
    if card.get("suggestions"):
        yield Text()
