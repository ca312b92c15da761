"""What differs between two states of the medicine: in sentences for a changelog, and line beside line for a reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Literal

import yaml
from msgspec import Struct

from cards.engine.sources import LOADER
from cards.vocabulary import Name
from cds_service.content.canon import PARTS, Content, Parts

Say = Callable[..., str]
"""A phrase by its key, in the language of the reader."""

CONTEXT = 3
"""Unchanged lines that are kept around changed ones."""

_LINE = {
    "doses": re.compile(r"^(?P<key>\S+) = (?P<value>.*?) \[(?P<rest>.*)$"),
    "numbers": re.compile(r"^(?P<key>\S+) = (?P<value>.*?) \[(?P<rest>.*)$"),
    "recommendations": re.compile(r"^(?P<key>\S+) \((?P<value>[^)]*)\): (?P<rest>.*)$"),
    "declared": re.compile(r"^(?P<key>\S+) = (?P<value>.*)$"),
    "definitions": re.compile(r"^(?P<key>[^:]+): (?P<value>.*)$"),
}
_PARTS = {
    "rule-words": Name("when and when not: the words of the rule", "何时出现、何时不出现：规则文字"),
    "rule-zh": Name("when and when not, in Chinese", "何时出现、何时不出现（中文）"),
    "en": Name("English text", "英文文本"),
    "zh": Name("Chinese text", "中文文本"),
    "rule": Name("rule (code)", "规则（代码）"),
    "definitions": Name("words of shared definitions", "共用定义的文字"),
    "cases": Name("cases", "病例"),
}
_KINDS = {
    "doses": Name("dose {}", "剂量{}"),
    "numbers": Name("number {}", "数值{}"),
    "recommendations": Name("recommendation {}", "推荐意见{}"),
    "declared": Name("card.toml, {}", "card.toml中的{}"),
}
_SAID = {
    "unused": Name("no longer used", "不再使用"),
    "away": Name("taken away", "已删除"),
    "new": Name("new ({})", "新增（{}）"),
    "told": Name("what is told of it", "说明有改动"),
    "order": Name("other order", "顺序有改动"),
    "not shown": Name("no longer shown: {}", "不再出现：{}"),
    "new variant": Name("new variant: {}", "新变体：{}"),
    "reads": Name("reads differently: {}", "文字有改动：{}"),
    "new case": Name("new case: {}", "新病例：{}"),
    "case gone": Name("case taken away: {}", "已删除的病例：{}"),
    "more": Name(" (and {} more)", "（另有{}例）"),
    "expects": Name("case expects something else: {}", "病例的预期有改动：{}"),
    "background": Name("cases: patient, day or background that all share", "病例：共同的患者、就诊日或背景"),
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


def differences(before: Parts, after: Parts, language: str = "en") -> Iterator[str]:
    """What differs in a card, one sentence each. Names of variants and cases are English in either language."""

    def say(key: str, *values: object) -> str:
        return _SAID[key][language].format(*values)

    for part in PARTS:
        old, new = before.get(part, ""), after.get(part, "")
        if old == new:
            continue
        if part in _KINDS:
            yield from _of_lines(part, old, new, _KINDS[part][language].format, say)
        elif part == "rendered":
            yield from _of_variants(old, new, say)
        elif part == "cases":
            yield from _of_cases(old, new, say) or [_PARTS[part][language]]
        else:
            yield _PARTS[part][language]


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


def _of_lines(part: str, before: str, after: str, name: Callable[[str], str], say: Say) -> Iterator[str]:
    old, new = keyed(part, before), keyed(part, after)
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield f"{name(key)}: {_moved_line(part, old.get(key), new.get(key), say)}"


def _moved_line(part: str, old: tuple[str, str] | None, new: tuple[str, str] | None, say: Say) -> str:
    if new is None:
        return say("unused" if part != "declared" else "away")
    if old is None:
        return say("new", new[0]) if part != "declared" else new[0]
    if old[0] == new[0]:
        return say("told")
    return _moved(old[0], new[0], say) if part == "declared" else f"{old[0]} → {new[0]}"


def _moved(before: str, after: str, say: Say) -> str:
    """How a value of card.toml changed; of a list, what came and what went."""
    old, new = json.loads(before), json.loads(after)
    if not (isinstance(old, list) and isinstance(new, list) and all(isinstance(each, str) for each in (*old, *new))):
        return f"{before} → {after}"
    told = [f"+{each}" for each in new if each not in old] + [f"-{each}" for each in old if each not in new]
    return " ".join(told) or say("order")


def _of_variants(before: str, after: str, say: Say) -> Iterator[str]:
    old, new = (_chapters(each) for each in (before, after))
    yield from (say("not shown", name) for name in old if name not in new)
    yield from (say("new variant", name) for name in new if name not in old)
    yield from (say("reads", name) for name in new if name in old and old[name] != new[name])


def _chapters(sample: str) -> Mapping[str, str]:
    found = re.split(r"^## (.+)$", sample, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def _of_cases(before: str, after: str, say: Say) -> list[str]:
    """Nothing where either cannot be read."""
    try:
        old, new = ({each["name"]: each for each in yaml.load(text, LOADER)["cases"]} for text in (before, after))  # noqa: S506
    except (yaml.YAMLError, KeyError, TypeError):
        return []
    told = []
    for key, some in (
        ("new case", [name for name in new if name not in old]),
        ("case gone", [name for name in old if name not in new]),
    ):
        if some:
            told.append(say(key, some[0]) + (say("more", len(some) - 1) if len(some) > 1 else ""))
    told += [say("expects", name) for name in new if name in old and new[name] != old[name]]
    return [*told, say("background")] if old == new else told
