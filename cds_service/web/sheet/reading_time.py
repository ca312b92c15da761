"""How long a sheet takes to read: counted on the page itself, part by part, so that what is told is what is shown.

The template marks each part (``data-part``); what stands in none of them, heading and head of the page among it, is read with
the first. Counted is all that can be seen: headings, titles, statuses, labels. Not counted: what the page hides (the other
language, sentences that an earlier variant has).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from typing import NamedTuple

from flask import render_template
from msgspec import Struct

from cards.engine.catalog import all_cards
from cards.engine.sources import VERSION
from cards.thresholds import shipped
from cds_service.casebook.sheet import HAN
from cds_service.content.covered import READ
from cds_service.web.sheet.context import context
from cds_service.web.sheet.sheet import OPEN, sheet
from cds_service.web.sheet.signed import Glance

Attributes = list[tuple[str, str | None]]

RATE = {"en": 220, "zh": 350}
"""What a clinician reads in a minute: English words; Chinese characters, a word or figure in Latin letters counted as one. From
textbooks of typography, not measured here."""
TABLES = 1.5
"""So many times as long takes a word in a table, since a line is compared with the others; our own choice."""

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_TABLES = frozenset({"table", "dl"})
_READ = re.compile(r"[●○✓]|[^\s●○]+")
"""A mark, or what stands between spaces: a word where it has a letter or digit."""
_LETTER = re.compile(r"[●○✓\w]")


def length(text: str, language: str) -> float:
    """Minutes that a stretch of text in this language takes.

    >>> [round(60 * length(*each), 1) for each in (("Give 60 mg", "en"), ("给予地舒单抗60 mg", "zh"), ("·", "en"))]
    [0.8, 1.4, 0.0]
    """
    words = sum(1 for each in _READ.findall(HAN.sub(" ", text)) if _LETTER.search(each))
    return (len(HAN.findall(text)) + words) / RATE[language]


class Minutes(Struct, frozen=True):
    """Of each part, by its name in ``covered.READ``, and of each chapter of a part; at least one where there is anything."""

    parts: Mapping[str, float]
    chapters: Mapping[str, float] = {}

    def __getitem__(self, part: str) -> int:
        return _whole(self.parts[part] if part in self.parts else self.chapters.get(part, 0))

    @property
    def opens(self) -> int:
        """For what stands open."""
        return _whole(sum(self.parts[part] for part in OPEN))

    @property
    def folded(self) -> int:
        return _whole(sum(told for part, told in self.parts.items() if part not in OPEN))


def _whole(minutes: float) -> int:
    return max(1, round(minutes)) if minutes else 0


class _Place(NamedTuple):
    """An open element: the part in which it is, its language, how many times as slowly it is read; 0 where it is not seen."""

    tag: str
    part: str
    language: str
    slower: float


class _Page(HTMLParser):
    """Adds up the parts of a page in one language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.parts = dict.fromkeys(READ, 0.0)
        self.chapters: dict[str, float] = {}
        self._language = language
        self._path: list[_Place] = []

    def updatepos(self, i: int, j: int) -> int:
        """Nobody asks in which line something stands; to count them is a tenth of the reading."""
        return j

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        told = dict(attrs)
        if tag in _VOID:
            return
        tongue = (told.get("lang") or "")[:2]
        around = self._path[-1] if self._path else _Place("", OPEN[0], self._language, 1.0)
        hidden = "hidden" in told or "seen" in (told.get("class") or "").split() or tag == "select"
        hidden = hidden or ("data-tongue" in told and tongue != self._language)
        slower = 0.0 if hidden else around.slower * (TABLES if tag in _TABLES else 1)
        self._path.append(_Place(tag, told.get("data-part") or around.part, tongue or around.language, slower))

    def handle_endtag(self, tag: str) -> None:
        while self._path and self._path.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._path:
            here = self._path[-1]
            whole, _, chapter = here.part.partition(".")
            took = here.slower * length(data, here.language)
            if whole in self.parts:
                self.parts[whole] += took
            if chapter and took:
                self.chapters[here.part] = self.chapters.get(here.part, 0.0) + took


@cache
def minutes(code: str, language: str) -> Minutes:
    """Of the sheet of a card, with the numbers as shipped; in a request, whose page is in this language."""
    card, unknown = all_cards()[code], Minutes(dict.fromkeys(READ, 0.0))
    told = {
        "s": sheet(card, shipped(), language),
        "times": unknown,
        "version": VERSION,
        "judge": "#",
        "signed": Glance({}, (), ()),
    }
    page = _Page(language)
    for name in ("sheet_head.html", "sheet.html"):
        page.feed(render_template(name, card=card, **context(language), **told))
    page.close()
    return Minutes(page.parts, page.chapters)
