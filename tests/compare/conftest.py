"""An invented population, judged as shipped, with a limit moved, and with a code lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from cards.thresholds import Thresholds, shipped
from cds_service import pipeline
from cds_service.compare.sides import Side, side
from cds_service.config import Settings
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.rows import shipped as rows
from cds_service.fhir.terminology.systems import system_of
from cds_service.population.made import chart
from cds_service.site import Site
from tests.population.conftest import TODAY, written

PATIENTS = 160
LOST = "38264-8"
"""LOINC of the T-score of the total hip."""
MOVED, FROM, TO = "fragility-age-years", 50, 80


def export(folder: Path) -> Path:
    return written(folder, (each for number in range(PATIENTS) for each in chart(number, 8, 7, TODAY)))


def moved_numbers(self: Site) -> Thresholds:
    table = shipped().table
    return Thresholds(table | {MOVED: replace(table[MOVED], value=TO)})


def without_code(settings: Settings) -> Terminology:
    return Terminology(row for row in rows() if row.get("code") != LOST or system_of(row.get("system", "")) != "loinc")


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="session")
def sides(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Side]:
    """The same people, three times."""
    made = {}
    for name, patches in (
        ("shipped", {}),
        ("limit moved", {(Site, "numbers"): moved_numbers}),
        ("code lost", {(pipeline, "terminology_of"): without_code}),
    ):
        with pytest.MonkeyPatch.context() as patched:
            for (where, attribute), value in patches.items():
                patched.setattr(where, attribute, value)
            out = tmp_path_factory.mktemp("run")
            made[name] = side("shipped", source, out, Settings(), TODAY, 0, complete=True, tell=lambda _: None)
    return made
