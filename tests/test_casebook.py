"""A new card's folder, made like that of another."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

import fhir_fixtures
from cards.chart import Hook
from cards.engine import catalog
from cards.engine.card import FILES
from cards.engine.catalog import Retired, all_cards
from cards.thresholds import ContentError, shipped
from cards.words.templates import environment, load
from cds_service.casebook import runs, scaffold, translated
from cds_service.casebook.complete import lacking, unopened
from cds_service.casebook.samples import unsayable
from cds_service.casebook.scaffold import create
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import parse
from tests import storied


@pytest.mark.parametrize("like", sorted(all_cards()))
def test_a_copied_card_says_the_same_of_itself_and_of_nothing_else(like: str, tmp_path: Path) -> None:
    """Codes such as `pregnancy` are also words of the record: those stay."""
    folder = create("brand-new-card", like, root=tmp_path)
    assert sorted(path.name for path in folder.iterdir() if path.name != translated.FILE) == sorted(FILES)
    ours, theirs = (
        (each / "cases.yaml").read_text(encoding="utf-8").split("\n") for each in (folder, all_cards()[like].folder)
    )
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == [
        ("card: brand-new-card", f"card: {like}")
    ]
    declared = tomllib.loads((folder / "card.toml").read_text(encoding="utf-8"))
    assert all(key.startswith("brand-new-card-") for key in declared.get("numbers", {}))
    assert "recommendations" not in declared


@pytest.mark.parametrize(
    ("code", "like", "section"),
    [("new", "referral", ""), ("low-bone-mass", "referral", ""), ("new-card", "no-card", ""), ("new-card", "referral", "none")],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(code: str, like: str, section: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError):
        create(code, like, section, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_code_of_a_card_that_is_no_more_is_not_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"old-card": Retired("2026.11", "referral"), "low-bone-mass": Retired("2026.11")}
    monkeypatch.setattr(scaffold, "retired", lambda: gone)
    monkeypatch.setattr(catalog, "retired", lambda: gone)
    with pytest.raises(ContentError, match=r"^old-card was a card until"):
        scaffold.create("old-card", "referral", root=tmp_path)
    with pytest.raises(ContentError, match=r"^catalog/retired.toml: low-bone-mass was retired"):
        catalog.all_cards.__wrapped__()


CASES = """
card: low-bone-mass
today: 2026-06-15
patient: female 68
cases:
  - name: One
    record: [problem osteopenia]
    expect: info
"""


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("expect: info", "expect: info\n  - {name: Two, expect: none}", []),
        ("One", "One", ["no case expects none: when is the card silent?"]),
        ("expect: info", "expect: none", ["no case expects the card on patient-view"]),
        (
            "expect: info",
            "hook: order-sign\n    expect: info\n  - {name: Two, expect: none}",
            ["no case expects the card on patient-view", "a case expects the card on order-sign, which card.toml lacks"],
        ),
        ("expect: info", "expect: info\n  - {name: One, expect: none}", ["2 cases are called 'One'"]),
        ("expect: info", "expect: info\n  - {name: Two, expect: none, card: referral}", ["these are cases of referral"]),
    ],
)
def test_what_the_cases_of_a_card_leave_out_is_said(written: str, instead: str, said: list[str], tmp_path: Path) -> None:
    card = replace(all_cards()["low-bone-mass"], folder=tmp_path, hooks=frozenset({Hook.PATIENT_VIEW}))
    (tmp_path / "cases.yaml").write_text(CASES.replace(written, instead), encoding="utf-8")
    assert list(lacking(card)) == [f"cases.yaml: {each}" for each in said]


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_a_case_serves_as_the_story_of_a_card_that_has_none(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [story for story in fhir_fixtures.stories() if code not in story.cards]
    monkeypatch.setattr(storied, "stories", lambda: others)
    fixture = next(each for each in storied.untold() if each.name == code)
    evaluator, _ = runs.served()
    call = parse(json.dumps(fixture.request()).encode(), fixture.hook)
    given = evaluator.evaluate(call, "en", fixture.as_of).response["cards"]
    assert (code, fixture.cards[code]) in [each for card in given for each in spoken_for(card)]


def test_a_number_whose_link_opens_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    table = shipped().table
    own = next(key for key, each in table.items() if each.card == "calcitonin-cancer")
    monkeypatch.setitem(table, own, replace(table[own], link="specification.md#no-such-heading"))
    said = f"card.toml: number {own}: the link specification.md#no-such-heading opens nothing"
    assert list(unopened(all_cards()["calcitonin-cancer"])) == [said]


def test_a_text_that_cannot_be_put_into_words_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    card = all_cards()["calcitonin-cancer"]
    assert list(unsayable(card)) == []
    written = (card.folder / "zh.md").read_text(encoding="utf-8")
    empty = written.replace("{% block short %}", "{% block short %}{{ [] | names }}")
    monkeypatch.setitem(load(), ("zh", card.code), environment("zh").from_string(empty))
    [said] = unsayable(card)
    assert said.startswith(f"catalog/{card.section}/{card.code}/zh.md, block short: a filter cannot use its value (ValueError)")


def test_a_card_that_a_story_gives_needs_no_case_for_one() -> None:
    told = {code for story in fhir_fixtures.stories() for code in story.cards}
    assert [fixture.name for fixture in storied.untold() if fixture.name in told] == []
