"""The cases of a card as sentences, in the chapters of their file; those that differ in nothing but a number or a date are one.

What differs between them stands side by side: "creatinine 1.0 | 1.1 mg/dL".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import yaml
from msgspec import Struct

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.sources import LOADER
from cards.vocabulary import DRUGS
from cds_service.casebook.cases import Case, defaults_of, of_file
from cds_service.casebook.requests import request
from cds_service.casebook.runs import answered, formulary_of, served, stands_apart
from cds_service.casebook.verdict import faults, key_of

ORDER = ("critical", "warning", "info", "other", "none")
"""What a case may come to: what the card says, something else of it ("other"), or that it is silent."""

DEMANDS = {
    "suggests": "offers exactly",
    "offers": "offers",
    "drops": "must not offer",
    "recommends": "recommends",
    "not-recommended": "must not recommend",
    "starts": "starts on",
    "contains": "stands for",
    "says": "says",
    "says-not": "must not say",
    "also": "other cards:",
}
"""What a case may expect beside an outcome, in words and in the order in which it is told."""

GIVEN = {
    "today": "on",
    "patient": "",
    "background": "",
    "record": "",
    "plus": "",
    "draft": "order:",
    "entered": "just recorded:",
    "failed": "could not be retrieved:",
    "formulary": "the site has:",
}
"""What makes the patient of a case, in words and in the order in which it is told."""

_MEANS = {"discard": "removal of the draft", "mend": "a corrected draft", "none": "no card", "": "nothing"}

_HEADING = re.compile(r"^ *# -+ (.+?) *-*$")
_VARIES = re.compile(r"[^\s;()]*\d[^\s;()]*|\b(?:" + "|".join(sorted(DRUGS, key=len, reverse=True)) + r")\b")
"""A day, a number, whatever has a figure in it, a drug: what may be the only difference between two cases."""

_NEAR, _MOST = 4, 6
"""How many lines further up a case may find its like, and how many one line may tell of."""


class Told(Struct, frozen=True):
    """A case as a sentence. ``given``: what its patient has beside what all of the file have; ``outcome``: of ``ORDER``;
    ``expects``: all that it demands, in short."""

    number: int
    name: str
    given: str
    hook: str
    outcome: str
    expects: str


class Line(Struct, frozen=True):
    """Cases whose patients differ in nothing but days, numbers or drugs: mostly the two sides of a limit. ``given`` tells of
    all of them, in their order."""

    cases: tuple[Told, ...]
    given: str


class Chapter(Struct, frozen=True):
    """Cases that belong together, in the order of the file: what fires stands beside what just does not. ``title`` "" where
    the file has none; ``outcomes``: how many of each."""

    title: str
    lines: tuple[Line, ...]
    outcomes: dict[str, int]


class Judged(Struct, frozen=True):
    """What the service says to a case now; ``faults``: what is not as the case expects it."""

    got: list[str]
    suggests: list[str]
    faults: list[str]


def chapters(card: Card) -> list[Chapter]:
    """The cases of a card, all of them."""
    path = card.folder / "cases.yaml"
    told = [_told(number, case, defaults_of(path)) for number, case in enumerate(of_file(path))]
    titles = headings(path.read_text("utf-8"))
    found = []
    for title, some in groupby(zip(titles, told, strict=True), key=lambda each: each[0]):
        mine = [each for _, each in some]
        counted = Counter(each.outcome for each in mine)
        found.append(Chapter(title, tuple(lines(mine)), {key: counted[key] for key in ORDER if counted[key]}))
    return found


def headings(text: str) -> list[str]:
    r"""Of each case of a file the heading above it, a comment that begins with dashes.

    >>> headings("cases:\n  - name: a\n  # -- doses ----\n  - name: b\n  - expect: none\n    name: c")
    ['', 'doses', 'doses']
    """
    told = {number: found[1] for number, line in enumerate(text.splitlines()) if (found := _HEADING.match(line))}
    root: Any = yaml.compose(text, Loader=LOADER)
    starts = next([each.start_mark.line for each in node.value] for key, node in root.value if key.value == "cases")
    return [told[max(above)] if (above := [line for line in told if line < start]) else "" for start in starts]


def lines(told: Sequence[Told]) -> Iterator[Line]:
    """The cases, those together that are alike and stand near each other."""
    found: list[tuple[tuple[str, ...], list[Told]]] = []
    for each in told:
        kind = (each.hook, _VARIES.sub("#", each.given))
        like = next((some for known, some in found[-_NEAR:] if known == kind and len(some) < _MOST), None)
        if like is not None:
            like.append(each)
        else:
            found.append((kind, [each]))
    for _, some in found:
        yield Line(tuple(some), together([each.given for each in some]))


def together(texts: Sequence[str]) -> str:
    """Texts that differ only in days, numbers or drugs, as one: all that differ, in the order of the texts.

    >>> together(["creatinine 1.0 mg/dL on 2026-05-01", "creatinine 1.1 mg/dL on 2026-05-01"])
    'creatinine 1.0 | 1.1 mg/dL on 2026-05-01'
    """
    values = iter(list(each) for each in zip(*(_VARIES.findall(text) for text in texts), strict=True))

    def all_of(_: re.Match[str]) -> str:
        some = next(values)
        return some[0] if len(set(some)) == 1 else " | ".join(some)

    return _VARIES.sub(all_of, texts[0])


def usual(card: Card) -> str:
    """What the patients of its cases have, unless a case says otherwise."""
    return _given(defaults_of(card.folder / "cases.yaml"), {})


@lru_cache(maxsize=4096)
def judged(code: str, number: int) -> Judged:
    """Run one case of a card, as written and in English. KeyError, IndexError where there is none."""
    case = of_file(all_cards()[code].folder / "cases.yaml")[number]
    evaluator, _ = served(formulary_of(case))
    given = answered(evaluator, request(case), case["today"], "en", apart=stands_apart(case))["cards"]
    mine = [each for each in given if each["source"]["topic"]["code"] == code]
    keys = [
        key_of(each) + ("*" if each.get("isRecommended") else "") for each in (mine[0].get("suggestions", []) if mine else [])
    ]
    return Judged([each["indicator"] for each in mine], keys, faults(case, given))


def _told(number: int, case: Case, defaults: Case) -> Told:
    expected = case.get("expect", "other")
    outcome = expected if isinstance(expected, str) and expected in ORDER else "other"
    demands = [f"{words} {_demanded(key, case[key])}" for key, words in DEMANDS.items() if key in case]
    if isinstance(expected, list):
        demands.insert(0, " + ".join(map(str, expected)))
    hook = case.get("hook", "patient-view")
    return Told(number, case["name"], _given(case, defaults), hook, outcome, "; ".join(demands))


def _given(case: Case, defaults: Case) -> str:
    """Of a case, what its patient has beside the defaults.

    >>> _given({"patient": "male 70", "record": ["denosumab given 2026-01-01"], "draft": ["calcium"]}, {"patient": "female 72"})
    'male 70; denosumab given 2026-01-01; order: calcium'
    """
    keys = [key for key in GIVEN if key in case and case[key] != defaults.get(key)]
    return "; ".join(f"{GIVEN[key]} {_listed(case[key])}".strip() for key in keys)


def _listed(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_listed(each)}" for key, each in value.items())
    return (
        "; ".join(map(_listed, value)) or "nothing" if isinstance(value, list) else str(value).replace("{1.73_m2}", "1.73 m²")
    )


def _demanded(key: str, value: object) -> str:
    """What a case demands, in words; keys of drugs and tests stay as they are.

    >>> _demanded("suggests", ["mend*", "ctx"]), _demanded("suggests", []), _demanded("recommends", "none")
    ('a corrected draft*, ctx', 'nothing', 'nothing')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{each} {_demanded(key, of)}" for each, of in value.items())
    if isinstance(value, list):
        return ", ".join(_demanded(key, each) for each in value) or _MEANS[""]
    if key in ("says", "says-not"):
        return str(value)
    bare = str(value).removesuffix("*")
    return _MEANS.get("" if key == "recommends" and bare == "none" else bare, bare) + str(value)[len(bare) :]
