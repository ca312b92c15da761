"""Orders, procedures and plans by their codes: what was asked for, begun, revoked, not done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from msgspec.structs import replace

from cards.indicators import Event
from cds_service.fhir.reading.elements import Concept
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.systems import system_of
from cds_service.figures.raw import Json, Raw, coded, concepts, many, part

TRAINING = frozenset({("snomed", "229065009"), ("cpt", "97110"), ("cpt", "97112"), ("cpt", "97116"), ("hcpcs", "S9451")})
"""Training itself. Not its promotion, education about it, or a referral to it, though the key ``exercise`` holds them."""
ANY_DENSITY = frozenset({("cpt", "76977"), ("cpt", "77078"), ("cpt", "77080"), ("cpt", "77081"), ("cpt", "77085")})
"""Of the US measures, which take a test of any kind."""
ULTRASOUND = ("cpt", "76977")
_ORDERED = frozenset({"active", "completed"})
Found = tuple[str, Event]


def acts(raw: Raw, terminology: Terminology) -> tuple[list[Found], list[Found]]:
    """Events by key: what was done or ordered, and what the chart says was not."""
    done, denied = [*_procedures(raw)], [*_refused(raw, terminology)]
    done += _ordered(raw, terminology)
    done += _planned(raw)
    done += _surveys(raw, terminology)
    return done, denied


def _known(some: list[Concept]) -> set[tuple[str, str]]:
    return {(system_of(system), code) for system, code in coded(some)}


def _procedures(raw: Raw) -> Iterator[Found]:
    """Training that was begun, and tests of bone density of any kind, by code."""
    for source, told in raw.of("Procedure", "Encounter"):
        codes = _known(concepts(told.get("code"), told.get("type")))
        begun = told.get("status") in ("completed", "in-progress", "finished")
        performed = part(told, "performedPeriod" if told["resourceType"] == "Procedure" else "period")
        when = (told.get("performedDateTime"), performed.get("start"))
        if begun and codes & TRAINING:
            yield "training", raw.event(source, *when, how="session")
        if told.get("status") in ("completed", "finished") and (met := codes & ANY_DENSITY):
            yield "bone-density", raw.event(source, *when, how="ultrasound" if met == {ULTRASOUND} else "")


def _planned(raw: Raw) -> Iterator[Found]:
    """An activity of a plan that is in progress."""
    for source, told in raw.of("CarePlan"):
        for detail in (part(each, "detail") for each in many(told.get("activity")) if isinstance(each, dict)):
            if detail.get("status") == "in-progress" and _known(concepts(detail.get("code"))) & TRAINING:
                begun = raw.event(source, part(detail, "scheduledPeriod").get("start"), how="plan")
                whole = raw.event(source, part(told, "period").get("start"), how="plan")
                if begun.first is None and whole.first is not None:  # some day since the plan began
                    begun = replace(whole, latest=max(raw.today, whole.first))
                yield "training", begun


def _surveys(raw: Raw, terminology: Terminology) -> Iterator[Found]:
    """An assessment of the risk of falling that is an Observation without a number."""

    def about(code: bytes) -> bool:
        return terminology.recall_words(code, _surveys, lambda: _of_falls(code, terminology))

    for source, told in raw.of("Observation", about=about):
        if told.get("status") in ("final", "amended", "corrected"):
            period = part(told, "effectivePeriod")
            yield "falls", raw.event(source, told.get("effectiveDateTime"), told.get("effectiveInstant"), period.get("start"))


def _of_falls(code: bytes, terminology: Terminology) -> bool:
    try:
        return "assess-fall-risk" in terminology.service(*concepts(orjson.loads(code)))
    except ValueError:
        return False


def _ordered(raw: Raw, terminology: Terminology) -> Iterator[Found]:
    for source, told in raw.of("ServiceRequest"):
        if told.get("status") not in _ORDERED or told.get("doNotPerform"):
            continue
        keys = terminology.service(*concepts(told.get("code")))
        event = raw.event(source, told.get("authoredOn"), told.get("occurrenceDateTime"), how="referral")
        if "dxa" in keys:
            yield "dxa-ordered", event
        if {"referral-falls", "assess-fall-risk"} & {*keys}:
            yield "falls-referred", event


def _refused(raw: Raw, terminology: Terminology) -> Iterator[Found]:
    """A procedure that was not done, an order that was revoked."""
    for source, told in raw.of("Procedure", "ServiceRequest"):
        how = {"not-done": "not-done", "revoked": "revoked"}.get(str(told.get("status")), "")
        if not how:
            continue
        code = concepts(told.get("code"))
        event = raw.event(source, *_days(told), how=how)
        for key in _keys(code, terminology):
            yield key, event


def _days(told: Json) -> tuple[Any, ...]:
    performed = part(told, "performedPeriod").get("start")
    return told.get("performedDateTime"), performed, told.get("authoredOn"), told.get("occurrenceDateTime")


def _keys(code: list[Concept], terminology: Terminology) -> Iterator[str]:
    services = terminology.service(*code)
    if "dxa" in services:
        yield "dxa"
        yield "bone-density"
    if "assess-fall-risk" in services:
        yield "falls"
    if _known(code) & TRAINING:
        yield "training"
