"""What the server says of itself: ``/metadata`` and its SMART configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds_service.client_check.server import Server, Told
from cds_service.client_check.sheet import Row

SECTION = "Capabilities"
_OURS = frozenset({"_sort", "_count"})
"""Parameters that many servers know without saying so; the queries try them."""


def rows(server: Server, told: Told, templates: Iterable[str]) -> Iterator[Row]:
    """``told``: the answer of ``/metadata``."""
    if told.status != 200 or told.body.get("resourceType") != "CapabilityStatement":
        yield Row(
            SECTION,
            "CapabilityStatement",
            "problem",
            _status(told.status, told.error),
            "is this the base URL of a FHIR server?",
        )
        return
    body = told.body
    release = str(body.get("fhirVersion", ""))
    fits = release.startswith(("4.0", "4.3"))
    yield Row(
        SECTION, "FHIR release", "ok" if fits else "problem", release or "not said", "" if fits else "R4 is read, no other"
    )
    yield Row(SECTION, "Software", "ok", _software(body.get("software")) or "not said")
    known = dict(_resources(body))
    for kind, wanted in sorted(_wanted(templates).items()):
        yield _of_type(kind, wanted, known.get(kind))
    yield _smart(server)


def _software(told: Any) -> str:
    return " ".join(str(told[part]) for part in ("name", "version") if told.get(part)) if isinstance(told, dict) else ""


def _wanted(templates: Iterable[str]) -> dict[str, set[str]]:
    """Type -> the parameters that our queries use; none for a type that is only read."""
    found: dict[str, set[str]] = {"Medication": set()}
    for template in templates:
        path, _, search = template.partition("?")
        names = {each.partition("=")[0] for each in search.split("&") if each} - _OURS
        found.setdefault(path.partition("/")[0], set()).update(names)
    return found


def _resources(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for rest in body.get("rest") or ():
        for each in rest.get("resource") or () if isinstance(rest, dict) else ():
            if isinstance(each, dict) and isinstance(each.get("type"), str):
                yield each["type"], each


def _of_type(kind: str, wanted: set[str], known: Mapping[str, Any] | None) -> Row:
    if known is None:
        return Row(SECTION, kind, "note", "not listed", "what rests on it counts as not retrieved; cards say so")
    able = {str(each.get("code")) for each in known.get("interaction") or () if isinstance(each, dict)}
    needed = "search-type" if wanted else "read"
    if able and needed not in able:
        return Row(SECTION, kind, "problem", f"no {needed}", "see the queries")
    listed = {str(each.get("name")) for each in known.get("searchParam") or () if isinstance(each, dict)}
    lacking = sorted(wanted - listed) if listed else []
    if lacking:
        return Row(SECTION, kind, "note", f"parameters not listed: {', '.join(lacking)}", "the query shows whether they work")
    return Row(SECTION, kind, "ok", needed)


def _smart(server: Server) -> Row:
    told = server.ask(".well-known/smart-configuration")
    if told.status == 200 and isinstance(issuer := told.body.get("token_endpoint"), str):
        return Row(SECTION, "SMART configuration", "ok", f"token endpoint {issuer}")
    return Row(
        SECTION, "SMART configuration", "note", _status(told.status, told.error), "needed by the SMART app, not by hooks"
    )


def _status(status: int, error: str) -> str:
    return f"status {status}" if status else f"no answer ({error})"
