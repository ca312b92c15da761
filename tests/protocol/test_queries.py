"""The prefetch templates: portable, short, and made from what the cards say they read."""

from __future__ import annotations

import pytest

from cards.vocabulary import Data
from cds_service.fhir.fetching.queries import LONGEST, build
from tests.protocol.portable import lint

CODES = {Data.RENAL: ["http://loinc.org|2160-0", "urn:example:lab|CREA"]}


def test_there_is_one_query_for_each_group_that_is_read_and_always_the_patient() -> None:
    queries = build({Data.CONDITIONS, Data.RENAL}, CODES)
    assert [query.key for query in queries] == ["patient", "conditions", "renal"]
    assert "code=http://loinc.org|2160-0,urn:example:lab|CREA&" in queries[-1].template


def test_every_group_of_data_can_be_asked_for_p1() -> None:
    codes = {data: ["http://loinc.org|1-1"] for data in Data}
    queries = build(Data, codes)
    assert {query.data for query in queries} == set(Data)
    assert [problem for query in queries for problem in lint(query.template)] == []


def test_codes_that_do_not_fit_into_one_query_make_another() -> None:
    codes = [f"urn:example:laboratory|{number:06}" for number in range(200)]
    first, *more = [query for query in build({Data.RENAL}, {Data.RENAL: codes}) if query.data is Data.RENAL]
    assert first.key == "renal"
    assert more[0].key == "renal2"
    assert all(len(query.template) <= LONGEST for query in (first, *more))
    assert sum(query.template.count("|") for query in (first, *more)) == 200


def test_the_patient_id_is_filled_in_for_a_fetch() -> None:
    (query,) = build([], {})
    assert query.of("a-1.2") == "Patient/a-1.2"


@pytest.mark.parametrize(
    "template",
    [
        "https://ehr.example.org/fhir/Condition?patient={{context.patientId}}",
        "Patient/{{Patient.id}}",
        "MedicationRequest?patient={{context.patientId}}&_include=MedicationRequest:medication",
        "Observation?patient={{context.patientId}}&date=ge2020&date=le2021",
        "Observation?patient={{context.patientId}}&code:in=http://example.org/vs",
        "Observation?patient={{context.patientId}}&code=2160-0",
        "Observation?patient={{context.patientId}}&date=ge{{today()}}",
        "Practitioner/{{context.userId}}",
        "MedicationRequest/{{context.draftOrders.MedicationRequest.id}}",
        "Condition?patient={{context.patientId}}&code=" + "http://loinc.org|1," * 200,
    ],
)
def test_the_linter_finds_what_breaks_clients_p1_to_p7(template: str) -> None:
    assert lint(template)
