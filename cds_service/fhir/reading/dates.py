"""FHIR dates and dateTimes -> calendar dates of the service's zone."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, tzinfo

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
"""Stands for an unknown moment where moments are compared."""

_PARTIAL = re.compile(r"\d{4}(-\d{2})?")


def moment(text: str | None, zone: tzinfo) -> datetime | None:
    """The moment in ``zone``; the first day of a partial date; a time without zone is the zone's own; None when unreadable.

    >>> moment("2021-03", UTC)
    datetime.datetime(2021, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)
    >>> moment("2021-02-30", UTC) is None
    True
    """
    if not text:
        return None
    text = text.strip()
    try:
        if len(text) < 10:
            return datetime.fromisoformat(f"{text}-01-01"[:10]).replace(tzinfo=zone) if _PARTIAL.fullmatch(text) else None
        # fromisoformat knows more spellings (weeks, no dashes) than FHIR; looking at the separators is quicker than a pattern
        if text[4] != "-" or text[7] != "-" or (len(text) > 10 and (text[10] not in "T " or text[13:14] != ":")):
            return None
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone)
    except (ValueError, OverflowError):
        return None


def day(text: str | None, zone: tzinfo) -> date | None:
    """The calendar date in ``zone``.

    >>> from zoneinfo import ZoneInfo
    >>> day("2021-11-10T23:30:00Z", ZoneInfo("Asia/Shanghai"))
    datetime.date(2021, 11, 11)
    """
    if text and len(text) == 10 and text[4] == text[7] == "-":  # a day is the same day in every zone
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    found = moment(text, zone)
    return found.date() if found else None


def latest(text: str | None) -> date | None:
    """The last day of a partial date; None where it is a full one or none.

    >>> latest("2024"), latest("2024-02"), latest("2024-02-05")
    (datetime.date(2024, 12, 31), datetime.date(2024, 2, 29), None)
    """
    text = (text or "").strip()
    if not _PARTIAL.fullmatch(text):
        return None
    year, month = int(text[:4]), int(text[5:] or 12)
    try:
        return date(year, month, monthrange(year, month)[1])
    except ValueError:
        return None


def first_day(zone: tzinfo, *texts: str | None) -> date | None:
    """The first of the texts that is a date."""
    for text in texts:
        if text and (found := day(text, zone)):
            return found
    return None
