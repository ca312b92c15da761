"""The rule of `tests-due`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course
from cards.chart.calendar import add_days, add_months
from cards.chart.facts import Fact
from cards.definitions import density, diagnosis, femur, person, risk, treatment, workup
from cards.definitions.bone_loss import harmful
from cards.definitions.denosumab import OPEN, follow_on, state
from cards.definitions.goals import very_old
from cards.definitions.height import Loss, implausible_loss
from cards.definitions.kidney import renal
from cards.definitions.repeats import marker_interval
from cards.definitions.workup.recount import measured_again
from cards.engine.findings import INFO, Earlier, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES, DENOSUMAB, DIAGNOSTIC_SITES, HIP_SITES, RADIATION, SERVICES, Data, Mechanism, Name, Site

_CALCIUM = ("calcium", "calcium-corrected", "calcium-ionized")


_CENTRAL = {*HIP_SITES, Site.LUMBAR_SPINE}
_KIDNEY = ("creatinine", "egfr", "crcl")
_OF_KIDNEYS = ("pth", "phosphate", "alp")
"""What is looked at every year in reduced kidney function."""
_SHORT = {
    "dxa": Name("DXA", "DXA"),
    "frax": Name("FRAX", "FRAX"),
    "calcium": Name("calcium", "血钙"),
    "blood-count": SERVICES["blood-count"],
    "esr": Name("ESR", "血沉"),
}
"""Short names for tests in a list; other tests use the name of their analyte."""
_CITES = {
    "dxa": ("OVCF2021-M1", "OPREF-M1", "OPREF-S1", "REHAB2024-04"),
    "ctx": ("ELD2023-01a", "ELD2023-01b", "OVCF2021-M2", "OPREF-M2"),
    "p1np": ("ELD2023-01a", "ELD2023-01b", "OVCF2021-M2", "OPREF-M2"),
    "vitamin-d": ("OVCF2021-T10",),
    "height": ("OVCF2021-M3",),
    "frax": ("EXT-33",),
    **dict.fromkeys(_OF_KIDNEYS, ("EXT-28",)),
    **dict.fromkeys(("blood-count", "esr"), ("EXT-10",)),
}
"""The recommendations that call for each test; there is none for calcium and creatinine."""


class _Due(Struct, frozen=True):
    """A test that is due: what to order, why (a phrase key), and when it was last done."""

    service: str
    why: str
    last: date | None
    source: str = ""
    cites: tuple[str, ...] = ()
    loss: Loss | None = None

    @property
    def short(self) -> Name:
        return _SHORT.get(self.service) or ANALYTES[self.service].name


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """With osteoporosis or on treatment, tests are due at intervals: DXA one year after the start and then every two years;
    turnover markers before the start and from three months on; 25(OH)D, calcium, creatinine and height every year.

    When: an adult has osteoporosis or is on treatment and one of these is due, counted from the start of the most recently
    started course. (1) DXA: {dxa-first-months} months have passed since the start (after denosumab, since the follow-on was
    begun) and since the newest, and none was done {dxa-early-months} months or more after the start; whenever the newest is
    more than {dxa-stable-months} months old: a switch puts no DXA off. (2) CTX and P1NP, each judged separately: none within
    {btm-baseline-window-months} months while `start-treatment` fires in the same answer or within {btm-baseline-days} days of
    the start; from {btm-first-months} months after the start on, none since the start, or the newest more than
    {btm-interval-months} months old, more than {btm-stable-months} from {btm-stable-years} years on; if the start is unknown,
    none within {btm-stable-months} months. After denosumab instead: CTX {btm-first-months} months after the follow-on was
    begun, and every {follow-on-ctx-every-months} months to month {follow-on-ctx-until-months}, up to {follow-on-ctx-early-days}
    days sooner; the last stays due as long again. (3) 25(OH)D, calcium (total, corrected or ionized), creatinine (or eGFR, or
    creatinine clearance), height: none within {yearly-months} months; height also where the newest is more than {height-spread}
    cm below one of the {height-window-months} months before it, or more than {height-spread-ever} cm below the tallest, and no
    other within {height-same-cm} cm confirms it; with a renal estimate below {egfr-work-up} also PTH, phosphate and ALP. (4)
    Hemoglobin and ESR that were abnormal within {marker-after-surgery-days} days after a fracture, an operation or a pregnancy,
    once that time is over. A DXA is a report or procedure, or a T-score or BMD of the lumbar spine, femoral neck, total hip,
    distal 1/3 radius or an unnamed site. Also an adult with low bone mass who is off treatment and has no high FRAX is due for
    DXA, and FRAX with it (if none of {yearly-months} months is on record), when the newest DXA is older than an interval that
    the lowest newest T-score of hip or spine gives: {t-mid} or lower {dxa-low-months} months, or {dxa-harmed-months} with
    {glucocorticoid-mg} mg prednisone a day or more for {glucocorticoid-days} days, an aromatase inhibitor or GnRH drug, or
    within {menopause-years} years of menopause (without a date: under {menopause-age} years); {t-mild} or lower
    {dxa-mid-months} months, below {t-low} {dxa-mild-months}; these two within such a time of menopause {dxa-menopause-months}.

    Not when: for a baseline, a gap after denosumab is open (`denosumab-sequence`); for DXA and the markers, a sign in the femur
    or the work-up pauses the drug, or a check of orders forbids it (not denosumab), or the work-up finds osteomalacia; for what
    uses X-rays, a pregnancy; the test is already ordered; its results could not be retrieved (for DXA and the markers also: the
    medications); a DXA was never done and the patient is off treatment (`bmd-screening` asks for it); calcium on dialysis,
    which nephrology measures every month; markers with a renal estimate below {egfr-specialist}, where they pile up and PTH and
    ALP tell of turnover (KDIGO 2017, recalled; CTX after denosumab stays); from {oldest-years} years on ({old-dementia-years}
    with dementia) markers, and DXA off treatment.

    Then: info. One card with one order for each test that is due; all are recommended, and any number may be chosen. The
    detail says when each was last done, or that no result was found, and which values were left out.
    """
    if not person.adult(chart):
        return
    gap = state(chart)
    starting = "start-treatment" in earlier and (gap is None or gap.kind not in OPEN)
    patient = diagnosis.osteoporosis(chart) or treatment.on_treatment(chart)
    found = _due(chart, n, starting, _must_stop(chart, earlier)) if patient else _in_low_bone_mass(chart, n)
    later = RADIATION if person.pregnant(chart) else frozenset()
    due = [test for test in found if test.service not in later and not chart.ordered(test.service)]
    if not due:
        return
    keys = [key for test in due for key in _ANALYTES[test.service]]
    yield Finding(
        indicator=INFO,
        values={
            "untreated": not patient,
            "tests": [
                {"key": t.service, "name": SERVICES[t.service], "short": t.short, "why": t.why, "last": t.last, "loss": t.loss}
                for t in due
            ],
        },
        cites=tuple(dict.fromkeys(cite for test in due for cite in test.cites or _CITES.get(test.service, ()))),
        facts=tuple(_when_done(test) for test in due),
        options=tuple(service(test.service, recommended=True) for test in due),
        any_number=True,
        left_out=chart.left_out(*keys),
    )


_ANALYTES: dict[str, tuple[str, ...]] = {
    "dxa": ("t-score", "bmd"),
    "ctx": ("ctx",),
    "p1np": ("p1np",),
    "vitamin-d": ("vitamin-d",),
    "calcium": _CALCIUM,
    "creatinine": _KIDNEY,
    "height": ("height",),
    "frax": ("frax-major", "frax-hip"),
    "pth": ("pth",),
    "phosphate": ("phosphate",),
    "alp": ("alp",),
    "blood-count": ("hemoglobin",),
    "esr": ("esr",),
}


def _when_done(test: _Due) -> Fact:
    note = None if test.last else Name("no result", "未查到结果")
    return Fact(test.short, None, "", test.last, test.source, note)


def _due(chart: Chart, n: Numbers, starting: bool, must_stop: bool) -> Iterator[_Due]:
    """The tests that are due; never one whose results could not be retrieved, since nothing is then known to be missing."""
    course = _current(chart)
    if must_stop or femur.pauses(chart) or _paused(chart, course):
        yield from _of_the_year(chart, n)
        return
    known = not {Data.BONE_DENSITY, Data.MEDICATIONS} & chart.failed
    if known and (course is not None or not very_old(chart)):
        yield from _dxa(chart, n, course)
    if Data.TURNOVER not in chart.failed and Data.MEDICATIONS not in chart.failed:
        after = _watched(chart, n)
        if after is not None:
            yield from _after_denosumab(chart, n, after)
        markers = ("p1np",) if after is not None else ("ctx", "p1np")
        for marker in () if renal(chart).below(n.egfr_specialist) else markers:
            yield from _marker(chart, n, course, marker, starting)
    yield from _of_the_year(chart, n)


def _must_stop(chart: Chart, earlier: Earlier) -> bool:
    """Whether a check of orders forbids the drug by which response is judged: its effect needs no measuring then. Denosumab is
    never just stopped."""
    course = _current(chart)
    if course is None or course.drug.ingredient == DENOSUMAB.ingredient:
        return False
    told = (finding for code, some in earlier.found.items() if code != "start-treatment" for finding in some)
    return any(finding.values.get("drug") is course.drug and finding.indicator is not INFO for finding in told)


def _paused(chart: Chart, course: Course | None) -> bool:
    """Whether the work-up pauses the drug by which response is judged, or finds osteomalacia: DXA then waits until 25(OH)D has
    been in range for months, and the markers tell of it."""
    rows = workup.rows(chart, about_to_be_treated=workup.about_to_be_treated(chart))
    soft = any(row.key == "osteomalacia" for row in rows)
    return soft or (course is not None and course.drug in workup.paused(chart, rows))


def _of_the_year(chart: Chart, n: Numbers) -> Iterator[_Due]:
    kidneys = renal(chart)
    weak = bool(kidneys.below(n.egfr_work_up))
    for key in ("vitamin-d", "calcium", "creatinine", "height", *(_OF_KIDNEYS if weak else ())):
        if key == "calcium" and kidneys.dialysis:
            continue  # monthly, by nephrology
        if ANALYTES[_ANALYTES[key][0]].group not in chart.failed:
            yield from _yearly(chart, n, key)
    for order, value in measured_again(chart):
        yield _Due(order, "undisturbed", value.when, value.source)


def _current(chart: Chart) -> Course | None:
    """The course from whose start the intervals are counted: the most recently started of the current ones (start or
    switch)."""
    return max(treatment.treatments(chart), key=lambda c: c.current_start or date.min, default=None)


def _dxa(chart: Chart, n: Numbers, course: Course | None) -> Iterator[_Due]:
    newest, source = _newest_dxa(chart)
    start = _watched(chart, n) or (course.current_start_at_latest if course is not None else None)
    if start is not None:
        first_counts = add_months(start, n.dxa_early_months)
        if newest is None or newest < first_counts:
            last = max(start, newest or start)
            if add_months(last, n.dxa_first_months) <= chart.today:
                yield _Due("dxa", "dxa-first", newest, source)
                return
    if newest is not None and newest < chart.months_ago(n.dxa_stable_months):
        yield _Due("dxa", "dxa-stable", newest, source)


def _newest_dxa(chart: Chart) -> tuple[date | None, str]:
    """The last day that the newest DXA can have been, and the resource of its T-score."""
    days = [m.at_latest for key in ("t-score", "bmd") for m in chart.values(key) if m.site in DIAGNOSTIC_SITES]
    done = chart.done("dxa")
    newest = max([*days, *([done.at_latest] if done and done.at_latest else [])], default=None)
    return newest, min((m.source for m in chart.values("t-score") if m.at_latest == newest), default="")


def _in_low_bone_mass(chart: Chart, n: Numbers) -> Iterator[_Due]:
    if not diagnosis.low_bone_mass(chart) or risk.frax_high(chart) or very_old(chart):
        return
    if {Data.BONE_DENSITY, Data.MEDICATIONS} & chart.failed:
        return
    interval = _interval(chart, n)
    newest, source = _newest_dxa(chart)
    if interval is not None and newest is not None and newest < chart.months_ago(interval):
        yield _Due("dxa", "dxa-low", newest, source, ("EXT-33",))
        frax = chart.newest("frax-major") or chart.newest("frax-hip")
        if not _within(frax.when if frax else None, chart, n.yearly_months):
            yield _Due("frax", "dxa-low", frax.when if frax else None, frax.source if frax else "")


def _interval(chart: Chart, n: Numbers) -> int | None:
    """Months from one DXA to the next in low bone mass; None where hip and spine are not low."""
    scores = [m.value for m in density.newest_t_scores(chart) if m.site in _CENTRAL]
    lowest = min(scores, default=n.t_low)
    if lowest >= n.t_low:
        return None
    early = person.early_after_menopause(chart, n.menopause_years, n.menopause_age)
    if lowest <= n.t_mid:
        return int(n.dxa_harmed_months if early or harmful(chart) else n.dxa_low_months)
    usual = n.dxa_mid_months if lowest <= n.t_mild else n.dxa_mild_months
    return int(min(usual, n.dxa_menopause_months) if early else usual)


def _watched(chart: Chart, n: Numbers) -> date | None:
    """The day on which a follow-on after denosumab was begun, as long as CTX is watched: its last day stays due for one more
    interval, so that whoever comes a week late is not missed."""
    after, denosumab = follow_on(chart), chart.course(DENOSUMAB)
    bisphosphonate = after is not None and after.course.drug.mechanism is Mechanism.BISPHOSPHONATE
    if after is None or denosumab is None or not (bisphosphonate and after.took_over) or after.begun is None:
        return None
    begun = max(after.begun, denosumab.last_dose or after.begun)
    until = n.follow_on_ctx_until_months + n.follow_on_ctx_every_months
    return begun if chart.today < add_months(begun, until) else None


def _after_denosumab(chart: Chart, n: Numbers, begun: date) -> Iterator[_Due]:
    """CTX three months after the follow-on was begun, then every six."""
    every = range(n.follow_on_ctx_every_months, n.follow_on_ctx_until_months + 1, n.follow_on_ctx_every_months)
    passed = [day for m in (n.btm_first_months, *every) if (day := add_months(begun, m)) <= chart.today]
    newest = chart.newest("ctx")
    if passed and (newest is None or newest.when < add_days(passed[-1], -n.follow_on_ctx_early_days)):
        yield _Due("ctx", "after-denosumab", newest.when if newest else None, newest.source if newest else "")


def _marker(chart: Chart, n: Numbers, course: Course | None, key: str, starting: bool) -> Iterator[_Due]:
    if very_old(chart):
        return
    newest = chart.newest(key)
    last, source = (newest.when, newest.source) if newest else (None, "")
    if course is None:
        if starting and not _within(last, chart, n.btm_baseline_window_months):
            yield _Due(key, "btm-baseline", last, source)
        return
    start = course.current_start
    if start is None:
        if not _within(last, chart, n.btm_stable_months):
            yield _Due(key, "btm-interval", last, source)
        return
    if chart.today <= add_days(start, n.btm_baseline_days):
        if not _within(last, chart, n.btm_baseline_window_months):
            yield _Due(key, "btm-baseline", last, source)
    elif chart.today >= add_months(start, n.btm_first_months):
        if last is None or last < start:
            yield _Due(key, "btm-first", last, source)
        elif not _within(last, chart, marker_interval(chart, start)):
            yield _Due(key, "btm-interval", last, source)


def _yearly(chart: Chart, n: Numbers, key: str) -> Iterator[_Due]:
    found = [m for analyte in _ANALYTES[key] if (m := chart.newest(analyte))]
    newest = max(found, key=lambda m: m.when, default=None)
    doubted = implausible_loss(chart) if key == "height" else None
    if doubted is not None:
        yield _Due(key, "height-doubted", doubted.now.when, doubted.now.source, loss=doubted)
    elif not _within(newest.when if newest else None, chart, n.yearly_months):
        yield _Due(key, "yearly", newest.when if newest else None, newest.source if newest else "")


def _within(day: date | None, chart: Chart, months: int) -> bool:
    return day is not None and day >= chart.months_ago(months)
