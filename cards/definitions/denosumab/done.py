"""Which tests of a gap after denosumab were done in it, so that they are not asked for again before their interval."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart
from cards.chart.calendar import add_months
from cards.definitions.denosumab.state import SPINE, Kind, State, judged_from
from cards.definitions.minerals import vitamin_d

_BROKEN = (Kind.REBOUND, Kind.IN_SPITE)
_FOLLOWED = (Kind.TOO_EARLY, Kind.TOO_LATE)


def done(chart: Chart, found: State) -> frozenset[str]:
    """The tests that tell of this state. The spine, if imaged in the last {spine-again-months} months and since denosumab had
    worn off for a month ({rebound-from-months} months after the dose), the newest fragility fracture and the newest back pain;
    MRI stands for itself. CTX and P1NP of the last {denosumab-ctx-months} months, measured since denosumab wore off, what
    followed may be judged by it, or vertebrae broke. 25(OH)D of {vitamin-d-window-months} months."""
    return frozenset(_done(chart, found))


def _done(chart: Chart, found: State) -> Iterator[str]:
    imaged = max((chart.months_ago(chart.numbers.spine_again_months), *_spine_from(chart, found)))
    yield from (key for key in SPINE if chart.read(*(SPINE if key == SPINE[0] else (key,)), since=imaged))
    measured = max((chart.months_ago(chart.numbers.denosumab_ctx_months), *_turnover_from(chart, found)))
    yield from (key for key in ("ctx", "p1np") if chart.newest(key, since=measured) is not None)
    if vitamin_d(chart) is not None:
        yield "vitamin-d"


def _spine_from(chart: Chart, found: State) -> Iterator[date]:
    last, pain = found.course.last_dose_at_latest, chart.active_problem("back-pain")
    ended = add_months(last, chart.numbers.rebound_from_months) if last else found.course.ended(chart.today)
    days = [f.at_latest for f in (*chart.fractures, *chart.young_fractures)]
    yield from (day for day in (ended, pain.when if pain else None, *days) if day)


def _turnover_from(chart: Chart, found: State) -> Iterator[date]:
    """Of days ahead none counts: until then what is there is not measured again."""
    last = found.course.last_dose_at_latest
    days = [add_months(last, chart.numbers.denosumab_months) if last else found.course.ended(chart.today)]
    if found.kind in _BROKEN:
        days += [f.at_latest for f in chart.fractures if f.site == "vertebra"]
    if found.kind in _FOLLOWED and found.follow_on is not None:
        days += [found.follow_on.latest or found.follow_on.begun, judged_from(chart, found.follow_on)]
    yield from (day for day in days if day and day <= chart.today)
