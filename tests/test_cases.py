"""The clinical cases of ``cases/*.yaml``: each is turned into FHIR, sent the whole way, and judged by the cards that come back.

Each runs in both languages and both ways of data: with everything prefetched, and with nothing but a FHIR server to ask. The
cards must be the same, letter for letter. The server is one in memory; a real one stands in ``protocol/test_both_ways.py``.

A file names its ``card``, the defaults of its cases (``today``, ``patient``, ``hook``, ``background``: lines that each record
starts with) and the ``cases``. A case says what it expects of that card, in every language the same:

    expect           its indicator, "none", or a list where several cards of the code must come
    suggests         what it suggests, in this order; * marks the recommended one. Drugs and services by key, "discard"
    offers, drops    what must, what must not be among the suggestions
    recommends       the one that is recommended, or "none"; not-recommended: those that must not be
    starts           drug or service -> the day on which the proposed order starts
    says             strings in summary or detail (English); says-not: strings that must not be there
    also             other cards -> indicator or "none"

and what it needs: ``record``, ``plus`` (more lines), ``draft`` (orders being written; on medication-refill: refilled),
``entered`` (problems and fractures just recorded, for problem-list-item-create; by default all of the record), ``failed``
(groups of data that could not be had), ``formulary`` (what the site has). The grammar of the lines stands in ``build.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cards.concepts import Data
from cards.rule import REGISTRY
from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir.fetching.allowance import Allowance
from cds_service.fhir.fetching.client import Access, Answer, FhirClient
from cds_service.fhir.fetching.queries import camel_case
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from fhir_fixtures.prefetch import answer, templates
from tests import build
from tests.pieces import WORDS
from tests.protocol.checks import check_response

Case = Mapping[str, Any]
Json = dict[str, Any]

SETUP = {"name", "today", "patient", "hook", "background", "record", "plus", "draft", "entered", "failed", "formulary", "card"}
EXPECTATIONS = {"expect", "suggests", "offers", "drops", "recommends", "not-recommended", "starts", "says", "says-not", "also"}
DEFAULTS = {"today", "patient", "hook", "background", "card"}
SERVER = "https://ehr.example.org/fhir"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


def cases() -> Iterator[Any]:
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
        defaults = {key: value for key, value in file.items() if key != "cases"}
        assert set(defaults) <= DEFAULTS, f"{path.name}: {set(defaults) - DEFAULTS}"
        for case in file["cases"]:
            assert set(case) <= SETUP | EXPECTATIONS, f"{path.name}, {case['name']}: {set(case) - SETUP - EXPECTATIONS}"
            assert set(case) & EXPECTATIONS, f"{path.name}, {case['name']}: expects nothing"
            yield pytest.param({**defaults, **case}, id=f"{path.stem}: {case['name']}")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("case", list(cases()))
def test_case(case: Case, language: str) -> None:
    body = request(case)
    evaluator, server = _served(frozenset(case["formulary"]) if "formulary" in case else None)
    response = _answer(evaluator, body, case["today"], language)
    check_response(response, body)
    judge(case, response["cards"], language)
    server.serve(body.pop("prefetch"), templates(body["hook"]))
    fetched = _answer(evaluator, body | {"fhirServer": SERVER}, case["today"], language)
    assert _without_uuids(fetched) == _without_uuids(response), "fetched, the data say something else"


def _answer(evaluator: Evaluator, body: Json, today: date, language: str) -> Json:
    return evaluator.evaluate(parse(json.dumps(body).encode(), body["hook"]), language, today).response


def _without_uuids(response: Json) -> str:
    return UUID.sub("", json.dumps(response, ensure_ascii=False))


def test_every_card_is_expected_on_each_of_its_hooks_and_missed_somewhere() -> None:
    told = [case.values[0] for case in cases()]
    expected = {(c["card"], c.get("hook", "patient-view")) for c in told if c.get("expect") != "none"}
    assert expected == {(card.code, hook.value) for card in REGISTRY.values() for hook in card.hooks}
    assert {c["card"] for c in told if c.get("expect") == "none"} == set(REGISTRY)


OVER_HTTP = [case for case in cases() if "formulary" not in case.values[0]][::25]
"""Every twenty-fifth case: the way is the same, HTTP adds little but time."""


@pytest.mark.parametrize("case", OVER_HTTP)
def test_case_over_http(case: Case) -> None:
    client = create_app(Settings(today_is=case["today"])).test_client()
    body = request(case)
    answered = client.post(f"/cds-services/osteoporosis-{body['hook']}", json=body)
    assert answered.status_code == 200
    judge(case, json.loads(answered.data)["cards"], "en")


class _Server(FhirClient):
    """In place of what asks a FHIR server over the network: it answers from what a client would have prefetched."""

    def serve(self, prefetch: Json, queries: Mapping[str, str]) -> None:
        asked = {query.replace("{{context.patientId}}", "p1"): key for key, query in queries.items()}
        self._answers = {f"{SERVER}/{query}": prefetch[key] for query, key in asked.items()}

    def fetch(self, access: Access, urls: Mapping[str, str], allowance: Allowance | None = None) -> dict[str, Answer]:
        return {key: self._answer(url) for key, url in urls.items()}

    def _answer(self, url: str) -> Answer:
        found = self._answers.get(url, FAILED)
        return Answer() if found is FAILED else Answer((json.dumps(found).encode(),), complete=True)


@cache
def _served(formulary: frozenset[str] | None) -> tuple[Evaluator, _Server]:
    """An evaluator, and the server that it asks for what is not prefetched."""
    settings = Settings(fhir_servers=frozenset({SERVER}))
    server = _Server(settings.fhir_timeout)
    return Evaluator(settings if formulary is None else settings.model_copy(update={"formulary": formulary}), server), server


def request(case: Case) -> Json:
    """The hook request of a case, with prefetch."""
    today: date = case["today"]
    hook = case.get("hook", "patient-view")
    lines = [*case.get("background", ()), *case.get("record", ()), *case.get("plus", ())]
    resources = [build.patient(case["patient"], today), *build.record(lines)]
    failed = {camel_case(Data(name)) for name in case.get("failed", ())}
    assert failed <= set(templates(hook)), f"{failed - set(templates(hook))} is not read on {hook}"
    prefetch = {
        key: FAILED if key.rstrip("0123456789") in failed else answer(t, resources) for key, t in templates(hook).items()
    }
    context = {"userId": "Practitioner/example", "patientId": "p1", **_context(case, hook, resources)}
    return {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context, "prefetch": prefetch}


def _context(case: Case, hook: str, record: Iterable[Json]) -> Json:
    """What the hook's context has besides user and patient."""
    drafts = build.drafts(case.get("draft", ()))
    assert not drafts or hook in ("order-select", "order-sign", "medication-refill"), f"no drafts on {hook}"
    orders = build.collection(draft for draft, _ in drafts)
    if hook == "medication-refill":
        return {"medications": orders}
    if hook == "encounter-discharge":
        return {"encounterId": "e1"}
    if hook == "problem-list-item-create":
        entered = build.record(case["entered"], "e") if "entered" in case else record
        return {"conditions": build.collection(r for r in entered if r["resourceType"] == "Condition")}
    selected = [f"{draft['resourceType']}/{draft['id']}" for draft, chosen in drafts if chosen]
    return ({"draftOrders": orders} if drafts else {}) | ({"selections": selected} if hook == "order-select" else {})


# -- the verdict --------------------------------------------------------------------------------------------------------


def judge(case: Case, cards: Iterable[Json], language: str) -> None:
    """Compare the cards of a response with what the case says of them."""
    shown: dict[str, list[Json]] = {}
    for card in cards:
        shown.setdefault(card["source"]["topic"]["code"], []).append(card)
    mine = shown.get(case["card"], [])
    if "expect" in case:
        wanted = case["expect"]
        indicators = [card["indicator"] for card in mine]
        assert indicators == ([] if wanted == "none" else wanted if isinstance(wanted, list) else [wanted])
    for code, wanted in case.get("also", {}).items():
        assert (code, *(card["indicator"] for card in shown.get(code, ()))) == (code, *([wanted] if wanted != "none" else []))
    if not mine:
        assert case.get("expect") == "none", f"no card {case['card']}"
        return
    _judge_suggestions(case, mine[0].get("suggestions", []))
    words = mine[0]["summary"] + mine[0].get("detail", "")
    for said in case.get("says", ()) if language == "en" else ():
        assert said in words
    for said in case.get("says-not", ()):
        assert said not in words


def _judge_suggestions(case: Case, suggestions: list[Json]) -> None:
    keys = [_key(suggestion) for suggestion in suggestions]
    recommended = [key for key, each in zip(keys, suggestions, strict=True) if each.get("isRecommended")]
    if "suggests" in case:
        assert [f"{key}*" if key in recommended else key for key in keys] == case["suggests"]
    assert set(case.get("offers", ())) <= set(keys)
    assert not set(case.get("drops", ())) & set(keys)
    assert not set(case.get("not-recommended", ())) & set(recommended)
    if "recommends" in case:
        assert recommended == ([] if case["recommends"] == "none" else [case["recommends"]])
    for drug, day in case.get("starts", {}).items():
        order = suggestions[keys.index(drug)]["actions"][-1]["resource"]
        stated = order.get("dispenseRequest", {}).get("validityPeriod", {}).get("start") or order.get("occurrenceDateTime")
        starts = stated or order["authoredOn"]
        assert date.fromisoformat(starts) == day


def _key(suggestion: Json) -> str:
    """What a suggestion proposes, in the words of vocabulary.toml; "discard" when it only takes a draft off the desk, "mend"
    when it changes one."""
    if any(action["type"] == "update" for action in suggestion["actions"]):
        return "mend"
    created = [action["resource"] for action in suggestion["actions"] if action["type"] != "delete"]
    if not created:
        return "discard"
    code = created[0].get("medicationCodeableConcept") or created[0]["code"]
    return _proposed()[code["coding"][0]["code"] if "coding" in code else code["text"]]


@cache
def _proposed() -> dict[str, str]:
    """First code of a proposed resource -> the word for it."""
    words: dict[str, str] = {}
    for kind, system in (("drugs", "atc"), ("services", "loinc")):
        for name, word in WORDS[kind].items():
            words.setdefault(word.get(system, name), name)
    proposed: dict[str, str] = WORDS["proposed"]
    return words | proposed
