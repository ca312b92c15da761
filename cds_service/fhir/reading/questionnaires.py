"""Answers of questionnaires that stand for a number: how often in two weeks (PHQ-9), how many falls."""

from __future__ import annotations

import re

from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import elements
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.units import Value

_CODED = {  # LOINC answers of the PHQ-9
    "LA6568-5": 0.0,
    "LA6569-3": 1.0,
    "LA6570-1": 2.0,
    "LA6571-9": 3.0,
}
_HOW_OFTEN = (
    (0.0, re.compile(r"not at all|完全不会|完全没有|从不|没有|^无$")),
    (2.0, re.compile(r"half|一半以上|半数以上|超过一半")),
    (3.0, re.compile(r"nearly every|almost every|几乎每天|近乎每天")),
    (1.0, re.compile(r"several days|好几天|几天|有时")),
)
_HOW_MANY = (
    ("", 0.0, re.compile(r"(?a)^no\b|\bnone\b|\bnever\b|\bno falls?\b|^0$|未跌倒|没有|^无|^否")),
    (">=", 2.0, re.compile(r"(?a)(?:\b2|two) or more|\bmultiple\b|>= ?2|≥ ?2|多次|反复|2次及以上|两次及以上|2次以上|两次以上")),
    ("", 1.0, re.compile(r"(?a)^(?:1|one)\b(?! or)|\b(?:1|one) fall\b|1次|一次")),
    (">=", 1.0, re.compile(r"(?a)^yes\b|(?:\b1|one) or more|^是|^有")),
)


def answer(key: str, concept: elements.Concept) -> Value | str:
    """The number that an answer stands for; "unreadable" where it is none that is known.

    >>> answer("phq9-item9", elements.Concept((elements.Coding("http://loinc.org", "LA6569-3"),))).value
    1.0
    >>> answer("falls", elements.Concept(text="Yes")).comparator, answer("falls", elements.Concept(text="maybe"))
    ('>=', 'unreadable')
    """
    said = wording(concept)
    if key == "phq9-item9":
        codes = {number for c in elements.codings(concept) if (number := _CODED.get(c.code or "")) is not None}
        found = codes or {number for number, pattern in _HOW_OFTEN if pattern.search(fold(said))}
        return Value(found.pop(), given=said) if len(found) == 1 else "unreadable"
    if key == "falls":
        first = next(((c, n) for c, n, pattern in _HOW_MANY if pattern.search(fold(said))), None)
        return Value(first[1], first[0], said) if first else "unreadable"
    return "no-value"
