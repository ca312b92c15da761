"""Whether a course goes on or was stopped, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from cards.chart import Exposure
from cards.chart.calendar import add_months
from cards.thresholds import Numbers

ONGOING = frozenset({"active"})
_STOPPED_STATEMENT = frozenset({"stopped", "completed"})
_STOPPED_REQUEST = frozenset({"stopped"})


def is_ongoing(exposure: Exposure, today: date) -> bool:
    return (
        exposure.kind in ("statement", "request")
        and exposure.status in ONGOING
        and (exposure.end is None or (exposure.end_latest or exposure.end) >= today)
    )


def is_stop(exposure: Exposure, today: date) -> bool:
    """A completed order or dose is a dose given, not an end."""
    end = exposure.end_latest or exposure.end
    if exposure.kind == "statement":
        return exposure.status in _STOPPED_STATEMENT or (end is not None and end < today)
    if exposure.kind == "request":
        return exposure.status in _STOPPED_REQUEST or (exposure.status in ONGOING and end is not None and end < today)
    return False


def disputing(exposures: list[Exposure], today: date) -> Exposure | None:
    """The entry that says that the drug was stopped, and not when, where an open one that is not known to be older says that it
    is taken: a statement whatever its first day, beside orders alone, or an entry of the same day. None where they agree, or
    where it was taken up again since."""
    stops = [e for e in exposures if is_stop(e, today)]
    written = max((e.start for e in stops if e.start), default=None)
    if not stops or written is None or any(e.end for e in stops):
        return None
    of_orders = all(e.kind == "request" for e in stops)
    taken = [e for e in exposures if is_ongoing(e, today) and not e.unsure and e.start]
    if any(e.start > written for e in taken if e.start):
        return None
    open_ones = [e for e in taken if e.start == written or (of_orders and e.kind == "statement")]
    return max(stops, key=lambda e: (e.start or date.min, e.source)) if open_ones else None


def stop(exposures: list[Exposure], doses: list[date], today: date) -> tuple[bool, date | None, date | None]:
    """Whether the drug was stopped and not resumed, when, and when at the latest. A stop that is disputed is none."""
    stops = [e for e in exposures if is_stop(e, today)]
    if not stops or disputing(exposures, today):
        return False, None, None
    ends = [e.end for e in stops if e.end and e.end <= today]
    ongoing = [e.start for e in exposures if is_ongoing(e, today)]
    if None in ongoing:
        return False, None, None  # undated "takes it now" outweighs an old stop: the patient counts as on the drug
    written = max((day for e in stops if (day := e.end or e.start)), default=None)
    ordered = [e.start for e in exposures if e.kind == "request" and e.status == "completed"]
    if written is not None and any(day > written for day in (*ongoing, *ordered) if day):
        return False, None, None
    # R4 does not say when an order was stopped: doses may precede the stop, so they are not a resumption.
    if ends and len(ends) == len(stops) and any(day > max(ends) for day in doses):
        return False, None, None
    return True, max(ends, default=None), newest_latest((e.end, e.end_latest) for e in stops if e.end and e.end <= today)


def newest_latest(days: Iterable[tuple[date | None, date | None]]) -> date | None:
    """Given days with the last possible day of each: the last possible day of the newest; None if it is exact."""
    known = [(first, latest or first) for first, latest in days if first]
    newest, last = max((f for f, _ in known), default=None), max((latest for _, latest in known), default=None)
    return last if last != newest else None


def unconfirmed(numbers: Numbers, exposures: list[Exposure], today: date) -> int:
    """{renewal-sign-months} if only an order or statement mentions it and has not been renewed for longer than that; otherwise
    0."""
    if any(e.kind in ("dispense", "administration") for e in exposures):
        return 0
    signs = [day for e in exposures for day in (e.start, e.authored) if day]
    old = bool(signs) and add_months(max(signs), numbers.renewal_sign_months) < today
    return int(numbers.renewal_sign_months) if old else 0
