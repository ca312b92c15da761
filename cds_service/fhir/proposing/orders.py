"""What a suggestion does: an option of the medicine becomes CDS Hooks actions with complete FHIR R4 resources.

The resources are built once (``order_templates``). A request takes a copy and fills in whose it is, when,
and what it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import orjson
from msgspec import Struct

from cards.chart import Draft
from cards.chart.calendar import add_days
from cards.engine.findings import Option
from cards.engine.options import TOGETHER
from cards.words.options import what
from cards.words.phrases import name, phrase
from cds_service.fhir.proposing.amending import amended
from cds_service.fhir.proposing.order_templates import CODES, System, called, reason, templates
from cds_service.fhir.proposing.own_codes import NONE, OwnCodes
from cds_service.fhir.proposing.stopping import Find, stopped

Resource = dict[str, Any]
Action = dict[str, Any]
Say = Callable[..., str]

__all__ = ["Occasion", "System", "actions", "by_hand", "templates"]

_WEEK = 7


def _as_it_is(text: str, *, places: bool) -> str:
    return text


class Occasion(Struct, frozen=True):
    """What all orders of one answer have in common.

    ``patient_id`` and ``encounter_id`` are bare ids, ``osteoporosis`` is the relative reference of that problem on record
    (``Condition/7``), which stands as the reason of what is ordered for it. ``system`` chooses the code systems,
    ``postmenopausal`` the ICD code of a problem. ``drafts``: the drafts as they came, by relative reference; ``stored`` finds
    orders of the record; ``own``: the client's own codes of orders."""

    patient_id: str
    today: date
    language: str
    encounter_id: str = ""
    osteoporosis: str = ""
    system: System = "international"
    postmenopausal: bool = False
    drafts: Mapping[str, bytes] = MappingProxyType({})
    stored: Find | None = None
    own: OwnCodes = NONE


def actions(option: Option, at: Occasion, say: Say = _as_it_is, call: Callable[[Draft], str] | None = None) -> list[Action]:
    """The CDS Hooks actions of one option: the drafts that it replaces are deleted first, then its resources are created, then
    the orders that end with it are stopped, where they are known whole.
    A draft that is only amended is updated. A draft that the EHR could not find by its id is neither deleted nor updated: its
    label must say so (``by_hand``).

    What starts after today carries its date in the resource; ``start`` of a problem is its onset, so that an old fracture is
    not taken for one of today. ``say(text, places=...)`` adds to the description of an action what it depends on; ``places``:
    it places the order; ``call`` names a draft that is deleted. KeyError for an option that there is no template or draft of.
    """
    if option.kind == "mend":
        return [_update(option, at, say)] if option.replaces[0].addressable else []
    named = call or (lambda draft: name(draft, at.language))
    deleted = [_delete(each, named(each), at, say) for each in option.replaces if each.addressable]
    created = [_create(option, key, at, say) for key in _keys(option, at.postmenopausal)]
    return [*deleted, *created, *_stopped(option, at, say)]


def _delete(draft: Draft, called: str, at: Occasion, say: Say) -> Action:
    description = say(phrase("action", "discard", at.language, draft=called), places=False)
    return {"type": "delete", "description": description, "resourceId": draft.id}


def _create(option: Option, key: str, at: Occasion, say: Say) -> Action:
    resource = at.own.put(orjson.loads(templates()[option.kind, key, at.language, at.system]), option.kind, key)
    resource["subject"] = {"reference": f"Patient/{at.patient_id}"}
    if at.encounter_id:
        resource["encounter"] = {"reference": f"Encounter/{at.encounter_id}"}
    if option.kind == "problem":
        _date_problem(resource, option, at.today)
    else:
        _date_order(resource, option, at.today)
        _give_reason(resource, option, at)
    description = phrase("action", option.kind, at.language, what=called(option.kind, key)[at.language])
    return {"type": "create", "description": say(description, places=True), "resource": resource}


def _give_reason(resource: Resource, option: Option, at: Occasion) -> None:
    if option.urgent:
        resource["priority"] = CODES["priority"]
    resource["reasonCode"] = [reason(option.reason, at.language, at.system)]
    if at.osteoporosis and option.reason == "osteoporosis":
        resource["reasonReference"] = [{"reference": at.osteoporosis}]


def _stopped(option: Option, at: Occasion, say: Say) -> Iterator[Action]:
    """The orders on the medication list that end with the option."""
    if (stored := at.stored) is None:
        return
    why = phrase("action", "replaced", at.language, what=what(option, at.language))
    for course in option.stops:
        description = say(phrase("action", "stop", at.language, drug=name(course.drug, at.language)), places=False)
        for source in course.sources:
            if (order := stored(source)) is not None:
                yield {"type": "update", "description": description, "resource": stopped(order, why)}


def by_hand(option: Option) -> bool:
    """Whether something of the option is left to the clinician, since a draft has no id that the EHR could find it by."""
    return any(not draft.addressable for draft in option.replaces)


def _update(option: Option, at: Occasion, say: Say) -> Action:
    (draft,) = option.replaces
    description = say(phrase("action", "mend", at.language, what=what(option, at.language)), places=True)
    return {"type": "update", "description": description, "resource": amended(at.drafts[draft.id], option, at.language)}


def _keys(option: Option, postmenopausal: bool) -> Iterator[str]:
    """The templates of an option."""
    if option.kind == "drug":
        yield option.regimen or option.key
    elif option.kind == "service":
        yield from TOGETHER.get(option.key, (option.key,))
    elif option.kind == "problem":
        yield f"{option.key}-postmenopausal" if postmenopausal else option.key


def _date_problem(resource: Resource, option: Option, today: date) -> None:
    resource["recordedDate"] = today.isoformat()
    if option.start is not None:
        resource["onsetDateTime"] = option.start.isoformat()


def _date_order(resource: Resource, option: Option, today: date) -> None:
    resource["authoredOn"] = today.isoformat()
    if option.start is None or option.start <= today:
        return
    start = option.start.isoformat()
    if option.kind == "drug":
        resource["dispenseRequest"] = {"validityPeriod": {"start": start}}
        repeat = resource["dosageInstruction"][0]["timing"]["repeat"]
        length = repeat.pop("boundsDuration", None)
        end = {"end": add_days(option.start, _WEEK * length["value"] - 1).isoformat()} if length else {}
        repeat["boundsPeriod"] = {"start": start} | end
    else:
        resource["occurrenceDateTime"] = start
