"""Section D, tests: which are due, and what turnover markers say of the treatment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards import facts, risk
from cards.calendar import add_days, add_months
from cards.chart import Chart, Course, Measurement
from cards.concepts import ANALYTES, ANTIRESORPTIVE, COURSES, DIAGNOSTIC_SITES, SERVICES, Data, Mechanism, Name
from cards.options import service
from cards.rule import INFO, PATIENT_VIEW, WARNING, Fact, Finding, card
from cards.thresholds import limit

_CALCIUM = ("calcium", "calcium-corrected", "calcium-ionized")
_KIDNEY = ("creatinine", "egfr", "crcl")


class _Due(Struct, frozen=True):
    """A test that is due: what to order, why (a phrase key), and when it was last done."""

    service: str
    why: str
    last: date | None
    source: str = ""


@card(
    "tests-due",
    section="D",
    hooks=(PATIENT_VIEW,),
    cites=(
        "ELD2023-01a",
        "ELD2023-01b",
        "OVCF2021-M1",
        "OVCF2021-M2",
        "OVCF2021-M3",
        "OVCF2021-T10",
        "OPREF-M1",
        "OPREF-M2",
        "OPREF-S1",
        "REHAB2024-04",
    ),
    reads=(
        *risk.READS,
        Data.TURNOVER,
        Data.VITAMIN_D,
        Data.CALCIUM,
        Data.RENAL,
        Data.BODY,
        Data.ORDERS,
        Data.REPORTS,
        Data.IMAGING,
    ),
)
def tests_due(chart: Chart) -> Iterator[Finding]:
    """With osteoporosis or on treatment tests are due at intervals: DXA a year after the start and then every two years,
    turnover markers before the start and from three months on, 25(OH)D, calcium, creatinine and height every year.

    When: an adult has osteoporosis or is on treatment and one of these is due, the time counted from the start of the course
    that was begun last. (1) DXA: {dxa-first-months} months have passed since the start, and none was done from
    {dxa-early-months} months after it on; once there is such a one, and off treatment, the newest is more than
    {dxa-stable-months} months old. (2) CTX and P1NP, each by itself: none within {btm-baseline-window-months} months while
    `start-treatment` fires in the same answer or within {btm-baseline-days} days of the start; from {btm-first-months} months
    after the start on, none since the start, or the newest more than {btm-interval-months} months old, more than
    {btm-stable-months} from {btm-stable-years} years on; where the start is not known, none within {btm-stable-months} months.
    (3) 25(OH)D, calcium (total, corrected or ionized), creatinine (or eGFR, or creatinine clearance), height: none within
    {yearly-months} months. A DXA is a report or procedure, or a T-score or BMD of lumbar spine, femoral neck, total hip, distal
    1/3 radius or without a site.

    Not when: the test is ordered already; its results could not be had (for DXA and the markers also: the medications); a DXA
    that was never done, off treatment (`bmd-screening` asks for it).

    Then: info. One card with one order for each test that is due, any number of which may be chosen. The detail says of each
    when it was last done, or that no result was found, and which values were left out.
    """
    if not risk.adult(chart) or not (risk.osteoporosis(chart) or risk.on_treatment(chart)):
        return
    due = [test for test in _due(chart) if not chart.ordered(test.service)]
    if not due:
        return
    keys = [key for test in due for key in _ANALYTES[test.service]]
    yield Finding(
        indicator=INFO,
        values={"tests": [{"name": SERVICES[t.service], "why": t.why, "last": t.last} for t in due]},
        facts=tuple(_when_done(test) for test in due),
        options=tuple(service(test.service) for test in due),
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
}


def _when_done(test: _Due) -> Fact:
    name = SERVICES[test.service]
    note = None if test.last else Name("no result found in the record", "病历中未查到结果")
    return Fact(name, None, "", test.last, test.source, note)


def _due(chart: Chart) -> Iterator[_Due]:
    """The tests that are due; none whose results could not be had, for then nothing is known to be missing."""
    course = _current(chart)
    if Data.BONE_DENSITY not in chart.failed and not {Data.MEDICATIONS} & chart.failed:
        yield from _dxa(chart, course)
    if Data.TURNOVER not in chart.failed and Data.MEDICATIONS not in chart.failed:
        for marker in ("ctx", "p1np"):
            yield from _marker(chart, course, marker)
    for key in ("vitamin-d", "calcium", "creatinine", "height"):
        if ANALYTES[_ANALYTES[key][0]].group not in chart.failed:
            yield from _yearly(chart, key)


def _current(chart: Chart) -> Course | None:
    """The course whose start the clocks run from: the one begun last of those on board (start or switch)."""
    return max(risk.treatments(chart), key=lambda c: c.start or date.min, default=None)


def _dxa(chart: Chart, course: Course | None) -> Iterator[_Due]:
    days = [m.when for key in ("t-score", "bmd") for m in chart.values(key) if m.site in DIAGNOSTIC_SITES]
    done = chart.done("dxa")
    newest = max([*days, *([done.when] if done and done.when else [])], default=None)
    source = next((m.source for m in chart.values("t-score") if m.when == newest), "")
    if course is not None and course.start is not None:
        first_counts = add_months(course.start, limit("dxa-early-months"))
        if newest is None or newest < first_counts:
            if add_months(course.start, limit("dxa-first-months")) <= chart.today:
                yield _Due("dxa", "dxa-first", newest, source)
            return
    if newest is not None and newest < chart.months_ago(limit("dxa-stable-months")):
        yield _Due("dxa", "dxa-stable", newest, source)


def _marker(chart: Chart, course: Course | None, key: str) -> Iterator[_Due]:
    newest = chart.newest(key)
    last, source = (newest.when, newest.source) if newest else (None, "")
    if course is None:
        if "start-treatment" in chart.found and not _within(last, chart, limit("btm-baseline-window-months")):
            yield _Due(key, "btm-baseline", last, source)
        return
    start = course.start
    if start is None:
        if not _within(last, chart, limit("btm-stable-months")):
            yield _Due(key, "btm-interval", last, source)
        return
    if chart.today <= add_days(start, limit("btm-baseline-days")):
        if not _within(last, chart, limit("btm-baseline-window-months")):
            yield _Due(key, "btm-baseline", last, source)
    elif chart.today >= add_months(start, limit("btm-first-months")):
        stable = chart.today >= add_months(start, limit("btm-stable-years") * 12)
        if last is None or last < start:
            yield _Due(key, "btm-first", last, source)
        elif not _within(last, chart, limit("btm-stable-months" if stable else "btm-interval-months")):
            yield _Due(key, "btm-interval", last, source)


def _yearly(chart: Chart, key: str) -> Iterator[_Due]:
    found = [m for analyte in _ANALYTES[key] if (m := chart.newest(analyte))]
    newest = max(found, key=lambda m: m.when, default=None)
    if not _within(newest.when if newest else None, chart, limit("yearly-months")):
        yield _Due(key, "yearly", newest.when if newest else None, newest.source if newest else "")


def _within(day: date | None, chart: Chart, months: int) -> bool:
    return day is not None and day >= chart.months_ago(months)


# -- what the markers say ---------------------------------------------------------------------------------------------


class _Change(Struct, frozen=True):
    """A marker before and after. ``change`` in % or ug/L, upwards positive; ``enough`` is None where nobody can tell."""

    baseline: Measurement
    newest: Measurement
    change: float
    enough: bool | None


@card(
    "btm-response",
    section="D",
    hooks=(PATIENT_VIEW,),
    cites=("ELD2023-01a", "ELD2023-01b", "OVCF2021-M2", "OVCF2021-M4", "OPREF-M2", "EXT-05"),
    reads=(Data.TURNOVER, *COURSES, Data.CONDITIONS),
    needs=(Data.TURNOVER,),
)
def btm_response(chart: Chart) -> Iterator[Finding]:
    """On one drug for {btm-first-months} months or more, none of the markers moved by more than its least significant change:
    resorption did not fall on an antiresorptive, formation did not rise on an anabolic. Adherence first, then secondary causes.

    When: an adult is on one drug only, and that is a bisphosphonate, denosumab, teriparatide or abaloparatide begun
    {btm-first-months} months ago or longer (on the drug is also who has it on the list as active and whose supply ran out
    within {lapsed-supply-months} months); a marker has a baseline from {btm-response-baseline-months} months before to
    {btm-response-baseline-days} days after the start, drawn while no other antiresorptive or anabolic worked, and a newest
    value from {btm-response-days} days after the start on; and of the markers that can so be compared none moved enough: on a
    bisphosphonate or denosumab CTX did not fall by more than {btm-fall-ctx} %, P1NP not by more than {btm-fall-p1np} %; on
    teriparatide or abaloparatide P1NP rose by less than {btm-rise-p1np} ug/L.

    Not when: a fragility fracture within {btm-response-fracture-months} months (it raises the markers); two such drugs at a
    time; raloxifene, hormone therapy or romosozumab, to which these limits do not apply; a strength that is given in cancer;
    two assays that are known to differ (that marker is not compared); a value with "<" or ">" that leaves the change open.

    Then: warning on an oral drug, else info. Orders of the compared markers, any number. The detail asks first how the drug is
    taken, then for secondary causes, then about the drug (a tablet of a bisphosphonate: change to an injection). It says where
    the supply has lapsed, where the course is not confirmed, and where an assay is not on record.
    """
    if not risk.adult(chart) or chart.fractures_since(limit("btm-response-fracture-months")):
        return
    course = _only_drug(chart)
    if course is None or course.start is None or add_months(course.start, limit("btm-first-months")) > chart.today:
        return
    anabolic = course.drug.mechanism is Mechanism.PTH_ANALOG
    keys = ("p1np",) if anabolic else ("ctx", "p1np")
    changes = [c for key in keys if (c := _change(chart, course, course.start, key, rise=anabolic))]
    if not changes or any(c.enough is not False for c in changes):
        return
    yield Finding(
        indicator=WARNING if course.drug.oral else INFO,
        variant="anabolic" if anabolic else "antiresorptive",
        values={
            "drug": course.drug,
            "changes": [
                {"name": ANALYTES[c.newest.key].name, "change": c.change, "baseline": c.baseline, "newest": c.newest}
                for c in changes
            ],
            "first": changes[0],
            "oral": course.drug.oral,
            "lapsed": not course.on_treatment(chart.today),
        },
        facts=(facts.started(course), *(facts.measured(m) for c in changes for m in (c.baseline, c.newest))),
        options=tuple(service(c.newest.key) for c in changes),
        any_number=True,
        notes=(("supply-lapsed",) if not course.on_treatment(chart.today) else ())
        + (("not-confirmed",) if course.unconfirmed else ()),
        left_out=chart.left_out(*keys),
    )


_JUDGED = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG})
"""SERMs and hormones lower turnover by less than these limits when they work well; romosozumab raises it only at first."""


def _only_drug(chart: Chart) -> Course | None:
    """The one antiresorptive or anabolic course of now; an active course whose supply ran out not long ago still counts."""
    since = chart.months_ago(limit("lapsed-supply-months"))
    now = [
        c
        for c in chart.courses(ANTIRESORPTIVE | {Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR})
        if c.on_treatment(chart.today) or (c.active and c.covered_until is not None and c.covered_until >= since)
    ]
    judged = len(now) == 1 and now[0].drug.mechanism in _JUDGED and not now[0].drug.oncologic
    return now[0] if judged else None


def _change(chart: Chart, course: Course, start: date, key: str, *, rise: bool) -> _Change | None:
    """Baseline, drawn about the start, against the newest value since it could have moved; None: not comparable."""
    values = chart.values(key)
    newest = values[0] if values and values[0].when >= add_days(start, limit("btm-response-days")) else None
    from_day = add_months(start, -limit("btm-response-baseline-months"))
    to_day = add_days(start, limit("btm-response-baseline-days"))
    baseline = next((m for m in values if from_day <= m.when <= to_day), None)
    if newest is None or baseline is None or baseline.value <= 0 or _on_other_drug(chart, course, baseline.when):
        return None
    if newest.method and baseline.method and newest.method != baseline.method:
        return None
    if rise:
        change = newest.value - baseline.value
        enough = change >= limit("btm-rise-p1np")
    else:
        change = (newest.value - baseline.value) / baseline.value * 100
        enough = round(-change, 6) > limit(f"btm-fall-{key}")
    return _Change(baseline, newest, change, _certain(baseline, newest, enough, rise=rise))


def _certain(baseline: Measurement, newest: Measurement, enough: bool, *, rise: bool) -> bool | None:
    """A comparator helps where it points the same way: "<30" can only have fallen further, ">200" only have been higher."""
    if not baseline.comparator and not newest.comparator:
        return enough
    low, high = (baseline, newest) if rise else (newest, baseline)
    further = (not low.comparator or low.comparator.startswith("<")) and (
        not high.comparator or high.comparator.startswith(">")
    )
    return True if enough and further else None


def _on_other_drug(chart: Chart, course: Course, day: date) -> bool:
    """Whether the baseline was drawn while another such drug worked: then it is none."""
    return any(begin <= day <= end for c in chart.courses(risk.TREATMENT) if c is not course for begin, end in c.spans)
