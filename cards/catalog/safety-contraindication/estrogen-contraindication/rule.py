"""The rule of `estrogen-contraindication`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Measurement, Problem, facts
from cards.chart.calendar import DAYS_A_MONTH
from cards.chart.facts import Fact
from cards.definitions.diagnosis import osteoporosis
from cards.definitions.hormone import for_bone
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Indicator, Option, Undecided
from cards.engine.options import ranking, service
from cards.engine.orders import Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Data, Mechanism

_EVER = (
    "breast-cancer",
    "endometrial-cancer",
    "myocardial-infarction",
    "coronary-disease",
    "stroke",
    "transient-ischemic-attack",
    "arterial-thrombosis",
)
_HORMONES = {Mechanism.HORMONE_THERAPY}
_MENOPAUSE = ("menopause", "early-menopause", "oophorectomy")


class Against(Struct, frozen=True):
    """What speaks against the hormone, and how much."""

    variant: str
    indicator: Indicator
    evidence: tuple[Fact, ...]
    values: dict[str, Any]
    also: tuple[Option, ...] = ()


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Estrogen and tibolone are not given after breast or endometrial cancer or an arterial thrombosis, with liver disease,
    porphyria or bleeding that nobody has explained; they are not begun late, nor by mouth in migraine with aura.

    When: estrogen (by mouth or skin) or tibolone is ordered or taken, and one of these applies (the first counts): (1) on
    record at any time: cancer of the breast (in situ, too) or of the endometrium, myocardial infarction or other coronary
    disease (as the labels say), stroke, transient ischemic attack, or another arterial thrombosis; (2) liver disease or
    porphyria on record as active, or the newest ALT or AST of {estrogen-liver-days} days above {estrogen-liver-fold} times
    the laboratory's limit, or {estrogen-liver-limit} U/L where it gives none; (3) active vaginal bleeding of the last
    {estrogen-bleeding-days} days or undated, and no endometrial biopsy since (of undated bleeding: in that time); (4) active
    migraine with aura and estrogen by mouth; (5) tibolone from {estrogen-start-years} years on, or for a man; (6) a first
    order, or one {estrogen-pause-months} months or more after the last course, from {estrogen-start-years} years on, or more
    than {estrogen-menopause-years} years after the oldest entry of menopause; (7) active migraine with aura and estrogen
    through the skin; (8) on the chart view, with osteoporosis and begun for bone: at {estrogen-start-years} years of age, or
    after {estrogen-review-years} years of it.

    Not when: vaginal estrogen; contraceptives (`checked` names them as not judged); (5) and (6) for a man do not speak of
    estrogen, which may be meant for gender incongruence or a tumor. Venous thrombosis is `serm-thrombosis`. (5)
    and (6) of an order are not judged without age or sex: `incomplete-data` says so.

    Then: (1) to (3) critical, (4) to (6) warning, on the chart view one step milder; (7) and (8) info. In its place drugs by
    the ranking for a start of treatment, if there is osteoporosis and the hormone is forbidden or only drafted (not for info);
    with bleeding instead a referral to gynecology. The draft can be deleted.
    """
    for order in orders_of(chart, _HORMONES):
        if order.route == "vaginal":
            continue
        against = _forbidden(chart, n) or _cautious(chart, n, order)
        if (against is None or against.indicator is INFO) and _may_be_late(chart, n, order):
            yield Undecided(about=order.draft, missing=(Data.PATIENT,))
        if against is None:
            continue
        yield finding_about(
            chart,
            order,
            against.indicator,
            against.evidence,
            variant=against.variant,
            values={"by_mouth": _by_mouth(order), **against.values},
            alternatives=ranking(chart) if osteoporosis(chart) and not against.also and _in_place(order, against) else (),
            also=against.also,
        )


def _in_place(order: Order, against: Against) -> bool:
    """Whether another drug is offered: where the hormone is forbidden or about to be begun against advice."""
    return against.indicator is CRITICAL or (order.draft is not None and against.indicator is WARNING)


def _by_mouth(order: Order) -> bool:
    return order.drug.oral and order.route != "topical"


def _forbidden(chart: Chart, n: Numbers) -> Against | None:
    found = [p for key in _EVER if (p := chart.problem(key))]
    if found:
        return Against("history", CRITICAL, tuple(map(facts.problem, found)), {"problems": found})
    liver = chart.active_problem("liver-disease", "porphyria")
    if liver is not None:
        return Against("liver", CRITICAL, (facts.problem(liver),), {"cause": liver})
    enzyme = _high_enzyme(chart, n)
    if enzyme is not None:
        return Against(
            "liver", CRITICAL, (facts.measured(enzyme),), {"cause": None, "enzyme": enzyme, "limit": n.estrogen_liver_limit}
        )
    bleeding = _unexplained_bleeding(chart, n)
    if bleeding is not None:
        gynecology = (service("referral-gynecology", recommended=True),)
        return Against("bleeding", CRITICAL, (facts.problem(bleeding),), {"problem": bleeding}, gynecology)
    return None


def _high_enzyme(chart: Chart, n: Numbers) -> Measurement | None:
    since = chart.days_ago(n.estrogen_liver_days)
    newest = (chart.newest(key, since=since) for key in ("alt", "ast"))
    high = (m for m in newest if m and m.at_most(n.estrogen_liver_fold * (m.high or n.estrogen_liver_limit)) is False)
    return next(high, None)


def _unexplained_bleeding(chart: Chart, n: Numbers) -> Problem | None:
    bleeding = chart.active_problem("vaginal-bleeding")
    window = chart.days_ago(n.estrogen_bleeding_days)
    if bleeding is None or (bleeding.at_latest and bleeding.at_latest < window):
        return None
    return None if chart.done("endometrial-biopsy", since=bleeding.when or window) else bleeding


def _cautious(chart: Chart, n: Numbers, order: Order) -> Against | None:
    migraine = chart.active_problem("migraine-aura")
    aura = Against("migraine", WARNING, (facts.problem(migraine),), {"problem": migraine}) if migraine else None
    if aura and _by_mouth(order):
        return aura
    if order.drug.key == "tibolone" and chart.patient.sex == "male":
        return Against("man", WARNING, (facts.sex(chart),), {})
    old = chart.patient.female and chart.age is not None and chart.age >= n.estrogen_start_years
    if old and order.drug.key == "tibolone":
        return Against("tibolone", WARNING, (facts.age(chart),), {})
    return _late(chart, n, order, old=old) or (replace(aura, indicator=INFO) if aura else _long(chart, n, order, old=old))


def _long(chart: Chart, n: Numbers, order: Order, *, old: bool) -> Against | None:
    """A course for bone that is to be reviewed for its age, or the patient's."""
    course = order.course
    if course is None or not osteoporosis(chart) or not for_bone(chart, course):
        return None
    taken = course.exposure_days or 0
    if not old and taken < n.estrogen_review_years * DAYS_A_MONTH * 12:
        return None
    return Against("long", INFO, (facts.started(course), facts.age(chart)), {"taken": taken, "start": course.start})


def _late(chart: Chart, n: Numbers, order: Order, *, old: bool) -> Against | None:
    """A course that begins late, or again after a pause."""
    if order.draft is None or not _begins(chart, n):
        return None
    if old:
        return Against("late", WARNING, (facts.age(chart),), {"menopause": None})
    entries = [p for key in _MENOPAUSE for p in chart.problems.get(key, ()) if p.onset]
    menopause = min(entries, key=lambda p: p.onset or chart.today, default=None)
    if menopause and menopause.onset and menopause.onset < chart.months_ago(12 * n.estrogen_menopause_years):
        return Against("late", WARNING, (facts.problem(menopause),), {"menopause": menopause})
    return None


def _may_be_late(chart: Chart, n: Numbers, order: Order) -> bool:
    """Whether an order would come late for a woman of {estrogen-start-years} years, and nobody knows that she is none."""
    if order.draft is None or chart.patient.sex == "male" or (chart.patient.female and chart.age is not None):
        return False
    old = chart.age is None or chart.age >= n.estrogen_start_years
    return old and (order.drug.key == "tibolone" or _begins(chart, n))


def _begins(chart: Chart, n: Numbers) -> bool:
    """Whether no hormone is taken, nor was within {estrogen-pause-months} months."""
    since = chart.months_ago(n.estrogen_pause_months)
    ends = [c.covered_until or c.last_dose for c in chart.courses(_HORMONES) if not c.active]
    return not (any(c.active for c in chart.courses(_HORMONES)) or any(end is None or end > since for end in ends))
