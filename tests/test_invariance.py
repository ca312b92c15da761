"""How a record happens to be written never changes the cards (issue 3): order, repetition, left-out fields, units, codes."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

import orjson
import pytest

import fhir_fixtures
from cds_service.config import Settings
from cds_service.fhir.reading.elements import Coding
from cds_service.fhir.reading.units import plain
from cds_service.fhir.terminology.codes import Terminology, load
from cds_service.fhir.terminology.systems import URIS, system_of
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from fhir_fixtures import Fixture
from tests.each import for_each
from tests.storied import untold

Resource = dict[str, Any]
Said = list[tuple[str, str, list[tuple[str, bool]]]]

STORIES = {fixture.name: fixture for fixture in (*fhir_fixtures.all_fixtures(), *untold()) if fixture.name != "broken-record"}
NAMES = list(STORIES)
OPTIONAL = frozenset(
    {
        "meta",
        "text",
        "identifier",
        "category",
        "display",
        "performer",
        "recorder",
        "requester",
        "encounter",
        "interpretation",
        "name",
    }
)
LEAST_DIGITS = 9
CODED = frozenset({"Observation", "Condition", "MedicationRequest", "MedicationStatement", "MedicationAdministration"})


@cache
def evaluator() -> Evaluator:
    return Evaluator(Settings())


def told(fixture: Fixture, resources: list[Resource]) -> Said:
    """Code, indicator and suggestions of each card when the record holds these resources, all under one key."""
    entries = [{"resource": resource} for resource in resources]
    prefetch = dict.fromkeys(evaluator().prefetch[fixture.hook]) | {"patient": {"resourceType": "Bundle", "entry": entries}}
    body = fixture.request() | {"prefetch": prefetch}
    cards = evaluator().evaluate(parse(orjson.dumps(body), fixture.hook), "en", fixture.as_of).response["cards"]
    return [
        (
            card["source"]["topic"]["code"],
            card["indicator"],
            [(each["label"], each.get("isRecommended", False)) for each in card.get("suggestions", ())],
        )
        for card in cards
    ]


@cache
def as_written(name: str) -> Said:
    fixture = STORIES[name]
    return told(fixture, fixture.resources)


def reordered(resources: list[Resource], chance: Random) -> None:
    chance.shuffle(resources)


def repeated(resources: list[Resource], chance: Random) -> None:
    resources += chance.choices(resources, k=5)
    chance.shuffle(resources)


def without_optional_fields(resources: list[Resource], chance: Random) -> None:
    def strip(value: Any) -> None:
        for each in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            strip(each)
        if isinstance(value, dict):
            coded = bool(value.get("coding")) or "resourceType" in value or "system" in value
            for field in sorted(OPTIONAL & value.keys()):
                if coded and chance.random() < 0.7 and not (field == "text" and _of_no_strength(value)):
                    del value[field]

    strip([resource for resource in resources if resource["resourceType"] in CODED | {"Patient"}])


def _of_no_strength(concept: Resource) -> bool:
    """A drug whose codes are ATC alone: its text may be all that tells the strength."""
    return {coding.get("system") for coding in concept.get("coding", ())} == {"http://www.whocc.no/atc"}


ONLY_BY_RANGE = frozenset({"transglutaminase-iga", "ctx", "p1np"})
"""Analytes that only the laboratory's own range tells high from normal."""


def in_other_units(resources: list[Resource], chance: Random) -> None:
    for resource in resources:
        quantity = resource.get("valueQuantity")
        meanings = terminology().observations.get(_code(resource.get("code")))
        judged_by_range = "referenceRange" in resource and meanings and meanings.key in ONLY_BY_RANGE
        if quantity and meanings and not judged_by_range and isinstance(quantity.get("value"), int | float):
            _rewrite(quantity, meanings.key, chance)
            if "referenceRange" in resource:  # in the unit of the value, else it would be another range
                del resource["referenceRange"]


def _rewrite(quantity: Resource, analyte: str, chance: Random) -> None:
    spellings = {plain(s) for s in (quantity.get("code"), quantity.get("unit")) if s}
    factors = {unit: factor for (key, unit), factor in terminology().units.items() if key == analyte}
    now = next((factors[s] for s in spellings if s in factors), None)
    if now is None:
        return
    unit = chance.choice(sorted(factors))
    quantity["value"] = float(f"{quantity['value'] * now / factors[unit]:.{LEAST_DIGITS}g}")
    quantity.pop("system", None)
    quantity.update(code=unit, unit=unit)


def in_other_code_systems(resources: list[Resource], chance: Random) -> None:
    for resource in resources:
        for field in ("code", "medicationCodeableConcept"):
            concept = resource.get(field)
            if not concept or len(concept.get("coding", ())) != 1 or resource["resourceType"] not in CODED:
                continue
            alike = _alike(resource["resourceType"], _code(concept))
            if alike:
                system, code = chance.choice(alike)
                concept["coding"] = [{"system": URIS.get(system, system), "code": code}]


@cache
def terminology() -> Terminology:
    return load()


def _code(concept: Resource | None) -> tuple[str, str]:
    coding = ((concept or {}).get("coding") or [{}])[0]
    return system_of(coding.get("system") or ""), coding.get("code") or ""


@cache
def _alike(kind: str, code: tuple[str, str]) -> list[tuple[str, str]]:
    """The codes of the tables that mean exactly the same."""
    tables = terminology()
    if kind == "Observation":
        return [other for other, meaning in tables.observations.items() if meaning == tables.observations.get(code)]
    if kind != "Condition":
        return [other for other, product in tables.drugs.items() if product == tables.drugs.get(code)]
    own = tables.condition(Coding(URIS.get(code[0], code[0]), code[1]))
    if own is None or own.wording is not None or not own.keys:
        return []
    return [
        other
        for other, diagnosis in tables.conditions.items()
        if diagnosis.wording is None
        and (diagnosis.keys, diagnosis.site, diagnosis.part, diagnosis.osteoporotic, diagnosis.history)
        == (own.keys, own.site, own.part, own.osteoporotic, own.history)
    ]


WAYS = (reordered, repeated, without_optional_fields, in_other_units, in_other_code_systems)


@for_each("name", NAMES)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_cards_stay_the_same(way: Callable[[list[Resource], Random], None], name: str) -> None:
    """The chances of a story are its own: another one beside it changes nothing."""
    chance = Random(name)
    fixture = STORIES[name]
    resources = deepcopy(fixture.resources)
    way(resources, chance)
    assert told(fixture, resources) == as_written(name)


def test_the_ways_do_rewrite() -> None:
    """Units and codes are really exchanged for others: otherwise nothing would be shown."""
    resources = deepcopy(fhir_fixtures.load("denosumab-missed").resources)
    before = deepcopy(resources)
    for way in (in_other_units, in_other_code_systems, without_optional_fields):
        way(resources, Random(1))
        assert resources != before
        before = deepcopy(resources)
