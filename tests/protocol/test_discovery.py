"""What ``GET /cds-services`` says."""

from __future__ import annotations

import re

import pytest

from tests.protocol.conftest import Service
from tests.protocol.portable import lint

HOOKS = [
    "patient-view",
    "order-select",
    "order-sign",
    "problem-list-item-create",
    "encounter-discharge",
    "medication-refill",
]


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/"])
def test_discovery_is_always_there_d1_d2(service: Service, path: str) -> None:
    answer = service.http.get(path, headers={"Accept": "application/json", "Authorization": "Bearer anything"})
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert [each["hook"] for each in answer.json["services"]] == HOOKS


def test_each_service_has_what_it_needs_and_nothing_empty_d3_to_d10(service: Service) -> None:
    services = service.http.get("/cds-services").json["services"]
    assert [each["id"] for each in services] == [f"osteoporosis-{hook}" for hook in HOOKS]
    for each in services:
        assert all(isinstance(each[name], str) and each[name] for name in ("title", "description", "usageRequirements"))
        assert re.fullmatch(r"\d+\.\d+\.\d+", each["version"])
        assert each["prefetch"]
        assert all(isinstance(template, str) and template for template in each["prefetch"].values())


def test_each_service_answers_at_its_address_d9(service: Service) -> None:
    for hook in HOOKS:
        assert service.post(service.request(hook), hook).status_code == 200


@pytest.mark.parametrize("hook", HOOKS)
def test_every_published_template_is_portable_p1_to_p7(service: Service, hook: str) -> None:
    templates = service.templates[hook]
    assert "patient" in templates
    assert {key: problems for key, template in templates.items() if (problems := lint(template))} == {}


def test_a_site_s_own_codes_are_asked_for_too(serve: type[Service], tmp_path: object) -> None:
    """Covered by the terminology tests as to format; here: that what is loaded is published."""
    template = serve().templates["patient-view"]["renal"]
    assert "http://loinc.org|2160-0" in template
