"""Which operations keep a patient from walking: those of bones that carry the body, not of an arm, a face or a toe."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cds_service.fhir.phrases import fold

MAJOR = "major-surgery"
_OF_BONE = re.compile(r"(?a)\borif\b|fixation|osteotomy|内固定|截骨")
"""What is done to any bone, and tells by itself nothing of how long somebody lies."""
_CARRIES_NOTHING = re.compile(
    r"(?a)\bwrist|\bradi(?:us|al)\b|\buln|\bforearm|\bhand\b|\bmetacarp|\bfinger|\bthumb|\bphalan|\belbow|\bolecran|\bhumer"
    r"|\bclavic|\bscapul|\bshoulder|\btoes?\b|\bmetatars|\bhallux|\bmandib|\bmaxill|\bzygom|\bjaw\b|\borbit|\bnasal\b"
    r"|桡骨|尺骨|腕|前臂|掌骨|指骨|手指|拇指|手部|肘|鹰嘴|肱骨|锁骨|肩|趾|跖骨|拇外翻|颌|颧|眶|鼻骨"
)
_CARRIES = re.compile(
    r"(?a)\bhip\b|\bfemor|\bfemur|\btibia|\bfibul|\bpelvi|\bacetab|\bknee|\bankle|\bcalcane|\bspin|\bvertebr|\blumbar|\bthorac"
    r"|股骨|髋|骨盆|髂|胫|腓|膝|踝|跟骨|脊|椎"
)


def of_bones_that_carry(keys: tuple[str, ...], *said: Iterable[str]) -> tuple[str, ...]:
    """Without a major operation whose words, or sites, say that only bones were operated on that one walks without.

    >>> of_bones_that_carry((MAJOR,), ["ORIF of the wrist"]), of_bones_that_carry((MAJOR,), ["ORIF of wrist and ankle"])
    ((), ('major-surgery',))
    """
    if MAJOR not in keys:
        return keys
    words = fold(" ".join(each for some in said for each in some))
    spares = _OF_BONE.search(words) and _CARRIES_NOTHING.search(words) and not _CARRIES.search(words)
    return tuple(key for key in keys if key != MAJOR) if spares else keys
