"""A drug on trial: what speaks against it if it were ordered, by the safety rules themselves and by the work-up.

The safety section is run on the chart with the drug on the desk; so no suggestion can contradict a card.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Draft, Hook
from cards.definitions import ckd, femur, workup
from cards.definitions.courses import used_up
from cards.definitions.goals import very_old
from cards.definitions.hip import after_hip_fracture
from cards.definitions.hormone_blockers import deprived
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal
from cards.definitions.minerals import unmeasured_before_analog
from cards.definitions.person import postmenopausal
from cards.definitions.repletion import unadvised
from cards.definitions.treatment import TREATMENT, uncertain
from cards.definitions.workup import emergency
from cards.definitions.workup.row import ANABOLICS, INJECTIONS
from cards.engine.catalog import safety_checks
from cards.engine.findings import CRITICAL, INFO, Dropped, Finding
from cards.engine.ladder import RENAL_VERY_LOW
from cards.engine.run import run
from cards.engine.timing import waits_long
from cards.vocabulary import (
    ABALOPARATIDE,
    ANTI_OSTEOPOROSIS,
    COURSES,
    RALOXIFENE,
    ROMOSOZUMAB,
    SHIPPED_FORMULARY,
    TERIPARATIDE,
    ZOLEDRONATE,
    Data,
    Drug,
    Mechanism,
)

_AGAINST_HORMONES = {
    "aromatase-inhibitor": (Mechanism.PTH_ANALOG, Mechanism.SERM),
    "androgen-deprivation": (Mechanism.PTH_ANALOG,),
}
"""What is not given beside drugs that take the sex hormones away."""
NOT_READ = "not-read"
"""The phrase of what was dropped since something that may speak against it could not be read."""
TRIED_FOR = 10
"""Every order is judged. What may be ordered in its place is looked for, and tried against all checks, for so many orders of
drugs for bone."""
_FOR_BONE = ANTI_OSTEOPOROSIS | {Mechanism.CALCIUM, Mechanism.VITAMIN_D, Mechanism.ACTIVE_VITAMIN_D}


class Judged(Struct, frozen=True):
    """One drug, what speaks against it, and the first day of its dose where it lies ahead.

    ``dropped``: it is not offered, and why. ``warnings``: what its label says first. ``after``: the finding of the work-up that
    it must wait for; ``meanwhile``: the one that is clarified beside it. ``elsewhere``: somebody else decides, oncology, who
    prescribed an active vitamin D, or who holds it back, or knows when it was last given; or it is an injection every day, too
    much for the very old. ``gap``: waiting for vitamin D would leave a gap open too long."""

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


def judge(
    chart: Chart, drug: Drug, rows: tuple[workup.Row, ...], asked: date | None, replaces: tuple[Draft, ...], *, waits: bool
) -> Judged:
    """What speaks against one drug that would start on the day asked for, or on the first day on which it may."""
    start = _first_day(chart, drug, asked)
    if phrase := _unsuitable(chart, drug, start):
        return Judged(drug, start, Dropped(drug.key, phrase=phrase))
    findings = safety(chart, drug, start, replaces)
    if (forbidden := forbidden_by(drug, rows, findings)) is not None:
        return Judged(drug, start, forbidden)
    if _unread(chart, drug, findings):
        return Judged(drug, start, Dropped(drug.key, phrase=NOT_READ))
    after, meanwhile = held(drug, rows, waits=waits)
    elsewhere = drug.mechanism in ANTI_OSTEOPOROSIS and bone_tumor(chart) is not None
    elsewhere = elsewhere or (drug.mechanism is Mechanism.PTH_ANALOG and very_old(chart))
    elsewhere = elsewhere or (drug.mechanism is Mechanism.VITAMIN_D and bool(unadvised(chart)))
    elsewhere = elsewhere or bool(_not_known(chart, drug))
    gap = not waits and waits_long(chart, drug)
    return Judged(drug, start, None, warnings_of(findings), after, meanwhile, elsewhere, gap)


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


def work_up(chart: Chart, *, starting: bool = False) -> tuple[workup.Row, ...]:
    """What the work-up shows of somebody who is offered a drug, a new one (``starting``) or not; first calcium as an emergency,
    a sign in the femur, and bone in kidney failure."""
    return (
        *emergency.rows(chart),
        *femur.rows(chart),
        *ckd.rows(chart),
        *workup.rows(chart, about_to_be_treated=starting or workup.about_to_be_treated(chart)),
    )


def starts(chart: Chart, drug: Drug) -> bool:
    """Whether a drug against osteoporosis would be new: whoever is offered it is about to be treated."""
    taken = (c for c in chart.drug_courses.values() if c.drug.ingredient == drug.ingredient)
    return drug.mechanism in TREATMENT and not any(c.active or c.on_treatment(chart.today) for c in taken)


def ruled_out(chart: Chart, drug: Drug, replaces: tuple[Draft, ...] = ()) -> Dropped | None:
    """What forbids the drug if it were ordered now, in place of these drafts, by order safety or by the work-up; None where
    nothing does. What a text names without a button is asked here."""
    return forbidden_by(drug, work_up(chart), safety(chart, drug, None, replaces))


def forbidden_anyhow(chart: Chart, draft: Draft, drug: Drug) -> bool:
    """Whether a drug would be forbidden in any dose in the place of its draft; beyond the first ten orders, in the place of all
    that are for it, which is tried once."""
    if among_the_first(chart, (draft,)):
        return ruled_out(chart, drug, (draft,)) is not None
    asked = (forbidden_anyhow, chart.hook, drug, draft.drug)
    if asked not in chart.known:
        alike = tuple([each for each in (*chart.drafts, *chart.beside) if each.drug is draft.drug])
        chart.known[asked] = ruled_out(chart, drug, alike) is not None
    forbidden: bool = chart.known[asked]
    return forbidden


def among_the_first(chart: Chart, replaces: tuple[Draft, ...]) -> bool:
    """Whether the time suffices to look for something in the place of these orders."""
    return not replaces or replaces[0] in chart.drafted(_FOR_BONE)[:TRIED_FOR]


def forbidden_by(drug: Drug, rows: tuple[workup.Row, ...], findings: Sequence[Finding]) -> Dropped | None:
    """Why the safety rules, or else the work-up, forbid the drug; None where neither does."""
    if critical := tuple(f for f in findings if f.indicator is CRITICAL):
        return Dropped(drug.key, because=critical)
    row = workup.dropping(rows, drug)
    return None if row is None else Dropped(drug.key, phrase=row.name)


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


def warnings_of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.indicator is not INFO)


def held(drug: Drug, rows: tuple[workup.Row, ...], *, waits: bool) -> tuple[str, str]:
    """The finding of the work-up that the drug must wait for, or else the one that is clarified beside a drug that cannot
    wait."""
    row = workup.holding(rows, drug, waits=waits)
    if row is None:
        return "", ""
    return (row.name, "") if waits or row.binding else ("", row.name)


def comes_first(chart: Chart, drug: Drug) -> str:
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
