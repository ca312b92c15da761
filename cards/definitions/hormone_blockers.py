"""Aromatase inhibitors and androgen deprivation: when bone is treated before there is osteoporosis (card specification,
"bone-loss-medication")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Draft, Measurement, Problem, facts
from cards.chart.calendar import DAYS_A_MONTH
from cards.chart.facts import Fact
from cards.definitions.density import lowest_t, newest_t_scores
from cards.definitions.diagnosis import osteoporosis
from cards.definitions.glucocorticoid import GLUCOCORTICOID
from cards.definitions.person import body_mass_index, orchiectomy, t_group
from cards.definitions.risk import frax_high
from cards.vocabulary import ALENDRONATE, DENOSUMAB, ZOLEDRONATE, Drug, Mechanism, Name

HORMONE_BLOCKERS = frozenset({Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH})

RANKING: Mapping[str, tuple[Drug, ...]] = {
    "aromatase-inhibitor": (ZOLEDRONATE, DENOSUMAB, ALENDRONATE),
    "androgen-deprivation": (DENOSUMAB, ZOLEDRONATE, ALENDRONATE),
}
"""The drugs that come first in each state, best first."""


class Blocker(Struct, frozen=True):
    """A drug, or an operation (``surgery``), that takes the sex hormones away. ``state``: "aromatase-inhibitor" of a woman
    after menopause or on a GnRH drug, "androgen-deprivation" of a man, "" where no limit of the T-score applies. ``t``: the
    lowest T-score, ``factors`` what counts besides; ``treat``: treatment is advised; ``offers``: it is offered, not advised."""

    state: str
    drug: Drug | None
    course: Course | None = None
    draft: Draft | None = None
    surgery: Problem | None = None
    t: Measurement | None = None
    factors: tuple[Fact, ...] = ()
    reasons: tuple[str, ...] = ()
    offers: bool = False

    @property
    def treat(self) -> bool:
        return bool(self.reasons) and not self.offers


def blockers(chart: Chart) -> list[Blocker]:
    """Those that are ordered, and those that are taken; a bilateral orchiectomy where none of them deprives of androgens. The
    one with limits of its own first, an order before what is taken."""
    drafts = ((draft.drug, draft) for draft in chart.drafted(HORMONE_BLOCKERS))
    found = [judged(chart, drug, draft=draft) for drug, draft in drafts if drug is not None]
    found += [judged(chart, c.drug, course=c) for c in going_on(chart, HORMONE_BLOCKERS)]
    surgery = orchiectomy(chart)
    if surgery is not None and not any(each.state for each in found):
        found.append(judged(chart, None, surgery=surgery))
    return sorted(found, key=lambda each: not each.state)


def deprived(chart: Chart) -> str:
    """The state (as in ``Blocker``) that a drug which is ordered or taken makes, or an orchiectomy; "" where there is none."""
    drugs: list[Drug | None] = [*_now(chart, HORMONE_BLOCKERS)]
    if orchiectomy(chart) is not None:
        drugs.append(None)
    return next((state for drug in drugs if (state := _state(chart, drug))), "")


def judged(
    chart: Chart, drug: Drug | None, *, course: Course | None = None, draft: Draft | None = None, surgery: Problem | None = None
) -> Blocker:
    """Whether it calls for treatment. Aromatase inhibitor of a woman after menopause, or on a GnRH drug: T-score below
    {hormone-blocker-t}; below {hormone-blocker-t-factor} with a risk factor; {hormone-blocker-factors} risk factors, whatever
    the T-score (offered alone where it is {t-low} or higher). GnRH drug or bilateral orchiectomy of a man: the same T-scores; a
    high FRAX; a fragility fracture. Osteoporosis, both."""
    state = _state(chart, drug)
    if not state:
        return Blocker("", drug, course, draft, surgery)
    n = chart.numbers
    t = lowest_t(chart)
    if state == "aromatase-inhibitor":  # on a GnRH drug before menopause, too
        t = min(newest_t_scores(chart), key=lambda m: m.value, default=None)
    factors = tuple(_factors(chart))
    reasons = ["t-low"] if t is not None and t.value < n.hormone_blocker_t else []
    reasons += ["t-factor"] if t is not None and n.hormone_blocker_t <= t.value < n.hormone_blocker_t_factor and factors else []
    reasons += ["osteoporosis"] if osteoporosis(chart) and not reasons else []
    offers = False
    if state == "aromatase-inhibitor":
        offers = not reasons and t is not None and t.value >= n.t_low
        reasons += ["factors"] if len(factors) >= n.hormone_blocker_factors else []
    else:
        reasons += ["fracture"] if chart.fractures else []
        reasons += ["frax-high"] if frax_high(chart) else []
    return Blocker(state, drug, course, draft, surgery, t, factors, tuple(reasons), offers)


def _state(chart: Chart, drug: Drug | None) -> str:
    if chart.patient.sex == "male":
        return "androgen-deprivation" if drug is None or drug.mechanism is Mechanism.GNRH else ""
    inhibitor = drug is not None and drug.mechanism is Mechanism.AROMATASE_INHIBITOR
    suppressed = t_group(chart) or bool(_now(chart, {Mechanism.GNRH}))
    if suppressed and (inhibitor or _now(chart, {Mechanism.AROMATASE_INHIBITOR})):
        return "aromatase-inhibitor"
    return ""


def _now(chart: Chart, mechanisms: Iterable[Mechanism]) -> list[Drug]:
    """Taken today, or being ordered."""
    wanted = frozenset(mechanisms)
    taken = [course.drug for course in going_on(chart, wanted)]
    return taken + [draft.drug for draft in (*chart.drafted(wanted), *chart.drafted_beside(wanted)) if draft.drug]


def going_on(chart: Chart, mechanisms: Iterable[Mechanism]) -> list[Course]:
    """Taken today, and not stopped."""
    return [c for c in chart.courses(frozenset(mechanisms)) if c.on_treatment(chart.today) and not c.stopped]


def _factors(chart: Chart) -> Iterator[Fact]:
    """Older than {hormone-blocker-age}; BMI below {hormone-blocker-bmi}; smoking now or in the past; hip fracture of a parent;
    a fragility fracture from {fragility-age-years} on; a glucocorticoid for more than {hormone-blocker-steroid-months} months,
    until {glucocorticoid-off-months} months after its end."""
    n = chart.numbers
    if chart.age is not None and chart.age > n.hormone_blocker_age:
        yield facts.age(chart)
    bmi = body_mass_index(chart)
    if bmi is not None and bmi.below(n.hormone_blocker_bmi):
        yield facts.measured(bmi)
    if smoked := chart.problem("smoking", "past-smoking"):
        yield facts.problem(smoked)
    if chart.parental_hip_fracture:
        yield Fact(Name("hip fracture of a parent", "父母髋部骨折史"))
    if broken := next((f for f in chart.fractures if _late(chart, f.at_latest)), None):
        yield facts.fracture(broken)
    since = chart.months_ago(n.glucocorticoid_off_months)
    for course in chart.courses(GLUCOCORTICOID):
        lasting = (course.exposure_days or 0) > n.hormone_blocker_steroid_months * DAYS_A_MONTH
        if lasting and course.covered_until is not None and course.covered_until > since:
            yield facts.started(course)
            return


def _late(chart: Chart, day: date | None) -> bool:
    """From {fragility-age-years} on, or of an unknown day."""
    age = chart.patient.age_on(day) if day else None
    return age is None or age >= chart.numbers.fragility_age_years
