"""The pages: served by the application itself in a thread, looked at by a headless Chromium."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from werkzeug.serving import make_server

from cds_service.app import create_app
from cds_service.config import Settings
from tests.web.visitor import Visitor

SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync --force-prefers-reduced-motion "
    "--in-process-gpu --disable-gpu-rasterization --disable-extensions"
)


def settings(folder: Path, **more: object) -> Settings:
    values = {"CDS_DATABASE_URL": f"sqlite:///{folder}/store.db", "CDS_TODAY": "2026-06-15", "CDS_MAX_CARDS": 30}
    return Settings.model_validate(values | more)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application as it is in development, with a store of its own. The browser need not ask anew for each script of each
    page, which is a sixth of what a test takes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("CDS_") or name in ("HOST", "PORT", "WEB_CONCURRENCY"):
                patch.delenv(name)
        app = create_app(settings(tmp_path_factory.mktemp("store")))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.extensions["store"].start()
    yield app
    app.extensions["store"].close()


@pytest.fixture
def client(pages: Flask) -> FlaskClient:
    return pages.test_client()


@pytest.fixture(scope="session")
def address(pages: Flask) -> Iterator[str]:
    """Where the pages are served."""
    server = make_server("127.0.0.1", 0, pages, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """One browser for all tests of a process; where there is none they are skipped."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("there is no chromium with chromedriver here (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in SWITCHES.split():
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    browser.set_page_load_timeout(90)
    browser.set_script_timeout(90)
    yield browser
    browser.quit()


@pytest.fixture
def visitor(chromium: webdriver.Chrome, address: str) -> Iterator[Visitor]:
    """Somebody at the browser, to whose console nothing was told when the test is over."""
    visitor = Visitor(chromium, address)
    yield visitor
    assert visitor.complaints() == []
