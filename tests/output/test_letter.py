"""The letter to the patient: laws over every card in both languages, and over every story."""

from __future__ import annotations

import re

import orjson
import pytest
from msgspec.structs import replace

import fhir_fixtures
from cards.chart import Chart
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, Finding
from cards.vocabulary import Data
from cards.words.letter import FIRST, WHEN, Letter, letter
from cards.words.patient import closing
from cards.words.phrases import PHRASES, phrase
from cds_service.casebook.samples import samples as of_card
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from tests.each import for_each

Sample = tuple[Chart, Finding]

TIMES = {
    "today": r"\btoday\b",
    "week": r"\bthis week\b|\bnext few days\b",
    "weeks": r"\bnext few weeks\b",
    "visit": r"(?<!wait for your )\bnext visit\b",
}
RED_FLAGS = re.compile(r"emergency services|same day|\bat once\b", re.IGNORECASE)
MOST = {"en": 300, "zh": 550}
OF_A_HIP = {"en": 250, "zh": 450}
"""Words in English, characters in Chinese."""


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """A chart and a finding of every card, variant and indicator."""
    return [(sample.chart, sample.finding) for code in all_cards() for sample in of_card(code)]


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(Settings())


def told(evaluator: Evaluator, name: str, language: str, hook: str = "") -> Letter:
    fixture = fhir_fixtures.load(name)
    request = fixture._replace(hook=hook or fixture.hook).request()
    return evaluator.letter(parse(orjson.dumps(request), request["hook"]), language, fixture.as_of)


def in_front(found: Letter, language: str) -> str:
    """All that the patient reads before anything is unfolded."""
    steps = [part for step in found.first for part in (phrase("when", step.when, language), step.summary, *step.do)]
    own = [PHRASES["letter"][key][language] for key in ("title", "dated", "call", "emergency", "rest")]
    folded = [PHRASES["letter"]["more"][language]] * len(found.first)
    return " ".join([*own, *folded, *found.cautions, *steps, closing(language)])


def test_its_heading_never_contradicts_the_words_below(samples: list[Sample]) -> None:
    for chart, finding in samples:
        (step,) = letter([finding], "en", chart).first
        which = (finding.code, finding.variant, finding.indicator.value, step.when, step.summary)
        said = [when for when, words in TIMES.items() if re.search(words, step.summary)]
        assert not said or step.when in said, which
        if finding.indicator is CRITICAL:
            assert step.when == "today", which
            assert not any(re.search(TIMES[later], line) for line in step.do for later in ("week", "weeks", "visit")), which


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_must_not_be_overlooked_is_never_folded(samples: list[Sample], language: str) -> None:
    flags = {"en": RED_FLAGS, "zh": re.compile(r"急救电话|当天(?:就医|联系)|马上|立即")}[language]
    for chart, finding in samples:
        if all_cards()[finding.code].merges:
            continue
        (step,) = letter([finding], language, chart).first
        front = re.sub(r"\W", "", " ".join((step.summary, *step.do)))
        for line in step.detail.partition(f"**{PHRASES['patient']['record'][language]}**")[0].splitlines():
            if line.startswith("- ") and flags.search(line):
                assert re.sub(r"\W", "", line) in front, (finding.code, finding.variant, line)


def test_both_languages_say_the_same_in_the_same_order(samples: list[Sample]) -> None:
    for chart, finding in samples:
        (english,), (chinese,) = (letter([finding], language, chart).first for language in ("en", "zh"))
        assert english.when == chinese.when, finding.code
        assert bool(english.do) == bool(chinese.do), finding.code


@pytest.mark.parametrize("language", ["en", "zh"])
@for_each("name", fhir_fixtures.names())
def test_a_letter_is_short_in_order_of_time_and_holds_all_that_the_cards_say(
    evaluator: Evaluator, name: str, language: str
) -> None:
    found = told(evaluator, name, language)
    steps = [*found.first, *found.rest]
    assert [step.when for step in steps] == sorted((step.when for step in steps), key=WHEN.index)
    assert len(found.first) == min(len(steps), max(FIRST, sum(step.when == "today" for step in steps)))
    fixture = fhir_fixtures.load(name)
    request = fixture.request()
    request["context"]["userId"] = "Patient/p1"
    cards = evaluator.evaluate(parse(orjson.dumps(request), request["hook"]), language, fixture.as_of).response["cards"]
    assert {card["summary"] for card in cards} <= {step.summary for step in steps}
    front = in_front(found, language)
    if len(found.first) <= FIRST:
        most = OF_A_HIP if "hip" in name else MOST
        assert len(front.split() if language == "en" else front) <= most[language]


def test_more_than_three_things_stand_in_front_if_all_are_for_today(samples: list[Sample]) -> None:
    chart, finding = next(each for each in samples if each[1].indicator is CRITICAL)
    mild = next(found for _, found in samples if found.code == "low-bone-mass")
    found = letter([mild, *[finding] * 5], "en", chart)
    assert ([step.when for step in found.first], len(found.rest)) == (["today"] * 5, 1)


def test_a_record_that_could_not_be_read_is_said_in_front(samples: list[Sample]) -> None:
    chart, finding = next(each for each in samples if each[1].code == "low-bone-mass")
    assert letter([replace(finding, unread=())], "en", chart).cautions == ()
    for language in ("en", "zh"):
        found = letter([replace(finding, unread=(Data.CONDITIONS,))], language, chart)
        assert found.cautions == (PHRASES["patient"]["unread"][language],)


def test_nothing_to_say_is_no_all_clear(evaluator: Evaluator) -> None:
    assert told(evaluator, "teriparatide-nearly-over", "en") == Letter(())
    assert "not mean that all is well" in PHRASES["letter"]["none-why"].en
