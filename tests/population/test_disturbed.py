"""A run that is really killed, or whose disk really is full: the next one goes on, and gives what an undisturbed one gives."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import pytest

from cds_service.config import ConfigError
from cds_service.population import pool, private, shuffle, tables
from tests.population.conftest import generated, went

SPAWN = multiprocessing.get_context("spawn")
APART = {"summary.json", "worklist.xlsx", "worklist.sqlite"}
"""Hold when or how the run was done; the workbook is checked by its text in CSV."""


def made(out: Path) -> dict[str, bytes]:
    """Everything that names a patient or counts one, but for ``APART``."""
    files = {str(path.relative_to(out)): path for path in sorted(out.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if path.name not in APART}


def summary(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "run"}


# -- killed -------------------------------------------------------------------------------------------------------------

WRITES: dict[str, tuple[Any, str]] = {
    "reading": (shuffle, ".dat"),
    "judging": (pool, ".jsonl"),
    "writing the tables": (tables, "problems.csv"),
}


def _killed(folder: Path, out: Path, step: str) -> None:
    """A run whose process is killed while it writes the third file of a step (or the only one), before that counts."""
    module, ending = WRITES[step]
    left = 3 if ending == ".jsonl" else 1

    @contextmanager
    def written(path: Path) -> Iterator[IO[bytes]]:
        nonlocal left
        with private.written(path) as file:
            yield file
            left -= path.name.endswith(ending)
            if not left:
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)

    module.written = written
    went(folder, out)


@pytest.mark.parametrize("step", WRITES)
def test_a_run_that_is_killed_goes_on_and_nobody_is_lost_or_counted_twice(
    folder: Path, out: Path, tmp_path: Path, step: str
) -> None:
    whole = went(generated(folder), tmp_path / "whole")
    process = SPAWN.Process(target=_killed, args=(folder, out, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [*out.rglob(".*.unfinished")], "it was killed while it wrote"
    kept = {path: path.stat().st_mtime_ns for path in (out / "parts").glob("*.jsonl")}
    assert len(kept) == {"reading": 0, "judging": 2}.get(step, 16)
    told = went(folder, out)
    assert told["run"]["earlier"] == "resumed"
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "what was judged is not judged again"
    assert summary(told) == summary(whole)
    assert made(out) == made(tmp_path / "whole")


# -- full ---------------------------------------------------------------------------------------------------------------


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes: the write itself fails, whoever writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


TABLED = (
    (tables, "_tables", 100),
    (tables.figures, "write", 100),
    (tables.groups, "write_groups", 100),
    (tables, "write_csv", 100),
    *((tables, "write_xlsx", size) for size in (0, 2_000, 5_000)),  # its scratch files, its own file
    (tables, "summarize", 100),
)
STEPS = {
    "pool": ((pool, "group_one", 1_000), (pool, "judge_one", 1_000), *TABLED),
    "duckdb": (("duck", "_group_one", 1_000), ("duck", "_sort", 1_000), ("duck", "_judge_one", 1_000), *TABLED),
}


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", STEPS)
def test_wherever_the_disk_is_full_it_is_said_in_one_sentence_and_the_run_goes_on_when_there_is_room(
    folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], engine: str
) -> None:
    for module in ("xlsxwriter", *(("duckdb", "pyarrow") if engine == "duckdb" else ())):
        pytest.importorskip(module)
    whole = went(generated(folder), tmp_path / "whole", engine=engine)
    for module, name, size in STEPS[engine]:
        module = import_module("cds_service.population.duck") if module == "duck" else module
        with monkeypatch.context() as patch:
            patch.setattr(module, name, _with_room(getattr(module, name), size))
            with pytest.raises(
                ConfigError, match=r"\A[^\n]+: (File too large|DuckDB: \w+); what is done is kept: run again to go on\Z"
            ):
                went(folder, out, engine=engine)
        gc.collect()  # what prints as it is thrown away
        assert capfd.readouterr().err == "", name
        assert not [*out.rglob(".*")], "nothing half written stays"
    told = went(folder, out, engine=engine)
    assert told["run"]["earlier"] == "resumed"
    assert summary(told) == summary(whole)
    assert made(out) == made(tmp_path / "whole")


def _with_room(step: Callable[..., Any], size: int) -> Callable[..., Any]:
    def limited(*args: Any) -> Any:
        with at_most(size):
            return step(*args)

    return limited
