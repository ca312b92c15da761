"""The published description is true: what we send fits it, and requests made from it never make the service fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import fhir_fixtures
from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.models import Cards, Discovery, OperationOutcome, request_of
from cds_service.hooks.openapi import TYPES
from cds_service.package.resources import resources
from tests.each import for_each
from tests.protocol.conftest import TODAY, Service

SERVICES_AT = [f"/cds-services/{service}" for service in SERVICES]
FHIR = ["/fhir/metadata", "/fhir/{type}", "/fhir/{type}/{id}"]
CALLS = [("/cds-services", "GET"), *((at, "POST") for at in SERVICES_AT), (f"{SERVICES_AT[0]}/feedback", "POST")]
CALLS += [(at, "GET") for at in FHIR]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("store") / "store.db"
    app = create_app(Settings(today_is=TODAY, database_url=f"sqlite:///{place}"))
    import schemathesis  # takes a second, which no other process of tests need spend

    return schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"], ids=["as described", "otherwise"])
@pytest.mark.parametrize(("path", "method"), CALLS)
def test_requests_made_from_the_description_are_answered_as_it_says_t8(
    described: Any, path: str, method: str, mode: str
) -> None:
    if path in ("/cds-services", "/fhir/metadata") and mode == "NEGATIVE":
        pytest.skip("takes no parameters that could be wrong")
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    promises = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    @given(case=described[path][method].as_strategy(generation_mode=GenerationMode[mode]))
    @settings(max_examples=10, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        case.call_and_validate(checks=promises)

    check()


def test_it_describes_every_service_and_its_feedback(service: Service) -> None:
    paths = service.http.get("/openapi.json").json["paths"]
    assert set(paths) == {"/cds-services", *SERVICES_AT, *(f"{at}/feedback" for at in SERVICES_AT), *FHIR}


def test_it_names_the_types_that_the_knowledge_has() -> None:
    assert list(TYPES) == sorted({kind for kind, _ in resources()})


@for_each("name", fhir_fixtures.names())
def test_what_is_sent_and_received_fits_the_description_d2_c1(service: Service, name: str) -> None:
    request = fhir_fixtures.load(name).request()
    request_of(request["hook"]).model_validate(request)
    answer = service.post(request, request["hook"])
    Cards.model_validate_json(answer.data)


def test_discovery_and_errors_fit_the_description_d2_t7(service: Service) -> None:
    Discovery.model_validate_json(service.http.get("/cds-services").data)
    OperationOutcome.model_validate_json(service.post({}).data)
    assert json.loads(service.post({}).data)["issue"][0]["expression"] == ["hook"]
