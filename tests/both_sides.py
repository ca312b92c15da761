"""Whether the cases stand on both sides of every number: ``make both-sides``.

Each number (``thresholds.toml`` and every ``card.toml``) is moved one step up and one step down, and the cases that read it are
judged anew, first those of the cards that use it: one of them must notice. Prints the numbers that no case notices. It takes
minutes: no part of the tests.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import cache
from typing import Any

from msgspec.structs import replace

from cards.engine.catalog import all_cards
from cards.thresholds import Threshold, Thresholds, shipped
from cds_service.casebook.cases import all_cases
from cds_service.casebook.numbers import Watched
from cds_service.casebook.requests import request
from cds_service.casebook.runs import stands_apart
from cds_service.casebook.verdict import faults
from cds_service.config import Settings
from cds_service.hooks.request import Call, parse
from cds_service.pipeline import Evaluator

Case = tuple[dict[str, Any], Call]

KNOWN = {
    "height-override-months": "tests/store: it takes an override",
    "height-spread": "tests/store, for the same reason",
    "calcium-supplement-mg": "no products make 1501 mg; cases have 1500 and 1515",
    "dose-long-days": "the shortest of the long regimens is a week, the next shorter one a day",
    "egfr-raloxifene": "below the same limit nothing is offered beside the referral",
    "holiday-zoledronate-months": "the months that zoledronate works, with its grace, are as many",
    "long-acting-months": "no card counts the doses of ibandronate by vein, the only drug between the two kinds",
    "vitamin-d-product-units": "50,001 units hold a weekly dose as well; tests/test_vitamin_d.py has the daily doses of 49,999",
    "vitamin-d-injection-daily-days": "tests/test_vitamin_d.py",
    "vitamin-d-single-critical-iu": "300,001 units are also more than the mean of 30 days allows",
}
"""Numbers that no case can show, and where they are shown instead, or why not."""

READ: list[frozenset[str] | None] = []
"""What each case reads; the processes that move the numbers are handed it as they begin."""


def main() -> None:
    """Exits with 1 when a number is not guarded on both sides."""
    with ProcessPoolExecutor() as pool:
        READ.extend(pool.map(_read, range(len(_cases())), chunksize=20))
    if failing := [case["name"] for (case, _), read in zip(_cases(), READ, strict=True) if read is None]:
        raise SystemExit(f"cases that do not hold as they are: {failing}")
    keys = [key for key in sorted(shipped().table) if key not in KNOWN]
    unseen = []
    with ProcessPoolExecutor() as pool:
        for done, (key, missed) in enumerate(zip(keys, pool.map(unnoticed, keys), strict=True), start=1):
            print(f"\r{done} of {len(keys)}", end="", file=sys.stderr, flush=True)
            unseen += [f"{key}: {shipped().table[key].value} could be {value}" for value in missed]
    print(file=sys.stderr)
    print("\n".join(unseen) or "every number is guarded on both sides")
    raise SystemExit(bool(unseen))


def unnoticed(key: str) -> list[int | float]:
    """The values next to a number's own that no case tells from it."""
    ours = shipped().table[key]
    step = Decimal(1).scaleb(min(int(Decimal(str(ours.value)).as_tuple().exponent), 0))
    missed = []
    for value in (Decimal(str(ours.value)) + step, Decimal(str(ours.value)) - step):
        shifted = int(value) if isinstance(ours.value, int) else float(value)
        if not _noticed(key, replace(ours, value=shifted)):
            missed.append(shifted)
    return missed


def _noticed(key: str, shifted: Threshold) -> bool:
    moved = Thresholds(shipped().table | {key: shifted})
    return any(not _holds(case, moved) for case in _cases_with(key))


def _cases_with(key: str) -> list[Case]:
    """The cases in which the number is read: first those of the card whose number it is, or of the cards that share it."""
    owner = shipped().table[key].card
    concerned = {card.code for card in all_cards().values() if card.code == owner or key in card.shared}
    reading = [case for case, read in zip(_cases(), READ, strict=True) if key in (read or ())]
    return sorted(reading, key=lambda case: case[0]["card"] not in concerned)


def _read(place: int) -> frozenset[str] | None:
    """The numbers that are read while the case is judged: no other can change it. None if it does not hold as it is."""
    watched = Watched()
    return frozenset(watched.seen) if _holds(_cases()[place], watched) else None


@cache
def _cases() -> list[Case]:
    told = [dict(case) for case in all_cases() if "site" not in case]  # a site's choices are numbers of its own
    bodies = [request(case) for case in told]
    return [(case, parse(json.dumps(body).encode(), body["hook"])) for case, body in zip(told, bodies, strict=True)]


@cache
def _evaluator(formulary: frozenset[str] | None) -> Evaluator:
    return Evaluator(Settings() if formulary is None else Settings(formulary=formulary))


def _holds(case: Case, thresholds: Thresholds | None = None) -> bool:
    told, call = case
    evaluator = _evaluator(frozenset(told["formulary"]) if "formulary" in told else None)
    evaluator.thresholds = thresholds or shipped()
    return not faults(told, evaluator.evaluate(call, "en", told["today"], apart=stands_apart(told)).response["cards"])


if __name__ == "__main__":
    main()
