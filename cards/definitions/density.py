"""Bone density: which T-score counts, what is low, whether it fell, whether it was ever measured and is known."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Measurement, per_chart
from cards.chart.calendar import Partial, add_months, as_recorded
from cards.definitions.person import t_group
from cards.vocabulary import DIAGNOSTIC_SITES, HIP_SITES, Site

_YEAR = 12
"""In months."""


@per_chart
def newest_t_scores(chart: Chart) -> list[Measurement]:
    """The newest T-score of each diagnostic site; if both sides were measured on one day, the lower."""
    newest = []
    for site in sorted(DIAGNOSTIC_SITES):
        values = chart.values("t-score", site=site)
        if values:
            newest.append(min(_of_that_day(values), key=lambda m: m.value))
    return newest


def _of_that_day(values: tuple[Measurement, ...]) -> list[Measurement]:
    """The newest value and that of the other side on the same day; for one side, the later time counts."""
    by_side: dict[str, Measurement] = {}
    for m in values:
        if m.when == values[0].when and (m.side not in by_side or _tied_and_lower(m, by_side[m.side])):
            by_side[m.side] = m
    return list(by_side.values())


def _tied_and_lower(one: Measurement, other: Measurement) -> bool:
    return one.order == other.order and one.value < other.value


@per_chart
def lowest_t(chart: Chart) -> Measurement | None:
    """The lowest of the newest T-score of each diagnostic site: lumbar spine, femoral neck, total hip, distal third of the
    radius, and a T-score without any site. If both sides were measured on one day, the lower counts. Heel, ultrasound, and a
    forearm without a region never count; a femur without a region counts as one more site if its T-score is {t-osteoporosis} or
    lower. None outside the T-group, where T-scores do not apply."""
    femur = chart.newest("t-score", site=Site.FEMUR)
    low_femur = [femur] if femur and femur.value <= chart.numbers.t_osteoporosis else []
    return min([*newest_t_scores(chart), *low_femur], key=lambda m: m.value, default=None) if t_group(chart) else None


def hip_t(chart: Chart, since: date | None = None) -> Measurement | None:
    """The lower of the newest T-scores of femoral neck and total hip, within the period if one is given."""
    found = [m for m in newest_t_scores(chart) if m.site in HIP_SITES and (since is None or m.when >= since)]
    return min(found, key=lambda m: m.value, default=None)


def hip_read(chart: Chart, day: date) -> Measurement | None:
    """The hip T-score that decides on a holiday, as it is read on that day: the lower of the newest of femoral neck and total
    hip of the {hip-t-window-months} months before it."""
    since, newest = add_months(day, -chart.numbers.hip_t_window_months), []
    for site in sorted(HIP_SITES):
        values = tuple(m for m in chart.values("t-score", site=site, since=since) if m.when <= day)
        newest += [min(_of_that_day(values), key=lambda m: m.value)] if values else []
    return min(newest, key=lambda m: m.value, default=None)


class Fall(Struct, frozen=True):
    """A loss of BMD at one site, in percent of the baseline; negative for a gain."""

    site: Site
    baseline: Measurement
    newest: Measurement
    percent: float


def bmd_fall(chart: Chart, start: date) -> Fall | None:
    """A loss of BMD at one site from the baseline to the newest DXA, in percent of the baseline, beyond the least significant
    change: total hip {lsc-total-hip} %, lumbar spine {lsc-lumbar-spine} %, femoral neck {lsc-femoral-neck} %; the first of
    these with a loss."""
    falls = (change(chart, site, start) for site in (Site.TOTAL_HIP, Site.LUMBAR_SPINE, Site.FEMORAL_NECK))
    return next((fall for fall in falls if fall and fall.percent > chart.numbers[f"lsc-{fall.site}"]), None)


def change(chart: Chart, site: Site, start: date) -> Fall | None:
    """How BMD at a site changed from the baseline of a drug to the newest DXA. Different sides are not comparable, nor are
    different devices or methods if both scans name one."""
    both = since_baseline(chart, "bmd", site, start)
    if both is None or not comparable(*both):
        return None
    baseline, newest = both
    percent = round((baseline.value - newest.value) / baseline.value * 100, 6)  # 0.80 to 0.76 is exactly 5 %
    return Fall(site, baseline, newest, percent)


def since_baseline(chart: Chart, key: str, site: Site, start: date) -> tuple[Measurement, Measurement] | None:
    """The baseline of a drug and the newest value of a site. Baseline: the newest of the site from
    {bmd-baseline-before-months} months before to {bmd-baseline-after-months} months after the start of the drug, otherwise the
    first on treatment."""
    from_day = add_months(start, -chart.numbers.bmd_baseline_before_months)
    to_day = add_months(start, chart.numbers.bmd_baseline_after_months)
    values = chart.values(key, site=site, since=from_day)
    early = [m for m in values if m.when <= to_day]
    baseline = early[0] if early else next(reversed(values), None)
    if baseline is None or values[0].when <= baseline.when:
        return None
    return baseline, values[0]


def comparable(one: Measurement, other: Measurement) -> bool:
    """Whether two scans are of one side and, if both name it, of one device or method."""
    other_device = one.method and other.method and one.method != other.method
    return not other_device and one.side == other.side


def yearly_loss(chart: Chart) -> Fall | None:
    """The greatest loss of BMD at one site from a scan of the twelve months before its newest one, in percent; side and device
    alike."""
    falls = []
    for site in (Site.TOTAL_HIP, Site.LUMBAR_SPINE, Site.FEMORAL_NECK):
        values = chart.values("bmd", site=site)
        since = add_months(values[0].when, -_YEAR) if values else None
        for m in values[1:]:
            if since is not None and since <= m.when < values[0].when and comparable(m, values[0]):
                falls.append(Fall(site, m, values[0], round((m.value - values[0].value) / m.value * 100, 6)))
    return max(falls, key=lambda fall: fall.percent, default=None)


def lowest_z(chart: Chart) -> Measurement | None:
    """The lowest of the newest Z-score of each diagnostic site."""
    newest = (m for site in sorted(DIAGNOSTIC_SITES) for m in chart.values("z-score", site=site)[:1])
    return min(newest, key=lambda m: m.value, default=None)


def last_measured(chart: Chart) -> date | None:
    """The last possible day of the newest measurement of bone density, by its values or by the scan."""
    sites = {*DIAGNOSTIC_SITES, Site.FEMUR}
    days = [m.at_latest for key in ("t-score", "z-score", "bmd") for m in chart.values(key) if m.site in sites]
    done = chart.done("dxa", "qct")
    days += [m.at_latest for m in chart.values("qct-vbmd")[:1]]
    return max([*days, *([done.at_latest] if done and done.at_latest else [])], default=None)


def low_t(chart: Chart) -> Measurement | None:
    """The lowest T-score if it is between -2.5 and -1.0 (low bone mass)."""
    lowest = lowest_t(chart)
    return lowest if lowest and chart.numbers.t_osteoporosis < lowest.value < chart.numbers.t_low else None


def bmd_since(chart: Chart, months: int | None) -> bool:
    """A T-score, Z-score or BMD of a diagnostic site or of the femur, a QCT value, or a DXA or QCT that was done even if no
    value is on record: ever, or within the period given.

    ``months``: the period; None means ever.
    """
    since = chart.months_ago(months) if months is not None else None
    sites = {*DIAGNOSTIC_SITES, Site.FEMUR}
    dxa = any(m.site in sites for key in ("t-score", "z-score", "bmd") for m in chart.values(key, since=since))
    return dxa or bool(chart.values("qct-vbmd", since=since)) or chart.done("dxa", "qct", since=since) is not None


def bmd_known(chart: Chart) -> bool:
    """A T-score or Z-score of a diagnostic site, a T-score of the femur of {t-osteoporosis} or lower, or a QCT value, of any
    time."""
    scores = any(m.site in DIAGNOSTIC_SITES for key in ("t-score", "z-score") for m in chart.values(key))
    return scores or bool(chart.values("qct-vbmd")) or lowest_t(chart) is not None


class Unknown(Struct, frozen=True):
    """A measurement of bone density whose result is not known. ``why``: "report" (the result in it could not be read), "scan"
    (no result on record), "region" (a T-score of the femur, region not named), "bmd" (BMD without a T-score); ``value`` of the
    last two."""

    why: str
    when: date
    latest: date | None
    source: str
    value: Measurement | None = None

    @property
    def dated(self) -> date | Partial:
        """The day as recorded."""
        return as_recorded(self.when, self.latest) or self.when

    @property
    def at_latest(self) -> date:
        """The last day that it can have been."""
        return self.latest or self.when


def unknown_bmd(chart: Chart) -> Unknown | None:
    """The newest measurement of bone density that has no T-score or Z-score of a diagnostic site; None if any such score is on
    record, or if none was ever made."""
    if bmd_known(chart):
        return None
    values = [("region", m) for m in chart.values("t-score", site=Site.FEMUR)]
    values += [("bmd", m) for m in chart.values("bmd") if m.site in {*DIAGNOSTIC_SITES, Site.FEMUR}]
    found = [Unknown(why, m.when, m.latest, m.source, m) for why, m in values]
    if done := chart.done("dxa", "qct"):
        why = "report" if done.unread and done.source.startswith("DiagnosticReport/") else "scan"
        found.append(Unknown(why, done.when or chart.today, done.latest, done.source))
    return max(found, key=lambda each: each.when, default=None)
