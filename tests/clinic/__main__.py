"""``make clinic``: which laws break over many journeys, and how often. Writes the table into docs/clinic.md.

``python -m tests.clinic [JOURNEYS]`` prints it only. The exit code is 1 if a law broke. A journey is kept in build/clinic as
soon as it was lived, so that a run that was interrupted goes on where it was, as long as the code is the same."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import median

import msgspec

from cds_service.clinic.clinicians import HABITS
from cds_service.clinic.journey import live
from tests.clinic.laws import LAWS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/clinic.md"
KEPT = ROOT / "build/clinic"
DECIDING = ("cards", "cds_service", "tests/clinic")
"""The folders whose files decide how a journey goes, and what is held against it."""
MADE = "<!-- made by `make clinic` -->\n"
LONG_RUN = 500
PROGRESS = 25


class Lived(msgspec.Struct, frozen=True):
    """Of one journey: the cards of each visit from the second year on, and the law, what broke it, and where."""

    seed: int
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
    return Lived(seed, habit, len(journey.visits), cards, broken)


def run(journeys: int) -> list[Lived]:
    kept = KEPT / f"{_code()}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    found = {each.seed: each for each in _kept(kept) if each.seed < journeys}
    with kept.open("ab") as file, ProcessPoolExecutor(os.cpu_count()) as workers:
        for done in as_completed([workers.submit(lived, seed) for seed in range(journeys) if seed not in found]):
            each = done.result()
            found[each.seed] = each
            file.write(msgspec.json.encode(each) + b"\n")
            file.flush()
            if len(found) % PROGRESS == 0:
                broken = sum(len(one.broken) for one in found.values())
                print(f"{len(found)} of {journeys} journeys, {broken} breaches", file=sys.stderr, flush=True)
    return [found[seed] for seed in sorted(found)]


def _code() -> str:
    """The state of the code, by the content of its files."""
    files = (path for folder in DECIDING for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
    told = hashlib.sha256()
    for path in sorted(files):
        told.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return told.hexdigest()[:12]


def _kept(file: Path) -> Iterator[Lived]:
    """What was lived on this state of the code; the last line may be torn."""
    for line in file.read_bytes().splitlines() if file.exists() else ():
        try:
            yield msgspec.json.decode(line, type=Lived)
        except msgspec.DecodeError:
            continue


def table(found: list[Lived], code: str) -> Iterator[str]:
    """Markdown: each law with its breaches, and the first place of each kind of breach. ``code``: they were
    lived on it."""
    visits, cards = sum(each.visits for each in found), sorted(count for each in found for count in each.cards)
    yield f"{len(found)} journeys, {visits} visits. Cards per visit from the second year on: median {median(cards):g},"
    yield f"95th percentile {cards[len(cards) * 95 // 100]}, most {cards[-1]}. Code: `{code}`.\n"
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
    told = "\n".join(table(found, _code()))
    print(told)
    if not arguments:
        before, made, _ = PAGE.read_text(encoding="utf-8").partition(MADE)
        PAGE.write_text(f"{before}{made}\n{told}\n", encoding="utf-8")
    raise SystemExit(any(each.broken for each in found))


if __name__ == "__main__":
    main(sys.argv[1:])
