"""A budget in counted work (issue 7): what one request may do, told without a clock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import force_setattr
from pydantic import BaseModel

from bench.records import TODAY, body, resources
from cards.chart import Draft
from cards.definitions import density, diagnosis, kidney, minerals, person, risk, treatment
from cards.engine.catalog import all_cards
from cards.vocabulary import ALENDRONATE
from cds_service.config import Settings
from cds_service.fhir.reading import wire
from cds_service.hooks.request import parse
from cds_service.pipeline import BODY, Evaluator

ONE_BY_ONE = ("RESOURCE", "LOOSE_BUNDLE", "LOOSE_ENTRY", "KIND", "PEEK", "MEDICINE", "MEDICATION", "ACT", "ANYTHING")
COUNT = 500


class Counting:
    """A decoder that counts how often it was given the same bytes."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.seen: Counter[bytes] = Counter()

    def decode(self, content: Any) -> Any:
        self.seen[bytes(content)] += 1
        return self._decoder.decode(content)


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(Settings(today_is=TODAY))


@pytest.fixture
def rules_run() -> Iterator[Counter[Any]]:
    """How often each rule was run on the same orders and courses: an option on trial makes another chart."""
    run: Counter[Any] = Counter()
    rules = {card.code: card.rule for card in all_cards().values()}

    def counting(code: str) -> Any:
        def rule(chart: Any, *handed: Any) -> Any:
            run[code, chart.hook, chart.drafts, tuple(chart.drug_courses)] += 1
            return rules[code](chart, *handed)

        return rule

    for card in all_cards().values():
        force_setattr(card, "rule", counting(card.code))
    yield run
    for card in all_cards().values():
        force_setattr(card, "rule", rules[card.code])


@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_no_work_is_done_twice(
    hook: str, evaluator: Evaluator, rules_run: Counter[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoders = {name: Counting(getattr(wire, name)) for name in (*ONE_BY_ONE, "CONCEPT")}
    for name, decoder in decoders.items():
        monkeypatch.setattr(wire, name, decoder)
    monkeypatch.setattr(BaseModel, "__init__", lambda *_, **__: pytest.fail("a model was built"))
    monkeypatch.setattr(BaseModel, "model_validate", lambda *_, **__: pytest.fail("a model was built"))
    whole = Counting(BODY)
    evaluation = evaluator.evaluate(parse(body(hook, COUNT), hook, body=whole), "en")
    assert evaluation.response["cards"]

    assert whole.seen.total() == (1 if hook == "patient-view" else 0)
    if hook != "patient-view":  # what came with an order is decoded when it is known that the order is ours, answer by answer
        answers = decoders.pop("RESOURCE").seen
        assert {times for content, times in answers.items() if b'"entry"' in content} == {1}
    # the code of the one draft is looked at first (is it ours at all?), then with the record
    drafted = (b'"draft"', b"zoledronic acid 5 mg infusion")
    on_record = {
        name: Counter({c: n for c, n in decoder.seen.items() if not any(each in c for each in drafted)})
        for name, decoder in decoders.items()
    }
    assert max(on_record.pop("CONCEPT").values()) == 1
    assert not sum(on_record.values(), Counter()), "a resource that was decoded with the body was decoded again"
    assert max(rules_run.values()) == 1


def test_one_broken_resource_costs_its_own_bundle_a_second_look_and_no_other(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = json.loads(body("patient-view", COUNT))
    counts = {key: len(found.get("entry", ())) for key, found in request["prefetch"].items()}
    request["prefetch"]["conditions"]["entry"][-1]["resource"]["recordedDate"] = {"not": "a date"}
    decoder = Counting(wire.RESOURCE)
    monkeypatch.setattr(wire, "RESOURCE", decoder)
    evaluator.evaluate(parse(json.dumps(request).encode(), "patient-view", body=BODY), "en")
    assert decoder.seen.total() == len(counts) + counts["conditions"] + 1  # the broken one again, without its field


def test_the_ranges_of_what_no_rule_reads_are_not_decoded(evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Counting(wire.REFERENCE_RANGES)
    monkeypatch.setattr(wire, "REFERENCE_RANGES", decoder)
    evaluator.evaluate(parse(body("patient-view", COUNT), "patient-view", body=BODY), "en")
    observations = sum(1 for resource in resources(COUNT) if resource["resourceType"] == "Observation")
    assert 0 < decoder.seen.total() < observations / 2


def test_what_trials_share_rests_on_the_record_alone(evaluator: Evaluator) -> None:
    chart = evaluator.chart(parse(body("patient-view", 50), "patient-view"))
    for field in ("hook", "drafts"):
        force_setattr(chart, field, object())  # neither a Hook nor iterable: whoever looks at it fails
    modules = (kidney, minerals, person, density, diagnosis, treatment, risk)
    own = [look for module in modules for look in vars(module).values() if getattr(look, "__module__", "") == module.__name__]
    shared = [look for look in own if hasattr(look, "__wrapped__")]
    assert len(shared) > 10
    for look in shared:
        look.__wrapped__(chart)


def test_another_record_knows_nothing_yet(evaluator: Evaluator) -> None:
    chart = evaluator.chart(parse(body("patient-view", 50), "patient-view"))
    kidney.renal(chart)
    assert chart.with_draft(Draft("proposed", ALENDRONATE, proposed=True)).known is chart.known
    assert chart.known
    assert not chart.without(ALENDRONATE).known
