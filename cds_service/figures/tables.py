"""The key figures of a run as files: a summary, a table, and the same without small counts for what leaves the site."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any

import msgspec

from cards.engine import sources
from cards.indicators import INDICATORS, Rates
from cards.indicators.levels import good_data
from cds_service.figures.cells import Cell, Share, completeness, counted, identified, spine_share, well_known
from cds_service.figures.person import Figures
from cds_service.figures.shared import suppressed

JSON, TABLE, SHARED = "figures.json", "figures.csv", "figures-shared.csv"
HEAD = (
    *("indicator", "name", "month", "site", "state", "people", "met", "not_met", "unknown", "pending", "excluded"),
    *("rate", "low", "high", "floor", "ceiling", "completeness", "level", "certain", "apart", "why_unknown", "why_excluded"),
)
NO_CERTIFIED = "Not a certified measure, and not to be submitted as one. Missing is unknown: the rate is a floor."


def summary(some: Sequence[Figures], rates: Rates, today: date, without: Sequence[str]) -> dict[str, Any]:
    """Numbers that name nobody, for the site itself. ``without``: types that were not exported."""
    cells = counted(some, today)
    known = completeness(cells)
    episodes = [told for each in some for told in each.episodes]
    return {
        "as_of": today.isoformat(),
        "note": NO_CERTIFIED,
        "content": str(sources.VERSION),
        "version": version("osteoporosis-cds"),
        "settings": msgspec.to_builtins(rates),
        "not_exported": sorted(without),
        "episodes": len(episodes),
        "presumed": sum(told.presumed for told in episodes),
        "fractures_during_episodes": sum(len(told.again) for told in episodes),
        "undated": sum(len(each.undated) for each in some),
        "identified": [msgspec.to_builtins(each) | _why_not(each.expected) for each in identified(some, rates, today)],
        "uk-spine-share": msgspec.to_builtins(spine_share(some)),
        "fls-data-complete": {
            "by_indicator": {key: _percent(of) for key, of in known.items()},
            "above_80_percent": well_known(known),
            "of": len(known),
        },
        "uk-data-complete": {"good": good_data([(of - is_known, of) for is_known, of in known.values()]), "fields": len(known)},
        "cells": [_row(cell) for cell in cells],
        "cannot": {key: each.cannot.en for key, each in INDICATORS.items()},
    }


def _why_not(expected: float | None) -> dict[str, str]:
    told = "rate not computable: the number of fractures expected in this area is not set"
    return {} if expected is not None else {"why": told}


def _percent(of: tuple[int, int]) -> float | None:
    return round(100 * of[0] / of[1], 1) if of[1] else None


def table(some: Sequence[Figures], today: date, language: str, least: int = 1) -> str:
    """A line for each indicator, month and site; with ``least`` the small counts suppressed."""
    cells = counted(some, today)
    hidden = suppressed(cells, least) if least > 1 else set()
    told = io.StringIO()
    writer = csv.DictWriter(told, HEAD, lineterminator="\r\n")
    writer.writeheader()
    for cell in cells:
        row = {name: value if value is not None else "" for name, value in _row(cell, language).items()}
        if least > 1:  # how many of those met it by a card, or why few are unknown: parts of what is told
            row |= dict.fromkeys(("apart", "why_unknown", "why_excluded"), "")
        if (cell.indicator, cell.month, cell.place) in hidden:
            row = {name: row[name] for name in ("indicator", "name", "month", "site")} | {"state": "suppressed"}
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return told.getvalue()


def _row(cell: Cell, language: str = "en") -> dict[str, Any]:
    found = cell.share
    return {
        "indicator": cell.indicator,
        "name": INDICATORS[cell.indicator].name[language],
        "month": cell.month or "all closed",
        "site": cell.place or "all",
        "state": "open" if cell.open else "closed",
        "people": cell.people,
        "met": cell.met,
        "not_met": cell.not_met.total(),
        "unknown": cell.unknown.total(),
        "pending": cell.pending,
        "excluded": cell.excluded.total(),
        **_shares(found),
        "completeness": None if cell.open or not cell.people else round(cell.known / cell.people, 4),
        "level": found.level if found else "",
        "certain": found.certain if found else None,
        "apart": _told(cell.apart),
        "why_unknown": _told(cell.unknown),
        "why_excluded": _told(cell.excluded),
    }


def _shares(found: Share | None) -> dict[str, float | None]:
    names = ("rate", "low", "high", "floor", "ceiling")
    return {name: round(getattr(found, name), 4) if found else None for name in names}


def _told(counts: Any) -> str:
    return "; ".join(f"{name}: {number}" for name, number in sorted(counts.items()) if number)


def _cell(value: Any) -> Any:
    """What a spreadsheet would take for a formula, quoted: the name of a site comes from outside."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def lines(told: dict[str, Any], language: str) -> Iterable[str]:
    """The totals for a terminal."""
    for cell in told["cells"]:
        if cell["month"] != "all closed" or cell["site"] != "all" or not cell["people"]:
            continue
        level = f"  {cell['level']}{'' if cell['certain'] else ', uncertain'}" if cell["level"] else ""
        shown = f"{100 * cell['rate']:.0f}% ({100 * cell['low']:.0f}-{100 * cell['high']:.0f})"
        name, known = INDICATORS[cell["indicator"]].name[language], f"known {100 * cell['completeness']:.0f}%"
        yield f"  {cell['met']:>6,} of {cell['people']:<6,} {shown:<16} {known:<10}  {name}{level}"
