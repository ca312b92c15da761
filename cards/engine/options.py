"""Which drugs are offered, in which order, and which are left out: ranked once, filtered by the safety rules themselves.

An option is kept when the safety section, run on the chart with the option on the desk, says nothing critical; so no
suggestion can contradict a card. A warning keeps it, unrecommended, with the condition said first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import Struct

from cards.chart import Chart, Course, Draft
from cards.definitions import bone_loss, femur, workup
from cards.definitions.courses import used_up
from cards.definitions.denosumab import closes_gap
from cards.definitions.density import hip_t, lowest_t
from cards.definitions.hip import after_hip_fracture
from cards.definitions.hormone_blockers import deprived
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal
from cards.definitions.person import postmenopausal
from cards.definitions.reads import OPTIONS
from cards.definitions.risk import risk
from cards.definitions.workup import emergency
from cards.definitions.workup.row import ANABOLICS, INJECTIONS
from cards.engine.catalog import safety_checks
from cards.engine.findings import CRITICAL, INFO, Dropped, Finding, Option
from cards.engine.run import run
from cards.vocabulary import (
    ABALOPARATIDE,
    ALENDRONATE,
    ANTI_OSTEOPOROSIS,
    COURSES,
    DENOSUMAB,
    DRUGS,
    MENATETRENONE,
    RALOXIFENE,
    RISEDRONATE,
    ROMOSOZUMAB,
    SHIPPED_FORMULARY,
    TERIPARATIDE,
    ZOLEDRONATE,
    Data,
    Drug,
    Mechanism,
)

HIGH = (ALENDRONATE, RISEDRONATE, ZOLEDRONATE, DENOSUMAB)
VERY_HIGH = (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE, ROMOSOZUMAB)
ANABOLIC_FIRST = (TERIPARATIDE, ROMOSOZUMAB, ZOLEDRONATE, DENOSUMAB)
HIP_FIRST = (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
BY_INJECTION = (ZOLEDRONATE, DENOSUMAB)
RENAL_LOW = (DENOSUMAB, TERIPARATIDE)
RENAL_VERY_LOW = (DENOSUMAB, MENATETRENONE)
AFTER_ANABOLIC = (DENOSUMAB, ZOLEDRONATE, ALENDRONATE)
BEYOND_BISPHOSPHONATE = (TERIPARATIDE, ROMOSOZUMAB)

_BESIDES = {Data.FUNCTION, Data.FRACTURE_RISK, Data.TURNOVER, Data.IMAGING, Data.REPORTS, Data.ORDERS}
RANKED = tuple(sorted({*OPTIONS, *COURSES} - _BESIDES))
"""The groups of data that ranking and safety of drugs rest on. A turnover marker holds a PTH analog alone; images, reports and
orders only settle a pain in the thigh, or a tooth that `dental-check` speaks of."""

TOGETHER = {"calcium": ("calcium", "albumin")}
"""A service that is two orders, since one order has one code."""

_AGAINST_HORMONES = {
    "aromatase-inhibitor": (Mechanism.PTH_ANALOG, Mechanism.SERM),
    "androgen-deprivation": (Mechanism.PTH_ANALOG,),
}
"""What is not given beside drugs that take the sex hormones away."""

NOT_READ = "not-read"
"""The phrase of what was dropped since something that may speak against it could not be read."""
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


def ranking(chart: Chart) -> Sequence[Drug]:
    """The drugs for a patient who starts treatment, best first; the first line that fits counts. Renal estimate below
    {egfr-specialist}: denosumab, menatetrenone (vitamin K2), neither recommended. Below {egfr-alendronate}: denosumab,
    teriparatide. Esophageal stricture or achalasia, or inability to sit upright: zoledronate, denosumab. Hip fracture, or hip
    T-score {t-hip-injection-first} or lower: zoledronate, denosumab, teriparatide. On an aromatase inhibitor: zoledronate,
    denosumab, alendronate; on androgen deprivation: denosumab, zoledronate, alendronate; on a glucocorticoid that counts as its
    band has it. Two or more vertebral fractures, or lowest T-score {t-anabolic-first} or lower: teriparatide, romosozumab,
    zoledronate, denosumab. Very high risk: zoledronate,
    denosumab, teriparatide, romosozumab. Else: alendronate, risedronate, zoledronate, denosumab. After other drugs, the card
    that speaks of them has its own."""
    kidneys = renal(chart)
    if kidneys.below(chart.numbers.egfr_specialist):
        return RENAL_VERY_LOW
    if kidneys.below(chart.numbers.egfr_alendronate):
        return RENAL_LOW
    if chart.active_problem("esophageal-delay", "cannot-sit-upright"):
        return BY_INJECTION
    hip = hip_t(chart)
    if any(f.site == "hip" for f in chart.fractures) or (hip is not None and hip.value <= chart.numbers.t_hip_injection_first):
        return HIP_FIRST
    if (harm := bone_loss.beside(chart)) is not None:
        return harm.ranking
    lowest = lowest_t(chart)
    vertebrae = sum(1 for f in chart.fractures if f.site == "vertebra")
    if vertebrae >= chart.numbers.multiple_fractures or (lowest is not None and lowest.value <= chart.numbers.t_anabolic_first):
        return ANABOLIC_FIRST
    return VERY_HIGH if risk(chart).very_high else HIGH


def _unread(chart: Chart, drug: Drug, findings: Iterable[Finding]) -> bool:
    """Whether what could not be had or read may forbid the drug, or make it superfluous: something of the drugs that are taken,
    something that a check of it asked for, or a renal value, of a drug that is for working kidneys; of a drug against
    osteoporosis, a value of the work-up for which a finding would drop it: ALP and phosphate any, those of osteomalacia an
    injection, those of myeloma an anabolic."""
    if chart.doubts(COURSES) or any(finding.values.get("missing") for finding in findings):
        return True
    if drug.mechanism not in ANTI_OSTEOPOROSIS:
        return False
    if drug not in RENAL_VERY_LOW and chart.doubts((Data.RENAL,)):
        return True
    read = ["alp", "phosphate"]
    read += ["pth", Data.CALCIUM, Data.VITAMIN_D] if drug.key in INJECTIONS else []
    read += [Data.WORK_UP] if drug.key in ANABOLICS else []
    return bool(chart.doubts(read))


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
    deprivation, raloxifene on the former; an anabolic whose limit is reached; a drug that still
    works on the day it would start; and any drug of which a card of section F would say something critical if it were ordered.
    A warning of section F keeps a drug, not recommended, with the condition first in its label. The first without a warning is
    recommended, unless the card says that none is. Three are shown, the recommended one among them. Vitamin K2 is never the
    only one. A finding of the work-up drops a drug, or holds it: then it is not recommended before this is clarified, as its
    label says first.

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
    """
    ended = tuple(course for course in stops if course.active and course.drug.covers_months is None)
    options: list[Option] = []
    dropped: list[Dropped] = []
    withheld = 0
    certain, best_found = not chart.doubts(RANKED), False
    asked, rows, tumor = start, work_up(chart), bone_tumor(chart) is not None
    for drug in drugs:
        start = _first_day(chart, drug, asked)
        phrase = _unsuitable(chart, drug, start)
        if phrase:
            dropped.append(Dropped(drug.key, phrase=phrase))
            continue
        findings = safety(chart, drug, start, replaces)
        critical = tuple(f for f in findings if f.indicator is CRITICAL)
        if critical:
            dropped.append(Dropped(drug.key, because=critical))
            continue
        if (row := workup.dropping(rows, drug)) is not None:
            dropped.append(Dropped(drug.key, phrase=row.key))
            continue
        if _unread(chart, drug, findings):
            dropped.append(Dropped(drug.key, phrase=NOT_READ))
            withheld += 1
            continue
        warnings = tuple(f for f in findings if f.indicator is not INFO)
        row = workup.holding(rows, drug, waits=waits)
        bound = row is not None and (waits or row.binding)
        elsewhere = tumor and drug.mechanism in ANTI_OSTEOPOROSIS  # oncology decides
        best = recommend and not withheld and not warnings and not best_found and not bound and not elsewhere
        if best or len(options) + withheld < SHOWN:
            best_found = best_found or best
            regimen, star = regimens.get(drug.key, ""), best and certain
            after, meanwhile = (row.key if row and bound else "", row.key if row and not bound else "")
            options.append(
                Option("drug", drug.key, regimen, start, star, replaces, ended, warnings, after=after, meanwhile=meanwhile)
            )
    if options and all(DRUGS[each.key].mechanism is Mechanism.VITAMIN_K2 for each in options):
        dropped += [Dropped(each.key, phrase="alone") for each in options]
        options = []
    return Offer(_shown(options), tuple(dropped), next((row.key for row in rows if row.holds_all), ""))


def work_up(chart: Chart) -> tuple[workup.Row, ...]:
    """What the work-up shows of somebody who is offered a drug; first calcium as an emergency, and a sign in the femur."""
    return (
        *emergency.rows(chart),
        *femur.rows(chart),
        *workup.rows(chart, about_to_be_treated=workup.about_to_be_treated(chart)),
    )


def _first_day(chart: Chart, drug: Drug, start: date | None) -> date | None:
    """The first day of the dose where it lies ahead: zoledronate waits after a hip fracture."""
    hip = after_hip_fracture(chart) if drug is ZOLEDRONATE else None
    first = max(day for day in (start, hip.first if hip else None, chart.today) if day is not None)
    return first if first > chart.today else start


def _shown(options: Sequence[Option]) -> tuple[Option, ...]:
    """At most three, the recommended one among them."""
    if len(options) <= SHOWN:
        return tuple(options)
    return (*options[: SHOWN - 1], options[-1])


def _unsuitable(chart: Chart, drug: Drug, start: date | None) -> str:
    """Why a drug is not offered at all (a phrase key), or ""."""
    formulary = SHIPPED_FORMULARY if chart.formulary is None else chart.formulary
    if drug.key not in formulary:
        return "formulary"
    if drug in (ROMOSOZUMAB, RALOXIFENE) and not chart.patient.female:
        return "sex"
    if drug is RALOXIFENE and not postmenopausal(chart):
        return "state"
    if drug is RALOXIFENE and renal(chart).below(chart.numbers.egfr_raloxifene):
        return "raloxifene-renal"
    if drug.mechanism in _AGAINST_HORMONES.get(state := deprived(chart), ()):
        return state
    if drug in (TERIPARATIDE, ABALOPARATIDE, ROMOSOZUMAB) and used_up(chart, drug, start or chart.today) is not None:
        return "course-limit"
    course = chart.course(drug)
    covered = course.covered_until if course else None
    return "on-board" if covered is not None and covered > (start or chart.today) else ""


def safety(chart: Chart, drug: Drug, start: date | None = None, replaces: tuple[Draft, ...] = ()) -> list[Finding]:
    """What the safety section would say of this drug if it were ordered now (or for ``start``), beside the other drafts."""
    trial = chart.with_draft(Draft("proposed", drug, start=start, proposed=True), replaces)
    return [finding for finding in run(trial, safety_checks(drug.mechanism)) if finding.about is None or finding.about.proposed]


def mend(chart: Chart, draft: Draft, drug: Drug, regimen: str, *, start: date | None = None) -> Offer:
    """The draft with dose and timing mended to ``regimen`` (a key of ``cards.accepted``), from ``start`` on; nothing where the
    safety rules forbid the drug in any dose."""
    findings = safety(chart, drug, start, (draft,))
    if critical := tuple(f for f in findings if f.indicator is CRITICAL):
        return Offer((), (Dropped(drug.key, because=critical),))
    rows = work_up(chart)
    if (row := workup.dropping(rows, drug)) is not None:
        return Offer((), (Dropped(drug.key, phrase=row.key),))
    warnings = tuple(f for f in findings if f.indicator is not INFO)
    waits = not closes_gap(chart, drug)
    row = workup.holding(rows, drug, waits=waits)
    bound = row is not None and (waits or row.binding)
    held = row.key if row is not None else ""
    mended = Option(
        "mend",
        drug.key,
        regimen,
        start,
        recommended=not warnings and not bound,
        replaces=(draft,),
        condition=warnings,
        after=held if bound else "",
        meanwhile="" if bound else held,
    )
    return Offer((mended,))


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
