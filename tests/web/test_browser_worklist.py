"""The worklist in a real browser, in one visit: seen, searched, a state set, a patient opened; at every size and scheme."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from werkzeug.serving import make_server

from cds_service.app import create_app
from tests.population.conftest import TODAY, patient, went, written
from tests.web.conftest import settings
from tests.web.visitor import AXE, SIZES, Visitor

TOKEN = "a token of the administrators"
OSTEOPOROSIS = ("problem osteoporosis since 2020-03-01", "T-score total-hip -2.8 on 2025-12-01")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    some = [
        *patient("late", "Wang Late, female 72", *OSTEOPOROSIS, "denosumab given 2025-03-15, 2025-09-15"),
        *patient("broken", "Li Broken, female 80", "fracture hip on 2026-01-01"),
        *patient("new", "Chen New, male 77", "fracture vertebra on 2026-05-01"),
    ]
    went(written(tmp_path / "export", some), tmp_path / "out")
    app = create_app(settings(tmp_path, CDS_POPULATION=tmp_path / "out", CDS_ADMIN_TOKEN=TOKEN, CDS_TODAY=TODAY))
    app.extensions["store"].start()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/worklist"
    server.shutdown()
    thread.join()
    app.extensions["store"].close()


@pytest.fixture
def visitor(chromium: Chrome, address: str) -> Iterator[Visitor]:
    chromium.execute_cdp_cmd("Network.enable", {})
    chromium.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": f"Bearer {TOKEN}"}})
    here = Visitor(chromium, address)
    yield here
    chromium.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    assert [each for each in here.complaints() if "favicon" not in each] == []


def looked_at(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with the page at any size, and on a phone and a desk in either scheme."""
    wrong = []
    for size in ("phone", "200 %", "desk"):
        visitor.look(SIZES[size])
        if visitor.overflows():
            wrong.append(f"{name}, {size}: wider than the window")
        for scheme in ("light", "dark"):
            visitor.look(SIZES[size], scheme)
            visitor.keep(f"worklist-{name}-{size}-{scheme}")
            wrong += [f"{name}, {size}, {scheme}: {each}" for each in grave(visitor) if size != "200 %"]
    visitor.look()
    return wrong


def grave(visitor: Visitor) -> list[str]:
    return visitor.violations() if AXE.is_file() else []


def people(visitor: Visitor) -> list[str]:
    return [each.text for each in visitor.all("tbody th a")]


def test_a_nurse_works_off_the_list(visitor: Visitor) -> None:
    visitor.browser.get(visitor.address)
    assert people(visitor) == ["Wang Late", "Li Broken", "Chen New"]
    wrong = looked_at(visitor, "list")

    visitor.one("#search").send_keys("broken\n")
    visitor.until(lambda: people(visitor) == ["Li Broken"])
    assert "broken" not in visitor.browser.current_url.casefold()

    form = visitor.one("form.state")
    reason = form.find_element(By.NAME, "reason")
    assert not reason.is_displayed(), "why is asked only of what was declined"
    Select(form.find_element(By.NAME, "state")).select_by_value("declined")
    assert reason.is_displayed()
    Select(reason).select_by_value("cost")
    form.find_element(By.TAG_NAME, "button").click()
    visitor.until(lambda: "#" in visitor.browser.current_url)
    assert people(visitor) == ["Li Broken"]
    assert Select(visitor.one("form.state [name=state]")).first_selected_option.get_property("value") == "declined"

    visitor.named("tbody th a", "Li Broken").click()
    visitor.until(lambda: visitor.all("#screen svg"))
    assert "broken" not in visitor.browser.current_url.casefold()
    wrong += looked_at(visitor, "patient")
    assert wrong == []
