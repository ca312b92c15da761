"""Finding names in text: whole words in Latin script, anywhere in Chinese, the longest name wins."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from msgspec import Struct

from cds_service.fhir.phrases.characters import fold

Meaning = TypeVar("Meaning")

_LETTERS = re.compile(r"[a-z]+")
_STEM, _STEM_ZH = 7, 3
"""Letters, characters, by which a name is known that is spelled otherwise, broken off, or in another language."""
_END = ""
"""Under this key of a node stands what the word that ends there means."""


class Found(Struct, frozen=True):
    """One name found: ``key`` of what it names, ``brand`` when it is a product's name, ``at`` where it begins."""

    key: str
    brand: bool
    at: int


class Automaton(Generic[Meaning]):
    """Words and what they mean, as a tree of their characters: one walk over a text finds them all. From each place it looks
    no farther than the longest word, so that the work is linear in the length of the text."""

    def __init__(self, words: Iterable[tuple[str, Meaning]]) -> None:
        self._root: dict[str, Any] = {}
        for word, meaning in words:
            node = self._root
            for letter in fold(word):
                node = node.setdefault(letter, {})
            node[_END] = meaning

    def find(self, text: str) -> Iterator[tuple[int, int, Meaning]]:
        """Where a word begins and ends in folded ``text``, and what it means; in order, none within another."""
        at, last, root = 0, len(text), self._root
        while at < last:
            node = root.get(text[at])
            if node is None or _is_within_word(text, at):
                at = _word_end(text, at + 1) if _is_letter(text[at]) else at + 1  # no name begins within a word
                continue
            end, meaning, here = 0, None, at
            while node is not None:
                here += 1
                if _END in node and not _goes_on(text, at, here):
                    end, meaning = here, node[_END]
                node = node.get(text[here]) if here < last else None
            if end:
                yield at, end, meaning  # type: ignore[misc]
                at = end
            else:
                at += 1


def _word_end(text: str, at: int) -> int:
    found = _LETTERS.match(text, at)
    return found.end() if found else at


def _is_letter(character: str) -> bool:
    return "a" <= character <= "z"


def _is_within_word(text: str, at: int) -> bool:
    """Whether a Latin word or a number has begun before this place."""
    if at == 0:
        return False
    here, before = text[at], text[at - 1]
    return (_is_letter(here) and _is_letter(before)) or ("0" <= here <= "9" and "0" <= before <= "9")


def _goes_on(text: str, at: int, end: int) -> bool:
    """Whether the word found would end within a Latin word, or within a number. A Chinese name may have anything behind it."""
    if end >= len(text):
        return False
    last, after = text[end - 1], text[end]
    if "0" <= last <= "9" and "0" <= after <= "9":
        return True
    return (_is_letter(after) and last.isascii() and last.isalnum()) and text[at:end].isascii()


class Names:
    """An index of names. ``rows``: (name, key, brand); the key "-" takes a name out that only looks like one of ours."""

    def __init__(self, rows: Iterable[tuple[str, str, bool]]) -> None:
        self._names = Automaton((name, (key, brand)) for name, key, brand in rows)

    def knows(self, text: str) -> bool:
        """Whether folded ``text`` holds a name of the index, be it of ours or of what only looks like it."""
        return next(self._names.find(text), None) is not None

    def find(self, text: str) -> list[Found]:
        """The names in folded ``text``, in order."""
        return [Found(key, brand, at) for at, _, (key, brand) in self._names.find(text) if key != "-"]


class Stems:
    """How names begin: what is written like one of ours, and is none, points to it.

    >>> Stems(["zoledronic acid", "denosumab", "唑来膦酸"]).begin("acide zolédronique"), Stems(["denosumab"]).begin("dentist")
    (True, False)
    """

    def __init__(self, names: Iterable[str], besides: str = "") -> None:
        """``besides``: a pattern of what points to ours wherever it stands."""
        folded = [fold(name) for name in names]
        latin = {name[:_STEM] for name in folded if _LETTERS.match(name[:_STEM]) and name[:_STEM].isalpha() and name.isascii()}
        chinese = {name[:_STEM_ZH] for name in folded if not name.isascii() and len(name) > _STEM_ZH}
        parts = (f"(?<![a-z])(?:{'|'.join(sorted(latin))})" if latin else "", *sorted(chinese), besides)
        self._pattern = re.compile("|".join(filter(None, parts)))

    def begin(self, text: str) -> bool:
        """Whether a word of folded ``text`` begins as one of the names does, accents aside."""
        return self._pattern.search(_plain(text)) is not None


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
