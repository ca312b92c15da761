"""The ValueSets are exactly the codes that the reader knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from cards.vocabulary import Data
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.terminology.codes import load
from cds_service.fhir.terminology.rows import shipped
from cds_service.fhir.terminology.systems import CLASSIFICATIONS, URIS
from cds_service.package.icd import holes
from cds_service.package.value_sets import id_of, value_sets
from fhir_fixtures.prefetch import templates
from tests.package.members import Holds, holds, of_system

Json = dict[str, Any]
KINDS = ("observation", "drug", "condition", "service")
LONGER = ("0", "1", "9", "9A", "X", "00x001")
"""What may follow the beginning of a code of a classification."""


@cache
def sets() -> dict[str, Json]:
    return {f"{each['url']}|{each['version']}": each for each in value_sets()}


@cache
def of_kind(kind: str) -> list[Json]:
    """The ValueSets of one meaning each."""
    return [each for each in sets().values() if each["id"].startswith(f"{kind}-") and each["id"] != "condition-fracture"]


def read(kind: str, system: str, code: str) -> set[str]:
    """The ids of what the reader takes a code for."""
    coding = Coding(system, code)
    if kind == "observation":
        return {id_of(kind, each.key) for each in load().observation(Concept((coding,)))}
    if kind == "drug":
        return {id_of(kind, key) for product in load().drug(Concept((coding,))) for key in product.keys}
    if kind == "service":
        return {id_of(kind, key) for key in load().service(Concept((coding,)))}
    told = load().condition(coding)
    if told is None:
        return set()
    keys = {f"fracture-{told.site}" if key == "fracture" else key for key in told.keys} or {"-"}
    return {id_of(kind, key + ("-by-wording" if told.wording else "")) for key in keys}


def candidates(kind: str) -> Iterator[tuple[str, str]]:
    """System and code: every row as it is, longer, shorter, with its dot, and under the system of another."""
    for row in shipped():
        if row["kind"] != kind:
            continue
        system, code = URIS.get(row["system"], row["system"]), row["code"]
        yield system, code
        yield system, code[:-1]
        yield "http://example.org/other", code
        yield from ((URIS[other], code) for other in ("snomed", "loinc", "icd10", "icd10cm") if other != row["system"])
        if row["system"] in CLASSIFICATIONS:
            plain = code.replace(".", "")
            yield from ((system, plain + more) for more in LONGER)
            at = dot(kind, row["system"], plain)
            yield from (
                (system, f"{whole[:at]}.{whole[at:]}") for whole in (plain + each for each in LONGER) if at < len(whole)
            )


def dot(kind: str, family: str, code: str) -> int:
    """Where the dot of a code stands, as its system prints it; none: behind its end."""
    if family == "icd9":
        return 2 if kind == "service" else 4 if code.startswith("E") else 3
    return {"icd10": 3, "icd10cm": 3, "icd11": 4, "icd10pcs": 99}[family]


def wrong(kind: str, codes: Iterable[tuple[str, str]]) -> list[str]:
    found = []
    for system, code in sorted(set(codes)):
        held = {name for name, holds_it in _of_system(kind, system).items() if holds_it(code)}
        if code and held != read(kind, system, code):
            found.append(f"{system}|{code}: in {sorted(held)}, read as {sorted(read(kind, system, code))}")
    return found


@cache
def _of_system(kind: str, system: str) -> dict[str, Holds]:
    """By the id of a ValueSet, which codes of a system it holds."""
    return {each["id"]: of_system(each, system, sets()) for each in of_kind(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_is_in_the_sets_of_what_it_is_read_as_and_in_no_other(kind: str) -> None:
    assert wrong(kind, candidates(kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_code_of_a_set_is_read_as_what_the_set_says(kind: str) -> None:
    listed = [
        (each["id"], part["system"], code["code"])
        for each in of_kind(kind)
        for part in each["compose"]["include"]
        for code in part.get("concept", ())
    ]
    assert [(name, code) for name, system, code in listed if name not in read(kind, system, code)] == []
    assert listed


def test_a_code_left_out_or_put_in_is_found() -> None:
    (cancer,) = (each for each in of_kind("condition") if each["id"] == "condition-cancer")
    assert "exclude" in cancer["compose"]
    assert holds(cancer, URIS["icd10"], "C34.1", {})
    assert not holds(cancer, URIS["icd10"], "C40.0", {}), "bone has a set of its own"
    widened = cancer | {"compose": {"include": cancer["compose"]["include"]}}
    assert holds(widened, URIS["icd10"], "C40.0", {})


def test_the_sets_of_a_group_are_what_its_prefetch_asks_for() -> None:
    codes = load().observation_codes()
    for data, asked in codes.items():
        together = next(each for each in sets().values() if each["id"] == f"data-{data}")
        parts = together["compose"]["include"]
        listed = {
            f"{inner['system']}|{code['code']}"
            for part in parts
            for inner in sets()[part["valueSet"][0]]["compose"]["include"]
            for code in inner["concept"]
        }
        assert listed == set(asked), data
    assert {each["id"] for each in sets().values() if each["id"].startswith("data-")} == {f"data-{data}" for data in codes}
    assert Data.BONE_DENSITY in codes
    assert "boneDensity" in templates("patient-view")


def test_a_row_below_one_of_another_meaning_cannot_be_told_and_is_refused() -> None:
    rows = {"C": {"cancer"}, "C40": {"bone-cancer"}, "C401": {"cancer"}}
    with pytest.raises(ValueError, match="C401"):
        holes({"C", "C401"}, rows, "cancer")
