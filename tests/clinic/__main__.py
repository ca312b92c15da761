"""``python -m tests.clinic [JOURNEYS]``: which laws break and how often. With ``--seed N [HABIT]``: one journey as a table."""

from __future__ import annotations

import sys
from collections import Counter
from statistics import median

from tests.clinic.clinicians import HABITS
from tests.clinic.journey import Journey, live
from tests.clinic.laws import LAWS


def table(journeys: int) -> None:
    broken: dict[str, Counter[str]] = {law.name: Counter() for law in LAWS}
    where: dict[tuple[str, str], str] = {}
    cards: list[int] = []
    for seed in range(journeys):
        habit = tuple(HABITS)[seed % len(HABITS)]
        journey = live(seed, habit)
        cards += [len(visit.cards) for visit in journey.visits[4:]]
        for law in LAWS:
            if habit not in law.habits:
                continue
            for line in law.breaks(journey):
                what = line.partition(" ")[2]
                broken[law.name][what] += 1
                where.setdefault((law.name, what), f"seed {seed}, {habit}, {journey.style}, {line}")
    for name, counts in broken.items():
        print(f"{sum(counts.values()):5}  {name}")
        for what, times in counts.most_common(8):
            print(f"       {times:5}  {what}  ({where[name, what]})")
    cards.sort()
    print(f"cards per visit from the second year on: median {median(cards)}, 95th percentile {cards[len(cards) * 95 // 100]}")


def show(journey: Journey) -> None:
    print(f"seed {journey.seed}, {journey.habit}, {journey.style}")
    for visit in journey.visits:
        told = ", ".join(f"{c.code}{'/' + c.variant if c.variant else ''} ({c.indicator.value})" for c in visit.cards)
        print(
            f"{visit.today}  [{', '.join(visit.news)}]  {told or '-'}  ->  {', '.join(o.key for _, o in visit.chosen) or '-'}"
        )


if __name__ == "__main__":
    if "--seed" in sys.argv:
        chosen = sys.argv[sys.argv.index("--seed") + 1 :]
        show(live(int(chosen[0]), *chosen[1:2] or ("everything",)))
    else:
        table(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
