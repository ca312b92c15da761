"""The rule of `vertebral-imaging`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import floor

from msgspec import Struct

from cards.chart import Chart, Measurement, Service, facts
from cards.chart.calendar import add_months
from cards.definitions import diagnosis, person, treatment
from cards.definitions.denosumab import unseen_gap
from cards.engine.findings import INFO, WARNING, Finding, Rest, Undecided
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import Data, Mechanism

_IMAGING = ("OVCF2021-D6", "OPREF-D4", "POP2022-D5", "REHAB2024-04")
_HEIGHT = ("OVCF2021-M3",)
_PAIN = ("OVCF2021-D1", "OPREF-D5")
"""The recommendations behind imaging, after height loss and for new pain."""


_SPINE = ("vertebral-imaging", "spine-mri", "spine-ct")


class _Loss(Struct, frozen=True):
    """A loss of height in cm, and the two measurements compared."""

    cm: float
    before: Measurement
    now: Measurement
    recent: bool


def height_loss(chart: Chart, n: Numbers) -> _Loss | None:
    """{height-loss-recent} cm or more within {height-window-months} months, or {height-loss-ever} cm below the tallest adult
    height (newest height of {height-newest-months} months)."""
    now = chart.newest("height", since=chart.months_ago(n.height_newest_months))
    if now is None or now.comparator:
        return None
    earlier = [
        m for m in chart.values("height") if m.when < now.when and not m.comparator and not _of_a_child(chart, n, m.when)
    ]
    near = [m for m in earlier if m.when >= add_months(now.when, -n.height_window_months)]
    tallest_near = max(near, key=lambda m: m.value, default=None)
    if tallest_near is not None and round(tallest_near.value - now.value, 1) >= n.height_loss_recent:
        return _Loss(tallest_near.value - now.value, tallest_near, now, recent=True)
    tallest = max(earlier, key=lambda m: m.value, default=None)
    if tallest is not None and round(tallest.value - now.value, 1) >= n.height_loss_ever:
        return _Loss(tallest.value - now.value, tallest, now, recent=False)
    return None


def _of_a_child(chart: Chart, n: Numbers, day: date) -> bool:
    age = chart.patient.age_on(day)
    return age is not None and age < n.adult_years


def _imaged(chart: Chart, since: date | None, *, unread: bool) -> Service | None:
    """The newest imaging of the spine since that day: what could be read, or a report that could not."""
    found = [s for key in _SPINE for s in chart.services.get(key, ()) if s.done and s.when and s.unread is unread]
    return max(
        (s for s in found if since is None or (s.when and s.when >= since)), key=lambda s: s.when or date.min, default=None
    )


def _rest(n: Numbers, loss: _Loss) -> Rest:
    """An override for lost height holds until the height falls further, in whole centimeters, the precision of the measurement.
    It also holds if it was given at a lower height than today's, down to {height-spread} cm below; a larger difference is taken
    as a typing error."""
    height = floor(loss.now.value)
    lower = tuple(f"{height - cm} cm" for cm in range(1, n.height_spread))
    return Rest(n.height_override_months, f"{height} cm", lower)


def _after_gap(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Vertebrae may have broken unnoticed while denosumab was late."""
    gap = unseen_gap(chart)
    if gap is None:
        return
    yield Finding(
        indicator=WARNING,
        variant="gap",
        values={"gap_from": gap.before, "resumed": gap.resumed, "report": None, "pain": None, "loss": None},
        cites=(*_IMAGING, "EXT-04"),
        facts=tuple(facts.last_dose(c) for c in chart.courses({Mechanism.RANKL_INHIBITOR})),
        options=(service("vertebral-imaging", recommended=True),),
        rests=Rest(n.height_override_months, f"{gap.resumed}"),
    )


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Lost height, or new back pain in someone at risk, may mean a vertebral fracture: order a lateral X-ray of the spine, and
    MRI if pain on provocation persists with a negative X-ray.

    When: an adult with osteoporosis, low bone mass or a fragility fracture, on treatment, or of {vertebral-risk-years} or
    older; and (1) the newest height, from the last {height-newest-months} months, is {height-loss-recent} cm or more below the
    tallest in the {height-window-months} months before it, or {height-loss-ever} cm or more below the tallest height as an
    adult; or (2) back pain as an active problem that began (or was recorded) within {new-pain-days} days, with osteoporosis or
    at {vertebral-risk-years} or older; or (3) denosumab was resumed after a late dose, whose gap began in the last
    {denosumab-sequence-months} months.

    Not when: X-ray, MRI or CT of the spine is ordered, or was done (a report only if it could be read) since the newest height
    for (1), or since the onset of the pain for (2), or from {rebound-from-months} months after the last dose before the gap for
    (3); the age is unknown and nothing else applies (`incomplete-data` says so). For lost height alone, and for (3), an
    override with a reason also silences the card for the same user for {height-override-months} months, unless the height falls
    further, in whole centimeters; new back pain ends that.

    Then: warning. Where a report of the spine since then, of the last {unread-result-months} months, could not be read, the
    card asks for its result and orders nothing. Otherwise, recommended: lateral X-ray of thoracic and lumbar spine, or
    vertebral fracture assessment. The detail says
    that MRI is still needed if the X-ray is negative and pain on provocation persists.
    """
    old = chart.age is None or chart.age >= n.vertebral_risk_years
    weak = diagnosis.osteoporosis(chart)
    at_risk = weak or diagnosis.low_bone_mass(chart) or bool(chart.fractures) or treatment.on_treatment(chart)
    if not person.adult(chart) or not (at_risk or old):
        return
    loss, pain = height_loss(chart, n), chart.active_problem("back-pain")
    new_pain = pain if pain and pain.when and pain.when >= chart.days_ago(n.new_pain_days) and (weak or old) else None
    if chart.ordered(*_SPINE):
        return
    seen_pain = new_pain is not None and _imaged(chart, new_pain.when, unread=False) is not None
    seen_loss = loss is not None and _imaged(chart, loss.now.when, unread=False) is not None
    loss, new_pain = (None if seen_loss else loss), (None if seen_pain else new_pain)
    if loss is None and new_pain is None:
        yield from _after_gap(chart, n)
        return
    since = [day for day in (loss and loss.now.when, new_pain and new_pain.when) if day]
    unread = _imaged(chart, min(since, default=None), unread=True)
    asks = unread is not None and (unread.at_latest or chart.today) >= chart.months_ago(n.unread_result_months)
    evidence = [facts.measured(loss.before), facts.measured(loss.now)] if loss else []
    evidence += [facts.problem(new_pain)] if new_pain else []
    if chart.age is None and not (weak if loss is None else at_risk):
        yield Undecided(facts=tuple(evidence), missing=(Data.PATIENT,), indicator=INFO)
        return
    yield Finding(
        indicator=WARNING,
        variant="height" if loss else "pain",
        values={
            "loss": loss.cm if loss else None,
            "recent": bool(loss and loss.recent),
            "before": loss.before if loss else None,
            "now": loss.now if loss else None,
            "pain": new_pain,
            "report": unread if asks else None,
        },
        cites=(*(_HEIGHT if loss else ()), *(_PAIN if new_pain else ()), *_IMAGING),
        facts=tuple(evidence),
        options=() if asks else (service("vertebral-imaging", recommended=True),),
        rests=_rest(n, loss) if loss and new_pain is None else None,
    )
