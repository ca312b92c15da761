"""What holds of order safety as a whole: a plain, correct order draws no warning, a draft is judged alike however it is coded,
and a rule declares all that it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import combinations
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from cards.chart import Chart, Hook, Measurement
from cards.definitions.reads import OPTIONS
from cards.engine.catalog import all_cards, sections
from cards.engine.run import ask, drugs_of
from cards.vocabulary import ANALYTES, COURSES, Data
from cds_service.casebook.cases import all_cases
from cds_service.casebook.once import Once
from cds_service.casebook.requests import request
from cds_service.casebook.runs import charts
from cds_service.casebook.verdict import faults
from cds_service.config import Settings
from cds_service.fhir.reading.read import read
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from fhir_fixtures import Fixture, lines, load, names, story
from fhir_fixtures.prefetch import answer, templates
from tests.each import ALL, chance, for_each

Json = dict[str, Any]

PLAIN = ("alendronate", "zoledronate", "denosumab")
NORMAL = (
    "creatinine 0.7 mg/dL on {day}",
    "corrected-calcium 9.4 mg/dL on {day}",
    "25(OH)D 36 ng/mL on {day}",
)
SECTION_F = [
    case
    for case in all_cases()
    if sections()[all_cards()[case["card"]].section].safety
    and "formulary" not in case  # a site's own is another matter
    and case.get("draft")
    and not any("(" in str(draft) or draft == "unknown drug" or str(draft).startswith("test ") for draft in case["draft"])
]


@pytest.fixture(scope="module")
def evaluator() -> Once:
    return Once(Settings())


@for_each("name", [name for name in names() if "born" in story(name).patient])
def test_a_plain_correct_order_with_normal_labs_of_this_year_draws_no_warning(name: str, evaluator: Evaluator) -> None:
    """Of each story the patient and the bone density are kept, so that nothing stands against the order. Where the age is not
    known, a creatinine settles nothing; a woman who may become pregnant is asked for a test first."""
    fixture = load(name)
    for drug in PLAIN:
        body = ordered(fixture, drug)
        call = parse(orjson.dumps(body), "order-sign")
        given = evaluator.evaluate(call, "en", fixture.as_of).response["cards"]
        warned = [card for card in given if card["indicator"] != "info" and card["source"]["topic"]["code"] != "pregnancy"]
        assert [card["summary"] for card in warned] == [], drug


def ordered(fixture: Fixture, drug: str) -> Json:
    """The fixture's patient with normal laboratory values of this year, a bone density and this order, nothing else."""
    day = date.fromordinal(fixture.as_of.toordinal() - 30).isoformat()
    patient = next(r for r in fixture.resources if r["resourceType"] == "Patient")
    kept = [r for r in fixture.resources if r["resourceType"] == "Observation" and "T-score" in json.dumps(r)]
    labs = lines.record((line.format(day=day) for line in NORMAL), patient=patient["id"])
    ((draft, _),) = lines.drafts([drug], patient=patient["id"])
    entries = [{"resource": r} for r in (patient, *labs, *kept)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    context: Json = {"userId": "Practitioner/example", "patientId": patient["id"]}
    context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    found = fixture.request()
    empty = {key: {"resourceType": "Bundle", "type": "searchset"} for key in found.get("prefetch", {})}
    prefetch = empty | {"patient": bundle}
    return {"hook": "order-sign", "hookInstance": found["hookInstance"], "context": context, "prefetch": prefetch}


@for_each("case", SECTION_F, ids=lambda case: f"{case['card']}: {case['name']}")
def test_a_draft_gives_the_same_cards_however_it_is_coded(case: Mapping[str, Any], evaluator: Evaluator) -> None:
    """In one of two ways, by chance; `make laws` tries both."""
    ways = ("text only", "contained")
    for coding in ways if ALL else [ways[chance(case["name"], 2)]]:
        body = request({**case, "draft": [f"{draft} ({coding})" for draft in case["draft"]]})
        call = parse(orjson.dumps(body), body["hook"])
        assert faults(case, evaluator.evaluate(call, "en", case["today"], apart=True).response["cards"]) == [], coding


# -- a refill is signed, too --------------------------------------------------------------------------------------------

REFILLED = [
    case
    for case in SECTION_F
    if case.get("hook") == "order-sign"
    and Hook.REFILL in all_cards()[case["card"]].hooks
    and case["expect"] == "critical"
    and not any("from " in str(draft) for draft in case["draft"])
    and "died" not in case["name"]  # a record that may be wrong: only of orders
]


def test_every_check_of_orders_is_made_of_a_refill() -> None:
    assert [code for code, card in all_cards().items() if card.checks_orders and Hook.REFILL not in card.hooks] == []


@for_each("case", REFILLED, ids=lambda case: f"{case['card']}: {case['name']}")
def test_what_is_critical_of_an_order_is_critical_of_a_refill(case: Mapping[str, Any], evaluator: Evaluator) -> None:
    body = request({**case, "hook": "medication-refill"})
    given = evaluator.evaluate(parse(json.dumps(body).encode(), "medication-refill"), "en", case["today"], apart=True)
    critical = {card["source"]["topic"]["code"] for card in given.response["cards"] if card["indicator"] == "critical"}
    assert case["card"] in critical


# -- what a rule reads --------------------------------------------------------------------------------------------------


class _Recorded(dict[str, Any]):
    """A mapping that notes which groups of data are looked at."""

    def __init__(self, told: Mapping[str, Any], seen: set[Data], groups: Any) -> None:
        super().__init__(told)
        self._seen, self._groups = seen, groups

    def get(self, key: str, default: Any = None) -> Any:
        self._seen |= self._groups(key)
        return super().get(key, default)

    def values(self) -> Any:
        for key in self:
            self._seen |= self._groups(key)
        return super().values()


class _RecordedTuple(tuple[Any, ...]):
    """A tuple that notes that it is looked at."""

    seen: set[Data]
    group: Data

    def __iter__(self) -> Iterator[Any]:
        self.seen.add(self.group)
        return super().__iter__()


def recording(chart: Chart, seen: set[Data]) -> Chart:
    """The chart, noting in ``seen`` the groups of data that a rule looks at."""

    def noted(told: tuple[Any, ...], group: Data) -> _RecordedTuple:
        found = _RecordedTuple(told)
        found.seen, found.group = seen, group
        return found

    return replace(
        chart,
        measured=_Recorded(chart.measured, seen, lambda key: {ANALYTES[key].group}),
        problems=_Recorded(chart.problems, seen, lambda key: {Data.CONDITIONS}),
        drug_courses=_Recorded(chart.drug_courses, seen, lambda key: set(COURSES)),
        fractures=noted(chart.fractures, Data.CONDITIONS),
        allergies=noted(chart.allergies, Data.ALLERGIES),
    )


@for_each("name", names())
def test_a_rule_declares_all_that_it_reads(name: str) -> None:
    fixture = load(name)
    drafts = fixture.context.get("draftOrders")
    chart, _ = read(
        [json.dumps(fixture.bundle).encode()],
        patient_id=fixture.patient_id,
        today=fixture.as_of,
        zone=Settings().zone,
        hook=Hook(fixture.hook),
        drafts=[json.dumps(drafts).encode()] if drafts else [],
    )
    for card in all_cards().values():
        if chart.hook in card.hooks:
            seen: set[Data] = set()
            noting = recording(chart, seen)
            noting.doubts(())  # reckoned once for all rules: what is there of any group is none of this one's reading
            seen.clear()
            list(ask(card, noting, {}))
            assert seen <= card.reads, card.code


def test_what_the_filter_of_options_reads_is_what_the_safety_rules_read() -> None:
    safety = {data for card in all_cards().values() if sections()[card.section].safety for data in card.reads}
    assert safety - {Data.PATIENT} <= set(OPTIONS)


def test_a_recording_chart_notes_what_is_read() -> None:
    seen: set[Data] = set()
    day = date(2026, 6, 15)
    chart = recording(Chart(today=day, measured={"egfr": (Measurement("egfr", 60, day),)}), seen)
    assert chart.newest("egfr") is not None
    assert seen == {Data.RENAL}


# -- what we propose may be signed --------------------------------------------------------------------------------------


@for_each("name", names())
def test_no_suggested_order_draws_a_critical_card_when_it_is_signed(name: str, evaluator: Evaluator) -> None:
    """Each suggestion of each card is put on the desk, without what it takes away, and signed."""
    fixture = load(name)
    body = fixture.request()
    asked = evaluator.evaluate(parse(orjson.dumps(body), fixture.hook), "en", fixture.as_of).response["cards"]
    for card in asked:
        for suggestion in card.get("suggestions", ()):
            drafts = [action["resource"] for action in suggestion["actions"] if action["type"] in ("create", "update")]
            drafts = [draft for draft in drafts if draft["resourceType"] in ("MedicationRequest", "ServiceRequest")]
            signed = sign(fixture, body, drafts, evaluator) if drafts else []
            critical = [each["summary"] for each in signed if each["indicator"] == "critical"]
            assert critical == [], (card["source"]["topic"]["code"], suggestion["label"])


_TWICE = {"same-class-duplicate", "calcium-intake"}


@for_each("name", [name for name in names() if not chance(name, 2)])
def test_the_same_drug_accepted_twice_from_one_answer_draws_a_card_when_it_is_signed(name: str, evaluator: Evaluator) -> None:
    """Each two suggestions of one answer, whichever cards they are of, that order the same drug: both are put on the desk. Of
    calcium the sum may say it. Half of the stories; `make laws` tries all."""
    fixture = load(name)
    body = fixture.request()
    asked = evaluator.evaluate(parse(orjson.dumps(body), fixture.hook), "en", fixture.as_of).response["cards"]
    suggested = [suggestion for card in asked for suggestion in card.get("suggestions", ())]
    created = [action["resource"] for each in suggested for action in each["actions"] if action["type"] == "create"]
    drugs = [order for order in created if order["resourceType"] == "MedicationRequest"]
    for one, other in combinations(drugs, 2):
        if one["medicationCodeableConcept"] == other["medicationCodeableConcept"] and _start(one) == _start(other):
            signed = sign(fixture, body, [one, other], evaluator)
            assert _TWICE & {code for card in signed for code, _ in spoken_for(card)}, one
    for drug in drugs:  # no answer offers one twice by rights: each order is tried with itself
        signed = sign(fixture, body, [drug, drug], evaluator)
        assert _TWICE & {code for card in signed for code, _ in spoken_for(card)}, drug


def _start(order: Json) -> Any:
    return order.get("dispenseRequest", {}).get("validityPeriod", {}).get("start")


def sign(fixture: Fixture, body: Json, drafts: list[Json], evaluator: Evaluator) -> list[Json]:
    """The cards of order-sign for these drafts in this record."""
    entries = [{"resource": {"id": f"suggested-{number}"} | draft} for number, draft in enumerate(drafts)]
    context = {"userId": "Practitioner/example", "patientId": fixture.patient_id}
    context |= {"draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": entries}}
    call = {"hook": "order-sign", "hookInstance": body["hookInstance"], "context": context, "prefetch": record(fixture.name)}
    answered = evaluator.evaluate(parse(orjson.dumps(call), "order-sign"), "en", fixture.as_of)
    signed: list[Json] = answered.response["cards"]
    return signed


@lru_cache(maxsize=1)
def record(name: str) -> Json:
    """What is prefetched of a story on order-sign: the same for each order that is signed."""
    return {key: answer(template, load(name).resources) for key, template in templates("order-sign").items()}


@pytest.mark.parametrize(
    ("words", "told"), [("鼻咽癌放疗后", True), ("radiotherapy of the neck", True), ("前列腺癌放疗后", False)]
)
def test_radiotherapy_near_the_jaw_makes_a_tooth_a_high_risk(words: str, told: bool) -> None:
    told_of = [f"problem skeletal-radiation since 2020-01-01 (called {words})", "test dental-surgery ordered 2026-06-10"]
    entries = [{"resource": each} for each in lines.record([*told_of, "denosumab given 2026-02-25"])]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    chart, _ = read([json.dumps(bundle).encode()], patient_id="p1", today=date(2026, 6, 15), zone=Settings().zone)
    assert [found.values["risk"] for found in ask(all_cards()["dental-check"], chart, {})] == [told]


@for_each("code", [code for code in all_cards() if not chance(code, 6)])
def test_a_check_of_orders_is_silent_where_none_of_its_drugs_is_taken_or_ordered(code: str) -> None:
    """It is not asked there: whoever takes nothing for bone is most of a population."""
    checks = [card for card in all_cards().values() if card.judges_drugs_only]
    for case, chart in charts(all_cards()[code].folder):
        alone = replace(chart, drafts=(), beside=())
        for each in (chart, alone, replace(alone, drug_courses={}), replace(alone, drug_courses={}, hook=Hook.PATIENT_VIEW)):
            asked = [card for card in checks if card.hooks & {each.hook} and drugs_of(each).isdisjoint(card.drugs)]
            said = {card.code: told for card in asked if (told := [*ask(card, each, {})])}
            assert said == {}, case["name"]
