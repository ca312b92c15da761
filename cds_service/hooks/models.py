"""The request and response formats, for ``/openapi.json`` and the tests. Leniently read fields are described as they should be
sent.

Source: CDS Hooks 2.0.1. FHIR resources are described by FHIR, not here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from cds_service.hooks.request import HOOKS

Text = Annotated[str, Field(min_length=1)]
Resource = dict[str, Any]


class _Sent(BaseModel):
    """What we send: only these members, none of them empty."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Received(BaseModel):
    """What we receive: unknown members are ignored."""

    model_config = ConfigDict(extra="allow")


# -- the answer ---------------------------------------------------------------------------------------------------------


class Coding(_Sent):
    code: Text
    system: Text
    display: Text | None = None


class Source(_Sent):
    """Where the guidance comes from; ``topic`` holds the code of the card."""

    label: Text
    topic: Coding
    url: Text | None = None


class Action(_Sent):
    """``create`` has a ``resource``, ``delete`` the relative reference of a draft."""

    type: Literal["create", "update", "delete"]
    description: Text
    resource: Resource | None = None
    resourceId: Text | None = None  # noqa: N815  names of the wire


class Suggestion(_Sent):
    label: Text
    uuid: Text
    isRecommended: bool | None = None  # noqa: N815
    actions: Annotated[list[Action], Field(min_length=1)] | None = None


class Link(_Sent):
    label: Text
    url: Text
    type: Literal["absolute", "smart"]
    appContext: Text | None = None  # noqa: N815


class Card(_Sent):
    """``extension`` holds the recommendations that the card rests on and the facts that led to it, for machines."""

    uuid: Text
    summary: Annotated[str, Field(min_length=1, max_length=139)]
    detail: Text
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: Annotated[list[Suggestion], Field(min_length=1)] | None = None
    selectionBehavior: Literal["at-most-one", "any"] | None = None  # noqa: N815
    overrideReasons: Annotated[list[Coding], Field(min_length=1)] | None = None  # noqa: N815
    links: Annotated[list[Link], Field(min_length=1)] | None = None
    extension: dict[str, Any] | None = None


class Cards(_Sent):
    """The answer to a call. An empty list: nothing to say."""

    cards: list[Card]
    extension: dict[str, Any] | None = None


class Service(_Sent):
    hook: Text
    id: Text
    title: Text
    description: Text
    usageRequirements: Text  # noqa: N815
    version: Text
    prefetch: dict[str, Text]


class Discovery(_Sent):
    services: list[Service]


class Issue(_Sent):
    severity: Literal["error"]
    code: Text
    diagnostics: Text
    expression: Annotated[list[Text], Field(min_length=1)] | None = None


class OperationOutcome(_Sent):
    """The body of every non-2xx answer (FHIR R4)."""

    resourceType: Literal["OperationOutcome"]  # noqa: N815
    issue: Annotated[list[Issue], Field(min_length=1)]


class Acknowledged(_Sent):
    """The answer to feedback: how many entries are stored; ``refused`` says what is wrong with the others."""

    received: Annotated[int, Field(ge=0)]
    refused: OperationOutcome | None = None


# -- the request --------------------------------------------------------------------------------------------------------


class Entry(_Received):
    resource: Resource


class Bundle(_Received):
    resourceType: Literal["Bundle"]  # noqa: N815
    entry: list[Entry] = []


class FhirAuthorization(_Received):
    access_token: Text
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None


Reference = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+/[A-Za-z0-9.\-]{1,64}$")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,63}$")]


def request_of(hook: str) -> type[BaseModel]:
    """The body of a call to the service of ``hook``, built from its required fields."""
    wanted = HOOKS[hook]
    name = "".join(word.capitalize() for word in hook.split("-"))
    members: dict[str, Any] = {
        "userId": (Reference, ...) if wanted.user else (Reference | None, None),
        "patientId": (Id, ...),
        "encounterId": (Id | None, None),
    }
    if wanted.selects:
        members["selections"] = (list[Reference] | None, None)
    if wanted.bundle:
        members[wanted.bundle] = (Bundle, ...)
    context = create_model(f"{name}Context", __base__=_Received, **members)
    body: dict[str, Any] = {
        "hook": (Literal[hook], ...),
        "hookInstance": (Annotated[str, Field(min_length=1, json_schema_extra={"format": "uuid"})], ...),
        "context": (context, ...),
        "prefetch": (dict[str, Resource | None] | None, None),
        "fhirServer": (Text | None, None),
        "fhirAuthorization": (FhirAuthorization | None, None),
    }
    return create_model(f"{name}Request", __base__=_Received, __doc__=f"CDS Hooks request of {hook}.", **body)
