"""Who is let in to the pages of production: with the token, not by guessing, not from another page."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.web.guard import MOST_TRIES, asks_for
from tests.protocol.test_production import settings
from tests.protocol.tokens import PUBLIC, TokenMaker

TOKEN = "a token of the administrators"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
BODY = {"fixture": "denosumab-missed"}


@pytest.fixture
def http(tmp_path: Path) -> FlaskClient:
    maker = TokenMaker(tmp_path / "client")
    return create_app(settings(maker, tmp_path, playground=True, admin_token=TOKEN)).test_client()


@pytest.mark.parametrize(
    "told",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_what_another_page_sends_with_the_browsers_token_is_refused(http: FlaskClient, told: dict[str, str]) -> None:
    assert http.post("/playground/open", json=BODY, headers=RIGHT | told).status_code == 403
    own = http.post("/playground/open", json=BODY, headers=RIGHT | {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200
    assert own.headers["Cache-Control"] == "no-store"
    assert http.post("/playground/open", json=BODY, headers=RIGHT).status_code == 200


def test_a_token_cannot_be_guessed_for_long() -> None:
    now = [0.0]
    app = Flask("guarded")
    app.before_request(asks_for(TOKEN, lambda: now[0]))
    app.get("/")(lambda: "in")
    http = app.test_client()

    def ask(token: str) -> int:
        return http.get("/", headers={"Authorization": f"Bearer {token}"}).status_code

    assert http.get("/").status_code == 401, "a browser asks without a token first: that is no try"
    assert [ask(f"no {n}") for n in range(MOST_TRIES)] == [401] * MOST_TRIES
    assert [ask("no"), ask(TOKEN)] == [429, 429]
    now[0] = 61.0
    assert ask(TOKEN) == 200
