"""What a card says, for somebody who signs it: its variants as rendered, each sentence once.

The variants are those of ``sample.md``, so that what is read is what is signed: it is part of the card's content, and the tests
hold that it is what the service says today. Those of one name, which differ in urgency, follow each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from cards.engine.card import Card
from cards.words.phrases import LANGUAGES, phrase
from cds_service.casebook.samples import LANGUAGE_NAMES

HAN = re.compile(r"[\u4e00-\u9fff]")
DAY = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}|\d{4}年\d{1,2}月\d{1,2}日")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


class Block(Struct, frozen=True):
    """A paragraph. ``kind``: "heading", "item", "option", "text"; ``seen``: an earlier variant has it, too. A day does not
    make it another one, nor does a figure of the invented patient's record; a dose or a limit does. What is offered is
    never called seen."""

    kind: str
    text: str
    seen: bool


class Said(Struct, frozen=True):
    """What one reader is told: the line that is shown first, and the rest."""

    summary: str
    blocks: tuple[Block, ...]

    @property
    def recommended(self) -> list[str]:
        return [each.text for each in self.blocks if each.kind == "option" and each.text.startswith("●")]

    @property
    def known(self) -> int:
        """How many sentences an earlier variant says, too."""
        return sum(each.seen and each.kind != "heading" for each in self.blocks)

    @property
    def new(self) -> list[str]:
        """What no earlier variant says."""
        return [self.summary, *(each.text for each in self.blocks if not each.seen and each.kind != "heading")]


class Variant(Struct, frozen=True):
    """One way in which a card appears. ``told``: of whom; ``clinician`` and ``patient`` by language."""

    indicator: str
    name: str
    told: str
    clinician: Mapping[str, Said]
    patient: Mapping[str, Said]


Order = Callable[[str, str], int]
"""From the indicator and name of a variant to its place among the parts of a sheet."""


def variants(card: Card, order: Order | None = None) -> list[Variant]:
    """Of ``sample.md``, in the order of the first of each name; by the parts of a sheet first, where it has some, so that a
    sentence is new where it is first read."""
    return of_page((card.folder / "sample.md").read_text("utf-8"), order)


def of_page(page: str, order: Order | None = None) -> list[Variant]:
    """Of the text of a ``sample.md``, today's or an earlier one."""
    seen: dict[tuple[str, str], set[str]] = {
        (language, who): set() for language in LANGUAGES for who in ("clinician", "patient")
    }
    parts = [(*title.partition(", ")[::2], told) for title, told in _chapters(page, "## ")]
    names = [name for _, name, _ in parts]
    found = []
    ranked = sorted(parts, key=lambda each: (order(each[0], each[1]) if order else 0, names.index(each[1])))
    for indicator, name, told in ranked:
        first, *_ = told.split("\n### ", 1)
        clinician, patient = {}, {}
        for language, quoted in _chapters(told, "### "):
            key = next(each for each, native in LANGUAGE_NAMES.items() if native == language)
            texts = [each for each in re.split(r"\n\n(?=>)", quoted.strip()) if each.strip()]
            clinician[key] = _said(texts[0], seen[key, "clinician"], phrase("heading", "because", key))
            patient[key] = _said(texts[1], seen[key, "patient"])
        found.append(Variant(indicator, name, first.strip(), clinician, patient))
    return found


def _chapters(page: str, mark: str) -> Iterator[tuple[str, str]]:
    found = re.split(rf"^{re.escape(mark)}(.+)$", page, flags=re.MULTILINE)
    yield from zip(found[1::2], found[2::2], strict=True)


def _said(quoted: str, seen: set[str], because: str = "") -> Said:
    """``because``: the heading below which the record of the invented patient is listed."""
    lines = [line.removeprefix(">").strip() for line in quoted.splitlines()]
    first, *rest = [line for line in lines if line] or [""]
    blocks: list[Block] = []
    heading = ""
    for line in rest:
        kind, text = _kind(line)
        heading = text if kind == "heading" else heading
        blocks.append(_block(kind, text, seen, of_record=kind == "item" and heading == because))
    return Said(first.strip("*"), tuple(_headed(blocks)))


def _headed(blocks: Sequence[Block]) -> Iterator[Block]:
    """A heading is seen where all below it is: without its own, what is not offered would read as advice."""
    for place, each in enumerate(blocks):
        if each.kind == "heading":
            below = takewhile(lambda other: other.kind not in ("heading", "option"), blocks[place + 1 :])
            yield replace(each, seen=all(other.seen for other in below))
        else:
            yield each


def _kind(line: str) -> tuple[str, str]:
    if line.startswith("- "):
        return "item", line[2:]
    if line[0] in "●○":
        return "option", line
    return ("heading", line.strip("*")) if re.fullmatch(r"\*\*[^*]+\*\*", line) else ("text", line)


def _block(kind: str, text: str, seen: set[str], *, of_record: bool = False) -> Block:
    bare = DAY.sub("#", text)
    bare = _FIGURE.sub("#", bare) if of_record else bare
    known = bare in seen and kind != "option"
    seen.add(bare)
    return Block(kind, text, known)
