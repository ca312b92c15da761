"""What each card reads, as a Library of data requirements with the queries that are published as prefetch; and the list of
all that is in the package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.vocabulary import Data, Name
from cds_service.content.releases import approved
from cds_service.fhir.fetching.queries import Query, build
from cds_service.fhir.terminology.codes import load
from cds_service.package.metadata import EXTENSION, PATIENT, TERMINOLOGY, Json, computer_name, concept, described
from cds_service.package.value_sets import address, groups

WHOLE = "knowledge"
"""The id of the Library that lists the package."""


def libraries() -> Iterator[Json]:
    """One a card."""
    signed = approved()
    for code, card in sorted(all_cards().items()):
        title = Name(f"Data of: {card.title.en}", f"所需数据：{card.title.zh}")
        told = (
            f"What the rule of the card {code} reads, and the prefetch queries that bring it. The rule itself is not in here."
        )
        yield described("Library", code, title, told, name=f"{computer_name(code)}Data", approved=signed.get(code)) | {
            "type": concept(f"{TERMINOLOGY}library-type", "module-definition"),
            "subjectCodeableConcept": PATIENT,
            "dataRequirement": _requirements(card),
        }


def whole(others: Iterable[Json]) -> Json:
    """The list of all other resources."""
    title = Name("Osteoporosis: cards, what they read and propose", "骨质疏松症：提示卡及其所需数据与建议")
    told = (
        "Everything in this package. The rules are evaluated by the CDS Hooks service osteoporosis-cds; here they are in words."
    )
    return described("Library", WHOLE, title, told, name="OsteoporosisKnowledge") | {
        "type": concept(f"{TERMINOLOGY}library-type", "asset-collection"),
        "relatedArtifact": [
            {"type": "composed-of", "display": each["title"], "resource": f"{each['url']}|{each['version']}"} for each in others
        ],
    }


def _requirements(card: Card) -> list[Json]:
    found: dict[Data, list[Query]] = {}
    for query in _queries():
        if query.data in card.reads:
            found.setdefault(query.data, []).append(query)
    return [_requirement(data, queries) for data, queries in found.items()]


def _requirement(data: Data, queries: Sequence[Query]) -> Json:
    told: Json = {
        "id": queries[0].key,
        "extension": [{"url": f"{EXTENSION}cqf-fhirQueryPattern", "valueString": query.template} for query in queries],
        "type": queries[0].template.partition("?")[0].partition("/")[0],
        "subjectCodeableConcept": PATIENT,
    }
    if data in groups():
        told["codeFilter"] = [{"path": "code", "valueSet": address(data)}]
    return told


@cache
def _queries() -> tuple[Query, ...]:
    """Every query, as a site without codes of its own publishes it."""
    return build(frozenset(Data), _codes())


@cache
def _codes() -> Mapping[Data, tuple[str, ...]]:
    return load().observation_codes()
