"""How well the terminology knows the codes of public value sets: each code with its display, and what it must mean.

The value sets lie outside the project and are not copied into it: where they are absent there is nothing to measure.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.reading.kin import tells_of_parent
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.services import services_of

FILE = Path(__file__).parents[3] / "shared" / "data" / "valuesets.tsv"

_SPINE = frozenset({"vertebral-imaging", "spine-mri", "spine-ct"})
_KEYS: Mapping[str, frozenset[str]] = {
    "Cushing syndrome": frozenset({"cushing"}),
    "androgen deprivation": frozenset({"gnrh"}),
    "ankylosing spondylitis": frozenset({"ankylosing-spondylitis"}),
    "aromatase inhibitor": frozenset({"aromatase-inhibitor"}),
    "bilateral oophorectomy": frozenset({"oophorectomy"}),
    "bone densitometry (not heel only)": frozenset({"dxa"}),
    "creatinine (some are dialysis or arterial specimens: may be left out)": frozenset({"creatinine"}),
    "early menopause": frozenset({"early-menopause"}),
    "estrogen": frozenset({"hormone-therapy"}),
    "family history: hip fracture of a parent": frozenset({"parental-hip-fracture"}),
    "fracture of pelvis, femur or lower leg (not stress, not neoplastic)": frozenset({"fracture"}),
    "gastric bypass": frozenset({"gastric-bypass"}),
    "hip arthroplasty": frozenset({"hip-replacement"}),
    "hospice": frozenset({"palliative-care"}),
    "kidney failure, below 15": frozenset({"ckd-5"}),
    "kidney transplant": frozenset({"kidney-transplant"}),
    "low bone mass": frozenset({"osteopenia"}),
    "osteoporosis+fracture": frozenset({"osteoporosis", "fracture"}),
    "palliative care": frozenset({"palliative-care"}),
    "palliative or hospice care": frozenset({"palliative-care"}),
    "systemic glucocorticoid": frozenset({"glucocorticoid"}),
    "warfarin": frozenset({"warfarin"}),
}
"""What must be read where the meaning is not spelled as our key is."""
_FINER: Mapping[str, frozenset[str]] = {
    "hyperparathyroidism": frozenset({"secondary-hyperparathyroidism"}),
    "stroke": frozenset({"transient-ischemic-attack"}),
}
"""What is told apart in keys of their own and the sets throw together: not wrong, though not what the set says."""
_NOT: Mapping[str, frozenset[str]] = {
    "NOT diabetes (gestational)": frozenset({"diabetes"}),
    "NOT imaging of the spine (surgery)": _SPINE,
    "NOT osteoporosis (localized, transient, disuse, jaw)": frozenset({"osteoporosis"}),
}


class Row(Struct, frozen=True):
    """One code of a value set."""

    meaning: str
    resource: str
    system: str
    code: str
    display: str

    @property
    def wanted(self) -> frozenset[str]:
        """Keys that must all be read; empty where the row says what it must not be."""
        if self.meaning in _NOT:
            return frozenset()
        return _KEYS.get(self.meaning) or frozenset({self.meaning.replace(" ", "-")})


class Count(Struct):
    """Of the codes of one meaning: how many there are, are read with code and display, by code alone, and as something else."""

    codes: int = 0
    read: int = 0
    by_code: int = 0
    wrong: int = 0


def rows() -> Iterator[Row]:
    """The rows of the value sets."""
    for row in csv.DictReader(FILE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        yield Row(row["meaning"], row["resource"], row["system"], row["code"], row["display"])


def _as_condition(concept: Concept) -> set[str]:
    said = understand(concept, TERMINOLOGY)
    return {*said.problems, *(["fracture"] if said.fractures else [])}


def _as_act(concept: Concept) -> set[str]:
    return set(services_of(TERMINOLOGY, concept))


def _as_medication(concept: Concept) -> set[str]:
    drugs = identify(concept, TERMINOLOGY).drugs
    return {key for drug in drugs for key in (str(drug.mechanism), drug.ingredient)}


def _as_observation(concept: Concept) -> set[str]:
    parental = {"parental-hip-fracture"} if tells_of_parent(concept, TERMINOLOGY) else set()
    return {meaning.key for meaning in TERMINOLOGY.observation(concept)} | parental


READERS: Mapping[str, Callable[[Concept], set[str]]] = {
    "Condition": _as_condition,
    "Procedure": _as_act,
    "ServiceRequest": _as_act,
    "MedicationRequest": _as_medication,
    "Observation": _as_observation,
}


def read(row: Row, *, display: bool = True) -> set[str]:
    """What the reader makes of a code, in keys."""
    return READERS[row.resource](Concept((Coding(row.system, row.code, row.display if display else None),)))


def is_read(row: Row, found: set[str]) -> bool:
    """Whether it is what the row must be."""
    return not found & _NOT[row.meaning] if row.meaning in _NOT else found >= row.wanted


def is_wrong(row: Row, found: set[str]) -> bool:
    """Whether it is taken for something that it is not: what it must not be, or another thing of ours instead."""
    if row.meaning in _NOT:
        return bool(found & _NOT[row.meaning])
    return bool(found) and not found & (row.wanted | _FINER.get(row.meaning, frozenset()))


def counted() -> dict[str, Count]:
    """The counts by meaning."""
    counts: dict[str, Count] = {}
    for row in rows():
        count, found = counts.setdefault(row.meaning, Count()), read(row)
        count.codes += 1
        count.read += is_read(row, found)
        count.by_code += is_read(row, read(row, display=False))
        count.wrong += is_wrong(row, found)
    return counts
