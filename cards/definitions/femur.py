"""Signs of an incomplete atypical fracture of the femur under antiresorptives (card specification,
"atypical-fracture-suspected")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import chain

from msgspec import Struct

from cards.chart import DOSE_UNREAD, Chart, Course, Problem, Service, SetAside, facts, per_chart
from cards.chart.calendar import DAYS_A_MONTH, add_months, months_between
from cards.definitions import workup
from cards.definitions.bone_loss import GLUCOCORTICOID, long_glucocorticoid
from cards.definitions.workup import mineral
from cards.definitions.workup.row import ANABOLICS, ANTIRESORPTIVES, Row
from cards.vocabulary import DENOSUMAB, ZOLEDRONATE, Data, Mechanism

READS = (Data.CONDITIONS, Data.PROCEDURES, Data.IMAGING, Data.REPORTS, Data.WORK_UP)
"""The inputs of the suspicion, besides the drug courses."""
IMAGING = "femur-imaging"
SUSPECT = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR})
"""The antiresorptives under which the femur may crack; not estrogen and its relatives."""
_EXPLAINED = ("hip-osteoarthritis", "trochanteric-bursitis", "sciatica")
"""What else explains pain in the hip."""
_SIDES = {"left": re.compile(r"(?ai)\bleft\b|左"), "right": re.compile(r"(?ai)\bright\b|右")}


class Suspicion(Struct, frozen=True):
    """``sign``: what is on record; ``seen``: whether an image shows it, otherwise it is pain alone. ``months`` on
    antiresorptives in all; ``course``: a glucocorticoid, ``row``: a low ALP that make it more likely; ``taken``: the
    antiresorptives that go on; ``film``: both femora were imaged since the pain began, and no report could be read."""

    sign: Problem
    seen: bool
    months: int
    course: Course | None
    row: Row | None
    taken: tuple[Course, ...]
    film: Service | None = None


@per_chart
def suspicion(chart: Chart) -> Suspicion | None:
    """A sign in the femur: a stress lesion, otherwise pain in thigh or groin, otherwise in the hip where neither
    osteoarthritis, a hip fracture, bursitis nor sciatica of that side (or without a side) is on record; active, and its onset
    or record at most {femur-sign-days} days ago. Bisphosphonates and denosumab of any strength, {femur-exposure-months} months
    or more in all (each zoledronate 5 mg counts {zoledronate-months}), {femur-exposure-risk-months} with a long-term
    glucocorticoid or a confirmed low ALP; on one now, or off for less than {femur-off-months} months. Pain is settled once both
    femora were imaged after it began. Not where an atypical femur fracture is on record."""
    courses = [course for course in chart.had(SUSPECT) if course.spans or course.doses]
    if (sign := _told(chart, courses)) is None:
        return None
    steroid = long_glucocorticoid(chart)
    low = next((row for row in mineral.low_alp(chart) if row.holds), None)
    months = _months(chart, courses)
    n = chart.numbers
    if months < (n.femur_exposure_risk_months if steroid or low else n.femur_exposure_months):
        return None
    taken = tuple(
        c for c in courses if c.drug.key in chart.drug_courses and (c.active or (not c.stopped and c.on_treatment(chart.today)))
    )
    return Suspicion(sign, sign.key == "femur-lesion", months, steroid, low, taken, _film(chart, sign))


def unread_doses(chart: Chart) -> tuple[SetAside, ...]:
    """Of a glucocorticoid that is taken, where nothing is suspected and its dose, which could not be read, would decide."""
    courses = [course for course in chart.had(SUSPECT) if course.spans or course.doses]
    if suspicion(chart) is not None or _told(chart, courses) is None:
        return ()
    if _months(chart, courses) < chart.numbers.femur_exposure_risk_months:
        return ()
    return chart.unread_of(DOSE_UNREAD, *(c for c in chart.courses(GLUCOCORTICOID) if c.on_treatment(chart.today)))


def pauses(chart: Chart) -> bool:
    """Whether a drug that is taken pauses: not denosumab for pain alone."""
    found = suspicion(chart)
    return found is not None and any(found.seen or c.drug.ingredient != DENOSUMAB.ingredient for c in found.taken)


def rows(chart: Chart) -> Iterator[Row]:
    """What it means for drugs: pain holds antiresorptives and anabolics, but not a dose that cannot wait; with a lesion no
    antiresorptive is offered."""
    found = suspicion(chart)
    if found is not None:
        yield Row(
            "femur",
            (facts.problem(found.sign),),
            found.sign.when or chart.today,
            drops=ANTIRESORPTIVES if found.seen else workup.row.NONE,
            holds=ANTIRESORPTIVES | ANABOLICS,
            binding=found.seen,
        )


def _told(chart: Chart, courses: list[Course]) -> Problem | None:
    """The sign that counts, under antiresorptives taken now or lately."""
    since = chart.months_ago(chart.numbers.femur_off_months)
    lately = any(course.covered_until and course.covered_until > since for course in courses)
    return _sign(chart) if lately and chart.problem("atypical-femur-fracture") is None else None


def _sign(chart: Chart) -> Problem | None:
    """The newest lesion, else the newest pain that nothing explains and no image has settled."""
    since = chart.days_ago(chart.numbers.femur_sign_days)
    lately = {
        key: [p for p in chart.problems.get(key, ()) if p.active and (p.at_latest is None or p.at_latest >= since)]
        for key in ("femur-lesion", "thigh-pain", "hip-pain")
    }
    hips = [p for p in lately["hip-pain"] if not _explained(chart, p)]
    pains = [p for p in chain(lately["thigh-pain"], hips) if not _imaged(chart, p)]
    found = lately["femur-lesion"] or pains
    return max(found, key=lambda p: p.when or date.min, default=None)


def _film(chart: Chart, pain: Problem) -> Service | None:
    """The image of both femora since the pain began: one whose report was read, otherwise the newest."""
    if pain.at_latest is None:
        return None
    films = (s for s in chart.services.get(IMAGING, ()) if s.done and s.when and s.when >= pain.at_latest)
    return max(films, key=lambda film: (not film.unread, film.when or date.min), default=None)


def _imaged(chart: Chart, pain: Problem) -> bool:
    """Whether its report was read; an image alone settles nothing."""
    film = _film(chart, pain)
    return film is not None and not film.unread


def _explained(chart: Chart, pain: Problem) -> bool:
    side = _side(pain.text)
    problems = (p for key in _EXPLAINED for p in chart.problems.get(key, ()) if p.active)
    sides = [*(_side(p.text) for p in problems), *(broken.part for broken in chart.fractures if broken.site == "hip")]
    return any(not (side and other) or side == other for other in sides)


def _side(text: str) -> str:
    """ "left" or "right"; "" where the text names none, or both."""
    found = [side for side, pattern in _SIDES.items() if pattern.search(text)]
    return found[0] if len(found) == 1 else ""


def _months(chart: Chart, courses: list[Course]) -> int:
    """Completed months on antiresorptives, at the longest that the record allows; time on two at once counts once."""
    infusions = sum(len(c.doses) for c in courses if c.drug is ZOLEDRONATE)
    spans = sorted(
        (begin, min(end, chart.today))
        for c in courses
        if c.drug is not ZOLEDRONATE or not c.doses
        for begin, end in c.spans
        if begin <= chart.today
    )
    total, reach = 0.0, date.min
    for begin, end in spans:
        if end > reach:
            total += _length(max(begin, reach), end)
            reach = end
    return int(total) + chart.numbers.zoledronate_months * infusions


def _length(begin: date, end: date) -> float:
    """In months."""
    whole = months_between(begin, end)
    return whole + (end - add_months(begin, whole)).days / DAYS_A_MONTH
