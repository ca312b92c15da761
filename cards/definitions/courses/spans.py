"""Periods on a drug."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

Span = tuple[date, date]


def joined(spans: Iterable[Span], *, bridge: int) -> list[Span]:
    """Spans in order, joined if they overlap or are no more than ``bridge`` days apart."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and (begin - merged[-1][1]).days <= bridge:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def days_on(spans: list[Span], today: date) -> int:
    return sum((min(end, today) - begin).days for begin, end in spans if begin <= today)
