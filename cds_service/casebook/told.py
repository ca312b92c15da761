"""The cases of a card as sentences, in chapters; those that differ in nothing but a number or a date are one.

What differs between them stands side by side: "creatinine 1.0 | 1.1 mg/dL". The chapters are those of the file; where it has
none, they follow from what the cases try: that it appears, both sides of a limit, that it is silent, what must not be offered,
what is said where data are missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.sources import LOADER
from cards.vocabulary import DRUGS, Name
from cds_service.casebook import chinese
from cds_service.casebook.cases import Case, defaults_of, of_file
from cds_service.casebook.requests import request
from cds_service.casebook.runs import answered, served, site_of, stands_apart
from cds_service.casebook.verdict import faults, key_of

ORDER = ("critical", "warning", "info", "other", "none")
"""What a case may come to: what the card says, something else of it ("other"), or that it is silent."""

DEMANDS = {
    "suggests": Name("offers exactly", "只提供"),
    "offers": Name("offers", "提供"),
    "drops": Name("must not offer", "不得提供"),
    "recommends": Name("recommends", "推荐"),
    "not-recommended": Name("must not recommend", "不得推荐"),
    "starts": Name("starts on", "开始日期"),
    "contains": Name("stands for", "代表卡片"),
    "says": Name("says", "英文文本须有"),
    "says-not": Name("must not say", "英文文本不得有"),
    "also": Name("other cards:", "其他卡片："),
}
"""What a case may expect beside an outcome, in words and in the order in which it is told."""

GIVEN = {
    "today": Name("on", "就诊日"),
    "patient": Name("", ""),
    "background": Name("", ""),
    "record": Name("", ""),
    "plus": Name("", ""),
    "draft": Name("order:", "医嘱："),
    "entered": Name("just recorded:", "刚录入："),
    "failed": Name("could not be retrieved:", "未能取得的数据："),
    "formulary": Name("the site has:", "本机构有："),
    "site": Name("the site has", "本机构"),
}
"""What makes the patient of a case, in words and in the order in which it is told."""

_CHOICES = {
    ("vitd_loading", "daily"): Name("no product of 50,000 units of vitamin D", "没有50,000 IU规格的维生素D"),
    ("vitd_loading", "weekly"): Name("a product of 50,000 units of vitamin D", "有50,000 IU规格的维生素D"),
}
"""What a site may choose, and what that says of it."""

_MEANS = {"discard": "removal of the draft", "mend": "a corrected draft", "none": "no card", "": "nothing"}

TRIES = ("fires", "limits", "silent", "danger", "missing")
"""What a chapter tries whose file has no headings, in the order in which they are read."""

_HEADING = re.compile(r"^ *# -+ (.+?) *-*$")
_DAY = r"\d{1,2} [A-Z][a-z]{2} \d{4}|\d{4}年\d{1,2}月\d{1,2}日|"
_VARIES = re.compile(_DAY + r"[^\s;()]*\d[^\s;()]*|\b(?:" + "|".join(sorted(DRUGS, key=len, reverse=True)) + r")\b")
"""A day, a number, whatever has a figure in it, a drug: what may be the only difference between two cases."""
_VARIES_ZH = re.compile(_DAY + r"[<>]?=?-?\d[\d.-]*|" + "|".join(sorted(chinese.drugs(), key=len, reverse=True)))

_NEAR, _MOST = 4, 6
"""How many lines further up a case may find its like, and how many one line may tell of."""


class Told(Struct, frozen=True):
    """A case as a sentence. ``given``: what its patient has beside what all of the file have; ``like``: the same without
    days, numbers and drugs, in English; ``outcome``: of ``ORDER``; ``expects``: all that it demands, in short."""

    number: int
    name: str
    given: str
    like: str
    hook: str
    outcome: str
    expects: str


class Line(Struct, frozen=True):
    """Cases whose patients differ in nothing but days, numbers or drugs: mostly the two sides of a limit. ``given`` tells of
    all of them, in their order."""

    cases: tuple[Told, ...]
    given: str


class Chapter(Struct, frozen=True):
    """Cases that belong together, in the order of the file: what fires stands beside what just does not. ``title``: of the
    file, "" where it has none; then ``tries``, of ``TRIES``, says what they have in common; ``outcomes``: how many of each."""

    title: str
    tries: str
    lines: tuple[Line, ...]
    outcomes: dict[str, int]


class Judged(Struct, frozen=True):
    """What the service says to a case now; ``faults``: what is not as the case expects it."""

    got: list[str]
    suggests: list[str]
    faults: list[str]


def chapters(card: Card, language: str = "en") -> list[Chapter]:
    """The cases of a card, all of them. Their names are English in either language; their patients and demands are not."""
    return [*_chapters(card.folder / "cases.yaml", language)]


@cache
def _chapters(path: Path, language: str) -> tuple[Chapter, ...]:
    """Told once: half of the time that a sheet takes."""
    told = [_told(number, case, defaults_of(path), language) for number, case in enumerate(of_file(path))]
    titles = headings(path.read_text("utf-8"))
    found: list[Chapter] = []
    for title, some in groupby(zip(titles, told, strict=True), key=lambda each: each[0]):
        some_lines = list(lines([each for _, each in some]))
        if title:
            found.append(_chapter(chinese.chapter(title) if language == "zh" else title, "", some_lines))
        else:
            kinds = {line: _tries(line, of_file(path)) for line in some_lines}
            found += [_chapter("", key, of) for key in TRIES if (of := [line for line in some_lines if kinds[line] == key])]
    return tuple(found)


def _chapter(title: str, tries: str, some: Sequence[Line]) -> Chapter:
    counted = Counter(each.outcome for line in some for each in line.cases)
    return Chapter(title, tries, tuple(some), {key: counted[key] for key in ORDER if counted[key]})


def _tries(line: Line, cases: Sequence[Case]) -> str:
    """What a line tries, the rarest first: that something is missing, a limit, silence, what must not be, that it appears."""
    mine = [cases[each.number] for each in line.cases]
    if any("failed" in case for case in mine):
        return "missing"
    if len({each.outcome for each in line.cases}) > 1:
        return "limits"
    if all(each.outcome == "none" for each in line.cases):
        return "silent"
    return "danger" if any(case.keys() & {"drops", "not-recommended"} for case in mine) else "fires"


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
        kind = (each.hook, each.like)
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
    >>> together(["医嘱：阿仑膦酸钠；肌酐 1.0 mg/dL", "医嘱：利塞膦酸钠；肌酐 1.1 mg/dL"])
    '医嘱：阿仑膦酸钠 | 利塞膦酸钠；肌酐 1.0 | 1.1 mg/dL'
    """
    parts = [text.split("；") for text in texts]
    if len({len(each) for each in parts}) > 1:
        return " | ".join(texts)
    return "；".join(_part(each) for each in zip(*parts, strict=True))


def _part(texts: Sequence[str]) -> str:
    varies = _VARIES_ZH if any("\u4e00" <= each <= "\u9fff" for each in texts[0]) else _VARIES
    if len(set(texts)) == 1:
        return texts[0]
    if len({varies.sub("#", text) for text in texts}) > 1:
        return " | ".join(texts)
    values = iter(list(each) for each in zip(*(varies.findall(text) for text in texts), strict=True))

    def all_of(_: re.Match[str]) -> str:
        some = next(values)
        return some[0] if len(set(some)) == 1 else " | ".join(some)

    return varies.sub(all_of, texts[0])


def in_words(case: Case, language: str) -> tuple[str, str]:
    """A case of which only its text is at hand, today's or an earlier one: its patient, and what it demands."""
    try:
        told = _told(0, case, {}, language)
    except (KeyError, ValueError):  # a word that no longer exists
        told = _told(0, case, {}, "en")
    outcome = str(case.get("expect", ""))
    outcome = chinese.named(outcome) if language == "zh" and outcome in ORDER else outcome
    return told.given, _between(language).join(filter(None, (outcome, told.expects)))


def patients(card: Card, language: str) -> dict[str, str]:
    """What the patient of each case has, by the name of the case."""
    return {**_patients(card.folder / "cases.yaml", language)}


@cache
def _patients(path: Path, language: str) -> Mapping[str, str]:
    return {each["name"]: _given(each, defaults_of(path), language) for each in of_file(path)}


def usual(card: Card, language: str = "en") -> str:
    """What the patients of its cases have, unless a case says otherwise."""
    return _given(defaults_of(card.folder / "cases.yaml"), {}, language)


@lru_cache(maxsize=4096)
def judged(code: str, number: int) -> Judged:
    """Run one case of a card, as written and in English. KeyError, IndexError where there is none."""
    case = of_file(all_cards()[code].folder / "cases.yaml")[number]
    evaluator, _ = served(site_of(case))
    given = answered(evaluator, request(case), case["today"], "en", apart=stands_apart(case))["cards"]
    mine = [each for each in given if each["source"]["topic"]["code"] == code]
    keys = [
        key_of(each) + ("*" if each.get("isRecommended") else "") for each in (mine[0].get("suggestions", []) if mine else [])
    ]
    return Judged([each["indicator"] for each in mine], keys, faults(case, given))


def _told(number: int, case: Case, defaults: Case, language: str) -> Told:
    expected = case.get("expect", "other")
    outcome = expected if isinstance(expected, str) and expected in ORDER else "other"
    joint = "" if language == "zh" else " "
    demands = [
        f"{words[language]}{joint}{_demanded(key, case[key], language)}" for key, words in DEMANDS.items() if key in case
    ]
    if isinstance(expected, list):
        demands.insert(0, " + ".join(chinese.named(each) if language == "zh" else each for each in expected))
    hook, like = case.get("hook", "patient-view"), _VARIES.sub("#", _given(case, defaults, "en"))
    return Told(number, case["name"], _given(case, defaults, language), like, hook, outcome, _between(language).join(demands))


def _given(case: Case, defaults: Case, language: str = "en") -> str:
    """Of a case, what its patient has beside the defaults.

    >>> _given({"patient": "male 70", "record": ["denosumab given 2026-01-01"], "draft": ["calcium"]}, {"patient": "female 72"})
    'male 70; denosumab given 2026-01-01; order: calcium'
    >>> _given({"patient": "male 70", "draft": ["calcium"]}, {}, "zh")
    '男，70岁；医嘱：钙剂'
    """
    keys = [key for key in GIVEN if case.get(key, []) != defaults.get(key, [])]
    told = ((GIVEN[key][language], _in_words(key, case[key], language)) for key in keys)
    joint = "" if language == "zh" else " "
    return _between(language).join(f"{words}{joint}{said}".strip() for words, said in told)


def _between(language: str) -> str:
    return "；" if language == "zh" else "; "


def _in_words(key: str, value: Any, language: str) -> str:
    if key == "site":
        return ("、" if language == "zh" else ", ").join(_CHOICES[choice][language] for choice in value.items())
    return _in_chinese(key, value) if language == "zh" else _listed(value)


def _in_chinese(key: str, value: Any) -> str:
    """What a case says under a key, in Chinese."""
    if key in ("today", "patient"):
        return chinese.patient(value) if key == "patient" else str(value)
    word = {"draft": chinese.draft, "formulary": chinese.named, "failed": chinese.data}.get(key, chinese.line)
    return ("；" if word == chinese.line else "、").join(_or_as_written(word, each) for each in value) or "无"


def _or_as_written(word: Callable[[str], str], line: str) -> str:
    """A name that nobody has written in Chinese yet leaves its line in English."""
    try:
        return word(line)
    except KeyError:
        return _listed(line)


def _listed(value: object) -> str:
    """As it is written, but for the notes of UCUM.

    >>> _listed(["Morse 50 {score} on 2026-05-01", "eGFR 30 mL/min/{1.73_m2} on 2026-05-01"])
    'Morse 50 on 2026-05-01; eGFR 30 mL/min/1.73 m² on 2026-05-01'
    """
    if isinstance(value, list):
        return "; ".join(map(_listed, value)) or "nothing"
    return re.sub(r" ?\{[^}]*\}", "", str(value).replace("{1.73_m2}", "1.73 m²"))


def _demanded(key: str, value: object, language: str = "en") -> str:
    """What a case demands, in words; in English keys of drugs and tests stay as they are.

    >>> _demanded("suggests", ["mend*", "ctx"]), _demanded("suggests", []), _demanded("recommends", "none")
    ('a corrected draft*, ctx', 'nothing', 'nothing')
    """
    between = "、" if language == "zh" else ", "
    if isinstance(value, Mapping):
        told = ((chinese.named(each) if language == "zh" else each, of) for each, of in value.items())
        return between.join(f"{each} {_demanded(key, of, language)}" for each, of in told)
    if isinstance(value, list):
        return between.join(_demanded(key, each, language) for each in value) or ("无" if language == "zh" else _MEANS[""])
    if key in ("says", "says-not"):
        return f"“{value}”" if language == "zh" else str(value)
    bare = str(value).removesuffix("*")
    if language == "zh":
        told_zh = str(value) if key == "starts" else "无" if key == "recommends" and bare == "none" else chinese.named(bare)
        return told_zh + str(value)[len(bare) :] * (key != "starts")
    return _MEANS.get("" if key == "recommends" and bare == "none" else bare, bare) + str(value)[len(bare) :]
