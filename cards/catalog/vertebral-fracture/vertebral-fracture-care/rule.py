"""The rule of `vertebral-fracture-care`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import femur, goals, person, treatment, workup
from cards.definitions.denosumab import Kind, rebound, state
from cards.definitions.indication import bone_tumor
from cards.definitions.pain import pain_limit, pain_score
from cards.definitions.vertebral import new_vertebral_fracture
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Option
from cards.engine.options import service
from cards.engine.trial import ruled_out, safety, work_up
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, DRUGS

_CITES = (
    "OVCF2021-D2",
    "OVCF2021-D5",
    "OVCF2021-S1",
    "OVCF2021-S2",
    "OVCF2021-S5",
    "OVCF2021-T4",
    "OVCF2021-E1",
    "ELD2023-11a",
    "ELD2023-11b",
    "ELD2023-12c",
    "OPREF-V1",
)
_CITES_CALCITONIN = ("ELD2023-11d", "OPREF-T8")


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """A new vertebral fracture: MRI shows whether it is acute; non-operative or surgical care by the criteria; relieve pain,
    teach posture, and treat the osteoporosis at once.

    When: an adult has a vertebral fragility fracture, or under {t-group-years} one that nothing explains, within the last
    {new-fracture-days} days.

    Then: warning. MRI of the spine (recommended) unless one was done since the fracture or is ordered; CT before an
    augmentation (not in pregnancy); orthosis, referral to physiotherapy and to spine surgery unless already ordered; any
    number may be chosen. The detail gives the criteria for non-operative care, augmentation and open surgery; calcitonin for
    three months at most where the newest pain score within {pain-window-months} months is NRS {pain-nrs} or VAS {pain-vas-mm}
    mm or more (a lower score, or none in that time: the text keeps it for such pain, or around surgery; not if an
    order-safety card would warn about it); early augmentation from {very-old-years} years on; log-rolling, brace, posture,
    thrombosis prevention during prolonged bed rest. It says to start drugs if `start-treatment` recommends one, and to settle
    first what speaks against them if it recommends none or the work-up holds all; to review and continue them on treatment or
    if `treatment-failure` fires, but that one must stop or pause which order safety, the femora or the work-up forbid (never
    denosumab); with a tumor of bone that oncology decides; under {t-group-years} and not postmenopausal that a specialist
    does, in hospice or palliative care that its goals do (`goals-of-care`), and otherwise to decide on a drug without delay.
    Of a rebound fracture after denosumab it neither offers augmentation nor says that treatment is running: pain relief,
    brace, early movement, no manipulation, and see `denosumab-sequence`.
    """
    broken = new_vertebral_fracture(chart)
    if broken is None or not person.adult(chart):
        return
    seen = chart.done("spine-mri", since=broken.when) is not None or chart.ordered("spine-mri")
    pain = pain_score(chart, n.pain_window_months)
    severe = pain is not None and pain.below(pain_limit(chart.numbers, pain)) is False
    calcitonin = all(warned.indicator is INFO for warned in safety(chart, DRUGS["calcitonin"]))
    old = (chart.age or 0) >= n.very_old_years
    yield Finding(
        indicator=WARNING,
        variant="mri" if not seen else "care",
        values={
            "fracture": broken,
            "pain": pain,
            "severe": severe,
            "calcitonin": calcitonin,
            "drugs": _drugs(chart, earlier),
            "comfort": bool(goals.comfort_care(chart)),
            "old": old,
            "pregnant": person.pregnant(chart),
        },
        cites=(
            *(("EXT-24",) if rebound(chart) else ()),
            *_CITES,
            *(_CITES_CALCITONIN if calcitonin else ()),
            *(("OVCF2021-S6",) if old else ()),
        ),
        facts=(facts.fracture(broken), *((facts.measured(pain),) if pain else ())),
        options=tuple(_care(chart, seen, operable=rebound(chart) is None and not person.pregnant(chart))),
        any_number=True,
    )


def _drugs(chart: Chart, earlier: Earlier) -> str:
    """What to say about drugs without contradicting the card that covers them: start, settle first what speaks against them,
    continue, halt, or see that card; under comfort care nothing, below {t-group-years} and before menopause what a specialist
    decides."""
    if (told := rebound(chart)) is not None:
        found = state(chart)
        if found is not None and found.kind in (Kind.REBOUND, Kind.IN_SPITE):
            return found.kind.value
        return "answered" if told.answered or found is not None else "oncologic"
    if goals.comfort_care(chart):
        return "comfort"
    if bone_tumor(chart) is not None:
        return "oncology"
    if person.young(chart):
        return "specialist"
    if "treatment-failure" in earlier or treatment.on_treatment(chart):
        return "halted" if _halted(chart) else "continue"
    if "start-treatment" in earlier:
        offered = (option for finding in earlier.of("start-treatment") for option in finding.options)
        return "start" if any(option.kind == "drug" and option.recommended for option in offered) else "settle"
    return "settle" if workup.held(chart) else "other"


def _halted(chart: Chart) -> bool:
    """Whether a drug that is taken must stop or pause, as other cards of the answer say. Denosumab is never just stopped."""
    taken = [c.drug for c in treatment.treatments(chart) if c.drug.ingredient != DENOSUMAB.ingredient]
    paused = workup.paused(chart, work_up(chart))
    return bool(taken) and (femur.pauses(chart) or any(drug in paused or ruled_out(chart, drug) for drug in taken))


def _care(chart: Chart, seen: bool, *, operable: bool) -> Iterator[Option]:
    if not seen:
        yield service("spine-mri", recommended=True)
    if operable:
        yield Option("service", "spine-ct", label="before-augmentation")
    for key in ("orthosis", "referral-physiotherapy", "referral-orthopedics"):
        if not chart.ordered(key):
            yield service(key)
