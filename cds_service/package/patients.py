"""The cases of the cards as patients: for each a Bundle of its record, and one list of what is asked and expected.

A case is a hook request; the Bundle holds the resources that its prefetch and its drafts hold. The list says for each the hook,
its context, the day it is asked on, and what the card must say: what a system that loads the package can try itself on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from cds_service.casebook.cases import EXPECTATIONS, Case, all_cases
from cds_service.casebook.requests import request
from cds_service.package.metadata import BASE, EXTENSION, Json

NAME = f"{BASE}case"
_SERVER = "https://osteoporosis-cds.example/cases"
"""No server: references between the resources of a Bundle are resolved by such addresses alone, and each case has its own."""
_DOSE_NOT_TOLD = {"extension": [{"url": f"{EXTENSION}data-absent-reason", "valueCode": "unknown"}]}


def patients() -> Iterator[tuple[Json, Json]]:
    """The line of the list and the Bundle of every case, by card, in the order of its file."""
    numbers: dict[str, Iterator[int]] = {}
    for case in all_cases():
        card = case["card"]
        key = f"{card}-{next(numbers.setdefault(card, count(1))):03}"
        told = request(case)
        yield _line(case, key, told), _bundle(case, key, told)


def _bundle(case: Case, key: str, told: Json) -> Json:
    return {
        "resourceType": "Bundle",
        "id": key,
        "identifier": {"system": NAME, "value": f"{case['card']}: {case['name']}"},
        "type": "collection",
        "entry": [
            {"fullUrl": f"{_SERVER}/{key}/{each['resourceType']}/{each['id']}", "resource": each} for each in _resources(told)
        ],
    }


def _resources(told: Json) -> Iterable[Json]:
    """Every resource of the request, once."""
    found = {
        (each["resourceType"], each["id"]): each for each in _within([*told["prefetch"].values(), *told["context"].values()])
    }
    return map(_with_dose, found.values())


def _with_dose(resource: Json) -> Json:
    """A dose that a record writes in words only, as FHIR wants it said: an administration that has a dosage has a dose."""
    dosage = resource.get("dosage") if resource["resourceType"] == "MedicationAdministration" else None
    if not dosage or dosage.keys() & {"dose", "rateRatio", "rateQuantity"}:
        return resource
    return resource | {"dosage": dosage | {"dose": _DOSE_NOT_TOLD}}


def _within(values: Iterable[Any]) -> Iterator[Json]:
    for value in values:
        if isinstance(value, dict) and value.get("resourceType") == "Bundle":
            yield from (entry["resource"] for entry in value.get("entry", ()))
        elif isinstance(value, dict) and "id" in value and "resourceType" in value:
            yield value


def _line(case: Case, key: str, told: Json) -> Json:
    """``failed``: groups of data that could not be had, which the answer must say."""
    expected = {each: _plain(case[each]) for each in sorted(EXPECTATIONS & case.keys())}
    line = {"bundle": f"{key}.json", "card": case["card"], "name": case["name"], "today": case["today"].isoformat()}
    line |= {"hook": told["hook"], "context": told["context"], "expected": expected}
    return line | {each: list(case[each]) for each in ("failed", "formulary") if each in case}


def _plain(value: Any) -> Any:
    """Days as text."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value
