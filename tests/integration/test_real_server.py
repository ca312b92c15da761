"""The service against a real FHIR server: what it fetches gives the same cards as what is prefetched (issue 3, F8)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cards.vocabulary import Data
from cds_service.config import Settings
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluation, Evaluator
from tests.each import chance, for_each
from tests.integration import records, sekmet
from tests.integration.records import Told
from tests.integration.sekmet import TOKEN, NotInstalledError, Sekmet

SOME = [name for name in records.names() if not chance(name, 4)]
"""Every fourth record; `make laws` tries all. The others are not loaded."""
NOT_TAKEN = frozenset({"MedicationOrder", "MigratedThing"})
"""Types that are no FHIR R4, in the fixture of a broken record."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sekmet]:
    try:
        with sekmet.running(tmp_path_factory.mktemp("sekmet")) as running:
            kept = {"denosumab-missed", *SOME}
            refused = running.put(r for name in kept for r in records.load(name).resources)
            assert {r["resourceType"] for r in refused} <= NOT_TAKEN
            yield running
    except NotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def evaluator(server: Sekmet) -> Evaluator:
    return Evaluator(Settings(fhir_servers=frozenset({server.base}), fhir_timeout=20))


def evaluated(evaluator: Evaluator, told: Told, server: str = "", token: str = TOKEN) -> Evaluation:
    call = parse(json.dumps(told.request(server, token)).encode(), told.hook)
    return evaluator.evaluate(call, "en", told.today)


def cards(given: Evaluation) -> Any:
    """The cards without what is new in every answer, and what a server adds to a resource that it keeps."""

    def settled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: settled(each) for key, each in value.items() if key not in ("uuid", "meta")}
        return [settled(each) for each in value] if isinstance(value, list) else value

    return settled(given.response["cards"])


@for_each("name", SOME)
def test_fetched_and_prefetched_data_give_the_same_cards(name: str, server: Sekmet, evaluator: Evaluator) -> None:
    told = records.load(name)
    prefetched, fetched = evaluated(evaluator, told), evaluated(evaluator, told, server.base)
    assert cards(fetched) == cards(prefetched)


def test_types_that_the_server_does_not_give_cost_only_their_facts(server: Sekmet, evaluator: Evaluator) -> None:
    token = server.token_for("Patient", "Condition", "MedicationAdministration", "Observation")
    fetched = evaluated(evaluator, records.load("denosumab-missed"), server.base, token)
    assert {Data.ALLERGIES, Data.MEDICATIONS, Data.PROCEDURES} <= set(fetched.counts["failed"])
    assert not {Data.PATIENT, Data.CONDITIONS, Data.ADMINISTRATIONS, Data.RENAL} & set(fetched.counts["failed"])
    assert "denosumab-sequence" in fetched.counts["cards"]


@pytest.mark.parametrize("token", ["of-somebody-else", ""])
def test_without_the_right_token_nothing_is_known_and_the_client_is_told_so(
    token: str, server: Sekmet, evaluator: Evaluator
) -> None:
    with pytest.raises(RequestError) as refused:
        evaluated(evaluator, records.load("denosumab-missed"), server.base, token)
    assert refused.value.status == 412
