"""What may leave the site: small counts are suppressed, with what would give them away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from cds_service.figures.cells import TOTAL, Cell


def small(cell: Cell, least: int) -> bool:
    """Whether any of its counts is of few people, or leaves few of the denominator."""
    counts = (cell.met, cell.not_met.total(), cell.unknown.total(), cell.pending, cell.excluded.total(), cell.people)
    return any(0 < count < least for count in counts)


def suppressed(cells: Iterable[Cell], least: int) -> set[tuple[str, str, str]]:
    """Keys (indicator, month, site) of cells that are not told. Of a sum that is told at least two parts are not, so that none
    can be reckoned from the others."""
    told = {(c.indicator, c.month, c.place): c for c in cells}
    hidden = {key for key, cell in told.items() if small(cell, least)}
    while True:
        more = {key for group in _sums(told) for key in _complement(group, told, hidden)}
        if more <= hidden:
            return hidden
        hidden |= more


def _sums(told: dict[tuple[str, str, str], Cell]) -> Iterable[list[tuple[str, str, str]]]:
    """The parts of each total, which stands first: the months of a site, the sites of a month."""
    groups: dict[tuple[str, str, str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for indicator, month, place in told:
        if month != TOTAL and not told[indicator, month, place].open:
            groups[indicator, "months", TOTAL, place].append((indicator, month, place))
        if place != TOTAL:
            groups[indicator, "sites", month, TOTAL].append((indicator, month, place))
    return [[(key[0], key[2], key[3]), *parts] for key, parts in groups.items()]


def _complement(
    group: list[tuple[str, str, str]], told: dict[tuple[str, str, str], Cell], hidden: set[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    total, *parts = group
    out = [key for key in parts if key in hidden]
    if total in hidden or len(out) != 1:
        return []
    left = sorted((key for key in parts if key not in hidden), key=lambda key: (told[key].people, key))
    return left[:1] or [total]
