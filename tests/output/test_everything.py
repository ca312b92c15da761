"""Whatever the rules find, it can be said in both languages and proposed as valid FHIR."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import fhirkit
import pytest

from cards.chart import Chart, Draft
from cards.definitions.person import postmenopausal
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.engine.run import run
from cards.engine.voice import alone
from cards.words import options, text
from cards.words.phrases import LANGUAGES
from cds_service.casebook.samples import samples
from cds_service.fhir.proposing.orders import Occasion, actions
from cds_service.hooks.cards import suggestion, to_wire
from tests.output.charts import chart

SEEDS = range(2000)
MANY = SEEDS if os.environ.get("ALL_CASES") else SEEDS[:600]
"""Whose findings are put into words (`make laws`: all)."""
BATCHES = [MANY[start : start + 100] for start in range(0, len(MANY), 100)]


def findings(seeds: range) -> Iterator[tuple[int, Chart, Finding]]:
    for seed in seeds:
        patient = chart(seed)
        for finding in run(patient):
            yield seed, patient, finding


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: str(seeds.start))
def test_every_finding_becomes_a_sound_card(seeds: range) -> None:
    for seed, patient, finding in findings(seeds):
        for language in LANGUAGES:
            check_both(patient, finding, language, f"seed {seed}, {finding.code} {finding.variant}")


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_every_variant_that_a_case_shows_becomes_a_sound_card(code: str) -> None:
    found = samples(code)
    assert found
    for sample in found:
        for language in LANGUAGES:
            check_both(sample.chart, sample.finding, language, f"{code} {sample.finding.variant}, {sample.told}")


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_what_a_sample_recommends_its_cases_recommend(code: str) -> None:
    """Who signs reads both: tests beside drugs that exclude each other had a mark in the one and none in the other."""
    for sample in samples(code):
        for each in alone([sample.finding], sample.chart):
            assert each.options == sample.finding.options
            assert each.any_number or sum(option.recommended for option in each.options) <= 1, sample.told


def check_both(patient: Chart, finding: Finding, language: str, which: str) -> None:
    """The card for the clinician, with its suggestions, and the one for the patient, without."""
    offered = []
    for option in finding.options:
        done = actions(
            option,
            Occasion(
                "p1",
                patient.today,
                language,
                postmenopausal=postmenopausal(patient),
                drafts={draft.id: raw(draft) for draft in patient.drafts},
            ),
        )
        offered.append(suggestion(options.label(option, language, patient), done, recommended=option.recommended))
    check(to_wire(finding, text.render(finding, language, patient), offered, language=language), which, language)
    words = text.render(finding, language, patient, for_patient=True)
    card = to_wire(finding, words, offered, language=language, for_patient=True)
    check(card, f"{which}, for the patient", language)
    assert "suggestions" not in card


def raw(draft: Draft) -> bytes:
    """The order as an EHR might have sent it."""
    order = {"resourceType": "MedicationRequest", "id": draft.id.split("/")[1], "status": "draft", "intent": "order"}
    medicine = {"subject": {"reference": "Patient/p1"}, "medicationCodeableConcept": {"text": "as the client calls it"}}
    return json.dumps(order | medicine | {"dosageInstruction": [{"text": "daily", "asNeededBoolean": False}]}).encode()


def check(card: dict[str, Any], which: str, language: str) -> None:
    whole = json.dumps(card, ensure_ascii=False)
    assert len(card["summary"]) < 140, which
    assert "\n" not in card["summary"], which
    assert not re.search(r"null|\[\]|\{\}|: \"\"|None|<b>|Undefined|\b[A-Z]\w+\(\w+=| ,|\(\)|（）", whole), (which, whole)
    if language == "zh":
        assert re.search(r"[\u4e00-\u9fff]", card["summary"]), which
    recommended = [each for each in card.get("suggestions", ()) if each.get("isRecommended")]
    assert len(recommended) <= 1 or card["selectionBehavior"] == "any", which
    for each in card.get("suggestions", ()):
        assert each["label"], which
        assert each["actions"], which
        for action in each["actions"]:
            if action["type"] in ("create", "update"):
                assert fhirkit.validate(json.dumps(action["resource"])) == [], which
            else:
                assert re.fullmatch(r"[A-Z]\w+/[A-Za-z0-9.-]{1,64}", action["resourceId"]), which


def test_the_patients_are_odd_enough_to_wake_most_cards() -> None:
    """Chance need not find all: each variant that a case shows is looked at besides."""
    woken: set[str] = set()
    for *_, finding in findings(SEEDS):
        woken.add(finding.code)
        if len(woken) > 0.9 * len(all_cards()):
            return
    pytest.fail(f"not {all_cards().keys() - woken}")
