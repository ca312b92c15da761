"""What a client would send as prefetch: the published templates of a hook, answered from a list of resources."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from cards.chart import Hook
from cards.engine.catalog import cards_of
from cds_service.fhir.fetching.queries import build
from cds_service.fhir.terminology.codes import load

Resource = dict[str, Any]


@cache
def templates(hook: str) -> dict[str, str]:
    """Prefetch key -> template, as discovery publishes them for a site without codes of its own."""
    reads = {data for card in cards_of(Hook(hook)) for data in card.reads}
    return {query.key: query.template for query in build(reads, load().observation_codes())}


def answer(template: str, resources: Iterable[Resource]) -> Resource | None:
    """The read or search of one template over the resources of one patient: a resource (None: not found) or a searchset."""
    kind, _, search = template.partition("?")
    if not search:
        return next((r for r in resources if r["resourceType"] == kind.partition("/")[0]), None)
    wanted = _codes_in(search)
    found = [r for r in resources if r["resourceType"] == kind and (wanted is None or wanted & _tokens(r))]
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in found]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found)} | ({"entry": entries} if entries else {})


@cache
def _codes_in(search: str) -> frozenset[str] | None:
    """The ``system|code`` that a search asks for; None: whatever the code."""
    codes = dict(parameter.partition("=")[::2] for parameter in search.split("&")).get("code", "")
    return frozenset(codes.split(",")) if codes else None


def _tokens(resource: Resource) -> set[str]:
    """``system|code`` of every coding of the resource's code."""
    return {f"{coding.get('system')}|{coding.get('code')}" for coding in resource["code"].get("coding", ())}
