"""Makes docs/samples: a request and its answer for each hook, feedback, errors, and a Postman collection of all of them.

Run as ``python -m tests.protocol.samples`` (``make docs``).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.discovery import SERVICES
from cds_service.web.examples import request

Json = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "docs" / "samples"
TODAY = date(2026, 6, 15)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIALECT = '[[dialect]]\nlike = "epic"\n'
_REASON = {"code": "patient-refuses", "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}
_COLLECTION = "osteoporosis-cds.postman_collection.json"


def samples() -> dict[str, str]:
    """Name of the file -> its content."""
    made = dict(_made())
    made[_COLLECTION] = _text(_collection(made))
    return made


def _made() -> Iterator[tuple[str, str]]:
    for dialect in ("", _DIALECT):
        with tempfile.TemporaryDirectory() as folder:
            http = _client(Path(folder), dialect)
            for service in SERVICES.values():
                if dialect and service.hook != "order-sign":
                    continue
                asked = request(service.hook, TODAY)
                answer = http.post(f"/cds-services/{service.id}", json=asked)
                assert answer.status_code == 200
                if not dialect:
                    yield f"{service.hook}/request.json", _text(asked)
                yield f"{service.hook}/answer{'-epic' if dialect else ''}.json", _settled(_text(answer.json))
            if not dialect:
                yield from _others(http)


def _others(http: Any) -> Iterator[tuple[str, str]]:
    """Feedback and errors: what is sent, and what is answered."""
    view = "/cds-services/osteoporosis-patient-view"
    card, suggestion, when = f"{1:08d}-0000-4000-8000-{0:012d}", f"{2:08d}-0000-4000-8000-{0:012d}", "2026-06-15T09:30:00Z"
    accepted = {"card": card, "outcome": "accepted", "acceptedSuggestions": [{"id": suggestion}], "outcomeTimestamp": when}
    overridden = {"card": card, "outcome": "overridden", "overrideReason": {"reason": _REASON}, "outcomeTimestamp": when}
    broken = {"card": card, "outcome": "ignored", "outcomeTimestamp": when}
    without = request("patient-view", TODAY)
    del without["prefetch"]
    sent: tuple[tuple[str, str, Json], ...] = (
        ("feedback/accepted", f"{view}/feedback", {"feedback": [accepted]}),
        ("feedback/overridden", f"{view}/feedback", {"feedback": [overridden]}),
        ("feedback/one-is-broken", f"{view}/feedback", {"feedback": [overridden, broken]}),
        ("errors/412-no-patient", view, without),
        ("errors/400-no-context", view, {key: value for key, value in without.items() if key != "context"}),
    )
    for name, path, body in sent:
        yield f"{name}.json", _text(body)
        yield f"{name}.answer.json", _settled(_text(http.post(path, json=body).json))


def _client(folder: Path, dialect: str) -> Any:
    site = folder / "site.toml"
    site.write_text(dialect, encoding="utf-8")
    app = create_app(Settings(today_is=TODAY, site=site, database_url=f"sqlite:///{folder}/store.db"))
    return app.test_client()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _settled(text: str) -> str:
    """With uuids that are the same in every run: numbered, in their order."""
    numbers: dict[str, int] = {}
    return _UUID.sub(lambda found: f"{numbers.setdefault(found[0], len(numbers) + 1):08d}-0000-4000-8000-000000000000", text)


def _collection(made: dict[str, str]) -> Json:
    items = [_item("discovery", "GET", "/cds-services", "")]
    for service in SERVICES.values():
        items.append(_item(service.hook, "POST", f"/cds-services/{service.id}", made[f"{service.hook}/request.json"]))
    for name in ("feedback/accepted", "feedback/overridden", "feedback/one-is-broken"):
        items.append(_item(name, "POST", "/cds-services/osteoporosis-patient-view/feedback", made[f"{name}.json"]))
    for name in ("errors/412-no-patient", "errors/400-no-context"):
        items.append(_item(name, "POST", "/cds-services/osteoporosis-patient-view", made[f"{name}.json"]))
    return {
        "info": {
            "name": "osteoporosis-cds",
            "description": "Start the service with CDS_TODAY=2026-06-15. In production, set token to a new JWT for each call.",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{"key": "base", "value": "http://127.0.0.1:8000"}, {"key": "token", "value": ""}],
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "item": items,
    }


def _item(name: str, method: str, path: str, body: str) -> Json:
    """One request. What a template engine would take for its own in a body (``{{``) does not occur in a request."""
    asked: Json = {
        "method": method,
        "url": {"raw": "{{base}}" + path, "host": ["{{base}}"], "path": path.strip("/").split("/")},
    }
    if body:
        raw = {"mode": "raw", "raw": body, "options": {"raw": {"language": "json"}}}
        asked |= {"header": [{"key": "Content-Type", "value": "application/json"}], "body": raw}
    return {"name": name, "request": asked}


if __name__ == "__main__":
    for file, content in samples().items():
        (FOLDER / file).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / file).write_text(content, encoding="utf-8")
