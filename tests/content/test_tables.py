"""The decision tables show what the rules do: each border of a window, each rung of the ladder."""

from __future__ import annotations

import pytest

from cards.definitions import glucocorticoid_bands as bands
from cards.definitions.hormone_blockers import RANKING
from cards.engine.ladder import LADDER
from cards.thresholds import shipped
from cds_service.casebook import windows
from cds_service.casebook.windows import SCENARIOS, Scenario

KEPT = windows.kept()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.key)
def test_every_border_is_where_the_rules_have_it(scenario: Scenario) -> None:
    mine = [each for each in KEPT if each.scenario == scenario.key]
    assert [each.first for each in mine] == [1, *(each.last + 1 for each in mine if each.last)]
    assert mine[-1].last is None
    for each in mine:
        assert windows.look(scenario, each.first) == each.seen, each
        if each.last:
            assert windows.look(scenario, each.last) == each.seen, each


def test_every_scenario_is_kept_and_no_other() -> None:
    assert {each.scenario for each in KEPT} == {each.key for each in SCENARIOS}


def test_every_ranking_beside_a_drug_that_harms_bone_is_a_rung() -> None:
    shown = {rung.drugs for rung in LADDER}
    assert {
        *RANKING.values(),
        bands.BUILDING,
        bands.BY_FRAX,
        bands.BY_DOSE,
        bands.HIGH,
        bands.MODERATE,
        bands.BEFORE_MENOPAUSE,
    } <= shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rung_is_in_words_with_its_numbers(language: str) -> None:
    told = [shipped().filled(name[language]) for rung in LADDER for name in (rung.when, rung.means) if name is not None]
    assert len(set(told)) == len(told)
    assert [each for each in told if "{" in each] == []


@pytest.mark.parametrize(
    ("language", "names"), [("en", ("very high", "high band", "moderate band")), ("zh", ("极高风险", "，高风险", "中度风险"))]
)
def test_each_band_that_a_rung_names_is_defined_on_the_same_page(language: str, names: tuple[str, ...]) -> None:
    for name in names:
        assert any(name in rung.when[language] and rung.means is not None for rung in LADDER), name
