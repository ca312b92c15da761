"""Which drugs are offered, in which order, and which are left out: ranked once, each put on trial, the best recommended.

An option is kept when the safety section, run on the chart with the option on the desk, says nothing critical (``trial``); so
no suggestion can contradict a card. A warning keeps it, unrecommended, with the condition said first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import Struct

from cards.chart import Chart, Course, Draft
from cards.definitions.bisphosphonates import longest_over
from cards.definitions.denosumab import closes_gap
from cards.definitions.density import hip_t
from cards.definitions.person import postmenopausal
from cards.definitions.reads import OPTIONS
from cards.engine import trial
from cards.engine.findings import Dropped, Option
from cards.engine.ladder import HIGH, rung_of
from cards.engine.timing import after_vitamin_d
from cards.vocabulary import (
    ALENDRONATE,
    COURSES,
    DENOSUMAB,
    DRUGS,
    RALOXIFENE,
    ROMOSOZUMAB,
    TERIPARATIDE,
    ZOLEDRONATE,
    Data,
    Drug,
    Mechanism,
)

AFTER_ANABOLIC = (DENOSUMAB, ZOLEDRONATE, ALENDRONATE)
BEYOND_BISPHOSPHONATE = (TERIPARATIDE, ROMOSOZUMAB)
_BESIDES = {Data.FUNCTION, Data.FRACTURE_RISK, Data.TURNOVER, Data.IMAGING, Data.REPORTS, Data.ORDERS}
RANKED = tuple(sorted({*OPTIONS, *COURSES} - _BESIDES))
"""The groups of data that ranking and safety of drugs rest on. A turnover marker holds a PTH analog alone; images, reports and
orders only settle a pain in the thigh, or a tooth that `dental-check` speaks of."""
TOGETHER = {"calcium": ("calcium", "albumin")}
"""A service that is two orders, since one order has one code."""
SHOWN = 3
"""How many drugs a card shows."""


class Offer(Struct, frozen=True):
    """The options that survive, ranked, at most one recommended; and those that were dropped, with the reason. ``held``: the
    finding of the work-up for which no drug against osteoporosis is recommended, "" where there is none."""

    options: tuple[Option, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    held: str = ""

    @property
    def recommended(self) -> Option | None:
        return next((o for o in self.options if o.recommended), None)

    @property
    def calcium_first(self) -> bool:
        """Whether a low calcium comes before any drug, and one follows as soon as it is in range, which takes days: what must
        be done the work-up says, and no specialist need say it."""
        return self.held == "low-calcium" and any(each.awaits_calcium for each in self.dropped)


def ranking(chart: Chart, otherwise: Sequence[Drug] = HIGH) -> Sequence[Drug]:
    """The drugs for a patient who starts treatment, best first; the first line that fits counts. Renal estimate below
    {egfr-specialist}: denosumab, menatetrenone (vitamin K2), neither recommended. Below {egfr-alendronate}: denosumab,
    teriparatide. Esophageal stricture or achalasia, or inability to sit upright: zoledronate, denosumab. From {oldest-years}
    years on, {old-dementia-years} with dementia: zoledronate, denosumab, alendronate, risedronate. Hip fracture, or hip T-score
    {t-hip-injection-first} or lower: zoledronate, denosumab, teriparatide. On an aromatase inhibitor: zoledronate, denosumab,
    alendronate; on androgen deprivation: denosumab, zoledronate, alendronate; on a glucocorticoid that counts as its band has
    it. Two or more vertebral fractures, or lowest T-score {t-anabolic-first} or lower: teriparatide, romosozumab, zoledronate,
    denosumab. Very high risk: zoledronate, denosumab, teriparatide, romosozumab. Else, unless the card names others:
    alendronate, risedronate, zoledronate, denosumab. After the longest course of bisphosphonates none of them; where this
    leaves nothing, denosumab. After other drugs, the card that speaks of them has its own."""
    rung = rung_of(chart)
    ranked = rung.drugs if rung else otherwise
    if not longest_over(chart):
        return ranked
    return tuple(drug for drug in ranked if drug.mechanism is not Mechanism.BISPHOSPHONATE) or (DENOSUMAB,)


def _reports_may_tell(chart: Chart) -> bool:
    """Whether reports could not be had of a patient with a fragility fracture: a monoclonal protein often stands in words
    alone. The drugs are offered, none is recommended."""
    return Data.REPORTS in chart.failed and bool(chart.fractures)


def additional(chart: Chart) -> Sequence[Drug]:
    """Raloxifene as an additional option, not recommended: postmenopausal, raised breast-cancer risk on record, and neither a
    hip fracture nor a hip T-score of {t-osteoporosis} or lower (OPREF-T6)."""
    hip = hip_t(chart)
    hip_risk = any(f.site == "hip" for f in chart.fractures) or (hip is not None and hip.value <= chart.numbers.t_osteoporosis)
    suits = postmenopausal(chart) and not hip_risk and chart.problem("breast-cancer-risk") is not None
    return (RALOXIFENE,) if suits else ()


def offer(
    chart: Chart,
    drugs: Iterable[Drug],
    *,
    start: date | None = None,
    replaces: tuple[Draft, ...] = (),
    stops: Iterable[Course] = (),
    recommend: bool = True,
    waits: bool = True,
    regimens: Mapping[str, str] = MappingProxyType({}),
) -> Offer:
    """Options are looked at in the order of their ranking. Dropped, and named with the reason: what is not on the site's
    formulary (the one that comes with the service leaves out romosozumab); romosozumab and raloxifene for men, raloxifene
    before menopause or with a renal estimate below {egfr-raloxifene}; PTH analogs on an aromatase inhibitor or androgen
    deprivation, raloxifene on the former; an anabolic whose limit is reached; a drug that still works on the day it would
    start; and any drug of which a card of section F would say something critical if it were ordered. A warning of section F
    keeps a drug, with the condition first in its label, not recommended unless the condition can be corrected: a low 25(OH)D, a
    test that is missing, a tooth, a day that is not reached. A PTH analog follows calcium, PTH and ALP, where one was not
    measured, as its label says. The first that is left is recommended, unless the card says that
    none is. Three are shown, the recommended one among them. Vitamin K2 is never the only one, and below {egfr-specialist}
    mL/min it follows the specialist, as its label says. A finding of the work-up drops a drug, or holds it: then it is not
    recommended before this is clarified, as its label says first.

    What could not be had or read may forbid a drug or make it superfluous: where a check of order safety could not be made for
    that, or a renal value may forbid a drug that is for working kidneys, the drug is dropped, too, and no other takes its
    place; where it is something of the drugs that the patient takes, none is offered. Where the ranking rests on anything of
    the kind, the same are offered and none is recommended; nor is a drug against osteoporosis with myeloma or bone metastasis
    on record.

    ``start`` is the first day of the dose where it lies ahead, of zoledronate after a hip fracture not before day
    {zoledronate-hip-days}; ``recommend`` False offers without recommending; ``waits`` False: a gap would harm sooner than a
    work-up ends, which then goes on beside the drug; ``regimens`` names another regimen than the usual one, by drug. ``stops``
    are courses that the option takes the place of: those of tablets and daily injections that are on the list as active end
    with it.

    In place of an order something is offered for the first ten orders of drugs for bone.
    """
    if not trial.among_the_first(chart, replaces):
        return Offer()
    ended = tuple(course for course in stops if course.active and course.drug.covers_months is None)
    drugs = tuple(drugs)
    rows = trial.work_up(chart, starting=any(trial.starts(chart, drug) for drug in drugs))
    none_starred = bool(chart.doubts(RANKED)) or (waits and _reports_may_tell(chart))
    judged = [trial.judge(chart, drug, rows, start, replaces, waits=waits) for drug in drugs]
    best = _best(judged) if recommend else None
    options = tuple(
        Option(
            "drug",
            each.drug.key,
            regimens.get(each.drug.key, ""),
            each.start,
            each is best and not none_starred,
            replaces,
            ended,
            each.warnings,
            after=each.after,
            meanwhile=each.meanwhile,
            unless_operated=any(each.drug.key in row.proviso for row in rows),
            first=trial.comes_first(chart, each.drug),
        )
        for each in _shown(judged, best)
    )
    dropped = tuple(each.dropped for each in judged if each.dropped is not None)
    if options and all(DRUGS[each.key].mechanism is Mechanism.VITAMIN_K2 for each in options):
        dropped += tuple(Dropped(each.key, phrase="alone") for each in options)
        options = ()
    return Offer(after_vitamin_d(chart, options), dropped, next((row.name for row in rows if row.holds_all), ""))


def _best(judged: Sequence[trial.Judged]) -> trial.Judged | None:
    """The first that nothing speaks against, unless one before it could not be judged; where none closes a gap at once, the
    next dose of denosumab after vitamin D."""
    for each in judged:
        if each.unread:
            return None
        if each.recommendable and not each.gap:
            return each
    return next((each for each in judged if each.recommendable and each.drug is DENOSUMAB), None)


def _shown(judged: Sequence[trial.Judged], best: trial.Judged | None) -> tuple[trial.Judged, ...]:
    """Those that are offered, three at most: what could not be judged keeps its place, and the best one is always
    among them."""
    in_order = [each for each in judged if each.dropped is None or each.unread]
    first = [each for each in in_order[:SHOWN] if not each.unread]
    if best is None or best in first:
        return tuple(first)
    return (*first[: SHOWN - 1], best)


def mend(chart: Chart, draft: Draft, drug: Drug, regimen: str, *, start: date | None = None) -> Offer:
    """The draft with dose and timing mended to ``regimen`` (a key of ``cards.accepted``), from ``start`` on; nothing where the
    safety rules forbid the drug in any dose."""
    if not trial.among_the_first(chart, (draft,)):
        return Offer()
    rows, findings = trial.work_up(chart), trial.safety(chart, drug, start, (draft,))
    if (forbidden := trial.forbidden_by(drug, rows, findings)) is not None:
        return Offer((), (forbidden,))
    warnings = trial.warnings_of(findings)
    after, meanwhile = trial.held(drug, rows, waits=not closes_gap(chart, drug))
    mended = Option(
        "mend",
        drug.key,
        regimen,
        start,
        recommended=all(finding.correctable for finding in warnings) and not after,
        replaces=(draft,),
        condition=warnings,
        after=after,
        meanwhile=meanwhile,
        first=trial.comes_first(chart, drug),
    )
    return Offer(after_vitamin_d(chart, (mended,)))


def service(
    key: str,
    *,
    start: date | None = None,
    recommended: bool = False,
    reason: str = "osteoporosis",
    urgent: bool = False,
) -> Option:
    """A test, imaging study or referral to order; ``urgent``: at once."""
    return Option("service", key, start=start, recommended=recommended, reason=reason, urgent=urgent)


def discard(draft: Draft, *, recommended: bool = False) -> Option:
    """Take the draft off the desk."""
    return Option("discard", replaces=(draft,), recommended=recommended)


def one_of(options: Sequence[Option]) -> tuple[Option, ...]:
    """Of options that exclude each other the one that stands for them where any number may be chosen: the recommended one, or
    the only one."""
    return tuple(options) if len(options) == 1 else tuple(option for option in options if option.recommended)


SPECIALIST = (service("referral-osteoporosis", recommended=True),)
"""Where no drug may be offered, somebody who knows more."""
