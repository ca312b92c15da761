"""Somebody at the desk of the reviewers, and what they sign."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from cds_service.app import create_app
from cds_service.content import canon, releases
from cds_service.content.canon import Content
from cds_service.web.review import changed
from cds_service.web.review import desk as review
from cds_service.web.sheet import definitions as defined
from cds_service.web.sheet import sheet, signable
from tests.web.conftest import settings

TOKEN = "a token for reviewers only"
CARD = "calcium-contraindicated"
OTHER = "vitamin-k-warfarin"


def known_as(name: str, token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


LI = known_as("李娜")


@pytest.fixture
def http(tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(settings(tmp_path, CDS_REVIEW_TOKEN=TOKEN))
    yield app.test_client()
    app.extensions["store"].close()


def sign(http: FlaskClient, code: str = CARD, who: dict[str, str] = LI, **form: str | list[str]) -> Any:
    shown = http.get(f"/review/cards/{code}", headers=who)
    (read,) = re.findall(r'name="hash" value="(\w{64})"', shown.text)
    told = {"hash": read, "decision": "signed", "role": "pharmacist", "remark": "", "read": ["says", "numbers"]} | form
    return http.post(f"/review/cards/{code}", headers=who, data=told)


def changed_number(content: Content) -> Content:
    """The same content in which one number of the card is another."""
    parts = content.cards[CARD]
    numbers = re.sub(r"^(urine-calcium-man-mg = )300 ", r"\g<1>350 ", parts["numbers"], flags=re.MULTILINE)
    assert numbers != parts["numbers"]
    return replace(content, cards={**content.cards, CARD: {**parts, "numbers": numbers}})


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What makes the content another one, as the next release of the service would find it."""

    def put(content: Content) -> None:
        for module in (canon, changed, defined, releases, review, sheet, signable):
            monkeypatch.setattr(module, "current", lambda: content)
        for module in (changed, review, sheet, signable):
            monkeypatch.setattr(module, "hashes", lambda: content.hashes)

    return put
