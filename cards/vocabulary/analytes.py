"""What is measured (``analytes.tsv``), and the sites at which bone density is measured (``bone-density-sites.tsv``)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from cards.vocabulary.groups import Data
from cards.vocabulary.names import Name
from cards.vocabulary.tables import Row, VocabularyError, read, rows


class Analyte(Struct, frozen=True):
    """Something that is measured. ``unit`` is the one the rules use; a value outside ``low``-``high`` is implausible."""

    key: str
    name: Name
    unit: str
    group: Data
    low: float
    high: float
    digits: int = 1


class Site(StrEnum):
    """Where bone density was measured; UNNAMED is a T-score with no site anywhere."""

    LUMBAR_SPINE = "lumbar-spine"
    FEMORAL_NECK = "femoral-neck"
    TOTAL_HIP = "total-hip"
    DISTAL_RADIUS = "distal-radius"
    UNNAMED = "unnamed"
    FOREARM = "forearm"
    FEMUR = "femur"
    HIP_REGION = "hip-region"
    HEEL = "heel"


def analytes(text: str) -> dict[str, Analyte]:
    """What is measured, by key, from the text of analytes.tsv."""
    found = rows("analytes.tsv", text, "unit", "group", "low", "high", "digits")
    return {key: _analyte(row) for key, row in found.items()}


def _analyte(row: Row) -> Analyte:
    low, high = row.number("low"), row.number("high")
    if low >= high:
        raise row.error(f"low ({low:g}) is not below high ({high:g})")
    digits = row.whole("digits", least=0)
    return Analyte(row.key, row.name, row.optional("unit"), row.member("group", Data), low, high, digits)


def sites(text: str) -> dict[Site, tuple[Name, bool, bool]]:
    """The sites of bone density from the text of bone-density-sites.tsv: name, whether it diagnoses, whether it is the hip."""
    found = rows("bone-density-sites.tsv", text, "diagnostic", "hip")
    known = {row.member("key", Site): (row.name, row.flag("diagnostic"), row.flag("hip")) for row in found.values()}
    if missing := [each.value for each in Site if each not in known]:
        raise VocabularyError(f"bone-density-sites.tsv lacks {', '.join(missing)}, which rules speak of.")
    return known


ANALYTES: dict[str, Analyte] = analytes(read("analytes.tsv"))

_SITES = sites(read("bone-density-sites.tsv"))
SITE_NAMES: dict[Site, Name] = {site: name for site, (name, _, _) in _SITES.items()}
DIAGNOSTIC_SITES = frozenset(site for site, (_, diagnostic, _) in _SITES.items() if diagnostic)
HIP_SITES = frozenset(site for site, (_, _, hip) in _SITES.items() if hip)
