"""What EHRs send is answered in their dialect, and what they send back is understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cards.engine.findings import Option
from cds_service.fhir.proposing.orders import Occasion, actions
from cds_service.fhir.proposing.own_codes import OwnCode, OwnCodes
from cds_service.store.activity import taken
from cds_service.store.tables import FEEDBACK, OFFERED
from tests.dialect import traffic
from tests.protocol.checks import check_response
from tests.protocol.conftest import Json, Service
from tests.store.test_store import engine_of, eventually

ATC = traffic.ATC
SITE = """
code_system = "us"
[[dialect]]
like = "epic"
orders."drug/zoledronate" = { system = "urn:com.epic.cdshooks.action.code.system.preference-list-item", code = "ZOL5" }
"""
Started = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    made: list[Service] = []

    def make(site: str = SITE) -> Service:
        path = tmp_path / "site.toml"
        path.write_text(site, encoding="utf-8")
        service = Service(database_url=f"sqlite:///{tmp_path}/cds.db", site=path)
        service.http.application.extensions["store"].start()
        made.append(service)
        return service

    yield make
    for service in made:
        service.http.application.extensions["store"].close()


def answered(service: Service, request: Json) -> dict[str, Json]:
    """The cards by the code on the wire."""
    answer = service.post(request, request["hook"])
    assert answer.status_code == 200, answer.text
    check_response(answer.json, request)
    return {card["source"]["topic"]["code"]: card for card in answer.json["cards"]}


def send(service: Service, *items: Json) -> Any:
    return service.http.post("/cds-services/osteoporosis-order-sign/feedback", json={"feedback": list(items)})


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_order_whose_drug_stands_beside_it_is_judged_and_answered_in_the_dialect(start: Started, hook: str) -> None:
    service = start()
    cards = answered(service, traffic.epic(hook, service.templates[hook]))
    card = cards["bisphosphonaterenal"]
    assert card["selectionBehavior"] == "any"
    assert [len(each["actions"]) for each in card["suggestions"]] == [1] * len(card["suggestions"])
    assert "incompletedata" not in cards, "a search without results is answered"


def test_a_chart_that_is_opened_is_answered_in_the_dialect(start: Started) -> None:
    service = start()
    cards = answered(service, traffic.epic("patient-view", service.templates["patient-view"]))
    assert all(code.isalnum() for code in cards)
    placed = [
        action["resource"] for card in cards.values() for each in card.get("suggestions", ()) for action in each["actions"]
    ]
    systems = {coding["system"] for each in placed for coding in each.get("code", {}).get("coding", ())}
    assert "http://hl7.org/fhir/sid/icd-10-cm" not in systems


@pytest.mark.parametrize(("how", "systems"), [("add", ["urn:x", ATC]), ("replace", ["urn:x"]), ("only", ["urn:x"])])
def test_the_client_s_own_code_comes_first_or_alone(how: Any, systems: list[str]) -> None:
    own = OwnCodes({"drug/alendronate": OwnCode("urn:x", "ALEN70")}, how)
    option = Option("drug", "alendronate")
    (action,) = actions(option, Occasion("p1", date(2026, 6, 15), "en", own=own))
    coding = action["resource"]["medicationCodeableConcept"]["coding"]
    assert [each["system"] for each in coding if each["system"] in ("urn:x", ATC)] == systems
    assert own.holds(action["resource"])
    (plain,) = actions(Option("drug", "zoledronate"), Occasion("p1", date(2026, 6, 15), "en", own=own))
    assert not own.holds(plain["resource"])


def test_what_was_set_aside_there_with_our_bare_code_or_their_own_stays_away_k5_e5(start: Started, tmp_path: Path) -> None:
    service = start()
    request = traffic.epic("patient-view", service.templates["patient-view"])
    cards = answered(service, request)
    first, second = [code for code, card in cards.items() if card["indicator"] != "critical"][:2]
    told = [traffic.epic_override(cards[first]["uuid"], "patientrefuses"), traffic.epic_own_reason(cards[second]["uuid"])]
    assert send(service, *told).json == {"received": 2}
    with engine_of(f"sqlite:///{tmp_path}/cds.db").connect() as connection:
        reasons = set(connection.scalars(select(FEEDBACK.c.reason)))
    assert reasons == {"patient-refuses", "45"}
    assert eventually(lambda: not {first, second} & answered(service, request).keys())


def test_a_part_of_a_suggestion_that_is_accepted_counts_for_its_option_k5(start: Started) -> None:
    service = start()
    request = traffic.epic("order-sign", service.templates["order-sign"])
    cards = answered(service, request)
    for card in cards.values():
        ids = [each["uuid"] for each in card.get("suggestions", ())]
        if ids:
            assert send(service, traffic.epic_accepted(card["uuid"], *ids)).status_code == 200
    store = service.http.application.extensions["store"]
    assert eventually(lambda: sum(each.accepted for each in store.ask(taken)) > 0)
    offered = {each["uuid"] for card in cards.values() for each in card.get("suggestions", ())}
    known = store.ask(lambda connection: set(connection.scalars(select(OFFERED.c.suggestion))))
    assert offered <= known, "every suggestion that was sent is on record"


def test_a_card_s_code_is_ours_in_the_metrics(start: Started) -> None:
    service = start()
    answered(service, traffic.epic("order-sign", service.templates["order-sign"]))
    told = service.http.get("/metrics").text
    assert 'code="bisphosphonate-renal"' in told
    assert 'code="bisphosphonaterenal"' not in told


def test_without_prefetch_and_server_the_missing_keys_are_named(start: Started) -> None:
    answer = start("").post(traffic.oracle(), "patient-view")
    assert answer.status_code == 412
    assert "prefetch.patient" in answer.json["issue"][0]["expression"]


def test_the_empty_form_and_a_hook_version_change_nothing_d8(start: Started) -> None:
    service = start("")
    assert answered(service, traffic.sandbox()) == {}
    request = service.request()
    assert service.cards(request).keys() == service.cards(request | {"hookVersion": "1.0"}).keys()
