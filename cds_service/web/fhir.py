"""``/fhir``: the knowledge as FHIR R4 resources, read-only. Public like ``/knowledge``: nothing here tells of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from cards.engine.sources import CHECKED, VERSION
from cds_service.package.metadata import Json
from cds_service.package.resources import resources

MOST = 100
"""How many resources one page of a search holds, and how many unless ``_count`` says otherwise."""
MEDIA_TYPE = "application/fhir+json"
_PARAMETERS = ("url", "name", "version", "_id", "_count", "_offset", "_format")


class RefusedError(Exception):
    """A request that cannot be answered: status, FHIR code of the issue, and why."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status, self.code = status, code


def fhir(base_url: str) -> Blueprint:
    """``GET /fhir/metadata``, ``/fhir/{type}`` and ``/fhir/{type}/{id}``."""
    pages = Blueprint("fhir", __name__, url_prefix="/fhir")
    base = f"{base_url}/fhir"

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

    @pages.errorhandler(HTTPException)
    def of_the_framework(error: HTTPException) -> Response:
        answer = _answer(_outcome("not-supported", "read-only: GET of metadata, a type or a resource"), error.code or 500)
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    return pages


def found_by(kind: str, asked: MultiDict[str, str], base: str) -> Json:
    """The searchset of a search: ``url`` and ``version`` exactly, ``name`` by its beginning, ``_id``. Refused for a parameter
    that is not known: a search that ignores one gives too much."""
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
    search = [("url", "uri"), ("name", "string"), ("version", "token"), ("_id", "token")]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHECKED.isoformat(),
        "kind": "instance",
        "software": {"name": "osteoporosis-cds", "version": VERSION},
        "implementation": {"description": "Knowledge on osteoporosis, read-only. Nothing of a patient.", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": name, "type": of} for name, of in search],
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
    exactly = (("url", "url"), ("version", "version"), ("_id", "id"))
    if any(parameter in asked and asked[parameter] != resource[element] for parameter, element in exactly):
        return False
    return str(resource["name"]).lower().startswith(asked.get("name", "").lower())


def _number(asked: MultiDict[str, str], name: str, otherwise: int) -> int:
    told = asked.get(name, str(otherwise))
    if not (told.isascii() and told.isdigit() and len(told) <= 6):
        raise RefusedError(400, "value", f"{name} is a number")
    return int(told)


def _link(kind: str, asked: MultiDict[str, str], base: str, offset: int) -> str:
    told = {name: asked[name] for name in _PARAMETERS if name in asked} | ({"_offset": str(offset)} if offset else {})
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
