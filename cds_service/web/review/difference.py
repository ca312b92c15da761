"""What changed in a card since somebody signed it, as a reader wants it: numbers old and new, sentences with the words that
differ, cases in words. The files themselves are compared below, for whoever wants them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import yaml
from msgspec import Struct

from cards.engine.sources import LOADER
from cards.words.phrases import LANGUAGES
from cds_service.casebook.sheet import Variant, of_page
from cds_service.casebook.told import in_words
from cds_service.content.canon import Parts
from cds_service.content.compare import keyed, marked
from cds_service.web.sheet.context import unit_in_words
from cds_service.web.words import WORDS, say

Stretches = list[tuple[bool, str]]

FILES = ("en", "zh", "rule")
"""Parts that are files: what they change is told by the rendered texts and by the cases."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])\s*")
_NUMBER = re.compile(r"(?P<value>\S+) (?P<unit>\S+) \[(?P<status>\w+)\] (?P<en>.*) / (?P<zh>.*?) <- (?P<rest>.*)$")
_ALIKE = 0.4
"""From this likeness on a sentence is one that changed; below, one that went and another that came."""


class Pair(Struct, frozen=True):
    """A sentence on both sides, with the words that differ; a side is empty where it is not there."""

    before: Stretches
    after: Stretches


class Change(Struct, frozen=True):
    """``what`` changed: a number, a recommendation, a case, variants; ``where``: of a text its language and reader."""

    what: str
    where: str
    pairs: tuple[Pair, ...]


def difference(before: Parts, after: Parts, language: str) -> Iterator[tuple[str, list[Change]]]:
    """Part by part, what differs; parts without a difference are left out."""
    found = {
        "numbers": list(_numbers(before, after, language)),
        "rendered": list(_rendered(before, after, language)),
        "rule-words": _of_text(before, after, "rule-words"),
        "rule-zh": _of_text(before, after, "rule-zh"),
        "cases": list(_cases(before, after, language)),
        **{part: list(_of_keys(before, after, part)) for part in ("doses", "recommendations", "declared", "definitions")},
    }
    yield from ((part, changes) for part, changes in found.items() if changes)


def pairs(before: str, after: str) -> tuple[Pair, ...]:
    """The sentences that differ; of those that are much alike, the words.

    >>> [(pair.before, pair.after) for pair in pairs("Give it. Then stop.", "Give it. Then pause.")]
    [([(False, 'Then '), (True, 'stop'), (False, '.')], [(False, 'Then '), (True, 'pause'), (False, '.')])]
    """
    old, new = ([each for each in _SENTENCE.split(text.strip()) if each] for text in (before, after))
    told: list[Pair] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            told += _paired(old[i:j], new[k:m])
    return tuple(told)


def _paired(old: Sequence[str], new: Sequence[str]) -> Iterator[Pair]:
    """Each sentence that went beside the one that is most like it."""
    left = list(new)
    for each in old:
        like = max(left, key=lambda other: SequenceMatcher(None, each, other).ratio(), default="")
        if like and SequenceMatcher(None, each, like).ratio() >= _ALIKE:
            left.remove(like)
            yield Pair(*marked(each, like))
        else:
            yield Pair([(True, each)], [])
    yield from (Pair([], [(True, each)]) for each in left)


def _numbers(before: Parts, after: Parts, language: str) -> Iterator[Change]:
    old, new = (_lines(parts.get("numbers", "")) for parts in (before, after))
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            told = [_number(each[key], language) if key in each else {} for each in (old, new)]
            rows = [_whole(told[0].get(field, ""), told[1].get(field, "")) for field in ("value", "rest")]
            name = told[1].get("name") or told[0].get("name") or key
            yield Change(f"{name} ({key})", "", tuple(row for row in rows if row is not None))


def _number(line: str, language: str) -> dict[str, str]:
    found = _NUMBER.match(line)
    if found is None:
        return {"value": line}
    value = f"{found['value']} {unit_in_words(found['unit'], language)}".strip()
    return {"name": found[language], "value": f"{value} [{_status(found['status'], language)}]", "rest": found["rest"]}


def _status(key: str, language: str) -> str:
    return say(f"status.{key}", language) if f"status.{key}" in WORDS else key


def _lines(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition(" = ") for line in text.splitlines()) if value}


def _rendered(before: Parts, after: Parts, language: str) -> Iterator[Change]:
    """A sentence that changed alike in many variants once, with the names of all; the language of the page first."""
    if before.get("rendered", "") == after.get("rendered", ""):
        return
    old, new = (_by_title(parts.get("rendered", "")) for parts in (before, after))
    for kind, names in (("gone", old.keys() - new.keys()), ("new", new.keys() - old.keys())):
        for name in sorted(names):
            yield Change(name, say(f"review.variant-{kind}", language), ())
    for tongue in sorted(LANGUAGES, key=lambda each: each != language):
        for reader in ("clinician", "patient"):
            where = say(f"review.to-{reader}", language, tongue=say(f"language.{tongue}", language))
            alike: dict[str, tuple[tuple[Pair, ...], list[str]]] = {}
            for name in (name for name in new if name in old):
                found = pairs(_text(old[name], reader, tongue), _text(new[name], reader, tongue))
                if found:
                    alike.setdefault(repr(found), (found, []))[1].append(name)
            yield from (Change(", ".join(names), where, found) for found, names in alike.values())


def _by_title(page: str) -> Mapping[str, Variant]:
    return {", ".join(filter(None, (each.indicator, each.name))): each for each in of_page(page)}


def _text(variant: Variant, reader: str, tongue: str) -> str:
    said = getattr(variant, reader)[tongue]
    return "\n".join([_ended(said.summary), *(_ended(each.text) for each in said.blocks)])


def _ended(text: str) -> str:
    """So that each paragraph is a sentence of its own."""
    return text if re.search(r"[.!?;。！？；]$", text) else f"{text};"


def _of_text(before: Parts, after: Parts, part: str) -> list[Change]:
    old, new = (" ".join(re.sub(r"<!--.*?-->", "", parts.get(part, "")).split()) for parts in (before, after))
    found = pairs(old, new)
    return [Change("", "", found)] if found else []


def _of_keys(before: Parts, after: Parts, part: str) -> Iterator[Change]:
    old, new = (keyed(part, parts.get(part, "")) for parts in (before, after))
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            rows = [_whole(old.get(key, ("", ""))[place], new.get(key, ("", ""))[place]) for place in (0, 1)]
            yield Change(key, "", tuple(row for row in rows if row is not None))


def _whole(before: str, after: str) -> Pair | None:
    return None if before == after else Pair(*marked(before, after))


def _cases(before: Parts, after: Parts, language: str) -> Iterator[Change]:
    old, new = (_of_file(parts.get("cases", "")) for parts in (before, after))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            told = [in_words(each[name], language) if name in each else ("", "") for each in (old, new)]
            rows = (_whole(*both) for both in zip(*told, strict=True))
            yield Change(name, "", tuple(row for row in rows if row is not None))


def _of_file(text: str) -> dict[str, Mapping[str, Any]]:
    """The cases of a file by name, each with what all of them have; none where it cannot be read."""
    try:
        told = yaml.load(text, LOADER) or {}  # noqa: S506  a safe one
        shared = {key: each for key, each in told.items() if key != "cases"}
        return {each["name"]: {**shared, **each} for each in told.get("cases", ())}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return {}


def files(before: Parts, after: Parts) -> Iterable[str]:
    """Which of the files differ."""
    return [part for part in FILES if before.get(part, "") != after.get(part, "")]
