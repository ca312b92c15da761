"""The rule of `active-vitamin-d`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import diagnosis, person
from cards.definitions.falls import fall_evidence, high_fall_risk
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium, calcium_excess
from cards.engine.findings import INFO, Finding
from cards.engine.options import offer, service
from cards.thresholds import Numbers
from cards.vocabulary import DRUGS, Mechanism

_ACTIVE = tuple(DRUGS[key] for key in ("alfacalcidol", "calcitriol", "eldecalcitol"))


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Active vitamin D may be considered in patients with impaired kidney function and in older adults at high risk of falling,
    but not with high calcium.

    When: an adult with osteoporosis has no active vitamin D on the medication list as active or covering today, and (1) the
    renal estimate is below {active-vitamin-d-egfr} mL/min, or (2) the patient is {active-vitamin-d-years} or older and the risk
    of falling is high: within {fall-window-months} months Morse {morse-high} or more, Berg {berg-low} or less, timed up and go
    {tug-seconds} s or more, {falls-a-year} falls or more, or recurrent falls on record as active.

    Not when: calcium in blood or urine is high, or hypercalcemia or hypercalciuria is active, as in `calcium-contraindicated`;
    active pregnancy.

    Then: info. Alfacalcidol, calcitriol and eldecalcitol, if they pass the filter, none recommended; orders for calcium and 24
    h urine calcium; any number may be chosen. The detail shows the calcium, or says that none was found and that it must be
    measured first.
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
    reading = calcium(chart)
    kidneys = renal(chart)
    weak = kidneys.below(n.active_vitamin_d_egfr)
    old_and_falling = (chart.age or 0) >= n.active_vitamin_d_years and high_fall_risk(chart)
    if not weak and not old_and_falling:
        return
    falls = fall_evidence(chart)
    evidence = [facts.measured(kidneys.lowest)] if weak and kidneys.lowest else falls
    chosen = offer(chart, _ACTIVE, recommend=False)
    yield Finding(
        indicator=INFO,
        variant="kidney" if weak else "falls",
        values={
            "estimate": kidneys.lowest if weak else None,
            "falls": [facts.said(fact) for fact in falls],
            "when": evidence[0].when if evidence else None,
            "calcium": reading.value if reading else None,
            "in_range": reading is not None and reading.high is False and reading.low is False,
        },
        facts=(*evidence, *((facts.measured(reading.value),) if reading else ())),
        options=(*chosen.options, service("calcium"), service("urine-calcium")),
        any_number=True,
        dropped=chosen.dropped,
    )
