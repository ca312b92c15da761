"""Denosumab 60 mg to its end: when the next dose is due, what holds the bone after it, and what happens when nothing does."""

from __future__ import annotations

from cards.chart import Chart
from cards.definitions.denosumab.dates import due_as_recorded, late_from, months_after, next_due, safe_until, undated_doses
from cards.definitions.denosumab.done import done
from cards.definitions.denosumab.duration import Duration, duration
from cards.definitions.denosumab.follow_on import FollowOn, Holds, anabolic_beside, follow_on, only_ordered
from cards.definitions.denosumab.kidneys import tests_first, watched, with_nephrology
from cards.definitions.denosumab.oncology import Ended, ended_oncologic
from cards.definitions.denosumab.reason import blocking, reason_ended
from cards.definitions.denosumab.rebound import Rebound, in_rebound, rebound, windows
from cards.definitions.denosumab.state import OPEN, Gap, Kind, State, imaged_since, risen, state, unseen_gap
from cards.vocabulary import ALENDRONATE, DENOSUMAB, ZOLEDRONATE, Drug

__all__ = [
    "AFTER_DENOSUMAB",
    "OPEN",
    "Duration",
    "Ended",
    "FollowOn",
    "Gap",
    "Holds",
    "Kind",
    "Rebound",
    "State",
    "anabolic_beside",
    "blocking",
    "closes_gap",
    "done",
    "due_as_recorded",
    "duration",
    "ended_oncologic",
    "follow_on",
    "imaged_since",
    "in_rebound",
    "late_from",
    "months_after",
    "next_due",
    "only_ordered",
    "reason_ended",
    "rebound",
    "risen",
    "safe_until",
    "state",
    "tests_first",
    "undated_doses",
    "unseen_gap",
    "watched",
    "windows",
    "with_nephrology",
]

AFTER_DENOSUMAB = (ZOLEDRONATE, ALENDRONATE)
"""What follows denosumab, best first."""
_DUE = frozenset({Kind.GOING_ON, Kind.PLAN, Kind.LATE, Kind.PERHAPS, Kind.REBOUND})


def closes_gap(chart: Chart, drug: Drug) -> bool:
    """Whether the drug is what `denosumab-due` or `denosumab-sequence` recommend: the next dose of denosumab or, once that is
    stopped, late or followed by fractures, what follows it. A gap breaks vertebrae sooner than a work-up ends."""
    found = state(chart)
    if found is None:
        return False
    if drug is DENOSUMAB:
        return found.kind in _DUE
    return drug in AFTER_DENOSUMAB and found.kind in (_DUE | {Kind.UNDATED}) - {Kind.GOING_ON}
