"""Which codes the reader knows, as what: for those who pass them on. What it does with one stands in ``codes``."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cds_service.fhir.terminology.codes import Diagnosis, Terminology
from cds_service.fhir.terminology.rows import NOT_OURS
from cds_service.fhir.terminology.systems import CLASSIFICATIONS, URIS

BY_WORDING = "-by-wording"
"""After a key: the code alone does not say it, the words beside it must."""
FRACTURE = "fracture"


class Known(Struct, frozen=True):
    """A row: ``kind`` as in the tables, ``family`` and ``system`` (URI) of the code, ``keys`` of what it means (a fracture with
    its site; "-": none of ours). ``begins``: it holds for every code that it begins."""

    kind: str
    family: str
    system: str
    code: str
    keys: tuple[str, ...]
    begins: bool


def known(terminology: Terminology) -> Iterator[Known]:
    """Every row that the reader looks codes up in, by kind."""
    for row, meaning in terminology.observations.items():
        yield _known("observation", row, (meaning.key,))
    for row, product in terminology.drugs.items():
        yield _known("drug", row, product.keys)
    for row, diagnosis in terminology.conditions.items():
        yield _known("condition", row, _keys(diagnosis))
    for row, keys in terminology.services.items():
        yield _known("service", row, keys)


def _known(kind: str, row: tuple[str, str], keys: tuple[str, ...]) -> Known:
    family, code = row
    prefix = kind in ("condition", "service") and family in CLASSIFICATIONS
    return Known(kind, family, URIS.get(family, family), code, keys, prefix)


def _keys(diagnosis: Diagnosis) -> tuple[str, ...]:
    keys = sorted(f"{FRACTURE}-{diagnosis.site}" if key == FRACTURE else key for key in diagnosis.keys) or [NOT_OURS]
    return tuple(key + BY_WORDING if diagnosis.wording else key for key in keys)
