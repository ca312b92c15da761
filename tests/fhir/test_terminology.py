"""Every row of the terminology tables, read as a record would hold it; every unit against UCUM."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark.exceptions import LarkError
from pint.errors import UndefinedUnitError
from ucumvert import PintUcumRegistry

from cards.vocabulary import ANALYTES, DRUGS, PROBLEMS, READ_BY, Mechanism, Site
from cards.vocabulary.problems import read_by
from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import units
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import Coding, Concept, Quantity
from cds_service.fhir.reading.ledger import NOT_UNDERSTOOD, why_unread_drug
from cds_service.fhir.reading.read import TERMINOLOGY, read
from cds_service.fhir.reading.services import services_of
from cds_service.fhir.terminology import rows as tables
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.systems import LOCAL_SYSTEM
from tests.fhir.conftest import (
    CM,
    LOINC,
    SNOMED,
    TODAY,
    WHO,
    ZONE,
    Reader,
    bundle,
    concept,
    medication,
    not_as_told,
    observation,
    patient,
)

URIS = {
    "loinc": LOINC,
    "snomed": SNOMED,
    "icd10": WHO,
    "icd10cm": CM,
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "icd9": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd11": "http://id.who.int/icd/release/11/mms",
    "atc": "http://www.whocc.no/atc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes",
    "local": LOCAL_SYSTEM,
}


def rows(name: str) -> list[dict[str, str]]:
    text = files("cds_service.fhir.terminology").joinpath(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def each_holds(check: Callable[..., None], table: list[dict[str, str]]) -> None:
    assert len(table) > 20
    assert not_as_told(check, table) == []


# -- codes ------------------------------------------------------------------------------------------------------------


def test_codes_of_observations(chart_of: Reader) -> None:
    def check(row: dict[str, str]) -> None:
        analyte = ANALYTES[row["key"]]
        value = min(max(25.0, analyte.low), analyte.high)
        found = observation(row["code"], value, analyte.unit, code=concept(URIS[row["system"]], row["code"]))
        chart, _ = chart_of(found)
        measured = chart.newest(analyte.key)
        assert measured is not None
        assert measured.value == value
        sites = {"hip": Site.TOTAL_HIP}
        if row["site"]:
            assert measured.site is sites.get(row["site"], measured.site)
            assert row["site"] in sites or measured.site == row["site"]

    each_holds(check, [row for row in rows("observations.tsv") if row["key"] in ANALYTES])


def code_of_drug(row: dict[str, str]) -> None:
    medicine = Concept((Coding(URIS[row["system"]], row["code"]),))
    keys = row["key"].split("+")
    if row["key"] in list(Mechanism):
        assert TERMINOLOGY.drug(medicine)[0].keys == (row["key"],)
        return
    expected = {DRUGS[key].ingredient for key in keys if key in DRUGS}
    assert {drug.ingredient for drug in identify(medicine, TERMINOLOGY).drugs} == expected


def test_codes_of_drugs() -> None:
    each_holds(code_of_drug, rows("drugs.tsv"))


WITHOUT_ATC = {"minodronate", "eldecalcitol", "esterified-estrogens", "bone-patent-medicine"}
"""Drugs that the index of 2026 does not have."""


def test_every_drug_is_known_by_an_atc_code_of_its_own() -> None:
    fifth_level = [row["key"] for row in rows("drugs.tsv") if row["system"] == "atc" and len(row["code"]) == 7]
    known = {key for keys in fifth_level for key in keys.split("+")}
    assert known & {drug.ingredient for drug in DRUGS.values()} == {d.ingredient for d in DRUGS.values()} - WITHOUT_ATC


WORDINGS = {
    "osteonecrosis-jaw": "osteonecrosis of the jaw",
    "osteopenia": "low bone mass",
    "hip-replacement": "artificial hip joint",
    "oophorectomy": "bilateral oophorectomy",
    "skeletal-radiation": "radiotherapy of the spine",
    "stress-fracture+femur-lesion": "stress fracture of the femoral shaft",
    "thigh-pain": "pain in limb, thigh",
    "hip-pain": "pain in joint, hip",
}


def code_of_condition(row: dict[str, str]) -> None:
    text = WORDINGS.get(row["key"]) if row["text"] else None
    said = understand(Concept((Coding(URIS[row["system"]], row["code"]),), text), TERMINOLOGY)
    keys = set(row["key"].split("+"))
    assert said.problems >= keys & PROBLEMS.keys()
    assert bool(said.fractures) is ("fracture" in keys)
    assert said.parental is ("parental-hip-fracture" in keys)
    if said.fractures and row["site"]:
        assert {fracture.site for fracture in said.fractures} == {row["site"]}


def test_codes_of_conditions() -> None:
    each_holds(code_of_condition, rows("conditions.tsv"))


def code_of_service(row: dict[str, str]) -> None:
    assert services_of(TERMINOLOGY, Concept((Coding(URIS[row["system"]], row["code"]),))) == tuple(row["key"].split("+"))


def test_codes_of_services() -> None:
    each_holds(code_of_service, rows("services.tsv"))


def name(row: dict[str, str]) -> None:
    text, keys = Concept(text=row["name"]), set(row["key"].split("+")) - {"-", "low-energy"}
    if row["kind"] == "drug":
        assert {d.ingredient for d in identify(text, TERMINOLOGY).drugs} == {DRUGS[key].ingredient for key in keys}
    elif row["kind"] == "problem":
        assert keys <= understand(text, TERMINOLOGY).problems or not keys
        assert keys or not TERMINOLOGY.said("problem", row["name"])
    elif row["kind"] == "service":
        assert keys <= set(services_of(TERMINOLOGY, text))
    elif row["kind"] == "unclear":
        assert why_unread_drug(text, TERMINOLOGY) == NOT_UNDERSTOOD
    elif row["kind"] == "filler":
        assert keys <= {mention.key for mention in TERMINOLOGY.said("substance", row["name"])}
    else:
        assert {f.key for f in TERMINOLOGY.class_names.find(fold(row["name"]))} == keys


def test_names() -> None:
    each_holds(name, rows("names.tsv"))


def test_no_name_stands_there_twice_however_it_is_spelled() -> None:
    spelled = [(row["kind"], fold(row["name"])) for row in rows("names.tsv")]
    assert [name for name, times in Counter(spelled).items() if times > 1] == []


# -- units ------------------------------------------------------------------------------------------------------------

OWN_UNITS = {
    "mL/min/1.73 m2": "mL/min", "mg/(24.h)": "mg/(24.h)", "g/cm2": "g/cm2", "kg/m2": "kg/m2", "": "1",
    "mg/cm3": "mg/cm3", "m[IU]/L": "m[IU]/L", "10*3/uL": "10*3/uL",
}  # fmt: skip
GRAMS_PER_MOLE = {
    "vitamin-d": 400.64,
    "calcium": 40.078,
    "calcium-corrected": 40.078,
    "calcium-ionized": 40.078,
    "creatinine": 113.12,
    "pth": 9425,
    "phosphate": 30.974,
    "urine-calcium": 40.078,
    "testosterone": 288.42,
    "magnesium": 24.305,
    "pyridoxal-phosphate": 247.14,
}


@cache
def ucum() -> PintUcumRegistry:
    """Seconds to build: not before a test asks for it."""
    return PintUcumRegistry()


def parsed(unit: str) -> Any:
    """A quantity of 1 of a UCUM unit; curly braces count nothing."""
    bare = re.sub(r"\{[^}]*\}", "", unit)
    return 1 * ucum().from_ucum("m/m" if bare in ("", "1") else bare)


def ucum_factor(analyte: str, unit: str) -> float | None:
    """How many of the analyte's own unit one ``unit`` is, by UCUM; None where ``unit`` is no UCUM unit."""
    own = ANALYTES[analyte].unit
    if re.search(r"/\d+(\.\d+)?$", unit):
        return None  # "/10" is "of 10", "/1.73" is short for 1.73 m2: no division
    try:
        source, target = parsed(unit), parsed(OWN_UNITS.get(own, own))
    except (LarkError, UndefinedUnitError, ValueError):
        return None
    if source.dimensionality != target.dimensionality and analyte in GRAMS_PER_MOLE:
        mass = GRAMS_PER_MOLE[analyte] * parsed("g/mol")
        source = source * mass if "[substance]" in source.dimensionality else source / mass
    return float((source / target).to("").magnitude) if source.dimensionality == target.dimensionality else None


UNITS = rows("units.tsv")


@cache
def by_ucum() -> dict[tuple[str, str], float | None]:
    return {(row["analyte"], row["unit"]): ucum_factor(row["analyte"], row["unit"]) for row in UNITS}


@cache
def checked(analyte: str) -> set[float]:
    """The factors of those units of an analyte that UCUM knows."""
    known = by_ucum()
    return {float(r["factor"]) for r in UNITS if r["analyte"] == analyte and known[analyte, r["unit"]] is not None} | {1.0}


def unit(row: dict[str, str]) -> None:
    """A unit that UCUM knows has UCUM's factor; another spelling has the factor of one that it knows."""
    factor, told = float(row["factor"]), by_ucum()[row["analyte"], row["unit"]]
    if told is not None:
        assert factor == pytest.approx(told, rel=0.005)
    else:
        assert factor in checked(row["analyte"])


def test_units() -> None:
    each_holds(unit, UNITS)


def test_most_units_are_checked_against_ucum() -> None:
    assert sum(factor is not None for factor in by_ucum().values()) > len(UNITS) / 2


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(UNITS), st.floats(0.05, 0.95))
def test_the_choice_of_unit_never_changes_the_value(row: dict[str, str], share: float) -> None:
    analyte = ANALYTES[row["analyte"]]
    value = analyte.low + share * (analyte.high - analyte.low)
    found = units.quantity(Quantity(value / float(row["factor"]), unit=row["unit"]), analyte, TERMINOLOGY.units)
    assert not isinstance(found, str)
    assert math.isclose(found.value, value, rel_tol=1e-9, abs_tol=1e-9)


CODED_TWICE = [
    ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1", observation("2160-0", 1.0, "mg/dL", id="x")),
    (CM, "urn:oid:2.16.840.1.113883.6.90", {"resourceType": "Condition", "id": "x", "code": concept(CM, "M81.0")}),
    (SNOMED, "urn:oid:2.16.840.1.113883.6.96", {"resourceType": "Condition", "id": "x", "code": concept(SNOMED, "64859006")}),
    (
        URIS["rxnorm"],
        "urn:oid:2.16.840.1.113883.6.88",
        medication("MedicationStatement", concept(URIS["rxnorm"], "904431"), id="x", effectiveDateTime="2025-10-01"),
    ),
    (
        URIS["atc"],
        "urn:oid:2.16.840.1.113883.6.73",
        medication("MedicationStatement", concept(URIS["atc"], "M05BX04"), id="x", effectiveDateTime="2025-10-01"),
    ),
]


@pytest.mark.parametrize(("uri", "oid", "resource"), CODED_TWICE)
def test_the_spelling_of_the_code_system_never_changes_the_chart(uri: str, oid: str, resource: dict[str, Any]) -> None:
    one = bundle(patient(), resource)
    charts = [
        read([body], patient_id="p", today=TODAY, zone=ZONE)[0] for body in (one, one.replace(uri.encode(), oid.encode()))
    ]
    assert charts[0] == charts[1]
    assert charts[0].measured or charts[0].problems or charts[0].drug_courses


@pytest.mark.parametrize(
    "codes",
    [
        [("atc", "M05BA04"), ("rxnorm", "46041"), ("snomed", "391730008"), ("", "alendronic acid"), ("", "阿仑膦酸钠片")],
        [("atc", "M05BX04"), ("rxnorm", "993449"), ("snomed", "446321003"), ("", "Prolia"), ("", "地舒单抗")],
    ],
)
def test_the_code_system_never_changes_the_course(codes: list[tuple[str, str]]) -> None:
    found = []
    for system, code in codes:
        named = concept(URIS[system], code) if system else concept(text=code)
        body = bundle(patient(), medication("MedicationStatement", named, effectiveDateTime="2025-10-01"))
        found.append(read([body], patient_id="p", today=TODAY, zone=ZONE)[0].drug_courses)
    assert all(courses == found[0] for courses in found)
    assert found[0]


@pytest.mark.parametrize(
    ("found", "made"),
    [
        (Concept((Coding(SNOMED, "64859006", "Osteoporosis"),)), 1),
        (Concept((Coding(SNOMED, "64859006", "Osteoporosis"),), "Osteoporosis"), 1),
        (Concept((Coding(SNOMED, "64859006", "Osteoporosis"),), "seen with her son"), 2),
        (Concept((Coding(SNOMED, "64859006"), Coding(None, None, "seen with her son"))), 2),
        (Concept(None, "seen with her son"), 2),
    ],
)
def test_what_a_person_wrote_is_not_remembered(found: Concept, made: int) -> None:
    terminology, calls = Terminology(()), []

    def make(concept: Concept, _: Terminology) -> str:
        calls.append(concept)
        return "meaning"

    assert {terminology.recall("test", found, make) for _ in range(2)} == {"meaning"}
    assert len(calls) == made


# -- problems that bring their own codes and names ----------------------------------------------------------------------


def test_a_problem_of_one_line_is_read_by_its_codes_and_by_all_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ["immobility", "stiff-person syndrome", "僵人综合征", "icd10:G25.82 snomed:5217008", "stiff man; 僵硬"]
    monkeypatch.setattr(tables, "READ_BY", read_by("key\ten\tzh\tcodes\tnames\n" + "\t".join(cells)))
    terminology = Terminology(tables.shipped())
    said = [Concept((Coding(WHO, "G25.82x1"),)), Concept((Coding(SNOMED, "5217008"),))]
    said += [Concept(text=text) for text in ("Stiff-person syndrome", "僵人综合征", "stiff man", "全身僵硬")]
    assert [understand(each, terminology).problems for each in said] == [{"immobility"}] * len(said)


def test_no_code_or_name_of_a_problem_stands_in_two_homes() -> None:
    codes_there = {(row["system"], row["code"]) for row in rows("conditions.tsv")}
    names_there = {fold(row["name"]) for row in rows("names.tsv") if row["kind"] == "problem"}
    for told in READ_BY.values():
        assert {(system, code.replace(".", "")) for system, code in told.codes} & codes_there == set()
        assert set(map(fold, told.names)) & names_there == set()
