"""Orders that point at a Medication which nobody sent: it is read from the FHIR server, when there is one and time is left."""

from __future__ import annotations

import time

import pytest

from cds_service.fhir.fetching.client import MAX_MEDICATIONS, medication_urls
from tests.protocol.conftest import ALENDRONATE, LOW_EGFR, Json, Service
from tests.protocol.fhir_server import FhirServer, bundle, resource, slowly

MEDICATION = {"resourceType": "Medication", "id": "m7", "code": ALENDRONATE["medicationCodeableConcept"]}
POINTING = {key: value for key, value in ALENDRONATE.items() if key != "medicationCodeableConcept"}


def signing(service: Service, server: FhirServer, reference: str = "Medication/m7") -> Json:
    """Signing a drug that stands behind a reference, for a woman with an eGFR of 20, all else prefetched."""
    request = service.request("order-sign", drafts=(POINTING | {"medicationReference": {"reference": reference}},))
    request["prefetch"]["renal"] = bundle(LOW_EGFR)
    return request | {"fhirServer": server.base}


@pytest.mark.parametrize("place", ["Medication/m7", "{base}/Medication/m7"])
def test_the_medication_behind_a_reference_is_read_and_judged(serve: type[Service], server: FhirServer, place: str) -> None:
    server.answers["Medication/m7"] = resource(MEDICATION)
    service = serve(fhir_servers=frozenset({server.base}))
    assert "bisphosphonate-renal" in service.cards(signing(service, server, place.format(base=server.base)))
    assert server.paths == ["Medication/m7"]


@pytest.mark.parametrize("place", ["#m7", "urn:uuid:m7", "https://other.example.org/fhir/Medication/m7", "Medication/../x"])
def test_no_other_place_is_asked(serve: type[Service], server: FhirServer, place: str) -> None:
    service = serve(fhir_servers=frozenset({server.base}))
    assert "bisphosphonate-renal" not in service.cards(signing(service, server, place))
    assert server.paths == []


def test_without_access_nothing_is_asked(service: Service, server: FhirServer) -> None:
    assert "bisphosphonate-renal" not in service.cards(signing(service, server))
    assert server.paths == []


def test_it_must_come_within_the_deadline_of_all(serve: type[Service], server: FhirServer) -> None:
    server.answers["Medication/m7"] = slowly(MEDICATION, 3)
    server.answers["AllergyIntolerance"] = slowly(bundle(), 0.3)
    service = serve(fhir_servers=frozenset({server.base}), fhir_timeout=0.6)
    request = signing(service, server)
    del request["prefetch"]["allergies"]
    began = time.monotonic()
    assert "bisphosphonate-renal" not in service.cards(request)
    assert time.monotonic() - began < 2


def test_only_so_many_are_read() -> None:
    assert len(medication_urls("https://ehr.example.org", [f"Medication/{n}" for n in range(100)])) == MAX_MEDICATIONS
