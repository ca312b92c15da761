"""The rule of `pregnancy`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.person import adult, postmenopausal, pregnant
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import service
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS, Mechanism

_TESTED_FIRST = {Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG, Mechanism.SERM}
"""What stays in the body of a woman who may become pregnant, or harms the child."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """In pregnancy, no anti-osteoporosis drug is given except calcium and vitamin D; where possible, it is excluded first.

    When: (1) an anti-osteoporosis drug (bisphosphonate, denosumab, PTH analog, romosozumab, SERM, hormone therapy, calcitonin,
    strontium, vitamin K2) is ordered or taken in an active pregnancy: a woman, or a patient of unknown sex, under
    {pregnancy-age-years} or of unknown age, with an active entry that has no end date and whose onset or recorded date is
    within {pregnancy-days} days or unknown; or (2) a bisphosphonate, denosumab, a PTH analog or a SERM, ordered or begun within
    {pregnancy-begun-months} months, for a woman from {adult-years} to below {t-group-years} years without menopause,
    hysterectomy, sterilization or an intrauterine device on record, or hormonal contraception as active. Contraceptive drugs
    are not read: the text says so.

    Then: (1) critical (warning on patient-view), without an alternative; deleting the draft is recommended. The detail asks the
    clinician to close an entry that is out of date. (2) Warning (info on patient-view): a pregnancy test (recommended).
    """
    entry = chart.active_problem("pregnancy") if pregnant(chart) else None
    if entry is not None:
        for order in orders_of(chart, ANTI_OSTEOPOROSIS):
            yield finding_about(chart, order, CRITICAL, [facts.problem(entry)], variant="pregnant", values={"problem": entry})
    elif _may_be(chart, n):
        since = chart.months_ago(n.pregnancy_begun_months)
        for order in orders_of(chart, _TESTED_FIRST):
            if order.course and (order.course.start is None or order.course.start < since):
                continue
            yield finding_about(
                chart,
                order,
                WARNING,
                [facts.age(chart)],
                variant="possible",
                also=(service("pregnancy-test", recommended=True),),
                any_number=True,
            )


def _may_be(chart: Chart, n: Numbers) -> bool:
    """Whether she may become pregnant, as far as the record says."""
    fertile = chart.patient.female and adult(chart) and chart.age is not None and chart.age < n.t_group_years
    safe = chart.problem("hysterectomy", "contraception") or chart.active_problem("hormonal-contraception")
    return fertile and not postmenopausal(chart) and safe is None
