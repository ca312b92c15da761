"""``drift``: how often each card and code came last week, against the weeks before."""

from __future__ import annotations

import argparse
from datetime import date

from cds_service.config import ConfigError, Settings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser(
        "drift",
        help="tell which cards have gone silent or loud, and which codes are no longer seen",
        description="Hold the last seven days against the eight weeks before, from the counts in CDS_DATABASE_URL. Exits "
        "with 1 where there is an alarm. Four weeks of calls must have been counted before.",
    )
    shown.add_argument("--all", action="store_true", help="list every card and code with its limits, not the alarms alone")
    shown.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="judge the seven days before this day (UTC)")
    shown.set_defaults(command=drift)


def drift(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.cli.store import opened_store
    from cds_service.drift.limits import alarms
    from cds_service.drift.watch import Watch
    from cds_service.store import seen

    with opened_store(settings) as store:
        lines = Watch(store).lines(chosen.today or seen.today())
    if not lines:
        raise ConfigError(f"{store.where}: too little has been counted: four weeks of calls, and a week to judge")
    found = alarms(lines)
    shown = sorted(lines, key=lambda line: (line.kind, line.key)) if chosen.all else found
    print(f"Counts of {store.where}")
    print(f"{lines[0].calls:,} calls in seven days; {len(found)} alarm{'' if len(found) == 1 else 's'}")
    for line in shown:
        limits = f"limits {line.per_thousand(line.low):.1f} to {line.per_thousand(line.high):.1f}"
        rare = "" if line.watched else "  (too rare for silence to be told within a week)"
        print(f"  {line.alarm:<7}{line.per_thousand(line.seen):>8.1f} per 1,000 calls, {limits}  {line.kind} {line.key}{rare}")
    if found:
        raise SystemExit(1)
