"""The states of many episodes, counted by indicator, month and site."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from msgspec import Struct, field

from cards.indicators import EPISODE, INDICATORS, WIDE, YEARLY, Outcome, Rates
from cards.indicators.levels import FEWEST, complete, level
from cds_service.figures.person import Figures, Told
from cds_service.figures.wilson import rate

TOTAL = ""
"""In place of a month or a site: all of them."""
NO_PLACE = "site not recorded"
EXPECTED = ("fls-non-spine", "fls-spine", "uk-identified")


class Cell(Struct):
    """The counts of one indicator in one month at one site. ``open``: a window is not closed yet, so that no rate is told.
    ``apart``: of those met, by kind of evidence."""

    indicator: str
    month: str
    place: str
    open: bool = False
    met: int = 0
    not_met: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    apart: Counter[str] = field(default_factory=Counter)

    def take(self, found: Outcome) -> None:
        match found.state:
            case "met":
                self.met += 1
                self.apart[found.how] += bool(found.how)
            case "not-met":
                self.not_met[found.reason] += 1
            case "unknown":
                self.unknown[found.reason] += 1
            case "pending":
                self.pending += 1
            case "excluded":
                self.excluded[found.reason] += 1

    def add(self, other: Cell) -> None:
        self.met += other.met
        self.pending += other.pending
        for name in ("not_met", "unknown", "excluded", "apart"):
            getattr(self, name).update(getattr(other, name))

    @property
    def known(self) -> int:
        return self.met + self.not_met.total()

    @property
    def people(self) -> int:
        """The denominator: met, not met and unknown."""
        return self.known + self.unknown.total()

    @property
    def share(self) -> Share | None:
        """The documented rate; None while the month is open, or of nobody."""
        return None if self.open else share(INDICATORS[self.indicator].levels, self.met, self.people, self.unknown.total())


class Share(Struct, frozen=True):
    """A rate with its interval; the range from "no unknown had it" to "each had"; the level and whether interval and range lie
    in its band. All from 0 to 1."""

    rate: float
    low: float
    high: float
    floor: float
    ceiling: float
    level: str = ""
    certain: bool = False


def share(levels: str, met: int, of: int, unknown: int = 0) -> Share | None:
    """
    >>> found = share("iof", 41, 50)
    >>> found.level, found.certain, f"{100 * found.low:.0f}-{100 * found.high:.0f}"
    ('high', False, '69-90')
    >>> share("iof", 9, 9).level, share("iof", 0, 0)
    ('', None)
    """
    found = rate(met, of)
    if found is None:
        return None
    told = level(levels, met, of) if of >= FEWEST else ""
    ends = {level(levels, round(end * 1_000_000), 1_000_000) for end in (found.low, found.high, met / of, (met + unknown) / of)}
    return Share(found.share, found.low, found.high, met / of, (met + unknown) / of, told, bool(told) and ends == {told})


def counted(some: Iterable[Figures], today: date) -> list[Cell]:
    """Cells by indicator, month and site, then the totals of closed months: sums of counts, never means of rates."""
    cells: dict[tuple[str, str, str], Cell] = {}
    for each in some:
        for told, keys in (*((e, EPISODE) for e in each.episodes), *((e, (*WIDE, *YEARLY)) for e in each.others)):
            for key in keys:
                if (found := told.outcomes.get(key)) is not None:
                    _cell(cells, key, told, today).take(found)
    for cell in [*cells.values()]:
        for month, place in ((TOTAL, cell.place), (cell.month, TOTAL), (TOTAL, TOTAL)):
            if cell.open and not month:
                continue
            total = cells.setdefault(
                (cell.indicator, month, place), Cell(cell.indicator, month, place, open=cell.open and bool(month))
            )
            total.add(cell)
    return [cells[key] for key in sorted(cells, key=lambda k: ([*INDICATORS].index(k[0]), k[1], k[2]))]


def _cell(cells: dict[tuple[str, str, str], Cell], key: str, told: Told, today: date) -> Cell:
    month = f"{told.t0:%Y}" if key in YEARLY else f"{told.t0:%Y-%m}"
    place = told.place or NO_PLACE
    return cells.setdefault((key, month, place), Cell(key, month, place, open=_closes(key, told.t0) >= today))


def _closes(key: str, t0: date) -> date:
    """The day on which the last window of the month (of the year) closes."""
    if key in YEARLY:
        return date(t0.year, 12, 31)
    return t0.replace(day=monthrange(t0.year, t0.month)[1]) + timedelta(days=INDICATORS[key].days)


class Identified(Struct, frozen=True):
    """Fractures counted in one year, and expected by what the site set, shared out by the days of the year that have passed.
    ``expected`` None: not set, no rate. ``above``: more were counted than expected, so that the estimate is too low."""

    indicator: str
    year: int
    found: int
    expected: float | None = None
    share: Share | None = None
    above: bool = False


def identified(some: Iterable[Figures], rates: Rates, today: date) -> Iterator[Identified]:
    """How many fractures were found of those expected, by year. The charts' own count is never the denominator."""
    found: dict[str, Counter[int]] = {key: Counter() for key in EXPECTED}
    for told in (told for each in some for told in each.episodes):
        found["uk-identified"][told.t0.year] += 1
        found["fls-spine" if told.site == "vertebra" else "fls-non-spine"][told.t0.year] += 1
    years = sorted({year for counter in found.values() for year in counter})
    for key in EXPECTED:
        for year in years:
            yield of_expected(key, year, found[key][year], rates.expected[key], today)


def of_expected(key: str, year: int, found: int, a_year: float | None, today: date) -> Identified:
    """
    >>> of_expected("fls-non-spine", 2025, 66, 120, date(2026, 3, 31)).share.level
    'middle'
    >>> of_expected("uk-identified", 2025, 60, 50, date(2026, 3, 31)).above
    True
    """
    if a_year is None:
        return Identified(key, year, found)
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    passed = min(max((today - date(year, 1, 1)).days, 0), days)
    expected = a_year * passed / days
    whole = round(expected)
    if found > expected or not whole:
        return Identified(key, year, found, expected, None, above=found > expected)
    return Identified(key, year, found, expected, share(INDICATORS[key].levels, found, whole))


def spine_share(some: Iterable[Figures]) -> Share | None:
    """Episodes of a vertebra among all."""
    sites = [told.site for each in some for told in each.episodes]
    return share("uk-spine", sites.count("vertebra"), len(sites))


def completeness(cells: Iterable[Cell]) -> dict[str, tuple[int, int]]:
    """By indicator of the IOF that a chart can tell, over closed months: known, and all."""
    wanted = (c for c in cells if c.indicator.startswith("fls-") and c.month == TOTAL and c.place == TOTAL)
    return {cell.indicator: (cell.known, cell.people) for cell in wanted}


def well_known(known: dict[str, tuple[int, int]]) -> int:
    """Of how many indicators more than 80% of closed windows are known."""
    return sum(complete(*each) for each in known.values() if each[1])
