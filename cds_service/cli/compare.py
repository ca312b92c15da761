"""``compare``: two contents or two site files over the same people."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from cds_service.config import ConfigError, Settings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser(
        "compare",
        help="tell who gets another card after a change, and why",
        description="Judge everybody in SOURCE twice and tell what differs. A and B: 'shipped' (this content without a site "
        "file), a site file (.toml), a checkout or a wheel of another release, or the folder of a finished population run "
        "(then without SOURCE). Exits with 1 where something differs. DIR names patients: only its owner may read it.",
    )
    shown.add_argument("before", metavar="A", help="what was")
    shown.add_argument("after", metavar="B", help="what is to be")
    shown.add_argument("source", metavar="SOURCE", type=Path, nargs="?", help="folder of NDJSON files or Bundles")
    shown.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the sign-off sheet and the runs")
    shown.add_argument("--sample", type=int, default=5, metavar="N", help="of each card and kind of change (default: 5)")
    shown.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="judge as of this day")
    shown.add_argument("--processes", type=int, metavar="N", help="default: number of cores; 0: none but this one")
    shown.add_argument("--complete", action="store_true", help="types of which there is no file do not exist")
    shown.add_argument("--lang", choices=("en", "zh"), help="language of the titles (default: CDS_LANGUAGE)")
    shown.set_defaults(command=compare)


def compare(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.compare import sheet
    from cds_service.compare.changes import changes, differences, table
    from cds_service.compare.sides import comparable, side, usable
    from cds_service.population.private import Occupied, kept_private

    for name in (chosen.before, chosen.after):
        usable(name, chosen.source)
    today = chosen.today or settings.today()
    processes = settings.workers if chosen.processes is None else chosen.processes

    def tell(what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    try:
        with kept_private(chosen.out):
            one, other = (
                side(name, chosen.source, chosen.out / letter, settings, today, processes, complete=chosen.complete, tell=tell)
                for name, letter in ((chosen.before, "a"), (chosen.after, "b"))
            )
            sheet.write(
                chosen.out, sheet.sample(changes(one, other, alike=True), chosen.sample), chosen.lang or settings.language
            )
    except Occupied as error:
        raise ConfigError(str(error)) from None
    for why in comparable(one, other):
        print(f"Not the same people or day, {why}")
    found = differences(one, other)
    for key, (a, b) in found.numbers.items():
        print(f"Number {key}: {a} -> {b}")
    counted = table(changes(one, other))
    print(f"{sum(kinds.total() for kinds in counted.values()):,} differences in {one.summary['patients']:,} patients")
    for code, kinds in sorted(counted.items(), key=lambda each: (-each[1].total(), each[0])):
        print(f"  {kinds['new']:>7,} new {kinds['gone']:>7,} gone {kinds['changed']:>7,} changed  {code}")
    print(f"To sign: {chosen.out / sheet.CSV}")
    if counted:
        raise SystemExit(1)
