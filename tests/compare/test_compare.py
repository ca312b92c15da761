"""A seeded break is found at once, with what explains it; a sheet to sign; two site files, another release."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.compare.changes import changes, differences, table
from cds_service.compare.sheet import HEAD, sample, write
from cds_service.compare.sides import Side, comparable
from tests.compare.conftest import FROM, MOVED, TO
from tests.population.conftest import TODAY, patient, written


def test_nothing_differs_from_itself(sides: dict[str, Side]) -> None:
    assert table(changes(sides["shipped"], sides["shipped"])) == {}
    assert not [*comparable(sides["shipped"], sides["code lost"])]


def test_a_moved_limit_is_found_and_named(sides: dict[str, Side]) -> None:
    one, other = sides["shipped"], sides["limit moved"]
    assert differences(one, other).numbers == {MOVED: (FROM, TO)}
    found = [*changes(one, other)]
    gone = [each for each in found if each.kind == "gone" and each.card == "start-treatment"]
    assert len(gone) > 5
    assert all(any(MOVED in why for why in each.why) for each in found)


def test_a_lost_code_is_found_and_explained_by_the_reading(sides: dict[str, Side]) -> None:
    found = [*changes(sides["shipped"], sides["code lost"])]
    assert len(found) > 5
    assert all(any(why.startswith("read otherwise: ") for why in each.why) for each in found)


def test_the_sheet_holds_what_fired_and_what_did_not(sides: dict[str, Side], tmp_path: Path) -> None:
    some = sample(changes(sides["shipped"], sides["limit moved"], alike=True), 3)
    kinds = {each.kind for each in some if each.card == "start-treatment"}
    assert {"gone", "not-fired"} <= kinds
    assert max(Counter((each.card, each.kind) for each in some).values()) == 3
    assert some == sample(changes(sides["shipped"], sides["limit moved"], alike=True), 3)
    write(tmp_path, some, "en")
    with (tmp_path / "sign-off.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert tuple(rows[0]) == HEAD
    assert len(rows) == len(some)
    assert all(row["reviewer 1"] == "" for row in rows)
    assert (tmp_path / "sign-off.xlsx").read_bytes().startswith(b"PK")


def export(tmp_path: Path) -> Path:
    low = ("problem osteoporosis since 2020-01-01", "T-score total-hip -3.1 on 2026-01-01")
    return written(tmp_path / "export", [*patient("a", "female 72", *low), *patient("b", "male 40")])


def test_two_site_files_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.toml"
    site.write_text('cards_off = ["start-treatment"]\n', "utf-8")
    arguments = ["compare", "shipped", str(site), str(export(tmp_path)), "--out", str(tmp_path / "out"), "--complete"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--today", TODAY.isoformat(), "--processes", "0"])
    assert ended.value.code == 1
    assert "gone" in capsys.readouterr().out
    assert "switched off in B" in (tmp_path / "out" / "sign-off.csv").read_text("utf-8-sig")
    again = ["compare", str(tmp_path / "out" / "a"), str(tmp_path / "out" / "a"), "--out", str(tmp_path / "same")]
    main(again)
    assert "0 differences" in capsys.readouterr().out


def test_another_release_judges_in_a_process_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = Path(__file__).parents[2]
    source = export(tmp_path)
    with_it = ["compare", "shipped", str(tree), str(source), "--out", str(tmp_path / "out"), "--complete", "--processes", "0"]
    main([*with_it, "--today", TODAY.isoformat()])
    assert "0 differences in 2 patients" in capsys.readouterr().out


def test_what_is_neither_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "shipped", "nowhere", str(export(tmp_path)), "--out", str(tmp_path / "out"), "--processes", "0"])
    assert "neither a finished run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "text", "said"),
    [
        ("shipped", "b.toml", None, r"b\.toml: must name a readable TOML file"),
        ("shipped", "b.toml", 'cards_off = ["nowhere"]', r"b\.toml: cards_off: no such cards: nowhere"),
        ("b.toml", "shipped", "[", r"b\.toml: must name a readable TOML file"),
        ("shipped", "b.whl", "no wheel", r"b\.whl: is no wheel"),
    ],
)
def test_both_sides_are_looked_at_before_anybody_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, text: str | None, said: str
) -> None:
    """A run takes hours; what is wrong with the other side is said before it."""
    if text is not None:
        (tmp_path / (before if "." in before else after)).write_text(text, "utf-8")
    names = [str(tmp_path / each) if "." in each else each for each in (before, after)]
    with pytest.raises(SystemExit):
        main(["compare", *names, str(export(tmp_path)), "--out", str(tmp_path / "out"), "--processes", "1"])
    told = capsys.readouterr().err
    assert re.fullmatch(rf"osteoporosis-cds: \S*{said}.*\n", told), told
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_none_is_told_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source in ([], [str(tmp_path / "gone")]):
        with pytest.raises(SystemExit):
            main(["compare", "shipped", "shipped", *source, "--out", str(tmp_path / "out")])
    told = capsys.readouterr().err.splitlines()
    assert [("SOURCE is needed" in told[0]), ("holds no file of FHIR" in told[1]), len(told)] == [True, True, 2]
