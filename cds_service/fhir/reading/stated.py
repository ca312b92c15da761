"""Problems that the words of a report tell, and that nobody may have entered in the problem list: what forbids a drug, or comes
before it. They are read as a coded conclusion is."""

from __future__ import annotations

import re
from datetime import date

from cards.chart import Problem
from cards.vocabulary import Data
from cds_service.fhir.phrases import LONGEST_REPORT, Mention, Verdict
from cds_service.fhir.reading.facts import Facts

FEMUR_SIGNS = frozenset({"femur-lesion", "atypical-femur-fracture"})
_BEFORE_ANY_DRUG = frozenset({"bone-metastasis", "myeloma", "bone-cancer", "osteonecrosis-jaw", "pregnancy"})
"""A report that suspects one of these leaves it open whether any drug for bone may be given."""
STATED = (
    FEMUR_SIGNS
    | _BEFORE_ANY_DRUG
    | {"venous-thromboembolism", "myocardial-infarction", "stroke", "esophageal-delay", "achalasia", "paget"}
)
_QUESTION = re.compile(
    r"(?a)(?:检查目的|申请目的|检查原因|申请诊断|临床诊断|临床印象|临床资料|病史|主诉"
    r"|\bindications?\b|\breason for (?:exam|study)\w*|\bclinical (?:history|information|indication|diagnosis)\b) ?:"
    r"[^。;\n]*?(?=所见|诊断意见|结论|印象|提示|findings|impression|[。;\n]|$)"
)
"""What the report was asked, which it repeats before it answers."""
_ASKED = re.compile(r"(?a)(?:评估|评价|了解|排查|\bevaluat\w+(?: for)?|\bassess\w*(?: for)?)[^,;。:]{0,6}$")
_BEFORE = 24
"""Characters before a name in which words may ask for it."""
_ENDS = frozenset({"pregnancy"})
"""What is over where a report calls it past, as a femur that has healed is."""


def problems(source: str, text: str, span: tuple[date, date | None], facts: Facts) -> bool:
    """Note what the words of a report tell for certain, and what they suspect. Whether they say anything certain of the
    femora."""
    if not text:
        return False
    by_key: dict[str, list[Mention]] = {}
    asked = [found.span() for found in _QUESTION.finditer(text)]
    for mention in facts.terminology.said("problem", text, LONGEST_REPORT):
        if mention.key in FEMUR_SIGNS or (mention.key in STATED and not _is_asked(mention, text, asked)):
            by_key.setdefault(mention.key, []).append(mention)
    for key, mentions in by_key.items():
        if any(m.is_present and not (m.past and key in _ENDS | FEMUR_SIGNS) for m in mentions):
            facts.problems.append(Problem(key, source, recorded=span[0], latest=span[1], from_text=True))
            facts.used(source, key, "from the report's text")
    _suspect(source, by_key, span[0], facts)
    return any(m.verdict is not Verdict.DOUBTFUL for key in FEMUR_SIGNS & by_key.keys() for m in by_key[key])


def _is_asked(mention: Mention, text: str, asked: list[tuple[int, int]]) -> bool:
    inside = any(first <= mention.at < last for first, last in asked)
    return inside or _ASKED.search(text[max(0, mention.at - _BEFORE) : mention.at]) is not None


def _suspect(source: str, by_key: dict[str, list[Mention]], when: date, facts: Facts) -> None:
    """What a report suspects and does not deny behind it."""
    if any(m.verdict is Verdict.DOUBTFUL for key in FEMUR_SIGNS & by_key.keys() for m in by_key[key]):
        facts.put_aside(source, "doubtful", key="femur-lesion", when=when)
    for key in sorted(_BEFORE_ANY_DRUG & by_key.keys()):
        if by_key[key][-1].verdict is Verdict.DOUBTFUL and not any(m.is_present for m in by_key[key]):
            facts.put_aside(source, "doubtful", data=Data.CONDITIONS, key=key, when=when)
