"""No abnormal value of the work-up without its finding (specification, "One answer, one voice", law 6), and none that stays
once a later result is normal or the work-up negative. A pattern is a record that makes a finding, with all that ends it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from cards.definitions.workup import FINDINGS
from cards.engine.trial import work_up
from cds_service.casebook.requests import request
from cds_service.hooks.request import parse
from tests.each import for_each
from tests.test_voice import evaluator

TODAY = date(2026, 6, 15)
BACKGROUND = ("problem osteoporosis since 2020-01-01",)
FOR_INFORMATION = ("low-tsh", "low-testosterone", "celiac", "z-score")
"""Findings that hold nothing, besides those of ``FINDINGS``."""

CALCIUM = ("corrected-calcium 9.4 mg/dL on {later}",)
IONIZED = ("ionized-calcium 1.22 mmol/L on {later}",)
NO_MONOCLONAL = ("report immunofixation on {later} (says No monoclonal protein)", "light-chain-ratio 1.0 on {later}")
NO_TUMOR = "report spine-mri on {later} (says Old fracture of T12. No tumor.)"
PLP = ("pyridoxal-phosphate 60 nmol/L on {later} (range 20-125)",)
PHOSPHATE = ("phosphate 3.4 mg/dL on {later}",)

Lines = tuple[str, ...]
PATTERNS: dict[str, tuple[str, Lines, tuple[Lines, ...]]] = {
    "high calcium without PTH": ("high-calcium", ("corrected-calcium 11.4 mg/dL on {day}",), (CALCIUM,)),
    "high ionized calcium": ("high-calcium", ("ionized-calcium 1.40 mmol/L on {day}",), (IONIZED,)),
    "high calcium, PTH suppressed": (
        "high-calcium",
        ("corrected-calcium 11.4 mg/dL on {day}", "PTH 10 pg/mL on {day}"),
        (CALCIUM,),
    ),
    "high calcium, barely and once": ("high-calcium", ("corrected-calcium 10.8 mg/dL on {day}",), (CALCIUM,)),
    "high calcium without albumin": (
        "high-calcium",
        ("calcium 10.8 mg/dL on {day}",),
        (("calcium 9.4 mg/dL on {later}",), CALCIUM),
    ),
    "hyperparathyroidism": (
        "hyperparathyroidism",
        ("corrected-calcium 11.4 mg/dL on {day}", "PTH 90 pg/mL on {day}"),
        (
            CALCIUM,
            ("problem familial-hypercalcemia since {later}",),
            ("problem hyperparathyroidism since {day}", "test neck-surgery done {later}"),
        ),
    ),
    "hyperparathyroidism, PTH not clearly raised": (
        "hyperparathyroidism",
        ("corrected-calcium 11.4 mg/dL on {day}", "PTH 25 pg/mL on {day}"),
        (CALCIUM,),
    ),
    "tertiary hyperparathyroidism": (
        "hyperparathyroidism",
        ("corrected-calcium 11.4 mg/dL on {day}", "PTH 300 pg/mL on {day}", "eGFR 20 mL/min/{{1.73_m2}} on {day}"),
        (CALCIUM,),
    ),
    "low calcium": ("low-calcium", ("corrected-calcium 8.2 mg/dL on {day}",), (CALCIUM,)),
    "low ionized calcium": ("low-calcium", ("ionized-calcium 1.05 mmol/L on {day}",), (IONIZED,)),
    "high PTH with normal calcium": (
        "high-pth",
        (
            "PTH 120 pg/mL, corrected-calcium 9.4 mg/dL, 25(OH)D 36 ng/mL on {day}",
            "eGFR 90 mL/min/{{1.73_m2}} on {day}",
        ),
        (("PTH 40 pg/mL on {later}",), ("25(OH)D 25 ng/mL on {later}",), ("eGFR 50 mL/min/{{1.73_m2}} on {later}",)),
    ),
    "osteomalacia by ALP and 25(OH)D": (
        "osteomalacia",
        ("ALP 200 U/L, 25(OH)D 8 ng/mL on {day}",),
        (("ALP 80 U/L on {later}",), ("25(OH)D 20 ng/mL on {later}",)),
    ),
    "osteomalacia by ALP and phosphate": (
        "osteomalacia",
        ("ALP 200 U/L, phosphate 2.3 mg/dL on {day}",),
        (("ALP 80 U/L on {later}",), PHOSPHATE, ("25(OH)D 20 ng/mL on {later}",)),
    ),
    "osteomalacia whatever the ALP": (
        "osteomalacia",
        ("25(OH)D 8 ng/mL, corrected-calcium 8.2 mg/dL, PTH 120 pg/mL on {day}",),
        (("25(OH)D 20 ng/mL on {later}",), (*CALCIUM, "PTH 40 pg/mL on {later}")),
    ),
    "low phosphate once": ("low-phosphate", ("phosphate 1.9 mg/dL on {day}",), (PHOSPHATE,)),
    "low phosphate twice": (
        "low-phosphate",
        ("phosphate 2.3 mg/dL on {before}", "phosphate 2.3 mg/dL on {day}"),
        (PHOSPHATE,),
    ),
    "very low phosphate": ("low-phosphate", ("phosphate 0.9 mg/dL on {day}",), (PHOSPHATE,)),
    "low ALP once": ("low-alp", ("ALP 20 U/L on {day}",), (("ALP 70 U/L on {later}",),)),
    "low ALP twice": (
        "low-alp",
        ("ALP 20 U/L on {before}", "ALP 20 U/L on {day}"),
        (("ALP 70 U/L on {later}",), PLP),
    ),
    "low ALP with a stress fracture": (
        "low-alp",
        ("ALP 20 U/L on {day}", "problem stress-fracture since {before}"),
        (("ALP 70 U/L on {later}",), PLP),
    ),
    "very high ALP": (
        "high-alp",
        ("ALP 300 U/L on {day}",),
        (
            ("ALP 90 U/L on {later}",),
            ("report bone-scan on {later} (says No abnormal uptake.)",),
            ("problem liver-disease since {later}",),
            ("problem paget since 2024-01-01",),
        ),
    ),
    "high urine calcium": (
        "high-urine-calcium",
        ("urine-calcium 320 mg/(24.h) on {day}",),
        (("urine-calcium 180 mg/(24.h) on {later}",),),
    ),
    "suppressed TSH": ("low-tsh", ("TSH 0.05 m[IU]/L on {day}",), (("TSH 1.5 m[IU]/L on {later}",),)),
    "low TSH": ("low-tsh", ("TSH 0.2 m[IU]/L on {day}",), (("TSH 1.5 m[IU]/L on {later}",),)),
    "low testosterone": (
        "low-testosterone",
        ("testosterone 200 ng/dL on {day}",),
        (("testosterone 500 ng/dL on {later}",),),
    ),
    "high CTX": (
        "high-turnover",
        ("CTX 1200 pg/mL on {day} (range 100-550)",),
        (("CTX 300 pg/mL on {later} (range 100-550)",),),
    ),
    "high P1NP": ("high-turnover", ("P1NP 200 ug/L on {day} (range 15-70)",), (("P1NP 40 ug/L on {later} (range 15-70)",),)),
    "celiac antibodies": (
        "celiac",
        ("tTG-IgA 90 U/mL on {day} (range 0-20)",),
        (("tTG-IgA 5 U/mL on {later} (range 0-20)",), ("problem celiac-disease since {later}",)),
    ),
    "low Z-score": ("z-score", ("Z-score -2.4 {{Zscore}} on {day}",), (("Z-score -1.4 {{Zscore}} on {later}",),)),
    "three signs of myeloma": (
        "myeloma",
        ("hemoglobin 11.0 g/dL, ESR 60 mm/h, globulin 4.5 g/dL on {day}",),
        (NO_MONOCLONAL, ("hemoglobin 13.0 g/dL, ESR 10 mm/h on {later}",), ("problem myeloma since {later}",)),
    ),
    "a strong sign with a broken vertebra": (
        "myeloma",
        ("hemoglobin 9.0 g/dL on {day}", "fracture vertebra on {before} (osteoporotic)"),
        ((*NO_MONOCLONAL, NO_TUMOR), ("hemoglobin 13.0 g/dL on {later}",)),
    ),
    "gammopathy with a fracture": (
        "myeloma",
        ("problem monoclonal-gammopathy since 2024-01-01", "fracture hip on {before} (osteoporotic)"),
        (("light-chain-ratio 1.0 on {later}",),),
    ),
    "cancer with a broken vertebra": (
        "myeloma",
        ("problem cancer since 2024-01-01", "fracture vertebra on {before} (osteoporotic)"),
        ((NO_TUMOR,),),
    ),
}
"""Key of the finding, the record on ``{day}`` (``{before}``: 40 days earlier), and what ends it ``{later}``, each by itself."""


def findings(lines: Lines, age: int, name: str) -> set[str]:
    """The findings of the work-up of somebody with these lines, the abnormal ones so many days old."""
    day = TODAY - timedelta(days=age)
    told = [line.format(day=day, before=day - timedelta(days=40), later=TODAY) for line in lines]
    return {row.key for row in work_up(evaluator().chart(_call(told, name), TODAY))}


def _call(lines: list[str], name: str) -> Any:
    patient = "male 66" if PATTERNS[name][0] == "low-testosterone" else "female 66"
    case = {
        "today": TODAY,
        "patient": patient,
        "record": [*BACKGROUND, *lines],
        "hook": "patient-view",
        "card": name,
        "name": name,
    }
    return parse(json.dumps(request(case)).encode(), "patient-view")


def test_every_finding_of_the_work_up_has_a_pattern() -> None:
    assert {key for key, _, _ in PATTERNS.values()} == {*FINDINGS, *FOR_INFORMATION}


@pytest.mark.parametrize("age", [1, 30, 180])
@for_each("name", PATTERNS)
def test_no_abnormal_value_passes_without_its_finding(name: str, age: int) -> None:
    key, lines, _ = PATTERNS[name]
    assert key in findings(lines, age, name)


@pytest.mark.parametrize("name", PATTERNS)
def test_the_card_speaks_of_it(name: str) -> None:
    _, lines, _ = PATTERNS[name]
    day = TODAY - timedelta(days=30)
    told = [line.format(day=day, before=day - timedelta(days=40)) for line in lines]
    answered = evaluator().evaluate(_call(told, name), "en", TODAY).response["cards"]
    assert "secondary-causes" in {card["source"]["topic"]["code"] for card in answered}


@pytest.mark.parametrize("age", [1, 30, 180])
@pytest.mark.parametrize(("name", "end"), [(name, end) for name, (_, _, ends) in PATTERNS.items() for end in range(len(ends))])
def test_a_normal_result_or_a_negative_work_up_ends_it(name: str, end: int, age: int) -> None:
    key, lines, ends = PATTERNS[name]
    assert key not in findings((*lines, *ends[end]), age, name)


_ELSEWHERE = ("problem", "25(OH)D", "eGFR", "light-chain-ratio")
"""What is no earlier value of what is off, nor a work-up of it: an entry on the problem list, another test."""
IN_ORDER = [
    (name, end)
    for name, (_, _, ends) in PATTERNS.items()
    for end, lines in enumerate(ends)
    if not any(line.startswith(_ELSEWHERE) for line in lines) or lines == NO_MONOCLONAL
]


@pytest.mark.parametrize(("name", "end"), IN_ORDER)
def test_what_ends_a_finding_ends_nothing_where_it_came_first(name: str, end: int) -> None:
    key, lines, ends = PATTERNS[name]
    first = str(TODAY - timedelta(days=300))
    earlier = tuple(line.replace("{later}", first) for line in ends[end])
    assert key in findings((*earlier, *lines), 30, name)
