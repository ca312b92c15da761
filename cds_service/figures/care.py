"""The record of one patient as the indicators ask for it: from the chart of the cards, and from what they do not read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from cards.chart import Chart, Exposure, Problem
from cards.chart.calendar import years_between
from cards.definitions import courses, goals, treatment
from cards.indicators import Answer, Care, Event, Rates, Treated
from cards.indicators.episodes import LEAST_AGE, Broken
from cards.vocabulary import COURSES, DRUGS, Data, Drug, Mechanism, Site
from cds_service.fhir.terminology.codes import Terminology
from cds_service.figures import acts, visits
from cds_service.figures.raw import Raw, coded, concepts, part, words

RESTS_ON = {
    "assessment": ("Encounter", "Procedure", "Observation"),
    "dxa": ("Observation", "Procedure", "DiagnosticReport", "ImagingStudy"),
    "qct": ("Observation", "Procedure", "DiagnosticReport", "ImagingStudy"),
    "bone-density": ("Observation", "Procedure", "DiagnosticReport", "ImagingStudy"),
    "falls": ("Observation", "Procedure"),
    "dxa-ordered": ("ServiceRequest",),
    "falls-referred": ("ServiceRequest",),
    "recommended": ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"),
    "started": ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"),
    "contact": ("Encounter", "Appointment", "Communication"),
    "training": ("Procedure", "Encounter", "CarePlan"),
}
"""The types that tell of an event: without one of them, that nothing is on record says nothing."""
READ_BESIDES = frozenset({"Appointment", "Communication", "EpisodeOfCare"})
"""Types that no card reads."""
_DENSITY = ("t-score", "z-score", "bmd")
_NO_DXA = frozenset({Site.HEEL, Site.UNNAMED})
_FALLS = ("morse", "berg", "tug")
_DEEDS = frozenset({"Procedure", "DiagnosticReport", "ImagingStudy"})
_SAYS_NOTHING = frozenset(
    {"future", "other-patient", "withdrawn", "dose-unreadable", "reason-unreadable", "no-start", "age-unknown"}
)
"""Reasons for setting something aside that leave no event unknown."""
_LEFT_OUT = re.compile(
    r"(?a)skull|facial|\bface\b|nasal|orbit|mandib|maxill|finger|phalan|thumb|\btoes?\b|颅|面骨|鼻骨|眶|颌|指|趾"
)
_LEFT_OUT_CODES = ("S02", "S62.5", "S62.6", "S92.4", "S92.5")
_GONE_ORDERS = frozenset({"draft", "cancelled", "entered-in-error"})
_NOT = {"not-taken": "not-taken", "not-done": "not-done", "declined": "declined", "cancelled": "revoked"}
_KINDS = {"administration": "given", "dispense": "dispensed", "statement": "stated", "request": "ordered"}
_HAPPENED = {
    "administration": frozenset({"completed"}),
    "dispense": frozenset({"completed"}),
    "statement": frozenset({"active", "completed", "stopped", "on-hold"}),
    "request": frozenset({"active", "completed"}),
}


def broken(chart: Chart, raw: Raw, *, wide: bool) -> Iterator[Broken]:
    """The fractures that count; ``wide``: of any site but skull, face, finger and toe, low-energy or not."""
    for each in chart.broken if wide else chart.fractures:
        told = raw.get(each.source)
        if wide and _left_out(told.get("code")):
            continue
        recorded = raw.event("", told.get("recordedDate")).first
        yield Broken(each.site, each.when, each.latest, each.source, getattr(each, "presumed", False), recorded)


def _left_out(code: object) -> bool:
    some = concepts(code)
    codes = {code.upper().replace(".", "") for _, code in coded(some)}
    prefixes = tuple(each.replace(".", "") for each in _LEFT_OUT_CODES)
    return any(code.startswith(prefixes) for code in codes) or (not codes and _LEFT_OUT.search(words(some)) is not None)


def counts(drug: Drug, when: date | None, birth: date | None) -> bool:
    """Whether a drug is an anti-osteoporosis drug: none of oncologic strength, hormone therapy from 50 on."""
    if drug.mechanism not in treatment.TREATMENT or drug.oncologic:
        return False
    if drug.mechanism is not Mechanism.HORMONE_THERAPY:
        return True
    return when is not None and birth is not None and years_between(birth, when) >= LEAST_AGE


def care_of(
    chart: Chart,
    raw: Raw,
    terminology: Terminology,
    rates: Rates,
    *,
    absent: Iterable[str] = (),
    answers: tuple[Answer, ...] = (),
    since: date | None = None,
) -> Care:
    """``absent``: types that were not exported; ``since``: the first day that matters, before which nothing unread does."""
    done: dict[str, list[Event]] = defaultdict(list)
    denied: dict[str, list[Event]] = defaultdict(list)
    told, refused = acts.acts(raw, terminology)
    for key, event in (*_measured(chart), *_services(chart, raw), *_taken(chart), *_proposed(raw, terminology, chart), *told):
        done[key].append(event)
    for key, event in (*_not_taken(chart), *refused):
        denied[key].append(event)
    done["assessment"] += visits.visits(raw, rates)
    done["contact"] += visits.contacts(raw, rates)
    done["bone-density"] += [*done["dxa"], *done["qct"]]
    return Care(
        today=chart.today,
        patient=chart.patient,
        died=visits.died(raw),
        left=tuple(visits.left(raw)),
        done={key: tuple(some) for key, some in done.items()},
        denied={key: tuple(some) for key, some in denied.items()},
        not_read=_not_read(chart, frozenset(absent), since),
        answers=answers,
        comfort=_comfort(chart, raw),
        treated=_treated(chart),
    )


def _measured(chart: Chart) -> Iterator[tuple[str, Event]]:
    for key in _DENSITY:
        for m in chart.values(key):
            if m.site not in _NO_DXA and m.site is not None:
                yield "dxa", Event(m.when, m.at_latest, m.source, "scan")
            elif m.site is Site.HEEL:
                yield "bone-density", Event(m.when, m.at_latest, m.source, "heel")
    for m in chart.values("qct-vbmd"):
        yield "qct", Event(m.when, m.at_latest, m.source, "qct")
    for key in _FALLS:
        for m in chart.values(key):
            yield "falls", Event(m.when, m.at_latest, m.source, key)
    for key in ("frax-major", "frax-hip"):
        for m in chart.values(key):
            yield "assessment", Event(m.when, m.at_latest, m.source, "frax")


def _services(chart: Chart, raw: Raw) -> Iterator[tuple[str, Event]]:
    """Scans and assessments that were done. An order is not the deed; the day is that of the scan, not of its report."""
    for key, name in (("dxa", "dxa"), ("qct", "qct"), ("falls", "assess-fall-risk")):
        for each in chart.services.get(name, ()):
            kind = each.source.partition("/")[0]
            if not each.done or kind not in _DEEDS:
                continue
            told = raw.get(each.source)
            only_issued = kind == "DiagnosticReport" and not (told.get("effectiveDateTime") or told.get("effectivePeriod"))
            first, last = (None, None) if only_issued else (each.when, each.at_latest)
            yield key, Event(first, last, each.source, "qct" if key == "qct" else "scan" if key == "dxa" else "assessed")


def _taken(chart: Chart) -> Iterator[tuple[str, Event]]:
    for e in chart.exposures:
        when = (e.authored or e.start) if e.kind == "request" else e.start
        if not counts(e.drug, when, chart.patient.birth) or (when and when > chart.today):
            continue
        latest = when if e.kind == "request" and e.authored else (e.latest or when)
        if e.kind == "request" and e.status not in _GONE_ORDERS:
            yield "recommended", Event(when, latest, e.source, "ordered", e.drug.key)
        if e.status in _HAPPENED[e.kind]:
            yield "started", Event(when, latest, e.source, _KINDS[e.kind], e.drug.key)


def _proposed(raw: Raw, terminology: Terminology, chart: Chart) -> Iterator[tuple[str, Event]]:
    """Proposals and plans of a drug: no order, which is why the cards do not read them, and a recommendation all the same."""
    for source, told in raw.of("MedicationRequest"):
        if (
            told.get("intent") not in ("proposal", "plan", "option")
            or told.get("status") in _GONE_ORDERS
            or told.get("doNotPerform")
        ):
            continue
        code = told.get("medicationCodeableConcept") or raw.get(_reference(told)).get("code")
        event = raw.event(source, told.get("authoredOn"), how="proposed")
        for key in {key for product in terminology.drug(*concepts(code)) for key in product.keys}:
            drug = DRUGS.get(key)
            if drug and counts(drug, event.first, chart.patient.birth):
                yield "recommended", replace(event, drug=key)


def _reference(told: dict[str, object]) -> str:
    found = part(told, "medicationReference").get("reference")
    return found if isinstance(found, str) else ""


def _not_taken(chart: Chart) -> Iterator[tuple[str, Event]]:
    """Not taken, not given, an order withdrawn."""
    for e in chart.exposures:
        when = e.authored or e.start
        if (how := _NOT.get(e.status)) and counts(e.drug, when, chart.patient.birth):
            event = Event(when, when if e.authored else e.latest or when, e.source, how, e.drug.key)
            yield "started", event
            if e.kind == "request":
                yield "recommended", event


def _not_read(chart: Chart, absent: frozenset[str], since: date | None) -> frozenset[str]:
    keys = {key for key, kinds in RESTS_ON.items() if absent & {*kinds}}
    for aside in chart.set_aside:
        if aside.reason in _SAYS_NOTHING or (since and aside.when and aside.when < since):
            continue
        if aside.key in _DENSITY or (aside.data is Data.BONE_DENSITY and not aside.key):
            keys |= {"dxa", "bone-density"}
        if aside.key in _FALLS:
            keys.add("falls")
        if aside.data in COURSES and aside.reason not in ("no-date",):
            keys |= {"recommended", "started"}
    return frozenset(keys)


def _treated(chart: Chart) -> Callable[[date], Treated]:
    """How things stood on a day, by what is on record today and had happened by then."""

    def treated(day: date) -> Treated:
        known = (e for e in chart.exposures if e.status != "unknown")
        entries = [_as_of(e, day) for e in known if e.start is None or e.start <= day]
        built = courses.build(chart.numbers, entries, chart.problems, day)
        then = replace(chart, today=day, drug_courses=built)
        some = [c for c in treatment.courses(then) if not c.drug.oncologic]
        on = [c for c in some if c.on_treatment(day)]
        if not some:
            return Treated()
        lead = (on or some)[0]
        return Treated(
            on=bool(on),
            covered=any(c.covered_until is not None and c.covered_until >= day for c in some),
            ever=True,
            stopped=lead.stopped,
            unconfirmed=all(c.unconfirmed for c in on) if on else bool(lead.unconfirmed),
            undated=not on and (lead.undated or (lead.stopped and lead.end is None)),
            sources=lead.sources,
        )

    return treated


def _as_of(e: Exposure, day: date) -> Exposure:
    """What ended later was still going on."""
    if e.end and e.end > day and e.kind in ("statement", "request") and e.status in ("stopped", "completed"):
        return replace(e, status="active")
    return e


def _comfort(chart: Chart, raw: Raw) -> Callable[[date], bool]:
    """Whether comfort was the goal by that day, by what makes ``goals-of-care`` fire."""

    def comfort(day: date) -> bool:
        then = {
            key: tuple(p for p in map(_began(raw), some) if p.when is None or p.when <= day) for key, some in _of_goals(chart)
        }
        return bool(goals.comfort_care(replace(chart, today=day, problems={**chart.problems, **then})))

    return comfort


def _of_goals(chart: Chart) -> Iterator[tuple[str, Sequence[Problem]]]:
    for key in ("hospice-now", "hospice", "palliative-plan", "palliative-encounter"):
        yield key, chart.problems.get(key, ())


def _began(raw: Raw) -> Callable[[Problem], Problem]:
    """An encounter or plan by its first day: the reader dates what has ended by its end."""

    def began(problem: Problem) -> Problem:
        start = raw.event("", part(raw.get(problem.source), "period").get("start"))
        return replace(problem, onset=start.first, latest=start.latest) if start.first else problem

    return began
