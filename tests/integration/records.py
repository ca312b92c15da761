"""The records that the FHIR server is loaded with: our fixtures and, where they are there, the Synthea patients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import fhir_fixtures
from cds_service.hooks.request import HOOKS
from fhir_fixtures.prefetch import answer, templates
from tests.integration.sekmet import UNSEARCHED

Resource = dict[str, Any]

SYNTHEA = Path(__file__).parents[3] / "shared" / "data" / "synthea"
SYNTHEA_DAY = date(2024, 1, 15)
NOT_LOADED = frozenset({"CarePlan", "Goal", "Immunization"}) | UNSEARCHED


class Told(NamedTuple):
    """One record and the call that is made about it."""

    resources: list[Resource]
    today: date
    hook: str
    context: Mapping[str, Any]

    @property
    def patient_id(self) -> str:
        return next(str(r["id"]) for r in self.resources if r["resourceType"] == "Patient")

    def request(self, server: str = "", token: str = "") -> Resource:
        """With ``server``: nothing prefetched. Without: all prefetched."""
        context = {"userId": fhir_fixtures.USER, "patientId": self.patient_id, **self.context}
        body: Resource = {"hook": self.hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
        if not server:
            asked = templates(self.hook).items()
            return body | {"prefetch": {key: answer(template, self.resources) for key, template in asked}}
        access = {"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.read", "subject": "cds"}
        return body | {"fhirServer": server, "fhirAuthorization": access}


def names() -> list[str]:
    """Fixtures that call one of our hooks, then the Synthea patients."""
    ours = [name for name in fhir_fixtures.names() if fhir_fixtures.story(name).hook in HOOKS]
    return [*ours, *(path.stem for path in sorted(SYNTHEA.glob("*.json")))]


@cache
def load(name: str) -> Told:
    if (path := SYNTHEA / f"{name}.json").exists():
        return Told(_relative(json.loads(path.read_text(encoding="utf-8"))), SYNTHEA_DAY, "patient-view", {})
    fixture = fhir_fixtures.load(name)
    resources = [r for r in fixture.resources if r["resourceType"] not in UNSEARCHED]
    return Told(resources, fixture.as_of, fixture.hook, fixture.context)


def _relative(bundle: Resource) -> list[Resource]:
    """The resources that are read, with ``urn:uuid:`` references written as type and id."""
    place = {e["fullUrl"]: f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]}
    kept = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] not in NOT_LOADED]
    return [_rewritten(resource, place) for resource in kept]


def _rewritten(value: Any, place: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {k: place.get(v, v) if k == "reference" else _rewritten(v, place) for k, v in value.items()}
    return [_rewritten(each, place) for each in value] if isinstance(value, list) else value
