"""Whom the gaps concern: every patient in one stratum, and no count of so few that it might name somebody."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from cds_service.config import Settings
from cds_service.population.judge import DECODE
from cds_service.population.run import Options, run
from cds_service.population.strata import told
from tests.population.conftest import TODAY, generated, patient, went, written

TREATED = "problem osteoporosis since 2020-03-01"


@pytest.mark.parametrize(("number", "shown"), [(4, False), (5, True)])
def test_a_count_below_the_least_is_left_out_with_what_it_could_be_reckoned_from(number: int, shown: bool) -> None:
    assert told({"a": number, "b": 20, "c": 30}, 5) == (
        {"a": number, "b": 20, "c": 30} if shown else {"a": None, "b": None, "c": 30}
    )


def test_nobody_can_reckon_a_small_count_from_a_sum_that_is_known() -> None:
    """For all small tables: what is left out fits more than one table, or all of them are of few people."""
    for counts in product(range(1, 9), repeat=3):
        shown = told(dict(zip("abc", counts, strict=True)), 5)
        left = [counts["abc".index(name)] for name, value in shown.items() if value is None]
        assert all(value >= 5 for value in shown.values() if value is not None)
        assert not left or len(left) > 1
        assert not left or sum(left) >= 5 or len(left) == 3


def test_strata_are_of_everybody_and_of_each_gap(folder: Path, out: Path, tmp_path: Path) -> None:
    told = went(generated(folder, 40), out)
    some = [DECODE.decode(line) for part in (out / "parts").iterdir() for line in part.read_bytes().splitlines()]
    site = tmp_path / "site.toml"
    site.write_text("[figures]\nleast_cell = 1\n", encoding="utf-8")
    everything = run(folder, tmp_path / "all", Settings(site=site), Options(today=TODAY, processes=0, complete=True))
    by_gap = everything["strata"]["patients"]
    assert by_gap["answered"]["age"] == Counter(each.stratum.age for each in some if each.stratum)
    assert {key: sum(axes["sex"].values()) for key, axes in by_gap.items() if key != "answered"} == told["patients_by_gap"]
    for key, axes in by_gap.items():
        for axis, counts in axes.items():
            assert sum(counts.values()) == (told["patients_by_gap"] | {"answered": 40})[key]
            for value, number in told["strata"]["patients"][key][axis].items():
                assert number in (None, counts[value])
                assert number is None or number >= told["strata"]["least_cell"] == 5
    assert "null" in json.dumps(told["strata"])


def test_each_is_counted_by_age_sex_and_the_fracture_that_weighs_most(folder: Path, out: Path) -> None:
    written(
        folder,
        [
            *patient("a", "female 72", TREATED, "fracture hip on 2024-01-05", "fracture distal-forearm on 2026-02-01"),
            *patient("b", "male 60", "fracture distal-forearm on 2026-02-01"),
            *patient("c", "female 80"),
        ],
    )
    went(folder, out)
    some = [DECODE.decode(line) for part in (out / "parts").iterdir() for line in part.read_bytes().splitlines()]
    found = {each.patient: (each.stratum.age, each.stratum.sex, each.stratum.fracture) for each in some if each.stratum}
    assert found == {"a": ("70-79", "female", "hip"), "b": ("60-69", "male", "other"), "c": ("80+", "female", "none")}
