"""Pages of a FHIR server have a budget of JSON values, each and all of a call together, and a depth: what is beyond is not made
anything of, and it is said that the group is lacking."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from cds_service.config import Settings
from cds_service.fhir.fetching.allowance import MAX_VALUES as MOST_OF_A_CALL
from cds_service.fhir.fetching.allowance import Allowance
from cds_service.fhir.fetching.answers import DEPTH, VALUES
from cds_service.fhir.fetching.client import Access, FhirClient
from cds_service.fhir.fetching.pages import MAX_VALUES, values_of
from cds_service.hooks.request import MOST_VALUES, parse
from cds_service.pipeline import BODY, Evaluator
from tests.protocol.conftest import SUBJECT, TODAY, Json, Service
from tests.protocol.fhir_server import FhirServer, raw

OSTEOPOROSIS = {"resourceType": "Condition", "id": "c1", "subject": SUBJECT, "code": {"text": "osteoporosis"}}


@pytest.fixture
def client() -> Iterator[FhirClient]:
    made = FhirClient(5)
    yield made
    made.close()


def page(values: int = 0, depth: int = 0) -> bytes:
    """A page with one problem, and so many JSON values in all, or as deep as that."""
    filled = json.dumps(
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": OSTEOPOROSIS}], "x": [[], 0]}
    ).encode()
    more = values - values_of(filled)
    return (
        filled.replace(b"[[], 0]", b"[[], 0" + b",0" * more + b"]")
        if values
        else filled.replace(b"[]", b"[" * depth + b"]" * depth)
    )


def evaluated(
    service: Service, server: FhirServer, content: bytes, hook: str = "patient-view"
) -> tuple[dict[str, str], list[Json]]:
    """Why groups are lacking, and the cards, where this is the page of problems."""
    evaluator = Evaluator(Settings(today_is=TODAY, fhir_servers=frozenset({server.base}), fhir_timeout=20))
    server.answers["Condition"] = raw(content)
    request = service.request(fhirServer=server.base)
    del request["prefetch"]["conditions"]
    given = evaluator.evaluate(parse(json.dumps(request).encode(), hook, body=BODY), "en")
    return given.counts["why"], given.response["cards"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (page(values=MAX_VALUES), {}),
        (page(values=MAX_VALUES + 1), {"conditions": VALUES}),
        (page(depth=200), {}),
        (page(depth=20_000), {"conditions": DEPTH}),
    ],
    ids=["as many values as there may be", "one more", "deep", "too deep"],
)
def test_a_page_beyond_a_limit_is_lacking_by_the_name_of_the_limit(
    content: bytes, why: dict[str, str], service: Service, server: FhirServer
) -> None:
    told, cards = evaluated(service, server, content)
    assert told == why
    (said,) = [card["summary"] for card in cards if card["source"]["topic"]["code"] == "incomplete-data"] or [""]
    assert ("problem" in said) is bool(why), said


@pytest.mark.parametrize(("values", "why"), [(200, [""]), (199, ["", VALUES])])
def test_the_pages_of_a_call_share_one_budget(values: int, why: list[str], client: FhirClient, server: FhirServer) -> None:
    server.otherwise = raw(page(values=100))
    allowance = Allowance(time.monotonic() + 5, 1 << 20, values=values)
    urls = {key: f"{server.base}/Condition?patient={key}" for key in ("1", "2")}
    answers = client.fetch(Access(server.base), urls, allowance)
    assert sorted({answer.why for answer in answers.values()}) == why


def test_a_call_may_fetch_as_much_as_a_request_may_bring() -> None:
    assert MOST_OF_A_CALL == MOST_VALUES
