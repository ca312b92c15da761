"""Options as CDS Hooks actions with FHIR R4 resources (protocol checklist S1-S10)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import fhirkit
import pytest
from fhir.resources.R4B import get_fhir_model_class

from cards.chart import Draft
from cards.engine.findings import Option
from cards.vocabulary import SERVICES, SHIPPED_FORMULARY, ZOLEDRONATE
from cards.vocabulary.regimens import REGIMENS, for_drug
from cds_service.fhir.proposing import order_templates
from cds_service.fhir.proposing.orders import Occasion, actions, templates
from tests.each import for_each

TODAY = date(2026, 6, 15)
LATER = date(2026, 9, 1)
READ_AS = {
    "ibandronate-iv": "ibandronate",
    "zoledronate-once": "zoledronate",
    "spine-ct": "vertebral-imaging",
    "referral-endocrinology": "referral-osteoporosis",
}
"""Where the reader takes a code for something wider: ATC knows no route, any CT shows vertebrae."""
UNCODED = {"eldecalcitol"}
"""Drugs without a code in the systems that orders use."""
OPTIONS = [
    *(Option("drug", key) for key in REGIMENS),
    *(Option("service", key) for key in SERVICES if key != "dialysis"),
    Option("problem", "osteoporosis"),
    Option("problem", "osteoporosis-with-fracture"),
]


def act(option: Option, **more: Any) -> list[dict[str, Any]]:
    settings: dict[str, Any] = {"patient_id": "p1", "today": TODAY, "language": "en"} | more
    return actions(option, Occasion(**settings))


def resources(option: Option, **more: Any) -> list[dict[str, Any]]:
    return [each["resource"] for each in act(option, **more) if each["type"] == "create"]


def walk(value: object) -> Iterator[object]:
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(each)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("system", ["international", "us"])
@for_each("option", OPTIONS, ids=lambda o: f"{o.kind}-{o.key}")
def test_what_a_suggestion_proposes_is_valid_fhir(option: Option, system: str, language: str) -> None:
    later = Option(option.kind, option.key, start=LATER)
    more = {"encounter_id": "e1", "osteoporosis": "Condition/c1", "system": system, "language": language}
    for resource in [*resources(option, **more), *resources(later, **more)]:
        assert fhirkit.validate(json.dumps(resource)) == []
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert not [each for each in walk(resource) if each in (None, "", [], {})]


def test_each_template_is_what_a_validated_model_of_it_writes() -> None:
    for which, template in templates().items():
        model = get_fhir_model_class(json.loads(template)["resourceType"]).model_validate_json(template)
        assert model.model_dump_json().encode() == template, which


def test_the_validator_would_notice_an_unknown_element() -> None:
    assert fhirkit.validate(json.dumps(resources(OPTIONS[0])[0] | {"medication": "x"}))


@for_each("option", OPTIONS, ids=lambda o: f"{o.kind}-{o.key}")
def test_codes_of_required_bindings_are_the_pinned_ones(option: Option) -> None:
    for resource in resources(option):
        assert resource["subject"] == {"reference": "Patient/p1"}
        if resource["resourceType"] == "Condition":
            assert resource["clinicalStatus"]["coding"][0]["code"] == "active"
            assert resource["verificationStatus"]["coding"][0]["code"] == "confirmed"
            assert resource["recordedDate"] == "2026-06-15"
        else:
            assert (resource["status"], resource["intent"]) == ("draft", "order")
            assert resource["authoredOn"] == "2026-06-15"
            assert resource["reasonCode"][0]["text"] == "osteoporosis"


@pytest.mark.parametrize("key", sorted(REGIMENS))
def test_a_prescription_has_text_and_code_first_dose_route_and_timing(key: str) -> None:
    resource = resources(Option("drug", key))[0]
    assert resource["medicationCodeableConcept"]["text"]
    assert key in UNCODED or resource["medicationCodeableConcept"]["coding"][0]["code"]
    dosage = resource["dosageInstruction"][0]
    quantity = dosage["doseAndRate"][0]["doseQuantity"]
    regimen = for_drug(key)
    assert (quantity["value"], quantity["code"], quantity["system"]) == (
        regimen.dose,
        regimen.unit,
        "http://unitsofmeasure.org",
    )
    period, unit = regimen.every
    repeated = {"frequency": regimen.times, "period": period, "periodUnit": unit}
    told = dosage["timing"]["repeat"]
    assert told.pop("boundsDuration", {"value": 0})["value"] == regimen.weeks
    assert told == ({"count": 1} if regimen.once else repeated)
    assert dosage["route"]["coding"][0]["code"] in {"26643006", "34206005", "47625008"}
    assert dosage["patientInstruction"]


def test_rxnorm_comes_first_in_the_united_states_and_atc_elsewhere() -> None:
    for system, first in (("us", "http://www.nlm.nih.gov/research/umls/rxnorm"), ("international", "http://www.whocc.no/atc")):
        coding = resources(Option("drug", "alendronate"), system=system)[0]["medicationCodeableConcept"]["coding"]
        assert coding[0]["system"] == first
        assert {each["code"] for each in coding} == {"904431", "M05BA04"}


def test_a_dose_that_is_not_due_yet_carries_its_start() -> None:
    resource = resources(Option("drug", "denosumab", start=LATER))[0]
    assert resource["dispenseRequest"]["validityPeriod"]["start"] == "2026-09-01"
    assert resource["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["start"] == "2026-09-01"
    assert resources(Option("service", "dxa", start=LATER))[0]["occurrenceDateTime"] == "2026-09-01"


@pytest.mark.parametrize("start", [None, TODAY, date(2026, 1, 1)])
def test_a_dose_due_now_carries_none(start: date | None) -> None:
    resource = resources(Option("drug", "denosumab", start=start))[0]
    assert "dispenseRequest" not in resource
    assert "boundsPeriod" not in resource["dosageInstruction"][0]["timing"]["repeat"]


def test_requests_do_not_share_what_they_fill_in() -> None:
    first, second = (resources(Option("drug", "denosumab"), patient_id=each)[0] for each in ("a", "b"))
    assert (first["subject"]["reference"], second["subject"]["reference"]) == ("Patient/a", "Patient/b")


def test_the_draft_that_is_replaced_is_deleted_first() -> None:
    draft = Draft("MedicationRequest/d1", ZOLEDRONATE)
    first, second = act(Option("drug", "denosumab", replaces=(draft,)))
    assert first == {"type": "delete", "description": "Delete the draft: zoledronate", "resourceId": "MedicationRequest/d1"}
    assert second["type"] == "create"
    assert second["description"] == "Draft a prescription: denosumab 60 mg subcutaneously every 6 months"


def test_a_draft_without_an_address_is_left_alone() -> None:
    draft = Draft("MedicationRequest/ ", ZOLEDRONATE, addressable=False)
    assert act(Option("discard", replaces=(draft,))) == []
    assert act(Option("mend", replaces=(draft,))) == []
    assert [each["type"] for each in act(Option("drug", "denosumab", replaces=(draft,)))] == ["create"]


def test_a_discard_deletes_and_creates_nothing() -> None:
    draft = Draft("MedicationRequest/d1", ZOLEDRONATE)
    (only,) = act(Option("discard", replaces=(draft,)), language="zh")
    assert only == {"type": "delete", "description": "删除草稿医嘱：唑来膦酸", "resourceId": "MedicationRequest/d1"}


def test_calcium_is_ordered_with_albumin() -> None:
    codes = [each["code"]["coding"][0]["code"] for each in resources(Option("service", "calcium"))]
    assert codes == ["17861-6", "1751-7"]


@pytest.mark.parametrize(
    ("system", "postmenopausal", "key", "code"),
    [
        ("international", True, "osteoporosis", "M81.0"),
        ("international", False, "osteoporosis", "M81.9"),
        ("us", True, "osteoporosis", "M81.0"),
        ("international", True, "osteoporosis-with-fracture", "M80.0"),
        ("international", False, "osteoporosis-with-fracture", "M80.9"),
        ("us", False, "osteoporosis-with-fracture", "443165006"),
    ],
)
def test_a_problem_is_coded_as_the_site_codes(system: str, postmenopausal: bool, key: str, code: str) -> None:
    resource = resources(Option("problem", key), system=system, postmenopausal=postmenopausal)[0]
    assert resource["code"]["coding"][0]["code"] == code


def test_an_old_fracture_is_not_recorded_as_one_of_today() -> None:
    resource = resources(Option("problem", "osteoporosis-with-fracture", start=date(2021, 3, 1)))[0]
    assert resource["onsetDateTime"] == "2021-03-01"


def test_every_drug_of_the_rankings_has_a_template() -> None:
    drugs = {key for kind, key, *_ in templates() if kind == "drug"}
    assert drugs == set(REGIMENS)
    assert {REGIMENS[key].drug or key for key in drugs} - {"romosozumab"} <= SHIPPED_FORMULARY


def test_we_can_read_the_codes_that_we_write() -> None:
    for kind, table in (("drug", "drugs"), ("service", "services")):
        lines = files("cds_service.fhir").joinpath(f"terminology/{table}.tsv").read_text(encoding="utf-8").splitlines()
        rows = csv.DictReader([line for line in lines if not line.startswith("#")], delimiter="\t")
        known = {(row["system"], row["code"]): row["key"].split("+") for row in rows}
        for each, key, system, code, _ in order_templates.order_codes():
            if each == kind and (system, code) in known:
                read_as = known[system, code]
                drug = (REGIMENS[key].drug if key in REGIMENS else "") or key
                assert READ_AS.get(key, key) in read_as or drug in read_as, (key, system, code)
