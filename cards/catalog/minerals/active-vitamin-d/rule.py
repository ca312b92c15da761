"""The rule of `active-vitamin-d`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Measurement, facts
from cards.chart.facts import Fact
from cards.definitions import ckd, diagnosis, person
from cards.definitions.falls import fall_evidence, high_fall_risk
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium, calcium_excess, vitamin_d
from cards.engine.findings import INFO, Finding, Option
from cards.engine.options import offer, service
from cards.thresholds import Numbers
from cards.vocabulary import DRUGS, Mechanism

_ACTIVE = tuple(DRUGS[key] for key in ("alfacalcidol", "calcitriol", "eldecalcitol"))
_NEPHROLOGY = "referral-nephrology"
_CITES = {"falls": ("POP2022-T4",), "kidney": ("EXT-28",), "failure": ("EXT-28", "EXT-03")}


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Active vitamin D may be considered in older adults at high risk of falling; in reduced kidney function only with
    nephrology, where PTH is severely raised and rising, or where the label of denosumab asks for it.

    When: an adult with osteoporosis has no active vitamin D on the medication list as active or covering today, and (1) is
    {active-vitamin-d-years} or older with a renal estimate of {egfr-specialist} or more and a high risk of falling: within
    {fall-window-months} months Morse {morse-high} or more, Berg {berg-low} or less, timed up and go {tug-seconds} s or
    more, {falls-a-year} falls or more, or recurrent falls on record as active; or (2) has an estimate from {egfr-dialysis}
    to below {egfr-specialist}, a phosphate that is known and not high, and a PTH above {pth-ckd} times its upper limit that
    is {pth-ckd-rise} % above one {pth-ckd-days} days or more before it; or (3) is on dialysis or below {egfr-dialysis}, and
    calcium is low, or denosumab was given within {ckd-calcium-months} months and {denosumab-grace-days} days (until the
    next dose is late).

    Not when: for (1) and (2), calcium was not measured within {calcium-window-months} months, is low, or is high or, without
    the laboratory's range, above {calcium-borderline} mg/dL; 25(OH)D of {vitamin-d-window-months} months is not known to be
    {vitamin-d-deficient} ng/mL or more (`vitamin-d-low` comes first). For all, calcium in blood or urine is high, or
    hypercalcemia or hypercalciuria is active, as in `calcium-contraindicated`; active pregnancy.

    Then: info. Alfacalcidol, calcitriol and eldecalcitol, if they pass the filter, none recommended, at most one; for (2) and
    (3) referral to nephrology, recommended. The tests of calcium go to `tests-due`.
    """
    taken = any(c.active or c.on_treatment(chart.today) for c in chart.courses({Mechanism.ACTIVE_VITAMIN_D}))
    if (
        not person.adult(chart)
        or not diagnosis.osteoporosis(chart)
        or taken
        or person.pregnant(chart)
        or calcium_excess(chart) is not None
    ):
        return
    variant, evidence = _reason(chart, n)
    if not variant:
        return
    kidneys, reading = renal(chart), calcium(chart)
    chosen = offer(chart, _ACTIVE, recommend=False)
    yield Finding(
        indicator=INFO,
        variant=variant,
        values={
            "estimate": kidneys.lowest if variant != "falls" else None,
            "fact": facts.said(evidence[0]),
            "when": evidence[0].dated,
            "low": reading is not None and reading.low is True,
        },
        cites=_CITES[variant],
        facts=(*evidence, *((facts.measured(reading.value),) if reading else ())),
        options=(*chosen.options, *_besides(chart, variant)),
        dropped=chosen.dropped,
    )


def _reason(chart: Chart, n: Numbers) -> tuple[str, list[Fact]]:
    """Why it may be considered, and what shows it."""
    kidneys = renal(chart)
    if kidneys.below(n.egfr_dialysis):
        return ("failure", _asked_for(chart)) if ckd.asked_for_by_label(chart) else ("", [])
    if not _in_order(chart, n):
        return "", []
    if kidneys.below(n.egfr_specialist) is False:
        old_and_falling = (chart.age or 0) >= n.active_vitamin_d_years and high_fall_risk(chart)
        return ("falls", fall_evidence(chart)) if old_and_falling else ("", [])
    rise = _severe(chart)
    return ("kidney", [facts.measured(m) for m in rise]) if rise else ("", [])


def _severe(chart: Chart) -> tuple[Measurement, Measurement] | None:
    """A PTH that is severely raised and rising, with an estimate below {egfr-specialist} and a phosphate that is known."""
    phosphate = chart.newest("phosphate", since=chart.months_ago(chart.numbers.work_up_window_months))
    below = renal(chart).below(chart.numbers.egfr_specialist)
    known = below and renal(chart).below(chart.numbers.egfr_dialysis) is False and phosphate is not None
    return ckd.rising_pth(chart) if known and ckd.phosphate_high(chart) is None else None


def _asked_for(chart: Chart) -> list[Fact]:
    reading = calcium(chart)
    if reading is not None and reading.low:
        return [facts.measured(reading.value)]
    course = chart.course(DRUGS["denosumab"])
    return [facts.last_dose(course)] if course else []


def _in_order(chart: Chart, n: Numbers) -> bool:
    """Whether calcium and 25(OH)D are known and stand in no way."""
    reading, level = calcium(chart), vitamin_d(chart)
    if reading is None or reading.low is not False or reading.high is not False:
        return False
    bare = reading.value.key != "calcium-ionized" and reading.value.high is None
    borderline = bare and reading.value.at_most(n.calcium_borderline) is not True
    return not borderline and level is not None and level.below(n.vitamin_d_deficient) is False


def _besides(chart: Chart, variant: str) -> Iterator[Option]:
    if variant != "falls" and not chart.ordered(_NEPHROLOGY):
        yield service(_NEPHROLOGY, recommended=True)
    yield service("calcium")
    if variant == "falls":
        yield service("urine-calcium")
