"""Denosumab is due, late or stopped, and something forbids the drug that would close the gap: who decides, and by when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart
from cards.definitions.denosumab import safe_until
from cards.definitions.kidney import renal
from cards.definitions.workup.emergency import EMERGENCY
from cards.engine.findings import Dropped, Finding, Option
from cards.engine.options import Offer, service
from cards.engine.trial import NOT_READ
from cards.vocabulary import Drug

_LOW_CALCIUM = "low-calcium"
_KIDNEYS = ("dialysis", "kidney-failure")
_SPECIALIST = "referral-osteoporosis"
_BY_ROW = {
    "femur": "referral-orthopedics",
    "low-alp": "referral-endocrinology",
    "osteomalacia": "referral-endocrinology",
    "low-phosphate": "referral-endocrinology",
    "high-calcium": "referral-endocrinology",
    "hyperparathyroidism": "referral-endocrinology",
    "myeloma": "referral-hematology",
    EMERGENCY: "",
}
_BY_PROBLEM = {"osteonecrosis-jaw": "referral-jaw", "atypical-femur-fracture": "referral-orthopedics"}


class Forbidden(Struct, frozen=True):
    """``by``: "calcium" (low, to be corrected), "emergency" (`calcium-critical` comes first) or "" (a specialist decides);
    ``referral``: to whom; ``safe``: the last safe day; ``nephrology``: calcium is corrected with a nephrologist."""

    by: str
    referral: str = ""
    safe: date | None = None
    nephrology: bool = False


def forbidden(chart: Chart, offered: Offer, drugs: Iterable[Drug]) -> Forbidden | None:
    """What forbids these drugs, if none of them is left; None where one is, or where something could not be read. Low calcium
    alone is corrected, and needs no referral but below {egfr-specialist} mL/min; else the specialist for the first reason that
    is not low calcium."""
    keys = {drug.key for drug in drugs}
    against = [each for each in offered.dropped if each.key in keys and (each.because or each.phrase in _ROWS)]
    if len({each.key for each in against}) < len(keys) or any(each.phrase == NOT_READ for each in offered.dropped):
        return None
    safe = safe_until(chart)
    deciding = [referral for each in against for referral in _referrals(each)]
    if "" in deciding:
        return Forbidden("emergency", safe=safe)
    if not deciding:
        below = bool(renal(chart).below(chart.numbers.egfr_specialist))
        return Forbidden("calcium", "referral-nephrology" if below else "", safe, below)
    return Forbidden("", deciding[0], safe)


_ROWS = frozenset({*_BY_ROW, _LOW_CALCIUM})


def _referrals(dropped: Dropped) -> list[str]:
    """Who decides about what dropped it; nobody for low calcium."""
    if dropped.phrase:
        return [] if dropped.phrase == _LOW_CALCIUM else [_BY_ROW[dropped.phrase]]
    return [referral for found in dropped.because if (referral := _of_check(found)) is not None]


def _of_check(found: Finding) -> str | None:
    if found.code == EMERGENCY:
        return ""
    if found.code == "hypocalcemia":
        return "referral-nephrology" if found.variant in _KIDNEYS else None
    if found.code == "bisphosphonate-renal":
        return "referral-nephrology"
    if found.code == "pregnancy":
        return "referral-obstetrics"
    if found.code == "atypical-fracture-suspected":
        return "referral-orthopedics"
    problem = found.values.get("problem")
    return _BY_PROBLEM.get(getattr(problem, "key", ""), _SPECIALIST)


def answer(found: Forbidden, offered: Offer) -> tuple[Option, ...]:
    """What is done instead: calcium again, or the referral; what is left of the drugs stays, none recommended."""
    left = tuple(replace(option, recommended=False) for option in offered.options if option.kind == "drug")
    first = (service("calcium", recommended=True),) if found.by == "calcium" else ()
    referral = (service(found.referral, recommended=True),) if found.referral else ()
    return (*first, *referral, *left)
