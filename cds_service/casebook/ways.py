"""The three ways to express the same record: as written, with codings only, with text only.

Pure functions on FHIR R4 resources (JSON objects) from any source. What they leave unchanged:

    codings_only    a concept without a coding keeps its text (routes, regions, problems that a case writes in words): there is
                    nothing else that says it. Free text (``dosageInstruction.text``) is no CodeableConcept, and units are none.
    text_only       a concept without words keeps its codings; statuses, categories, relations and routes are small code sets
                    that no record writes in words; ``NOT_YET`` are the resources whose words are not read today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Resource = dict[str, Any]
Way = Callable[[Iterable[Resource]], list[Resource]]

NOT_YET = {"Observation": "results are read by code alone: names and units of results are for issue 15"}
"""Types of resources that keep their codings in ``text_only``, and why."""

_NAMED = frozenset({"code", "medicationCodeableConcept", "itemCodeableConcept", "reasonCode", "substance", "procedureCode"})
"""Elements that name what a resource is about: a drug, a problem, a service, a substance."""


def as_written(resources: Iterable[Resource]) -> list[Resource]:
    return list(resources)


def codings_only(resources: Iterable[Resource]) -> list[Resource]:
    """Without any text or display next to a code or a reference.

    >>> codings_only([{"code": {"coding": [{"code": "A12AA04", "display": "calcium carbonate"}], "text": "Ca"}}])
    [{'code': {'coding': [{'code': 'A12AA04'}]}}]
    """
    return [_without_words(resource) for resource in resources]


def text_only(resources: Iterable[Resource]) -> list[Resource]:
    """Without codings wherever there is a text or a display: the text is kept, otherwise the first display.

    >>> text_only([{"resourceType": "Condition", "code": {"coding": [{"code": "M81.9", "display": "Osteoporosis"}]}}])
    [{'resourceType': 'Condition', 'code': {'text': 'Osteoporosis'}}]
    """
    return [resource if resource["resourceType"] in NOT_YET else _in_words(resource) for resource in resources]


WAYS: dict[str, Way] = {"codings": codings_only, "text": text_only}
"""The additional ways, by the names used in cases."""


def _without_words(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_words(each) for each in value]
    if not isinstance(value, dict):
        return value
    if any("code" in coding for coding in value.get("coding", ())):
        said = {key: each for key, each in value.items() if key != "text"}
        return said | {"coding": [_but(coding, "display") for coding in value["coding"] if "code" in coding]}
    if "reference" in value:
        return _but(value, "display")
    return {key: _without_words(each) for key, each in value.items()}


def _in_words(value: Any, named: bool = False) -> Any:
    """``value`` without the codings of the concepts that name something; ``named``: it stands in such an element."""
    if isinstance(value, list):
        return [_in_words(each, named) for each in value]
    if not isinstance(value, dict):
        return value
    if named and (words := _words(value)):
        return {"text": words}
    return {key: _in_words(each, key in _NAMED) for key, each in value.items()}


def _words(concept: Resource) -> str:
    """What a concept says in words: its text, else the first display, else ""."""
    displays = (coding["display"] for coding in concept.get("coding", ()) if coding.get("display"))
    return str(concept.get("text") or next(displays, ""))


def _but(value: Resource, dropped: str) -> Resource:
    return {key: each for key, each in value.items() if key != dropped}
