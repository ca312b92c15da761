"""What one way of making a call worse is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from cards.chart import Hook
from cards.engine.catalog import cards_of
from cards.vocabulary import Data
from cds_service.fhir.fetching.queries import build
from cds_service.fhir.terminology.codes import load
from tests.silence.json_path import Json


class Law(StrEnum):
    """What the answer to the worse call is held against; see ``laws``."""

    GROUP = "group"  # a group of data was not answered completely
    FIELD = "field"  # a field of the record cannot be read
    DRAFT = "draft"  # a field of an order being written, or of what was just entered, cannot be read
    SAID = "said"  # an order that nobody can check
    SAME = "same"  # the call means what it meant before


class Served(NamedTuple):
    """What a FHIR server gives for one query: pages, and whether they are all."""

    pages: tuple[Json, ...] = ()
    complete: bool = False


class Mutation(NamedTuple):
    """One call made worse. ``where`` and ``defect`` name it, the same at every run: they are how it is found again.

    ``kind`` is the place without numbers and ids, for tables. ``groups``: of what data the answer must speak where it speaks
    of what is lacking. ``served``: what the FHIR server gives, by prefetch key; None where there is none to ask.
    ``made``: the body, or what makes it: of a thousand that may be tried a few are.
    """

    where: str
    defect: str
    kind: str
    law: Law
    made: Json | Callable[[], Json]
    groups: frozenset[Data] = frozenset()
    served: Mapping[str, Served] | None = None

    @property
    def body(self) -> Json:
        return self.made() if callable(self.made) else self.made

    @property
    def key(self) -> tuple[str, str]:
        return self.where, self.defect


def group_of(hook: str) -> Mapping[str, Data]:
    """Prefetch key -> the group of data that it brings."""
    reads: Iterable[Data] = {data for card in cards_of(Hook(hook)) for data in card.reads}
    return {query.key: query.data for query in build(reads, load().observation_codes())}


def all_selected(body: Json) -> bool:
    """Whether every order in a hook's context is selected."""
    _, entries = bundle_of(body)
    chosen = body["context"].get("selections")
    return chosen is None or {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries} <= {*chosen}


def bundle_of(body: Json) -> tuple[str, list[Any]]:
    """The name of the Bundle in the hook's context and its entries; "" and none where there is no such."""
    for name in ("draftOrders", "medications", "conditions"):
        if name in body["context"]:
            return name, body["context"][name].get("entry", [])
    return "", []
