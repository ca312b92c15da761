"""One automaton of all that a text may hold: names, what changes them, bones, and where a clause ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cds_service.fhir.phrases import femora, kidney, veins, vertebrae, weeks
from cds_service.fhir.phrases.names import Automaton
from cds_service.fhir.phrases.tables import rows

NAME, FRACTURE = "name", "fracture"
TARGETS = frozenset({NAME, FRACTURE})
"""What a modifier binds to."""
BREAK, COMMA, OPEN, CLOSE, LINK, STOP, PART = "break", "comma", "open", "close", "link", "stop", "part"
_PUNCTUATION = {
    **dict.fromkeys(";。.|\n!！", BREAK),
    ",": COMMA,
    **dict.fromkeys("([【{", OPEN),
    **dict.fromkeys(")]】}", CLOSE),
}


class Word(Struct, frozen=True, gc=False):
    """What a row of the grammar, or a name, is: ``role`` and ``key`` as the tables say; ``said`` as the table spells it.

    ``beside``: it is that only in a text in which this is found, and ``otherwise``, or nothing, in any other."""

    role: str
    key: str = ""
    said: str = ""
    where: str = ""
    reach: str = ""
    brand: bool = False
    beside: re.Pattern[str] | None = None
    otherwise: Word | None = None


class Token(Struct, frozen=True, gc=False):
    """A word where it stands in a text."""

    word: Word
    at: int
    end: int
    role: str


class Lexicon:
    """``names``: (name, key, brand). ``bones``: whether it knows the words of fractures, kidney stages and weeks, too."""

    def __init__(self, names: Iterable[tuple[str, str, bool]], *, bones: bool) -> None:
        words = {row["words"]: _modifier(row) for row in rows("modifiers.tsv")}
        if bones:
            words |= {r["words"]: Word(_BONE_ROLES.get(r["role"], r["role"]), r["key"], r["words"]) for r in _bones()}
        words |= {mark: Word(role, said=mark) for mark, role in _PUNCTUATION.items()}
        words |= {name: Word(NAME, key, name, brand=brand) for name, key, brand in names}
        if bones:
            words |= {row["words"]: _in_context(row, words.get(row["words"])) for row in rows("contexts.tsv")}
        self._words = Automaton(words.items())
        self._bones = bones

    def tokens(self, text: str, *, numbered: bool = False) -> list[Token]:
        """The words of folded ``text``, in order. ``numbered``: vertebrae by their number even where no fracture is named."""
        found = (
            Token(word, at, end, word.role) for at, end, word in self._words.find(text) if not _is_in_number(text, at, word)
        )
        if not self._bones:
            return list(found)
        told = list(_told(text, found))
        counted = [Token(Word(NAME, weeks.PREGNANCY, "孕…周"), *span, NAME) for span in weeks.pregnant(text)]
        counted += [Token(Word(NAME, veins.CLOT, "thrombosis … vein"), *span, NAME) for span in veins.clotted(text)]
        counted += [Token(Word(NAME, key, "femur … cortex"), at, end, NAME) for key, at, end in femora.cracking(text)]
        counted += [Token(Word(NAME, key, "thigh … pain"), at, end, NAME) for key, at, end in femora.aching(text)]
        if numbered or any(token.role == FRACTURE for token in told):
            counted += [Token(Word("level", level), at, end, "level") for level, at, end in vertebrae.numbered(text)]
        return list(_without_overlap([*counted, *told])) if counted else told


_BONE_ROLES = {"part": "bone-part"}


def _bones() -> Iterator[dict[str, str]]:
    return (row for row in rows("bones.tsv") if row["role"] != "together")


def _modifier(row: dict[str, str]) -> Word:
    return Word(row["effect"], "", row["words"], row["where"], row["reach"])


def _in_context(row: dict[str, str], otherwise: Word | None) -> Word:
    return Word(row["role"], row["key"], row["words"], beside=re.compile(row["beside"]), otherwise=otherwise)


def _settled(text: str, word: Word, held: dict[str, bool]) -> Word | None:
    """What the words of the text make of a short name. ``held``: those that were looked for."""
    if word.said not in held:
        held[word.said] = word.beside is not None and word.beside.search(text) is not None
    return word if held[word.said] else word.otherwise


def _is_in_number(text: str, at: int, word: Word) -> bool:
    """Whether a period or a comma stands within a number, where nothing ends."""
    return word.said in (".", ",") and text[at + 1 : at + 2].isdigit() and (word.said == "." or text[at - 1 : at].isdigit())


def _told(text: str, tokens: Iterable[Token]) -> Iterator[Token]:
    """The same, a short name as what the text makes of it, and a kidney disease as far as its stage goes."""
    held: dict[str, bool] = {}
    for token in tokens:
        word = token.word
        if word.beside is not None:
            told = _settled(text, word, held)
            if told is not None:
                yield Token(told, token.at, token.end, told.role)
        elif token.role == NAME and word.key == kidney.DISEASE:
            key, end = kidney.staged(text, token.at, token.end)
            yield Token(Word(NAME, key, word.said), token.at, end, NAME)
        else:
            yield token


def _without_overlap(tokens: Iterable[Token]) -> Iterator[Token]:
    """In order; what a longer one covers is no word of its own."""
    end = 0
    for token in sorted(tokens, key=lambda t: (t.at, -t.end)):
        if token.at >= end:
            yield token
            end = token.end
