"""The rule of `bmd-response`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import kidney, minerals, person, treatment
from cards.definitions.failure import loss_on
from cards.definitions.repeats import again, marker_interval
from cards.engine.findings import WARNING, Earlier, Finding
from cards.engine.options import service
from cards.engine.stronger import after_calcium, stronger_instead
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, Data

_OPTIONS_READ = (*kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP)


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Bone density fell beyond the least significant change after {bmd-response-months} months or more on treatment: check
    adherence and secondary causes, then consider a stronger drug.

    When: an adult on an antiresorptive or anabolic that began {bmd-response-months} months ago or more, on treatment today or
    with an active course that stopped working within the last {lapsed-supply-months} months; and BMD at one site fell from the
    baseline to the newest DXA by more than the least significant change ({lsc-total-hip} % at the total hip, {lsc-lumbar-spine}
    % at the lumbar spine, {lsc-femoral-neck} % at the femoral neck). Baseline: the newest DXA of the site from
    {bmd-baseline-before-months} months before to {bmd-baseline-after-months} months after the start, else the first on
    treatment.

    Not when: the two scans name different devices, or are not of the same side; an oncologic strength; for denosumab, if
    `denosumab-sequence` fires.

    Then: warning. Suggested: the stronger drugs that `treatment-failure` names, filtered in the same way, with a referral if
    the renal estimate is below {egfr-specialist} or no drug is left, unless a low calcium alone rules one out, which is
    corrected first (under {t-group-years} and not postmenopausal the referral alone); CTX and P1NP, each unless it is
    ordered or was measured within {btm-interval-months} months ({btm-stable-months} from {btm-stable-years} years on). The
    detail says if the supply has run out in the meantime.
    """
    if not person.adult(chart):
        return
    since = chart.months_ago(n.lapsed_supply_months)
    for course in treatment.courses(chart):
        now = course.on_treatment(chart.today) or (course.active and course.covered_until and course.covered_until >= since)
        if not now or course.drug.oncologic:
            continue
        fall = loss_on(chart, course)
        if fall is None:
            continue
        lapsed = not course.on_treatment(chart.today)
        if course.drug is DENOSUMAB and "denosumab-sequence" in earlier:
            continue
        chosen = stronger_instead(chart, course)
        interval = marker_interval(chart, course.current_start or chart.today)
        markers = tuple(service(key) for key in ("ctx", "p1np") if again(chart, key, interval))
        yield Finding(
            indicator=WARNING,
            values={
                "drug": course.drug,
                "site": fall.site,
                "percent": fall.percent,
                "baseline": fall.baseline,
                "newest": fall.newest,
                "measure": bool(markers),
                "after_calcium": after_calcium(course, chosen),
                "specialist": any(o.kind == "service" for o in chosen.options),
            },
            facts=(facts.measured(fall.baseline), facts.measured(fall.newest), facts.begun(course)),
            options=(*chosen.options, *markers),
            any_number=True,
            dropped=chosen.dropped,
            notes=("supply-lapsed",) if lapsed else (),
        )
        return
