"""What stands of what each person said of a card: of each part the last word, and objections until they are settled.

Parts add up: whoever signs one part today and another tomorrow has signed both. An objection is answered only by the person who
made it: by signing the parts that it names, or by saying that it is settled. A signature of the old form, which has no marks,
settles what was said before, as its signer was told then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from cds_service.content.signatures import Signature

SETTLED = "settled"
"""Stands among the parts of a signature by which an earlier objection is settled."""
_SHOWN = ("says", "when", "numbers")
"""What stood open when a signature said only that the sheet was read as it opened."""


class Part(NamedTuple):
    """A part as a signature names it: how much was in it ("29/44.2"), and the mark of its text; "" for none."""

    name: str
    much: str
    mark: str


class Standing(Struct, frozen=True):
    """``said``: by part the last signature that names it, in the order in which they were given; "" is one that was not asked
    for parts. ``objections``: those that count; ``last``: what was said last."""

    card: str
    by: str
    said: dict[str, Signature]
    objections: tuple[Signature, ...]
    last: Signature

    def of(self, part: str) -> Signature | None:
        """What signed a part: of its chapter, or of all of them, the later one."""
        whole = part.partition(".")[0]
        return next((self.said[name] for name in reversed(self.said) if name in (part, whole)), None)

    def counting(self, parts: Iterable[str]) -> dict[str, Signature]:
        """By part of the sheet what signed it; and what was signed under a name that no part has."""
        known = list(parts)
        found = {part: each for part in known if (each := self.of(part)) is not None}
        whole = {part.partition(".")[0] for part in known}
        return found | {name: each for name, each in self.said.items() if name not in known and name not in whole}


def language_of(each: Signature) -> str:
    """That of the sheet which was read."""
    return "zh" if each.read.startswith("zh") else "en"


def parts_in(each: Signature) -> list[Part]:
    """The parts that a signature names.

    >>> from msgspec.structs import replace
    >>> one = Signature("c", "signed", "Li", "pharmacist", "", "2026.11", "", "", "2026-11-28", "en says.marrow:3/4@ab12 cases")
    >>> parts_in(one)
    [Part(name='says.marrow', much='3/4', mark='ab12'), Part(name='cases', much='', mark='')]
    >>> [part.name for part in parts_in(replace(one, read="en shown:1/2.0.8.2/4 cases"))]
    ['says', 'when', 'numbers', 'cases']
    """
    found: dict[str, Part] = {}
    for told in each.read.split()[1:]:
        told, _, mark = told.partition("@")
        name, _, much = told.partition(":")
        for key in _SHOWN if name == "shown" else (name,):
            found[key] = Part(key, "" if name == "shown" else much, mark)
    return list(found.values())


def standings(signatures: Iterable[Signature]) -> dict[str, list[Standing]]:
    """By card, of each person, who spoke last first."""
    of_each: dict[tuple[str, str], list[Signature]] = {}
    for each in sorted(signatures, key=lambda each: each.at):
        of_each.setdefault((each.card, each.by), []).append(each)
    found: dict[str, list[Standing]] = {}
    for (card, by), said in sorted(of_each.items(), key=lambda told: told[1][-1].at, reverse=True):
        found.setdefault(card, []).append(_standing(card, by, said))
    return found


def _standing(card: str, by: str, signatures: Sequence[Signature]) -> Standing:
    said: dict[str, Signature] = {}
    open_ones: list[tuple[Signature, set[str]]] = []
    for each in signatures:
        parts = parts_in(each)
        names = {part.name for part in parts} - {SETTLED}
        marked = any(part.mark for part in parts)
        if each.decision == "objected":
            about = names if marked else set()
            said = {name: other for name, other in said.items() if not _again(name, about)}
            open_ones.append((each, about))
            continue
        said = {name: other for name, other in said.items() if name and not _again(name, names)}
        said |= dict.fromkeys([part.name for part in parts if part.name in names] if parts else [""], each)
        open_ones = [] if not marked or SETTLED in {part.name for part in parts} else _unanswered(open_ones, names)
    return Standing(card, by, said, tuple(each for each, _ in open_ones), signatures[-1])


def _unanswered(objections: list[tuple[Signature, set[str]]], signed: set[str]) -> list[tuple[Signature, set[str]]]:
    """Without those whose parts are all signed since; one that names no part stays until it is settled."""
    left = [(each, about, {name for name in about if not _again(name, signed)}) for each, about in objections]
    return [(each, after) for each, before, after in left if after or not before]


def _again(name: str, names: set[str]) -> bool:
    """Whether who names these parts names this one again; all chapters are named with the part as a whole."""
    return name in names or name.partition(".")[0] in names
