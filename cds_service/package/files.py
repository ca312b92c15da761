"""The package on disk, as FHIR packages are laid out: ``package/`` with package.json, .index.json and a file for each resource,
``package/tests/`` with the patients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from cards.engine.sources import CHECKED, VERSION
from cds_service.package.metadata import BASE, PUBLISHER, Json
from cds_service.package.patients import patients
from cds_service.package.resources import resources

NAME = "org.osteoporosis-cds.knowledge"
FHIR_VERSION = "4.0.1"
DEPENDENCIES = {"hl7.fhir.r4.core": FHIR_VERSION, "hl7.fhir.uv.extensions.r4": "5.2.0", "hl7.fhir.uv.cpg": "2.0.0"}
"""Where what is used is defined: of the extensions, those that came after R4 in the second."""
_INDEXED = ("id", "url", "version", "kind", "type")


def write(folder: Path) -> dict[str, int]:
    """Write the package below ``folder``; how many resources of each type there are, the patients as "tests". OSError if it
    cannot be written. Files of an earlier export that no longer belong to it are removed."""
    package = folder / "package"
    tests = package / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    before = {*package.glob("*-*.json"), *tests.glob("*.json")}
    written = {_put(package / _file(each), each) for each in resources().values()}
    (package / "package.json").write_bytes(_pretty(manifest()))
    (package / ".index.json").write_bytes(_pretty(index()))
    lines = []
    for line, bundle in patients():
        lines.append(line)
        written.add(_put(tests / line["bundle"], bundle))
    written.add(_put(tests / "cases.json", lines))
    for each in before - written:
        each.unlink()
    counts: dict[str, int] = {}
    for kind, _ in resources():
        counts[kind] = counts.get(kind, 0) + 1
    return counts | {"tests": len(lines)}


def manifest() -> Json:
    """package.json."""
    return {
        "name": NAME,
        "version": semantic(VERSION),
        "title": "Osteoporosis: cards of osteoporosis-cds",
        "description": "Decision support for osteoporosis: recommendations, what they read and propose, the codes that are "
        "known, and test patients. In words: the rules are evaluated by the CDS Hooks service.",
        "author": PUBLISHER,
        "license": "Apache-2.0",
        "canonical": BASE.rstrip(":"),
        "date": f"{CHECKED:%Y%m%d}000000",
        "type": "fhir.ig",
        "fhirVersions": [FHIR_VERSION],
        "jurisdiction": "http://unstats.un.org/unsd/methods/m49/m49.htm#001",
        "dependencies": DEPENDENCIES,
        "directories": {"lib": "package", "tests": "tests"},
    }


def index() -> Json:
    """.index.json: what loaders look in instead of opening every file."""
    return {"index-version": 1, "files": list(_lines())}


def _lines() -> Iterator[Json]:
    for each in resources().values():
        line = {"filename": _file(each), "resourceType": each["resourceType"]}
        yield line | {key: each[key] for key in _INDEXED if isinstance(each.get(key), str)}


def semantic(version: str) -> str:
    """A content version as npm wants it.

    >>> semantic("2026.11"), semantic("2027.01.2")
    ('2026.11.0', '2027.1.2')
    """
    year, month, patch = (*version.split("."), "0")[:3]
    return f"{int(year)}.{int(month)}.{int(patch)}"


def _file(resource: Json) -> str:
    return f"{resource['resourceType']}-{resource['id']}.json"


def _put(path: Path, value: Any) -> Path:
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))
    return path


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
