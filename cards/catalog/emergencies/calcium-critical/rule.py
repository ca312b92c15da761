"""The rule of `calcium-critical`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cards.chart import ORDER_HOOKS, Chart, Draft, Problem, facts
from cards.chart.facts import Fact
from cards.chart.shown import limit_beside
from cards.definitions.basket import dose
from cards.definitions.kidney import renal
from cards.definitions.workup.emergency import Emergency, emergency
from cards.engine.findings import CRITICAL, WARNING, Finding, Option
from cards.engine.options import discard, service
from cards.engine.orders import CHECKED
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DENOSUMAB, Drug, Mechanism

_SYMPTOMS = ("tetany", "seizure", "long-qt", "muscle-cramps")
_NOW = ("calcium-ionized", "magnesium", "phosphate", "creatinine", "pth", "ecg")
_AGAIN = ("calcium", "calcium-ionized")
_RAISING = frozenset({Mechanism.CALCIUM, Mechanism.VITAMIN_D, Mechanism.ACTIVE_VITAMIN_D})
_EMERGENCY = "referral-emergency"
_CITES = {"low": ("OPREF-T3", "EXT-08"), "high": ("EXT-07",), "unmeasured": ("EXT-03",)}
"""What a finding rests on, by the end of its kind."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A calcium that is critically low or high is treated today, whatever else is on the chart; after denosumab in kidney
    failure, calcium is measured before it shows by itself.

    When: a patient of {newborn-days} days or older, adult or child. (1) *low*, *high*: the newest calcium (on one day ionized
    before corrected) is no older than {calcium-critical-days} days and below {calcium-critical-low} or above
    {calcium-critical-high} mg/dL; ionized below {calcium-ionized-critical-low} or above {calcium-ionized-critical-high} mmol/L;
    a total without albumin below {calcium-uncorrected-critical-low} or above {calcium-uncorrected-critical-high} mg/dL. (2)
    *unmeasured*: dialysis or a renal estimate below {egfr-dialysis}, denosumab of any strength {calcium-fall-from-days} to
    {calcium-fall-denosumab-days} days ago, no calcium since. (3) *stale*: such a value of up to {calcium-stale-days} days, or
    an uncorrected total between the two limits. (4) *after the dose*: a calcium below range after denosumab
    ({calcium-fall-denosumab-days} days) or zoledronate ({calcium-fall-zoledronate-days}); no calcium since denosumab with an
    estimate below {egfr-specialist}, or only one of the first {calcium-weekly-days} days; with one below {egfr-dialysis}, none
    of the last {calcium-weekly-days} days, after day {calcium-first-month-days} of the last {calcium-monthly-days}. On
    orders: only where a drug for osteoporosis, calcium or vitamin D is drafted.

    Not when: on orders, calcium is high and only what treats it is drafted: denosumab 120 mg, zoledronate 4 mg, pamidronate,
    calcitonin.

    Then: critical for (1) and (2), on patient-view, too; warning for (3) and (4), and where a date given as year or month
    leaves open whether the window has passed. Recommended at once (1, 2): ionized calcium, magnesium, phosphate, creatinine,
    PTH, ECG; (3) calcium with albumin and ionized calcium; (4) calcium within a week. Not what is ordered or has a result of
    today. In (1) also the emergency department, recommended with tetany, seizure, long QT or cramps of the last
    {calcium-symptom-days} days and a low value, with a calcium above {calcium-emergency} mg/dL, and on dialysis. Drafts that
    are forbidden can be deleted (recommended). No drug is proposed, neither here nor by any other card of the answer while
    calcium is critical; in (2) to (4) none is recommended.
    """
    found = emergency(chart)
    if found is None:
        return
    drafts = [draft for draft in chart.drafted(CHECKED) if draft.drug and not _treats(found, draft.drug)]
    if chart.hook in ORDER_HOOKS and not drafts:
        return
    reading, kidneys, denosumab = found.reading, renal(chart), chart.course(DENOSUMAB)
    symptoms = _symptoms(chart, n) if found.low else ()
    severe = reading is not None and reading.value.at_most(limit_beside(n.calcium_emergency, reading.value)) is False
    severe = severe and found.kind == "high" and reading is not None and reading.value.key != "calcium-ionized"
    barred = [draft for draft in drafts if found.high or (draft.drug and draft.drug.mechanism in ANTI_OSTEOPOROSIS)]
    forbidden = barred if found.now else []
    yield Finding(
        indicator=CRITICAL if found.critical else WARNING,
        variant=found.kind,
        values={
            "calcium": reading.value if reading else None,
            "uncorrected": reading is not None and reading.uncorrected,
            "certain": found.certain,
            "severe": severe,
            "emergency": n.calcium_emergency,
            "symptoms": symptoms,
            "given": found.dose.course.drug if found.dose else None,
            "dose": found.dose.dated if found.dose else None,
            "estimate": kidneys.lowest,
            "dialysis": kidneys.dialysis,
            "specialist": bool(kidneys.below(n.egfr_specialist)),
            "drafts": [] if found.now else barred,
            "forbidden": forbidden,
            "due": denosumab.covered_until if denosumab is not None and not denosumab.stopped else None,
        },
        facts=tuple(_evidence(chart, found, symptoms, drafts)),
        cites=_cites(found),
        options=(
            *_orders(chart, found, urged=bool(symptoms) or severe or kidneys.dialysis),
            *(discard(draft, recommended=True) for draft in forbidden),
        ),
        any_number=True,
        notes=("calcium-uncorrected",) if reading is not None and reading.uncorrected else (),
        left_out=chart.left_out("calcium", "calcium-corrected", "calcium-ionized"),
    )


def _treats(found: Emergency, drug: Drug) -> bool:
    """Whether the drug is given to lower a high calcium."""
    return found.high and (drug.oncologic or drug.key == "pamidronate" or drug.mechanism is Mechanism.CALCITONIN)


def _symptoms(chart: Chart, n: Numbers) -> tuple[Problem, ...]:
    since = chart.days_ago(n.calcium_symptom_days)
    found = [entry for key in _SYMPTOMS for entry in chart.problems.get(key, ())]
    return tuple(entry for entry in found if entry.at_latest is not None and entry.at_latest >= since)


def _evidence(chart: Chart, found: Emergency, symptoms: Sequence[Problem], drafts: Sequence[Draft]) -> Iterator[Fact]:
    yield from (facts.drafted(draft, dose(chart, draft)) for draft in drafts)
    if found.reading is not None:
        yield facts.measured(found.reading.value)
    if found.dose is not None:
        yield facts.last_dose(found.dose.course)
    lowest = renal(chart).lowest
    if lowest is not None and found.kind.endswith("unmeasured"):
        yield facts.measured(lowest)
    yield from map(facts.problem, symptoms)
    if found.high:
        yield from (facts.taken(course) for course in chart.courses(_RAISING) if course.active)


def _cites(found: Emergency) -> tuple[str, ...]:
    after = ("EXT-03",) if found.dose is not None and found.dose.course.drug.mechanism is Mechanism.RANKL_INHIBITOR else ()
    return tuple(dict.fromkeys((*_CITES[found.kind.rpartition("-")[2]], *after)))


def _orders(chart: Chart, found: Emergency, *, urged: bool) -> Iterator[Option]:
    """The tests, and in an emergency the department that treats it."""
    after = found.kind.startswith("after")
    tests = _NOW if found.now or found.kind == "unmeasured" else _AGAIN[:1] if after else _AGAIN
    for key in tests:
        if not chart.ordered(key) and not _measured_today(chart, key):
            yield service(key, recommended=True, urgent=not after)
    if found.now and not chart.ordered(_EMERGENCY):
        yield service(_EMERGENCY, recommended=urged, urgent=True)


def _measured_today(chart: Chart, key: str) -> bool:
    result = chart.newest(key, since=chart.today) if key in ANALYTES else None
    return result is not None or chart.done(key, since=chart.today) is not None
