"""A site whose results carry no LOINC: asked for by category and date, read by name (``observations = "category"``)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cards.vocabulary import Data
from cds_service.fhir.fetching.queries import LONGEST, build, misshapen
from tests.protocol.conftest import ALENDRONATE, OSTEOPOROSIS, PATIENT, SUBJECT, Json, Service
from tests.protocol.fhir_server import FhirServer, bundle, resource

GRANTED = {"access_token": "secret-token", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "cds"}
ZOLEDRONATE = ALENDRONATE | {
    "medicationCodeableConcept": {"text": "唑来膦酸注射液 5mg"},
    "dosageInstruction": [{"text": "5mg 静脉滴注 每年1次"}],
}
EGFR: Json = {
    "resourceType": "Observation",
    "id": "lis-1",
    "status": "final",
    "subject": SUBJECT,
    "category": [{"coding": [{"code": "laboratory"}]}],
    "code": {"coding": [{"system": "urn:hospital:lis", "code": "0731", "display": "估算肾小球滤过率(eGFR)"}]},
    "effectiveDateTime": "2026-06-01",
    "valueQuantity": {"value": 25, "unit": "ml/(min•1.73m²)"},
}


@pytest.fixture
def by_category(serve: type[Service], tmp_path: Path) -> Any:
    (tmp_path / "site.toml").write_text('observations = "category"', encoding="utf-8")
    return lambda **settings: serve(site=tmp_path / "site.toml", **settings)


def test_every_group_of_results_is_asked_for_by_category_and_date_p1_p4() -> None:
    queries = build(Data, {}, by_category=date(2026, 6, 15))
    assert {data for query in queries for data in query.brings} == set(Data)
    assert [wrong for query in queries for wrong in misshapen(query.template)] == []
    (laboratory,) = (query.template for query in queries if query.key == "laboratory")
    assert laboratory == (
        "Observation?patient={{context.patientId}}&category=laboratory&date=ge2023-06-15&_sort=-date&_count=100"
    )
    assert len(laboratory) < LONGEST


def test_a_hook_asks_only_for_the_categories_that_it_reads() -> None:
    queries = build({Data.RENAL, Data.BODY}, {}, by_category=date(2026, 6, 15))
    assert [(query.key, query.brings) for query in queries[1:]] == [("laboratory", (Data.RENAL,)), ("body", (Data.BODY,))]


def signed(service: Service, **members: Any) -> Json:
    prefetch = dict.fromkeys(service.templates["order-sign"]) | {"patient": PATIENT, "conditions": bundle(OSTEOPOROSIS)}
    return service.request("order-sign", drafts=(ZOLEDRONATE,), **({"prefetch": prefetch} | members))


def test_an_egfr_named_in_chinese_stops_zoledronate_from_prefetch(by_category: Any) -> None:
    service = by_category()
    request = signed(service)
    request["prefetch"]["laboratory"] = bundle(EGFR)
    card = service.cards(request)["bisphosphonate-renal"]
    assert card["indicator"] == "critical"
    assert "25" in card["summary"] + card["detail"]
    assert service.cards(request, headers={"Accept-Language": "zh"})["bisphosphonate-renal"]["indicator"] == "critical"


def test_an_egfr_named_in_chinese_stops_zoledronate_from_the_server(by_category: Any, server: FhirServer) -> None:
    server.answers |= {
        "Patient/": resource(PATIENT),
        "Condition?": resource(bundle(OSTEOPOROSIS)),
        "Observation?patient=p1&category=laboratory&date=ge2023-06-15": resource(bundle(EGFR)),
    }
    service = by_category(fhir_servers=frozenset({server.base}))
    request = signed(service, fhirServer=server.base, fhirAuthorization=GRANTED, prefetch={})
    assert service.cards(request)["bisphosphonate-renal"]["indicator"] == "critical"
    assert not [path for path in server.paths if "code=" in path]


def test_an_egfr_in_an_unknown_unit_is_said_on_signing(by_category: Any) -> None:
    service = by_category()
    request = signed(service)
    request["prefetch"]["laboratory"] = bundle(EGFR | {"valueQuantity": {"value": 25, "unit": "mL"}})
    cards = service.cards(request)
    assert cards["incomplete-data"]["indicator"] == "warning"
    assert "bisphosphonate-renal" not in cards


def test_a_category_that_failed_takes_all_its_groups(by_category: Any) -> None:
    service = by_category()
    request = signed(service)
    request["prefetch"]["laboratory"] = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "exception"}],
    }
    card = service.cards(request)["incomplete-data"]
    assert card["indicator"] == "warning"
