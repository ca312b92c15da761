"""Small exports, written as a Bulk Data server writes them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from cds_service.config import Settings
from cds_service.population.made import chart
from cds_service.population.run import Options, run
from fhir_fixtures import lines

Json = dict[str, Any]
TODAY = date(2026, 6, 15)


def patient(name: str, who: str, *record: str) -> list[Json]:
    """The resources of one patient, in the lines of the stories."""
    return [lines.patient(who, TODAY, name), *lines.record(record, f"{name}-", name)]


def written(folder: Path, resources: Iterable[Json], *, packed: bool = False, suffix: str = "") -> Path:
    """One file a type."""
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, list[bytes]] = {}
    for each in resources:
        told.setdefault(each["resourceType"], []).append(orjson.dumps(each) + b"\n")
    for kind, some in told.items():
        path = folder / f"{kind}{suffix}.ndjson{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(b"".join(some)) if packed else b"".join(some))
    return folder


def generated(folder: Path, patients: int = 24, resources: int = 12) -> Path:
    return written(folder, (each for number in range(patients) for each in chart(number, resources, 7, TODAY)))


def went(source: Path, out: Path, **options: Any) -> Json:
    """The summary of a run in this process."""
    chosen = Options(**{"today": TODAY, "processes": 0, "complete": True, **options})
    return run(source, out, Settings(), chosen)


Run = Callable[..., Json]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "export"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"
