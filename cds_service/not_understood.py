"""What was not understood, in a form that may be stored and shown to operators: codes and names, no values, no patient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cards import chart
from cards.vocabulary import COURSES, Data
from cds_service.store.unread import CODE, NAME, SYSTEM, Counted, Unread

_KINDS = dict.fromkeys((*COURSES, Data.ALLERGIES), "drug") | {
    Data.CONDITIONS: "condition",
    Data.FAMILY_HISTORY: "condition",
    Data.PROCEDURES: "service",
    Data.ORDERS: "service",
    Data.IMAGING: "service",
    Data.REPORTS: "service",
    Data.CARE_PLANS: "service",
    Data.ENCOUNTERS: "service",
}
"""The kind in a table of local codes; all other groups are observations."""
_COLUMNS = ("kind", "system", "code", "key", "site", "mg", "name", "times", "last")
_NUMBER = re.compile(
    r"(?a)(?<![A-Za-z\d])(?!25[-( ]*(?:OH|hydroxy|羟))\d+(?:[.,:/-]\d+)*|\d+(?:[.:]\d+)+|\d{4,}", re.IGNORECASE
)
"""Numbers that may be values, dates or ids. Those of P1NP, B12 and 25-OH are parts of a name."""
_PLACE = "#"
"""Stands where a number was."""
_FORMULA = ("=", "+", "-", "@")


def shape(unread: chart.Unread) -> Unread:
    """What may be kept of something unread.

    >>> shape(chart.Unread(Data.WORK_UP, "not-understood", text="P1NP 45.2 of 2021-03-04")).name
    'P1NP # of #'
    """
    system, code = _clean(unread.system)[:SYSTEM], _clean(unread.code)[:CODE]
    texts = unread.text.split(" | ")
    said = texts[-1] if code else texts[0]  # the word of a code system, where there is one, before that of a person
    return Unread(unread.data.value, unread.why, system, code, _NUMBER.sub(_PLACE, _clean(said))[:NAME].strip())


def kind_of(data: str) -> str:
    """The kind that a table of local codes has for something of this group.

    >>> kind_of("statements"), kind_of("work-up")
    ('drug', 'observation')
    """
    return _KINDS.get(Data(data), "observation")


def mappable(counted: Iterable[Counted]) -> Iterator[Counted]:
    """What a table of local codes can map: it has a system and a code, or neither and a name that is whole, and nothing in
    it that a spreadsheet takes for a formula."""
    return (each for each in counted if _is_mappable(each.what))


def _is_mappable(what: Unread) -> bool:
    told = (what.system, what.code) if what.system or what.code else (what.name,)
    whole = what.code or (_PLACE not in what.name and len(what.name) < NAME)
    return bool(whole) and all(part and not part.startswith(_FORMULA) for part in told)


def local_codes(counted: Iterable[Counted]) -> str:
    """Rows for ``CDS_LOCAL_CODES``, of which the site fills in the ``key`` (and ``site`` or ``mg``); the last columns are for
    people and are not read, except ``name`` where there is no code."""
    lines = [_COLUMNS]
    for what, times, last in mappable(counted):
        name = what.name.lstrip("".join(_FORMULA))
        lines.append((kind_of(what.data), what.system, what.code, "", "", "", name, str(times), last.isoformat()))
    return "".join("\t".join(line) + "\n" for line in lines)


def _clean(text: str) -> str:
    """Without what no table holds: line breaks, tabs, control characters, halves of characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
