"""Laws that the answer as a whole keeps over every story and some of the cases (card specification, "One answer, one voice"):
what is forbidden is not advised, what is recommended can be signed, and what is missing or written rests on something."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import orjson
from msgspec import Struct

from cards.chart import Chart
from cards.definitions.accepted import ACCEPTED
from cards.definitions.denosumab import Kind, next_due, safe_until, state
from cards.definitions.workup import Row, decide_on
from cards.engine.catalog import all_cards, sections
from cards.engine.findings import WARNING, Finding
from cards.engine.trial import work_up
from cards.engine.voice.table import table
from cards.thresholds import SHARED, read_toml
from cards.vocabulary import ANALYTES, DENOSUMAB, DRUGS, SERVICES, Drug, Mechanism
from cards.vocabulary.regimens import REGIMENS
from cards.words.phrases import LANGUAGES, day, phrase
from cards.words.phrases import name as called
from cds_service.hooks.cards import EVIDENCE, spoken_for
from cds_service.hooks.request import parse
from fhir_fixtures import lines
from fhir_fixtures.prefetch import answer, templates
from tests.laws import law
from tests.silence.told import Told, is_case, told
from tests.test_voice import OF_ORDERS, cards_of, evaluator, for_bone, proposed, rules_find

Json = dict[str, Any]

FORBIDDING = frozenset(table().silences[0].cards)
GOING_ON = {
    "en": r"\b(?:continu\w+|go(?:ing)? on with|extend\w*|refill\w*|renew\w*|keep taking)\b[^.;:\n]*\b{drug}|"
    r"{drug}[^.;:\n]*\b(?:continues|goes on|(?:may|can) be continued)",
    "zh": r"(?:继续(?:使用|用|给予|服用)?|延长|续方)[^。；，\n]*{drug}|{drug}[^。；，\n]*(?:继续|延长)",
}
POINTED = re.compile(r"\bsee “([^”]+)”")
TESTS = ("DXA", "CTX", "P1NP", "25(OH)D", "PTH", "FRAX", "height")
RESTED_ON = {
    "38264-8": "the T-score that the diagnosis stands on",
    "FRAX-hip": "the probability that the treatment stands on",
    "FRAX-major": "the same",
    "eGFR": "so low in the story in which it matters that another drug takes the place",
    "tTG-IgA": "abnormal: tablets are not offered",
    "CTX": "above its target: the infusion is given again",
}
"""What a recommended drug rests on, by the name or code of the test. Not calcium, 25(OH)D nor the kidneys: an order to measure
them is a condition of the button, and does not take the drug away (card specification, "vitamin D by level")."""


CLARIFIED_BESIDE = {"femur": "atypical-fracture-suspected"}
"""Whose warning about a drug that cannot wait stands in its label, by the finding that is clarified beside it."""


def chart_of(call: Told) -> Chart:
    return _found(call.name)[0]


def found_in(call: Told) -> list[Finding]:
    """What the rules find in it, nothing silenced or merged."""
    return _found(call.name)[1]


@lru_cache(maxsize=1)
def _found(name: str) -> tuple[Chart, list[Finding]]:
    """Made once for all laws (``tests.laws``)."""
    call = told(name)
    chart = evaluator().chart(parse(orjson.dumps(call.body), call.hook), call.as_of)
    return chart, rules_find(chart)


def forbidden(found: list[Finding]) -> set[Drug]:
    """The drugs that a card forbids or ends."""
    spoken = (finding for finding in found if finding.code in FORBIDDING and finding.indicator.rank <= WARNING.rank)
    return {drug for finding in spoken if isinstance(drug := finding.values.get("drug"), Drug)}


def words_of(cards: list[Json], language: str) -> Iterator[tuple[str, str]]:
    """The code of each card, and all that it says but its sources."""
    for card in cards:
        detail = card["detail"].partition(f"**{phrase('heading', 'sources', language)}**")[0]
        labels = [suggestion["label"] for suggestion in card.get("suggestions", ())]
        yield card["source"]["topic"]["code"], "\n".join([card["summary"], detail, *labels])


@law
def no_text_goes_on_with_what_a_card_forbids(name: str) -> None:
    call = told(name)
    if not (drugs := forbidden(found_in(call))):
        return
    for language in LANGUAGES:
        for code, words in words_of(cards_of(call, language), language):
            for drug in drugs:
                said = re.search(GOING_ON[language].replace("{drug}", re.escape(called(drug, language))), words, re.IGNORECASE)
                assert said is None, (code, said)


@law
def no_card_points_to_one_that_is_not_there(name: str) -> None:
    """What a text says is ordered, or told, in another card can be found in this answer."""
    cards = cards_of(told(name))
    there = sorted({all_cards()[code].title["en"] for card in cards for code, _ in spoken_for(card)}, key=len, reverse=True)
    for card in cards:
        for pointed in POINTED.findall(card["detail"]):
            left = pointed
            for title in there:
                left = left.replace(title, "")
            assert not set(left.replace(" and ", "")) - set(", "), (card["summary"], pointed)


@law
def the_routine_names_a_test_in_one_line_only(name: str) -> None:
    for code, words in words_of(cards_of(told(name)), "en"):
        do = words.partition("**Because**")[0] if code == "routine-care" else ""
        lines = [line for line in do.splitlines() if line.startswith("- ")]
        named = Counter(test for line in lines for test in TESTS if test in line)
        assert not [test for test, times in named.items() if times > 1], lines


# -- what is recommended can be signed --------------------------------------------------------------------------------


@law
def what_is_recommended_is_signed_without_a_warning_against_it(name: str) -> None:
    """But for what its label says comes first."""
    call = told(name)
    for card in cards_of(call):
        for suggestion in card.get("suggestions", ()):
            created = [action["resource"] for action in suggestion.get("actions", ()) if action["type"] == "create"]
            if suggestion.get("isRecommended") and any(map(for_bone, created)) and name not in ORDERED_ONLY:
                body = accepted(call, suggestion["actions"])
                signed = evaluator().evaluate(parse(orjson.dumps(body), "order-sign"), "en", call.as_of).response
                against = [each for each in signed["cards"] if speaks_against(each)]
                first = conditions(call) if against else set()
                unsaid = [each["summary"] for each in against if each["source"]["topic"]["code"] not in first]
                assert not unsaid, (suggestion["label"], unsaid)
                assert (
                    not against
                    or suggestion["label"].startswith(("After", "With"))
                    or "; clarify in parallel" in suggestion["label"]
                )


def conditions(call: Told) -> set[str]:
    """The checks whose warnings a recommended drug has in its label: as a condition, as what is clarified beside it, or as the
    tests that a PTH analog waits for."""
    options = [option for finding in found_in(call) for option in finding.options if option.recommended]
    beside = {code for row, code in CLARIFIED_BESIDE.items() if any(option.meanwhile == row for option in options)}
    waits = any(
        option.first and option.kind == "drug" and DRUGS[option.key].mechanism is Mechanism.PTH_ANALOG for option in options
    )
    tests = {"pth-analog-contraindication"} if waits else set()
    return beside | tests | {finding.code for option in options for finding in option.condition}


def speaks_against(card: Json) -> bool:
    """Whether it is a warning about the order that was accepted."""
    judges = sections()[all_cards()[card["source"]["topic"]["code"]].section].safety
    told = [fact.get("reference", "") for fact in card["extension"].get(EVIDENCE, ())]
    heavy = card["indicator"] != "info" or any(
        action["type"] == "delete" for each in card.get("suggestions", ()) for action in each.get("actions", ())
    )
    return judges and heavy and (not told or any("accepted" in reference for reference in told))


def accepted(call: Told, actions: list[Json]) -> Json:
    """The order-sign that follows: what was drafted, as the actions leave it, on the same record."""
    context, record = call.body["context"], resources_of(call)
    entries = context.get("draftOrders", {}).get("entry", ())
    drafts = {entry["resource"]["id"]: entry["resource"] for entry in entries}
    for place, action in enumerate(actions):
        if action["type"] == "delete":
            drafts.pop(action["resourceId"].rpartition("/")[2], None)
        elif action["type"] == "create":
            drafts[f"accepted-{place}"] = action["resource"] | {"id": f"accepted-{place}"}
        else:
            ended = action["resource"]
            record = [ended if (each["resourceType"], each.get("id")) == ended_id(ended) else each for each in record]
    basket = {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in drafts.values()]}
    kept = {key: context[key] for key in ("userId", "patientId", "encounterId") if key in context}
    prefetch = {key: answer(template, record) for key, template in templates("order-sign").items()}
    return call.body | {"hook": "order-sign", "context": kept | {"draftOrders": basket}, "prefetch": prefetch}


def ended_id(resource: Json) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]


def resources_of(call: Told) -> list[Json]:
    """All that is on record, what was just entered included, each once."""
    pages = [page for page in call.body["prefetch"].values() if page]
    pages += [call.body["context"][key] for key in ("conditions", "medications") if key in call.body["context"]]
    entries = [entry["resource"] for page in pages for entry in page.get("entry", ())]
    entries += [page for page in pages if page["resourceType"] != "Bundle"]
    return [*{(each["resourceType"], each.get("id", json.dumps(each))): each for each in entries}.values()]


# -- the work-up ------------------------------------------------------------------------------------------------------

CANNOT_WAIT = {"denosumab-due", "denosumab-sequence"}


def held(call: Told) -> Row | None:
    """The finding of the work-up for which no drug is recommended."""
    chart = chart_of(call)
    if "secondary-causes" not in {finding.code for finding in found_in(call)}:
        return None
    return next((row for row in work_up(chart) if row.holds_all), None)


@law
def while_the_work_up_holds_all_no_drug_is_recommended(name: str) -> None:
    call = told(name)
    if (row := held(call)) is None:
        return
    for star, card, resource in proposed(cards_of(call)):
        waits = row.binding or card["source"]["topic"]["code"] not in CANNOT_WAIT
        assert not (star and waits and for_bone(resource)), card["summary"]


@law
def every_hold_prints_its_day_to_decide(name: str) -> None:
    call = told(name)
    if held(call) is None or call.hook in OF_ORDERS:
        return
    chart = chart_of(call)
    codes = {each.code for each in found_in(call)}
    if "calcium-critical" in codes:
        return  # it speaks for the finding of that calcium, and is decided today
    if "goals-of-care" in codes:
        return  # no drug is to come, so that no day is waited for
    due = decide_on(chart, work_up(chart))
    for language in LANGUAGES:
        words = "\n".join(said for _, said in words_of(cards_of(call, language), language))
        assert due is not None
        assert day(due, language) in words


# -- what is missing, and what is written -----------------------------------------------------------------------------


@law
def a_normal_value_that_is_missing_changes_no_recommended_drug(name: str) -> None:
    """Of the stories: whose cases are about one value lack the others."""
    call = told(name)
    if is_case(name) or not (before := drugs(cards_of(call))):
        return
    counted = Counter(kind_of(each) for each in resources_of(call) if each["resourceType"] == "Observation")
    for kind in sorted(kind for kind, count in counted.items() if count == 1 and kind not in RESTED_ON):
        assert recommended(without(call.body, kind), call) == before, kind


def recommended(body: Json, call: Told) -> list[Json]:
    return drugs(evaluator().evaluate(parse(orjson.dumps(body), call.hook), "en", call.as_of).response["cards"])


def drugs(cards: list[Json]) -> list[Json]:
    """What they recommend against osteoporosis."""
    return [each["medicationCodeableConcept"] for star, _, each in proposed(cards) if star and for_bone(each)]


def kind_of(resource: Json) -> str:
    code = resource["code"]
    return str(code.get("text") or code["coding"][0]["code"])


def without(body: Json, kind: str) -> Json:
    """The call without the one value of a kind."""
    prefetch = dict(body["prefetch"])
    for key, page in prefetch.items():
        entries = (page or {}).get("entry", [])
        kept = [e for e in entries if e["resource"]["resourceType"] != "Observation" or kind_of(e["resource"]) != kind]
        if len(kept) < len(entries):
            prefetch[key] = page | {"entry": kept, "total": len(kept)}
    return body | {"prefetch": prefetch}


LOW = {"new": 10, "old": 240}
"""A low calcium, and how many days old it is: one that is corrected first, and one that is measured again."""


@law
def no_answer_to_a_low_calcium_moves_the_recommendation_to_another_drug(name: str) -> None:
    """Of the stories, as above."""
    call = told(name)
    if is_case(name) or not (before := drugs(cards_of(call))):
        return
    for age, days in LOW.items():
        body = with_calcium(call, call.as_of - timedelta(days=days))
        assert all(drug in before for drug in recommended(body, call)), age


def with_calcium(call: Told, day: date) -> Json:
    """The call with a low calcium of this day in place of all that were measured."""
    patient = next(each["id"] for each in resources_of(call) if each["resourceType"] == "Patient")
    kept = [
        each
        for each in resources_of(call)
        if "alcium" not in json.dumps(each) and "钙" not in json.dumps(each, ensure_ascii=False)
    ]
    record = [*kept, *lines.record([f"corrected-calcium 8.0 mg/dL on {day}"], ids="low", patient=patient)]
    prefetch = {key: answer(template, record) for key, template in templates(call.hook).items()}
    return call.body | {"prefetch": prefetch}


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
TEN_THOUSANDS = re.compile(r"(\d+(?:\.\d+)?)万")
NAMES = re.compile(
    r"\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}|\d{4}年(?:\d+月)?(?:\d+日)?"  # dates
    r"|25\(OH\)D|25羟|P1NP|SF-36|PHQ-9|EPI 2021|1\.73"
)
ORDERED_ONLY = {"denosumab-sequence: Nor does an open order answer rebound fractures"}
"""A drug that is only ordered answers no fracture; signing the other one tells that one of the two is to be given."""
IN_WORDS = {
    "bisphosphonate-renal": {"39"},
    "calcitonin-cancer": {"2012"},
    "calcium-critical": {"2024"},
    "calcium-intake": {"21", "400", "500", "2000"},
    "denosumab-due": {"16"},
    "denosumab-sequence": {"16"},
    "goals-of-care": {"100"},
    "hypocalcemia": {"2024"},
    "incomplete-data": {"100"},
    "lifestyle-education": {"400", "1.2"},
    "physical-agent-evidence": {"8", "100", "1.2"},
    "routine-care": {"500"},
    "vitamin-d-excess": {"375"},
    "vitamin-d-low": {"29", "74"},
}
"""Numbers that a text says of itself: years of a decision, amounts in food and salts, settings of a device, ranges beside a
threshold."""


def numbers_in(text: str) -> set[str]:
    return {found.replace(",", "") for found in NUMBER.findall(text)}


@cache
def numbers_of_the_medicine() -> frozenset[str]:
    """Thresholds, regimens, and what tests and drugs are called."""
    tables = [read_toml(SHARED), *(read_toml(card.folder / "card.toml") for card in all_cards().values())]
    found = {text for table in tables for value in leaves(table) for text in (f"{abs(value):g}", f"{abs(value):.1f}")}
    names = [each.label for each in (*REGIMENS.values(), *ACCEPTED.values())]
    names += [*SERVICES.values(), *(each.name for each in ANALYTES.values()), *(each.name for each in DRUGS.values())]
    return frozenset(found.union(*(numbers_in(f"{each.en} {each.zh}") for each in names)))


def leaves(value: Any) -> Iterator[float]:
    """The numbers in a table, or in what a finding holds."""
    if isinstance(value, Mapping):
        value = [*value.values()]
    elif isinstance(value, Struct):
        value = [getattr(value, field) for field in value.__struct_fields__]
    if isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield float(value)


@law
def no_number_is_in_a_text_but_from_the_record_or_the_thresholds(name: str) -> None:
    call = told(name)
    chart = chart_of(call)
    known = numbers_in(json.dumps(call.body, ensure_ascii=False))
    known |= {number.lstrip("0").removesuffix(".0") for number in known} | {str(chart.age)} | numbers_of_the_medicine()
    known |= {f"{number}0" for number in known if re.fullmatch(r"\d+\.\d", number)}  # calcium in mmol/L has two decimals
    for finding in found_in(call):
        because = [each for dropped in finding.dropped for each in dropped.because]
        for value in leaves([finding.values, [each.values for each in because], [each.values for each in finding.contains]]):
            known |= {f"{abs(value):.{digits}f}" for digits in (0, 1, 2)}
    for language in LANGUAGES:
        for card in cards_of(call, language):
            told_by = numbers_in(json.dumps(card["extension"].get(EVIDENCE, ()), ensure_ascii=False))
            for code, words in words_of([card], language):
                words = TEN_THOUSANDS.sub(lambda told: f"{float(told[1]) * 10_000:.9g}", words)
                unknown = numbers_in(NAMES.sub("", words)) - known - told_by - IN_WORDS.get(code, set())
                assert not {each for each in unknown if not spanned(each, words)}, code


def spanned(number: str, words: str) -> bool:
    """Whether it is a length of time that was reckoned from dates, or a sum of what several orders say."""
    return bool(re.search(rf"\b{number} (?:days|weeks|months|years)\b|{number}(?:天|周|个月|年)", words)) or bool(
        re.search(rf"{number[:-3]},?{number[-3:]} (?:mg|mcg|units)|{number} (?:mg|μg|IU)", words)
    )


@law
def who_speaks_against_denosumab_prints_when_it_is_due(name: str) -> None:
    """Its next date or the last safe day: where a check forbids or delays a denosumab that is taken, or the work-up does."""
    call = told(name)
    chart = chart_of(call)
    due, safe = next_due(chart), safe_until(chart)
    against = speaks_against_denosumab(call, chart)
    if not against or due is None or safe is None:
        return
    for language in LANGUAGES:
        words = "\n".join(said for _, said in words_of(cards_of(call, language), language))
        assert day(due, language) in words or day(safe, language) in words, against


def speaks_against_denosumab(call: Told, chart: Chart) -> list[str]:
    found, state_of = found_in(call), state(chart)
    taken = [each for each in found if each.values.get("drug") is DENOSUMAB and each.values.get("active")]
    checks = FORBIDDING | {"hypocalcemia", "atypical-fracture-suspected", "drug-allergy"}
    told_by = [each.code for each in taken if each.code in checks and each.indicator.rank <= WARNING.rank]
    goes_on = state_of is not None and state_of.kind in (Kind.GOING_ON, Kind.LATE) and not state_of.course.stopped
    if goes_on and call.hook not in OF_ORDERS and "secondary-causes" in {each.code for each in found}:
        told_by += [row.key for row in work_up(chart) if DENOSUMAB.key in row.drops]
    return told_by
