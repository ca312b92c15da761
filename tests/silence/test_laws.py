"""The judge itself: what it must let pass, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest

from cards.vocabulary import Data
from cards.words.phrases import PHRASES
from tests.silence.asking import Answered
from tests.silence.json_path import Json
from tests.silence.laws import CONTAINS, INCOMPLETE, breaches
from tests.silence.mutation import Law, Mutation

RENAL = PHRASES["unread"][Data.RENAL]["en"]
LOST, MILDER, EMPTY = ["lost"], ["milder"], ["empty"]


def card(code: str, indicator: str = "critical", *, detail: str = "as ever", contains: Any = (), drugs: Any = ()) -> Json:
    suggestions = [
        {"label": drug.strip("*"), "isRecommended": drug.endswith("*"), "actions": [_ordering(drug.strip("*"))]}
        for drug in drugs
    ]
    told = {"summary": code, "detail": detail, "indicator": indicator, "source": {"topic": {"code": code}}}
    return told | {"extension": {CONTAINS: contains}, "suggestions": suggestions}


def _ordering(drug: str) -> Json:
    return {"type": "create", "resource": {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": drug}}}


def broken(law: Law, sound: list[Json], worse: list[Json], hook: str = "patient-view") -> list[str]:
    mutation = Mutation("where", "defect", "kind", law, {}, frozenset({Data.RENAL}))
    return [breach.what for breach in breaches(mutation, Answered(sound), Answered(worse), hook=hook)]


SAYS_RENAL = card(INCOMPLETE, "info", detail=f"Not read: {RENAL}")
SAYS_OTHER = card(INCOMPLETE, "info", detail="Not read: something else")
CAUTION = card("b", "info", detail=f"- Left out: eGFR ({PHRASES['set-aside']['unreadable']['en']})")


@pytest.mark.parametrize("law", [Law.GROUP, Law.FIELD, Law.DRAFT, Law.SAME])
@pytest.mark.parametrize(
    ("sound", "worse", "what"),
    [
        ([card("a")], [card("a")], []),
        ([card("a")], [], LOST),
        ([card("a")], [card("b")], LOST),
        ([card("a", "warning")], [card("a")], []),
        ([card("a")], [card("a", "warning")], MILDER),
        ([card("a", "info")], [], []),
        ([card("a"), card("a")], [card("a")], LOST),
        ([card("a"), card("b")], [card("a", contains=["a", "b"])], []),
        ([card("a"), card("b")], [card("a", contains=[{"code": "a"}, {"code": "b"}])], []),
        ([card("a", contains=["a", "b"])], [card("a")], LOST),
        ([card("a"), card("b")], [card("a", "warning", contains=["a", "b"])], MILDER + MILDER),
    ],
)
def test_a_card_stays_alone_or_in_a_merged_one(law: Law, sound: list[Json], worse: list[Json], what: list[str]) -> None:
    assert broken(law, sound, worse) == what


@pytest.mark.parametrize(
    ("law", "worse", "what"),
    [
        (Law.GROUP, [SAYS_RENAL], []),
        (Law.GROUP, [SAYS_OTHER], LOST),
        (Law.GROUP, [CAUTION], LOST),
        (Law.GROUP, [card("b", "info", detail=f"Not read: {RENAL}")], LOST),
        (Law.FIELD, [SAYS_RENAL], []),
        (Law.FIELD, [CAUTION], []),
        (Law.FIELD, [card("b", "info", detail="all is well")], LOST),
        (Law.DRAFT, [CAUTION], []),
        (Law.SAME, [SAYS_RENAL], LOST),
        (Law.SAID, [SAYS_RENAL], []),
        (Law.SAID, [CAUTION], ["unsaid"]),
        (Law.SAID, [card("a")], ["unsaid"]),
    ],
)
def test_what_a_law_takes_for_said(law: Law, worse: list[Json], what: list[str]) -> None:
    assert broken(law, [card("a")], worse) == what


def test_what_was_said_before_says_nothing_of_what_is_lacking_now() -> None:
    assert broken(Law.GROUP, [card("a"), SAYS_RENAL], [SAYS_RENAL]) == LOST
    assert broken(Law.FIELD, [card("a"), CAUTION], [CAUTION]) == LOST


def test_an_order_that_nobody_could_check_before_is_said_as_before() -> None:
    assert broken(Law.SAID, [SAYS_OTHER], [SAYS_OTHER]) == []
    assert broken(Law.SAID, [SAYS_OTHER], []) == ["unsaid"]


def test_nothing_at_all_for_an_order_is_called_by_its_name() -> None:
    assert broken(Law.FIELD, [card("a")], [], "order-sign") == EMPTY
    assert broken(Law.FIELD, [card("a")], [card("b")], "order-sign") == LOST


def test_no_drug_is_offered_nor_recommended_that_was_not_before() -> None:
    sound = [card("a", drugs=["denosumab", "zoledronate*"])]
    assert broken(Law.GROUP, sound, [card("a", drugs=["denosumab"])]) == []
    assert broken(Law.GROUP, sound, [card("a", drugs=["teriparatide"]), SAYS_RENAL]) == ["drug"]
    assert broken(Law.GROUP, sound, [card("a", drugs=["denosumab*"]), SAYS_RENAL]) == ["star"]
    assert broken(Law.FIELD, sound, [card("a", drugs=["teriparatide"])]) == ["drug"]
    assert broken(Law.FIELD, sound, [card("a", drugs=["teriparatide"]), CAUTION]) == []


@pytest.mark.parametrize(
    ("law", "kind", "groups", "what"),
    [
        (Law.GROUP, "patient", {Data.PATIENT}, []),
        (Law.FIELD, "Patient.id", {Data.PATIENT}, []),
        (Law.FIELD, "Patient.gender", {Data.PATIENT}, ["refused"]),
        (Law.GROUP, "renal", {Data.RENAL}, ["refused"]),
    ],
)
def test_a_call_is_refused_only_where_nobody_knows_whose_record_it_is(
    law: Law, kind: str, groups: set[Data], what: list[str]
) -> None:
    mutation = Mutation("where", "defect", kind, law, {}, frozenset(groups))
    found = breaches(mutation, Answered([card("a")]), Answered([], refused=412), hook="patient-view")
    assert [breach.what for breach in found] == what


def test_an_error_is_never_let_pass() -> None:
    mutation = Mutation("where", "defect", "kind", Law.GROUP, {}, frozenset({Data.PATIENT}))
    found = breaches(mutation, Answered([]), Answered([], error="KeyError: 'x'"), hook="patient-view")
    assert [breach.what for breach in found] == ["error"]
