"""FHIR dates and dateTimes -> calendar dates of the service's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
"""Stands for an unknown moment where moments are compared."""

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")


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
        if _DATE.fullmatch(text):
            return datetime.fromisoformat((text + "-01-01")[:10] if len(text) < 10 else text).replace(tzinfo=zone)
        if not _MOMENT.fullmatch(text):
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
    found = moment(text, zone)
    return found.date() if found else None


def first_day(zone: tzinfo, *texts: str | None) -> date | None:
    """The first of the texts that is a date."""
    for text in texts:
        if text and (found := day(text, zone)):
            return found
    return None
