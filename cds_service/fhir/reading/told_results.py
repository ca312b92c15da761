"""Results of the laboratory that stand in the words of a report ("总钙 1.85 mmol/L ↓"). They are not read as values, since
words tell no range and no sample; where the results do not hold them either they are no absence."""

from __future__ import annotations

import re
from datetime import date

from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.terminology.codes import group_of

_VALUE = (
    r"(?: ?[(][a-z+,0-9. ]{1,12}[)])?(?:测定)? ?[:=]? ?[<>]? ?(\d{1,5}(?:\.\d{1,4})?)[ ↑↓]{0,3}"
    r"(?:[a-zμ]{0,4}mol|[a-zμ]{0,2}g|ml|i?u)\b"
)
_NAMES = {
    "calcium": r"血清?总?钙|总钙|(?<![a-z])(?:serum |total )?calcium",
    "creatinine": r"肌酐|(?<![a-z])creatinine",
    "egfr": r"肾小球滤过率|(?<![a-z])egfr",
    "vitamin-d": r"25[- ]?羟基?维生素d3?|25[- ]?\(oh\) ?d3?",
    "alp": r"碱性磷酸酶",
    "phosphate": r"无机磷|血磷",
    "pth": r"甲状旁腺激素|(?<![a-z])i?pth",
}
_RESULTS = {key: re.compile(f"(?a)(?:{names}){_VALUE}") for key, names in _NAMES.items()}


def note(source: str, text: str, when: date, facts: Facts) -> None:
    """Note which results the words of a report tell."""
    for key, pattern in _RESULTS.items():
        if (found := pattern.search(text)) is not None:
            facts.told_results.append((source, key, when, found[1]))


def settle(facts: Facts) -> None:
    """Set aside those of which the results hold none of that day or since. A report may repeat an older one."""
    for source, key, when, value in facts.told_results:
        held = [measured for measured, _ in facts.measured.get(key, ())]
        if not any(each.when >= when or _number(each.given) == float(value) for each in held):
            facts.put_aside(source, "result-unread", data=group_of(key), key=key, when=when)


def _number(given: str) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", given)
    return float(found[0]) if found else None
