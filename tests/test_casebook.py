"""A new card's folder, made like that of another."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from cards.chart import Hook
from cards.engine.card import FILES
from cards.engine.catalog import all_cards
from cards.thresholds import ContentError
from cds_service.casebook.complete import lacking
from cds_service.casebook.scaffold import create


@pytest.mark.parametrize("like", sorted(all_cards()))
def test_a_copied_card_says_the_same_of_itself_and_of_nothing_else(like: str, tmp_path: Path) -> None:
    """Codes such as `pregnancy` are also words of the record: those stay."""
    folder = create("brand-new-card", like, root=tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
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
