"""Which drugs are offered, in which order, and which are left out: ranked once, filtered by the safety rules themselves.

An option is kept when the safety section, run on the chart with the option on the desk, says nothing critical; so no
suggestion can contradict a card. A warning keeps it, unrecommended, with the condition said first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import Struct

from cards.chart import Chart, Course, Draft, Hook
from cards.definitions import ckd, femur, workup
from cards.definitions.bisphosphonates import longest_over
from cards.definitions.courses import used_up
from cards.definitions.denosumab import closes_gap
from cards.definitions.density import hip_t
from cards.definitions.goals import very_old
from cards.definitions.hip import after_hip_fracture
from cards.definitions.hormone_blockers import deprived
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal
from cards.definitions.minerals import unmeasured_before_analog
from cards.definitions.person import postmenopausal
from cards.definitions.reads import OPTIONS
from cards.definitions.repletion import unadvised
from cards.definitions.treatment import TREATMENT, uncertain
from cards.definitions.workup import emergency
from cards.definitions.workup.row import ANABOLICS, INJECTIONS
from cards.engine.catalog import safety_checks
from cards.engine.findings import CRITICAL, INFO, Dropped, Finding, Option
from cards.engine.ladder import HIGH, RENAL_VERY_LOW, rung_of
from cards.engine.run import run
from cards.engine.timing import after_vitamin_d, waits_long
from cards.vocabulary import (
    ABALOPARATIDE,
    ALENDRONATE,
    ANTI_OSTEOPOROSIS,
    COURSES,
    DENOSUMAB,
    DRUGS,
    RALOXIFENE,
    ROMOSOZUMAB,
    SHIPPED_FORMULARY,
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

_AGAINST_HORMONES = {
    "aromatase-inhibitor": (Mechanism.PTH_ANALOG, Mechanism.SERM),
    "androgen-deprivation": (Mechanism.PTH_ANALOG,),
}
"""What is not given beside drugs that take the sex hormones away."""

NOT_READ = "not-read"
"""The phrase of what was dropped since something that may speak against it could not be read."""
SHOWN = 3
"""How many drugs a card shows."""
TRIED_FOR = 10
"""Every order is judged. What may be ordered in its place is looked for, and tried against all checks, for so many orders of
drugs for bone."""
_FOR_BONE = ANTI_OSTEOPOROSIS | {Mechanism.CALCIUM, Mechanism.VITAMIN_D, Mechanism.ACTIVE_VITAMIN_D}


class Offer(Struct, frozen=True):
    """The options that survive, ranked, at most one recommended; and those that were dropped, with the reason. ``held``: the
    finding of the work-up for which no drug against osteoporosis is recommended, "" where there is none."""

    options: tuple[Option, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    held: str = ""

    @property
    def recommended(self) -> Option | None:
        return next((o for o in self.options if o.recommended), None)


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
    if not _among_the_first(chart, replaces):
        return Offer()
    ended = tuple(course for course in stops if course.active and course.drug.covers_months is None)
    drugs = tuple(drugs)
    rows = work_up(chart, starting=any(starts(chart, drug) for drug in drugs))
    none_starred = bool(chart.doubts(RANKED)) or (waits and _reports_may_tell(chart))
    judged = [_judge(chart, drug, rows, start, replaces, waits=waits) for drug in drugs]
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
            first=_first(chart, each.drug),
        )
        for each in _shown(judged, best)
    )
    dropped = tuple(each.dropped for each in judged if each.dropped is not None)
    if options and all(DRUGS[each.key].mechanism is Mechanism.VITAMIN_K2 for each in options):
        dropped += tuple(Dropped(each.key, phrase="alone") for each in options)
        options = ()
    return Offer(after_vitamin_d(chart, options), dropped, next((row.name for row in rows if row.holds_all), ""))


def _first(chart: Chart, drug: Drug) -> str:
    """What comes first (a phrase key), "" where nothing need: the tests before a PTH analog, which keeps its rank, as others do
    for want of a value; somebody else's word before vitamin K2 and plain vitamin D; of a drug for bone that is on record, the
    date of its last injection, or why it is on hold."""
    if (unknown := _not_known(chart, drug)) != "":
        return unknown
    if drug.mechanism is Mechanism.VITAMIN_K2:
        return "specialist" if renal(chart).below(chart.numbers.egfr_specialist) else ""
    if drug.mechanism is Mechanism.VITAMIN_D:
        return unadvised(chart)
    return unmeasured_before_analog(chart) if drug.mechanism is Mechanism.PTH_ANALOG else ""


def _not_known(chart: Chart, drug: Drug) -> str:
    """What must be found out of a drug for bone before it is given (a phrase key): it may have been given already, or somebody
    holds it back; "" where nothing need."""
    courses = [c for c in chart.drug_courses.values() if c.drug.ingredient == drug.ingredient and drug.mechanism in TREATMENT]
    doubtful = uncertain(chart)
    if doubtful is not None and doubtful.on_hold and doubtful.drug.ingredient == drug.ingredient:
        return "on-hold"
    return "last-dose" if any(course.may_work for course in courses) else ""


def _among_the_first(chart: Chart, replaces: tuple[Draft, ...]) -> bool:
    """Whether the time suffices to look for something in the place of these orders."""
    return not replaces or replaces[0] in chart.drafted(_FOR_BONE)[:TRIED_FOR]


class _Judged(Struct, frozen=True):
    """One drug, what speaks against it, and the first day of its dose where it lies ahead.

    ``dropped``: it is not offered, and why. ``warnings``: what its label says first. ``after``: the finding of the work-up that
    it must wait for; ``meanwhile``: the one that is clarified beside it. ``elsewhere``: somebody else decides, oncology, who
    prescribed an active vitamin D, or who holds it back, or knows when it was last given; or it is an injection every day, too
    much for the very old. ``gap``: waiting for vitamin D
    would leave a gap open too long."""

    drug: Drug
    start: date | None = None
    dropped: Dropped | None = None
    warnings: tuple[Finding, ...] = ()
    after: str = ""
    meanwhile: str = ""
    elsewhere: bool = False
    gap: bool = False

    @property
    def unread(self) -> bool:
        """Whether something that may speak against it could not be read: nobody knows, so that no other takes its place."""
        return self.dropped is not None and self.dropped.phrase == NOT_READ

    @property
    def recommendable(self) -> bool:
        correctable = all(finding.correctable for finding in self.warnings)
        return self.dropped is None and correctable and not (self.after or self.elsewhere)


def _judge(
    chart: Chart, drug: Drug, rows: tuple[workup.Row, ...], asked: date | None, replaces: tuple[Draft, ...], *, waits: bool
) -> _Judged:
    """What speaks against one drug that would start on the day asked for, or on the first day on which it may."""
    start = _first_day(chart, drug, asked)
    if phrase := _unsuitable(chart, drug, start):
        return _Judged(drug, start, Dropped(drug.key, phrase=phrase))
    findings = safety(chart, drug, start, replaces)
    if (forbidden := _forbidden(drug, rows, findings)) is not None:
        return _Judged(drug, start, forbidden)
    if _unread(chart, drug, findings):
        return _Judged(drug, start, Dropped(drug.key, phrase=NOT_READ))
    after, meanwhile = _held(drug, rows, waits=waits)
    elsewhere = drug.mechanism in ANTI_OSTEOPOROSIS and bone_tumor(chart) is not None
    elsewhere = elsewhere or (drug.mechanism is Mechanism.PTH_ANALOG and very_old(chart))
    elsewhere = elsewhere or (drug.mechanism is Mechanism.VITAMIN_D and bool(unadvised(chart)))
    elsewhere = elsewhere or bool(_not_known(chart, drug))
    gap = not waits and waits_long(chart, drug)
    return _Judged(drug, start, None, _warnings(findings), after, meanwhile, elsewhere, gap)


def _forbidden(drug: Drug, rows: tuple[workup.Row, ...], findings: Sequence[Finding]) -> Dropped | None:
    """Why the safety rules, or else the work-up, forbid the drug; None where neither does."""
    if critical := tuple(f for f in findings if f.indicator is CRITICAL):
        return Dropped(drug.key, because=critical)
    row = workup.dropping(rows, drug)
    return None if row is None else Dropped(drug.key, phrase=row.name)


def _warnings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.indicator is not INFO)


def _held(drug: Drug, rows: tuple[workup.Row, ...], *, waits: bool) -> tuple[str, str]:
    """The finding of the work-up that the drug must wait for, or else the one that is clarified beside a drug that cannot
    wait."""
    row = workup.holding(rows, drug, waits=waits)
    if row is None:
        return "", ""
    return (row.name, "") if waits or row.binding else ("", row.name)


def _best(judged: Sequence[_Judged]) -> _Judged | None:
    """The first that nothing speaks against, unless one before it could not be judged; where none closes a gap at once, the
    next dose of denosumab after vitamin D."""
    for each in judged:
        if each.unread:
            return None
        if each.recommendable and not each.gap:
            return each
    return next((each for each in judged if each.recommendable and each.drug is DENOSUMAB), None)


def _shown(judged: Sequence[_Judged], best: _Judged | None) -> tuple[_Judged, ...]:
    """Those that are offered, three at most: what could not be judged keeps its place, and the best one is always
    among them."""
    in_order = [each for each in judged if each.dropped is None or each.unread]
    first = [each for each in in_order[:SHOWN] if not each.unread]
    if best is None or best in first:
        return tuple(first)
    return (*first[: SHOWN - 1], best)


def starts(chart: Chart, drug: Drug) -> bool:
    """Whether a drug against osteoporosis would be new: whoever is offered it is about to be treated."""
    taken = (c for c in chart.drug_courses.values() if c.drug.ingredient == drug.ingredient)
    return drug.mechanism in TREATMENT and not any(c.active or c.on_treatment(chart.today) for c in taken)


def work_up(chart: Chart, *, starting: bool = False) -> tuple[workup.Row, ...]:
    """What the work-up shows of somebody who is offered a drug, a new one (``starting``) or not; first calcium as an emergency,
    a sign in the femur, and bone in kidney failure."""
    return (
        *emergency.rows(chart),
        *femur.rows(chart),
        *ckd.rows(chart),
        *workup.rows(chart, about_to_be_treated=starting or workup.about_to_be_treated(chart)),
    )


def _first_day(chart: Chart, drug: Drug, start: date | None) -> date | None:
    """The first day of the dose where it lies ahead: zoledronate waits after a hip fracture."""
    hip = after_hip_fracture(chart) if drug is ZOLEDRONATE else None
    first = max(day for day in (start, hip.first if hip else None, chart.today) if day is not None)
    return first if first > chart.today else start


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
    """What the safety section would say of this drug if it were ordered now (or for ``start``), beside the other drafts; a
    refill of a drug for bone is no order beside it, but what it is offered for. It is reckoned once: several cards ask."""
    if chart.hook is Hook.REFILL and drug.mechanism in ANTI_OSTEOPOROSIS:
        replaces = (*replaces, *(draft for draft in chart.drafted(ANTI_OSTEOPOROSIS) if draft not in replaces))
    asked = (safety, chart.hook, chart.drafts, drug, start, replaces)
    if asked not in chart.known:
        trial = chart.with_draft(Draft("proposed", drug, start=start, proposed=True), replaces)
        said = run(trial, safety_checks(drug.mechanism))
        chart.known[asked] = [finding for finding in said if finding.about is None or finding.about.proposed]
    found: list[Finding] = chart.known[asked]
    return found


def ruled_out(chart: Chart, drug: Drug, replaces: tuple[Draft, ...] = ()) -> Dropped | None:
    """What forbids the drug if it were ordered now, in place of these drafts, by order safety or by the work-up; None where
    nothing does. What a text names without a button is asked here."""
    return _forbidden(drug, work_up(chart), safety(chart, drug, None, replaces))


def forbidden_anyhow(chart: Chart, draft: Draft, drug: Drug) -> bool:
    """Whether a drug would be forbidden in any dose in the place of its draft; beyond the first ten orders, in the place of all
    that are for it, which is tried once."""
    if _among_the_first(chart, (draft,)):
        return ruled_out(chart, drug, (draft,)) is not None
    asked = (forbidden_anyhow, chart.hook, drug, draft.drug)
    if asked not in chart.known:
        alike = tuple([each for each in (*chart.drafts, *chart.beside) if each.drug is draft.drug])
        chart.known[asked] = ruled_out(chart, drug, alike) is not None
    forbidden: bool = chart.known[asked]
    return forbidden


def mend(chart: Chart, draft: Draft, drug: Drug, regimen: str, *, start: date | None = None) -> Offer:
    """The draft with dose and timing mended to ``regimen`` (a key of ``cards.accepted``), from ``start`` on; nothing where the
    safety rules forbid the drug in any dose."""
    if not _among_the_first(chart, (draft,)):
        return Offer()
    rows, findings = work_up(chart), safety(chart, drug, start, (draft,))
    if (forbidden := _forbidden(drug, rows, findings)) is not None:
        return Offer((), (forbidden,))
    warnings = _warnings(findings)
    after, meanwhile = _held(drug, rows, waits=not closes_gap(chart, drug))
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
        first=_first(chart, drug),
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
