"""Contacts with the clinic, the stay of the fracture, transfers, death: from resources that no card reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from cards.indicators import Event, Rates
from cds_service.fhir.reading.elements import Concept
from cds_service.figures.raw import Json, Raw, coded, concepts, many, part, reference, words

CLINIC = ("fracture liaison", "骨折联络")
"""Words that name the clinic wherever; a site adds its own (``visits``)."""
_INSIDE = frozenset({"IMP", "ACUTE", "NONAC", "SS", "EMER", "OBSENC"})
"""Classes of an encounter that is a stay."""
_TELEPHONE = frozenset({"VR"})
_ELSEWHERE = frozenset({"other-hcf"})
"""Where somebody is discharged to the care of another hospital. Not rehabilitation or long-term care: after a hip fracture that
is the way home, and to leave out those of whom nothing more is heard would raise the rate (OWN)."""
_TRANSFER = ("transfer", "转院", "转诊")


def listed(some: list[Concept], rates: Rates, *more: Any) -> bool:
    """Whether the site lists this type as its fracture or osteoporosis clinic: by words, or by system|code."""
    said = " ".join((words(some), *(each.lower() for each in more if isinstance(each, str))))
    known = (*CLINIC, *rates.visits)
    codes = {f"{system}|{code}" for system, code in coded(some)}
    return any(each.lower() in said if "|" not in each else each in codes for each in known)


def visits(raw: Raw, rates: Rates) -> Iterator[Event]:
    """Finished encounters of the clinic, and procedures that are one."""
    for source, told in raw.of("Encounter"):
        if told.get("status") == "finished" and listed(concepts(told.get("type"), told.get("serviceType")), rates):
            how = "telephone" if part(told, "class").get("code") in _TELEPHONE else "visit"
            yield raw.event(source, part(told, "period").get("start"), how=how)
    for source, told in raw.of("Procedure"):
        if told.get("status") == "completed" and listed(concepts(told.get("code")), rates):
            yield raw.event(source, told.get("performedDateTime"), part(told, "performedPeriod").get("start"), how="visit")


def contacts(raw: Raw, rates: Rates) -> Iterator[Event]:
    """Encounters of the clinic, by telephone and video too; kept appointments; messages between clinic and patient."""
    for source, told in raw.of("Encounter"):
        inside = part(told, "class").get("code") in _INSIDE
        if (
            told.get("status") == "finished"
            and not inside
            and listed(concepts(told.get("type"), told.get("serviceType")), rates)
        ):
            how = "telephone" if part(told, "class").get("code") in _TELEPHONE else "visit"
            yield raw.event(source, part(told, "period").get("start"), how=how)
    for source, told in raw.of("Appointment"):
        kinds = concepts(
            told.get("serviceType"), told.get("appointmentType"), told.get("specialty"), told.get("serviceCategory")
        )
        if told.get("status") == "fulfilled" and (rates.contacts == "any" or listed(kinds, rates, told.get("description"))):
            yield raw.event(source, told.get("start"), how="appointment")
    for source, told in raw.of("Communication"):
        ends = [reference(each) for name in ("recipient", "sender") for each in many(told.get(name))]
        kinds = concepts(told.get("category"), told.get("topic"), told.get("reasonCode"))
        ours = rates.contacts == "any" or listed(kinds, rates)
        if told.get("status") == "completed" and ours and any("Patient/" in end for end in ends):
            yield raw.event(source, told.get("sent"), told.get("received"), how="message")


def stay(raw: Raw, conditions: tuple[str, ...], t0: date) -> tuple[str, date | None]:
    """Where the fracture was treated, and when the stay ended: by the Encounter that the Condition names, else one of a stay
    that holds the day."""
    named = [reference(part(raw.get(each), "encounter")) for each in conditions]
    some = [told for each in named if each and (told := raw.get(each))]
    some += [told for _, told in raw.of("Encounter") if part(told, "class").get("code") in _INSIDE and _holds(raw, told, t0)]
    for told in some:
        inside = part(told, "class").get("code") in _INSIDE
        end = raw.event("", part(told, "period").get("end")).first if inside else None
        return place(part(told, "serviceProvider")), end
    return "", None


def _holds(raw: Raw, told: Json, t0: date) -> bool:
    begin = raw.event("", part(told, "period").get("start")).first
    end = raw.event("", part(told, "period").get("end")).first
    return told.get("status") != "cancelled" and begin is not None and begin <= t0 <= (end or t0)


def place(told: Json) -> str:
    """An organization by its name, else by its reference."""
    display = told.get("display")
    return display if isinstance(display, str) and display else reference(told)


def died(raw: Raw) -> Event | None:
    """The death on record; without a day where only that it happened is."""
    for source, told in raw.of("Patient"):
        if told.get("deceasedDateTime"):
            return raw.event(source, told["deceasedDateTime"])
        if told.get("deceasedBoolean") in (True, "true"):
            return Event(None, None, source)
    return None


def left(raw: Raw) -> Iterator[Event]:
    """Who is no longer this service's: inactive, transferred, discharged to another hospital and not seen since. No contact
    alone is not "left"."""
    for source, told in raw.of("Patient"):
        if told.get("active") is False:
            yield Event(None, None, source)
    for source, told in raw.of("EpisodeOfCare"):
        said = words(concepts(told.get("type"), told.get("statusReason")))
        if told.get("status") in ("finished", "cancelled") and any(each in said for each in _TRANSFER):
            yield raw.event(source, part(told, "period").get("end"))
    seen = [e.first for _, told in raw.of("Encounter") if (e := raw.event("", part(told, "period").get("start"))).first]
    for source, told in raw.of("Encounter"):
        where = {code for _, code in coded(concepts(part(told, "hospitalization").get("dischargeDisposition")))}
        gone = raw.event(source, part(told, "period").get("end"))
        if where & _ELSEWHERE and gone.first and not any(day and day > gone.first for day in seen):
            yield gone
