"""Laws that the answer as a whole keeps over every story and some of the cases (card specification, "One answer, one voice"):
what is forbidden is not advised, what is recommended can be signed, and what is missing or written rests on something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from cards.chart import Chart
from cards.definitions.denosumab import Kind, next_due, safe_until, state
from cards.definitions.workup import Row, decide_on
from cards.engine.catalog import all_cards, sections
from cards.engine.findings import WARNING, Finding
from cards.engine.options import work_up
from cards.engine.run import run
from cards.engine.voice.table import table
from cards.vocabulary import DENOSUMAB, Drug
from cards.words.phrases import LANGUAGES, day, phrase
from cards.words.phrases import name as called
from cds_service.hooks.cards import EVIDENCE
from cds_service.hooks.request import parse
from fhir_fixtures.prefetch import answer, templates
from tests.silence.told import Told, told
from tests.test_voice import EVERYTHING, OF_ORDERS, cards_of, evaluator, for_bone, proposed

Json = dict[str, Any]

FORBIDDING = frozenset(table().silences[0].cards)
GOING_ON = {
    "en": r"\b(?:continu\w+|go(?:ing)? on with|extend\w*|refill\w*|renew\w*|keep taking)\b[^.;:\n]*\b{drug}|"
    r"{drug}[^.;:\n]*\b(?:continues|goes on|(?:may|can) be continued)",
    "zh": r"(?:继续(?:使用|用|给予|服用)?|延长|续方)[^。；，\n]*{drug}|{drug}[^。；，\n]*(?:继续|延长)",
}
RESTED_ON = {
    "38264-8": "the T-score that the diagnosis stands on",
    "FRAX-hip": "the probability that the treatment stands on",
    "eGFR": "so low in the story in which it matters that another drug takes the place",
    "tTG-IgA": "abnormal: tablets are not offered",
}
"""What a recommended drug rests on, by the name or code of the test. Not calcium, 25(OH)D nor the kidneys: an order to measure
them is a condition of the button, and does not take the drug away (card specification, "vitamin D by level")."""


def chart_of(call: Told) -> Chart:
    return _found(call.name)[0]


def found_in(call: Told) -> list[Finding]:
    """What the rules find in it, nothing silenced or merged."""
    return _found(call.name)[1]


@lru_cache(maxsize=1)
def _found(name: str) -> tuple[Chart, list[Finding]]:
    """For all tests of one name."""
    call = told(name)
    chart = evaluator().chart(parse(json.dumps(call.body).encode(), call.hook), call.as_of)
    return chart, run(chart)


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


@EVERYTHING
def test_no_text_goes_on_with_what_a_card_forbids(name: str) -> None:
    call = told(name)
    if not (drugs := forbidden(found_in(call))):
        return
    for language in LANGUAGES:
        for code, words in words_of(cards_of(call, language), language):
            for drug in drugs:
                said = re.search(GOING_ON[language].replace("{drug}", re.escape(called(drug, language))), words, re.IGNORECASE)
                assert said is None, (code, said)


# -- what is recommended can be signed --------------------------------------------------------------------------------


@EVERYTHING
def test_what_is_recommended_is_signed_without_a_warning_against_it(name: str) -> None:
    """But for what its label says comes first."""
    call = told(name)
    first = conditions(call)
    for card in cards_of(call):
        for suggestion in card.get("suggestions", ()):
            created = [action["resource"] for action in suggestion.get("actions", ()) if action["type"] == "create"]
            if suggestion.get("isRecommended") and any(map(for_bone, created)):
                body = accepted(call, suggestion["actions"])
                signed = evaluator().evaluate(parse(json.dumps(body).encode(), "order-sign"), "en", call.as_of).response
                against = [each for each in signed["cards"] if speaks_against(each)]
                unsaid = [each["summary"] for each in against if each["source"]["topic"]["code"] not in first]
                assert not unsaid, (suggestion["label"], unsaid)
                assert not against or suggestion["label"].startswith(("After", "With")), suggestion["label"]


def conditions(call: Told) -> set[str]:
    """The checks whose warnings a recommended drug has in its label."""
    options = [option for finding in run(chart_of(call)) for option in finding.options if option.recommended]
    return {finding.code for option in options for finding in option.condition}


def speaks_against(card: Json) -> bool:
    """Whether it is a warning about the order that was accepted."""
    judges = sections()[all_cards()[card["source"]["topic"]["code"]].section].safety
    told = [fact.get("reference", "") for fact in card["extension"].get(EVIDENCE, ())]
    return judges and card["indicator"] != "info" and (not told or any("accepted" in reference for reference in told))


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


@EVERYTHING
def test_while_the_work_up_holds_all_no_drug_is_recommended(name: str) -> None:
    call = told(name)
    if (row := held(call)) is None:
        return
    for star, card, resource in proposed(cards_of(call)):
        waits = row.binding or card["source"]["topic"]["code"] not in CANNOT_WAIT
        assert not (star and waits and for_bone(resource)), card["summary"]


@EVERYTHING
def test_every_hold_prints_its_day_to_decide(name: str) -> None:
    call = told(name)
    if held(call) is None or call.hook in OF_ORDERS:
        return
    chart = chart_of(call)
    if any(each.code == "calcium-critical" for each in found_in(call)):
        return  # it speaks for the finding of that calcium, and is decided today
    due = decide_on(chart, work_up(chart))
    for language in LANGUAGES:
        words = "\n".join(said for _, said in words_of(cards_of(call, language), language))
        assert due is not None
        assert day(due, language) in words


# -- what is missing, and what is written -----------------------------------------------------------------------------


@EVERYTHING
def test_who_speaks_against_denosumab_prints_when_it_is_due(name: str) -> None:
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
