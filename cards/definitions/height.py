"""Lost height: which heights can be compared, and which fall of them is a slip of the pen or has another reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Measurement, per_chart
from cards.chart.calendar import add_days, add_months

_SHORTENED = ("leg-amputation", "leg-lengthening", "paralysis", "paraplegia")
"""From then on height says nothing of the spine."""


class Loss(Struct, frozen=True):
    """A loss of height in cm, and the two measurements compared. ``recent``: within {height-window-months} months."""

    cm: float
    before: Measurement
    now: Measurement
    recent: bool = True


@per_chart
def height_loss(chart: Chart) -> Loss | None:
    """{height-loss-recent} cm or more within {height-window-months} months, or {height-loss-ever} cm below the tallest adult
    height (newest height of {height-newest-months} months), among heights that can be believed (``implausible_loss``)."""
    return _loss(chart, *_compared(chart))


def loss_since(chart: Chart, film: date, near_days: float) -> Loss | None:
    """The same since an image of the spine: from the height of that time, which is the first one within ``near_days`` days
    after it, otherwise the newest before it. What was lost by then, the image has explained."""
    now, earlier = _compared(chart)
    known = [*([now] if now else []), *earlier]
    after = [m for m in known if film <= m.when <= add_days(film, round(near_days))]
    before = [m for m in known if m.when < film]
    baseline = after[-1] if after else before[0] if before else None
    return _loss(chart, now, [m for m in earlier if m is baseline or m.when > (baseline.when if baseline else film)])


def _loss(chart: Chart, now: Measurement | None, earlier: list[Measurement]) -> Loss | None:
    n = chart.numbers
    if now is None:
        return None
    believed = [m for m in earlier if not _too_far(chart, m, now) or _vouched(chart, m, now)]
    near = _tallest(m for m in believed if _is_near(chart, m, now))
    if near is not None and _fall(near, now) >= n.height_loss_recent:
        return Loss(near.value - now.value, near, now)
    tallest = _tallest(believed)
    if tallest is not None and _fall(tallest, now) >= n.height_loss_ever:
        return Loss(tallest.value - now.value, tallest, now, recent=False)
    return None


@per_chart
def implausible_loss(chart: Chart) -> Loss | None:
    """More than {height-spread} cm below a height of the {height-window-months} months before, or more than
    {height-spread-ever} cm below the tallest: a slip of the pen or another reason, until a second height, of another day,
    confirms it within {height-same-cm} cm. Then it is a loss (``height_loss``), unless the taller height was the slip: nothing
    confirms that one, and the adult was as much shorter before it."""
    now, earlier = _compared(chart)
    if now is None or height_loss(chart) is not None or _confirmed(chart, now):
        return None
    doubted = _tallest(m for m in earlier if _too_far(chart, m, now))
    return Loss(doubted.value - now.value, doubted, now, recent=_is_near(chart, doubted, now)) if doubted else None


def _vouched(chart: Chart, before: Measurement, now: Measurement) -> bool:
    """Whether a fall that is hard to believe is to be believed: the lower height is confirmed, and the taller one too, or no
    height before it speaks against it."""
    grown = any(m.when < before.when and _too_far(chart, before, m) for m in _of_adult(chart))
    return _confirmed(chart, now) and (_confirmed(chart, before) or not grown)


def _confirmed(chart: Chart, height: Measurement) -> bool:
    """Whether a height of another day is the same within {height-same-cm} cm."""
    limit = chart.numbers.height_same_cm
    return any(m is not height and abs(round(m.value - height.value, 1)) <= limit for m in _of_adult(chart))


def _compared(chart: Chart) -> tuple[Measurement | None, list[Measurement]]:
    """The newest height of {height-newest-months} months, and those before it."""
    usable = _of_adult(chart)
    now = usable[0] if usable else None
    if now is None or now.when < chart.months_ago(chart.numbers.height_newest_months):
        return None, []
    return now, [m for m in usable if m.when < now.when]


@per_chart
def _of_adult(chart: Chart) -> list[Measurement]:
    """Heights as an adult, newest first, of one day the higher one. Not below {height-least-cm} nor above {height-most-cm} cm
    (inches taken for centimeters are below), nor after a leg was amputated or lengthened or paralysis began."""
    n = chart.numbers
    since = _shortened_since(chart)
    by_day: dict[date, Measurement] = {}
    for m in chart.values("height"):
        believed = not m.comparator and n.height_least_cm <= m.value <= n.height_most_cm and not _of_a_child(chart, m.when)
        if believed and (since is None or m.when < since) and (m.when not in by_day or m.value > by_day[m.when].value):
            by_day[m.when] = m
    return [by_day[day] for day in sorted(by_day, reverse=True)]


def _shortened_since(chart: Chart) -> date | None:
    return min((p.when for key in _SHORTENED for p in chart.problems.get(key, ()) if p.when), default=None)


def _of_a_child(chart: Chart, day: date) -> bool:
    age = chart.patient.age_on(day)
    return age is not None and age < chart.numbers.adult_years


def _too_far(chart: Chart, before: Measurement, now: Measurement) -> bool:
    n = chart.numbers
    fall = _fall(before, now)
    return fall > n.height_spread_ever or (fall > n.height_spread and _is_near(chart, before, now))


def _is_near(chart: Chart, before: Measurement, now: Measurement) -> bool:
    return before.when >= add_months(now.when, -chart.numbers.height_window_months)


def _fall(before: Measurement, now: Measurement) -> float:
    return round(before.value - now.value, 1)


def _tallest(heights: Iterable[Measurement]) -> Measurement | None:
    return max(heights, key=lambda m: m.value, default=None)
