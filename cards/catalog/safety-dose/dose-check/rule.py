"""The rule of `dose-check`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import ceil
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import DOSE_UNREAD, ORDER_SIGN, REASON_UNREAD, Chart, Course, Dosing, Draft, SetAside, facts
from cards.chart.calendar import add_days, add_months
from cards.chart.facts import Fact
from cards.definitions.accepted import ONCOLOGIC, Accepted, dosing_of, interval, regimens_of
from cards.definitions.basket import quantity
from cards.definitions.denosumab import only_ordered, risen
from cards.definitions.kidney import renal, renal_facts
from cards.definitions.person import adult, postmenopausal
from cards.definitions.vitamin_d import Supply, supply
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Indicator, Undecided
from cards.engine.options import Offer, mend, offer, ranking
from cards.engine.orders import Order, finding_about, going_on, order_of
from cards.engine.trial import forbidden_anyhow
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, DRUGS, PROBLEMS, ZOLEDRONATE, Data, Drug, Mechanism, Name
from cards.vocabulary.regimens import REGIMENS

_CHECKED = frozenset(
    {
        Mechanism.BISPHOSPHONATE,
        Mechanism.RANKL_INHIBITOR,
        Mechanism.PTH_ANALOG,
        Mechanism.SCLEROSTIN_INHIBITOR,
        Mechanism.SERM,
    }
)


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """A drug must be ordered at an accepted dose, route and interval, and an injection not long before it is due. A weekly or
    monthly dose taken every day is dangerous. A sig that cannot be read is never guessed.

    When: alendronate, risedronate, ibandronate, zoledronate, denosumab, teriparatide, abaloparatide, romosozumab or
    raloxifene is ordered or refilled, and any of these applies: (1) daily: it is to be taken every day, the amount is
    unstated or at least the smallest meant for {dose-long-days} days or longer, and no accepted regimen of that amount is
    daily; (2) the dose matches no accepted regimen; (3) the interval matches no accepted regimen of this dose; (4) the route
    matches no accepted regimen; (5) the strength is an oncologic one (denosumab 120 mg, zoledronate 4 mg, ibandronate 6 or 50
    mg) and neither bone metastasis, myeloma, giant-cell tumor nor hypercalcemia is on record as active or is the reason for
    the order, or it is a daily dose for Paget disease (alendronate 40 mg, risedronate 30 mg) without that disease; (6) early:
    denosumab 60 mg begins more than {denosumab-grace-days} days before {denosumab-months} months have passed since the last
    dose, or zoledronate 5 mg more than {zoledronate-early-months} month before {zoledronate-months} months have passed since
    the last infusion ({zoledronate-after-denosumab-months} if that infusion was the first after denosumab and followed it
    within {denosumab-sequence-months} months, or CTX calls for another one); denosumab 120 mg, and zoledronate 4 mg that goes
    on, have dates of their own and are left to `same-class-duplicate`. Doses may differ from a regimen by a fraction of
    {dose-tolerance}, intervals by {dose-interval-tolerance}; a tablet without a count means one tablet. Or: (7) of plain
    vitamin D, all on the list and in the basket together, {vitamin-d-weekly-iu} IU or more every day; a single dose of more
    than {vitamin-d-single-iu} IU, critical above {vitamin-d-single-critical-iu}; more than {vitamin-d-mean-iu} IU a day on
    the mean of any 30 days, unless it is one loading of 50,000 IU once weekly, {vitamin-d-loading-total} IU in all at most,
    with no more than 2,000 IU a day beside it, the largest dose that follows a loading; more than {vitamin-d-long-iu} IU a
    day without an end or for more than {vitamin-d-long-weeks} weeks ({vitamin-d-long-deficient-weeks} with a 25(OH)D below
    {vitamin-d-deficient} ng/mL within {vitamin-d-excess-months} months); below {adult-years} years more than
    {vitamin-d-child-iu} IU a day, or {vitamin-d-weekly-iu} IU or more at once; (8) raloxifene, bazedoxifene or romosozumab
    for a man, or for a woman who is known not to be postmenopausal: they are licensed for postmenopausal women alone; (9)
    raloxifene or bazedoxifene with a renal estimate below {egfr-raloxifene} mL/min or on dialysis, or beside an aromatase
    inhibitor that goes on or is drafted: the label rules them out in severe renal impairment and asks that treatment of
    breast cancer is over; (10) of calcitriol more than {calcitriol-most-ug} mcg a day, of alfacalcidol
    {alfacalcidol-most-ug}, of eldecalcitol {eldecalcitol-most-ug}, the most that their labels allow, in all drafts of it
    together; or more than that in a dose of which nobody tells how often (not of an ointment).

    Not when: also accepted are: alendronate 10 or 5 mg daily and 35 mg weekly; risedronate 5 mg daily, 75 mg once or twice a
    month, 150 mg monthly; ibandronate 2.5 mg daily, and 2 mg intravenously every 3 months (Chinese label, recalled);
    zoledronate every two years; teriparatide 56.5 mcg weekly or 28.2 mcg twice weekly. The unreadable or missing part of a
    sig is not judged (order-sign: `incomplete-data`, info, of plain vitamin D only for an injection, which may hold the dose
    of a year; also on order-select if it has the wrong data type), nor is (5) if the reason for the order has the wrong data
    type (likewise), nor (5) or (6) if problems or medications could not be retrieved, nor (8) without sex or age, nor (9)
    with a renal estimate that leaves its limit open (`incomplete-data`, a warning on order-sign).

    Then: critical for (1), in (7) for a weekly dose every day, the higher single dose and the mean (a warning after gastric
    bypass and in malabsorption), and in (10) for {active-d-fold} times the most or more, a day or in one dose (mg written for
    mcg is a thousand times); otherwise warning; one card per order. The draft corrected to the nearest accepted regimen,
    otherwise the usual one, in (6) starting on the day the dose is due; recommended unless order safety warns about the drug
    or the last dose is an open order of which nobody knows that it was given; dropped if order safety forbids it. In (5), the
    usual regimen instead; in (8), from {t-group-years} years on, and in (9) other drugs, ranked as for starting treatment.
    Nothing for a child. The draft can be deleted (recommended in (1) if nothing else is recommended).
    """
    for draft in chart.drafted(_CHECKED):
        if draft.drug is None or not (regimens_of(draft.drug) or draft.drug.oncologic):
            continue
        order = _Ordered(chart, draft, draft.drug, n)
        judged = order.judged()
        early = _early(chart, n, draft, draft.drug)
        if judged.wrong or early:
            yield _finding(order, judged, early)
        missing = judged.missing or _doses_missing(chart, draft.drug, early)
        unread = (*chart.unread_of(DOSE_UNREAD, draft), *judged.unread)
        unsaid = not judged.read and chart.hook is ORDER_SIGN  # while the order is being filled in, the sig may still follow
        if missing or unread or unsaid:
            yield Undecided(unread, (), draft, missing, WARNING if missing else INFO)
    yield from _for_others(chart, n)
    yield from _against_its_label(chart, n)
    yield from _vitamin_d(chart, n)
    yield from _active_vitamin_d(chart, n)


_OF_WOMEN = frozenset({Mechanism.SERM, Mechanism.SCLEROSTIN_INHIBITOR})
"""Licensed for postmenopausal women alone."""


def _for_others(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """What is licensed for postmenopausal women, ordered for somebody else."""
    if postmenopausal(chart):
        return
    for draft in chart.drafted(_OF_WOMEN):
        if draft.drug is None or draft.proposed:
            continue
        if chart.patient.sex != "male" and not (chart.patient.female and chart.age is not None):
            yield Undecided(about=draft, missing=(Data.PATIENT,))
            continue
        found = finding_about(
            chart,
            order_of(chart, draft),
            WARNING,
            [facts.sex(chart), facts.age(chart)],
            variant="of-women",
            values=_NOTHING | {"reasons": ["of-women"], "male": chart.patient.sex == "male"},
            alternatives=ranking(chart) if chart.age is not None and chart.age >= n.t_group_years else (),
        )
        yield replace(found, cites=(_LICENSE[draft.drug.mechanism],))


def _against_its_label(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """SERMs with kidneys or a cancer drug that their label speaks against, for a woman whom they are licensed for."""
    if not postmenopausal(chart):
        return
    kidneys, inhibitors = renal(chart), list(_inhibitors(chart))
    weak = kidneys.below(n.egfr_raloxifene)
    for draft in chart.drafted({Mechanism.SERM}):
        if draft.proposed:
            continue
        if kidneys.undecided(n.egfr_raloxifene):
            yield Undecided(kidneys.unreadable, renal_facts(kidneys), draft)
        if not (weak or inhibitors):
            continue
        variant = "serm-kidney" if weak else "serm-adjuvant"
        values = {
            "reasons": [variant, *(["serm-adjuvant"] if weak and inhibitors else [])],
            "estimate": kidneys.lowest,
            "dialysis": kidneys.dialysis,
            "limit": n.egfr_raloxifene,
            "inhibitor": inhibitors[0][0] if inhibitors else None,
        }
        found = finding_about(
            chart,
            order_of(chart, draft),
            WARNING,
            [*(map(facts.measured, kidneys.estimates) if weak else ()), *(fact for _, fact in inhibitors)],
            variant=variant,
            values=_NOTHING | values,
            alternatives=ranking(chart),
        )
        yield replace(found, cites=("EXT-47",))


def _inhibitors(chart: Chart) -> Iterator[tuple[Drug, Fact]]:
    """Aromatase inhibitors that go on, or are drafted."""
    wanted = {Mechanism.AROMATASE_INHIBITOR}
    yield from ((course.drug, facts.taken(course)) for course in going_on(chart, wanted))
    for draft in (*chart.drafted(wanted), *chart.drafted_beside(wanted)):
        if draft.drug is not None:
            yield draft.drug, facts.drafted(draft)


_LICENSE = {Mechanism.SERM: "OPREF-T6", Mechanism.SCLEROSTIN_INHIBITOR: "EXT-44"}
_NOTHING: dict[str, Any] = {"barred": False, "meant": None, "every": None, "only_for": [], "due": None, "only_ordered": False}
"""What the texts ask of a dose, where it is none that is wrong."""

_PLAIN_VITAMIN_D = frozenset({Mechanism.VITAMIN_D})
_INJECTED = re.compile(r"注射|肌注|针剂|(?i:inject|ampou?le)")
_WEEK = 7
_ON_SKIN = re.compile(r"软膏|乳膏|外用|涂|(?i:ointment|cream|topical|\bapply\b)")
_UG = 1000
"""Micrograms in a milligram."""


def _vitamin_d(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """The vitamin D that is being ordered, with what is on the list."""
    drafts = [draft for draft in chart.drafted(_PLAIN_VITAMIN_D) if not draft.proposed]
    if not drafts:
        return
    taken = [c for c in chart.courses(_PLAIN_VITAMIN_D) if c.active or c.on_treatment(chart.today)]
    told = supply(taken, [*drafts, *chart.drafted_beside(_PLAIN_VITAMIN_D)])
    draft = max(drafts, key=lambda each: (each.dosing.amount or 0) if each.dosing else 0)
    found = next(_too_much(chart, n, told, draft), None)
    unread = chart.unread_of(DOSE_UNREAD, *taken, *drafts)
    injected = next(filter(_is_unread_injection, drafts), None) if chart.hook is ORDER_SIGN else None
    if injected is not None:
        yield Undecided(about=injected, indicator=INFO)
    elif unread and (found is None or found[1] is not CRITICAL):
        yield Undecided(unread, about=draft, indicator=INFO)
    if found is None:
        return
    variant, indicator, amount, limit = found
    values: dict[str, Any] = {
        "reasons": [variant],
        "amount": quantity(_above(amount, limit), "IU"),
        "limit": quantity(limit, "IU"),
    }
    values |= _NOTHING | {"weeks": _weeks(chart, n), "child": not adult(chart)}
    if draft.drug is not None:
        about = Order(draft.drug, draft=draft)
        yield replace(
            finding_about(chart, about, indicator, map(facts.taken, taken), variant=variant, values=values), cites=("EXT-14",)
        )


def _is_unread_injection(draft: Draft) -> bool:
    """One of which nobody can tell how much it holds."""
    dosing = draft.dosing or Dosing(readable=False)
    return dosing.amount is None and (dosing.route == "im" or _INJECTED.search(draft.text) is not None)


def _too_much(chart: Chart, n: Numbers, told: Supply, draft: Draft) -> Iterator[tuple[str, Indicator, float, float]]:
    """Why it is too much, the gravest first, with the amount and its limit in IU."""
    dosing = draft.dosing or Dosing(readable=False)
    single = (dosing.amount or 0) if dosing.unit == "IU" else 0
    daily = dosing.every_days is not None and dosing.every_days <= 1
    absorbs_badly = chart.active_problem("gastric-bypass", "malabsorption") is not None
    if daily and single >= n.vitamin_d_weekly_iu:
        yield "vitamin-d-daily", CRITICAL, single, n.vitamin_d_weekly_iu
    if single > n.vitamin_d_single_critical_iu:
        yield "vitamin-d-single", CRITICAL, single, n.vitamin_d_single_critical_iu
    accepted = told.is_accepted_loading(chart.numbers.vitamin_d_loading_total)
    if (mean := told.mean()) > n.vitamin_d_mean_iu and not accepted:
        yield "vitamin-d-mean", WARNING if absorbs_badly else CRITICAL, mean, n.vitamin_d_mean_iu
    if single > n.vitamin_d_single_iu:
        yield "vitamin-d-single", WARNING, single, n.vitamin_d_single_iu
    if not adult(chart) and single >= n.vitamin_d_weekly_iu:
        yield "vitamin-d-child", WARNING, single, n.vitamin_d_weekly_iu
    if not adult(chart) and told.daily() > n.vitamin_d_child_iu:
        yield "vitamin-d-child", WARNING, told.daily(), n.vitamin_d_child_iu
    if (long := told.daily(beyond=_WEEK * _weeks(chart, n))) > n.vitamin_d_long_iu:
        yield "vitamin-d-long", WARNING, long, n.vitamin_d_long_iu


def _active_vitamin_d(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Active forms are dosed in micrograms: what is written in mg by mistake is a thousand times the dose."""
    most = {"calcitriol": n.calcitriol_most_ug, "alfacalcidol": n.alfacalcidol_most_ug, "eldecalcitol": n.eldecalcitol_most_ug}
    active = {Mechanism.ACTIVE_VITAMIN_D}
    ordered = [d for d in (*chart.drafted(active), *chart.drafted_beside(active)) if not (d.proposed or _is_on_skin(d))]
    for draft in chart.drafted(active):
        if draft not in ordered or draft.drug is None or draft.drug.key not in most:
            continue
        if unread := chart.unread_of(DOSE_UNREAD, draft):
            yield Undecided(unread, about=draft, indicator=INFO)
        limit = most[draft.drug.key]
        told = _too_much_active(draft, [each for each in ordered if each.drug == draft.drug], limit, limit * n.active_d_fold)
        if told is None:
            continue
        indicator, amount, daily = told
        values = {
            "reasons": ["active-d"],
            "amount": quantity(amount / _UG, "mg"),
            "limit": quantity(limit / _UG, "mg"),
            "daily": daily,
            "usual": REGIMENS[draft.drug.key].label,
            "child": not adult(chart),
        }
        found = finding_about(
            chart, Order(draft.drug, draft=draft), indicator, (), variant="active-d", values=_NOTHING | values
        )
        yield replace(found, cites=("EXT-48",))


def _is_on_skin(draft: Draft) -> bool:
    """An ointment, of which grams are spread."""
    return dosing_of(draft).route == "topical" or _ON_SKIN.search(draft.text) is not None


def _too_much_active(
    draft: Draft, same: Iterable[Draft], limit: float, far_above: float
) -> tuple[Indicator, float, bool] | None:
    """How grave it is, the amount in micrograms, and whether that is the amount of a day. Larger doses on single days, as at
    dialysis, count by their daily mean; not where one dose alone is far above the limit."""
    own = dosing_of(draft)
    one = round((own.amount or 0) * _UG, 6)
    daily = round(sum(dosing_of(each).daily or 0 for each in same) * _UG, 6)
    if daily >= far_above:
        return CRITICAL, daily, True
    if one >= far_above:
        return CRITICAL, one, False
    if daily > limit:
        return WARNING, daily, True
    return (WARNING, one, False) if one > limit and own.daily is None else None


def _above(amount: float, limit: float) -> int:
    """Rounded, but never down to the limit that it exceeds."""
    return max(round(amount), ceil(amount) if amount < limit + 1 else 0)


def _weeks(chart: Chart, n: Numbers) -> int:
    """How long a higher daily dose may go on: longer in deficiency."""
    newest = chart.newest("vitamin-d", since=chart.months_ago(n.vitamin_d_excess_months))
    deficient = newest is not None and newest.below(n.vitamin_d_deficient)
    return n.vitamin_d_long_deficient_weeks if deficient else n.vitamin_d_long_weeks


class _Judged(Struct, frozen=True):
    """What is wrong with the sig, the worst first (reason, urgency); whether all of it could be read; the regimen that it
    matches or is nearest to; the problems that it is ``only_for``, and what is ``missing`` or ``unread`` for judging them."""

    wrong: tuple[tuple[str, Indicator], ...] = ()
    read: bool = True
    regimen: Accepted | None = None
    only_for: tuple[str, ...] = ()
    missing: tuple[Data, ...] = ()
    unread: tuple[SetAside, ...] = ()


class _Ordered(Struct, frozen=True):
    """One draft, judged with the patient's problems."""

    chart: Chart
    draft: Draft
    drug: Drug
    n: Numbers

    @property
    def dosing(self) -> Dosing:
        return dosing_of(self.draft)

    @property
    def mg(self) -> float | None:
        return self.dosing.amount if self.dosing.unit == "mg" else None

    def judged(self) -> _Judged:
        """The sig compared with the accepted regimens. One of the service's own options has no sig and uses the usual
        regimen."""
        if self.draft.proposed:
            return _Judged()
        if self.drug.oncologic:
            return self._only_for(ONCOLOGIC, _Judged())
        mg, days = self.mg, self.dosing.every_days
        regimens = [r for r in regimens_of(self.drug) if mg is None or r.has_dose(mg, self.n.dose_tolerance)]
        fitting = [r for r in regimens if days is None or r.has_interval(days, self.n.dose_interval_tolerance)]
        regimen = [*fitting, *regimens, *regimens_of(self.drug)][0]
        read = self.dosing.readable and mg is not None and (days is not None or self.drug.covers_months is not None)
        judged = _Judged(tuple(self._wrong(regimens, fitting)), read, regimen)
        return self._only_for(regimen.only_for, judged) if regimen in fitting and regimen.only_for else judged

    def _only_for(self, problems: tuple[str, ...], judged: _Judged) -> _Judged:
        """The judgment of a strength meant for these problems only: one of them must be the reason for the order, or on
        record."""
        if self.draft.reasons.intersection(problems) or self.chart.active_problem(*problems) is not None:
            return judged
        if Data.CONDITIONS in self.chart.failed:
            return replace(judged, missing=(Data.CONDITIONS,))
        if unread := self.chart.unread_of(REASON_UNREAD, self.draft):
            return replace(judged, unread=unread)
        return replace(judged, wrong=(("indication", WARNING), *judged.wrong), only_for=problems)

    def _wrong(self, same_dose: Sequence[Accepted], fitting: Sequence[Accepted]) -> Iterator[tuple[str, Indicator]]:
        mg, days = self.mg, self.dosing.every_days
        if not fitting and self._long_dose_daily(mg, days):
            yield "daily", CRITICAL
        elif not same_dose:
            yield "dose", WARNING
        elif not fitting:
            yield "interval", WARNING
        if self.dosing.route and not any(r.has_route(self.dosing.route) for r in regimens_of(self.drug)):
            yield "route", WARNING

    def _long_dose_daily(self, mg: float | None, days: float | None) -> bool:
        """Whether a dose meant for a week or longer is to be taken every day."""
        long = [r.mg for r in regimens_of(self.drug) if r.days >= self.n.dose_long_days]
        return days is not None and days <= 1 and bool(long) and (mg is None or mg >= min(long))


class _Early(Struct, frozen=True):
    """An injection ordered too early: its course, and the day on which the next dose is due."""

    course: Course
    due: date

    @property
    def only_ordered(self) -> bool:
        """Whether an order that is still open stands for the last dose: nobody knows that it was given."""
        return self.course.active and self.course.last_dose_basis == "order"


def _early(chart: Chart, n: Numbers, draft: Draft, drug: Drug) -> _Early | None:
    """Denosumab more than four weeks before it is due, zoledronate more than a month."""
    denosumab = chart.course(DENOSUMAB)
    planned = only_ordered(chart, denosumab) if denosumab else ()
    courses = [c for c in chart.drug_courses.values() if c.drug.ingredient == drug.ingredient and c.last_dose]
    given = [c for c in courses if c not in planned and not _for_tumors(c, drug)]
    course = max(given, key=lambda c: c.last_dose_at_latest or date.min, default=None)
    last_dose = course.last_dose_at_latest if course else None
    if course is None or last_dose is None or drug not in (DENOSUMAB, ZOLEDRONATE):
        return None
    begin = max(draft.start or chart.today, chart.today)
    if drug is DENOSUMAB:
        due = add_months(last_dose, n.denosumab_months)
        earliest = add_days(due, -n.denosumab_grace_days)
    else:
        rebounds = _followed_denosumab(chart, n, course) or risen(chart) is not None
        again = n.zoledronate_after_denosumab_months if rebounds else n.zoledronate_months
        due = add_months(last_dose, again)
        earliest = add_months(last_dose, again - n.zoledronate_early_months)
    return _Early(course, due) if begin < earliest else None


def _for_tumors(course: Course, drug: Drug) -> bool:
    """A strength for tumors that has its own dates: denosumab 120 mg, and zoledronate 4 mg while it goes on. What is drafted
    beside it is `same-class-duplicate`."""
    return course.drug.oncologic and (drug is DENOSUMAB or course.active)


def _doses_missing(chart: Chart, drug: Drug, early: _Early | None) -> tuple[Data, ...]:
    """Which data on earlier doses could not be retrieved, if it matters."""
    failed = drug in (DENOSUMAB, ZOLEDRONATE) and early is None and Data.MEDICATIONS in chart.failed
    return (Data.MEDICATIONS,) if failed else ()


def _followed_denosumab(chart: Chart, n: Numbers, infusion: Course) -> bool:
    """Whether the last infusion is the first one after denosumab, given during the rebound: turnover markers may call for an
    early second one, as `denosumab-sequence` says."""
    denosumab = chart.course(DENOSUMAB)
    if denosumab is None or infusion.last_dose is None:
        return False
    before = [day for day in (*denosumab.doses, denosumab.last_dose) if day is not None and day <= infusion.last_dose]
    if not before or infusion.last_dose > add_months(max(before), n.denosumab_sequence_months):
        return False
    return not any(max(before) < day < infusion.last_dose for day in infusion.doses)


def _finding(order: _Ordered, judged: _Judged, early: _Early | None) -> Finding:
    """One finding for everything that is wrong with one order: the worst problem determines the variant."""
    reasons = [*judged.wrong, *([("early", WARNING)] if early else [])]
    chosen = Offer() if order.draft.proposed or not adult(order.chart) else _better(order, judged, early)
    found = finding_about(
        order.chart,
        Order(order.drug, draft=order.draft),
        reasons[0][1],
        _evidence(order, early),
        variant=reasons[0][0],
        values=_values(order, judged, early) | {"reasons": [reason for reason, _ in reasons]},
        also=chosen.options,
    )
    return replace(found, dropped=chosen.dropped, cites=(_usual(order.drug).source,))


def _usual(drug: Drug) -> Accepted:
    """The usual regimen of its ingredient for osteoporosis."""
    return regimens_of(_meant(drug))[0]


def _meant(drug: Drug) -> Drug:
    """The strength of the ingredient that is for osteoporosis."""
    return DRUGS[drug.ingredient] if drug.oncologic else drug


def _better(order: _Ordered, judged: _Judged, early: _Early | None) -> Offer:
    """The draft with dose and timing corrected. An oncologic product cannot be corrected, so another one replaces it."""
    start = early.due if early else None
    if judged.regimen is None or judged.only_for:
        return offer(order.chart, [_meant(order.drug)], start=start, replaces=(order.draft,))
    chosen = mend(order.chart, order.draft, order.drug, judged.regimen.key, start=start)
    if early is None or not early.only_ordered:
        return chosen
    return replace(chosen, options=tuple(replace(option, recommended=False) for option in chosen.options))


def _values(order: _Ordered, judged: _Judged, early: _Early | None) -> dict[str, Any]:
    long = [r for r in regimens_of(order.drug) if r.days >= order.n.dose_long_days]
    meant = next(
        (r for r in long if order.mg is None or r.has_dose(order.mg, order.n.dose_tolerance)), long[0] if long else None
    )
    return {
        "amount": quantity(order.mg, "mg") if order.mg is not None else None,
        "every": interval(order.n.dose_tolerance, order.dosing.every_days) if order.dosing.every_days else None,
        "meant": interval(order.n.dose_tolerance, meant.days) if meant else None,
        "route": order.dosing.route,
        "usual": _usual(order.drug).label,
        "barred": not order.draft.proposed and forbidden_anyhow(order.chart, order.draft, _meant(order.drug)),
        "only_for": [PROBLEMS[problem] for problem in judged.only_for],
        "last_dose": early.course.last_dosed if early else None,
        "due": early.due if early else None,
        "only_ordered": early is not None and early.only_ordered,
    }


def _evidence(order: _Ordered, early: _Early | None) -> list[Fact]:
    told = [facts.last_dose(early.course)] if early else []
    every = interval(order.n.dose_tolerance, order.dosing.every_days) if order.dosing.every_days else None
    said = [each for each in (quantity(order.mg, "mg") if order.mg is not None else None, every) if each]
    if order.draft.proposed or not said:
        return told
    sig = Name(" ".join(each.en for each in said), " ".join(each.zh for each in said))
    return [Fact(Name("as ordered", "医嘱用法"), sig, source=order.draft.id), *told]
