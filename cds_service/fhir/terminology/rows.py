"""The rows of the tables beside this file, and what a key in them may be besides one of the vocabulary."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files

from cards.vocabulary import READ_BY
from cds_service.fhir.terminology.systems import spelled

SMOKING = "smoking-status"
PARENTAL_HIP_FRACTURE = "parental-hip-fracture"
NOT_OURS = "-"
GIVEN = "given:"
"""Before a drug's key in the table of services: the code says that the drug was given."""
KINDS = ("observation", "drug", "condition", "service")


def shipped() -> Iterator[dict[str, str]]:
    """The rows of the tables beside this file and of the problems that bring their own, each with its ``kind``; codes of ICD-10
    without dots."""
    for kind in KINDS:
        for row in table(f"{kind}s.tsv"):
            yield {"kind": kind, **row}
    for key, told in READ_BY.items():
        for system, code in told.codes:
            yield {"kind": "condition", "system": system, "code": spelled(system, code)[1], "key": key}


def names_of_problems() -> Iterator[dict[str, str]]:
    for key, told in READ_BY.items():
        yield from ({"kind": "problem", "name": name, "key": key, "flag": ""} for name in told.names)


def table(name: str) -> Iterator[dict[str, str]]:
    return rows_of(files("cds_service.fhir.terminology").joinpath(name).read_text(encoding="utf-8"))


def rows_of(text: str) -> Iterator[dict[str, str]]:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        yield {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
