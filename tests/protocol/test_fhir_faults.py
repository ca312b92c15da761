"""What the FHIR client does about a server that is busy, refuses, lacks, lies or breaks off (reading contract, section 9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Barrier, Condition, Lock
from typing import Any

import pytest
import requests
import responses

from cds_service.fhir.fetching.allowance import MAX_GETS, Allowance
from cds_service.fhir.fetching.answers import NO_SUCH_TYPE
from cds_service.fhir.fetching.client import Access, Answer, FhirClient
from cds_service.fhir.fetching.refusals import Refusals

BASE = "https://ehr.example.org/fhir"
SEARCHSET = {"resourceType": "Bundle", "type": "searchset"}
SEARCH = f"{BASE}/Condition?patient=1&_sort=-date&_count=100"


@pytest.fixture
def ehr() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("cds_service.fhir.fetching.client.time.sleep", waits.append)
    return waits


def ask(client: FhirClient | None = None, url: str = SEARCH, **access: Any) -> Answer:
    return (client or FhirClient(2)).fetch(Access(BASE, **access), {"key": url})["key"]


def paths(ehr: responses.RequestsMock) -> list[str]:
    return [str(call.request.url).removeprefix(f"{BASE}/") for call in ehr.calls]


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_busy_is_asked_again_when_they_say(status: int, ehr: responses.RequestsMock, slept: list[float]) -> None:
    ehr.get(SEARCH, status=status, headers={"Retry-After": "1"})
    ehr.get(SEARCH, json=SEARCHSET)
    assert ask().complete
    assert slept == [1.0]


@pytest.mark.parametrize(("status", "after"), [(429, "3"), (503, "120"), (429, ""), (429, "soon")])
def test_too_late_is_never(status: int, after: str, ehr: responses.RequestsMock, slept: list[float]) -> None:
    ehr.get(SEARCH, status=status, headers={"Retry-After": after})
    assert ask() == Answer()
    assert len(ehr.calls) == 1
    assert slept == []


def test_a_date_that_has_passed_is_now(ehr: responses.RequestsMock, slept: list[float]) -> None:
    ehr.get(SEARCH, status=503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    ehr.get(SEARCH, json=SEARCHSET)
    assert ask().complete
    assert slept == [0.0]


def test_a_search_that_cannot_be_sorted_or_counted_is_asked_without(ehr: responses.RequestsMock) -> None:
    ehr.get(SEARCH, status=400)
    ehr.get(f"{BASE}/Condition?patient=1", json=SEARCHSET)
    client = FhirClient(2)
    assert ask(client).complete
    assert ask(client).complete
    assert paths(ehr) == ["Condition?patient=1&_sort=-date&_count=100", *["Condition?patient=1"] * 2]


def test_a_search_that_is_wrong_in_another_way_is_asked_twice_and_no_more(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=400)
    assert ask() == Answer()
    assert len(ehr.calls) == 2


def test_a_type_that_a_server_lacks_is_not_asked_for_by_every_call(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=404)
    ehr.get(f"{BASE}/Patient/1", status=404)
    client = FhirClient(2)
    for _ in range(3):
        assert ask(client) == Answer(why=NO_SUCH_TYPE)
        assert ask(client, f"{BASE}/Patient/1") == Answer()
    assert paths(ehr).count("Patient/1") == 3, "that one patient is not there says nothing of the type"
    assert len(ehr.calls) == 4


def test_what_is_forbidden_is_not_asked_again_with_the_same_rights(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=403)
    client = FhirClient(2)
    for token in ("a", "b"):
        ask(client, token=token, granted="ehr patient/Observation.rs")
    assert len(ehr.calls) == 1
    ask(client, token="c", granted="ehr patient/*.rs")
    ask(client, token="d")
    ask(client, token="e")
    assert len(ehr.calls) == 4


def test_a_refusal_is_forgotten_after_a_while() -> None:
    refusals = Refusals(minutes=-1)
    refusals.note("Condition")
    assert not refusals.holds("Condition")


def test_all_answers_of_a_call_share_one_memory(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=SEARCHSET | {"padding": "x" * 60_000})
    client = FhirClient(2, memory=150_000)
    urls = {str(number): f"{BASE}/Condition?patient={number}" for number in range(4)}
    answers = client.fetch(Access(BASE), urls)
    assert sorted(answer.complete for answer in answers.values()) == [False, False, True, True]


def test_no_more_than_a_hundred_requests_a_call(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=SEARCHSET)
    client = FhirClient(10)
    allowance = client.allowance(Access(BASE))
    for part in range(3):
        urls = {str(number): f"{BASE}/Condition?patient={part}-{number}" for number in range(50)}
        client.fetch(Access(BASE), urls, allowance)
    assert len(ehr.calls) == MAX_GETS


def test_a_server_is_asked_so_many_things_at_a_time_the_first_ones_first(ehr: responses.RequestsMock) -> None:
    lock, under_way, most, order = Lock(), set[str](), list[int](), list[str]()

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        with lock:
            under_way.add(str(request.url))
            most.append(len(under_way))
            order.append(str(request.url).rpartition("=")[2])
        with lock:
            under_way.discard(str(request.url))
        return 200, {}, '{"resourceType": "Bundle"}'

    ehr.add_callback(responses.GET, f"{BASE}/Condition", callback=answer)
    urls = {str(number): f"{BASE}/Condition?patient={number}" for number in range(20)}
    FhirClient(5, parallel=1).fetch(Access(BASE), urls)
    assert max(most) == 1
    assert order == [str(number) for number in range(20)]


def test_a_server_that_allows_four_at_a_time_is_read_whole(
    ehr: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the usual six at a time two of the first are turned away; they come back when they were told to."""
    turn, under_way, most, turned_away = Condition(), set[str](), list[int](), list[str]()
    six = Barrier(6)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        name = str(request.url).rpartition("=")[2]
        with turn:
            busy = len(under_way) >= 4
            under_way.add(name)
            most.append(len(under_way))
        if int(name) < 6 and name not in turned_away and len(most) <= 6:
            six.wait(10)
        with turn:
            under_way.discard(name)
            turn.notify_all()
        if busy:
            turned_away.append(name)
            return 429, {"Retry-After": "1"}, ""
        return 200, {}, json.dumps(SEARCHSET)

    def a_second(seconds: float) -> None:
        assert seconds == 1
        with turn:
            turn.wait_for(lambda: len(under_way) < 4, 10)

    monkeypatch.setattr("cds_service.fhir.fetching.client.time.sleep", a_second)
    ehr.add_callback(responses.GET, f"{BASE}/Condition", callback=answer)
    urls = {str(number): f"{BASE}/Condition?patient={number}" for number in range(20)}
    answers = FhirClient(5).fetch(Access(BASE), urls)
    assert turned_away
    assert all(answer.complete for answer in answers.values())


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError("refused"),
        requests.ReadTimeout("late"),
        requests.exceptions.ChunkedEncodingError("broken off"),
        requests.exceptions.ContentDecodingError("no gzip"),
        requests.exceptions.SSLError("whose certificate"),
        requests.exceptions.InvalidURL("where"),
        OSError("the network is down"),
        UnicodeError("label too long"),
    ],
)
def test_whatever_breaks_is_a_failed_query(fault: Exception, ehr: responses.RequestsMock) -> None:
    ehr.get(SEARCH, body=fault)
    assert ask() == Answer()


def test_a_page_that_cannot_be_had_leaves_the_pages_before_it(ehr: responses.RequestsMock) -> None:
    following = {"link": [{"relation": "next", "url": f"{BASE}/Condition?page=2"}]}
    ehr.get(SEARCH, json=SEARCHSET | following)
    ehr.get(f"{BASE}/Condition?page=2", status=500)
    answer = ask()
    assert (len(answer.pages), answer.complete) == (1, False)


def test_what_is_left_of_the_time_is_never_nothing() -> None:
    assert Allowance(0, 0).left > 0
    assert Allowance(0, 0).over
