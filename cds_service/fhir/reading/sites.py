"""Where bone density was measured."""

from __future__ import annotations

import re

from cards.vocabulary import Site
from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.terminology.codes import Meaning

WITH_SITE = frozenset({"t-score", "z-score", "bmd"})
_FEMORAL_NECK_CODE = "29627003"

_NECK = re.compile(r"(?a)femoral neck|neck of (the )?femur|\bneck\b|股骨颈")
_TOTAL = re.compile(r"(?a)\btotal\b|全髋|髋部总|总髋|全部髋")
_PART_OF_HIP = re.compile(r"trochant|ward|intertro|粗隆|转子|沃德")
_THIRD = re.compile(r"(?a)\b1/3|\bone[- ]third|\b33 ?%|\bdistal third|三分之一|33％")
_FOREARM = re.compile(r"radius|radial|ulna|forearm|wrist|桡骨|尺骨|前臂|腕")
_LUMBAR = re.compile(r"(?a)lumbar|\bspine\b|\bl[1-4] ?[-–~至到] ?l?[2-4]\b|腰椎|腰 ?[1-4]|脊柱")
_HIP = re.compile(r"(?a)\bhip\b|髋")
_FEMUR = re.compile(r"femur|femoral|股骨")
_HEEL = re.compile(r"(?a)heel|calcane|ultraso|\bqus\b|跟骨|超声")


def site_of(meaning: Meaning, found: wire.Observation, code: elements.Concept | None) -> Site:
    """Where bone density was measured (card specification, "lowest T"): the code, refined by body site, method and text."""
    where = fold(elements.texts((wording(found.body_site), wording(found.method))))
    label = fold(wording(code))
    if any(c.code == _FEMORAL_NECK_CODE for c in elements.codings(found.body_site)):
        where += " femoral neck"
    text = f"{where} {label}"
    if meaning.site == "forearm":
        return _radius(where, label)
    if meaning.site in ("hip", "femur"):
        return _proximal_femur(text, Site.TOTAL_HIP if meaning.site == "hip" else Site.FEMUR)
    if meaning.site:
        return Site(meaning.site)
    return _by_text(text)


def _radius(where: str, label: str) -> Site:
    if _THIRD.search(where) or _THIRD.search(label):
        return Site.DISTAL_RADIUS
    names_site = any(p.search(label) for p in (_FOREARM, _LUMBAR, _HIP, _FEMUR, _HEEL))
    return Site.FOREARM if where.strip() or not label.strip() or names_site else Site.DISTAL_RADIUS


def _proximal_femur(text: str, otherwise: Site) -> Site:
    if _NECK.search(text):
        return Site.FEMORAL_NECK
    if _TOTAL.search(text):
        return Site.TOTAL_HIP
    return Site.HIP_REGION if _PART_OF_HIP.search(text) else otherwise


def _by_text(text: str) -> Site:
    if _HEEL.search(text):
        return Site.HEEL
    if _FOREARM.search(text) or _THIRD.search(text):
        return Site.DISTAL_RADIUS if _THIRD.search(text) else Site.FOREARM
    if _HIP.search(text):
        return _proximal_femur(text, Site.TOTAL_HIP)
    if _FEMUR.search(text):
        return _proximal_femur(text, Site.FEMUR)
    return Site.LUMBAR_SPINE if _LUMBAR.search(text) else Site.UNNAMED
