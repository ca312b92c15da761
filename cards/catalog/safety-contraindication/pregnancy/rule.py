"""The rule of `pregnancy`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, Problem, facts
from cards.definitions.person import adult, postmenopausal, pregnant
from cards.definitions.young import nursing
from cards.engine.findings import CRITICAL, WARNING, Finding, Indicator
from cards.engine.options import service
from cards.engine.orders import Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS, Mechanism

_TESTED_FIRST = {Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG, Mechanism.SERM}
"""What stays in the body of a woman who may become pregnant, or harms the child."""
_NOT_NURSING = {Mechanism.PTH_ANALOG}
"""What is not given while a child is nursed (card specification, "Postpartum")."""


_FOR_BONE_ALONE = "eldecalcitol"
"""The active form of vitamin D that is licensed for osteoporosis alone; its label rules it out in pregnancy."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """In pregnancy, no anti-osteoporosis drug is given except calcium and vitamin D; where possible, it is excluded first.

    When: (1) an anti-osteoporosis drug (bisphosphonate, denosumab, PTH analog, romosozumab, SERM, hormone therapy,
    calcitonin, strontium, vitamin K2, eldecalcitol) is ordered or taken in an active pregnancy: a woman, or a patient of
    unknown sex, under {pregnancy-age-years} or of unknown age, with an active entry that has no end date and whose onset or
    recorded date is within {pregnancy-days} days or unknown, or a positive pregnancy test of that time; or (2) a
    bisphosphonate, denosumab, a PTH analog or a SERM, ordered or begun within {pregnancy-begun-months} months, for a woman
    from {adult-years} to below {t-group-years} years without menopause, removal of both ovaries, hysterectomy, sterilization
    or an intrauterine device on record, or hormonal contraception as active. Contraceptive drugs are not read: the text says
    so; or (3) a PTH analog is ordered or taken, and lactation of a woman under {t-group-years} is active and was not recorded
    more than {postpartum-months} months ago: then it takes the place of (2).

    Then: (1) critical (warning on patient-view), without an alternative; deleting the draft is recommended. The detail asks the
    clinician to close an entry that is out of date. (2) Warning (info on patient-view): a pregnancy test (recommended).
    (3) Warning (info on patient-view), without an alternative.
    """
    entry = chart.active_problem("pregnancy") if pregnant(chart) else None
    if entry is not None:
        active_forms = (o for o in orders_of(chart, {Mechanism.ACTIVE_VITAMIN_D}) if o.drug.key == _FOR_BONE_ALONE)
        for order in (*orders_of(chart, ANTI_OSTEOPOROSIS), *active_forms):
            yield _against(chart, order, CRITICAL, "pregnant", entry)
        return
    nursed = nursing(chart)
    for order in orders_of(chart, _NOT_NURSING) if nursed else ():
        yield _against(chart, order, WARNING, "nursing", nursed)
    if _may_be(chart, n):
        since = chart.months_ago(n.pregnancy_begun_months)
        for order in orders_of(chart, _TESTED_FIRST - _NOT_NURSING if nursed else _TESTED_FIRST):
            if order.course and (order.course.start is None or order.course.start < since):
                continue
            yield _against(chart, order, WARNING, "possible", None)


def _against(chart: Chart, order: Order, indicator: Indicator, variant: str, entry: Problem | None) -> Finding:
    """The finding about one order: by an entry on the problem list, or by age alone; then with a test."""
    found = finding_about(
        chart,
        order,
        indicator,
        [facts.problem(entry) if entry else facts.age(chart)],
        variant=variant,
        values={"problem": entry},
        also=() if entry else (service("pregnancy-test", recommended=True),),
        any_number=entry is None,
    )
    label = ("EXT-45",) if order.drug.key == _FOR_BONE_ALONE else ("OPREF-P1",)
    return replace(found, cites=("EXT-30",) if variant == "nursing" else label)


def _may_be(chart: Chart, n: Numbers) -> bool:
    """Whether she may become pregnant, as far as the record says."""
    fertile = chart.patient.female and adult(chart) and chart.age is not None and chart.age < n.t_group_years
    safe = chart.problem("hysterectomy", "contraception") or chart.active_problem("hormonal-contraception")
    return fertile and not postmenopausal(chart) and safe is None
