"""``burden``: how many alerts clinicians would see."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.config import ConfigError, Settings

if TYPE_CHECKING:
    from cds_service.burden.counts import Burden

Found = tuple["Burden", tuple[str, ...], str]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser(
        "burden",
        help="estimate the alert burden, from a population run or from shadow mode",
        description="Tell how many alerts a day there are by hook, card and urgency, for each clinician-hour, and what the "
        "cap, the routine card and overrides do to them. From a finished population run with --openings, else from the store "
        "(CDS_DATABASE_URL), where shadow mode records what it keeps back. Writes a page with pictures; it names nobody.",
    )
    shown.add_argument(
        "run", metavar="RUN", type=Path, nargs="?", help="folder of a finished population run (default: the store)"
    )
    shown.add_argument("--openings", type=float, metavar="N", help="charts opened a day; needed with RUN")
    shown.add_argument("--hours", type=float, metavar="H", help="clinician-hours a day, of all clinicians together")
    shown.add_argument("--days", type=int, default=28, metavar="N", help="of the store: the last days (default: 28)")
    shown.add_argument("--out", metavar="FILE", type=Path, default=Path("burden.html"), help="the page (default: burden.html)")
    shown.set_defaults(command=burden)


def burden(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.burden.page import page

    found, notes, days = _of_run(chosen, settings) if chosen.run else _of_store(chosen, settings)
    try:
        chosen.out.write_text(page(found, notes, days), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{chosen.out}: {error.strerror or 'cannot be written'}") from None
    hour = f", {found.an_hour:.2f} for each clinician-hour" if found.an_hour is not None else ""
    print(f"{found.a_day:.1f} alerts a day{hour}")
    for hook, number in found.alerts.items():
        print(f"  {number:>9.1f}  {hook}")
    for (code, indicator), number in [*found.by_card.items()][:10]:
        print(f"  {number:>9.1f}  {code} ({indicator})")
    print(f"Page: {chosen.out}")


def _of_run(chosen: argparse.Namespace, settings: Settings) -> Found:
    from cds_service.burden import calls, counts

    if chosen.openings is None:
        raise ConfigError("--openings: how many charts are opened a day is needed with a population run")
    some = [*calls.of_run(chosen.run)]
    if not some:
        raise ConfigError(f"{chosen.run}: holds no finished run: osteoporosis-cds population SOURCE --out DIR")
    found = counts.of_run(some, chosen.openings, chosen.hours, settings.max_cards, settings.suppress_days)
    notes = (
        f"Assumed: {chosen.openings:g} charts a day, each of anybody of {len(some):,} patients; only patient-view is judged.",
        "Who comes to a clinic is sicker than a population: count in shadow mode before you go live.",
    )
    return found, notes, "estimated"


def _of_store(chosen: argparse.Namespace, settings: Settings) -> Found:
    from cds_service.burden import calls, counts
    from cds_service.cli.store import opened_store
    from cds_service.store import seen

    since = seen.today() - timedelta(days=chosen.days)
    with opened_store(settings) as store:
        some, every = store.ask(lambda c: (calls.of_store(c, since), calls.counted_calls(c, since)))
    if not some and not every:
        raise ConfigError(f"{store.where}: nothing was recorded in the last {chosen.days} days")
    days = calls.days_between(some, seen.today())
    found = counts.of_store(some, every, days, chosen.hours, settings.max_cards, settings.suppress_days or 90)
    print(f"Counts of {store.where}")
    return found, ("Cards for which there was no room (CDS_MAX_CARDS) are not on record.",), f"{days} days on record"
