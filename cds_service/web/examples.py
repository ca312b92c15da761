"""A request and its answer for each hook, told by a story: for the API page, and for docs/samples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

import fhir_fixtures
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.openapi import Example
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator

Json = dict[str, Any]

STORIES = {
    "patient-view": "denosumab-missed",
    "order-select": "alendronate-allergy",
    "order-sign": "alendronate-egfr-28",
    "problem-list-item-create": "complex-new-fracture-entered",
    "encounter-discharge": "denosumab-discharge",
    "medication-refill": "refill-late",
}
"""Hook -> the story that shows it."""


def request(hook: str, today: date) -> Json:
    """The request of the story, with its dates moved so that it happens ``today``."""
    return fhir_fixtures.load(STORIES[hook]).shifted(today).request()


def examples(evaluator: Evaluator, today: date) -> Mapping[str, Example]:
    """Service id -> its example, as the service answers it."""
    made = {}
    for service in SERVICES.values():
        asked = request(service.hook, today)
        call = parse(orjson.dumps(asked), service.hook)
        made[service.id] = Example(asked, evaluator.evaluate(call, "en", today).response)
    return made
