"""How much of anything one call may bring: what is beyond is refused by its name, or named as unjudged; nothing is ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.fhir.reading import record
from cds_service.fhir.reading.given import said
from cds_service.fhir.reading.limits import DRAFTS, MOST
from cds_service.hooks.context import MOST_SELECTIONS
from cds_service.hooks.request import MOST_VALUES
from tests.protocol.conftest import ALENDRONATE, LOW_EGFR, OSTEOPOROSIS, Service, bundle

Json = dict[str, Any]


def problems(number: int) -> Json:
    return bundle(*({"resourceType": "Condition", "id": str(n)} for n in range(number)))


def observed(**fields: Any) -> Json:
    return bundle(LOW_EGFR | fields)


def codings(number: int) -> Json:
    return {"code": {"coding": [{"code": "1"}] * number}}


TOO_MUCH = {
    "entries": ({"conditions": problems(MOST["entries"])}, {"conditions": problems(MOST["entries"] + 1)}),
    "components": (
        {"renal": observed(component=[{}] * MOST["components"])},
        {"renal": observed(component=[{}] * (MOST["components"] + 1))},
    ),
    "codings": (
        {"renal": observed(**codings(MOST["codings"]))},
        {"renal": observed(**codings(MOST["codings"] + 1))},
    ),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_one_more_than_the_limit_is_refused_by_its_name_t8(service: Service, name: str) -> None:
    within, beyond = (
        service.request(prefetch=dict.fromkeys(service.templates["patient-view"]) | some) for some in TOO_MUCH[name]
    )
    assert service.post(within).status_code == 412, "there is no patient, but what was sent was read"
    answer = service.post(beyond)
    assert answer.status_code == 413
    assert answer.json["issue"][0]["diagnostics"].startswith(f"{name}: more than {MOST[name]:,}")
    assert answer.json["issue"][0]["code"] == "too-long"


def test_too_many_values_are_refused_before_anything_is_made_of_them_t8(service: Service) -> None:
    answer = service.post(b'{"prefetch": {"a": [' + b"{}," * (MOST_VALUES // 2) + b"{}]}}")
    assert (answer.status_code, answer.json["issue"][0]["diagnostics"][:7]) == (413, "values:")


def test_of_too_many_components_nothing_is_made_before_they_are_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []
    monkeypatch.setattr(record, "said", lambda kept: written.append(kept) or said(kept))
    without_id = {field: value for field, value in LOW_EGFR.items() if field != "id"}
    for number, status in ((MOST["components"], 412), (MOST["components"] + 1, 413)):
        some = {"renal": bundle(without_id | {"component": [{}] * number})}
        answer = service.post(service.request(prefetch=dict.fromkeys(service.templates["patient-view"]) | some))
        assert answer.status_code == status
    assert len(written) == 1, "what has no id is known by what it says"


def test_a_body_that_is_nested_too_deeply_is_told_so_t8(service: Service) -> None:
    answer = service.post(b"[" * 100_000)
    assert answer.status_code == 400
    deep = service.post(b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert (deep.status_code, deep.json["issue"][0]["diagnostics"][:6]) == (400, "depth:")


def test_too_many_selections_are_refused_by_their_name_t8(service: Service) -> None:
    request = service.request("order-select", drafts=(ALENDRONATE,))
    request["context"]["selections"] = [f"MedicationRequest/{n}" for n in range(MOST_SELECTIONS + 1)]
    answer = service.post(request, "order-select")
    assert (answer.status_code, answer.json["issue"][0]["diagnostics"][:11]) == (413, "selections:")


def drafts(number: int) -> tuple[Json, ...]:
    return tuple(ALENDRONATE | {"id": f"d{n}"} for n in range(number))


@pytest.mark.parametrize("hook", ["order-select", "order-sign", "medication-refill"])
def test_drafts_beyond_a_hundred_are_named_as_unjudged_and_not_refused(service: Service, hook: str) -> None:
    def unjudged(number: int) -> list[str]:
        answer = service.post(service.request(hook, drafts=drafts(number)), hook)
        assert answer.status_code == 200
        said = [card for card in answer.json["cards"] if card["source"]["topic"]["code"] == "incomplete-data"]
        return [card["summary"] for card in said if "№" in card["summary"]]

    assert unjudged(DRAFTS) == []
    assert len(unjudged(DRAFTS + 1)) == 1
    assert "101–103" in unjudged(DRAFTS + 3)[0]


def test_a_byte_order_mark_before_the_body_is_no_error(service: Service) -> None:
    request = service.request(prefetch={"patient": None, "conditions": bundle(OSTEOPOROSIS)})
    plain, marked = (service.post(mark + json.dumps(request).encode()) for mark in (b"", b"\xef\xbb\xbf"))
    assert marked.status_code == plain.status_code
