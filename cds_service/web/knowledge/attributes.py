"""Source attributes: what transparency rules for evidence-based decision support ask for, computed where it can be."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.sources import CHECKED, DOCUMENTS, EXTERNAL, RECOMMENDATIONS, VERSION, Recommendation, cited
from cards.thresholds import shipped
from cards.vocabulary import Name
from cds_service.casebook.cases import all_cases, of_file
from cds_service.content.canon import current
from cds_service.fhir.reading import wire
from cds_service.hooks.discovery import SERVICES
from cds_service.web.words import say
from fhir_fixtures.prefetch import templates


class Row(Struct, frozen=True):
    """One attribute: its key in the words of the page, and what is said, a line each; ``url`` where one opens something."""

    key: str
    lines: tuple[str, ...]
    urls: tuple[str, ...] = ()


@cache
def _stated() -> dict[str, Name]:
    text = files("cds_service.web.knowledge").joinpath("attributes.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Name])


def of_service(language: str) -> list[Row]:
    """In the order of the statements, each followed by what is computed for it."""
    computed: dict[str, list[Row]] = {
        "not-for": [Row("inputs", tuple(_queries()))],
        "personal-used": [Row("element", (", ".join(_elements()),))],
        "personal-unused": [_citations(language), Row("released", (_released(language),))],
        "validation": [Row("validation", (_counts(language),))],
    }
    rows = []
    for key, stated in _stated().items():
        rows += [Row(key, (stated[language],)), *computed.get(key, ())]
    return rows


def of_card(card: Card, language: str) -> list[Row]:
    """Of one card; what is the same for all cards stands on the page of the service."""
    numbers = [each for key, each in shipped().table.items() if each.card == card.code or key in card.shared]
    rests = cited(card.cites)
    own = [each.since for each in numbers if each.card == card.code]
    newest = max((each for each in own), key=lambda each: [int(part) for part in each.split(".")], default=card.since)

    def told(key: str, **values: object) -> Row:
        return Row(key.removeprefix("card-"), (say(f"attributes.{key}", language, **values),))

    return [
        Row("use", (card.told()[0],)),
        told("card-population"),
        told(
            "card-inputs",
            reads=", ".join(sorted(card.reads)),
            needs=", ".join(sorted(card.needs)) or "–",
            rests=", ".join(card.rests_on) or "–",
        ),
        Row("personal-used", (say("attributes.card-personal", language),)),
        Row("citations", (", ".join(card.cites),)),
        Row("released", (say("attributes.card-since", language, since=card.since, newest=newest),)),
        Row("validation", (say("attributes.card-cases", language, count=len(of_file(card.folder / "cases.yaml"))),)),
        told(
            "card-limits",
            recall=sum(each.status == "RECALL" for each in numbers),
            own=sum(each.status == "OWN" for each in numbers),
            unlinked=sum(not address(each) for each in rests),
        ),
    ]


def address(recommendation: Recommendation) -> str:
    """Where a recommendation can be opened; "" where no address is known."""
    return recommendation.url or recommendation.document.url


def _queries() -> list[str]:
    """Each FHIR query of the service, once."""
    return sorted(
        {query.replace("{{context.patientId}}", "…") for s in SERVICES.values() for query in templates(s.hook).values()}
    )


def _elements() -> list[str]:
    """The elements of the FHIR Patient that are read at all, as FHIR spells them."""
    return [field.encode_name for field in msgspec.structs.fields(wire.Patient) if field.name in wire.Patient.__annotations__]


def _citations(language: str) -> Row:
    documents = [each for each in DOCUMENTS.values() if each.key != EXTERNAL]
    linked = [each for each in RECOMMENDATIONS.values() if each.document.key == EXTERNAL]
    lines = [each.title[language] for each in documents] + [f"{each.id}: {each.gist}" for each in linked]
    return Row("citations", tuple(lines), (*(each.url for each in documents), *map(address, linked)))


def _released(language: str) -> str:
    return say("attributes.released-as", language, version=VERSION, day=CHECKED, fingerprint=current().fingerprint)


def _counts(language: str) -> str:
    table = shipped()
    return say(
        "attributes.counts",
        language,
        cards=len(all_cards()),
        cases=sum(1 for _ in all_cases()),
        numbers=len(table.table),
        recall=len(table.to_confirm),
        recommendations=len(RECOMMENDATIONS),
        unlinked=sum(not address(each) for each in RECOMMENDATIONS.values()),
    )
