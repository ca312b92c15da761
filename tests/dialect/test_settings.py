"""What a site may write of a client's dialect, and what it is told when that cannot be meant."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from cards.engine.catalog import all_cards, retired
from cds_service import site
from cds_service.app import create_app
from cds_service.config import ConfigError, Settings
from cds_service.dialect import PLAIN, Dialect
from cds_service.dialect.codes import bare, our_card, our_reason
from cds_service.dialect.settings import presets
from cds_service.hooks.override_reasons import every_code


def loaded(tmp_path: Path, text: str) -> site.Site:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return site.load(path)


def test_a_client_without_a_table_gets_the_one_for_all_and_without_that_plain_cds_hooks(tmp_path: Path) -> None:
    told = loaded(tmp_path, '[[dialect]]\niss = "https://a.example.org"\nselection = "any"')
    assert told.dialect_of("https://a.example.org").selection == "any"
    assert told.dialect_of("https://b.example.org") is PLAIN
    told = loaded(tmp_path, '[[dialect]]\nactions = "one"\n[[dialect]]\niss = "https://a.example.org"')
    assert told.dialect_of("https://b.example.org").actions == "one"
    assert told.dialect_of("https://a.example.org").actions == "many"


def test_a_table_stands_over_its_preset(tmp_path: Path) -> None:
    told = loaded(tmp_path, '[[dialect]]\nlike = "epic"\nchoices = "all"\nlabels = true').dialect_of("")
    assert (told.selection, told.choices, told.labels, told.codes) == ("any", "all", True, "alphanumeric")


@pytest.mark.parametrize("name", presets())
def test_every_preset_can_be_used_and_says_where_it_is_from(name: str, tmp_path: Path) -> None:
    loaded(tmp_path, f'[[dialect]]\nlike = "{name}"')
    text = (Path(site.__file__).parent / "dialect" / "presets.toml").read_text(encoding="utf-8")
    assert f'[{name}]\nsource = "https://' in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('selectoin = "any"', r"\$\.dialect\[0\]`; selection is meant"),
        ('selection = "at-most-one"', "one of 'both', 'any'"),
        ('types = ["create", "delet"]', "one of 'create', 'update', 'delete'"),
        ('orders."drug/alendronat" = { system = "urn:x", code = "1" }', "drug/alendronate is meant"),
        ('orders."drug/alendronate" = { sistem = "urn:x", code = "1" }', "system is meant"),
        ("[[dialects]]", "dialect is meant"),
        ("detail_max = 1499", "detail_max: at least 1500"),
        ('like = "nobody"', "like: no such preset; there is epic"),
        ('selection = "at-most-one"', "selection"),
        ("detail_max = 100", "detail_max"),
        ("detail_max = -1", "detail_max"),
        ('types = ["create"]', "types"),
        ('links = ["popup"]', "links"),
        ("hyphens = false", "hyphens"),
        ('orders."drug/aspirin" = { system = "urn:x", code = "1" }', "drug/aspirin"),
        ('orders."drug/alendronate" = { code = "1" }', "system"),
        ('[[dialect]]\niss = ""', "two tables"),
    ],
)
def test_what_cannot_be_meant_stops_the_start_with_its_name(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"CDS_SITE: .*{said}"):
        loaded(tmp_path, f"[[dialect]]\n{text}")


def test_one_table_instead_of_a_list_of_them_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"write \[\[dialect\]\]"):
        loaded(tmp_path, '[dialect]\nlike = "epic"')


def test_bare_codes_lead_back_and_are_nobody_elses_k5() -> None:
    cards = {*all_cards(), *retired()}
    assert len({bare(code) for code in cards}) == len(cards)
    assert all(our_card(bare(code)) == code for code in all_cards())
    reasons = [*every_code()]
    assert len({bare(code) for code in reasons}) == len(reasons)
    assert all(our_reason(bare(code)) == our_reason(code) == code for code in reasons)
    assert our_reason("45") == "45"


def test_a_table_for_a_client_that_nobody_is_is_named_with_what_may_be_meant() -> None:
    """It would never count, and nobody would know."""
    known = "https://ehr.example.org"
    some = site.Site(
        dialect=(Dialect(), Dialect(iss=known), Dialect(iss=f"{known}/")),
        prefetch=(site.Prefetch({}), site.Prefetch({}, iss=known), site.Prefetch({}, iss="urn:other")),
    )
    assert [*site.unmatched(some, {known})] == [("dialect", f"{known}/; {known} is meant?"), ("prefetch", "urn:other")]
    assert [*site.unmatched(site.Site(dialect=(Dialect(iss=known),)), ())] == [("dialect", known)]


def test_it_is_said_at_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[[dialect]]\niss = "https://ehr.example.org/fhir"\n', "utf-8")
    create_app(Settings.model_validate({"CDS_SITE": path, "CDS_DATABASE_URL": f"sqlite:///{tmp_path}/s.db"}))
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "not in CDS_CLIENTS" in line]
    assert (orjson.loads(told)["table"], orjson.loads(told)["iss"]) == ("dialect", "https://ehr.example.org/fhir")
