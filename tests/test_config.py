"""Settings: what is accepted, and that what is not stops the start with the name of the variable."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cds_service import config
from cds_service.config import ConfigError


def test_without_any_variable_the_defaults_hold() -> None:
    settings = config.load()
    assert settings.address == settings.base_url == "http://127.0.0.1:8000"
    assert settings.max_body == 20 * 1024**2
    assert "romosozumab" not in settings.formulary
    assert "denosumab" in settings.formulary
    assert settings.cors_origins == {"*"}


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("PORT", "9000", "address", "http://127.0.0.1:9000"),
        ("HOST", "0.0.0.0", "address", "http://127.0.0.1:8000"),
        ("CDS_PUBLIC_URL", "https://cds.example.org/", "base_url", "https://cds.example.org"),
        ("CDS_MAX_BODY", "1 MiB", "max_body", 1024**2),
        ("CDS_MAX_BODY", "2048", "max_body", 2048),
        ("CDS_FHIR_SERVERS", "https://a.example/fhir/, http://b", "fhir_servers", {"https://a.example/fhir", "http://b"}),
        ("CDS_CORS_ORIGINS", "https://ehr.example.org", "cors_origins", {"https://ehr.example.org"}),
        ("CDS_TODAY", "2026-11-21", "today_is", date(2026, 11, 21)),
        ("CDS_TIMEZONE", "Asia/Shanghai", "zone", ZoneInfo("Asia/Shanghai")),
        ("CDS_LANGUAGE", "", "language", "en"),
        ("WEB_CONCURRENCY", "3", "workers", 3),
    ],
)
def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, expected: object) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(config.load(), field) == expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("WEB_CONCURRENCY", "0"),
        ("CDS_PROFILE", "prod"),
        ("CDS_PROFILE", "production"),
        ("CDS_PUBLIC_URL", "cds.example.org"),
        ("CDS_FHIR_SERVERS", "ehr.example.org/fhir"),
        ("CDS_FHIR_SERVERS", "https://user:pw@ehr.example.org/fhir"),
        ("CDS_FHIR_TIMEOUT", "0"),
        ("CDS_FHIR_TIMEOUT", "nan"),
        ("CDS_CORS_ORIGINS", "https://ehr.example.org/path"),
        ("CDS_LANGUAGE", "fr"),
        ("CDS_MAX_CARDS", "0"),
        ("CDS_MAX_BODY", "20 bananas"),
        ("CDS_FORMULARY", "/no/such/file.toml"),
        ("CDS_LOCAL_CODES", "/no/such/file.tsv"),
        ("CDS_PROXIES", "nginx"),
        ("CDS_TODAY", "21.11.2026"),
        ("CDS_TIMEZONE", "Mars/Olympus"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named_but_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        config.load()
    assert variable in str(caught.value)
    assert "user:pw" not in str(caught.value)


def test_a_variable_that_does_not_exist_stops_the_start_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_FHIR_TIMOUT", "2")
    with pytest.raises(ConfigError, match="CDS_FHIR_TIMOUT: there is no such setting; CDS_FHIR_TIMEOUT is meant"):
        config.load()


@pytest.mark.parametrize("name", ["CDS_SERVICE_HOST", "CDS_SERVICE_PORT_HTTP", "CDS_PORT", "CDS_PORT_8000_TCP_ADDR"])
def test_what_kubernetes_sets_for_a_service_called_cds_is_no_mistake(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "tcp://10.0.0.1:8000")
    assert config.load()


def test_a_formulary_lists_drugs_that_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "formulary.toml"
    monkeypatch.setenv("CDS_FORMULARY", str(file))
    file.write_text('drugs = ["alendronate", "denosumab"]')
    assert config.load().formulary == {"alendronate", "denosumab"}
    for wrong in ('drugs = ["aspirin"]', "drugs = 5", "drugs", ""):
        file.write_text(wrong)
        with pytest.raises(ConfigError, match="CDS_FORMULARY"):
            config.load()
