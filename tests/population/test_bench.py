"""The bench of populations keeps what it has measured, and tells it as it is."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench import population as bench
from bench.population import BEGIN, END, Planned, Run, told_of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bench, "KEPT", tmp_path / "kept.jsonl")
    monkeypatch.setattr(bench, "DOCUMENT", tmp_path / "population.md")
    monkeypatch.setattr(bench, "_engines", lambda: ["pool", "duckdb"])
    monkeypatch.setattr(sys, "argv", ["bench"])
    (tmp_path / "population.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    return tmp_path


def measured(planned: Planned, judging: float = 20, made: str = "x", why: str = "") -> Run:
    return Run(*planned, 30, judging, 3, 1, 200, 2.0, made, why)


def test_an_interrupted_bench_tells_what_it_has_and_goes_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def stops(planned: Planned, folder: Path) -> Run:
        asked.append((planned[1], planned[2]))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return measured(planned)

    monkeypatch.setattr(bench, "_run", stops)
    bench.main()
    text = (place / "population.md").read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "**Not complete**: 2 of 5 runs" in text
    bench.main()
    assert asked == [("pool", 100), ("duckdb", 100), ("pool", 50), ("pool", 50), ("pool", 200), ("pool", 1_000)]
    text = (place / "population.md").read_text(encoding="utf-8")
    assert ("Not complete" in text, text.count("| pool |"), "met (500)" in text) == (False, 4, True)


def test_an_engine_that_fails_costs_no_other_run_and_is_tried_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(planned: Planned, folder: Path) -> Run:
        return measured(planned, why="ended with 2" if planned[1] == "duckdb" else "")

    monkeypatch.setattr(bench, "_run", fails)
    bench.main()
    text = (place / "population.md").read_text(encoding="utf-8")
    assert "| duckdb | 100 | 10,000 | ended with 2 |" in text
    assert "**Not complete**: 4 of 5 runs" in text
    monkeypatch.setattr(bench, "_run", lambda planned, folder: measured(planned))
    bench.main()
    assert "Not complete" not in (place / "population.md").read_text(encoding="utf-8")


def test_runs_of_other_code_do_not_count(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(bench, "_run", lambda planned, folder: asked.append(planned) or measured(planned))  # type: ignore[func-returns-value]
    for code in ("one", "two", "two"):
        monkeypatch.setattr(bench, "_code", lambda code=code: code)
        bench.main()
    assert [each[0] for each in asked] == ["one"] * 5 + ["two"] * 5


def test_what_differs_and_what_misses_the_aim_is_said() -> None:
    pool, duck = measured(("c", "pool", 100, 10_000), judging=50), measured(("c", "duckdb", 100, 10_000), made="y")
    text = told_of([pool, duck], 2)
    assert "pool, duckdb: **DIFFERENT**" in text
    assert "**not met** (200)" in text


def test_of_spark_only_its_time_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its processor time is not ours to see: a speed made of it would be invented, on the terminal as in the table."""
    monkeypatch.setattr(bench, "_engines", lambda: ["pool", "spark"])
    monkeypatch.setattr(bench, "_run", lambda planned, folder: measured(planned, 0.4 if planned[1] == "spark" else 20))
    bench.main()
    lines = capsys.readouterr().out.splitlines()
    after = dict(pairwise(lines))
    assert after["1 of 5: pool, 10,000 patients of 100 resources"] == "  30 s, 500 patients a second and core"
    assert after["2 of 5: spark, 10,000 patients of 100 resources"] == "  30 s"
    assert "| spark | 100 | 10,000 | 30 s | 2.0 |  |  |  |" in lines


def test_a_run_is_measured(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the command would leave."""

    def ran(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        out = Path(command[command.index("--out") + 1])
        out.mkdir()
        told = (
            '{"run":{"cpu_seconds":{"judging":2.0,"grouping":1.0},"peak_megabytes":{"largest_process":9}},"resources":{"A":2}}'
        )
        (out / "summary.json").write_text(told, encoding="utf-8")
        (out / "worklist.csv").write_text("x", encoding="utf-8")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", ran)
    folder = tmp_path / "work"
    folder.mkdir()
    run = bench._run(("c", "pool", 5, 4), folder)
    assert (run.patients, run.speed, run.megabytes, run.why) == (4, 2.0, 9, "")
    assert [each.name for each in folder.iterdir()] == ["export-5"]
