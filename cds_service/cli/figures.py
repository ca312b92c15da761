"""``figures``: the key figures of a finished population run."""

from __future__ import annotations

import argparse
from pathlib import Path

from cds_service.config import ConfigError, Settings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser(
        "figures",
        help="print the key figures of a population run",
        description="Print what a population run counted after fractures: who was assessed, scanned, treated, followed up in "
        "time, over all closed months. By month and site: figures.csv in DIR. No certified measure; missing is unknown.",
    )
    shown.add_argument("folder", metavar="DIR", type=Path, help="folder of a finished run (population --out)")
    shown.add_argument("--lang", choices=("en", "zh"), help="language of the names (default: CDS_LANGUAGE)")
    shown.set_defaults(command=figures)


def figures(chosen: argparse.Namespace, settings: Settings) -> None:
    import orjson

    from cds_service.figures.tables import JSON, lines

    try:
        told = orjson.loads((chosen.folder / JSON).read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"{chosen.folder}: holds no finished run: osteoporosis-cds population SOURCE --out DIR") from None
    print(f"As of {told['as_of']}: {told['episodes']:,} episodes, {told['undated']:,} fractures without a day")
    for each in told["identified"]:
        of = f" of {each['expected']:.0f} expected" if each["expected"] is not None else f"; {each['why']}"
        low = ", the estimate is too low" if each["above"] else ""
        print(f"  {each['found']:>6,}{of}: {each['indicator']} {each['year']}{low}")
    for line in lines(told, chosen.lang or settings.language):
        print(line)
    if told["not_exported"]:
        print(f"Not exported, and so unknown: {', '.join(told['not_exported'])}")
    print(told["note"])
