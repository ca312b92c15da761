"""Calls from end to end: prefetch states, fetching, errors, CORS, languages."""

from __future__ import annotations

import io
import json
import time
from copy import deepcopy
from typing import Any

import pytest

from tests.protocol.checks import check_response
from tests.protocol.conftest import (
    ALENDRONATE,
    ASPIRIN,
    DENOSUMAB,
    DOSE,
    LOW_EGFR,
    OSTEOPOROSIS,
    PATIENT,
    RECORD,
    TODAY,
    Json,
    Service,
)
from tests.protocol.fhir_server import FhirServer, bundle, dripping, redirect, resource

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
GRANTED = {"access_token": "secret-token", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "cds"}


def answer_record(server: FhirServer) -> None:
    server.answers |= {
        "Patient/": resource(PATIENT),
        "Condition?": resource(bundle(OSTEOPOROSIS)),
        "MedicationAdministration?": resource(bundle(DOSE)),
    }


# -- the answer -------------------------------------------------------------------------------------------------------


def test_an_overdue_dose_gives_the_critical_card_c1_to_c13_s1_to_s10(service: Service) -> None:
    request = service.request()
    answer = service.post(request)
    assert answer.content_type == "application/json"
    check_response(answer.json, request)
    card = service.cards(request)["denosumab-sequence"]
    assert card["indicator"] == "critical"
    assert card["suggestions"]


def test_nothing_to_say_is_200_with_no_cards_c2(service: Service) -> None:
    prefetch = dict.fromkeys(service.templates["patient-view"]) | {"patient": PATIENT | {"birthDate": "1996-01-01"}}
    answer = service.post(service.request(prefetch=prefetch))
    assert (answer.status_code, answer.json) == (200, {"cards": []})


def test_uuids_are_new_in_each_answer_and_the_guidance_is_the_same_c3_r6(service: Service) -> None:
    first, second = (service.cards(service.request())["denosumab-sequence"] for _ in range(2))
    assert first["uuid"] != second["uuid"]
    assert first["summary"] == second["summary"]


def test_the_cards_of_another_patient_s_resources_are_not_given_r10(service: Service) -> None:
    foreign = DOSE | {"subject": {"reference": "Patient/p2"}}
    request = service.request(
        prefetch=dict.fromkeys(service.templates["patient-view"]) | {"patient": PATIENT, "administrations": bundle(foreign)}
    )
    assert "denosumab-sequence" not in service.cards(request)


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1"])
def test_a_patient_gets_no_order_suggestions(service: Service, user: str) -> None:
    request = service.request()
    request["context"]["userId"] = user
    answer = service.post(request).json
    check_response(answer, request)
    assert answer["cards"]
    assert all("suggestions" not in card for card in answer["cards"])


@pytest.mark.parametrize(
    ("header", "word"), [("zh-CN,zh;q=0.9,en;q=0.5", "地舒单抗"), ("en", "denosumab"), ("fr", "denosumab"), (None, "denosumab")]
)
def test_the_header_chooses_the_language(service: Service, header: str | None, word: str) -> None:
    headers = {"Accept-Language": header} if header else {}
    assert word in service.cards(service.request(), headers=headers)["denosumab-sequence"]["summary"].lower()


def test_more_cards_than_fit_are_named_and_what_warns_is_never_cut(serve: type[Service]) -> None:
    request = serve().request()
    all_cards = serve(max_cards=50).cards(request)
    few = serve(max_cards=1).cards(request)
    urgent = [code for code, card in all_cards.items() if card["indicator"] != "info"]
    cut = [card["source"]["topic"]["display"] for code, card in all_cards.items() if code not in few]
    assert list(few) == urgent
    assert cut
    assert all(title in few[urgent[-1]]["detail"] for title in cut)


# -- orders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_drafted_bisphosphonate_at_a_low_egfr_is_critical(service: Service, hook: str) -> None:
    request = service.request(hook, drafts=(ALENDRONATE,))
    request["prefetch"]["renal"] = bundle(LOW_EGFR)
    request["context"]["selections"] = ["MedicationRequest/m1"]
    answer = service.post(request, hook).json
    check_response(answer, request)
    cards = service.cards(request)
    assert cards["bisphosphonate-renal"]["indicator"] == "critical"
    deleted = [
        a["resourceId"] for s in cards["bisphosphonate-renal"]["suggestions"] for a in s["actions"] if a["type"] == "delete"
    ]
    assert set(deleted) == {"MedicationRequest/m1"}


def test_a_draft_that_is_not_selected_is_not_spoken_of(service: Service) -> None:
    request = service.request("order-select", drafts=(ALENDRONATE, ASPIRIN | {"id": "m2"}))
    request["prefetch"]["renal"] = bundle(LOW_EGFR)
    request["context"]["selections"] = ["MedicationRequest/m2"]
    assert service.cards(request) == {}


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_unrelated_order_is_answered_without_any_query(serve: type[Service], server: FhirServer, hook: str) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    request = service.request(hook, drafts=(ASPIRIN,), prefetch={}, fhirServer=server.base)
    assert service.cards(request) == {}
    assert server.seen == []


@pytest.mark.parametrize("prefetch", ["omitted", "failed"])
def test_a_safety_check_that_could_not_run_is_said_on_signing_f3(service: Service, prefetch: str) -> None:
    request = service.request("order-sign", drafts=(ALENDRONATE,))
    if prefetch == "omitted":
        del request["prefetch"]["renal"]
    else:
        request["prefetch"]["renal"] = OUTCOME
    assert service.cards(request)["incomplete-data"]["indicator"] == "warning"


@pytest.mark.parametrize("nothing", [None, {"resourceType": "Bundle", "type": "searchset", "total": 0}, bundle()])
def test_null_and_an_empty_bundle_both_mean_that_there_is_nothing_f4(service: Service, nothing: Any) -> None:
    request = service.request("order-sign", drafts=(ALENDRONATE,))
    request["prefetch"]["renal"] = nothing
    cards = service.cards(request)
    assert "renal-function-unknown" in cards
    assert "incomplete-data" not in cards


def test_the_sandbox_s_empty_draft_is_no_error(service: Service) -> None:
    draft = {"resourceType": "MedicationRequest", "id": "request-123", "status": "draft", "category": {}, "subject": {}}
    request = service.request("order-select", drafts=(draft,))
    assert service.post(request, "order-select").status_code == 200


# -- data -------------------------------------------------------------------------------------------------------------


def test_the_same_cards_come_from_prefetch_and_from_the_server_a1_f1_f8_r4(serve: type[Service], server: FhirServer) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    answer_record(server)
    prefetched = service.cards(service.request())
    fetched = service.cards(service.request(prefetch={}, fhirServer=server.base + "/", fhirAuthorization=GRANTED))
    assert list(fetched) == list(prefetched)
    wanted = {template.replace("{{context.patientId}}", "p1") for template in service.templates["patient-view"].values()}
    assert set(server.paths) == wanted
    assert len(server.seen) == len(wanted)
    assert all(headers["Authorization"] == "Bearer secret-token" for _, headers in server.seen)


def test_exactly_the_missing_keys_are_fetched_and_failed_ones_are_not_asked_again_f1_f3(
    serve: type[Service], server: FhirServer
) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    request = service.request(fhirServer=server.base)
    del request["prefetch"]["allergies"]
    request["prefetch"]["conditions"] = OUTCOME
    service.cards(request)
    assert [path.partition("?")[0] for path in server.paths] == ["AllergyIntolerance"]


def test_keys_that_were_not_published_are_ignored_f7(service: Service) -> None:
    request = service.request()
    expected = list(service.cards(request))
    request["prefetch"] |= {"osteoporosisTreatments": bundle(ALENDRONATE), "x": None, "y": OUTCOME}
    assert list(service.cards(request)) == expected


def test_a_prefetched_bundle_with_a_next_page_is_followed_f5(serve: type[Service], server: FhirServer) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    server.otherwise = resource(bundle(DOSE))
    request = service.request(fhirServer=server.base, fhirAuthorization=GRANTED)
    request["prefetch"]["administrations"] = bundle(following=f"{server.base}/MedicationAdministration?page=2")
    assert "denosumab-sequence" in service.cards(request)
    assert server.seen[0][1]["Authorization"] == "Bearer secret-token"


def test_a_next_page_without_access_makes_the_data_incomplete_f5(service: Service) -> None:
    request = service.request("order-sign", drafts=(ALENDRONATE,))
    request["prefetch"]["renal"] = bundle(following="https://ehr.example.org/fhir/Observation?page=2")
    assert "incomplete-data" in service.cards(request)


@pytest.mark.parametrize(
    "members",
    [
        {"prefetch": {}},
        {"prefetch": None},
        {"prefetch": {"patient": None}},
        {"prefetch": {"patient": OUTCOME}},
        {"prefetch": {"patient": PATIENT | {"id": "p2"}}},
        {"prefetch": {"conditions": RECORD["conditions"]}},
        {"prefetch": {}, "fhirServer": "http://169.254.169.254/fhir"},
        {"prefetch": {}, "fhirServer": "file:///etc"},
    ],
)
def test_without_the_patient_nothing_can_be_said_and_412_names_the_keys_f2(service: Service, members: Json) -> None:
    answer = service.post(service.request(**members))
    assert answer.status_code == 412
    assert answer.json["resourceType"] == "OperationOutcome"
    told = answer.json["issue"][0]
    assert told["diagnostics"].startswith("prefetch.patient: the Patient is needed")
    assert told["expression"] == ["prefetch.patient"], "what is not needed is no error"


def test_an_unlisted_server_is_never_called_r5_a10(service: Service, server: FhirServer) -> None:
    answer_record(server)
    assert service.post(service.request(prefetch={}, fhirServer=server.base)).status_code == 412
    assert "denosumab-sequence" in service.cards(service.request(fhirServer=server.base))
    assert server.seen == []


@pytest.mark.parametrize("change", [{"token_type": "mac"}, {"expires_in": 0}])
def test_a_token_that_cannot_be_used_is_no_access_a3(serve: type[Service], server: FhirServer, change: Json) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    request = service.request(prefetch={}, fhirServer=server.base, fhirAuthorization=GRANTED | change)
    assert service.post(request).status_code == 412
    assert server.seen == []


def test_a_server_that_drips_or_redirects_costs_the_deadline_and_no_more_t5_a7(
    serve: type[Service], server: FhirServer
) -> None:
    service = serve(fhir_servers=frozenset({server.base}), fhir_timeout=0.5)
    answer_record(server)
    server.answers["Observation?"] = dripping(10)
    server.answers["AllergyIntolerance?"] = redirect("http://127.0.0.1:9/")
    began = time.monotonic()
    cards = service.cards(service.request(prefetch={}, fhirServer=server.base))
    assert time.monotonic() - began < 4
    assert "denosumab-sequence" in cards
    assert "incomplete-data" in cards


def test_neither_token_nor_name_nor_id_reaches_the_log_a4(
    serve: type[Service], server: FhirServer, capfd: pytest.CaptureFixture[str]
) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    answer_record(server)
    service.cards(service.request(prefetch={}, fhirServer=server.base, fhirAuthorization=GRANTED))
    service.post(b'{"hook": "Zhang"')
    out, err = capfd.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in lines] == ["hook", "refused"]
    assert "denosumab-sequence" in lines[0]["cards"]
    assert lines[0]["ms"] > 0
    assert not any(secret in out + err for secret in ("secret-token", "Zhang", 'p1"', "Patient/p1", "1954-01-01"))


# -- errors and browsers ----------------------------------------------------------------------------------------------


def drop(path: str) -> Any:
    def change(body: Json) -> Json:
        body = deepcopy(body)
        *way, last = path.split(".")
        place = body
        for step in way:
            place = place[step]
        del place[last]
        return body

    return change


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (drop("hook"), 400),
        (drop("hookInstance"), 400),
        (drop("context"), 400),
        (drop("context.userId"), 400),
        (drop("context.patientId"), 400),
        (lambda body: body | {"hook": "order-sign"}, 400),
        (lambda body: body | {"context": {}}, 400),
        (lambda body: [], 400),
        (lambda body: b"", 400),
        (lambda body: b"[" * 200_000, 400),
        (lambda body: b'{"a": NaN}', 400),
        (lambda body: b'{"a": "\xff"}', 400),
        (lambda body: body | {"padding": "x" * 3_000_000}, 413),
    ],
)
def test_a_bad_request_is_answered_with_an_operation_outcome_and_cors_headers_t7_t8_t9(
    serve: type[Service], change: Any, status: int
) -> None:
    service = serve(max_body=2_000_000)
    answer = service.post(change(service.request()))
    assert answer.status_code == status
    assert_outcome(answer)


def test_a_chunked_body_that_is_too_large_is_413_too_t8(serve: type[Service]) -> None:
    content = io.BytesIO(b" " * 5000)
    options = {
        "input_stream": content,
        "environ_overrides": {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    }
    answer = serve(max_body=2000).http.post(
        "/cds-services/osteoporosis-patient-view", content_type="application/json", **options
    )
    assert answer.status_code == 413
    assert_outcome(answer)


def assert_outcome(answer: Any) -> None:
    assert answer.content_type == "application/json"
    assert answer.json["resourceType"] == "OperationOutcome"
    assert answer.json["issue"][0]["severity"] == "error"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Traceback" not in answer.text


def test_wrong_paths_methods_and_media_types_are_told_t8(service: Service) -> None:
    body = service.request()
    answers = {
        404: service.http.post("/cds-services/no-such-service", json=body),
        405: service.http.get("/cds-services/osteoporosis-patient-view"),
        415: service.post(body, content_type="text/plain"),
        414: service.post(body, headers={"Content-Encoding": "gzip"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == (415 if status == 414 else status)
        assert_outcome(answer)
    assert "POST" in answers[405].headers["Allow"]
    assert service.http.get("/no/such/path").status_code == 404


def test_a_failure_inside_is_500_with_an_outcome_and_no_message(
    serve: type[Service], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    service = serve()

    def fail(*_: object, **__: object) -> None:
        raise ValueError("Zhang Min, 1954-01-01")

    monkeypatch.setattr("cds_service.pipeline.run", fail)
    answer = service.post(service.request())
    assert answer.status_code == 500
    assert_outcome(answer)
    logged = json.loads(capfd.readouterr().out)
    assert logged["error"] == "ValueError"
    assert logged["at"]
    assert "Zhang" not in answer.text + str(logged)


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/osteoporosis-order-sign", "/cds-services/x/feedback"])
def test_a_preflight_is_answered_without_authentication_j12(service: Service, path: str) -> None:
    headers = {
        "Origin": "https://sandbox.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = service.http.options(path, headers=headers)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_only_listed_origins_are_allowed_where_they_are_listed(serve: type[Service]) -> None:
    service = serve(cors_origins=frozenset({"https://ehr.example.org"}))
    listed = service.http.get("/cds-services", headers={"Origin": "https://ehr.example.org"})
    other = service.http.get("/cds-services", headers={"Origin": "https://evil.example.org"})
    assert listed.headers["Access-Control-Allow-Origin"] == "https://ehr.example.org"
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]


def test_health_names_the_content_version(service: Service) -> None:
    health = service.http.get("/healthz")
    assert health.json["status"] == "ok"
    assert health.json["content"]["version"]
    assert service.http.get("/readyz").status_code == 200
    assert b"/cds-services" in service.http.get("/").data


def test_the_draft_of_a_denosumab_dose_is_not_called_overdue(service: Service) -> None:
    draft = ALENDRONATE | {"medicationCodeableConcept": DENOSUMAB, "authoredOn": TODAY}
    assert "denosumab-sequence" not in service.cards(service.request("order-sign", drafts=(draft,)))
