"""Every indicator against its cases: from FHIR to the state, both sides of each window."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from typing import Any

import msgspec
import orjson
import pytest
import yaml

from cards.engine.sources import LOADER
from cards.indicators import EPISODE, INDICATORS, WIDE, YEARLY, Outcome, Rates
from cards.indicators.levels import level
from cds_service.config import Settings
from cds_service.figures.person import figures
from cds_service.pipeline import Evaluator, terminology_of
from cds_service.population.judge import Rules
from fhir_fixtures import lines
from tests.indicators.grammar import answers, record

Json = dict[str, Any]
FOLDER = files("cards.indicators").joinpath("cases")
FILES = {
    path.name.removesuffix(".yaml"): yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506  a safe one
    for path in FOLDER.iterdir()
}
CASES = [
    (name, {**{k: v for k, v in told.items() if k != "cases"}, **case})
    for name, told in FILES.items()
    for case in told["cases"]
]


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(Settings())


def outcome(case: Json, evaluator: Evaluator) -> Outcome | None:
    """The state of the case's indicator; None where the patient has no episode in which it is asked."""
    today, rates = case["as_of"], msgspec.convert(case.get("settings", {}), Rates)
    told = [*case.get("background", ()), *case.get("record", ())]
    entries = [b'{"resource":' + orjson.dumps(each) + b"}" for each in (lines.patient(case["patient"], today), *record(told))]
    rules = Rules(evaluator, today)
    chart = evaluator.chart(rules.call("p1", entries), today)
    settings = Settings()
    found = figures(chart, entries, terminology_of(settings), rates, settings.zone, case.get("absent", ()), answers(told))
    some = (*found.episodes, *found.others) if found else ()
    wanted = date(case["year"], 1, 1) if "year" in case else case.get("of", date(2025, 1, 10))
    return next((e.outcomes[case["indicator"]] for e in some if e.t0 == wanted and case["indicator"] in e.outcomes), None)


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}: {case['name']}" for name, case in CASES])
def test_a_case(name: str, case: Json, evaluator: Evaluator) -> None:
    found = outcome(case, evaluator)
    if case["expect"] in ("not-applicable", "none"):
        assert found is None
        return
    assert found is not None
    assert found.state == case["expect"], found
    for field in ("reason", "how"):
        if field in case:
            assert getattr(found, field) == case[field], found
    if "earlier" in case:
        assert found.earlier == date.fromisoformat(case["earlier"])


def test_every_indicator_of_a_patient_has_cases_that_meet_it_and_that_do_not() -> None:
    for key in (*EPISODE, *WIDE, *YEARLY):
        states = {case["expect"] for case in FILES[key]["cases"]}
        assert {"met", "not-met"} <= states, key


def test_the_bands_of_the_cases() -> None:
    for name, told in FILES.items():
        for met, of, expected in told.get("levels", ()):
            assert level(INDICATORS[name].levels, met, of) == expected
