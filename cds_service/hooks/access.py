"""The FHIR access that a client grants with a call (CDS Hooks 2.0.1, "FHIR Resource Access")."""

from __future__ import annotations

import re
import time
from typing import Any

from msgspec import Struct

from cds_service.hooks.errors import bad_request

TOKEN = re.compile(r"[!-~]+")


class FhirAccess(Struct, frozen=True):
    """A FHIR server offered by the client. ``usable``: there is no token, or one of type Bearer that has not expired.

    ``token`` is a secret of the client: never logged, never kept. ``until`` is a reading of ``time.monotonic``.
    """

    server: str
    token: str = ""
    until: float | None = None
    usable: bool = True
    scope: str = ""


class Authorization(Struct):
    """``fhirAuthorization`` as received, with fields of any type."""

    access_token: Any = None
    token_type: Any = None
    expires_in: Any = None
    scope: Any = None
    patient: Any = None


def access(server: str | None, granted: Authorization | None, patient_id: str) -> FhirAccess | None:
    """The FHIR server that the client offers. A token that cannot be used makes the server unusable, not the request bad.

    Raises:
        RequestError: 400 for a grant without a server, or for another patient.
    """
    if not server:
        if granted is not None:
            raise bad_request("fhirServer", "is required with fhirAuthorization", "required")
        return None
    if granted is None:
        return FhirAccess(server)
    if granted.patient is not None and str(granted.patient).removeprefix("Patient/") != patient_id:
        raise bad_request("fhirAuthorization.patient", "is not the patient of the context")
    token, kind = granted.access_token, granted.token_type
    usable = isinstance(token, str) and bool(TOKEN.fullmatch(token)) and isinstance(kind, str) and kind.lower() == "bearer"
    if not usable:
        return FhirAccess(server, usable=False)
    seconds = _seconds(granted.expires_in)
    scope = granted.scope if isinstance(granted.scope, str) else ""
    return FhirAccess(server, token, time.monotonic() + seconds, seconds > 0, scope)


def _seconds(expires_in: Any) -> float:
    """How long the token is valid from now. One without a readable expiry is trusted for this call only."""
    try:
        return float(expires_in)
    except (TypeError, ValueError):
        return 60.0
