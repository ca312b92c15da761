"""``/fhir``: the knowledge as FHIR R4 resources, read-only. Public like ``/knowledge``: nothing here tells of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from cards.engine.sources import CHECKED
from cds_service.package.metadata import Json
from cds_service.package.resources import resources

MOST = 100
"""How many resources one page of a search holds, and how many unless ``_count`` says otherwise."""
MEDIA_TYPE = "application/fhir+json"
_SEARCH = {"url": "uri", "name": "string", "version": "token", "_id": "token"}
"""What can be searched by, and of what type it is."""
_PARAMETERS = (*_SEARCH, "_count", "_offset", "_format")
_JSON = frozenset({MEDIA_TYPE, "application/json", "text/json", "json"})
_ANY = frozenset({"*/*", "application/*"})
_READING, _WRITING = ("GET", "HEAD", "OPTIONS"), ("POST", "PUT", "PATCH", "DELETE")


class RefusedError(Exception):
    """A request that cannot be answered: status, FHIR code of the issue, and why."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status, self.code = status, code


def fhir(base_url: str) -> Blueprint:
    """``GET /fhir/metadata``, ``/fhir/{type}`` and ``/fhir/{type}/{id}``. All else is refused, as FHIR has it."""
    pages = Blueprint("fhir", __name__, url_prefix="/fhir")
    base = f"{base_url}/fhir"

    @pages.before_request
    def reads_only() -> Response | None:
        """Of the method and of what is accepted, before anything is looked for."""
        if request.method not in _READING:
            answer = _answer(_outcome("not-supported", "read-only: GET of metadata, a type or a resource"), 405)
            answer.headers["Allow"] = ", ".join(_READING)
            return answer
        if request.method == "OPTIONS":
            return Response(status=204, headers={"Allow": ", ".join(_READING)})
        told = request.args.get("_format") or request.headers.get("Accept") or MEDIA_TYPE
        wanted = {each.partition(";")[0].strip().lower().replace(" ", "+") for each in told.split(",")}
        if not wanted & (_JSON | _ANY):
            raise RefusedError(406, "not-supported", f"answers are {MEDIA_TYPE}")
        return None

    @pages.get("/metadata")
    def metadata() -> Response:
        return _answer(capabilities(base))

    @pages.get("/<kind>/<key>")
    def read(kind: str, key: str) -> Response:
        found = resources().get((kind, key))
        if found is None:
            raise RefusedError(404, "not-found", "there is no such resource")
        return _answer(found)

    @pages.get("/<kind>")
    def search(kind: str) -> Response:
        if kind not in _kinds():
            raise RefusedError(404, "not-found", f"resources here are {', '.join(_kinds())}")
        return _answer(found_by(kind, request.args, base))

    @pages.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        return _answer(_outcome(error.code, str(error)), error.status)

    @pages.route("", methods=_WRITING)
    @pages.route("/<path:anything>", methods=_WRITING)
    @pages.get("")
    @pages.get("/<path:anything>")
    def other(anything: str = "") -> Response:
        raise RefusedError(404, "not-found", f"there is nothing here: {base}/metadata says what there is")

    return pages


def found_by(kind: str, asked: MultiDict[str, str], base: str) -> Json:
    """The searchset of a search: ``url`` and ``version`` exactly, ``name`` by its beginning, ``_id``; several values between
    commas are "or", a parameter given twice is "and". Refused for one that is not known: a search that ignores it gives too
    much."""
    if unknown := sorted(set(asked) - set(_PARAMETERS)):
        raise RefusedError(
            400, "not-supported", f"parameters here are {', '.join(_PARAMETERS)}; not {len(unknown)} of those given"
        )
    count, offset = _number(asked, "_count", MOST), _number(asked, "_offset", 0)
    found = [each for (of, _), each in resources().items() if of == kind and _fits(each, asked)]
    page = found[offset : offset + min(count, MOST)]
    links = [{"relation": "self", "url": _link(kind, asked, base, offset)}]
    if page and offset + len(page) < len(found):
        links.append({"relation": "next", "url": _link(kind, asked, base, offset + len(page))})
    answer: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    if page:
        answer["entry"] = [
            {"fullUrl": f"{base}/{kind}/{each['id']}", "resource": each, "search": {"mode": "match"}} for each in page
        ]
    return answer


def capabilities(base: str) -> Json:
    """The CapabilityStatement: what can be read and searched."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHECKED.isoformat(),
        "kind": "instance",
        "software": {"name": "osteoporosis-cds", "version": version("osteoporosis-cds")},
        "implementation": {"description": "Knowledge on osteoporosis, read-only. Nothing of a patient.", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": name, "type": of} for name, of in _SEARCH.items()],
                    }
                    for kind in _kinds()
                ],
            }
        ],
    }


@cache
def _kinds() -> tuple[str, ...]:
    return tuple(sorted({kind for kind, _ in resources()}))


def _fits(resource: Mapping[str, Any], asked: MultiDict[str, str]) -> bool:
    return all(
        any(_is(resource, name, one) for one in told.split(",")) for name in _SEARCH for told in asked.getlist(name) if told
    )


def _is(resource: Mapping[str, Any], name: str, told: str) -> bool:
    if name == "name":
        return str(resource["name"]).lower().startswith(told.lower())
    return bool(resource[name.removeprefix("_")] == told)


def _number(asked: MultiDict[str, str], name: str, otherwise: int) -> int:
    told = asked.get(name, str(otherwise))
    if not (told.isascii() and told.isdigit() and len(told) <= 6):
        raise RefusedError(400, "value", f"{name} is a number")
    return int(told)


def _link(kind: str, asked: MultiDict[str, str], base: str, offset: int) -> str:
    told = [(name, each) for name in _PARAMETERS if name != "_offset" for each in asked.getlist(name)]
    told += [("_offset", str(offset))] if offset else []
    return f"{base}/{kind}" + (f"?{urlencode(told)}" if told else "")


def _outcome(code: str, why: str) -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code, "diagnostics": why}]}


def _answer(body: Mapping[str, Any], status: int = 200) -> Response:
    """With an ETag, so that what has not changed is not sent again."""
    answer = Response(orjson.dumps(body), status, content_type=MEDIA_TYPE)
    if status == 200:
        answer.headers["Cache-Control"] = "no-cache"
        answer.add_etag()
        answer.make_conditional(request)
    return answer
