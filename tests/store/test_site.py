"""A site's own choices: cards, codes, numbers, queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cards.engine.catalog import Retired
from cards.thresholds import shipped
from cds_service import site as sites
from cds_service.config import ConfigError
from tests.protocol.conftest import Service
from tests.store.test_service import untreated


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
