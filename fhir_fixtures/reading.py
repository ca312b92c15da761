"""The story files: ``<section>/<name>.yaml``, read and checked. No Bundle is built here.

A story holds

    title, text     by language (en, zh): what a clinician reads before the cards
    asOf, hook      the day on which the hook is called, and which
    patient         whose record it is, and
    record          what it holds, in the lines of ``fhir_fixtures.lines``
    bundle          a file of ``bundles/``: resources that no line can tell, added to the record as they are
    draft           on order hooks: what is being written; on medication-refill: what is refilled
    entered         on problem-list-item-create: what was just recorded
    cards           code -> indicator of each card that must be given, and no other
    misses          codes of cards that the story just does not call for
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import yaml

SECTIONS = (
    "emergencies",
    "sequence",
    "treatment",
    "assessment",
    "tests",
    "minerals",
    "vertebral-fracture",
    "rehabilitation",
    "safety-kidney",
    "safety-contraindication",
    "safety-combination",
    "safety-dose",
    "safety-incomplete",
)
"""The folders of stories, in the order in which they are listed: those of the cards."""

CARRIES = {
    "patient-view": "",
    "order-select": "draft",
    "order-sign": "draft",
    "problem-list-item-create": "entered",
    "encounter-discharge": "",
    "medication-refill": "draft",
}
"""Hook -> the field of a story that its context carries."""

LANGUAGES = {"en", "zh"}
INDICATORS = ("info", "warning", "critical")
NAME = re.compile(r"[A-Za-z0-9.-]{1,48}")
"""A story's name is the id of its Patient and begins those of the record: FHIR allows 64 such characters."""
FIELDS = {"title", "text", "asOf", "hook", "patient", "record", "bundle", "draft", "entered", "cards", "misses"}

# libyaml is several times as fast; it is not in every build of PyYAML.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Story(NamedTuple):
    """One patient at one moment, as told: ``record``, ``draft`` and ``entered`` are lines."""

    name: str
    section: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    as_of: date
    hook: str
    patient: str
    record: tuple[str, ...]
    bundle: str
    draft: tuple[str, ...]
    entered: tuple[str, ...]
    cards: Mapping[str, str]
    misses: tuple[str, ...]


def parse(written: str, name: str, section: str = "") -> Story:
    """The story in a YAML file; ValueError names the file and the field that is missing or wrong."""
    try:
        told = yaml.load(written, Loader=_Loader)  # noqa: S506  both loaders are safe ones
    except yaml.YAMLError as error:
        raise ValueError(f"{name}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(told, dict):
        raise ValueError(f"{name}: is not a story, which has title, text, asOf, hook, patient, record and cards")
    return _story(_Fields(told, name), section)


class _Fields:
    """The fields of one file, each asked for by what it must be."""

    def __init__(self, told: Mapping[Any, Any], name: str) -> None:
        self.name = name
        self._told = told
        if unknown := [str(field) for field in told if field not in FIELDS]:
            raise self.wrong(unknown[0], "there is no such field")

    def wrong(self, field: str, why: str) -> ValueError:
        return ValueError(f"{self.name}: {field}: {why}")

    def needed(self, field: str) -> Any:
        if field not in self._told:
            raise self.wrong(field, "is missing")
        return self._told[field]

    def in_both_languages(self, field: str) -> Mapping[str, str]:
        said = self.needed(field)
        if not isinstance(said, dict) or set(said) != LANGUAGES or not all(isinstance(s, str) and s for s in said.values()):
            raise self.wrong(field, "must be told in en and zh")
        return said

    def day(self, field: str) -> date:
        day = self.needed(field)
        if type(day) is not date:
            raise self.wrong(field, "must be a date, YYYY-MM-DD")
        return day

    def word(self, field: str, *, needed: bool = True) -> str:
        word = self.needed(field) if needed else self._told.get(field, "")
        if not isinstance(word, str):
            raise self.wrong(field, "must be a line of text")
        return word

    def lines(self, field: str) -> tuple[str, ...]:
        lines = self._told.get(field) or []
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise self.wrong(field, "must be a list of lines")
        return tuple(lines)

    def cards(self, field: str) -> Mapping[str, str]:
        cards = self.needed(field)
        if not isinstance(cards, dict) or not all(indicator in INDICATORS for indicator in cards.values()):
            raise self.wrong(field, f"must give each card its indicator, {', '.join(INDICATORS)}; without any card: {{}}")
        return cards


def _story(told: _Fields, section: str) -> Story:
    name = told.name.rpartition("/")[2].rpartition(".")[0]
    if not NAME.fullmatch(name):
        raise ValueError(f"{told.name}: a story's file is named in letters, digits, hyphens and points, at most 48")
    hook = told.word("hook")
    if hook not in CARRIES:
        raise told.wrong("hook", f"must be one of {', '.join(CARRIES)}")
    lines = {field: told.lines(field) for field in ("draft", "entered")}
    _fits(told, hook, lines)
    told.needed("record")
    return Story(
        name=name,
        section=section,
        title=told.in_both_languages("title"),
        text=told.in_both_languages("text"),
        as_of=told.day("asOf"),
        hook=hook,
        patient=told.word("patient"),
        record=told.lines("record"),
        bundle=told.word("bundle", needed=False),
        cards=told.cards("cards"),
        misses=told.lines("misses"),
        **lines,
    )


def _fits(told: _Fields, hook: str, lines: Mapping[str, Iterable[str]]) -> None:
    """A hook's context carries what it must, and nothing that it has no place for."""
    for field, given in lines.items():
        if given and field != CARRIES[hook]:
            raise told.wrong(field, f"the context of {hook} has no place for it")
        if not given and field == CARRIES[hook]:
            raise told.wrong(field, f"the context of {hook} needs it")
