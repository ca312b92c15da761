"""A draft that the EHR could not find by an id is neither deleted nor updated: the label says that this is left to people."""

from __future__ import annotations

import pytest

from tests.protocol.conftest import ALENDRONATE, LOW_EGFR, Json, Service
from tests.protocol.fhir_server import bundle

UNNAMED = {key: value for key, value in ALENDRONATE.items() if key != "id"}


def forbidden(service: Service, entry: Json) -> Json:
    request = service.request("order-sign")
    request["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [entry]}
    request["prefetch"]["renal"] = bundle(LOW_EGFR)
    return service.cards(request)["bisphosphonate-renal"]


@pytest.mark.parametrize("entry", [{"resource": UNNAMED}, {"resource": UNNAMED | {"id": "not an id"}}])
def test_without_a_usable_id_nothing_is_deleted_and_the_label_says_so(service: Service, entry: Json) -> None:
    suggestions = forbidden(service, entry)["suggestions"]
    assert all(action["type"] == "create" for each in suggestions for action in each.get("actions", ()))
    without = [each["label"] for each in suggestions if "actions" not in each]
    assert without
    assert all("by hand" in label for label in without)


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ({"resource": ALENDRONATE}, "MedicationRequest/m1"),
        ({"resource": UNNAMED, "fullUrl": "urn:uuid:7c1a"}, "MedicationRequest/7c1a"),
        ({"resource": UNNAMED, "fullUrl": "https://ehr.example.org/fhir/MedicationRequest/9"}, "MedicationRequest/9"),
    ],
)
def test_a_full_url_is_an_id(service: Service, entry: Json, reference: str) -> None:
    suggestions = forbidden(service, entry)["suggestions"]
    deleted = {a["resourceId"] for each in suggestions for a in each["actions"] if a["type"] == "delete"}
    assert deleted == {reference}
    assert not any("by hand" in each["label"] for each in suggestions)


def test_no_reference_leaves_us_that_fhir_does_not_allow(service: Service) -> None:
    request = service.request()
    conditions = request["prefetch"]["conditions"]["entry"]
    conditions[0]["resource"] = conditions[0]["resource"] | {"id": "<b>c1</b>"}
    told = service.post(request).get_data(as_text=True)
    assert "cards" in told
    assert "<b>c1" not in told
