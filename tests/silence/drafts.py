"""Orders in the context that are doubled, foreign, unnamed or not selected: each is checked, not ours, or said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.silence.answers import SERVER
from tests.silence.asking import concerns_us
from tests.silence.json_path import REMOVED, Json, Path, put
from tests.silence.mutation import Law, Mutation, all_selected, bundle_of

_METOPROLOL = {"coding": [{"system": "http://www.whocc.no/atc", "code": "C07AB02"}], "text": "metoprolol 50 mg tablet"}
_ELSEWHERE = "patient of another server"
_EMPTY = "no drug"
_UNNAMED: tuple[tuple[str, Json], ...] = (
    (_EMPTY, {}),
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
    place: Path = ("context", bundle, "entry")
    for number, entry in enumerate(entries):
        kind = f"{bundle} {entry['resource']['resourceType']}"
        spoiled = [*_doubled(entry, number, entries), *(_spoiled(entry, number, entries) if _is_judged(body, entry) else ())]
        for defect, law, worse in spoiled:
            if defect == _EMPTY and body["hook"] == "order-select":
                continue  # a form in which no drug is chosen yet
            changed = put(body, place, worse)
            if defect == _ELSEWHERE:
                changed |= {"fhirServer": SERVER}
            yield Mutation(f"{bundle}[{number}]", defect, kind, law, changed)
    if "selections" in body["context"] and all_selected(body):
        yield from _selections(body, bundle)


def _is_judged(body: Json, entry: Json) -> bool:
    """Whether an order is ours and selected: what is plainly none of ours need not be said."""
    order = entry["resource"]
    bundle, _ = bundle_of(body)
    named = f"{order['resourceType']}/{order['id']}"
    selected = named in body["context"].get("selections", (named,))
    return selected and concerns_us(put(body, ("context", bundle, "entry"), [entry]))


def _doubled(entry: Json, number: int, entries: list[Any]) -> Iterator[tuple[str, Law, list[Any]]]:
    """Another entry put beside one; an order without an id, or without a patient, is still an order."""
    order = entry["resource"]
    before, after = entries[:number], entries[number + 1 :]
    yield "no patient", Law.SAME, [*before, _changed(entry, subject=REMOVED), *after]
    yield "the same twice", Law.SAME, [*before, entry, entry, *after]
    if order["resourceType"] == "MedicationRequest":
        twin = _changed(entry, medicationCodeableConcept=_METOPROLOL)
        yield "its id before, other drug", Law.DRAFT, [*before, twin, entry, *after]
        yield "its id after, other drug", Law.DRAFT, [*before, entry, twin, *after]


def _spoiled(entry: Json, number: int, entries: list[Any]) -> Iterator[tuple[str, Law, list[Any]]]:
    """One order of ours without an id, or such that nobody can check it any more."""
    order = entry["resource"]
    before, after = entries[:number], entries[number + 1 :]
    yield "no id", Law.SAME, [*before, _changed(entry, id=REMOVED), *after]
    subject = order["subject"]["reference"]
    for defect, whose in (
        ("other patient", "Patient/somebody-else"),
        (_ELSEWHERE, f"https://other.example.org/fhir/{subject}"),
    ):
        yield defect, Law.SAID, [*before, _changed(entry, subject={"reference": whose}), *after]
    if order["resourceType"] == "MedicationRequest":
        for defect, drug in _UNNAMED:
            unnamed = {"medicationCodeableConcept": REMOVED, "medicationReference": REMOVED} | drug
            yield defect, Law.SAID, [*before, _changed(entry, **unnamed), *after]


def _changed(entry: Json, **fields: Any) -> Json:
    order = {name: value for name, value in (entry["resource"] | fields).items() if value is not REMOVED}
    return {**entry, "resource": order}


def _selections(body: Json, bundle: str) -> Iterator[Mutation]:
    """A selection that names no draft selects none: then all are judged, as they were."""
    for defect, chosen in (("matches no draft", ["MedicationRequest/not-there"]), ("empty", []), ("missing", REMOVED)):
        worse = put(body, ("context", "selections"), chosen)
        yield Mutation(f"{bundle}.selections", defect, f"{bundle} selections", Law.SAME, worse)
