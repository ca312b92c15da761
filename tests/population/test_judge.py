"""A patient of a population has the answer that the hook gives."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

import orjson
import pytest

import fhir_fixtures
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from cds_service.population.judge import FAILED, HOOK, TOO_MUCH, TWICE, UNKNOWN, Rules, evaluate
from cds_service.population.made import chart
from cds_service.population.rows import Row
from fhir_fixtures import Fixture
from tests.each import for_each
from tests.population.conftest import TODAY, patient

Json = dict[str, Any]


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(Evaluator(Settings()), TODAY)


def entries(resources: Iterable[Json]) -> list[bytes]:
    return [b'{"resource":' + orjson.dumps(each) + b"}" for each in resources]


def answered(fixture: Fixture, rules: Rules, **more: Any) -> list[Json]:
    body = json.dumps(fixture.request() | more).encode()
    cards: list[Json] = rules.evaluator.evaluate(parse(body, HOOK), "en", fixture.as_of).response["cards"]
    return cards


def told(card: Json) -> tuple[Any, ...]:
    """What a row says of a card: code, indicator, what it contains, and its evidence that has a place or a day."""
    extension = card["extension"]
    evidence = [(e.get("reference", ""), e.get("date", "")) for e in extension.get("org.osteoporosis-cds.evidence", ())]
    contains = tuple(dict.fromkeys(each["code"] for each in extension.get("org.osteoporosis-cds.contains", ())))
    return card["source"]["topic"]["code"], card["indicator"], contains, [each for each in evidence if any(each)]


def said(row: Row) -> tuple[Any, ...]:
    return row.card, row.indicator, row.contains, [*zip(row.evidence, row.evidence_dates, strict=True)]


@for_each("name", fhir_fixtures.names())
def test_the_rows_of_a_story_are_the_cards_of_the_hook(name: str, rules: Rules) -> None:
    fixture = fhir_fixtures.load(name)._replace(hook=HOOK, context={})
    rules.today = fixture.as_of
    rows = evaluate(fixture.patient_id, entries(fixture.resources), rules).rows
    assert [said(row) for row in rows if row.shown] == [told(card) for card in answered(fixture, rules)]


def test_the_order_of_the_resources_does_not_matter(rules: Rules) -> None:
    fixture = fhir_fixtures.load("denosumab-missed")
    rules.today = fixture.as_of
    some = entries(fixture.resources)
    expected = evaluate(fixture.patient_id, some, rules)
    random.Random(1).shuffle(some)
    assert evaluate(fixture.patient_id, some, rules) == expected


def test_what_was_not_exported_is_unknown_as_for_a_client_whose_query_failed() -> None:
    fixture = fhir_fixtures.load("denosumab-missed")._replace(context={})
    absent = frozenset({"AllergyIntolerance", "Condition"})
    rules = Rules(Evaluator(Settings()), fixture.as_of, absent)
    lost = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    prefetch = fixture.request()["prefetch"] | {"allergies": lost, "conditions": lost}
    some = [each for each in fixture.resources if each["resourceType"] not in absent]
    rows = evaluate(fixture.patient_id, entries(some), rules).rows
    assert [said(row) for row in rows if row.shown] == [told(card) for card in answered(fixture, rules, prefetch=prefetch)]
    assert any(row.doubt for row in rows)


def test_a_patient_without_a_patient_resource_is_named_with_how_much_stands_there(rules: Rules) -> None:
    some = patient("p1", "female 70", "problem osteoporosis since 2020-01-01", "creatinine 0.8 mg/dL on 2026-01-01")
    judged = evaluate("p1", entries(some[1:]), rules)
    assert (judged.why, judged.rows, judged.item) == (UNKNOWN, (), None)
    assert [problem.what for problem in judged.problems] == ["Patient/p1, 2 resources"]


def test_a_resource_that_came_twice_counts_once_and_is_named(rules: Rules) -> None:
    rules.today = TODAY
    some = patient("p1", "female 70", "denosumab given 2025-06-01")
    older = some[1] | {"meta": {"lastUpdated": "2020-01-01T00:00:00Z"}, "effectiveDateTime": "2020-06-01"}
    newer = some[1] | {"meta": {"lastUpdated": "2026-01-01T00:00:00Z"}}
    judged = evaluate("p1", entries([*some[:1], newer, older]), rules)
    assert [(problem.why, problem.what) for problem in judged.problems] == [(TWICE, f"{older['resourceType']}/{older['id']}")]
    assert judged.item
    assert judged.item.taken
    assert judged.item.taken.last_dose == "2025-06-01"


def test_more_than_one_call_may_bring_is_said_of_that_patient(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.fhir.reading.limits.MOST", {"entries": 1, "components": 9, "codings": 9})
    some = patient("p1", "female 70", "problem osteoporosis since 2020-01-01")
    assert evaluate("p1", entries(some), rules).why == TOO_MUCH


@pytest.mark.parametrize("what", ["cds_service.population.gaps.item_of", "cds_service.pipeline.run"])
def test_whatever_fails_costs_one_patient_the_answer_and_names_no_value(
    rules: Rules, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("Wang Xiuying")

    monkeypatch.setattr(what, fails)
    judged = evaluate("p1", entries(patient("p1", "female 70")), rules)
    assert (judged.why, judged.problems[0].what) == (FAILED, "Patient/p1, ValueError")


def test_what_a_process_remembers_of_other_patients_changes_no_answer(rules: Rules) -> None:
    """Codes are worked out once a process: known ones, ones that nobody knows, and ones of which a part is broken."""
    rules.today = TODAY
    codes: list[Json] = [
        {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        {"coding": [{"system": 5, "code": "2160-0"}, {"system": "http://loinc.org", "code": "718-7"}]},
        {"coding": [{"system": "urn:ours", "code": "BUN", "display": "Urea"}]},
        {"coding": [{"code": "GLU"}], "text": "glucose"},
        {"text": "T-score of somewhere"},
        {"text": 7},
        {},
    ]
    values = {"status": "final", "effectiveDateTime": "2026-06-01", "valueQuantity": {"value": 1, "unit": "mg/dL"}}
    results = [{"resourceType": "Observation", "id": str(n), "code": code, **values} for n, code in enumerate(codes)]
    some = [(name, entries([*patient(name, "female 70"), *results[place:]])) for place, name in enumerate("abcdefg")]
    some += [(f"p{n:07}", entries(chart(n, 40, 1, TODAY))) for n in range(8)]
    remembered = [evaluate(*each, rules) for each in (*some, *some)]
    alone = []
    for each in some:
        rules.evaluator.counting()[0]._memory.clear()
        alone.append(evaluate(*each, rules))
    assert remembered == [*alone, *alone]
    assert any(each.counts.get("set-aside: unreadable") for each in alone)
