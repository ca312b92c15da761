"""The worklist in a real browser, in one visit: seen, searched, a state set, a patient opened; at every size and scheme."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from werkzeug.serving import make_server

from cds_service.app import create_app
from tests.population.conftest import TODAY, patient, went, written
from tests.web.conftest import settings

TOKEN = "a token of the administrators"
OSTEOPOROSIS = ("problem osteoporosis since 2020-03-01", "T-score total-hip -2.8 on 2025-12-01")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desk": (1440, 900), "200 %": (720, 450), "phone": (390, 844)}


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
def browser(chromium: Chrome) -> Iterator[Chrome]:
    chromium.execute_cdp_cmd("Network.enable", {})
    chromium.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": f"Bearer {TOKEN}"}})
    chromium.get_log("browser")
    yield chromium
    chromium.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    assert [each["message"] for each in chromium.get_log("browser") if "favicon" not in each["message"]] == []


def looked_at(browser: Chrome, name: str) -> list[str]:
    """What is wrong with the page at any size, in either scheme."""
    wrong = []
    for size, (width, height) in SIZES.items():
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        if browser.execute_script("return document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name}, {size}: wider than the window")
        for scheme in ("light", "dark"):
            media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            if folder := os.environ.get("SCREENSHOTS"):
                browser.save_screenshot(f"{folder}/worklist-{name}-{size.replace(' ', '')}-{scheme}.png")
            wrong += [f"{name}, {size}, {scheme}: {each}" for each in grave(browser)]
    return wrong


def grave(browser: Chrome) -> list[str]:
    """What axe-core calls serious or worse."""
    if not AXE.is_file():
        return []
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")
    assert len(found["passes"]) > 10
    some = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {node['target']}" for each in some for node in each["nodes"]]


def people(browser: Chrome) -> list[str]:
    return [each.text for each in browser.find_elements(By.CSS_SELECTOR, "tbody th a")]


def test_a_nurse_works_off_the_list(browser: Chrome, address: str) -> None:
    wait = WebDriverWait(browser, 30, 0.05)
    browser.get(address)
    assert people(browser) == ["Wang Late", "Li Broken", "Chen New"]
    wrong = looked_at(browser, "list")

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.find_element(By.ID, "search").send_keys("broken\n")
    wait.until(lambda _: people(browser) == ["Li Broken"])
    assert "broken" not in browser.current_url.casefold()

    form = browser.find_element(By.CSS_SELECTOR, "form.state")
    reason = form.find_element(By.NAME, "reason")
    assert not reason.is_displayed(), "why is asked only of what was declined"
    Select(form.find_element(By.NAME, "state")).select_by_value("declined")
    assert reason.is_displayed()
    Select(reason).select_by_value("cost")
    form.find_element(By.TAG_NAME, "button").click()
    wait.until(lambda _: "#" in browser.current_url)
    assert people(browser) == ["Li Broken"]
    assert (
        Select(browser.find_element(By.CSS_SELECTOR, "form.state [name=state]")).first_selected_option.get_property("value")
        == "declined"
    )

    browser.find_element(By.LINK_TEXT, "Li Broken").click()
    wait.until(lambda _: browser.find_elements(By.CSS_SELECTOR, "#screen svg"))
    assert "broken" not in browser.current_url.casefold()
    wrong += looked_at(browser, "patient")
    assert wrong == []
