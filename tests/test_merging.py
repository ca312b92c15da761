"""What becomes one card loses nothing that one of them said, and comes only where a site wants it."""

from __future__ import annotations

import json

from cards.chart import Draft, SetAside
from cards.engine import voice
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Option
from cards.engine.options import discard, service
from cards.engine.run import run
from cards.engine.voice.merging import one_per_draft
from cards.engine.voice.ownership import exclusive
from cards.vocabulary import DRUGS, Data
from cds_service.hooks.request import parse
from tests.silence.told import told
from tests.test_voice import evaluator

PACK = (DRUGS["alendronate"], DRUGS["cholecalciferol"])
DRUG, VITAMIN = (Draft("MedicationRequest/1", drug, product=PACK) for drug in PACK)


def test_what_is_said_of_another_drug_of_a_pack_is_said_of_the_pack() -> None:
    forbids = Finding(code="bisphosphonate-renal", indicator=CRITICAL, about=DRUG)
    warns = Finding(code="dose-check", indicator=WARNING, about=VITAMIN)
    [told_once] = one_per_draft([forbids, warns])
    assert told_once.codes == ("bisphosphonate-renal", "dose-check")


def test_two_orders_under_one_id_keep_a_card_each() -> None:
    first, second = (Draft("MedicationRequest/1", DRUGS[key], repeated=True) for key in ("alendronate", "raloxifene"))
    findings = [
        Finding(code="bisphosphonate-renal", indicator=CRITICAL, about=first),
        Finding(code="serm-thrombosis", indicator=CRITICAL, about=second),
        Finding(code="dose-check", indicator=WARNING, about=second),
    ]
    assert [each.codes for each in one_per_draft(findings)] == [
        ("bisphosphonate-renal",),
        ("serm-thrombosis", "dose-check"),
    ]


def test_beside_a_referral_that_is_recommended_the_removal_of_a_forbidden_draft_stays_so() -> None:
    referral, removal = service("referral-endocrinology", recommended=True), discard(DRUG, recommended=True)
    forbids = Finding(
        code="pth-analog-contraindication", indicator=CRITICAL, about=DRUG, options=(referral, removal), any_number=True
    )
    warns = Finding(code="pregnancy", indicator=WARNING, about=DRUG, options=(discard(DRUG),))
    [told_once] = one_per_draft([forbids, warns])
    assert told_once.any_number
    assert [each.recommended for each in told_once.options] == [True, True]


def test_beside_a_drug_that_is_only_an_option_the_removal_alone_is_recommended() -> None:
    referral, removal = service("referral-osteoporosis", recommended=True), discard(DRUG, recommended=True)
    instead = Option("drug", "denosumab", replaces=(DRUG,))
    forbids = Finding(code="bisphosphonate-renal", indicator=CRITICAL, about=DRUG, options=(referral, instead, removal))
    warns = Finding(code="dose-check", indicator=WARNING, about=DRUG)
    [told_once] = one_per_draft([forbids, warns])
    assert [each.kind for each in told_once.options if each.recommended] == ["discard"]


def routine(off: frozenset[str] = frozenset(), *, changed: Finding | None = None) -> list[Finding]:
    call = told("routine-care: Calcium, tests, education and function are four lines")
    chart = evaluator().chart(parse(json.dumps(call.body).encode(), call.hook), call.as_of)
    found = [changed if changed is not None and each.code == changed.code else each for each in run(chart)]
    return voice.answered(found, found, chart, off)


def test_the_routine_says_what_a_line_of_it_could_not_read() -> None:
    unusable = SetAside(Data.BODY, "unit")
    careful = Finding(
        code="rehab-assessment",
        indicator=INFO,
        left_out=(unusable,),
        unread=(Data.FUNCTION,),
        doubt=(Data.CONDITIONS,),
        notes=("note",),
    )
    *_, card = routine(changed=careful)
    assert "rehab-assessment" in card.codes
    assert (card.left_out, card.unread, card.doubt, card.notes) == (
        (unusable,),
        (Data.FUNCTION,),
        (Data.CONDITIONS,),
        ("note",),
    )


def test_a_merging_card_that_is_switched_off_merges_nothing() -> None:
    assert "routine-care" not in {each.code for each in routine(frozenset({"routine-care"}))}


def test_tests_stay_beside_the_drugs_where_their_card_is_switched_off() -> None:
    call = told("kidney-rising-pth")
    chart = evaluator().chart(parse(json.dumps(call.body).encode(), call.hook), call.as_of)
    found = [each for each in run(chart) if each.code != "tests-due"]
    assert "tests-due" in {each.code for each in exclusive(found)}
    beside = exclusive(found, {"tests-due"})
    assert "tests-due" not in {each.code for each in beside}
    assert [each.options for each in beside] == [each.options for each in found]


def heard(name: str) -> dict[str, Finding]:
    """What the answer to a case says, by card."""
    call = told(name)
    chart = evaluator().chart(parse(json.dumps(call.body).encode(), call.hook), call.as_of)
    found = run(chart)
    return {each.code: each for each in voice.answered(found, found, chart)}


def test_at_a_refill_nothing_says_to_go_on_with_what_low_calcium_pauses() -> None:
    assert "bisphosphonate-review" in heard("bisphosphonate-review: On a refill after five years")
    assert "bisphosphonate-review" not in heard("bisphosphonate-review: On a refill with low calcium the rule still fires")


def test_in_osteomalacia_dxa_waits_as_the_work_up_says() -> None:
    def said(name: str) -> tuple[set[str], set[str]]:
        found = heard(name).values()
        return {code for each in found for code in each.codes}, {o.key for each in found for o in each.options}

    codes, ordered = said("bmd-screening: With a normal ALP it fires as well")
    assert "bmd-screening" in codes
    assert {"dxa", "ctx", "p1np"} <= ordered
    codes, ordered = said("bmd-screening: In osteomalacia the rule still fires")
    assert "bmd-screening" not in codes
    assert not {"dxa", "ctx", "p1np"} & ordered


def test_calcium_is_offered_once_whatever_the_dose() -> None:
    findings = heard("secondary-causes: Low calcium of three days ago is not measured again yet").values()
    assert sum(option.kind == "drug" and option.key == "calcium" for each in findings for option in each.options) == 1
