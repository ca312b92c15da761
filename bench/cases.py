"""What ``make bench`` asks: charts of every size, orders that are ours and orders that are not, and what is small and dear."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from bench.records import body
from bench.timing import Case
from tests.attack.bodies import abuses

VIEW, SIGN = "patient-view", "order-sign"
SIZES = ((1, 200), (50, 200), (500, 150), (2_000, 60), (10_000, 20))
OF_LOADS = {500: 2.0, 2_000: 1.1, 10_000: 0.55}
OF_BARE = {1: 2.9, 50: 3.6}
"""3.5 and 4.3 ms where a bare endpoint takes 1.2."""
UNRELATED = 0.75
"""Of what an order that is none of ours took before it was let pass without reading what came with it."""
DEAR = ("drafts of many doses", "drafts and courses", "report: no", "problems: 骨折", "codings of problems", "components")
"""Of ``make attack``, one of each kind that costs most."""
KB = 20


def cases(less: int = 1) -> Iterator[Case]:
    """All of them; ``less``: a part of the times."""

    def times(number: int) -> int:
        return max(number // less, 10)

    for count, number in SIZES:
        aims = {"of_loads": OF_LOADS.get(count, 0), "of_bare": OF_BARE.get(count, 0)}
        yield Case(VIEW, VIEW, body(VIEW, count), count, times(number), **aims)
    yield Case(f"{VIEW}, every Observation read", VIEW, body(VIEW, 500, only_read=True), 500, times(100))
    yield Case(SIGN, SIGN, body(SIGN, 50), 50, times(200))
    for count in (50, 500):
        content = body(SIGN, count, unrelated=True)
        yield Case(f"{SIGN}, an order that is not ours", SIGN, content, count, times(100), of_before=UNRELATED)
    dear = abuses(KB * 1000)
    for name in DEAR:
        yield Case(f"dear: {name}", dear[name]["hook"], orjson.dumps(dear[name]), 0, times(20))
