"""What a report tells of that a work-up excludes: a tumor of bone, a focus in a bone scan, a monoclonal protein."""

from __future__ import annotations

import re
from datetime import date

from msgspec.structs import replace

from cards.chart import Problem
from cds_service.fhir.phrases import LONGEST_REPORT, fold
from cds_service.fhir.phrases.denial import tells
from cds_service.fhir.reading.facts import Facts

PROTEIN = frozenset({"electrophoresis", "immunofixation", "bence-jones"})
IMAGES = frozenset({"spine-mri", "spine-ct", "bone-scan"})
BAND = "monoclonal-band"
"""The problem that a report of proteins tells of."""
_BANDS = re.compile(
    r"(?a)\bmonoclonal\b(?! antibod)|\bparaprotein|\bm[- ]?(?:protein|spike|band|component|peak)s?\b|\bgammopath"
    r"|\bbence[- ]jones proteins?\b|(?<!非)单克隆|m[- ]?(?:蛋白|带|峰|成分)|本周蛋白"
)
_TUMOR = (
    r"(?a)\btumou?r|\bmetasta|\bmalignan|\bneoplas|\bmyeloma|\b(?:osteo)?(?:lytic|blastic)\b|\blesions?\b|\bmass(?:es)?\b|\binfiltrat|\bsuspicio"
    r"|\bmarrow replac|\bpathologic(?:al)? fracture|肿瘤|转移|恶性|占位|骨髓瘤|病灶|病变|骨质破坏|溶骨|肿块"
    r"|浸润|可疑|病理性骨折"
)
_TUMORS = re.compile(_TUMOR)
_FOCI = re.compile(rf"{_TUMOR}|\bfoc(?:us|i|al)\b|\buptake\b|\bactivity\b|浓聚|聚集|缺损|活跃|增高|摄取")
_UNCLEAR = re.compile(
    r"(?a)\bmarrow\b(?! o?edema)|\babnormal|\bindeterminate\b|\bdiffuse|\bsoft[- ]tissue|\bepidural\b|\bpedicle|\benhanc"
    r"|\bexclude|信号|骨髓(?!水肿)|异常|软组织|性质|待定|待排|除外|成骨|强化"
)
"""What may be a tumor though the report names none."""
_HINTS = re.compile(r"(?a)\bbands?\b|\brestrict|\babnormal|\bpositive\b|\bkappa\b|\blambda\b|条带|异常|阳性|不正常|\(\+\)|[κλ]")
"""What may be a monoclonal protein though the result names none."""
_NEGATIVE = re.compile(
    r"(?a)\bnegative\b|\bunremarkable\b|(?<!not )\bnormal\b(?! range)|\bno (?:significant )?abnormalit"
    r"|\bnot detected\b|\bnone\b|阴性|未见(?:明显)?异常|(?<!不)正常|未检出|\(-\)"
)


def conclude(source: str, facts: Facts, first: int, text: str, span: tuple[date, date | None], *, read: bool = False) -> None:
    """Note of the services from ``first`` on what the text tells of that they exclude; a monoclonal protein is a problem."""
    if not text or len(text) >= LONGEST_REPORT:
        return
    for at, service in enumerate(facts.services[first:], start=first):
        facts.services[at] = replace(service, tells=_excluded(service.key, text, read=read))
    if any(service.tells and service.key in PROTEIN for service in facts.services[first:]):
        facts.problems.append(Problem(BAND, source, recorded=span[0], latest=span[1]))
        facts.used(source, BAND, "from the report's text")


def denied(text: str) -> bool:
    """Whether the words of a result say that there is no monoclonal protein."""
    return _excluded("electrophoresis", text, read=False) is False


def _excluded(key: str, text: str, *, read: bool) -> bool | None:
    """What the report of one service tells of a tumor (a focus) or of a monoclonal protein: True that there is one, False that
    there is none, None where neither can be relied on. ``read``: an image's report was understood for what it shows of the
    bones, so that it denies a tumor that it does not name."""
    words = fold(text, LONGEST_REPORT)
    if key in PROTEIN:
        found = tells(words, _BANDS)
        silent = found is None and not _BANDS.search(words) and _denies(words, _HINTS)
        return False if silent and _NEGATIVE.search(words) else found
    if key not in IMAGES:
        return None
    sought = _FOCI if key == "bone-scan" else _TUMORS
    found = tells(words, sought)
    return False if found is None and read and not sought.search(words) and _denies(words, _UNCLEAR) else found


def _denies(words: str, doubt: re.Pattern[str]) -> bool:
    """Whether the words raise none of these doubts, or deny each."""
    return not doubt.search(words) or tells(words, doubt) is False
