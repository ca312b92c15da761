"""The client in docs/integration.md works as it is printed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import fhir_fixtures
from fhir_fixtures.prefetch import answer
from tests.protocol.conftest import Service

CDS, FHIR = "http://127.0.0.1:8000", "http://127.0.0.1:8080/fhir/"
GUIDE = Path(__file__).parents[2] / "docs" / "integration.md"


class Answer:
    def __init__(self, status: int, body: Any) -> None:
        self.ok, self._status, self._body = status == 200, status, body

    def json(self) -> Any:
        return self._body

    def raise_for_status(self) -> None:
        assert self._status == 200


def test_the_client_of_the_guide_prints_the_cards_of_a_patient(
    serve: type[Service], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fixture = fhir_fixtures.load("denosumab-missed")
    http = serve(today_is=fixture.as_of).http

    def get(url: str) -> Answer:
        if url.startswith(FHIR):
            found = answer(url.removeprefix(FHIR), fixture.resources)
            return Answer(200 if found else 404, found)
        return Answer(200, http.get(url.removeprefix(CDS)).json)

    def post(url: str, json: Any) -> Answer:
        told = http.post(url.removeprefix(CDS), json=json)
        return Answer(told.status_code, told.json)

    monkeypatch.setitem(sys.modules, "requests", SimpleNamespace(get=get, post=post))
    (printed,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    exec(printed, {})  # noqa: S102  what the guide says
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("critical ")]
