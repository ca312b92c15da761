"""Synthetic patients as FHIR Bundles, each with its story, the day it is told on, and the cards that it must give.

Every fixture keeps five days' margin to every limit, so that shifting all dates by the same number of days changes nothing.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from fhir_fixtures.prefetch import answer, templates

Resource = dict[str, Any]

FULL_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T.*)?")
USER = "Practitioner/example"


class Fixture(NamedTuple):
    """One patient at one moment.

    ``title`` and ``story`` are by language ("en", "zh"). ``as_of`` is the day on which ``hook`` is called; ``context`` holds
    what the hook's context has besides user and patient (draftOrders, selections). ``cards``: code -> indicator of each card
    that must be given, and no other.
    """

    name: str
    title: Mapping[str, str]
    story: Mapping[str, str]
    as_of: date
    hook: str
    context: Mapping[str, Any]
    cards: Mapping[str, str]
    bundle: Resource

    @property
    def resources(self) -> list[Resource]:
        return [entry["resource"] for entry in self.bundle["entry"]]

    @property
    def patient_id(self) -> str:
        return next(str(r["id"]) for r in self.resources if r["resourceType"] == "Patient")

    def shifted(self, today: date) -> Fixture:
        """The same story told on another day: every full date moves by as many days."""
        by = today - self.as_of
        return self._replace(as_of=today, bundle=_shift(self.bundle, by), context=_shift(self.context, by))

    def request(self, fhir_server: str | None = None) -> Resource:
        """The hook request: with prefetch for every published key, or with ``fhir_server`` and none."""
        context = {"userId": USER, "patientId": self.patient_id, **self.context}
        body = {"hook": self.hook, "hookInstance": _instance(self.name), "context": context}
        if fhir_server:
            return body | {"fhirServer": fhir_server}
        return body | {"prefetch": {key: answer(query, self.resources) for key, query in templates(self.hook).items()}}


def names() -> list[str]:
    """The names of all fixtures, sorted."""
    return sorted(entry.name.removesuffix(".json") for entry in files(__name__).iterdir() if entry.name.endswith(".json"))


def all_fixtures() -> Iterator[Fixture]:
    """Every fixture, by name."""
    return map(load, names())


@cache
def load(name: str) -> Fixture:
    """One fixture; KeyError with the names that come near when there is none of this name."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), cutoff=0.4)
        raise KeyError(f"no fixture {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    return of(json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")))


def of(told: Mapping[str, Any]) -> Fixture:
    """The fixture that a JSON file tells: KeyError, TypeError or ValueError where its header lacks a part."""
    return Fixture(
        name=told["name"],
        title=told["title"],
        story=told["story"],
        as_of=date.fromisoformat(told["asOf"]),
        hook=told["hook"],
        context=told.get("context", {}),
        cards=told["expect"]["cards"],
        bundle=told["bundle"],
    )


def _shift(value: Any, by: timedelta) -> Any:
    """A copy of JSON in which every full date, alone or with a time, lies ``by`` later. What is no date stays."""
    if isinstance(value, dict):
        return {key: _shift(each, by) for key, each in value.items()}
    if isinstance(value, list):
        return [_shift(each, by) for each in value]
    if isinstance(value, str) and (found := FULL_DATE.fullmatch(value)):
        try:
            return (date.fromisoformat(found[1]) + by).isoformat() + (found[2] or "")
        except (ValueError, OverflowError):
            return value
    return value


def _instance(name: str) -> str:
    """A UUID of its own for every fixture, always the same."""
    return str(uuid5(NAMESPACE_URL, f"urn:osteoporosis-cds:fixture:{name}"))
