"""The differential test: any one field of any one resource made unreadable.

A defect is a value of a wrong JSON type, never another valid value; a date may also become a text that is none. What is left
out is only what a rule needs. A code may also become one of a site that nobody has mapped: what it means is then not understood
(the unread of the chart), where a wrong type is only set aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from cards.vocabulary import Data
from tests.silence.json_path import REMOVED, Json, Path, places, put, written
from tests.silence.mutation import Law, Mutation, all_selected, bundle_of, group_of

UNMAPPED = {"coding": [{"system": "urn:oid:1.3.6.1.4.1.99999.1", "code": "X7"}]}
"""A code of a site's own, without a name."""
_CODES = ("code", "medicationCodeableConcept")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T.*)?)?)?")
_NEEDED = {
    "Patient": r"birthDate|gender",
    "Observation": r"status|code|value\w+|effective\w+",
    "Condition": r"code",
    "AllergyIntolerance": r"code",
    "MedicationRequest": r"status|intent|medication\w+|authoredOn",
    "MedicationStatement": r"status|medication\w+|effective\w+",
    "MedicationAdministration": r"status|medication\w+|effective\w+",
    "MedicationDispense": r"status|medication\w+|whenHandedOver",
    "Medication": r"code",
    "Procedure": r"status|code",
    "ServiceRequest": r"status|intent|code",
    "DiagnosticReport": r"status|code",
    "ImagingStudy": r"status",
    "FamilyMemberHistory": r"status|relationship|condition",
}
"""What must not be missing from a resource, as FHIR or a rule has it: type -> pattern of names."""


def of_record(body: Json) -> Iterator[Mutation]:
    """Every field of every resource that was prefetched. A resource that came under several keys is broken in all of them."""
    groups = group_of(body["hook"])
    for name, found in _located(body["prefetch"]).items():
        concerned = frozenset(groups[str(path[1])] for path, _ in found)
        resource = found[0][1]
        for path, defect, value in defects(resource):
            worse = partial(_in_all, body, [(*place, *path) for place, _ in found], value)
            kind = f"{resource['resourceType']}.{_kind(path)}"
            yield Mutation(f"{name}.{written(path)}", defect, kind, Law.FIELD, worse, concerned)
        for key in filter(resource.__contains__, _CODES):
            worse = partial(_in_all, body, [(*place, key) for place, _ in found], UNMAPPED)
            kind, told = f"{resource['resourceType']}.{key} unmapped", concerned | _of_nobody(resource)
            yield Mutation(f"{name}.{key}", "unmapped", kind, Law.FIELD, worse, told)


def _of_nobody(resource: Json) -> frozenset[Data]:
    """The group in which a result stands of which nobody knows what was measured."""
    return frozenset({Data.WORK_UP}) if resource["resourceType"] == "Observation" else frozenset()


def _in_all(body: Json, where: Iterable[Path], value: Any) -> Json:
    for place in where:
        body = put(body, place, value)
    return body


def of_context(body: Json) -> Iterator[Mutation]:
    """Every field of what the hook's context carries."""
    bundle, entries = bundle_of(body)
    for number, entry in enumerate(entries):
        for path, defect, value in defects(entry["resource"]):
            if value is REMOVED and str(path[0]).startswith("medication") and body["hook"] == "order-select":
                continue  # a form in which no drug is chosen yet
            if path == ("id",) and defect == "number" and not all_selected(body):
                continue  # it can be read, and is not the one that was selected
            place: Path = ("context", bundle, "entry", number, "resource", *path)
            kind = f"{bundle} {entry['resource']['resourceType']}.{_kind(path)}"
            yield Mutation(f"{bundle}[{number}].{written(path)}", defect, kind, Law.DRAFT, put(body, place, value))


def defects(resource: Json) -> Iterator[tuple[Path, str, Any]]:
    """Path, name and value of each defect that a resource may have."""
    needed = re.compile(_NEEDED.get(resource["resourceType"], r"(?!)"))
    for path, value in places(resource):
        for defect, wrong in _unreadable(value):
            yield path, defect, wrong
        if len(path) == 1 and (path[0] == "resourceType" or needed.fullmatch(str(path[0]))):
            yield path, "removed", REMOVED


def _unreadable(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, str):
        yield "number", int(value[:4]) if _DATE.fullmatch(value) else 7
        yield "object", {"x": 1}
        if _DATE.fullmatch(value):
            yield "no date", "soon"
    elif isinstance(value, bool):
        yield "text", "x"
        yield "number", 7
    elif isinstance(value, int | float):
        yield "text", "x"
        yield "object", {"x": 1}
    elif isinstance(value, dict):
        yield "number", 5
        yield "list", []
        yield "text", "x"
    elif isinstance(value, list):
        yield "number", 5
        yield "text", "x"


def _located(prefetch: Json) -> dict[str, list[tuple[Path, Json]]]:
    """Type and id of each resource -> where it lies in the body."""
    found: dict[str, list[tuple[Path, Json]]] = {}
    for key, value in prefetch.items():
        for path, resource in _resources(("prefetch", key), value):
            found.setdefault(f"{resource['resourceType']}/{resource['id']}", []).append((path, resource))
    return found


def _resources(path: Path, value: Any) -> Iterator[tuple[Path, Json]]:
    if not isinstance(value, dict):
        return
    if value.get("resourceType") != "Bundle":
        yield path, value
    for number, entry in enumerate(value.get("entry", ())):
        yield (*path, "entry", number, "resource"), entry["resource"]


def _kind(path: Path) -> str:
    return ".".join(str(step) for step in path if not isinstance(step, int))
