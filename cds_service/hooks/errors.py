"""The response to a request that cannot be answered: an HTTP status and an OperationOutcome.

Messages name the field and never repeat its content: a request contains patient data.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

ISSUE_CODES = {
    400: "invalid",
    401: "login",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    412: "required",
    413: "too-long",
    415: "not-supported",
    500: "exception",
    503: "transient",
}
"""HTTP status -> code of http://hl7.org/fhir/issue-type; "processing" for any other."""


class RequestError(Exception):
    """A request that is answered with an error. ``expressions`` are the places in the body, such as ``context.patientId``."""

    def __init__(self, status: int, diagnostics: str, expressions: Iterable[str] = (), code: str = "") -> None:
        super().__init__(diagnostics)
        self.status = status
        self.diagnostics = diagnostics
        self.expressions = tuple(expressions)
        self.code = code or ISSUE_CODES.get(status, "processing")


def bad_request(field: str, diagnostics: str, code: str = "") -> RequestError:
    """400 about one field of the body. ``field`` is a dotted path."""
    return RequestError(400, f"{field}: {diagnostics}", [field], code)


def too_much(diagnostics: str) -> RequestError:
    """413: the name of the limit, and how much there may be."""
    return RequestError(413, diagnostics)


def missing_patient(others: Iterable[str]) -> RequestError:
    """412: nothing can be said without the Patient. ``others``: what is missing, too, but not needed."""
    told = "prefetch.patient: the Patient is needed, and came neither by prefetch nor from the FHIR server"
    if also := ", ".join(sorted(set(others) - {"patient"})):
        told += f". Not needed for an answer, but missing, too: {also}"
    return RequestError(412, told, ["prefetch.patient"])


def outcome(error: RequestError) -> dict[str, Any]:
    """The OperationOutcome (FHIR R4) of an error."""
    issue: dict[str, Any] = {"severity": "error", "code": error.code, "diagnostics": error.diagnostics}
    if error.expressions:
        issue["expression"] = list(error.expressions)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def of_status(status: int) -> RequestError:
    """The error for a status raised by the web framework (no such path, wrong method, body too large ...)."""
    phrases = {
        401: "The caller could not be authenticated",
        404: "There is nothing at this address",
        405: "This method is not allowed here",
        413: "The body is larger than this service accepts",
        500: "The service failed; its log says where",
        503: "The service cannot do this now; try again later",
    }
    return RequestError(status, phrases.get(status) or HTTPStatus(status).phrase)
