"""A site's own choices: cards, codes, numbers, queries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cards.engine.catalog import Retired
from cards.thresholds import shipped
from cds_service import site as sites
from cds_service.casebook.requests import request
from cds_service.config import ConfigError, Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from tests.protocol.conftest import Service
from tests.store.test_service import untreated

TODAY = date(2026, 6, 15)


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        (tmp_path / "site.toml").write_text(content, encoding="utf-8")
        return tmp_path / "site.toml"

    return write


def test_a_site_switches_cards_off_and_chooses_its_codes(site: Callable[[str], Path]) -> None:
    service = Service(site=site('cards_off = ["tests-due"]\ncode_system = "us"'))
    cards = service.cards(untreated(service))
    assert "tests-due" not in cards
    systems = [
        action["resource"]["medicationCodeableConcept"]["coding"][0]["system"]
        for suggestion in cards["start-treatment"]["suggestions"]
        for action in suggestion.get("actions", ())
        if "medicationCodeableConcept" in action.get("resource", {})
    ]
    assert systems
    assert "http://www.nlm.nih.gov/research/umls/rxnorm" in systems


DEFICIENT = ["25(OH)D 8 ng/mL on 2026-06-01", "corrected-calcium 9.4 mg/dL on 2026-06-01"]


@pytest.mark.parametrize(
    ("said", "loading"),
    [
        ("", "50,000 units by mouth once weekly for 6 weeks"),
        ('vitd_loading = "weekly"', "50,000 units by mouth once weekly for 6 weeks"),
        ('vitd_loading = "daily"', "4,000 units by mouth once daily for 10 weeks"),
    ],
)
def test_a_site_without_a_weekly_product_loads_daily(said: str, loading: str, site: Callable[[str], Path]) -> None:
    labels = [each["label"] for each in told(site(said), "vitamin-d-low", DEFICIENT).get("suggestions", ())]
    assert any(label.endswith(loading) for label in labels), labels


MIXED = ["25(OH)D 15 ng/mL on 2026-06-01", "25(OH)D 20 nmol/L on 2025-06-01"]


@pytest.mark.parametrize(
    ("said", "record", "shown"),
    [
        ("", MIXED, "15 ng/mL"),
        ('units = "conventional"', MIXED, "15 ng/mL"),
        ('units = "si"', MIXED, "37.4 nmol/L"),
        ('units = "si"', MIXED[:1], "15 ng/mL"),
        ('units = "conventional"', ["25(OH)D 40 nmol/L on 2026-06-01"], "40 nmol/L"),
    ],
    ids=["as recorded", "mixed, conventional", "mixed, SI", "one system only", "the other system only"],
)
def test_a_site_chooses_the_units_of_what_a_record_mixes(
    said: str, record: list[str], shown: str, site: Callable[[str], Path]
) -> None:
    assert shown in told(site(said), "vitamin-d-low", record)["detail"]


def told(path: Path, code: str, record: list[str]) -> dict[str, Any]:
    """What a card says of a woman of 66 with osteoporosis, at a site."""
    case = {
        "card": code,
        "hook": "patient-view",
        "today": TODAY,
        "patient": "female 66",
        "record": ["problem osteoporosis since 2025-01-01", *record],
    }
    evaluator = Evaluator(Settings(site=path))
    response = evaluator.evaluate(parse(json.dumps(request(case)).encode(), "patient-view"), "en", TODAY, apart=True).response
    return next(card for card in response["cards"] if card["source"]["topic"]["code"] == code)


def test_a_site_that_switches_off_a_card_that_is_no_more_starts_and_is_told(
    site: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sites, "retired", lambda: {"old-card": Retired("2026.11", "tests-due")})
    with caplog.at_level("WARNING", "cds_service"):
        assert sites.load(site('cards_off = ["old-card", "referral"]')).cards_off == {"old-card", "referral"}
    (record,) = caplog.records
    assert "no more" in record.getMessage()
    assert record.__dict__["fields"] == {"card": "old-card", "until": "2026.11", "instead": "tests-due"}


def test_the_example_of_the_deployment_guide_can_be_used(site: Callable[[str], Path]) -> None:
    guide = (Path(__file__).parents[2] / "docs/deployment.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    path = site(next(each for each in examples if "cards_off" in each))
    Service(site=path)
    assert sites.load(path).numbers().shared.lsc_total_hip == 4.0


def test_a_site_changes_what_rests_on_convention(site: Callable[[str], Path]) -> None:
    table = shipped().table
    key = next(key for key, each in table.items() if each.status == "RECALL" and isinstance(each.value, int))
    path = site(f"[thresholds]\n{key} = 77")
    Service(site=path)
    assert sites.load(path).numbers().table[key].value == 77
    assert table[key].value != 77, "two sites can live in one process"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[thresholds]\nt-osteoporosis = -3.0", "t-osteoporosis"),
        ("[thresholds]\nno-such-key = 1", "no-such-key"),
        ("[thresholds]\nno-such-key = true", "thresholds"),
        ('cards_off = ["no-such-card"]', "no-such-card"),
        ('code_system = "uk"', "code_system"),
        ('units = "imperial"', "units"),
        ('vitd_loading = "yearly"', "vitd_loading"),
        ('[[prefetch]]\ntemplates.no-such-key = "Patient/{{context.patientId}}"', "no-such-key"),
        ('[[prefetch]]\ntemplates.conditions = "Condition?_count=1"', "conditions: does not select a patient"),
        ('[[prefetch]]\ntemplates.conditions = "https://x.example.org/Condition?patient={{context.patientId}}"', "relative"),
        ('[[prefetch]]\niss = "https://ehr.example.org"', "templates"),
        ("unknown = 1", "unknown"),
        ("cards_off = ", "TOML"),
    ],
)
def test_what_a_site_cannot_choose_stops_the_start(site: Callable[[str], Path], content: str, told: str) -> None:
    with pytest.raises(ConfigError, match="CDS_SITE") as caught:
        Service(site=site(content))
    assert told in str(caught.value)
