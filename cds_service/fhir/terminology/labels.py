"""The names of results, as laboratories write them -> what they may mean. Value and unit decide afterwards (``by_name.py``).

A label is understood when nothing is left of it: names (``result_names.tsv``) and words that change nothing (specimen, method)
cover it, and all its names agree. What is left over may be what makes it another test: 尿, clearance, ratio.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from cards.vocabulary import ANALYTES
from cds_service.fhir.phrases import fold
from cds_service.fhir.phrases.names import Automaton

_NO_MEANING = "~"
_REFUSED = "?"
_SCORES = frozenset({"t-score", "z-score"})
_DENSITY = "bmd"

_LEVELS = re.compile(r"(?:(?<![a-z0-9])l|腰椎?) ?[1-3] ?[-–—~至到]? ?l?[2-4](?![0-9])")
_BETA = re.compile(r"(?a)\bbeta\b|ß")
_FIRST = re.compile(r"(?<![a-z0-9])[il1](?= ?型)")
_GAP = re.compile(r"[\s_‑‒–—−-]+")
_LETTERS = re.compile(r"[a-z]")


class Sense(Struct, frozen=True):
    """What a name may mean: ``key`` of the analyte, and what unit and value must be for it.

    ``unit`` is a pattern on the unit as ``units.plain`` writes it; ``low`` and ``high`` are in the analyte's unit. ``hedged``:
    the name alone leaves it open (钙 may be the ionized one), another name beside it may settle it.
    """

    key: str
    low: float
    high: float
    unit: re.Pattern[str] | None = None
    site: str = ""
    hedged: bool = False


class Label(Struct, frozen=True):
    """What a label says. ``senses``: what it may mean; empty where it is not understood. ``about``: the analyte of ours that it
    speaks of, understood or not. ``refused``: it names a look-alike of that. ``other``: what it names and no rule reads."""

    senses: tuple[Sense, ...] = ()
    about: str = ""
    refused: bool = False
    other: str = ""


NOTHING = Label()


class Labels:
    """Reads labels. ``names``: rows with ``name``, ``means`` (senses joined by "+"; "?" before one: never to be taken for it;
    "~": changes nothing) and perhaps ``site``; later rows win. ``senses``: rows that narrow an analyte."""

    def __init__(self, names: Iterable[Mapping[str, str]], senses: Iterable[Mapping[str, str]]) -> None:
        self._senses = {row["sense"]: _sense(row) for row in senses}
        own = ((name, key) for key, told in ANALYTES.items() for name in (told.name.en, told.name.zh))
        words = {spelled(name): self._meant(key) for name, key in own}
        words |= {spelled(row["name"]): self._meant(row["means"], row.get("site") or "") for row in names}
        self._words = Automaton(words.items())

    def _meant(self, means: str, site: str = "") -> _Meant:
        if means == _NO_MEANING:
            return _Meant()
        if means.startswith(_REFUSED):
            return _Meant(refused=means.removeprefix(_REFUSED))
        found = (self._senses.get(each) or _whole(each) for each in means.split("+"))
        known = tuple(replace(sense, site=site) if site else sense for sense in found if sense is not None)
        return _Meant(known) if known else _Meant(other=means)

    def read(self, texts: Iterable[str]) -> Label:
        """What the texts of one code say together: text and displays."""
        some: list[_Meant] = []
        whole = True
        for text in texts:
            label = spelled(text)
            at = 0
            for begin, end, meant in self._words.find(label):
                whole = whole and not _says_something(label[at:begin])
                at = end
                some.append(meant)
            whole = whole and not _says_something(label[at:])
        about = next((key for meant in some if (key := meant.about)), "")
        other = next((meant.other for meant in some if meant.other), "")
        refused = any(meant.refused for meant in some)
        if not whole or other or refused:
            return Label((), about, refused, other)
        return Label(_agreed([meant for meant in some if meant.senses]), about)


class _Meant(Struct, frozen=True):
    """What a word of the table means: senses; an analyte that it must not be taken for; something else; or nothing."""

    senses: tuple[Sense, ...] = ()
    refused: str = ""
    other: str = ""

    @property
    def about(self) -> str:
        return self.refused or (self.senses[0].key if self.senses else "")


def spelled(text: str) -> str:
    """A label as it is looked up: folded; no gap but between two Latin words; Ⅰ, I, l and 1 alike before 型; β by its sign.

    >>> spelled("25-OH Vit D total"), spelled("β－CTX"), spelled("l型胶原"), spelled("腰椎 L1-L4 T-score")
    ('25oh vit d total', 'βctx', 'i型胶原', '腰椎腰椎t score')
    """
    found = _FIRST.sub("i", _BETA.sub("β", _LEVELS.sub(" 腰椎 ", fold(text)))).replace("维他命", "维生素")
    return _GAP.sub(_gap, found).strip()


def _gap(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return " " if _LETTERS.fullmatch(before) and _LETTERS.fullmatch(after) else ""


def _says_something(rest: str) -> bool:
    return any(character.isalnum() or character in "/%" for character in rest)


def _agreed(some: list[_Meant]) -> tuple[Sense, ...]:
    """What all names together may mean: what they have in common, as the one says it that leaves least open."""
    if any(sense.key in _SCORES for meant in some for sense in meant.senses):  # 骨密度 T值 is a T-score
        some = [meant for meant in some if all(sense.key != _DENSITY for sense in meant.senses)]
    if not some:
        return ()
    common = frozenset.intersection(*(frozenset(sense.key for sense in meant.senses) for meant in some))
    plainest = next((meant for meant in some if not any(sense.hedged for sense in meant.senses)), some[0])
    return tuple(sense for sense in plainest.senses if sense.key in common)


def _whole(key: str) -> Sense | None:
    """An analyte as such; None where it is none of ours."""
    found = ANALYTES.get(key)
    return Sense(key, found.low, found.high) if found else None


def _sense(row: Mapping[str, str]) -> Sense:
    analyte = ANALYTES[row["key"]]
    return Sense(
        row["key"],
        float(row["low"] or analyte.low),
        float(row["high"] or analyte.high),
        re.compile(row["unit"]) if row["unit"] else None,
        row["site"],
        hedged=row["sense"] != row["key"],
    )
