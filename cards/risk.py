"""Who the patient is, what is known of the bone, and how high the risk is: predicates that several rules share."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.calendar import DAYS_A_MONTH, add_days, add_months, months_between
from cards.chart import Chart, Course, Fracture, Measurement, per_chart
from cards.concepts import ANABOLIC, ANTIRESORPTIVE, COURSES, DIAGNOSTIC_SITES, HIP_SITES, Data, Drug, Mechanism, Site
from cards.fractures import MAJOR_SITES, MINOR_SITES
from cards.thresholds import limit, measure

TREATMENT = ANTIRESORPTIVE | ANABOLIC

READS = (Data.CONDITIONS, Data.PROCEDURES, Data.BONE_DENSITY, Data.FRACTURE_RISK, *COURSES)
"""What diagnosis and risk are made from."""


# -- the person -------------------------------------------------------------------------------------------------------


def adult(chart: Chart) -> bool:
    """{adult-years} or older; a patient whose age is not known is taken for an adult."""
    return chart.age is None or chart.age >= limit("adult-years")


@per_chart
def postmenopausal(chart: Chart) -> bool:
    """Female, and {t-group-years} or older or with menopause, early menopause or bilateral oophorectomy on record."""
    if not chart.patient.female:
        return False
    old_enough = chart.age is not None and chart.age >= limit("t-group-years")
    return old_enough or chart.problem("menopause", "early-menopause", "oophorectomy") is not None


@per_chart
def t_group(chart: Chart) -> bool:
    """Those whose bone is judged by T-scores (POP2022-D1): postmenopausal women and men of {t-group-years} or older, adults
    all. Where the sex is not known the age decides, since it is the same for both."""
    old_enough = chart.age is not None and chart.age >= limit("t-group-years")
    return adult(chart) and (old_enough or postmenopausal(chart))


def pregnant(chart: Chart) -> bool:
    """Female, under {pregnancy-age-years} (or of unknown age), with an active pregnancy on record that has no end and that
    began or was recorded within {pregnancy-days} days; an undated one counts. Miscarriage, delivery and puerperium are none."""
    if not chart.patient.female or (chart.age is not None and chart.age >= limit("pregnancy-age-years")):
        return False
    since = chart.days_ago(limit("pregnancy-days"))
    return any(
        p.active and p.abated is None and (p.when is None or p.when >= since) for p in chart.problems.get("pregnancy", ())
    )


# -- bone density -----------------------------------------------------------------------------------------------------


@per_chart
def newest_t_scores(chart: Chart) -> list[Measurement]:
    """The newest T-score of each diagnostic site; of both sides on one day, the lower."""
    newest = []
    for site in sorted(DIAGNOSTIC_SITES):
        values = chart.values("t-score", site=site)
        if values:
            newest.append(min(_of_that_day(values), key=lambda m: m.value))
    return newest


def _of_that_day(values: tuple[Measurement, ...]) -> list[Measurement]:
    """The newest value, and that of the other side on the same day; of one side the later time counts."""
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
    radius, and a T-score that names no site at all. Of both sides on one day the lower counts. Never heel, ultrasound, or a
    forearm or femur whose region is not told. None outside the T-group, where T-scores do not count."""
    return min(newest_t_scores(chart), key=lambda m: m.value, default=None) if t_group(chart) else None


def hip_t(chart: Chart, since: date | None = None) -> Measurement | None:
    """The lower of the newest T-scores of femoral neck and total hip; where a period is named, of those within it."""
    found = [m for m in newest_t_scores(chart) if m.site in HIP_SITES and (since is None or m.when >= since)]
    return min(found, key=lambda m: m.value, default=None)


class Fall(Struct, frozen=True):
    """A loss of BMD beyond the least significant change at one site, in percent of the baseline."""

    site: Site
    baseline: Measurement
    newest: Measurement
    percent: float


def bmd_fall(chart: Chart, start: date) -> Fall | None:
    """A fall of BMD at one site from the baseline to the newest DXA, in percent of the baseline, beyond the least significant
    change: total hip {lsc-total-hip} %, lumbar spine {lsc-lumbar-spine} %, femoral neck {lsc-femoral-neck} %; the first of
    these that fell. Baseline: the newest DXA of the site from {bmd-baseline-before-months} months before to
    {bmd-baseline-after-months} months after the start of the drug, else the first on treatment. Another side, or another device
    or method where both name one, is not comparable."""
    from_day = add_months(start, -limit("bmd-baseline-before-months"))
    to_day = add_months(start, limit("bmd-baseline-after-months"))
    for site in (Site.TOTAL_HIP, Site.LUMBAR_SPINE, Site.FEMORAL_NECK):
        values = chart.values("bmd", site=site, since=from_day)
        if len(values) < 2:
            continue
        newest = values[0]
        early = [m for m in values if m.when <= to_day]
        baseline = early[0] if early else values[-1]
        if newest.when <= baseline.when or _other_device(baseline, newest):
            continue
        percent = round((baseline.value - newest.value) / baseline.value * 100, 6)  # 0.80 to 0.76 is 5 %, not a trace more
        if round(percent, 6) > measure(f"lsc-{site}"):
            return Fall(site, baseline, newest, percent)
    return None


def _other_device(one: Measurement, other: Measurement) -> bool:
    return bool(one.method and other.method and one.method != other.method) or one.side != other.side


# -- diagnosis --------------------------------------------------------------------------------------------------------


class Diagnosis(Struct, frozen=True):
    """Osteoporosis by criteria ("t-score", "major-fracture", "minor-fracture", "qct"), on what evidence, severe or not."""

    criterion: str
    t_score: Measurement | None = None
    fracture: Fracture | None = None
    qct: Measurement | None = None
    severe: bool = False


def low_t(chart: Chart) -> Measurement | None:
    """The lowest T where it lies between -2.5 and -1.0 (low bone mass)."""
    lowest = lowest_t(chart)
    return lowest if lowest and measure("t-osteoporosis") < lowest.value < measure("t-low") else None


@per_chart
def criteria(chart: Chart) -> Diagnosis | None:
    """Osteoporosis of an adult by bone density or fragility fracture, whether or not it is on the problem list; by the first of
    these: (1) lowest T-score {t-osteoporosis} or lower, called severe with any fragility fracture; (2) a fragility fracture of
    a vertebra or the hip, whatever the bone density; (3) one of the proximal humerus, pelvis or distal forearm, with the lowest
    T-score above {t-osteoporosis} and below {t-low}; (4) the newest lumbar QCT below {qct-osteoporosis} mg/cm3. A rib fracture
    alone is none of them."""
    if not adult(chart):
        return None
    lowest = lowest_t(chart)
    by_t = lowest is not None and lowest.value <= measure("t-osteoporosis")
    fracture = next(iter(chart.fractures), None)
    major = next((f for f in chart.fractures if f.site in MAJOR_SITES), None)
    minor = next((f for f in chart.fractures if f.site in MINOR_SITES), None)
    if by_t:
        return Diagnosis("t-score", lowest, major or minor or fracture, severe=fracture is not None)
    if major is not None:
        return Diagnosis("major-fracture", lowest, major)
    if minor is not None and low_t(chart) is not None:
        return Diagnosis("minor-fracture", lowest, minor)
    qct = chart.newest("qct-vbmd")
    if qct is not None and qct.below(measure("qct-osteoporosis")):
        return Diagnosis("qct", qct=qct, fracture=fracture)
    return None


@per_chart
def osteoporosis(chart: Chart) -> bool:
    """On the problem list (a resolved entry counts), or by criteria."""
    return chart.problem("osteoporosis") is not None or criteria(chart) is not None


def low_bone_mass(chart: Chart) -> bool:
    """No osteoporosis, and either the lowest T-score above {t-osteoporosis} and below {t-low}, or in the T-group a newest
    lumbar QCT of {qct-osteoporosis} to {qct-normal} mg/cm3, or low bone mass (osteopenia) as an active problem."""
    if osteoporosis(chart):
        return False
    qct = chart.newest("qct-vbmd")
    by_qct = qct is not None and measure("qct-osteoporosis") <= qct.value <= measure("qct-normal")
    return low_t(chart) is not None or (by_qct and t_group(chart)) or chart.active_problem("osteopenia") is not None


# -- treatment --------------------------------------------------------------------------------------------------------


@per_chart
def treatments(chart: Chart) -> list[Course]:
    """The courses of an antiresorptive (bisphosphonate, denosumab, SERM, hormone therapy) or an anabolic (teriparatide,
    abaloparatide, romosozumab) that work today or did until {treatment-grace-months} month ago, zoledronate until
    {treatment-grace-zoledronate-months} months ago. Calcitonin, active vitamin D, vitamin K2 and strontium do not count, nor do
    the oncologic strengths of denosumab and zoledronate."""
    return [c for c in chart.courses(TREATMENT) if c.on_treatment(chart.today) and not c.drug.oncologic]


def on_treatment(chart: Chart) -> bool:
    return bool(treatments(chart))


def on_oncologic(chart: Chart) -> bool:
    """Whether denosumab or zoledronate in oncologic strength works today: nothing is to be started beside it."""
    return any(c.drug.oncologic and c.on_treatment(chart.today) for c in chart.courses(TREATMENT))


def antiresorptive_after(chart: Chart, day: date, *, reaching: date, besides: Drug | None = None) -> Course | None:
    """An antiresorptive after the last dose or the end of another drug: an injection given since, or a drug whose use reaches
    far enough, or one on the medication list without a date. Tablets that ended while the drug before them still worked are no
    follow-on, nor is an older order or list entry that nobody renewed for {renewal-sign-months} months.

    ``day`` is that last dose or end, ``besides`` the drug; use must reach to ``reaching`` (the day on which the drug wore off,
    or today).
    """
    for course in chart.courses(ANTIRESORPTIVE):
        if course.drug is besides:
            continue
        injected = course.drug.covers_months is not None and course.last_dose is not None and course.last_dose > day
        sure = not course.unconfirmed or (course.start is not None and course.start > day)
        reaches = sure and course.covered_until is not None and course.covered_until > day and course.covered_until >= reaching
        if injected or reaches or (course.active and course.undated):
            return course
    return None


class Holiday(Struct, frozen=True):
    """A bisphosphonate that was ended after years, with nothing since; ``day``: its last day (zoledronate: the infusion)."""

    course: Course
    day: date


@per_chart
def holiday_since(chart: Chart) -> Holiday | None:
    """The bisphosphonate holiday the patient is in: ended after {holiday-course-months} months or more on it (each infusion of
    zoledronate counts {zoledronate-months}), at most {holiday-longest-months} months ago, with no antiresorptive or anabolic
    since. An injected one ends with the last dose, and must have been given more than {holiday-zoledronate-months} months
    ago."""
    if on_treatment(chart):
        return None
    for course in chart.courses({Mechanism.BISPHOSPHONATE}):
        day = course.last_dose if course.drug.covers_months else course.ended(chart.today)
        if day is None or course.drug.oncologic or _months_on(course) < limit("holiday-course-months"):
            continue
        if course.drug.covers_months and add_months(day, limit("holiday-zoledronate-months")) >= chart.today:
            continue
        worn_off = course.covered_until or day
        later = [c for c in chart.courses(TREATMENT) if c is not course and c.covered_until and c.covered_until > worn_off]
        if not later and add_months(day, limit("holiday-longest-months")) >= chart.today:
            return Holiday(course, day)
    return None


def _months_on(course: Course) -> int:
    """Completed months on the drug; each infusion of zoledronate counts {zoledronate-months}."""
    if course.drug.key == "zoledronate" and course.doses:
        return limit("zoledronate-months") * len(course.doses)
    if len(course.spans) == 1 and course.exposure_days is not None:
        return months_between(*course.spans[0])
    return int((course.exposure_days or 0) / DAYS_A_MONTH)


def about_to_be_treated(chart: Chart) -> bool:
    """`start-treatment` fires in this very answer, or an antiresorptive or anabolic is drafted."""
    return "start-treatment" in chart.found or bool(chart.drafted(TREATMENT))


# -- risk -------------------------------------------------------------------------------------------------------------


class Risk(Struct, frozen=True):
    """``level``: "very-high", "high", "moderate", "low" or "unknown"; ``reasons``: why, as phrase keys."""

    level: str
    reasons: tuple[str, ...] = ()

    @property
    def very_high(self) -> bool:
        return self.level == "very-high"

    @property
    def high(self) -> bool:
        return self.level in ("very-high", "high")


@per_chart
def risk(chart: Chart) -> Risk:
    """The stratum (OVCF2021-T1, -T2, AACE 2020). Very high: any vertebral fragility fracture; a fragility fracture within
    {recent-fracture-days} days; {multiple-fractures} or more; one on treatment; one on long-term glucocorticoids (documented
    before it, or taken for {glucocorticoid-days} days by then); lowest T-score below {t-very-high-risk}; newest FRAX above
    {frax-major-very-high} % for a major osteoporotic or above {frax-hip-very-high} % for a hip fracture. High: osteoporosis
    otherwise; low bone mass with a high FRAX. Moderate: low bone mass otherwise. Low: the rest. Unknown, never low, where the
    record holds no T-score, QCT, FRAX or fragility fracture."""
    reasons = tuple(_very_high(chart))
    if reasons:
        return Risk("very-high", reasons)
    if osteoporosis(chart):
        return Risk("high", ("osteoporosis",))
    if low_bone_mass(chart):
        return Risk("high", ("frax-high",)) if frax_high(chart) else Risk("moderate", ("low-bone-mass",))
    known = (
        newest_t_scores(chart)
        or chart.newest("qct-vbmd")
        or chart.fractures
        or chart.newest("frax-major")
        or chart.newest("frax-hip")
    )
    return Risk("low") if known else Risk("unknown")


def _very_high(chart: Chart) -> list[str]:
    reasons = []
    recent = chart.days_ago(limit("recent-fracture-days"))
    if any(f.site == "vertebra" for f in chart.fractures):
        reasons.append("vertebral-fracture")
    if any(f.when and f.when >= recent for f in chart.fractures):
        reasons.append("recent-fracture")
    if len(chart.fractures) >= limit("multiple-fractures"):
        reasons.append("several-fractures")
    if fracture_on_treatment(chart) is not None:
        reasons.append("fracture-on-treatment")
    if _fracture_on_glucocorticoid(chart):
        reasons.append("fracture-on-glucocorticoid")
    lowest = lowest_t(chart)
    if lowest is not None and lowest.value < measure("t-very-high-risk"):
        reasons.append("t-very-low")
    if _frax_above(chart, "frax-major-very-high", "frax-hip-very-high"):
        reasons.append("frax-very-high")
    return reasons


@per_chart
def fracture_on_treatment(chart: Chart) -> Fracture | None:
    """The newest fragility fracture that happened while an antiresorptive or anabolic was being taken, later than on its first
    day."""
    spans = [span for course in chart.courses(TREATMENT) for span in course.spans]
    return next((f for f in chart.fractures if f.when and any(begin < f.when <= end for begin, end in spans)), None)


def _fracture_on_glucocorticoid(chart: Chart) -> bool:
    long_term = chart.problem("long-term-glucocorticoid")
    spans = [span for course in chart.courses({Mechanism.GLUCOCORTICOID}) for span in course.spans]
    for broken in chart.fractures:
        if broken.when is None:
            continue
        if long_term is not None and long_term.when is not None and long_term.when <= broken.when:
            return True
        if any(add_days(begin, limit("glucocorticoid-days")) <= broken.when <= end for begin, end in spans):
            return True
    return False


def frax_high(chart: Chart) -> bool:
    """The newest FRAX, of whatever date: {frax-hip-high} % or more for the hip, or {frax-major-high} % or more for a major
    osteoporotic fracture (REHAB2024-08)."""
    major, hip = chart.newest("frax-major"), chart.newest("frax-hip")
    return bool(
        (major and major.below(limit("frax-major-high")) is False) or (hip and hip.below(limit("frax-hip-high")) is False)
    )


def _frax_above(chart: Chart, major_key: str, hip_key: str) -> bool:
    major, hip = chart.newest("frax-major"), chart.newest("frax-hip")
    return bool((major and major.at_most(measure(major_key)) is False) or (hip and hip.at_most(measure(hip_key)) is False))
