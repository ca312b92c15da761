"""Comfort care: laws that the answer keeps over every story and some of the cases once hospice care is on record (card
specification, "Limited life expectancy")."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Hook
from cards.definitions.goals import comfort_care
from cards.definitions.minerals import vitamin_d
from cards.engine.catalog import all_cards
from cards.engine.findings import INFO, Finding
from cards.engine.run import run
from cards.engine.voice import answered
from cards.engine.voice.comfort import silenced
from cards.engine.voice.table import table
from cards.vocabulary import Data
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import Call, parse
from tests import test_voice, test_voice_laws
from tests.laws import law
from tests.silence.told import Told, told
from tests.test_voice import evaluator, everything, for_bone, proposed, rules_find

Json = dict[str, Any]

COMFORT = table().comfort
HOSPICE = {"coding": [{"system": "http://snomed.info/sct", "code": "385763009"}]}


def in_hospice(name: str) -> Told:
    """The same call, with hospice care on the problem list since the day before."""
    call = told(name)
    subject = {"reference": f"Patient/{call.body['context']['patientId'].removeprefix('Patient/')}"}
    entry = {
        "resourceType": "Condition",
        "id": "hospice",
        "code": HOSPICE,
        "subject": subject,
        "onsetDateTime": (call.as_of - timedelta(days=1)).isoformat(),
    }
    page = call.body["prefetch"].get("conditions") or {"resourceType": "Bundle", "type": "searchset"}
    page = page | {"entry": [*page.get("entry", ()), {"resource": entry}], "total": page.get("total", 0) + 1}
    return call._replace(body=call.body | {"prefetch": call.body["prefetch"] | {"conditions": page}})


def cards_of(call: Told) -> list[Json]:
    given: list[Json] = evaluator().evaluate(parsed(call), "en", call.as_of).response["cards"]
    return given


def chart_of(call: Told) -> Chart:
    return evaluator().chart(parsed(call), call.as_of)


def parsed(call: Told) -> Call:
    return parse(orjson.dumps(call.body), call.hook)


@lru_cache(maxsize=1)
def judged(name: str) -> tuple[Chart, list[Finding]]:
    """The chart in hospice care and what the rules find on it: made once for all laws (``tests.laws``)."""
    chart = chart_of(in_hospice(name))
    return chart, rules_find(chart)


def fires(name: str) -> bool:
    """Whether the card is in the answer, or silences there unshown."""
    return any(finding.code == COMFORT.card for finding in judged(name)[1])


@law
def under_comfort_care_no_drug_is_recommended_and_routine_is_silent(name: str) -> None:
    call = in_hospice(name)
    if not fires(name):
        return
    cards = cards_of(call)
    assert not [card["summary"] for star, card, resource in proposed(cards) if star and for_bone(resource)]
    level = vitamin_d(judged(name)[0])
    severe = level is not None and bool(level.below(10))
    silent = set(COMFORT.silent) - (set(COMFORT.unless_severe) if severe else set())
    silent -= set(COMFORT.besides_orders) if Hook(call.hook) in ORDER_HOOKS else set()
    assert not silent & {code for card in cards for code, _ in spoken_for(card)}
    assert "critical" not in {card["indicator"] for card in cards if card["source"]["topic"]["code"] in COMFORT.milder}


@law
def once_the_card_is_set_aside_all_is_said_again(name: str) -> None:
    chart, found = judged(name)
    fresh = [finding for finding in found if finding.code != COMFORT.card]
    usual = test_voice_laws.chart_of(told(name))
    if not comfort_care(usual):
        as_ever = rules_find(usual)
        before = {each for each in kinds(answered(as_ever, as_ever, usual)) if each[0] in COMFORT.silent}
        assert kinds(answered(fresh, found, chart)) >= before


@law
def what_stops_harm_by_an_order_is_said_all_the_same(name: str) -> None:
    """Every check of orders that warns, and what speaks against an order besides; denosumab's gap one step milder."""
    if Hook(told(name).hook) not in ORDER_HOOKS:
        return
    call = in_hospice(name)
    kept = {code for code, card in all_cards().items() if card.checks_orders} | set(COMFORT.besides_orders)
    warned = {
        code for card in test_voice.cards_of(told(name)) for code, _ in spoken_for(card) if card["indicator"] != "info"
    } & kept
    assert warned <= {code for card in cards_of(call) for code, _ in spoken_for(card)}


@pytest.mark.parametrize("hook", sorted(hook.value for hook in all_cards()[COMFORT.card].unshown))
def test_it_runs_unshown_on_the_other_hooks(hook: str) -> None:
    names = [*islice((name for name in everything() if told(name).hook == hook and fires(name)), 5)]
    assert names
    for name in names:
        assert COMFORT.card not in {code for card in cards_of(in_hospice(name)) for code, _ in spoken_for(card)}


def kinds(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(code, finding.indicator.value) for finding in findings for code in finding.codes}


def test_it_heads_what_informs() -> None:
    call = in_hospice("denosumab-due")
    chart = chart_of(call)
    found = run(chart)
    told_first = next(finding for finding in answered(found, found, chart) if finding.indicator is INFO)
    assert told_first.code == COMFORT.card


@pytest.mark.parametrize("group", ["encounters", "carePlans"])
def test_one_that_could_not_be_had_takes_the_recommendation_away(group: str) -> None:
    call = told("denosumab-due")
    body = json.loads(json.dumps(call.body))
    body["prefetch"][group] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    cards = cards_of(call._replace(body=body))
    assert not [card["summary"] for star, card, resource in proposed(cards) if star and for_bone(resource)]
    assert "incomplete-data" in {code for card in cards for code, _ in spoken_for(card)}


def test_an_encounter_that_cannot_be_read_takes_the_recommendation_away() -> None:
    call = told("denosumab-due")
    broken = {"resourceType": "Encounter", "id": "e", "status": 7, "type": "hospice"}
    page = {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [{"resource": broken}]}
    body = json.loads(json.dumps(call.body))
    body["prefetch"]["encounters"] = page
    cards = cards_of(call._replace(body=body))
    assert not [card["summary"] for star, card, resource in proposed(cards) if star and for_bone(resource)]
    assert "incomplete-data" in {code for card in cards for code, _ in spoken_for(card)}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("denosumab-due", "denosumab-due"),
        ("denosumab-missed", "denosumab-sequence"),
        ("denosumab-rebound-fractures", "denosumab-sequence"),
    ],
)
def test_what_follows_denosumab_is_a_choice_and_no_order(name: str, code: str) -> None:
    """Under comfort care the dose, an infusion and comfort alone are equal; without it, or once set aside, the dose is told."""
    usual = next(card for card in cards_of(told(name)) if card["source"]["topic"]["code"] == code)
    milder = next(card for card in cards_of(in_hospice(name)) if card["source"]["topic"]["code"] == code)
    assert "Equal choices" in milder["detail"]
    assert "goals of care" in milder["summary"]
    assert "Equal choices" not in usual["detail"]


def test_what_oncology_decides_is_silent_but_comes_back() -> None:
    """Denosumab 120 mg that ended: said again once the card of comfort care is set aside."""
    chart = chart_of(in_hospice("denosumab-oncologic-ended"))
    found = run(chart)
    fresh = [finding for finding in found if finding.code != COMFORT.card]
    assert ("denosumab-sequence", "oncologic") not in {(each.code, each.variant) for each in answered(found, found, chart)}
    assert ("denosumab-sequence", "oncologic") in {(each.code, each.variant) for each in answered(fresh, found, chart)}


LOST = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@pytest.mark.parametrize("name", everything()[::12])
def test_where_nobody_knows_what_would_be_silent_proposes_no_drug(name: str) -> None:
    """Nor says "start", but what could not be read."""
    call = told(name)
    if comfort_care(chart_of(call)):
        return
    body = json.loads(json.dumps(call.body))
    body["prefetch"]["encounters"] = LOST
    lost = call._replace(body=body)
    silent = silenced(chart_of(lost))
    for card in cards_of(lost):
        if card["source"]["topic"]["code"] in silent:
            assert not [resource for _, _, resource in proposed([card]) if resource["resourceType"] == "MedicationRequest"]


@pytest.mark.parametrize(("why", "offered"), [("no-such-type", True), ("unanswered", False)])
def test_a_site_without_care_plans_is_offered_drugs_of_which_none_is_recommended(why: str, *, offered: bool) -> None:
    chart = replace(chart_of(told("man-untreated")), failed=frozenset({Data.CARE_PLANS}), failed_why={Data.CARE_PLANS: why})
    chart.known.clear()
    found = run(chart)
    start = next(each for each in answered(found, found, chart) if each.code == "start-treatment")
    drugs = [option for option in start.options if option.kind == "drug"]
    assert bool(drugs) is offered
    assert bool(start.withheld) is not offered
    assert not any(option.recommended for option in drugs)
