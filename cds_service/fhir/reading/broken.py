"""Resources that could not be decoded: what they are about is determined as far as possible."""

from __future__ import annotations

from cds_service.fhir.reading import wire
from cds_service.fhir.reading.by_name import called
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.facts import GROUPS, Facts
from cds_service.fhir.reading.given import BROKEN, Given
from cds_service.fhir.reading.ledger import why_unread, why_unread_condition, why_unread_drug
from cds_service.fhir.reading.lenient import Patience, repaired
from cds_service.fhir.reading.services import keys_of
from cds_service.fhir.terminology.codes import Terminology, group_of

_ACTS = frozenset({"Procedure", "ServiceRequest", "DiagnosticReport"})


def put_apart(source: str, given: Given, facts: Facts) -> None:
    """Record a broken resource of a type that is read: it counts as missing if, as far as can be determined, it is relevant."""
    peek = _peek(given, facts.record.patience)
    if given.type == "Observation":
        _put_result_apart(source, given, peek, facts)
    elif peek is not None and _is_foreign(given.type, peek, facts.terminology):
        facts.not_ours(source, given.type)
    else:
        facts.put_aside(source, "unreadable", data=GROUPS.get(given.type), detail=given.fault)


def might_be_ours(given: Given, terminology: Terminology) -> bool:
    """Whether a broken resource is relevant, or this cannot be determined."""
    peek = _peek(given, Patience())
    return peek is None or not _is_foreign(given.type, peek, terminology)


def _peek(given: Given, patience: Patience) -> wire.Peek | None:
    """What it is about, if that is readable."""
    try:
        peek, _ = repaired(wire.PEEK, given.raw, patience)
    except BROKEN:
        return None
    return peek if peek.code or peek.medication_codeable_concept or peek.component else None


def _is_foreign(kind: str, peek: wire.Peek, terminology: Terminology) -> bool:
    """Whether it is known to be about something that no rule reads."""
    if kind == "Condition":
        return not understand(peek.code, terminology) and not why_unread_condition(peek.code, terminology)
    if peek.medication_codeable_concept is not None:
        drug = peek.medication_codeable_concept
        return not identify(drug, terminology).drugs and not why_unread_drug(drug, terminology)
    return kind in _ACTS and not keys_of(peek.code, terminology) and not why_unread(peek.code, terminology)


def _put_result_apart(source: str, given: Given, peek: wire.Peek | None, facts: Facts) -> None:
    """A broken Observation counts as missing in the group of its analyte; if that cannot be determined, it is only counted."""
    if key := _measures(peek, facts.terminology) if peek else "":
        facts.put_aside(source, "unreadable", data=group_of(key), key=key, detail=given.fault)
    elif peek is None:
        facts.put_aside(source, "unreadable", detail=given.fault)
    else:
        facts.not_ours(source, given.type)


def _measures(peek: wire.Peek, terminology: Terminology) -> str:
    """The analyte that the code or the name points to; if it is none of ours, the components' codes and names."""
    told = (peek.code, *(part.code for part in peek.component or ()))
    coded = (meaning.key for code in told for meaning in terminology.observation(code))
    return next(coded, "") or next((key for code in told if (key := called(code, terminology).about)), "")
