"""A case as a hook request, prefetched or left to be fetched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cards.thresholds import ContentError
from cards.vocabulary import Data
from cds_service.casebook.cases import Case
from cds_service.casebook.ways import Way, as_written
from cds_service.fhir.fetching.allowance import Allowance
from cds_service.fhir.fetching.client import Access, Answer, FhirClient
from cds_service.fhir.fetching.queries import camel_case
from fhir_fixtures import lines
from fhir_fixtures.prefetch import answer, templates

Json = dict[str, Any]

SERVER = "https://ehr.example.org/fhir"
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
ORDERING = ("order-select", "order-sign", "medication-refill")


def request(case: Case, way: Way = as_written) -> Json:
    """The hook request of a case, with prefetch, expressed in one way. ContentError if its lines do not give one."""
    today: date = case["today"]
    hook = case.get("hook", "patient-view")
    told = [*case.get("background", ()), *case.get("record", ()), *case.get("plus", ())]
    try:
        resources = way([lines.patient(case["patient"], today), *lines.record(told)])
        context = {"userId": "Practitioner/example", "patientId": "p1", **_context(case, hook, resources, way)}
        failed = {camel_case(Data(name)) for name in case.get("failed", ())}
    except ValueError as error:
        raise ContentError(f"{case['card']}, {case['name']}: {error}") from None
    if unasked := failed - templates(hook).keys():
        raise ContentError(f"{case['card']}, {case['name']}: {', '.join(sorted(unasked))} is not read on {hook}")
    prefetch = {
        key: FAILED if key.rstrip("0123456789") in failed else answer(t, resources) for key, t in templates(hook).items()
    }
    return {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context, "prefetch": prefetch}


def _context(case: Case, hook: str, record: Iterable[Json], way: Way) -> Json:
    """What the hook's context contains in addition to user and patient."""
    drafts = lines.drafts(case.get("draft", ()))
    if drafts and hook not in ORDERING:
        raise ValueError(f"no drafts on {hook}")
    told = way(draft for draft, _ in drafts)
    drafted = [(draft, chosen) for draft, (_, chosen) in zip(told, drafts, strict=True)]
    entered = way(lines.record(case["entered"], "e")) if "entered" in case else record
    return lines.hook_context(hook, drafted, entered, "e1")


class Served(FhirClient):
    """Replaces the FHIR client: it answers from what a client would have prefetched."""

    def serve(self, prefetch: Json, queries: Mapping[str, str]) -> None:
        asked = {query.replace("{{context.patientId}}", "p1"): key for key, query in queries.items()}
        self._answers = {f"{SERVER}/{query}": prefetch[key] for query, key in asked.items()}

    def fetch(self, access: Access, urls: Mapping[str, str], allowance: Allowance | None = None) -> dict[str, Answer]:
        return {key: self._answer(url) for key, url in urls.items()}

    def _answer(self, url: str) -> Answer:
        found = self._answers.get(url, FAILED)
        if found is FAILED:
            return Answer()
        page = json.dumps(found).encode()
        return Answer((page,), complete=True, written=(page,))
