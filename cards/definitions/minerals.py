"""Calcium and 25(OH)D as judged by the safety rules (card specification, "calcium")."""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Measurement, Problem, facts, per_chart
from cards.chart.facts import Fact
from cards.chart.shown import limit_beside
from cards.definitions.kidney import renal
from cards.thresholds import Numbers
from cards.vocabulary import Data


class Calcium(Struct, frozen=True):
    """One calcium value, judged by the laboratory's own range, otherwise by the usual one. None: its comparator leaves it
    open. ``ceiling``: the upper limit that it was held against."""

    value: Measurement
    low: bool | None
    high: bool | None
    uncorrected: bool = False
    ceiling: float = 0

    def beyond(self, by: float) -> bool | None:
        """Whether it is more than ``by`` mg/dL above the limit; None for ionized calcium, of which that says nothing."""
        if self.value.key == "calcium-ionized":
            return None
        return round(self.value.value - self.ceiling, 2) > by


@per_chart
def calcium(chart: Chart, since: date | None = None) -> Calcium | None:
    """The newest of {calcium-window-months} months: ionized calcium, albumin-corrected calcium as reported, or total calcium
    corrected by the albumin nearest to it, at most {albumin-near-days} days away: total + {albumin-correction} x
    ({albumin-normal} - albumin in g/dL). Without such an albumin, the total counts as measured and is labeled uncorrected. On
    one day, ionized calcium takes precedence, then the reported corrected value; of otherwise equivalent totals, the lowest. It
    is judged low or high by the laboratory's own range; if none is given, low is below {calcium-low} or above {calcium-high}
    mg/dL, ionized below {calcium-ionized-low} or above {calcium-ionized-high} mmol/L. A value with "<" or ">" counts as low or
    high only if that is certain.

    ``since``: an alternative start of the window.
    """
    since = since or chart.months_ago(chart.numbers.calcium_window_months)
    candidates = [*chart.values("calcium-ionized", since=since)[:1], *chart.values("calcium-corrected", since=since)[:1]]
    totals = chart.values("calcium", since=since)
    total = min(
        (m for m in totals if (m.when, m.order) == (totals[0].when, totals[0].order)), key=lambda m: m.value, default=None
    )
    if total is not None:
        candidates.append(_corrected(chart, total))
    return _judged(chart, max(candidates, key=lambda m: m.when)) if candidates else None


@per_chart
def calcium_values(chart: Chart, since: date | None = None) -> tuple[Calcium, ...]:
    """All values, or those since a day, judged as ``calcium`` judges the newest; newest first."""
    found = [*chart.values("calcium-ionized", since=since), *chart.values("calcium-corrected", since=since)]
    found += [_corrected(chart, total) for total in chart.values("calcium", since=since)]
    return tuple(_judged(chart, each) for each in sorted(found, key=lambda m: m.when, reverse=True))


def _corrected(chart: Chart, total: Measurement) -> Measurement:
    """A total corrected by the albumin nearest to it; as measured where there is none, or where its comparator forbids it."""
    albumin = _albumin_near(chart, total.when)
    if albumin is None or total.comparator:
        return total
    share, normal = chart.numbers.albumin_correction, chart.numbers.albumin_normal
    corrected = total.value + share * (normal - albumin.value)
    return replace(total, key="calcium-corrected", value=corrected, computed=f"total + {share} × ({normal} − albumin)")


def _judged(chart: Chart, value: Measurement) -> Calcium:
    low, high = (round(end, 2) for end in calcium_range(chart.numbers, value))
    judged = replace(value, value=round(value.value, 2))  # 2.12 mmol/L is 8.497 mg/dL: the same limit, not below it
    return Calcium(judged, judged.below(low), _above(judged, high), value.key == "calcium", high)


def borderline(chart: Chart) -> Measurement | None:
    """The newest calcium, if it is not high and yet above {calcium-borderline} mg/dL, where the laboratory gives no upper
    limit; never ionized calcium."""
    reading = calcium(chart)
    if reading is None or reading.high or reading.value.high is not None or reading.value.key == "calcium-ionized":
        return None
    return reading.value if reading.value.at_most(chart.numbers.calcium_borderline) is False else None


def denial(chart: Chart, listed: Problem | None) -> Measurement | None:
    """The newest calcium, if it is within range and no older than a problem-list entry of hypercalcemia."""
    newest = calcium(chart)
    if listed is None or newest is None or newest.high is not False:
        return None
    return newest.value if listed.when is None or newest.value.when >= listed.when else None


def listed_excess(chart: Chart) -> Problem | None:
    """Hypercalcemia or hypercalciuria that is on record as active, and that no value in range since its entry answers."""
    blood, urine = chart.active_problem("hypercalcemia"), chart.active_problem("hypercalciuria")
    if blood is not None and denial(chart, blood) is None:
        return blood
    return urine if urine is not None and not _urine_in_range(chart, urine) else None


def _urine_in_range(chart: Chart, listed: Problem) -> bool:
    """Whether the newest 24 h urine calcium is not high, and no older than the entry."""
    newest = chart.newest("urine-calcium", since=chart.months_ago(chart.numbers.urine_calcium_window_months))
    if newest is None or urine_calcium_high(chart, newest):
        return False
    return listed.when is None or newest.when >= listed.when


def _albumin_near(chart: Chart, day: date) -> Measurement | None:
    """The albumin nearest to ``day``, the newer of two; None if it is too far away."""
    found = [m for m in chart.values("albumin") if not m.comparator]
    nearest = min(found, key=lambda m: abs((m.when - day).days), default=None)
    return nearest if nearest and abs((nearest.when - day).days) <= chart.numbers.albumin_near_days else None


def calcium_range(numbers: Numbers, value: Measurement) -> tuple[float, float]:
    """The laboratory's own range if given, otherwise the usual one."""
    kind = "calcium-ionized" if value.key == "calcium-ionized" else "calcium"
    low = numbers[f"{kind}-low"] if value.low is None else value.low
    high = numbers[f"{kind}-high"] if value.high is None else value.high
    return low, high


def _above(value: Measurement, threshold: float) -> bool | None:
    inside = value.at_most(threshold)
    return None if inside is None else not inside


@per_chart
def vitamin_d(chart: Chart) -> Measurement | None:
    """The newest 25(OH)D of {vitamin-d-window-months} months; of several that are otherwise equivalent, the lowest."""
    found = chart.values("vitamin-d", since=chart.months_ago(chart.numbers.vitamin_d_window_months))
    return min((m for m in found if (m.when, m.order) == (found[0].when, found[0].order)), key=lambda m: m.value, default=None)


@per_chart
def vitamin_d_excess(chart: Chart) -> Measurement | None:
    """The newest 25(OH)D, if it is of the last {vitamin-d-excess-months} months and above {vitamin-d-excess} ng/mL."""
    newest = chart.newest("vitamin-d")
    since = chart.months_ago(chart.numbers.vitamin_d_excess_months)
    if newest is None or newest.at_latest < since:
        return None
    newest = replace(newest, value=round(newest.value, 2))  # 250 nmol/L is 100.15 ng/mL: the same limit, not above it
    return newest if newest.at_most(limit_beside(chart.numbers.vitamin_d_excess, newest)) is False else None


READS = (Data.CALCIUM,)


def unmeasured(chart: Chart) -> str:
    """What must be known before calcium is taken in addition, and is not: calcium, kidney function."""
    kidneys = renal(chart).lowest is None and not renal(chart).dialysis
    return "-".join([*(["calcium"] if calcium(chart) is None else []), *(["kidneys"] if kidneys else [])])


class Phosphatase(Struct, frozen=True):
    """One ALP, judged by the laboratory's own upper limit, otherwise by the usual one (``ceiling``). None: its comparator
    leaves it open."""

    value: Measurement
    ceiling: float
    high: bool | None


@per_chart
def phosphatase(chart: Chart) -> Phosphatase | None:
    """The newest ALP of {work-up-window-months} months, high above the laboratory's own range; if none is given, above
    {alp-high} U/L. A value with "<" or ">" counts as high only if that is certain."""
    newest = chart.newest("alp", since=chart.months_ago(chart.numbers.work_up_window_months))
    if newest is None:
        return None
    ceiling = chart.numbers.alp_high if newest.high is None else newest.high
    within = newest.at_most(ceiling)
    return Phosphatase(newest, ceiling, None if within is None else not within)


def unmeasured_before_analog(chart: Chart) -> str:
    """What must be known before a PTH analog, and is not: calcium, PTH, none of {work-up-window-months} months; ALP, none that
    shows whether it is high (``phosphatase``). Labels forbid it where one of them is high, and nothing on record shows that
    none is."""
    since = chart.months_ago(chart.numbers.work_up_window_months)
    alp = phosphatase(chart)
    unknown = {
        "calcium": calcium(chart) is None,
        "pth": chart.newest("pth", since=since) is None,
        "alp": alp is None or alp.high is None,
    }
    return "-".join(key for key, missing in unknown.items() if missing)


def urine_calcium_high(chart: Chart, urine: Measurement) -> bool:
    """Whether a 24 h urine calcium is above the laboratory's own limit, otherwise above {urine-calcium-man-mg} mg in men and
    {urine-calcium-woman-mg} mg in women."""
    usual = chart.numbers["urine-calcium-man-mg" if chart.patient.sex == "male" else "urine-calcium-woman-mg"]
    return urine.at_most(usual if urine.high is None else urine.high) is False


def calcium_excess(chart: Chart) -> tuple[str, Fact] | None:
    """Why calcium must not be given: blood or urine calcium is high, or the condition is active."""
    reading = calcium(chart)
    if reading is not None and reading.high:
        return "blood", facts.measured(reading.value)
    urine = high_urine_calcium(chart)
    if urine is not None:
        return "urine", facts.measured(urine)
    problem = chart.active_problem("hypercalcemia", "hypercalciuria")
    if problem is not None:
        return "problem", facts.problem(problem)
    return None


def high_urine_calcium(chart: Chart) -> Measurement | None:
    """The newest 24 h urine calcium of {urine-calcium-window-months} months, if it is high."""
    urine = chart.newest("urine-calcium", since=chart.months_ago(chart.numbers.urine_calcium_window_months))
    return urine if urine is not None and urine_calcium_high(chart, urine) else None
