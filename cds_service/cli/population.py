"""``population`` and ``population-sample``: the rules over everybody, and an invented population to try it with."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cds_service.config import ConfigError, Settings

if TYPE_CHECKING:
    from cds_service.population.answered import Asked
    from cds_service.population.bulk import Server
    from cds_service.population.pool import Advance

_NOBODY = ": another client, tenant, database or hash key?"
ENGINES = ("pool", "duckdb", "spark")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser(
        "population",
        help="judge everybody in an export: findings, worklist, summary",
        description="Judge every patient of a FHIR Bulk Data export (NDJSON, plain or gzip) or of a folder of Bundles by the "
        "rules of patient-view. An interrupted run goes on where it stopped. DIR names patients: only its owner may read it.",
    )
    shown.add_argument("source", metavar="SOURCE", help="folder of NDJSON files or Bundles, or the URL of a Bulk Data server")
    shown.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for everything that the run makes")
    shown.add_argument("--engine", choices=ENGINES, default="pool", help="default: a pool of processes on this machine")
    shown.add_argument("--processes", type=_positive, metavar="N", help="default: number of cores")
    shown.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="judge as of this day")
    shown.add_argument("--lang", choices=("en", "zh"), help="language of the worklist (default: CDS_LANGUAGE)")
    shown.add_argument(
        "--complete", action="store_true", help="types of which there is no file do not exist (default: they are unknown)"
    )
    shown.add_argument("--fresh", action="store_true", help="begin anew, whatever stands in DIR")
    shown.add_argument(
        "--no-records", action="store_true", help="do not keep the records, which /worklist shows a patient from"
    )
    shown.add_argument(
        "--answers-of",
        metavar="ISS",
        help="the client (iss in CDS_CLIENTS) whose users' answers to cards, in CDS_DATABASE_URL, count in the key figures",
    )
    shown.add_argument("--tenant", default="", metavar="T", help="its tenant, where it has several")
    server = shown.add_argument_group("where SOURCE is the URL of a Bulk Data server (or of its Group/ID)")
    server.add_argument("--client-id", default="", metavar="ID", help="our id there, for backend services authorization")
    server.add_argument("--key", type=Path, metavar="FILE", help="our private key (PEM), as client-keys makes it")
    server.add_argument("--token-url", default="", metavar="URL", help="default: from the server's smart-configuration")
    shown.set_defaults(command=population)

    made = commands.add_parser("population-sample", help="write an invented population as a Bulk Data export")
    made.add_argument("folder", metavar="DIR", type=Path)
    made.add_argument("--patients", type=_positive, default=1_000, metavar="N", help="default: 1000")
    made.add_argument("--resources", type=_positive, default=100, metavar="N", help="of each patient (default: 100)")
    made.add_argument("--seed", type=int, default=1, metavar="N", help="the same number gives the same population (default: 1)")
    made.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="the day on which it is as it is")
    made.set_defaults(command=sample)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: not a whole number from 1 on")
    return int(text)


def population(chosen: argparse.Namespace, settings: Settings) -> None:
    with _answers(chosen, settings) as answers:
        _run(chosen, settings, answers)


@contextmanager
def _answers(chosen: argparse.Namespace, settings: Settings) -> Iterator[Asked | None]:
    if chosen.answers_of is None:
        yield None
        return
    from cds_service.cli.store import opened_store
    from cds_service.population.answered import Asked

    with opened_store(settings) as store:
        yield Asked(store, chosen.answers_of, chosen.tenant)


def _run(chosen: argparse.Namespace, settings: Settings, answers: Asked | None) -> None:
    from cds_service.population.run import Options, run, run_server

    options = Options(
        today=chosen.today,
        engine=chosen.engine,
        processes=chosen.processes or settings.workers,
        complete=chosen.complete,
        fresh=chosen.fresh,
        records=not chosen.no_records,
        language=chosen.lang or settings.language,
        answers=answers,
    )
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        with _progress() as advance:
            if chosen.source.startswith(("http://", "https://")):
                told = run_server(_server(chosen), chosen.out, settings, options, advance)
            else:
                told = run(Path(chosen.source), chosen.out, settings, options, advance)
    except KeyboardInterrupt:
        raise ConfigError("interrupted; what is done is kept: run again to go on") from None
    finally:
        signal.signal(signal.SIGTERM, before)
    _print(told, chosen.out)


def _interrupted(*_: object) -> None:
    """To be told to end is to be interrupted: what is begun is put away."""
    raise KeyboardInterrupt


def _server(chosen: argparse.Namespace) -> Server:
    from cds_service.population.bulk import Server
    from cds_service.population.tokens import Access

    if bool(chosen.client_id) != bool(chosen.key):
        raise ConfigError("--client-id and --key: one needs the other")
    return Server(chosen.source, Access(chosen.client_id, chosen.key, chosen.token_url))


def sample(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.population.made import make

    try:
        make(chosen.folder, chosen.patients, chosen.resources, chosen.seed, chosen.today or settings.today())
    except OSError as error:
        raise ConfigError(f"{chosen.folder}: {error.strerror or 'cannot be written'}") from None
    print(f"{chosen.patients:,} patients in {chosen.folder}; not one of them exists")


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar on a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as shown:
        tasks: dict[str, Any] = {}

        def advance(what: str, number: int, total: int | None = None) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], advance=number, total=total)  # None leaves it as it is

        yield advance


def _print(told: dict[str, Any], out: Path) -> None:
    """What was found, in numbers that name nobody."""
    run, missing = told["run"], told["not_exported"]
    print(f"{told['patients']:,} patients, {told['answered']:,} with an answer, in {run['seconds']:.0f} s{_again(run)}")
    for name, number in told["patients_by_gap"].items():
        print(f"  {number:>9,}  {name}")
    if told["problems"]:
        print(f"Not used: {', '.join(f'{number:,} {why}' for why, number in told['problems'].items())}: {out / 'problems.csv'}")
    if missing:
        print(f"Not exported, and so unknown: {', '.join(missing)} (--complete: there are none)")
    if run["answers"] is not None:
        joined = told["reading"].get("answers-to-cards", 0)
        print(f"Cards on record: {run['answers']:,}, of these patients {joined:,}{'' if joined else _NOBODY}")
    print(f"Key figures: osteoporosis-cds figures {out}, by month and site {out / 'figures.csv'}")
    print(f"Written to {out}, which names patients")


def _again(run: dict[str, Any]) -> str:
    return {"resumed": " (an earlier run went on)", "replaced": " (an earlier run was of another source, day or content)"}.get(
        run["earlier"], ""
    )
