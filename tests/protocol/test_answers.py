"""An absence counts only when the question was answered completely, by what was asked: prefetched and fetched alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import BODY, Evaluator
from tests.protocol.conftest import PATIENT, SUBJECT, TODAY, Json, Service
from tests.protocol.fhir_server import FhirServer, bundle, raw, resource

ALLERGY = {"resourceType": "AllergyIntolerance", "id": "al1", "patient": SUBJECT, "code": {"text": "alendronate"}}
OTHERS = ALLERGY | {"patient": {"reference": "Patient/other"}}
DRUG = {"resourceType": "MedicationOrder", "id": "mo", "patient": SUBJECT}
R5 = {"resourceType": "MedicationRequest", "id": "r5", "subject": SUBJECT, "medication": {"concept": {"text": "alendronate"}}}


def found(*entries: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(entries)} | more


def match(each: Json, mode: str = "match") -> Json:
    return {"resource": each, "search": {"mode": mode}}


def outcome(severity: str) -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "processing"}]}


def whys(service: Service, server: FhirServer, key: str, asked: str, answer: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The groups that failed and why, where the answer to one query was prefetched, and where it was fetched."""
    evaluator = Evaluator(Settings(today_is=TODAY, fhir_servers=frozenset({server.base})))
    prefetched = service.request()
    prefetched["prefetch"][key] = answer
    fetched = service.request(fhirServer=server.base)
    del fetched["prefetch"][key]
    server.answers[asked] = raw(answer.encode()) if isinstance(answer, str) else resource(answer)
    told = [
        evaluator.evaluate(parse(json.dumps(request).encode(), "patient-view", body=BODY), "en").counts["why"]
        for request in (prefetched, fetched)
        if not (isinstance(answer, str) and request is prefetched)
    ]
    return told[0], told[-1]


@pytest.mark.parametrize(
    "answer",
    [
        bundle(),
        found(match(ALLERGY), total=1),
        found({"resource": ALLERGY}, total=0),
        {"resourceType": "Bundle", "entry": [match(ALLERGY)]},
        found(match(ALLERGY), match(PATIENT, "include"), match(outcome("warning"), "outcome")),
        {"resourceType": "Bundle", "type": "batch-response", "entry": [{"resource": found(match(ALLERGY))}]},
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": ALLERGY}, {"resource": PATIENT}]},
        found(match(ALLERGY), match(OTHERS)),
        found(match(ALLERGY | {"onsetDateTime": 7, "type": 7})),
    ],
)
def test_these_answers_are_complete_q1(service: Service, server: FhirServer, answer: Json) -> None:
    assert whys(service, server, "allergies", "AllergyIntolerance", answer) == ({}, {})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (found(match(ALLERGY), match(outcome("error"), "outcome")), "outcome"),
        (found({"resource": outcome("fatal")}), "outcome"),
        (
            {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "403 Forbidden"}}]},
            "outcome",
        ),
    ],
)
def test_an_error_beside_what_was_found_is_a_failure_q2(service: Service, server: FhirServer, answer: Json, why: str) -> None:
    assert whys(service, server, "allergies", "AllergyIntolerance", answer) == ({"allergies": why}, {"allergies": why})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (found(match(PATIENT)), "other-type"),
        (found(match(ALLERGY), match(PATIENT)), "other-type"),
        ({"resourceType": "CapabilityStatement", "status": "active"}, "other-type"),
        ({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}]}, "other-type"),
        ({"resourceType": "Bundle", "type": "history", "entry": [{"resource": ALLERGY}]}, "other-bundle"),
        ({"resourceType": "Bundle", "type": 7, "entry": [{"resource": ALLERGY}]}, "other-bundle"),
    ],
)
def test_an_answer_to_another_question_is_none_q3(service: Service, server: FhirServer, answer: Json, why: str) -> None:
    assert whys(service, server, "allergies", "AllergyIntolerance", answer) == ({"allergies": why}, {"allergies": why})


def test_a_page_of_html_is_no_answer_q3(service: Service, server: FhirServer) -> None:
    told = whys(service, server, "allergies", "AllergyIntolerance", "<html>please log in</html>")
    assert told[1] == {"allergies": "unanswered"}


def test_less_than_the_total_is_a_part_and_is_used_q4(service: Service, server: FhirServer) -> None:
    answer = found(match(ALLERGY), total=3)
    assert whys(service, server, "allergies", "AllergyIntolerance", answer) == ({"allergies": "partial"},) * 2


def test_the_total_counts_the_matches_of_all_pages_q4(service: Service, server: FhirServer) -> None:
    server.answers["AllergyIntolerance?page=2"] = resource(found(match(ALLERGY | {"id": "al2"})))
    following = {"link": [{"relation": "next", "url": "AllergyIntolerance?page=2"}]}
    evaluator = Evaluator(Settings(today_is=TODAY, fhir_servers=frozenset({server.base})))
    for total, why in ((2, {}), (3, {"allergies": "partial"})):
        request = service.request(fhirServer=server.base)
        request["prefetch"]["allergies"] = found(match(ALLERGY), total=total, **following)
        call = parse(json.dumps(request).encode(), "patient-view", body=BODY)
        assert evaluator.evaluate(call, "en").counts["why"] == why


@pytest.mark.parametrize("total", [{}, {"total": 1}], ids=["without a total", "with one that counts only what came"])
def test_a_page_that_cannot_be_had_leaves_a_part_whatever_the_total_says_q4(
    service: Service, server: FhirServer, total: Json
) -> None:
    server.answers["AllergyIntolerance?page=2"] = resource(outcome("error"), 500)
    following = {"link": [{"relation": "next", "url": "AllergyIntolerance?page=2"}]}
    answer = found(match(ALLERGY), **total, **following)
    evaluator = Evaluator(Settings(today_is=TODAY))
    prefetched = service.request()
    prefetched["prefetch"]["allergies"] = answer
    call = parse(json.dumps(prefetched).encode(), "patient-view", body=BODY)
    assert evaluator.evaluate(call, "en").counts["why"] == {"allergies": "partial"}, "nobody to ask for the page"
    assert whys(service, server, "allergies", "AllergyIntolerance", answer) == ({"allergies": "partial"},) * 2


@pytest.mark.parametrize("answer", [found(match(DRUG)), found(match(R5))])
def test_another_release_of_fhir_is_named_q5(service: Service, server: FhirServer, answer: Json) -> None:
    told = whys(service, server, "medications", "MedicationRequest", answer)
    assert told == ({"medications": "other-release"},) * 2


def test_a_server_that_answers_with_other_patients_only_has_failed_q6(service: Service, server: FhirServer) -> None:
    told = whys(service, server, "allergies", "AllergyIntolerance", found(match(OTHERS)))
    assert told == ({"allergies": "other-patient"},) * 2
