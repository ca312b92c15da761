"""The three hooks besides the chart and the orders: their contexts (2.11), and what costs no query."""

from __future__ import annotations

import pytest

from tests.protocol.checks import check_response
from tests.protocol.conftest import ALENDRONATE, DENOSUMAB, OSTEOPOROSIS, PATIENT, SUBJECT, Json, Service
from tests.protocol.fhir_server import FhirServer, bundle

HIP_FRACTURE = OSTEOPOROSIS | {
    "id": "f1",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "S72.0"}]},
    "onsetDateTime": "2026-06-10",
}
INFLUENZA = OSTEOPOROSIS | {"id": "i1", "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "J11.1"}]}}
AMOXICILLIN = ALENDRONATE | {
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "J01CA04"}]}
}
REFILL = ALENDRONATE | {"medicationCodeableConcept": DENOSUMAB}


def untreated(service: Service, hook: str, *entered: Json, **context: str) -> Json:
    """A woman of 72 of whom nothing else is known."""
    body = service.request(hook, drafts=entered, prefetch=dict.fromkeys(service.templates[hook]) | {"patient": PATIENT})
    body["context"] |= context
    return body


def test_a_condition_just_entered_is_read_with_the_record(service: Service) -> None:
    body = untreated(service, "problem-list-item-create", HIP_FRACTURE)
    check_response(service.post(body, body["hook"]).json, body)
    assert "start-treatment" in service.cards(body)


def test_a_condition_that_is_on_record_already_is_the_same_one(service: Service) -> None:
    once = untreated(service, "problem-list-item-create", HIP_FRACTURE)
    twice = untreated(service, "problem-list-item-create", HIP_FRACTURE)
    twice["prefetch"]["conditions"] = bundle(HIP_FRACTURE)
    assert {code: card["detail"] for code, card in service.cards(once).items()} == {
        code: card["detail"] for code, card in service.cards(twice).items()
    }


def test_at_discharge_the_untreated_fracture_is_spoken_of_and_orders_name_the_encounter(service: Service) -> None:
    body = untreated(service, "encounter-discharge", encounterId="e1")
    body["prefetch"]["conditions"] = bundle(HIP_FRACTURE)
    card = service.cards(body)["start-treatment"]
    created = [action["resource"] for suggestion in card["suggestions"] for action in suggestion["actions"]]
    assert {resource["encounter"]["reference"] for resource in created} == {"Encounter/e1"}


def test_a_refill_is_judged_by_its_course_and_no_safety_rule_speaks(service: Service) -> None:
    body = service.request("medication-refill", drafts=(REFILL,))
    check_response(service.post(body, body["hook"]).json, body)
    assert "denosumab-sequence" in service.cards(body)
    assert "incomplete-data" not in service.cards(body)


def test_a_refill_under_the_id_of_its_order_leaves_that_on_record(service: Service) -> None:
    order = REFILL | {"status": "active", "authoredOn": "2025-10-10"}
    body = untreated(service, "medication-refill", REFILL)
    body["prefetch"]["medications"] = bundle(order)
    assert "denosumab-due" in service.cards(body)


def test_a_refill_needs_no_user_and_every_other_hook_does(service: Service) -> None:
    for hook in service.templates:
        body = service.request(hook)
        del body["context"]["userId"]
        assert service.post(body, hook).status_code == (200 if hook == "medication-refill" else 400)


@pytest.mark.parametrize(("hook", "field"), [("problem-list-item-create", "conditions"), ("medication-refill", "medications")])
def test_the_bundle_of_the_context_is_required_r1(service: Service, hook: str, field: str) -> None:
    body = service.request(hook)
    del body["context"][field]
    answer = service.post(body, hook)
    assert answer.status_code == 400
    assert answer.json["issue"][0]["expression"] == [f"context.{field}"]


@pytest.mark.parametrize(
    ("hook", "unrelated"),
    [
        ("problem-list-item-create", (INFLUENZA,)),
        ("problem-list-item-create", (HIP_FRACTURE | {"subject": {"reference": "Patient/p2"}},)),
        ("problem-list-item-create", ()),
        ("medication-refill", (AMOXICILLIN,)),
        ("medication-refill", ()),
    ],
)
def test_what_is_none_of_ours_costs_no_query_c2(
    serve: type[Service], server: FhirServer, hook: str, unrelated: tuple[Json, ...]
) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    answer = service.post(service.request(hook, drafts=unrelated, prefetch={}, fhirServer=server.base), hook)
    assert (answer.status_code, answer.json) == (200, {"cards": []})
    assert server.seen == []


def test_a_refill_that_cannot_be_identified_may_be_ours(serve: type[Service], server: FhirServer) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    unknown = {key: value for key, value in ALENDRONATE.items() if key != "medicationCodeableConcept"}
    unknown |= {"medicationReference": {"reference": "Medication/nowhere"}, "subject": SUBJECT}
    service.post(
        service.request("medication-refill", drafts=(unknown,), prefetch={}, fhirServer=server.base), "medication-refill"
    )
    assert server.seen
