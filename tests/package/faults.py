"""Faults for each kind of resource: what a careless change might do, and at least one of the validators must see.

In each round one resource of each kind is spoiled, so that what a validator says can be told by the kind. None of the three
sees a wrong code deep inside a resource, or any of an ActivityDefinition, or the 31st of February: ``test_resources`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Fault(NamedTuple):
    """``what`` is done to a resource; ``by_models``: whether the models of fhir.resources see it too, which know no codes."""

    what: str
    spoil: Callable[[Json], object]
    by_models: bool = True


def _without(name: str, *path: str | int) -> Callable[[Json], object]:
    """Takes an element out."""
    return lambda told: _at(told, path).pop(name)


def _with(value: Any, name: str, *path: str | int) -> Callable[[Json], object]:
    """Gives an element another value."""
    return lambda told: _at(told, path).update({name: value})


def _at(told: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        told = told[step]
    return told


def _misspelled(told: Json) -> None:
    told["kindd"] = told.pop("kind")


_FILTER = {"system": "http://loinc.org", "filter": [{"property": "code", "value": "1.*"}]}
_BEGINS = {"system": "http://loinc.org", "filter": [{"property": "code", "op": "begins", "value": "1"}]}

ROUNDS: tuple[dict[str, Fault], ...] = (
    {
        "PlanDefinition": Fault("a trigger without its type", _without("type", "action", 0, "trigger", 0)),
        "ActivityDefinition": Fault("a misspelled element", _misspelled),
        "Library": Fault("without its type", _without("type")),
        "ValueSet": Fault("a filter without its operator", _with([_FILTER], "include", "compose")),
        "CodeSystem": Fault("a concept without a code", _without("code", "concept", 0)),
        "Measure": Fault("a population without criteria", _without("criteria", "group", 0, "population", 0)),
    },
    {
        "PlanDefinition": Fault("a status that FHIR has not", _with("signed", "status"), False),
        "ActivityDefinition": Fault("a list in place of one", _with(["proposal"], "intent")),
        "Library": Fault("a status that FHIR has not", _with("signed", "status"), False),
        "ValueSet": Fault("an operator that FHIR has not", _with([_BEGINS], "include", "compose"), False),
        "CodeSystem": Fault("a content that FHIR has not", _with("all", "content"), False),
        "Measure": Fault("a status that FHIR has not", _with("signed", "status"), False),
    },
    {
        "PlanDefinition": Fault("a day in words", _with("yesterday", "date")),
        "ActivityDefinition": Fault("a number in words", _with("seven", "doNotPerform")),
        "Library": Fault("data of no type", _without("type", "dataRequirement", 0)),
        "ValueSet": Fault("without a status", _without("status")),
        "CodeSystem": Fault("a number in words", _with("nine", "count")),
        "Measure": Fault("criteria in no language", _without("language", "group", 0, "population", 0, "criteria")),
    },
)


def spoiled(kind: str, resource: Json, fault: Fault) -> Json:
    """A resource with its fault, under a name by which it is found again in what a validator says."""
    fault.spoil(resource)
    return resource | {"id": mark(kind), "name": f"Fault{kind}"}


def mark(kind: str) -> str:
    return f"fault-{kind}"


def tells(kind: str, said: str) -> bool:
    """Whether a line of a validator is about the spoiled resource of this kind: names it, or an element of it."""
    return any(each in said for each in (mark(kind), f"Fault{kind}", f"{kind}."))
