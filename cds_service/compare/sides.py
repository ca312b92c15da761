"""A side of a comparison: a population run. Where it is not there yet, it is made."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct, json

from cds_service import site
from cds_service.config import ConfigError, Settings
from cds_service.population.folder import PARTS
from cds_service.population.run import Options, readable, run
from cds_service.population.tables import SUMMARY


class Row(Struct, frozen=True):
    """One card of one patient, as far as every release has written it."""

    card: str
    indicator: str = ""
    variant: str = ""
    contains: tuple[str, ...] = ()
    shown: bool = True
    evidence: tuple[str, ...] = ()
    evidence_dates: tuple[str, ...] = ()
    due: date | None = None
    recommended: tuple[str, ...] = ()
    doubt: tuple[str, ...] = ()


class Person(Struct, frozen=True):
    """One patient of a side. ``why``: why there is no answer; ``counts``: of the reading."""

    patient: str
    why: str = ""
    rows: tuple[Row, ...] = ()
    counts: dict[str, int] = {}

    @property
    def cards(self) -> dict[str, Row]:
        """Every card, also those that another one speaks for, by code."""
        return {code: row for row in reversed(self.rows) for code in (*row.contains, row.card)}


class Side(Struct, frozen=True):
    """``name``: what the user called it; ``summary``: of its run."""

    name: str
    folder: Path
    summary: dict[str, Any]

    def people(self) -> Iterator[Person]:
        decode = json.Decoder(Person).decode
        for path in sorted((self.folder / PARTS).glob("*.jsonl")):
            with path.open("rb") as file:
                yield from map(decode, file)


Progress = Callable[[str], None]
SHIPPED = "shipped"
RUN, SITE, RELEASE = "run", "site", "release"


def side(
    name: str,
    source: Path | None,
    out: Path,
    settings: Settings,
    today: date,
    processes: int,
    *,
    complete: bool,
    tell: Progress,
) -> Side:
    """A folder with a finished run is taken as it is; a site file (.toml), "shipped" (no site file), a checkout or a wheel of
    another release judge ``source``, each in a folder of its own. ConfigError where that cannot be done."""
    path, kind = Path(name), usable(name, source)
    if kind == RUN or source is None:
        return Side(name, path, _summary(path))
    tell(f"Judging everybody by {name} ...")
    if kind == SITE:
        own = settings.model_copy(update={"site": None if name == SHIPPED else path})
        options = Options(today=today, processes=processes, complete=complete, records=False, fresh=True)
        run(source, out, own, options)
    else:
        _other_release(path, source, out, today, processes, complete=complete)
    return Side(name, out, _summary(out))


def usable(name: str, source: Path | None) -> str:
    """What a side is, as far as that can be told without judging anybody: a run takes hours. ConfigError."""
    path, kind = Path(name), kind_of(name)
    if kind == RUN:
        _summary(path)
        return kind
    if source is None:
        raise ConfigError(f"{name}: is no finished run, so that SOURCE is needed: whom to judge")
    readable(source)
    if kind == SITE and name != SHIPPED:
        try:
            site.load(path)
        except ConfigError as error:
            raise ConfigError(f"{name}: {str(error).removeprefix('CDS_SITE: ')}") from None
    if path.suffix == ".whl" and not zipfile.is_zipfile(path):
        raise ConfigError(f"{path}: is no wheel that can be read")
    return kind


def kind_of(name: str) -> str:
    """What a side is. ConfigError for none of them."""
    path = Path(name)
    if (path / SUMMARY).is_file():
        return RUN
    if name == SHIPPED or path.suffix == ".toml":
        return SITE
    if path.suffix == ".whl" or (path / "cds_service").is_dir():
        return RELEASE
    raise ConfigError(f"{name}: neither a finished run, a site file (.toml), a checkout, a wheel nor '{SHIPPED}'")


def _summary(folder: Path) -> dict[str, Any]:
    try:
        told = orjson.loads((folder / SUMMARY).read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"{folder}: its run has not been finished") from None
    return dict(told)


def _other_release(path: Path, source: Path, out: Path, today: date, processes: int, *, complete: bool) -> None:
    """Another release in a process of its own, with the libraries that are installed here."""
    tree = path
    if path.suffix == ".whl":
        tree = out.with_name(f"{out.name}-release")
        try:
            with zipfile.ZipFile(path) as packed:
                packed.extractall(tree)
        except (OSError, zipfile.BadZipFile):
            raise ConfigError(f"{path}: is no wheel that can be read") from None
    command = [sys.executable, "-c", "from cds_service.cli import main; main()", "population", str(source.resolve())]
    command += [
        "--out",
        str(out.resolve()),
        "--today",
        today.isoformat(),
        "--processes",
        str(max(processes, 1)),
        "--no-records",
        "--fresh",
    ]
    command += ["--complete"] if complete else []
    environment = os.environ | {"PYTHONPATH": str(tree.resolve())}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"{path}: its run failed: {done.stderr.strip().splitlines()[-1:] or 'no word'}")


def comparable(one: Side, other: Side) -> Iterator[str]:
    """Why a difference may come from something else than the content: told to the user."""
    for key, what in (("today", "another day"), ("patients", "another number of patients"), ("resources", "other resources")):
        if one.summary.get(key) != other.summary.get(key):
            yield f"{what}: {_short(one.summary.get(key))} and {_short(other.summary.get(key))}"


def _short(told: Any) -> str:
    return f"{sum(told.values()):,}" if isinstance(told, dict) else str(told)
