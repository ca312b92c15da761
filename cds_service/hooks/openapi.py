"""What ``GET /openapi.json`` answers: the description of the service, made from the models and the services at start."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from cards.engine import sources
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.feedback import FeedbackRequest
from cds_service.hooks.models import Acknowledged, Cards, Discovery, OperationOutcome, request_of

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_ERRORS = {
    400: "A field is missing or wrong",
    401: "Not authenticated (production)",
    404: "No such address",
    405: "No such method here",
    406: "Not an answer in JSON",
    412: "Nothing is known about the patient",
    413: "The body is too large",
    415: "Not JSON, or compressed",
    500: "The service failed",
    503: "The database is not available",
}
_READ = (401, 405, 500, 503)
TYPES = ("ActivityDefinition", "CodeSystem", "Library", "Measure", "PlanDefinition", "ValueSet")
"""Of which types the knowledge has resources."""
_CALL = (400, 401, 405, 412, 413, 415, 500, 503)
_FEEDBACK = (400, 401, 405, 413, 415, 500, 503)


class Example(NamedTuple):
    """A request to a service and its answer."""

    request: Json
    answer: Json


FEEDBACK = {
    "feedback": [
        {
            "card": "4e0a3a1e-cb45-4f36-8c1c-3f8fd2d8f0e4",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-11-21T23:46:42.837Z",
            "overrideReason": {
                "reason": {
                    "code": "patient-refuses",
                    "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
                },
                "userComment": "Wants to think about it",
            },
        }
    ]
}


def document(base_url: str, examples: Mapping[str, Example] = MappingProxyType({})) -> Json:
    """The OpenAPI 3.1 document. ``base_url``: the service's own, as clients see it; ``examples`` by service id."""
    requests = {service.id: request_of(service.hook) for service in SERVICES.values()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "osteoporosis-cds",
            "version": sources.VERSION,
            "description": "CDS Hooks 2.0.1 service for osteoporosis. FHIR R4.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "paths": _paths(requests, examples),
        "components": {
            "schemas": _schemas([Acknowledged, Cards, Discovery, OperationOutcome, FeedbackRequest, *requests.values()]),
            "securitySchemes": {"clientJwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _paths(requests: dict[str, type[BaseModel]], examples: Mapping[str, Example]) -> Json:
    paths: Json = {"/cds-services": {"get": _operation("discovery", "The services", _READ, answer=Discovery)}}
    for service in SERVICES.values():
        at = f"/cds-services/{service.id}"
        call = _operation(service.id, service.title, _CALL, body=requests[service.id], answer=Cards)
        call["description"] = service.description
        told = _operation(f"{service.id}-feedback", "Outcome of cards", _FEEDBACK, body=FeedbackRequest, answer=Acknowledged)
        if service.id in examples:
            _show(call, examples[service.id])
            _show(told, Example(FEEDBACK, {"received": 1}))
        paths |= {at: {"post": call}, f"{at}/feedback": {"post": told}}
    return paths | _knowledge()


def _knowledge() -> Json:
    """``/fhir``: the knowledge as FHIR R4, read-only and public. Its errors are FHIR, too."""
    of_type = {"name": "type", "in": "path", "required": True, "schema": {"enum": list(TYPES)}}
    of_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}}
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 999_999}
    asked = {"url": text, "name": text, "version": text, "_id": text, "_count": number, "_offset": number}
    search = [of_type, *({"name": name, "in": "query", "schema": schema} for name, schema in asked.items())]
    return {
        "/fhir/metadata": {"get": _fhir("capabilities", "What there is of the knowledge as FHIR", (405, 406, 500), [])},
        "/fhir/{type}": {"get": _fhir("search", "Resources of a type", (400, 404, 405, 406, 500), search)},
        "/fhir/{type}/{id}": {"get": _fhir("read", "A resource", (404, 405, 406, 500), [of_type, of_id])},
    }


def _fhir(name: str, summary: str, errors: tuple[int, ...], parameters: list[Json]) -> Json:
    resource: Json = {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"type": "string"}}}
    outcome = {"$ref": _SCHEMAS + OperationOutcome.__name__}
    answers = {"200": {"description": "OK"} | _as_fhir(resource)}
    answers |= {str(status): {"description": _ERRORS[status]} | _as_fhir(outcome) for status in errors}
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": answers, "security": [{}]}


def _as_fhir(schema: Json) -> Json:
    return {"content": {"application/fhir+json": {"schema": schema}}}


def _operation(
    name: str,
    summary: str,
    errors: tuple[int, ...],
    *,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
) -> Json:
    responses: Json = {"200": {"description": "OK"} | (_content(answer) if answer else {})}
    responses |= {str(status): {"description": _ERRORS[status]} | _content(OperationOutcome) for status in errors}
    operation: Json = {"operationId": name, "summary": summary, "responses": responses, "security": [{}, {"clientJwt": []}]}
    return operation | ({"requestBody": {"required": True} | _content(body)} if body else {})


def _show(operation: Json, example: Example) -> None:
    """Put an example into an operation."""
    operation["requestBody"]["content"]["application/json"]["example"] = example.request
    operation["responses"]["200"]["content"]["application/json"]["example"] = example.answer


def _content(model: type[BaseModel]) -> Json:
    return {"content": {"application/json": {"schema": {"$ref": _SCHEMAS + model.__name__}}}}


def _schemas(models: list[type[BaseModel]]) -> Json:
    _, described = models_json_schema([(model, "validation") for model in models], ref_template=_SCHEMAS + "{model}")
    schemas: Json = described["$defs"]
    return schemas
