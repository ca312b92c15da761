"""The results as FHIR R4: a Group for each gap in care, a DetectedIssue for each card, and the ViewDefinitions (SQL on FHIR)
that make tables of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import orjson

from cards.engine.catalog import all_cards
from cards.engine.sources import VERSION
from cds_service.population.gaps import ORDER
from cds_service.population.job import Job
from cds_service.population.listed import Listed
from cds_service.population.private import written
from cds_service.population.rows import Row
from cds_service.population.worklist import say

FOLDER = "fhir"
CARDS, GAPS = "urn:osteoporosis-cds:card", "urn:osteoporosis-cds:care-gap"
_SEVERITY = {"critical": "high", "warning": "moderate", "info": "low"}
"""Indicator of a card -> DetectedIssue.severity."""
_META = {"tag": [{"system": "urn:osteoporosis-cds:content", "code": str(VERSION)}]}
_EXTENSION = "urn:osteoporosis-cds:"

Json = dict[str, Any]
Add = Callable[[Iterable[Row]], None]


def write_groups(job: Job, items: Listed) -> None:
    """``Group.ndjson``: one line for each gap, in their order, also for those that nobody has."""
    (job.out / FOLDER).mkdir(exist_ok=True)
    with written(job.out / FOLDER / "Group.ndjson") as file:
        for key in ORDER:
            number = items.number(key)
            file.write(orjson.dumps(group(key, number))[:-1])
            for place, patient in enumerate(items.members(key)):
                member = orjson.dumps({"entity": {"reference": f"Patient/{patient}"}})
                file.write((b"," if place else b',"member":[') + member)
            file.write(b"]}\n" if number else b"}\n")
    for name, view in VIEWS.items():
        with written(job.out / FOLDER / f"ViewDefinition-{name}.json") as file:
            file.write(orjson.dumps(view, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def group(key: str, patients: int) -> Json:
    """The Group of those who have one gap, without its members: of a country they would not fit into memory."""
    return {
        "resourceType": "Group",
        "id": key,
        "meta": _META,
        "active": True,
        "type": "person",
        "actual": True,
        "code": {"coding": [{"system": GAPS, "code": key}], "text": say(f"gap.{key}", "en")},
        "name": say(f"gap.{key}", "en"),
        "quantity": patients,
    }


@contextmanager
def issues(job: Job) -> Iterator[Add]:
    """Takes rows, and writes each as a DetectedIssue."""
    (job.out / FOLDER).mkdir(exist_ok=True)
    with written(job.out / FOLDER / "DetectedIssue.ndjson") as file:

        def add(rows: Iterable[Row]) -> None:
            some = (issue(row, place, job.today.isoformat()) for place, row in enumerate(rows, 1))
            file.writelines(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in some)

        yield add


def issue(row: Row, place: int, today: str) -> Json:
    """One card of one patient; ``place`` among the patient's cards."""
    card = all_cards()[row.card]
    told: Json = {
        "resourceType": "DetectedIssue",
        "id": f"{blake2b(row.patient.encode(), digest_size=12).hexdigest()}-{place}",
        "meta": _META,
        "extension": [*_extensions(row)],
        "status": "preliminary",
        "code": {"coding": [{"system": CARDS, "code": row.card}], "text": card.title.en},
        "severity": _SEVERITY[row.indicator],
        "patient": {"reference": f"Patient/{row.patient}"},
        "identifiedDateTime": today,
    }
    evidence = [{"detail": [{"reference": each}]} for each in dict.fromkeys(row.evidence) if "/" in each]
    return told | ({"evidence": evidence} if evidence else {})


def _extensions(row: Row) -> Iterator[Json]:
    if row.variant:
        yield {"url": f"{_EXTENSION}variant", "valueCode": row.variant}
    if row.due:
        yield {"url": f"{_EXTENSION}due", "valueDate": row.due.isoformat()}
    for order in row.recommended:
        yield {"url": f"{_EXTENSION}recommended", "valueString": order}


def _column(name: str, path: str, kind: str = "string", **more: Any) -> Json:
    return {"name": name, "path": path, "type": kind, **more}


def _extension(name: str, value: str) -> str:
    return f"extension.where(url = '{_EXTENSION}{name}').value.ofType({value})"


def _view(name: str, resource: str, select: list[Json]) -> Json:
    return {
        "resourceType": "https://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition",
        "name": name,
        "status": "active",
        "resource": resource,
        "fhirVersion": ["4.0.1"],
        "meta": _META,
        "select": select,
    }


VIEWS: dict[str, Json] = {
    "findings": _view(
        "findings",
        "DetectedIssue",
        [
            {
                "column": [
                    _column("patient", "patient.getReferenceKey(Patient)"),
                    _column("card", f"code.coding.where(system = '{CARDS}').code", "code"),
                    _column("severity", "severity", "code"),
                    _column("variant", _extension("variant", "code"), "code"),
                    _column("due", _extension("due", "date"), "date"),
                    _column("recommended", _extension("recommended", "string"), collection=True),
                    _column("content", "meta.tag.where(system = 'urn:osteoporosis-cds:content').code", "code"),
                ]
            }
        ],
    ),
    "care_gaps": _view(
        "care_gaps",
        "Group",
        [
            {"column": [_column("gap", "id", "id"), _column("patients", "quantity", "unsignedInt")]},
            {"forEach": "member", "column": [_column("patient", "entity.getReferenceKey(Patient)")]},
        ],
    ),
}
