"""What the page asks becomes a hook request, with the whole record beside it and what was ordered on the page within it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson

import fhir_fixtures
from cds_service.config import Settings
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import HOOKS, Call, parse
from cds_service.hooks.whole_record import request_in
from cds_service.pipeline import Evaluator
from cds_service.web.playground.ordered import added

Json = dict[str, Any]

ENCOUNTER = "playground"


def told_in(asked: Json, evaluator: Evaluator, settings: Settings) -> tuple[Json, Call]:
    """The hook request as the page sends it, and the call with the whole record, from which the screen is drawn."""
    told = fhir_fixtures.load(asked["fixture"]).shifted(settings.today()) if asked.get("fixture") else asked.get("given")
    told = _ordered(told, asked)
    ready = filled(told, asked, evaluator, settings)
    return ready, parse(orjson.dumps(_whole(told, ready, evaluator)), ready["hook"])


def _ordered(told: Any, asked: Json) -> Any:
    """The record with what was ordered on the page, where that is a record and not a request, whose data stay as they came.
    What is about to be signed stands among the drafts."""
    drafts = {str(each.get("id")) for each in asked.get("drafts") or ()}
    orders = [each for each in asked.get("ordered") or () if str(each.get("id")) not in drafts]
    if not orders or _is_request(told):
        return told
    if isinstance(told, fhir_fixtures.Fixture):
        return told._replace(bundle=added(told.bundle, orders))
    return added(told, orders)


def to_sign(asked: Json, ready: Json) -> list[Json]:
    """The orders that were made on the page at a moment that knows no drafts: what is said of them on signing belongs to the
    answer."""
    moment = HOOKS[ready["hook"]]
    if moment.bundle and moment.orders:
        return []
    return [each for each in asked.get("ordered") or () if each.get("status") == "draft"]


def filled(told: Any, asked: Json, evaluator: Evaluator, settings: Settings) -> Json:
    """The hook request: what the hook's context must hold is filled in where the patient's own moment was another one."""
    hook = asked.get("hook") or ""
    if isinstance(told, fhir_fixtures.Fixture):
        hook = hook or told.hook
        ready = told._replace(hook=hook).request()
        resources = told.resources
    else:
        ready = request_in(told, evaluator.prefetch, hook=hook)
        resources = [
            e["resource"] for e in told.get("entry") or () if isinstance(e, dict) and isinstance(e.get("resource"), dict)
        ]
    if not isinstance(ready.get("context"), dict):
        raise RequestError(400, "context: must be an object")
    context = dict(ready["context"])
    if (wanted := HOOKS[ready["hook"]]).bundle:
        if asked.get("drafts") is not None and wanted.orders:
            context[wanted.bundle] = _bundle(asked["drafts"])
            context.pop("selections", None)
        elif not context.get(wanted.bundle):
            problems = [each for each in resources if each.get("resourceType") == "Condition"]
            context[wanted.bundle] = (context.get("draftOrders") or _bundle([])) if wanted.orders else _bundle(problems)
    if ready["hook"] == "encounter-discharge":
        context.setdefault("encounterId", ENCOUNTER)
    if asked.get("user") and not _is_request(told):
        context["userId"] = str(asked["user"])
    if settings.in_production:  # whom we may ask there is a matter of the client's keys, and the page has none
        ready = {key: value for key, value in ready.items() if key not in ("fhirServer", "fhirAuthorization")}
    return ready | {"context": context, "hookInstance": str(uuid4())}


def _is_request(told: Any) -> bool:
    """Whether this is a hook request as a client sends it, whose user stays who it is."""
    return isinstance(told, dict) and "context" in told


def _whole(told: Any, ready: Json, evaluator: Evaluator) -> Json:
    """A request that brings all that is known, not only what the hook reads: the timeline shows the whole record."""
    bundle = told.bundle if isinstance(told, fhir_fixtures.Fixture) else told
    if bundle.get("resourceType") != "Bundle":
        return ready
    prefetch = dict.fromkeys(evaluator.prefetch[ready["hook"]]) | {"patient": bundle}
    return ready | {"prefetch": prefetch}


def _bundle(resources: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
