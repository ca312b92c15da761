"""The rule of `vertebral-imaging`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import floor

from cards.chart import Chart, Fracture, Service, facts
from cards.definitions import diagnosis, person, treatment
from cards.definitions.denosumab import unseen_gap
from cards.definitions.good_bone import fractures_with_good_bone
from cards.definitions.height import Loss, height_loss, loss_since
from cards.engine.findings import INFO, WARNING, Finding, Rest, Undecided
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import Data, Mechanism

_IMAGING = ("OVCF2021-D6", "OPREF-D4", "POP2022-D5", "REHAB2024-04")
_HEIGHT = ("OVCF2021-M3",)
_PAIN = ("OVCF2021-D1", "OPREF-D5")
"""The recommendations behind imaging, after height loss and for new pain."""


_SPINE = ("vertebral-imaging", "spine-mri", "spine-ct")


def _imaged(chart: Chart, since: date | None, *, unread: bool) -> Service | None:
    """The newest imaging of the spine since that day: what could be read, or a report that could not."""
    found = [s for key in _SPINE for s in chart.services.get(key, ()) if s.done and s.when and s.unread is unread]
    return max(
        (s for s in found if since is None or (s.when and s.when >= since)), key=lambda s: s.when or date.min, default=None
    )


def _lost(chart: Chart, n: Numbers) -> Loss | None:
    """Lost height; once the spine was imaged, what was lost since."""
    film = _imaged(chart, None, unread=False)
    return loss_since(chart, film.when, n.height_film_days) if film and film.when else height_loss(chart)


def _to_settle(chart: Chart, n: Numbers) -> tuple[Fracture, ...]:
    """Fractures with good bone, and no image of the spine that could be read within {unread-result-months} months: a vertebral
    fracture would settle whether it is osteoporosis."""
    seen = _imaged(chart, chart.months_ago(n.unread_result_months), unread=False) is not None
    return () if seen else fractures_with_good_bone(chart)


def _rest(n: Numbers, loss: Loss) -> Rest:
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
        values={
            "gap_from": gap.told[0],
            "resumed": gap.told[1],
            "certain": gap.certain,
            "report": None,
            "pain": None,
            "loss": None,
        },
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
    adult, but for heights that cannot be compared (below {height-least-cm} or above {height-most-cm} cm, after an amputation
    or lengthening of a leg or paralysis) or not be believed (a fall of more than {height-spread} cm within
    {height-window-months} months, of more than {height-spread-ever} cm ever, until a second height of another day confirms it
    within {height-same-cm} cm; `tests-due` asks to measure again); of one day the higher counts; once the spine was imaged,
    from the height of that time on (the first within {height-film-days} days after it, otherwise the newest before it); or (2)
    back pain as an active problem that began (or was recorded) within {new-pain-days} days, with osteoporosis or at
    {vertebral-risk-years} or older; (3) denosumab was resumed after a late dose, in either strength, whose gap began in the
    last {denosumab-sequence-months} months; or (4) {good-bone} or more fragility fractures within {good-bone-months} months
    with a T-score on record, none of {t-low} or lower, none of hip or vertebra, and no image of the spine within
    {unread-result-months} months: a vertebral fracture would settle it.

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
    loss, pain = _lost(chart, n), chart.active_problem("back-pain")
    new_pain = pain if pain and pain.when and pain.when >= chart.days_ago(n.new_pain_days) and (weak or old) else None
    if chart.ordered(*_SPINE):
        return
    seen_pain = new_pain is not None and _imaged(chart, new_pain.when, unread=False) is not None
    new_pain = None if seen_pain else new_pain
    settle = _to_settle(chart, n) if loss is None and new_pain is None else ()
    if loss is None and new_pain is None and not settle:
        yield from _after_gap(chart, n)
        return
    since = [day for day in (loss and loss.now.when, new_pain and new_pain.when) if day]
    unread = _imaged(chart, min(since, default=None), unread=True)
    asks = unread is not None and (unread.at_latest or chart.today) >= chart.months_ago(n.unread_result_months)
    evidence = [facts.measured(loss.before), facts.measured(loss.now)] if loss else []
    evidence += [facts.problem(new_pain)] if new_pain else []
    evidence += map(facts.fracture, settle)
    if chart.age is None and not (weak if loss is None else at_risk):
        yield Undecided(facts=tuple(evidence), missing=(Data.PATIENT,), indicator=INFO)
        return
    yield Finding(
        indicator=WARNING,
        variant="height" if loss else "pain" if new_pain else "fractures",
        values={
            "loss": loss.cm if loss else None,
            "recent": bool(loss and loss.recent),
            "before": loss.before if loss else None,
            "now": loss.now if loss else None,
            "pain": new_pain,
            "fractures": settle,
            "report": unread if asks else None,
        },
        cites=(*(_HEIGHT if loss else ()), *(_PAIN if new_pain else ()), *_IMAGING),
        facts=tuple(evidence),
        options=() if asks else (service("vertebral-imaging", recommended=True),),
        notes=("good-bone",) if settle else (),
        rests=_rest(n, loss) if loss and new_pain is None else None,
    )
