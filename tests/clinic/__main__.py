"""``make clinic``: which laws break over many journeys, and how often. Writes the table into docs/clinic.md.

``python -m tests.clinic [JOURNEYS]`` prints it only. The exit code is 1 if a law broke."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

from cds_service.clinic.clinicians import HABITS
from cds_service.clinic.journey import live
from tests.clinic.laws import LAWS

PAGE = Path(__file__).parents[2] / "docs/clinic.md"
MADE = "<!-- made by `make clinic` -->\n"
LONG_RUN = 500
PROGRESS = 25


class Lived(NamedTuple):
    """Of one journey: the cards of each visit from the second year on, and the law, what broke it, and where."""

    habit: str
    visits: int
    cards: list[int]
    broken: list[tuple[str, str, str]]


def lived(seed: int) -> Lived:
    habit = tuple(HABITS)[seed % len(HABITS)]
    journey = live(seed, habit)
    lines = ((law.name, line) for law in LAWS if habit in law.habits for line in law.breaks(journey))
    broken = [(name, line.partition(" ")[2], f"--seed {seed} --habit {habit}, {line[:10]}") for name, line in lines]
    second_year = journey.visits[0].today.replace(year=journey.visits[0].today.year + 1)
    cards = [len(visit.cards) for visit in journey.visits if visit.today >= second_year]
    return Lived(habit, len(journey.visits), cards, broken)


def run(journeys: int) -> list[Lived]:
    found: list[Lived] = []
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for each in workers.map(lived, range(journeys), chunksize=5):
            found.append(each)
            if len(found) % PROGRESS == 0:
                broken = sum(len(one.broken) for one in found)
                print(f"{len(found)} of {journeys} journeys, {broken} breaches", file=sys.stderr, flush=True)
    return found


def table(found: list[Lived]) -> Iterator[str]:
    """Markdown: each law with its breaches, and the first place of each kind of breach."""
    visits, cards = sum(each.visits for each in found), sorted(count for each in found for count in each.cards)
    yield f"{len(found)} journeys, {visits} visits. Cards per visit from the second year on: median {median(cards):g},"
    yield f"95th percentile {cards[len(cards) * 95 // 100]}, most {cards[-1]}.\n"
    yield "| law | journeys | breaches | what broke it (times; first) |"
    yield "|---|---|---|---|"
    for law in LAWS:
        lines = [line for each in found for line in each.broken if line[0] == law.name]
        held = sum(each.habit in law.habits for each in found)
        first = {what: where for _, what, where in reversed(lines)}
        kinds = Counter(what for _, what, _ in lines).most_common()
        told = "; ".join(f"{what} ({times}; `{first[what]}`)" for what, times in kinds)
        yield f"| {law.name} | {held} | {len(lines)} | {told} |"


def main(arguments: list[str]) -> None:
    found = run(int(arguments[0]) if arguments else LONG_RUN)
    told = "\n".join(table(found))
    print(told)
    if not arguments:
        before, made, _ = PAGE.read_text(encoding="utf-8").partition(MADE)
        PAGE.write_text(f"{before}{made}\n{told}\n", encoding="utf-8")
    raise SystemExit(any(each.broken for each in found))


if __name__ == "__main__":
    main(sys.argv[1:])
