"""Names of results as laboratories print them: each line of ``corpus/result-*.tsv`` must be read as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cards.vocabulary import ANALYTES
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.units import plain
from tests.fhir.conftest import Reader, concept, not_as_told, observation

FOLDER = Path(__file__).parent / "corpus"
USUAL = {
    "creatinine": 0.9,
    "crcl": 60,
    "egfr": 60,
    "calcium": 9.2,
    "calcium-corrected": 9.2,
    "calcium-ionized": 1.2,
    "phosphate": 3.4,
    "albumin": 4.1,
    "alp": 80,
    "alt": 20,
    "ast": 20,
    "vitamin-d": 25,
    "pth": 45,
    "tsh": 2,
    "p1np": 45,
    "ctx": 400,
    "urine-calcium": 180,
    "hemoglobin": 12.5,
    "wbc": 6,
    "platelets": 210,
    "esr": 12,
    "inr": 1.1,
    "t-score": -2.1,
    "z-score": -1.1,
    "bmd": 0.71,
    "qct-vbmd": 95,
    "weight": 52,
    "height": 158,
    "bmi": 21,
    "systolic-pressure": 130,
    "diastolic-pressure": 80,
    "globulin": 2.8,
    "total-protein": 7.1,
    "ggt": 25,
    "frax-major": 18,
    "frax-hip": 4.1,
    "pain-nrs": 6,
    "pain-vas": 55,
    "phq9": 7,
    "phq9-item9": 0,
    "odi": 32,
    "falls": 2,
    "hamd": 8,
    "hama": 7,
    "barthel": 80,
    "morse": 35,
    "berg": 48,
    "tug": 11,
    "sf36": 60,
}
"""A value that a patient may have, in the analyte's unit."""


def lines(file: str) -> Iterator[tuple[str, str, str]]:
    """Name, unit and meaning of each line of a file, in order."""
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, unit, meaning = line.split("\t")
            yield name, "" if unit == "-" else unit, meaning


def usual(key: str, unit: str) -> float | None:
    """A usual value in the unit that is printed; None where it is no unit of this analyte."""
    factor = TERMINOLOGY.units.get((key, plain(unit)), 1.0 if not (unit or ANALYTES[key].unit) else None)
    return None if factor is None else USUAL[key] / factor


def read(chart_of: Reader, name: str, unit: str, value: float) -> set[str]:
    chart, _ = chart_of(observation("x", value, unit, code=concept(text=name)))
    return set(chart.measured)


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("result-*.tsv")))
def test_a_name_with_its_unit_means_what_the_corpus_says(chart_of: Reader, file: str) -> None:
    def check(line: tuple[str, str, str]) -> None:
        name, unit, meaning = line
        if meaning != "-":
            value = usual(meaning, unit)
            assert value is not None, f"{unit} is no unit of {meaning}"
            assert read(chart_of, name, unit, value) == {meaning}
            return
        for value in {found for key in USUAL if (found := usual(key, unit)) is not None} or {50.0}:
            assert read(chart_of, name, unit, value) == set()

    assert not_as_told(check, lines(file)) == []
