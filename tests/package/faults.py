"""A fault for each kind of resource: what a careless change might do, and which of the validators must see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Fault(NamedTuple):
    """``what`` is done to a resource; ``by_models``: whether the models of fhir.resources see it too, which know no codes."""

    what: str
    spoil: Callable[[Json], Json]
    by_models: bool = True


def _plan(told: Json) -> Json:
    told["action"][0]["trigger"] = [{"name": "patient-view"}]
    return told


def _library(told: Json) -> Json:
    del told["type"]
    return told


def _activity(told: Json) -> Json:
    told["kindd"] = told.pop("kind")
    return told


def _value_set(told: Json) -> Json:
    told["compose"]["include"] = [{"system": "http://loinc.org", "filter": [{"property": "code", "value": "1.*"}]}]
    return told


def _code_system(told: Json) -> Json:
    told["concept"][0].pop("code")
    return told


def _measure(told: Json) -> Json:
    told["group"][0]["population"][0].pop("criteria")
    return told


FAULTS = {
    "PlanDefinition": Fault("a trigger without its type", _plan),
    "ActivityDefinition": Fault("an element that does not exist", _activity),
    "Library": Fault("without its type", _library),
    "ValueSet": Fault("a filter without its operator", _value_set),
    "CodeSystem": Fault("a concept without a code", _code_system),
    "Measure": Fault("a population without criteria", _measure),
}
