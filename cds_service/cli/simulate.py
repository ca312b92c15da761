"""``simulate``: one simulated patient with one clinician over years, as a table and a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from cds_service.clinic.clinicians import HABITS
from cds_service.config import Settings
from cds_service.hooks.errors import RequestError

VISITS_A_YEAR = 4
MOST_YEARS = 20


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser(
        "simulate",
        help="show what is advised over years to a simulated patient",
        description="Show the visits of one simulated patient, one every three months: what happened, the cards, and what the "
        "clinician chose. The same numbers give the same journey. The patient is invented and predicts nothing.",
    )
    shown.add_argument("--seed", type=int, default=1, metavar="N", help="which patient, any whole number (default: 1)")
    shown.add_argument(
        "--habit",
        choices=tuple(HABITS),
        default="everything",
        help="how the clinician acts: follows everything (default), only what is recommended (starred), at random, "
        "forgets half of the visits, overrides every drug, follows everything with a patient who does not go to many tests "
        "(no-shows), or with one who lives elsewhere for two years (moves)",
    )
    shown.add_argument("--years", type=_years, default=10, metavar="N", help=f"1 to {MOST_YEARS} (default: 10)")
    shown.add_argument("--picture", type=Path, metavar="FILE", help="also draw the journey into FILE (SVG)")
    shown.set_defaults(command=simulate)


def _years(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_YEARS:
        raise argparse.ArgumentTypeError(f"{text}: not a whole number from 1 to {MOST_YEARS}")
    return int(text)


def simulate(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.cli import terminal
    from cds_service.clinic.journey import live
    from cds_service.clinic.picture import svg

    journey = live(chosen.seed, chosen.habit, chosen.years * VISITS_A_YEAR)
    terminal.show_journey(journey)
    if chosen.picture:
        try:
            chosen.picture.write_text(svg(journey), encoding="utf-8")
        except OSError as error:
            raise RequestError(400, f"{chosen.picture}: {error.strerror or 'cannot be written'}") from None
        print(f"Picture: {chosen.picture}")
