"""The bands of the sources. Whole numbers are compared, never rounded percents."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST = 10
"""Below this no level is given."""
UNSURE_SPINE = "none-published"


def level(kind: str, met: int, of: int) -> str:
    """The band of a share; "" where there is none.

    IOF: below 50%, 50 to 80, above 80. For the drug recommended one limit, 50% (50.0 itself: OWN). UK: 80 and above green, 50
    to below 80 amber, below 50 red; recommended: above 50 green, below red, 50 itself not published. Spine: above 20% green, 11
    to 19 amber, below 10 red; what lies between is not published.

    >>> [level("iof", met, 50) for met in (24, 25, 40, 41)], [level("uk", met, 100) for met in (49, 50, 79, 80)]
    (['low', 'middle', 'middle', 'high'], ['red', 'amber', 'amber', 'green'])
    """
    if not of or not kind:
        return ""
    share = 100 * met
    match kind:
        case "iof":
            return "low" if share < 50 * of else "high" if share > 80 * of else "middle"
        case "iof-half":
            return "reached" if share >= 50 * of else "below"
        case "uk":
            return "red" if share < 50 * of else "green" if share >= 80 * of else "amber"
        case "uk-half":
            return "green" if share > 50 * of else "red" if share < 50 * of else UNSURE_SPINE
        case "uk-spine":
            if share > 20 * of:
                return "green"
            return "red" if share < 10 * of else "amber" if 11 * of <= share <= 19 * of else UNSURE_SPINE
    raise ValueError(kind)


def complete(known: int, closed: int) -> bool:
    """Whether more than 80% of closed windows are known.

    >>> complete(41, 50), complete(40, 50)
    (True, False)
    """
    return 100 * known > 80 * closed


UK_FIELDS = 17
"""Of the UK's report of 2018."""


def good_data(fields: Sequence[tuple[int, int]]) -> bool | None:
    """The UK's data completeness, of (missing, records) by field: fewer than five of 17 with more than 20% missing. None
    without any record, and where the fields that a chart does not have could still make it five.

    >>> [good_data([(21, 100)] * number + [(20, 100)] * (17 - number)) for number in (4, 5)], good_data([(0, 0)] * 17)
    ([True, False], None)
    >>> good_data([(20, 100)] * 8), good_data([(21, 100)] * 5 + [(20, 100)] * 3), good_data([(20, 100)] * 13)
    (None, False, True)
    """
    if not any(records for _, records in fields):
        return None
    poor = sum(100 * missing > 20 * records for missing, records in fields)
    if poor >= 5:
        return False
    return True if poor + max(UK_FIELDS - len(fields), 0) < 5 else None
