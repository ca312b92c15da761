"""The rule of `bisphosphonate-review`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, facts
from cards.chart.calendar import Partial, add_months, months_between
from cards.definitions import density, person, risk, target, treatment
from cards.definitions.bisphosphonates import Pause, beyond, last_pause, months_on
from cards.definitions.density import bmd_fall, hip_read
from cards.definitions.glucocorticoid import may_be_enough_today
from cards.definitions.glucocorticoid_ended import Ended, begun_for
from cards.definitions.person import orchiectomy
from cards.definitions.risk import fracture_on_treatment
from cards.engine.findings import INFO, WARNING, Finding, Option, Rest
from cards.engine.options import BEYOND_BISPHOSPHONATE, SPECIALIST, Offer, offer, service
from cards.engine.trial import work_up
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, HIP_SITES, ZOLEDRONATE, Mechanism

_REASSESS = ("POP2022-T5", "POP2022-T6", "OVCF2021-T6", "OPREF-T1")
_EXTEND = ("POP2022-T6", "OVCF2021-T6", "OPREF-T1")
_CITES = {
    "dxa-first": _REASSESS,
    "holiday": _REASSESS,
    "clarify": _REASSESS,
    "switch": ("POP2022-T7",),
    "extend": _EXTEND,
    "restarted": _EXTEND,
    "needed": ("EXT-25",),
    "extend-very-high": ("POP2022-T9", "OVCF2021-T6", "OPREF-T1"),
}
_GOES_ON = frozenset({"extend", "extend-very-high", "restarted"})
_INSTEAD = ANABOLIC | {Mechanism.RANKL_INHIBITOR}


class _Time(Struct, frozen=True):
    """Completed months on the class, in all and since it was taken up again after a ``pause`` that starts the count anew;
    ``resumed``: when it was last taken up again, also after a shorter one. ``complete``: the review is due by that count;
    ``over``: past the longest course; ``not_before``: no holiday until then."""

    months: int
    since: int
    pause: Pause | None
    resumed: date | Partial | None
    complete: bool
    over: bool
    not_before: date | None


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After {review-oral-years} years by mouth or {review-zoledronate-infusions} infusions of zoledronate, reassess the
    fracture risk: if no longer high, consider a holiday; if still high, continue up to {max-oral-years}
    ({max-zoledronate-years}) years; beyond that and still high, change to another mechanism.

    When: an adult on treatment with oral bisphosphonates for {review-oral-years} years in total, all of them together, or with
    zoledronate, starting {review-zoledronate-lead-months} months after infusion {review-zoledronate-infusions}; each infusion
    counts as {zoledronate-months} months. After a pause of {holiday-reset-months} months or more the count starts anew:
    {review-again-years} years, or infusion {review-again-infusions}; also then after {max-oral-years} ({max-zoledronate-years})
    years in all. Before that, a bisphosphonate begun while a systemic glucocorticoid was taken for {glucocorticoid-days} days
    or more, {glucocorticoid-off-months} months after this ended, without osteoporosis.

    Not when: oncologic zoledronate; intravenous ibandronate or pamidronate; the time on the drug is unknown; denosumab or an
    anabolic works as well; no hip T-score, and DXA is ordered; it says to continue,
    and the drug was ordered or given again within {review-rest-months} months, when the review was already due.

    Then: info; warning after more than {max-oral-years} years (zoledronate {max-zoledronate-years}, the last of them from
    {review-zoledronate-lead-months} months after its infusion on), unless it was taken up again after such a pause and the
    new count is not complete. No hip T-score within {hip-t-window-months} months: DXA first. No longer high: consider a
    holiday; DXA and CTX in {holiday-tests-months} months; not while a finding of the work-up holds all drugs, or a sign in
    the femur: this is clarified first; nor within {restart-months} months after a pause of {pause-months} months or more,
    nor before a new count is complete: continue until then. Begun for a glucocorticoid that ended, and no longer high:
    decide whether it is still needed; DXA in {holiday-tests-months} months. Still high: continue up to {max-oral-years}
    ({max-zoledronate-years}) years, at very high risk longer at the clinician's discretion; nothing to order. Beyond that
    and still high: teriparatide, romosozumab, filtered, the first without a warning recommended, otherwise referral to a
    specialist. "Still high" is any of: very high risk (of a drug begun for a glucocorticoid high risk, too), hip T-score
    {hip-t-holiday} or lower (or not above the target of `treatment-target`), a fracture on treatment, a loss of BMD beyond
    the least significant change since the start of the current course, a systemic glucocorticoid taken today of
    {glucocorticoid-mg} mg prednisone or more or of a dose that cannot be read, an aromatase inhibitor or GnRH drug taken
    today, an orchiectomy. The detail says if the course rests on an order that was never renewed. An
    override rests {review-rest-months} months, while the reasons are the same.
    """
    courses = treatment.treatments(chart)
    if not person.adult(chart) or any(course.drug.mechanism in _INSTEAD for course in courses):
        return
    for course in courses:
        if course.drug.mechanism is not Mechanism.BISPHOSPHONATE or course.drug.oncologic:
            continue
        time = _time(chart, n, course)
        if time is None:
            continue
        due = time.complete or time.over
        ended = None if due else begun_for(chart, course)
        if due or ended:
            yield from _review(chart, n, course, time, ended)
            return


def _time(chart: Chart, n: Numbers, course: Course) -> _Time | None:
    """None where it is unknown, or of an injection that has no such review."""
    months = months_on(chart, course)
    if months is None or not (course.drug.oral or course.drug is ZOLEDRONATE):
        return None
    pause = last_pause(chart)
    anew = pause if pause is not None and pause.months >= n.holiday_reset_months else None
    since = (months_on(chart, course, anew.resumed) or 0) if anew else months
    longest = _longest(n, course)
    due = _due(n, course, anew=anew is not None)
    return _Time(
        months,
        since,
        anew,
        pause.dated if pause else None,
        complete=since >= due,
        over=months > longest or (months == longest and beyond(chart, course, longest)) or _used_up(chart, n, course),
        not_before=_not_before(n, pause, anew, due),
    )


def _used_up(chart: Chart, n: Numbers, course: Course) -> bool:
    """Whether all infusions of the longest course of zoledronate were given, and a further one would be ordered soon."""
    if course.drug is not ZOLEDRONATE or n.zoledronate_months * len(course.doses) < _longest(n, course):
        return False
    return add_months(course.doses[-1], n.review_zoledronate_lead_months) <= chart.today


def _longest(n: Numbers, course: Course) -> int:
    """In months."""
    return int(12 * (n.max_oral_years if course.drug.oral else n.max_zoledronate_years))


def _due(n: Numbers, course: Course, *, anew: bool) -> int:
    """The months on the drug after which it is reviewed."""
    if course.drug.oral:
        return int(12 * (n.review_again_years if anew else n.review_oral_years))
    infusions = n.review_again_infusions if anew else n.review_zoledronate_infusions
    return int(n.zoledronate_months * (infusions - 1) + n.review_zoledronate_lead_months)


def _not_before(n: Numbers, pause: Pause | None, anew: Pause | None, due: int) -> date | None:
    """Whoever was taken up again has no holiday soon: not in the first months, nor before the new count is complete."""
    if pause is None:
        return None
    first = add_months(pause.resumed_at_latest, n.restart_months)
    return max(first, add_months(anew.resumed_at_latest, due)) if anew else first


def _review(chart: Chart, n: Numbers, course: Course, time: _Time, ended: Ended | None) -> Iterator[Finding]:
    hip = hip_read(chart, chart.today)
    if hip is None and chart.ordered("dxa"):
        return
    stratum = risk.risk(chart)
    reasons = _still_high(chart, n, course)
    if ended and stratum.high:
        reasons = list(dict.fromkeys((*reasons, *stratum.reasons)))
    open_rows = [row.key for row in work_up(chart) if row.holds_all or row.key == "femur"]
    if hip is None:
        variant = "dxa-first"
    elif reasons and time.over:
        variant = "switch"
    elif reasons:
        variant = "extend-very-high" if stratum.very_high else "extend"
    elif open_rows:
        variant = "clarify"
    elif time.not_before and time.not_before > chart.today:
        variant = "restarted"
    elif ended:
        variant = "needed"
    else:
        variant = "holiday"
    if variant in _GOES_ON and _decided(chart, n, course, time):
        return
    chosen = offer(chart, BEYOND_BISPHOSPHONATE) if variant == "switch" else Offer()
    evidence = [facts.started(course)] + ([facts.last_dose(course)] if course.drug.covers_months else [])
    evidence += [facts.measured(m) for m in density.newest_t_scores(chart) if m.site in HIP_SITES]
    broken = fracture_on_treatment(chart)
    evidence += [facts.fracture(broken)] if broken else []
    past = time.over and time.complete
    yield Finding(
        indicator=WARNING if past else INFO,
        variant=variant,
        values={
            "drug": course.drug,
            "months": time.months,
            "infusions": len(course.doses) if course.drug.covers_months else None,
            "since": time.since,
            "pause": time.pause,
            "resumed": time.resumed,
            "not_before": time.not_before,
            "longest": _longest(n, course) // 12,
            "hip": hip,
            "reasons": reasons,
            "held": next(iter(open_rows), ""),
            "past": time.over,
            "very_high": stratum.very_high,
            "unconfirmed": course.unconfirmed,
            "ended": ended,
        },
        cites=(*_CITES[variant], *(("EXT-32",) if "target-missed" in reasons else ())),
        facts=tuple(evidence),
        options=(*(chosen.options or (SPECIALIST if variant == "switch" else ())), *_tests(chart, n, variant)),
        any_number=variant != "switch",
        dropped=chosen.dropped,
        notes=("not-confirmed",) if course.unconfirmed else (),
        rests=Rest(n.review_rest_months, " ".join(sorted(reasons))),
    )


def _decided(chart: Chart, n: Numbers, course: Course, time: _Time) -> bool:
    """Whether the drug was ordered or given again since the review was due, at most {review-rest-months} months ago."""
    again = course.written
    if again is None or again < chart.months_ago(n.review_rest_months):
        return False
    due = _due(n, course, anew=time.pause is not None)
    if course.drug.oral:
        return time.since - months_between(again, chart.today) >= due
    before = [day for day in course.doses if day < again and (time.pause is None or day >= time.pause.resumed)]
    return bool(before) and n.zoledronate_months * (len(before) - 1) + months_between(before[-1], again) >= due


def _tests(chart: Chart, n: Numbers, variant: str) -> Iterator[Option]:
    """DXA now where it decides; DXA and CTX a year into a holiday; DXA a year after what was begun for a glucocorticoid."""
    if variant == "dxa-first":
        yield service("dxa", recommended=True)
    elif variant in ("holiday", "needed"):
        later = add_months(chart.today, n.holiday_tests_months)
        yield from (service(key, start=later) for key in (("dxa", "ctx") if variant == "holiday" else ("dxa",)))


def _still_high(chart: Chart, n: Numbers, course: Course) -> list[str]:
    """Why the risk is still high, as phrase keys; empty if nothing indicates it."""
    reasons = list(risk.risk(chart).reasons) if risk.risk(chart).very_high else []
    hip = hip_read(chart, chart.today)
    if hip is not None and hip.value <= n.hip_t_holiday:
        reasons.append("hip-t-low")
    elif target.missed(chart, hip):
        reasons.append("target-missed")
    if fracture_on_treatment(chart) is not None and "fracture-on-treatment" not in reasons:
        reasons.append("fracture-on-treatment")
    if course.current_start is not None and bmd_fall(chart, course.current_start) is not None:
        reasons.append("bmd-fall")
    blockers = {Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH}
    if may_be_enough_today(chart) or any(c.on_treatment(chart.today) for c in chart.courses(blockers)):
        reasons.append("bone-harming-drug")
    if orchiectomy(chart) is not None:
        reasons.append("orchiectomy")
    return reasons
