"""Denosumab 120 mg that was given against tumors and has ended: it rebounds like 60 mg."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Fracture, per_chart
from cards.chart.calendar import add_months
from cards.definitions.denosumab import exposure
from cards.definitions.denosumab.dates import late_from
from cards.definitions.denosumab.follow_on import given_since
from cards.definitions.denosumab.rebound import rebound
from cards.vocabulary import DENOSUMAB, DENOSUMAB_ONCOLOGY, Mechanism


class Ended(Struct, frozen=True):
    """The course, and the vertebral fractures since its last dose: of the rebound, or any other that is on record. With a
    metastasis nobody can tell them apart without a picture."""

    course: Course
    fractures: tuple[Fracture, ...]


@per_chart
def ended_oncologic(chart: Chart) -> Ended | None:
    """{oncologic-stop-doses} doses or more, or {denosumab-months} months of it, what was given as 60 mg before it counted in,
    the last one {oncologic-stop-from-months} to {oncologic-stop-to-months} months ago (after 60 mg fewer, once the day is past
    on which the next 60 mg would have been late), and neither a bisphosphonate nor
    denosumab 60 mg since."""
    n, course = chart.numbers, chart.course(DENOSUMAB_ONCOLOGY)
    if course is None or course.last_dose is None or course.start is None:
        return None
    last = course.last_dose_at_latest or course.last_dose
    begun = exposure.begun(chart, course) or course.start
    enough = exposure.doses(chart, course) >= n.oncologic_stop_doses or add_months(begun, n.denosumab_months) <= last
    enough = enough or (exposure.before(chart, course) is not None and chart.today > late_from(n, last))
    lately = last >= chart.months_ago(n.oncologic_stop_to_months)
    if not (enough and lately and course.last_dose <= chart.months_ago(n.oncologic_stop_from_months)):
        return None
    if any(given_since(chart, other, last) for other in _closing(chart)):
        return None
    broken = rebound(chart)
    rebounded = broken.fractures if broken is not None and broken.course is course else ()
    return Ended(course, rebounded or tuple(_broken_since(chart, last)))


def _broken_since(chart: Chart, last: date) -> Iterator[Fracture]:
    for entry in chart.broken:
        if entry.site == "vertebra" and entry.when is not None and entry.when > last and not entry.subsequent:
            yield Fracture(
                entry.site,
                entry.when,
                entry.source,
                entry.part,
                latest=entry.latest,
                level=entry.level,
                from_text=entry.from_text,
            )


def _closing(chart: Chart) -> list[Course]:
    own = chart.course(DENOSUMAB)
    return [*chart.courses({Mechanism.BISPHOSPHONATE}), *((own,) if own else ())]
