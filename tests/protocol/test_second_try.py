"""A call whose process died may be tried once more by the proxy, with the same token; a replay stays a replay."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path
from uuid import uuid4

import pytest

from cds_service.app import create_app
from cds_service.hooks.auth import PROXY_ID
from cds_service.store import Store, queries
from tests.protocol.test_production import settings
from tests.protocol.tokens import DISCOVERY, TokenMaker

Call = Callable[..., int]


def ip_networks(text: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(each.strip()) for each in text.split(",") if each)


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Call discovery on one of two processes with the token of this jti and the proxy's id; the status of the answer."""
    maker = TokenMaker(tmp_path / "client")
    processes = [create_app(settings(maker, tmp_path, proxies=ip_networks("127.0.0.0/8"))).test_client() for _ in range(2)]

    def to(process: int, jti: str, proxy_id: str | None = None) -> int:
        headers = {"Authorization": maker.header(aud=DISCOVERY, jti=jti)}
        answer = processes[process].get("/cds-services", headers=headers | ({PROXY_ID: proxy_id} if proxy_id else {}))
        return answer.status_code

    return to


def test_the_proxy_may_try_a_call_a_second_time_on_another_process_and_no_third_time(call: Call) -> None:
    request = uuid4().hex
    assert [call(0, "1", request), call(1, "1", request), call(0, "1", request), call(1, "1", request)] == [200, 200, 401, 401]


def test_a_replay_is_another_request_to_the_proxy_and_refused_j5(call: Call) -> None:
    assert call(0, "1", uuid4().hex) == 200
    assert call(1, "1", uuid4().hex) == 401
    assert call(1, "1") == 401


def test_the_id_of_one_token_opens_no_other(call: Call) -> None:
    request = uuid4().hex
    assert call(0, "1", request) == 200
    assert call(0, "2") == 200
    assert call(1, "2", request) == 401
    assert call(1, "1", request) == 200


def test_an_id_that_could_be_guessed_is_none(call: Call) -> None:
    assert [call(0, "1", "request-7"), call(1, "1", "request-7")] == [200, 401]


def test_only_a_proxy_of_the_settings_may_say_that_a_call_is_its_retry(tmp_path: Path) -> None:
    maker = TokenMaker(tmp_path / "client")
    header = {"Authorization": maker.header(aud=DISCOVERY, jti="1"), PROXY_ID: uuid4().hex}
    for proxies in ("", "10.0.0.0/8, 192.0.2.7"):
        http = create_app(settings(maker, tmp_path, proxies=ip_networks(proxies))).test_client()
        header["Authorization"] = maker.header(aud=DISCOVERY, jti=f"of {proxies}")
        assert [http.get("/cds-services", headers=header).status_code for _ in range(2)] == [200, 401]


def test_the_second_try_has_to_come_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "AGAIN", timedelta(0))
    store = Store(f"sqlite:///{tmp_path}/store.db", "a key of the tests")
    assert [store.remember_token("iss", "1", time.time() + 60, "random") for _ in range(2)] == [True, False]
    store.close()
