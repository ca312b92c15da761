"""A client's own codes of orders, such as those of its preference list, in the resources that suggestions propose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

How = Literal["add", "replace", "only"]
"""What becomes of our codings where the client has a code of its own: they follow it ("add"), or go. "only": an order without
a code of the client's own is not proposed as an order."""


class OwnCode(Struct, frozen=True, forbid_unknown_fields=True):
    """One code. ``system`` is what the client calls its list."""

    system: str
    code: str
    display: str = ""

    def coding(self) -> dict[str, str]:
        return {"system": self.system, "code": self.code} | ({"display": self.display} if self.display else {})


class OwnCodes(Struct, frozen=True):
    """The codes by what is ordered: "drug/zoledronate", "service/dxa", "problem/osteoporosis"."""

    codes: Mapping[str, OwnCode] = {}
    how: How = "add"

    def put(self, resource: dict[str, Any], kind: str, key: str) -> dict[str, Any]:
        """The resource with the client's code, where there is one, in the first place."""
        own = self.codes.get(f"{kind}/{key}")
        if own is None:
            return resource
        member = "medicationCodeableConcept" if kind == "drug" else "code"
        ours = resource[member].get("coding", []) if self.how == "add" else []
        resource[member] = {"coding": [own.coding(), *ours], "text": resource[member]["text"]}
        return resource

    def holds(self, resource: Mapping[str, Any]) -> bool:
        """Whether a proposed resource carries one of these codes."""
        concept = resource.get("medicationCodeableConcept") or resource.get("code") or {}
        known = {(own.system, own.code) for own in self.codes.values()}
        return any((each.get("system"), each.get("code")) in known for each in concept.get("coding", ()))


NONE = OwnCodes()
