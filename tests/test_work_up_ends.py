"""No hold without an end: the record replayed week by week, what was ordered coming back with nothing found (specification,
"One answer, one voice", law 9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from cards.definitions.workup import Row
from cards.engine.trial import work_up
from cards.vocabulary import SERVICES
from cds_service.hooks.request import Call, parse
from fhir_fixtures import story
from fhir_fixtures.lines import record
from fhir_fixtures.prefetch import answer, templates
from tests.each import for_each
from tests.silence.told import Told, stories, told
from tests.test_voice import evaluator, proposed
from tests.test_voice_laws import resources_of

Json = dict[str, Any]

WEEKS = 20
NORMAL = {
    "calcium": "corrected-calcium 9.4 mg/dL",
    "albumin": "corrected-calcium 9.4 mg/dL",
    "calcium-ionized": "ionized-calcium 1.22 mmol/L",
    "pth": "PTH 40 pg/mL",
    "phosphate": "phosphate 3.4 mg/dL",
    "creatinine": "creatinine 0.7 mg/dL",
    "vitamin-d": "25(OH)D 34 ng/mL",
    "alp": "ALP 70 U/L",
    "ggt": "GGT 20 U/L",
    "magnesium": "magnesium 2.0 mg/dL",
    "electrophoresis": "M-protein 0 g/dL",
    "light-chains": "light-chain-ratio 1.0",
    "pyridoxal-phosphate": "pyridoxal-phosphate 60 nmol/L",
    "tsh": "TSH 1.5 m[IU]/L",
}
RANGES = {"pyridoxal-phosphate": " (range 20-125)", "ggt": " (range 0-40)"}
IN_WORDS = {
    "immunofixation": "No monoclonal protein",
    "spine-mri": "Old fracture of T12. No tumor.",
    "bone-scan": "No abnormal uptake.",
    "femur-imaging": "Normal femora.",
}


def result(key: str, day: date) -> list[str]:
    """The line of the record that a test which finds nothing leaves."""
    if key in NORMAL:
        return [f"{NORMAL[key]} on {day}{RANGES.get(key, '')}"]
    if key in IN_WORDS:
        return [f"report {key} on {day} (says {IN_WORDS[key]})"]
    return [f"test {key} done {day}"]


def ordered(cards: list[Json]) -> Iterator[str]:
    """The tests that are proposed, by key."""
    named = {service.en: key for key, service in SERVICES.items()}
    for _, _, resource in proposed(cards):
        if resource["resourceType"] == "ServiceRequest" and (key := named.get(resource["code"].get("text", ""))):
            yield key


def later(call: Told, lines: list[str], day: date) -> Told:
    """The same patient on that day, with these results on record."""
    found = record(lines, patient=call.body["context"]["patientId"])
    resources = [*resources_of(call), *({**each, "id": f"{call.as_of}-{n}"} for n, each in enumerate(found))]
    prefetch = {key: answer(template, resources) for key, template in templates(call.hook).items()}
    return Told(call.name, day, call.body | {"prefetch": prefetch})


def asked(call: Told) -> Call:
    return parse(json.dumps(call.body).encode(), call.hook)


def held(call: Told) -> Row | None:
    """The finding of the work-up for which no drug is recommended."""
    chart = evaluator().chart(asked(call), call.as_of)
    return next((row for row in work_up(chart) if row.holds_all), None)


ON_PATIENT_VIEW = [name for name in stories() if story(name).hook == "patient-view"]


@for_each("name", ON_PATIENT_VIEW)
def test_every_hold_ends_when_its_tests_find_nothing(name: str) -> None:
    call = told(name)
    for _ in range(WEEKS):
        if held(call) is None:
            return
        cards = evaluator().evaluate(asked(call), "en", call.as_of).response["cards"]
        day = call.as_of + timedelta(days=7)
        lines = [line for key in dict.fromkeys(ordered(cards)) if not key.startswith("referral") for line in result(key, day)]
        call = later(call, lines, day)
    pytest.fail(f"still held: {held(call)}")


def test_there_are_holds_of_several_kinds() -> None:
    rows = {row.key for name in ON_PATIENT_VIEW if (row := held(told(name))) is not None}
    assert len(rows) > 3
