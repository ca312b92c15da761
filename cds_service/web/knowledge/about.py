"""Pages about the knowledge as a whole: decision tables, versions, source attributes, what is newer than our sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from msgspec import Struct

from cards.engine.catalog import all_cards
from cards.engine.sources import CHECKED, VERSION, newer
from cards.thresholds import HERE, Thresholds
from cards.vocabulary import DRUGS
from cds_service.casebook import windows
from cds_service.content.canon import current
from cds_service.content.releases import committed, releases, unreleased
from cds_service.content.standing import standings
from cds_service.web.knowledge.attributes import of_service
from cds_service.web.sheet.ranking import ranking
from cds_service.web.sheet.rule_words import document
from cds_service.web.sheet.sheet import hashes
from cds_service.web.words import say


class Line(Struct, frozen=True):
    """A window: the days, and what the rules say then, in words."""

    first: int
    last: int | None
    state: str
    code: str
    indicator: str
    recommended: str


def about(pages: Blueprint, page: Callable[..., str], language: Callable[[], str], thresholds: Thresholds) -> None:
    """Add the pages. ``page`` renders a template of the knowledge pages, ``language`` is that of the reader."""

    def headed(name: str, key: str, **values: Any) -> str:
        return page(name, heading=say(f"{key}.title", language()), lead=say(f"{key}.lead", language()), **values)

    @pages.get("/attributes")
    def attributes() -> str:
        return headed("attributes.html", "attributes", rows=of_service(language()))

    @pages.get("/newer")
    def newer_than_ours() -> str:
        return headed("newer.html", "newer", newer=newer(), cards=all_cards())

    @pages.get("/specification")
    def specification() -> str:
        return headed(
            "specification.html", "specification", text=document((HERE / "sources" / "specification.md").read_text("utf-8"))
        )

    @pages.get("/tables")
    def tables() -> str:
        return headed("tables.html", "tables", ranking=ranking(language(), thresholds.filled), windows=lines(language()))

    @pages.get("/versions")
    def versions() -> str:
        heading = say("versions.title", language())
        kept, differ = releases(), unreleased(current())
        return page("versions.html", releases=kept, differ=differ, heading=heading, lead=_installed(language()))


def lines(language: str) -> list[tuple[str, list[Line]]]:
    """The windows after denosumab, scenario by scenario."""
    kept = windows.kept()
    return [(s.name[language], [_line(each, language) for each in kept if each.scenario == s.key]) for s in windows.SCENARIOS]


def _line(each: windows.Window, language: str) -> Line:
    return Line(
        each.first,
        each.last,
        say(f"state.{each.seen.state}", language),
        each.seen.card,
        each.seen.indicator,
        DRUGS[each.seen.recommended].name[language] if each.seen.recommended else "",
    )


def _installed(language: str) -> str:
    """What is installed, and how many of its cards carry a signature that holds."""
    content, said = current(), standings(committed())
    signed = [
        code
        for code, each in hashes().items()
        if any(word.hash == each for one in said.get(code, ()) for word in one.said.values())
    ]
    values = {"version": VERSION, "day": CHECKED, "fingerprint": content.fingerprint, "signed": len(signed)}
    return say("versions.now", language, count=len(content.cards), **values)
