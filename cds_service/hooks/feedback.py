"""The body of a feedback request (CDS Hooks 2.0.1, "Feedback"), validated. Errors give the location, never the content.

Entries are judged one by one: what is wrong with one costs no other, since EHRs send them in batches, and a batch that is
refused comes back unchanged.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError, from_json

from cds_service.hooks.errors import RequestError

Problem = tuple[str, str]
"""A place in the body, and what is wrong there."""
MOST_TOLD = 10
EHR_REASON = tuple(f"com.epic.cdshooks.feedback.overrideReason.{name}" for name in ("reasonCategory", "reasonTitle"))
"""Where an EHR names a reason of its own: the first that is there."""
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and RFC3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise PydanticCustomError("timestamp", "must be an RFC 3339 timestamp with its zone")


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("text", "must not contain a NUL character")
    return text


def _canonical(card: str) -> str:
    """A UUID in canonical form; any other id unchanged."""
    try:
        return str(UUID(card)) if len(card) == 36 else card
    except ValueError:
        return card


Text = Annotated[str, AfterValidator(_storable)]
Id = Annotated[Text, Field(min_length=1, max_length=200)]
CardId = Annotated[Id, AfterValidator(_canonical)]
Code = Annotated[Text, Field(min_length=1, max_length=200)]
System = Annotated[Text, Field(max_length=500)]
Comment = Annotated[Text, Field(max_length=20_000)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class Reason(_Model):
    """The Coding that the clinician chose, one of the card's ``overrideReasons``."""

    code: Code
    system: System | None = None


class OverrideReason(_Model):
    """Why a card was overridden. ``userComment`` is free text that may name the patient."""

    reason: Reason | None = None
    userComment: Comment | None = None  # noqa: N815  names of the wire

    @model_validator(mode="before")
    @classmethod
    def _named_by_the_ehr(cls, told: Any) -> Any:
        """A reason from the EHR's own list comes as an extension (fhir.epic.com, CDS Hooks tutorial, "Feedback")."""
        extension = told.get("extension") if isinstance(told, dict) else None
        if not isinstance(extension, dict) or told.get("reason") is not None:
            return told
        code = next((code for name in EHR_REASON for code in [extension.get(name)] if isinstance(code, str) and code), None)
        return told | {"reason": {"code": code, "system": EHR_REASON[0]}} if code else told


class AcceptedSuggestion(_Model):
    id: Id


class FeedbackItem(_Model):
    """What became of one card. ``card`` is its uuid."""

    card: CardId
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: Moment  # noqa: N815
    acceptedSuggestions: list[AcceptedSuggestion] | None = None  # noqa: N815
    overrideReason: OverrideReason | None = None  # noqa: N815

    @model_validator(mode="before")
    @classmethod
    def _under_either_name(cls, told: Any) -> Any:
        """One large EHR documents ``overrideReasons`` (fhir.epic.com, CDS Hooks tutorial, "Feedback")."""
        if isinstance(told, dict) and told.get("overrideReason") is None and "overrideReasons" in told:
            return told | {"overrideReason": told["overrideReasons"]}
        return told

    @model_validator(mode="after")
    def _accepted_what(self) -> Self:
        if self.outcome == "accepted" and not self.acceptedSuggestions:
            raise PydanticCustomError("required", "acceptedSuggestions is required if the outcome is accepted")
        return self


class FeedbackRequest(_Model):
    """The body: any number of items."""

    feedback: list[FeedbackItem]


class _Envelope(_Model):
    feedback: list[Any]


class Feedback(NamedTuple):
    """What can be stored, and the refusal of the rest: places and what is wrong there; None if nothing is."""

    items: list[FeedbackItem]
    refusal: RequestError | None = None


def parse_feedback(content: bytes) -> Feedback:
    """The items of a body; a bare item, as some clients send it, counts as a list of one.

    Raises:
        RequestError: 400, with the places that are wrong, if nothing in it can be stored.
    """
    try:
        body = from_json(content)
    except (ValueError, RecursionError):
        raise RequestError(400, "The body is not JSON in UTF-8, or is nested too deeply", code="structure") from None
    if not isinstance(body, dict):
        raise RequestError(400, "The body must be a JSON object", code="structure")
    try:
        if "feedback" not in body and "card" in body:
            return Feedback([FeedbackItem.model_validate(body)])
        told = _Envelope.model_validate(body).feedback
    except ValidationError as error:
        raise _refusal(_problems(error)) from None
    return _sorted(told)


def _sorted(told: list[Any]) -> Feedback:
    items, problems = [], list[Problem]()
    for place, each in enumerate(told):
        try:
            items.append(FeedbackItem.model_validate(each))
        except ValidationError as error:
            problems += _problems(error, "feedback", place)
    if problems and not items:
        raise _refusal(problems)
    return Feedback(items, _refusal(problems) if problems else None)


def _problems(error: ValidationError, *before: int | str) -> list[Problem]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [(_place((*before, *each["loc"])), each["msg"]) for each in found]


def _refusal(problems: list[Problem]) -> RequestError:
    some = problems[:MOST_TOLD]
    return RequestError(400, "; ".join(f"{place}: {message}" for place, message in some), [place for place, _ in some])


def _place(location: tuple[int | str, ...]) -> str:
    """A path as in ``feedback[0].outcome``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "body"
