"""Orders in the context that are doubled, foreign, unnamed or not selected: each is checked, not ours, or said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.silence.json_path import REMOVED, Json, Path, put
from tests.silence.mutation import Law, Mutation, bundle_of

_METOPROLOL = {"coding": [{"system": "http://www.whocc.no/atc", "code": "C07AB02"}], "text": "metoprolol 50 mg tablet"}
_UNNAMED: tuple[tuple[str, Json], ...] = (
    ("no drug", {}),
    ("empty concept", {"medicationCodeableConcept": {}}),
    ("blank text", {"medicationCodeableConcept": {"text": " "}}),
    ("local code", {"medicationCodeableConcept": {"coding": [{"system": "urn:oid:1.2.3.4", "code": "4711"}]}}),
    ("dangling reference", {"medicationReference": {"reference": "Medication/not-there"}}),
    ("dangling contained", {"medicationReference": {"reference": "#not-there"}}),
)


def of_context(body: Json) -> Iterator[Mutation]:
    """What may be wrong with the orders of a call as a whole."""
    bundle, entries = bundle_of(body)
    if not entries or bundle == "conditions":
        return
    for number, entry in enumerate(entries):
        place: Path = ("context", bundle, "entry")
        for defect, law, worse in _one(entry, number, entries):
            kind = f"{bundle} {entry['resource']['resourceType']}"
            yield Mutation(f"{bundle}[{number}]", defect, kind, law, put(body, place, worse))
    if "selections" in body["context"]:
        yield from _selections(body, bundle)


def _one(entry: Json, number: int, entries: list[Any]) -> Iterator[tuple[str, Law, list[Any]]]:
    """One entry replaced, or another put beside it."""
    order = entry["resource"]
    before, after = entries[:number], entries[number + 1 :]

    def replaced(**changed: Any) -> list[Any]:
        written = {key: value for key, value in (order | changed).items() if value is not REMOVED}
        return [*before, {**entry, "resource": written}, *after]

    yield "other patient", Law.SAID, replaced(subject={"reference": "Patient/somebody-else"})
    yield "no patient", Law.SAME, replaced(subject=REMOVED)
    yield "no id", Law.SAME, replaced(id=REMOVED)
    yield "the same twice", Law.SAME, [*before, entry, entry, *after]
    if order["resourceType"] != "MedicationRequest":
        return
    twin = {**entry, "resource": order | {"medicationCodeableConcept": _METOPROLOL}}
    yield "its id before, other drug", Law.DRAFT, [*before, twin, entry, *after]
    yield "its id after, other drug", Law.DRAFT, [*before, entry, twin, *after]
    for defect, drug in _UNNAMED:
        yield defect, Law.SAID, replaced(**({"medicationCodeableConcept": REMOVED, "medicationReference": REMOVED} | drug))


def _subject(order: Json) -> str:
    return str(order["subject"]["reference"])


def _selections(body: Json, bundle: str) -> Iterator[Mutation]:
    """A selection that names no draft selects none: then all are judged, as where nothing is said."""
    for defect, chosen in (("matches no draft", ["MedicationRequest/not-there"]), ("empty", []), ("missing", REMOVED)):
        worse = put(body, ("context", "selections"), chosen)
        yield Mutation(f"{bundle}.selections", defect, f"{bundle} selections", Law.SAME, worse)
