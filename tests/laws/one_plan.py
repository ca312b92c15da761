"""What is to be done is one plan: hero, Next and cards say the same of today, of what must end, and in both languages."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson

from cards.chart import ORDER_HOOKS
from cards.definitions.minerals import vitamin_d
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, INFO
from cards.vocabulary import DRUGS
from cards.words.options import what
from cards.words.phrases import LANGUAGES
from cards.words.phrases import name as called
from cards.words.text import step
from cds_service.hooks.request import parse
from cds_service.pipeline import View
from cds_service.web.screen import screen
from cds_service.web.words import say
from tests.laws import law
from tests.silence.told import told
from tests.test_voice import cards_of, evaluator

Json = dict[str, Any]

ROUTINE = "routine-care"
WORK_UP = "secondary-causes"
BY_HAND = {"en": "by hand", "zh": "手动停用"}
UNCONFIRMED = {"en": "not confirmed", "zh": "未确认"}
OTHER_WORDS = {"en": "last safe day", "zh": "最后安全日"}
"""What was said beside "latest day for the dose" of the same day."""
LEAST, MOST = 0.15, 0.65
"""Characters of a Chinese sentence for each of the English one that says the same; measured on all stories and cases: 0.18 to
0.63. A sentence that one language drops lies far outside."""
SHORT = 24
"""Shorter ones say too little to be compared."""
RANKED = {"en": r"Best first: (.*)", "zh": r"优先顺序[^：\n]*：(.*)"}
NOT_WAITED_FOR = {"en": "does not wait", "zh": "不必等待"}


@lru_cache(maxsize=2)
def view(name: str, language: str = "en") -> View:
    call = told(name)
    return evaluator().view(parse(orjson.dumps(call.body), call.hook), language, call.as_of)


@law
def what_nothing_shows_to_be_taken_is_not_said_to_be(name: str) -> None:
    seen = view(name)
    listed = [c for c in seen.chart.drug_courses.values() if c.unconfirmed and c.drug.covers_months is None]
    for language in LANGUAGES if listed else ():
        for finding, card in zip(seen.findings, cards_of(told(name), language), strict=True):
            resting = [c for c in listed if c.source in {fact.source for fact in finding.facts}]
            if any(called(c.drug, language).casefold() in card["summary"].casefold() for c in resting):
                assert UNCONFIRMED[language] in card["summary"], card["summary"]


@law
def what_an_order_ends_is_ended_or_somebody_is_told_to(name: str) -> None:
    for language in LANGUAGES:
        for finding, card in zip(view(name).findings, cards_of(told(name), language), strict=True):
            for option, suggestion in zip(finding.options, card.get("suggestions", ()), strict=False):
                stopped = [each for each in suggestion.get("actions", ()) if each["type"] == "update"]
                said = " ".join(each["description"] for each in suggestion.get("actions", ()))
                assert len(stopped) >= len(option.stops) or BY_HAND[language] in said, suggestion["label"]
                if any(course.written is None for course in option.stops):
                    assert BY_HAND[language] in card["detail"], card["summary"]


@law
def both_languages_begin_with_the_same_sentence(name: str) -> None:
    seen = view(name)
    for finding in seen.findings:
        english, chinese = (step(finding, language, seen.chart) for language in LANGUAGES)
        assert bool(english) == bool(chinese)
        assert len(english) < SHORT or LEAST < len(chinese) / len(english) < MOST, (english, chinese)


@law
def what_is_routine_is_not_of_today(name: str) -> None:
    """Nor does a card that is not routine leave to it what it recommends of specialists."""
    seen = view(name)
    routine = next((finding for finding in seen.findings if finding.code == ROUTINE), None)
    if routine is None:
        return
    drawn = screen(seen.chart, seen.findings, "en", seen.off)
    counted = [each["what"] for each in drawn["next"] if each["day"] == say("ahead.routine", "en")]
    title = all_cards()[ROUTINE].title["en"]
    assert f"{title}: {routine.values['count']} items" in counted
    if seen.findings[0] is routine:
        return
    today = {each["what"].casefold() for each in drawn["next"] if each["day"] == say("ahead.now", "en")}
    elsewhere = {
        what(option, "en").casefold() for f in seen.findings if f is not routine for option in (*f.options, *f.elsewhere)
    }
    assert not today & {what(option, "en").casefold() for option in routine.options} - elsewhere
    for finding in seen.findings:
        left = [o for o in finding.elsewhere if o.recommended and o.key.startswith("referral") and o in routine.options]
        assert not left, (finding.code, left)


@law
def no_specialist_can_wait_as_routine_can(name: str) -> None:
    """Least of all oncology: "none of them urgent, as time allows" is never said of a referral for a tumor of bone."""
    for finding in view(name).findings:
        if finding.code == ROUTINE:
            assert "referral" not in {line.code for line in finding.contains}
            assert "referral-oncology" not in {option.key for option in (*finding.options, *finding.elsewhere)}


@law
def what_is_said_to_come_first_is_what_is_recommended(name: str) -> None:
    """Whoever acts on the first words of a card and whoever takes its star give the same drug."""
    for language in LANGUAGES:
        for finding, card in zip(view(name).findings, cards_of(told(name), language), strict=True):
            best = [called(DRUGS[o.key], language) for o in finding.options if o.kind == "drug" and o.recommended]
            for ranked in re.findall(RANKED[language], card["detail"]) if best else ():
                assert ranked.casefold().startswith(tuple(each.casefold() for each in best)), (finding.code, ranked, best)


@law
def nothing_waits_for_a_draft_that_is_refused(name: str) -> None:
    seen = view(name)
    if seen.chart.hook not in ORDER_HOOKS:
        return
    checks = (f for f in seen.findings if f.indicator is CRITICAL and all_cards()[f.code].checks_orders)
    refused = {finding.about.id: finding.about for finding in checks if finding.about is not None}
    others = {draft.id for draft in (*seen.chart.drafts, *seen.chart.beside)} - refused.keys()
    for finding in seen.findings:
        for condition in (each for option in finding.options for each in option.condition):
            met = {fact.source for fact in condition.facts}
            assert not met & refused.keys() or met & others, (finding.code, condition.code)


@law
def of_a_draft_that_is_refused_nobody_is_told_to_wait(name: str) -> None:
    seen = view(name)
    checks = (each for each in seen.findings if each.indicator is CRITICAL and all_cards()[each.code].checks_orders)
    refused = {(each.about.id, each.about.drug) for each in checks if each.about}  # of a pack, one of its drugs
    for finding in seen.findings:
        if finding.holds:
            assert not refused & {(draft.id, draft.drug) for draft in finding.values["drafts"]}, finding.code


@law
def calcium_is_measured_again_before_it_is_decided_upon(name: str) -> None:
    seen = view(name)
    for finding, *cards in zip(seen.findings, *(cards_of(told(name), language) for language in LANGUAGES), strict=True):
        decide = finding.values.get("decide")
        soon = decide and seen.chart.today < decide < seen.chart.today + timedelta(days=7)
        if soon and finding.code == "secondary-causes" and finding.values["rows"][0].key == "low-calcium":
            assert not any(words in card["detail"] for card in cards for words in ("in 3 to 7 days", "3～7天后")), finding.code


@law
def an_objection_is_never_cut_off(name: str) -> None:
    """What a draft is refused for stands whole in the line of its card."""
    for language in LANGUAGES:
        for finding, card in zip(view(name).findings, cards_of(told(name), language), strict=True):
            if finding.about is not None and finding.contains:
                assert "…" not in card["summary"], card["summary"]


@law
def a_button_has_one_colon(name: str) -> None:
    """So have its actions: what must come first, or what is done, stands before it, not one after the other."""
    for language, colon in (("en", ": "), ("zh", "：")):
        for suggestion in (each for card in cards_of(told(name), language) for each in card.get("suggestions", ())):
            for said in (suggestion["label"], *(action["description"] for action in suggestion["actions"])):
                assert said.count(colon) < 2, said


@law
def vitamin_d_is_said_to_be_given_where_it_is_wanted(name: str) -> None:
    """Not with calcium, at a 25(OH)D that needs none: nothing would order it."""
    seen = view(name)
    level = vitamin_d(seen.chart)
    if level is not None and level.below(seen.chart.numbers.vitamin_d_target) is False:
        for language in LANGUAGES:
            for finding, card in zip(seen.findings, cards_of(told(name), language), strict=True):
                if (
                    finding.code == "secondary-causes"
                    and finding.variant.startswith("low-calcium")
                    and not finding.values["rows"][0].told["nephrology"]
                ):
                    assert not re.search(r"calcium and vitamin D now|立即补充钙和维生素D", card["detail"]), card["summary"]


@law
def no_check_is_dated_after_what_waits_for_it(name: str) -> None:
    """An injection after vitamin D comes before calcium is measured again: then the card says that it does not wait."""
    seen = view(name)
    waiting = [o for f in seen.findings for o in f.options if o.recommended and o.first == "vitamin-d" and o.start]
    for finding, *cards in zip(seen.findings, *(cards_of(told(name), language) for language in LANGUAGES), strict=True):
        if finding.code != "vitamin-d-low" or finding.about is not None:
            continue
        days = [
            o.start for o in (*finding.options, *finding.elsewhere) if o.key == "calcium" and o.kind == "service" and o.start
        ]
        if any(day > o.start for day in days for o in waiting if o.start):
            for language, card in zip(LANGUAGES, cards, strict=True):
                assert NOT_WAITED_FOR[language] in card["detail"], card["summary"]


@law
def one_thing_has_one_word(name: str) -> None:
    for language in LANGUAGES:
        said = json.dumps(cards_of(told(name), language), ensure_ascii=False)
        assert not re.search(OTHER_WORDS[language], said, re.IGNORECASE)


@law
def a_low_calcium_that_holds_a_draft_has_its_order(name: str) -> None:
    """Unless calcium is taken or drafted already, or not to be given: then the card says why."""
    seen = view(name)
    for finding in seen.findings:
        if finding.code == "secondary-causes" and finding.variant.startswith("low-calcium") and finding.indicator is not INFO:
            offered = {option.key for option in finding.options} | {gone.key for gone in finding.dropped}
            taken = {c.drug.mechanism.value for c in seen.chart.drug_courses.values() if c.on_treatment(seen.chart.today)}
            taken |= {d.drug.mechanism.value for d in (*seen.chart.drafts, *seen.chart.beside) if d.drug}
            weak = any(row.told.get("nephrology") for row in finding.values["rows"])
            assert "calcium" in offered | taken or weak or finding.elsewhere, finding.code


@law
def what_a_warning_calls_for_stands_before_the_basic_tests(name: str) -> None:
    for finding in view(name).findings:
        rows = [row for row in finding.values.get("rows", ()) if row.warns] if finding.code == WORK_UP else []
        pressing = {key for row in rows for key in (*row.orders, row.referral)}
        tests = [option.key in pressing for option in finding.options if option.kind == "service"]
        assert tests == sorted(tests, reverse=True), [option.key for option in finding.options]


@law
def a_forbidden_draft_does_not_stay_in_the_basket_for_a_referral(name: str) -> None:
    """Beside tests and referrals alone, deleting it is recommended. Warfarin stays: the vitamin K2 beside it is to stop."""
    for finding in view(name).findings:
        kinds = {option.kind for option in finding.options}
        if (
            finding.indicator is CRITICAL
            and finding.code != "vitamin-k-warfarin"
            and "discard" in kinds <= {"discard", "service"}
        ):
            assert any(option.recommended for option in finding.options if option.kind == "discard"), finding.code
