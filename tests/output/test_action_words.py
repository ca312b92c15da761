"""What an action depends on stands in its own words, too: some EHRs show these and not the label of the suggestion."""

from __future__ import annotations

import json
from typing import Any

import pytest

import fhir_fixtures
from cards.words import options, phrases
from cds_service import suggestions
from cds_service.casebook.samples import samples
from cds_service.config import Settings
from cds_service.hooks.request import HOOKS, parse
from cds_service.pipeline import Evaluator

STORIES = [each.name for each in fhir_fixtures.all_fixtures() if each.hook in HOOKS]


def test_the_conditions_of_every_suggestion_stand_in_its_actions_k6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every story, in the language of its turn: condition, start, urgency, what ends with it, what is left by hand."""
    evaluator, seen = Evaluator(Settings()), {"condition": 0, "start": 0, "by hand": 0, "stops": 0}
    made = suggestions.Suggestions._made

    def watched(self: Any, option: Any) -> Any:
        label, actions = made(self, option)
        language, chart = self._language, self._chart
        placing = [each["description"] for each in actions if each["type"] == "create"]
        if (condition := options.condition_of(option, language, chart)) and actions:
            seen["condition"] += 1
            plain = phrases.capital(phrases.plain(condition))
            waiting = [each for each in actions if each["type"] == "create" or not option.stop_now]
            said = [each["description"].partition("; ")[2 if option.stop_now else 0] for each in waiting]
            assert all(phrases.capital(each).startswith(plain) for each in said), label
        if option.start is not None and option.start > chart.today:
            seen["start"] += 1
            day = phrases.day(option.start, language)
            assert all(day in each for each in placing), label
        if suggestions.BY_HAND[language] in label and placing:
            seen["by hand"] += 1
            assert all(suggestions.BY_HAND[language] in each for each in placing), label
        for each, action in zip(option.replaces, [each for each in actions if each["type"] == "delete"], strict=False):
            assert not each.addressable or options.draft_called(each, language, chart) in action["description"], label
        if option.stops:
            seen["stops"] += 1
            assert all(options._names(option.stops, language) in each for each in placing), label
        return label, actions

    monkeypatch.setattr(suggestions.Suggestions, "_made", watched)
    for place, name in enumerate(STORIES):
        fixture = fhir_fixtures.load(name)
        call = parse(json.dumps(fixture.request()).encode(), fixture.hook)
        evaluator.evaluate(call, ("en", "zh")[place % 2], fixture.as_of)
    assert min(seen["condition"], seen["start"], seen["stops"]) > 0, seen


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_must_stop_does_not_wait_for_what_follows_it(language: str) -> None:
    """What must stop was under a condition, "after a specialist has checked: stop it", on the button and on its actions."""
    found = next(each for each in samples("start-treatment") if each.finding.variant == "instead")
    option = next(each for each in found.finding.options if each.stops)
    condition = phrases.plain(options.condition_of(option, language, found.chart))
    now = {"en": "Stop alendronate now; ", "zh": "立即停用阿仑膦酸钠；"}[language]
    assert options.label(option, language, found.chart).startswith(now + condition)
    assert options.described("Order it", option, language, found.chart, places=True).startswith(now + condition)
    assert options.described("End it", option, language, found.chart, places=False) == "End it"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_for_whom_alone_a_drug_is_stands_on_its_action_too(language: str) -> None:
    found = [
        (sample, each)
        for code in ("start-treatment", "denosumab-sequence")
        for sample in samples(code)
        for each in sample.finding.options
    ]
    some = [(sample, each) for sample, each in found if each.provided]
    assert {each.provided for _, each in some} == {"if-not-back", "next-arranged", "once-worn-off"}
    for sample, each in some:
        told = phrases.capital(phrases.plain(phrases.phrase("provided", each.provided, language)))
        assert options.described("Order it", each, language, sample.chart, places=True).startswith(told)
