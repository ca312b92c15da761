"""What a site writes about a client in ``CDS_SITE``: ``[[dialect]]`` tables, each on a preset or on its own.

[[dialect]]
iss = "https://ehr.example.org/fhir"
like = "epic"
detail_max = 4000
orders."drug/alendronate" = { system = "urn:example:preference-list", code = "ALEN70W" }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from cds_service.fhir.proposing.order_templates import templates
from cds_service.fhir.proposing.own_codes import How, OwnCode, OwnCodes
from cds_service.misspelled import meant

ActionType = Literal["create", "update", "delete"]
LinkType = Literal["absolute", "smart"]

LEAST = 1500
"""Characters of a detail: what to do, and what is to be done by hand, must fit whole."""


class Dialect(Struct, frozen=True, forbid_unknown_fields=True):
    """One client. The defaults are plain CDS Hooks.

    ``iss``: what its tokens name; "": every client that has no table of its own. ``like``: the preset that it is based on.

    ``selection``: "any" if it knows no ``at-most-one``; then ``choices`` says whether of choices that exclude each other
    "one" is offered and the rest put in words, or "all", each with the words that one is enough. ``actions``: "one" if a
    suggestion may have one action only; ``types``: those it knows. ``labels``: whether it shows the label of a suggestion.
    ``recommended``: "always" if ``isRecommended`` must be there; "none": there, and always false. ``order_details``: whether
    dose, timing and start of a proposed order reach the order. ``codes``: "alphanumeric" if it takes letters and digits only.
    ``links``: those that it shows. ``detail_max``: the most characters of ``detail``; 0: any number.

    ``systems``: code systems that it knows by another URI; ``orders``: its own codes, by "drug/<regimen>", "service/<key>" or
    "problem/<key>"; ``order_codings``: whether ours follow them.
    """

    iss: str = ""
    like: str = ""
    selection: Literal["both", "any"] = "both"
    choices: Literal["one", "all"] = "one"
    actions: Literal["many", "one"] = "many"
    types: frozenset[ActionType] = frozenset({"create", "update", "delete"})
    labels: bool = True
    recommended: Literal["when-true", "always", "none"] = "when-true"
    order_details: bool = True
    codes: Literal["ours", "alphanumeric"] = "ours"
    links: frozenset[LinkType] = frozenset({"absolute", "smart"})
    detail_max: Annotated[int, Meta(ge=0)] = 0
    systems: dict[str, str] = {}
    orders: dict[str, OwnCode] = {}
    order_codings: How = "add"

    @property
    def own_codes(self) -> OwnCodes:
        return OwnCodes(self.orders, self.order_codings)


PLAIN = Dialect()


@cache
def presets() -> Mapping[str, Mapping[str, Any]]:
    """Name -> what it sets."""
    tables: dict[str, dict[str, Any]] = tomllib.loads(files(__package__).joinpath("presets.toml").read_text("utf-8"))
    return {name: {key: value for key, value in table.items() if key != "source"} for name, table in tables.items()}


def expanded(table: Any) -> Any:
    """A ``[[dialect]]`` table over its preset. ValueError if there is no preset of that name."""
    if not isinstance(table, dict) or not (name := table.get("like")):
        return table
    if name not in presets():
        raise ValueError(f"like: no such preset; there is {', '.join(sorted(presets()))}")
    return {**presets()[name], **table}


def checked(dialects: tuple[Dialect, ...]) -> None:
    """ValueError for what no dialect can mean."""
    known = {f"{kind}/{key}" for kind, key, _, _ in templates()}
    if len({each.iss for each in dialects}) < len(dialects):
        raise ValueError("two tables for the same iss")
    for each in dialects:
        if unknown := sorted(each.orders.keys() - known):
            raise ValueError(f"orders: no such orders: {', '.join(unknown)}{meant(unknown[0], known)}")
        if 0 < each.detail_max < LEAST:
            raise ValueError(f"detail_max: at least {LEAST}, or 0 for any number")
        if not {"create", "delete"} <= each.types:
            raise ValueError("types: create and delete are needed; leave out update only")
