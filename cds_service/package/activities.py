"""What cards propose, as ActivityDefinitions: made of the same templates as the orders of a suggestion.

A drug is coded as the product, a test or referral as the activity. A problem is a Task to confirm the diagnosis, which FHIR has
no request for; what is to be confirmed stands in ``topic``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson

from cards.engine.options import TOGETHER
from cards.engine.sources import cited
from cards.vocabulary import Name
from cards.vocabulary.regimens import REGIMENS
from cds_service.fhir.proposing.order_templates import called, templates
from cds_service.package.metadata import CPG, PATIENT, Json, concept, described, versioned
from cds_service.package.sources import artifact

_ACTIVITIES = f"{CPG}CodeSystem/cpg-activity-type-cs"
_PROFILE = f"{CPG}StructureDefinition/cpg-"
_WHAT = {
    "drug": Name("Order", "开具医嘱"),
    "service": Name("Order", "开具医嘱"),
    "problem": Name("Add to the problem list", "列入问题清单"),
}


def activities() -> Iterator[Json]:
    """All that can be proposed, whichever card does."""
    for kind, key in proposed():
        resource = orjson.loads(templates()[kind, key, "en", "international"])
        yield _common(kind, key) | _OF_KIND[kind](key, resource)


@cache
def proposed() -> tuple[tuple[str, str], ...]:
    """Kind and key of all that can be proposed."""
    return tuple(dict.fromkeys((kind, key) for kind, key, _, _ in templates()))


def id_of(kind: str, key: str) -> str:
    return f"{kind}-{key}"


def steps(kind: str, key: str) -> Iterator[Json]:
    """The actions of a plan that propose it: one each order."""
    for part in TOGETHER.get(key, (key,)) if kind == "service" else (key,):
        name = called(kind, part)
        yield {
            "title": f"{_WHAT[kind].en}: {name.en}",
            "definitionCanonical": versioned("ActivityDefinition", id_of(kind, part)),
        }


def _common(kind: str, key: str) -> Json:
    name = called(kind, key)
    title = Name(f"{_WHAT[kind].en}: {name.en}", f"{_WHAT[kind].zh}：{name.zh}")
    told = f"{title.en}. A proposal: the clinician decides, and the service says when it is proposed."
    return described("ActivityDefinition", id_of(kind, key), title, told) | {
        "subjectCodeableConcept": PATIENT,
        "intent": "proposal",
        "doNotPerform": False,
    }


def _drug(key: str, order: Json) -> Json:
    regimen = REGIMENS[key]
    return {
        "meta": {"profile": [f"{_PROFILE}medicationrequestactivity"]},
        "kind": "MedicationRequest",
        "profile": f"{_PROFILE}medicationrequest",
        "code": concept(_ACTIVITIES, "order-medication"),
        "productCodeableConcept": order["medicationCodeableConcept"],
        "dosage": order["dosageInstruction"],
        "relatedArtifact": [artifact(each) for each in cited(regimen.cites)],
    }


def _service(_: str, order: Json) -> Json:
    """With the code of what is ordered where the profile for services has "order-service": who applies it needs the former."""
    told: dict[str, Any] = {
        "meta": {"profile": [f"{_PROFILE}computableactivity"]},
        "kind": "ServiceRequest",
        "profile": f"{_PROFILE}servicerequest",
        "code": order["code"],
    }
    return told | ({"topic": order["category"]} if "category" in order else {})


def _problem(_: str, problem: Json) -> Json:
    return {
        "meta": {"profile": [f"{_PROFILE}proposediagnosisactivity"]},
        "kind": "Task",
        "profile": f"{_PROFILE}proposediagnosistask",
        "code": concept(_ACTIVITIES, "propose-diagnosis"),
        "topic": [problem["code"]],
    }


_OF_KIND = {"drug": _drug, "service": _service, "problem": _problem}
