"""A site's own codes and names (``CDS_LOCAL_CODES``), checked row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cards.vocabulary import ANALYTES, DRUGS, PROBLEMS, SERVICES, Mechanism
from cds_service.fhir.terminology.rows import GIVEN, KINDS, NOT_OURS, PARENTAL_HIP_FRACTURE, SMOKING, rows_of
from cds_service.fhir.terminology.systems import system_of

_DECIMAL = re.compile(r"\d+(\.\d+)?")
_BONE_SITES = frozenset({"lumbar-spine", "hip", "femur", "forearm", "heel", "femoral-neck", "total-hip", "distal-radius"})
_LONGEST_NAME = 200


class LocalCodesError(ValueError):
    """A site's table cannot be used; says the line and why."""


def local_rows(path: Path) -> Iterator[dict[str, str]]:
    for number, row in enumerate(rows_of(path.read_text(encoding="utf-8-sig")), start=1):
        kind, key, site = row.get("kind", ""), row.get("key", ""), row.get("site", "")
        if row.get("name") and not (row.get("system") or row.get("code")):
            yield _local_name(row, number)
            continue
        if not (row.get("system") and row.get("code")):
            raise LocalCodesError(f"local codes, row {number}: system and code are needed, or a name without either")
        if kind not in KINDS or not _known(kind, key) or (kind == "observation" and site and site not in _BONE_SITES):
            raise LocalCodesError(f"local codes, row {number}: unknown kind, key or site")
        if row.get("mg") and not _DECIMAL.fullmatch(row["mg"]):
            raise LocalCodesError(f"local codes, row {number}: mg is no number")
        yield {**row, "system": system_of(row["system"]), "name": ""}


def _local_name(row: Mapping[str, str], number: int) -> dict[str, str]:
    """A row of a site's table that maps a name, as the tables of names hold it."""
    kind, key, site = row.get("kind", ""), row.get("key", ""), row.get("site", "")
    by_code_alone = key in (SMOKING, "fracture", PARENTAL_HIP_FRACTURE) or key.startswith(GIVEN)
    known = kind in KINDS and not by_code_alone and (key == NOT_OURS or _known(kind, key))
    if not known or (site and (kind != "observation" or site not in _BONE_SITES)):
        raise LocalCodesError(f"local codes, row {number}: unknown kind, key or site of a name")
    if len(row["name"]) > _LONGEST_NAME:
        raise LocalCodesError(f"local codes, row {number}: the name is longer than {_LONGEST_NAME} characters")
    table = {"observation": "result", "condition": "problem"}.get(kind, kind)
    table = "class" if key in list(Mechanism) else table
    return {"kind": table, "name": row["name"], "key": key, "means": key, "site": site, "flag": ""}


def _known(kind: str, key: str) -> bool:
    keys: Mapping[str, Iterable[str]] = {
        "observation": [*ANALYTES, SMOKING],
        "drug": [*DRUGS, *Mechanism, NOT_OURS],
        "condition": [*PROBLEMS, "fracture", PARENTAL_HIP_FRACTURE, NOT_OURS],
        "service": [*SERVICES, *PROBLEMS, *(GIVEN + key for key in DRUGS)],
    }
    return all(part in keys[kind] for part in key.split("+"))
