"""What somebody who signs a card reads: its variants as rendered, each sentence once, and its cases as sentences.

The variants are those of ``sample.md``, so that what is read is what is signed: it is part of the card's content, and the tests
hold that it is what the service says today.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES
from cds_service.casebook.cases import Case, defaults_of, of_file
from cds_service.casebook.requests import request
from cds_service.casebook.runs import answered, formulary_of, served, stands_apart
from cds_service.casebook.samples import LANGUAGE_NAMES
from cds_service.casebook.verdict import faults, key_of

ORDER = ("critical", "warning", "info", "other", "none")
"""In which the cases are listed: what the card says, then where it is silent. "other": a case that expects something else."""

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

_PER_MINUTE = {"en": 220, "zh": 350}
"""Words, or characters, that a clinician reads in a minute; from textbooks of typography, not measured here."""


class Block(Struct, frozen=True):
    """A paragraph. ``kind``: "heading", "item", "option", "text"; ``seen``: an earlier variant has just this one, too."""

    kind: str
    text: str
    seen: bool


class Said(Struct, frozen=True):
    """What one reader is told: the line that is shown first, and the rest."""

    summary: Block
    blocks: tuple[Block, ...]


class Variant(Struct, frozen=True):
    """One way in which a card appears. ``told``: of whom; ``clinician`` and ``patient`` by language."""

    indicator: str
    name: str
    told: str
    clinician: Mapping[str, Said]
    patient: Mapping[str, Said]


class Told(Struct, frozen=True):
    """A case as a sentence. ``given``: what its patient has beside what all of the file have; ``outcome``: of ``ORDER``;
    ``expects``: all that it demands, in short."""

    number: int
    name: str
    given: str
    hook: str
    outcome: str
    expects: str


class Judged(Struct, frozen=True):
    """What the service says to a case now; ``faults``: what is not as the case expects it."""

    got: list[str]
    suggests: list[str]
    faults: list[str]


def variants(card: Card) -> list[Variant]:
    """Of ``sample.md``, in its order."""
    page = (card.folder / "sample.md").read_text("utf-8")
    seen: dict[tuple[str, str], set[str]] = {
        (language, who): set() for language in LANGUAGES for who in ("clinician", "patient")
    }
    found = []
    for title, told in _chapters(page, "## "):
        indicator, _, name = title.partition(", ")
        first, *_ = told.split("\n### ", 1)
        clinician, patient = {}, {}
        for language, quoted in _chapters(told, "### "):
            key = next(each for each, native in LANGUAGE_NAMES.items() if native == language)
            texts = [each for each in re.split(r"\n\n(?=>)", quoted.strip()) if each.strip()]
            clinician[key] = _said(texts[0], seen[key, "clinician"])
            patient[key] = _said(texts[1], seen[key, "patient"])
        found.append(Variant(indicator, name, first.strip(), clinician, patient))
    return found


def cases(card: Card) -> list[Told]:
    """In the order of their outcome; within it that of the file."""
    path = card.folder / "cases.yaml"
    told = [_told(number, case, defaults_of(path)) for number, case in enumerate(of_file(path))]
    return sorted(told, key=lambda each: ORDER.index(each.outcome))


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


def minutes(found: Iterable[Variant], others: Iterable[str], language: str) -> int:
    """To read the variants without what an earlier one has, and the other texts, in one language; at least one."""
    texts = [*others]
    for each in found:
        for said in (each.clinician[language], each.patient[language]):
            texts += [block.text for block in (said.summary, *said.blocks) if not block.seen and block.kind != "heading"]
    words = sum(_length(text) / _PER_MINUTE["zh" if _is_chinese(text) else "en"] for text in texts)
    return max(1, round(words))


def _chapters(page: str, mark: str) -> Iterator[tuple[str, str]]:
    found = re.split(rf"^{re.escape(mark)}(.+)$", page, flags=re.MULTILINE)
    yield from zip(found[1::2], found[2::2], strict=True)


def _said(quoted: str, seen: set[str]) -> Said:
    lines = [line.removeprefix(">").strip() for line in quoted.splitlines()]
    first, *rest = (line for line in lines if line)
    return Said(_block(first.strip("*"), seen), tuple(_block(line, seen) for line in rest))


def _block(line: str, seen: set[str]) -> Block:
    text, kind = line, "text"
    if line.startswith("- "):
        text, kind = line[2:], "item"
    elif line[0] in "●○":
        kind = "option"
    elif re.fullmatch(r"\*\*[^*]+\*\*", line):
        text, kind = line.strip("*"), "heading"
    known = text in seen
    seen.add(text)
    return Block(kind, text, known)


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


def _is_chinese(text: str) -> bool:
    return len(re.findall(r"[\u4e00-\u9fff]", text)) * 3 > len(text)


def _length(text: str) -> int:
    return len(re.findall(r"[\u4e00-\u9fff]", text)) if _is_chinese(text) else len(text.split())
