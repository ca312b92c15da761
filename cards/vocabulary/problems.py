"""Conditions, fractures and services by key, with their names (``problems.tsv``, ``fracture-sites.tsv``, ``services.tsv``)."""

from __future__ import annotations

import re

from msgspec import Struct

from cards.vocabulary.names import Name
from cards.vocabulary.tables import Row, names, read, rows

_OF_SERVICES = ("category", "radiation")
_CODE = re.compile(r"(icd10|icd10cm|icd9|snomed):([A-Z]?\d[A-Z0-9.]*)")


class ReadBy(Struct, frozen=True):
    """How a problem is recognized in a record: ``codes`` as (code system, code), ``names`` in any language."""

    codes: tuple[tuple[str, str], ...]
    names: tuple[str, ...]


def read_by(text: str) -> dict[str, ReadBy]:
    """The problems in problems.tsv whose own line says how to recognize them in a record, by key.

    >>> read_by("key\\ten\\tzh\\tcodes\\tnames\\ngout\\tgout\\t痛风\\ticd10:M10\\tpodagra; gouty arthritis")
    {'gout': ReadBy(codes=(('icd10', 'M10'),), names=('gout', '痛风', 'podagra', 'gouty arthritis'))}
    """
    found = rows("problems.tsv", text, "codes", "names")
    return {key: _read_by(row) for key, row in found.items() if row.optional("codes") or row.optional("names")}


def _read_by(row: Row) -> ReadBy:
    codes = [_CODE.fullmatch(each) or row.refuse(f'codes: "{each}" is no code') for each in row.optional("codes").split()]
    further = [name.strip() for name in row.optional("names").split(";") if name.strip()]
    return ReadBy(tuple((code[1], code[2]) for code in codes), (row.name.en, row.name.zh, *further))


def categories(text: str) -> dict[str, str]:
    """The categories by which EHRs route an order, by service, from the text of services.tsv; services without one are left
    out."""
    found = rows("services.tsv", text, *_OF_SERVICES)
    chosen = {key: row.choice("category", ("laboratory", "imaging", "education")) for key, row in found.items()}
    return {key: category for key, category in chosen.items() if category}


def radiating(text: str) -> frozenset[str]:
    """The services that use X-rays or a tracer, from the text of services.tsv."""
    return frozenset(key for key, row in rows("services.tsv", text, *_OF_SERVICES).items() if row.flag("radiation"))


PROBLEMS: dict[str, Name] = names("problems.tsv", "codes", "names")
READ_BY: dict[str, ReadBy] = read_by(read("problems.tsv"))
FRACTURE_SITES: dict[str, Name] = names("fracture-sites.tsv")
SERVICES: dict[str, Name] = names("services.tsv", *_OF_SERVICES)
SERVICE_CATEGORIES: dict[str, str] = categories(read("services.tsv"))
RADIATION: frozenset[str] = radiating(read("services.tsv"))
"""The services that use X-rays or a tracer."""
