"""What differs between two states of the medicine: in sentences for a changelog, and line beside line for a reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Literal

import yaml
from msgspec import Struct

from cards.engine.sources import LOADER
from cds_service.content.canon import PARTS, Content, Parts

CONTEXT = 3
"""Unchanged lines that are kept around changed ones."""

_LINE = {
    "doses": re.compile(r"^(?P<key>\S+) = (?P<value>.*?) \[(?P<rest>.*)$"),
    "numbers": re.compile(r"^(?P<key>\S+) = (?P<value>.*?) \[(?P<rest>.*)$"),
    "recommendations": re.compile(r"^(?P<key>\S+) \((?P<value>[^)]*)\): (?P<rest>.*)$"),
    "declared": re.compile(r"^(?P<key>\S+) = (?P<value>.*)$"),
    "definitions": re.compile(r"^(?P<key>[^:]+): (?P<value>.*)$"),
}
_WORDS = {
    "rule-zh": "when and when not, in Chinese",
    "en": "English text",
    "zh": "Chinese text",
    "rule": "rule (code)",
    "definitions": "words of shared definitions",
}


class Changed(Struct, frozen=True):
    """A card that differs. ``said``: what, one sentence each; for a card that is new or gone, nothing more."""

    code: str
    kind: Literal["new", "retired", "changed"]
    said: tuple[str, ...] = ()


class Row(Struct, frozen=True):
    """One line of both sides. ``kind``: "same", "changed", "gone" (left only), "new" (right only), "gap" (lines left out)."""

    kind: str
    before: str = ""
    after: str = ""


def changes(before: Content, after: Content) -> list[Changed]:
    """Card by card, by code."""
    found = []
    for code in sorted(before.cards.keys() | after.cards.keys()):
        old, new = before.cards.get(code), after.cards.get(code)
        if old is None or new is None:
            found.append(Changed(code, "new" if new else "retired"))
        elif said := tuple(differences(old, new)):
            found.append(Changed(code, "changed", said))
    return found


def shared_changes(before: Content, after: Content) -> list[str]:
    """The files that all cards share and that differ."""
    return sorted(
        path for path in before.shared.keys() | after.shared.keys() if before.shared.get(path) != after.shared.get(path)
    )


def differences(before: Parts, after: Parts) -> Iterator[str]:
    """What differs in a card, one sentence each."""
    for part in PARTS:
        old, new = before.get(part, ""), after.get(part, "")
        if old == new:
            continue
        if part in _LINE and part != "definitions":
            yield from _of_lines(part, old, new)
        elif part == "rendered":
            yield from _of_variants(old, new)
        elif part == "cases":
            yield from _of_cases(old, new)
        elif part == "rule-words":
            yield "when and when not: the words of the rule"
        else:
            yield _WORDS[part]


def beside(before: str, after: str) -> list[Row]:
    """Two texts line beside line; what is the same further than ``CONTEXT`` lines from a change is left out."""
    old, new = before.splitlines(), after.splitlines()
    rows: list[Row] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        rows.append(Row("gap"))
        for kind, i, j, k, m in group:
            left, right = old[i:j], new[k:m]
            if kind == "equal":
                rows += [Row("same", a, b) for a, b in zip(left, right, strict=True)]
                continue
            both = min(len(left), len(right))
            rows += [Row("changed", a, b) for a, b in zip(left[:both], right[:both], strict=True)]
            rows += [Row("gone", a) for a in left[both:]] + [Row("new", "", b) for b in right[both:]]
    return rows[1:]


def marked(before: str, after: str) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    """Of two lines, the stretches that differ (True) and those that do not, for either side; Chinese by character, a number
    as a whole.

    >>> marked("15 mg daily", "20 mg daily")
    ([(True, '15'), (False, ' mg daily')], [(True, '20'), (False, ' mg daily')])
    """
    old, new = (re.findall(r"\d+(?:[.,]\d+)+|[^\W\u2e80-\u9fff]+|[\s\S]", each) for each in (before, after))
    left: list[tuple[bool, str]] = []
    right: list[tuple[bool, str]] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for side, words in ((left, old[i:j]), (right, new[k:m])):
            if words:
                side.append((kind != "equal", "".join(words)))
    return left, right


def keyed(part: str, text: str) -> dict[str, tuple[str, str]]:
    """Of a part that has a line for each thing, by key: its value, and what else is told of it."""
    found = {}
    for line in text.splitlines():
        if told := _LINE[part].match(line):
            found[told["key"]] = (told["value"], told.groupdict().get("rest") or "")
    return found


def _of_lines(part: str, before: str, after: str) -> Iterator[str]:
    old, new = keyed(part, before), keyed(part, after)
    kind = {"doses": "dose", "numbers": "number", "recommendations": "recommendation", "declared": "card.toml,"}[part]
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) == new.get(key):
            continue
        if key not in new:
            yield f"{kind} {key}: no longer used" if part != "declared" else f"{kind} {key}: taken away"
        elif key not in old:
            yield f"{kind} {key}: new ({new[key][0]})" if part != "declared" else f"{kind} {key}: {new[key][0]}"
        elif old[key][0] == new[key][0]:
            yield f"{kind} {key}: what is told of it"
        elif part == "declared":
            yield f"{kind} {key}: {_moved(old[key][0], new[key][0])}"
        else:
            yield f"{kind} {key}: {old[key][0]} → {new[key][0]}"


def _moved(before: str, after: str) -> str:
    """How a value of card.toml changed; of a list, what came and what went."""
    old, new = json.loads(before), json.loads(after)
    if not (isinstance(old, list) and isinstance(new, list) and all(isinstance(each, str) for each in (*old, *new))):
        return f"{before} → {after}"
    told = [f"+{each}" for each in new if each not in old] + [f"-{each}" for each in old if each not in new]
    return " ".join(told) or "other order"


def _of_variants(before: str, after: str) -> Iterator[str]:
    old, new = (_chapters(each) for each in (before, after))
    yield from (f"no longer shown: {name}" for name in old if name not in new)
    yield from (f"new variant: {name}" for name in new if name not in old)
    yield from (f"reads differently: {name}" for name in new if name in old and old[name] != new[name])


def _chapters(sample: str) -> Mapping[str, str]:
    found = re.split(r"^## (.+)$", sample, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def _of_cases(before: str, after: str) -> Iterator[str]:
    try:
        old, new = ({each["name"]: each for each in yaml.load(text, LOADER)["cases"]} for text in (before, after))  # noqa: S506
    except (yaml.YAMLError, KeyError, TypeError):
        yield "cases"
        return
    if added := [name for name in new if name not in old]:
        yield _counted("new case", added)
    if gone := [name for name in old if name not in new]:
        yield _counted("case taken away", gone)
    yield from (f"case expects something else: {name}" for name in new if name in old and new[name] != old[name])
    if old == new:
        yield "cases: patient, day or background that all share"


def _counted(what: str, names: list[str]) -> str:
    return f"{what}: {names[0]}" + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")
