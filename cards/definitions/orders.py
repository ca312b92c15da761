"""Open orders of tests: which of them are still awaited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from cards.chart import Measurement, Service
from cards.chart.calendar import add_days, add_months
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES

RESULTS: dict[str, tuple[str, ...]] = {
    "dxa": ("t-score", "bmd"),
    "qct": ("qct-vbmd",),
    "calcium": ("calcium", "calcium-corrected", "calcium-ionized"),
    "creatinine": ("creatinine", "egfr", "crcl"),
    "frax": ("frax-major", "frax-hip"),
    "blood-count": ("hemoglobin", "wbc", "platelets"),
    "liver": ("alt", "ast"),
    "electrophoresis": ("m-protein",),
    "light-chains": ("light-chain-ratio",),
    "celiac": ("transglutaminase-iga",),
}
"""The results by which a test is known to be done, where they are not called as it is."""

_OPERATIONS = frozenset({"hip-surgery", "neck-surgery", "major-surgery", "dental-surgery", "vertebral-augmentation"})
"""Waited for for years where need be, and what they forbid is forbidden until then."""


def still_awaited(
    numbers: Numbers, services: Iterable[Service], measured: Mapping[str, tuple[Measurement, ...]], today: date
) -> list[Service]:
    """What was done, and what is ordered and still awaited. Many systems never close an order: one whose test was done since,
    or that is more than {order-awaited-months} months past its day (a draft that nobody signed: {order-draft-days} days), no
    longer stands for the test. A result of the order's own day answers it from the next day on. An operation stays booked until
    it is closed; an order without a date is awaited."""
    told = list(services)
    done: dict[str, list[date]] = {}
    for each in told:
        if each.done and each.when:
            done.setdefault(each.key, []).append(each.when)
    since, drafted_since = add_months(today, -numbers.order_awaited_months), add_days(today, -numbers.order_draft_days)

    def awaited(order: Service) -> bool:
        day = order.at_latest
        if day is None or order.key in _OPERATIONS or day >= today:
            return True
        analytes = RESULTS.get(order.key, (order.key,) if order.key in ANALYTES else ())
        results = (m.when for analyte in analytes for m in measured.get(analyte, ()))
        recent = day >= (drafted_since if order.draft else since)
        return recent and not any(when >= day for when in (*done.get(order.key, ()), *results))

    return [each for each in told if each.done or awaited(each)]
