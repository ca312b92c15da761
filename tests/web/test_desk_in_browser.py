"""The desk of the reviewers in one visit of a real browser: read, run the cases, sign, print; and what axe-core says of it."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from werkzeug.serving import make_server

from cds_service.app import create_app
from tests.web.conftest import settings
from tests.web.desk import CARD, LI, TOKEN
from tests.web.visitor import AXE, Visitor


@pytest.fixture
def visitor(chromium: Chrome, tmp_path: Path) -> Iterator[Visitor]:
    app = create_app(settings(tmp_path, CDS_REVIEW_TOKEN=TOKEN))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    chromium.execute_cdp_cmd("Network.enable", {})
    chromium.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": LI})
    here = Visitor(chromium, f"http://127.0.0.1:{server.server_port}")
    yield here
    chromium.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    server.shutdown()
    thread.join()
    app.extensions["store"].close()


def test_a_reviewer_reads_a_card_runs_its_cases_signs_and_prints(visitor: Visitor) -> None:
    visitor.go(f"/review/cards/{CARD}")
    assert all(each.is_displayed() for each in visitor.all(".variant .headline")), "what each variant comes to is seen at once"
    assert not any(each.is_displayed() for each in visitor.all(".to-patient")), "the rest is folded"
    visitor.one("#unfold").click()
    assert visitor.one(".to-patient").is_displayed()
    assert {each.get_attribute("lang") for each in visitor.all(".tongue") if each.is_displayed()} == {"en"}
    hidden = visitor.js("return [...document.querySelectorAll('.seen')].every((each) => each.hidden)")
    assert hidden, "what an earlier variant says is not shown again"
    visitor.one("#only-new").click()
    assert visitor.one(".seen").is_displayed()
    assert not visitor.one("#n-urine-calcium-man-mg").is_displayed(), "numbers are folded"
    visitor.one('.rule-words a[href="#n-urine-calcium-man-mg"]').click()
    visitor.until(lambda: visitor.one("#n-urine-calcium-man-mg").is_displayed())
    visitor.one("#cases > details > summary").click()
    visitor.one("#judge").click()
    visitor.until(lambda: visitor.one("#judged").text.startswith(f"{len(visitor.all('[data-case]'))} of "))
    assert visitor.one("#judged").text.endswith("0 not as expected")
    visitor.keep("desk-card")
    if AXE.is_file():
        visitor.js("for (const each of document.querySelectorAll('details')) each.open = true")
        assert visitor.violations() == []
    printed = visitor.browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF-")
    assert visitor.one("#shown").is_displayed(), "what was unfolded for paper is folded again"
    for part in ("says", "cases"):
        visitor.one(f'input[name="read"][value="{part}"]').click()
    visitor.one("#role").send_keys("pharmacist")
    visitor.one('button[value="signed"]').click()
    visitor.until(lambda: visitor.all(".kept"))
    visitor.keep("desk-start")
    assert re.search(
        r'"read": "en says:\S+@\w{16} cases@\w{16}"',
        visitor.js("return fetch('/review/signatures.jsonl').then((answer) => answer.text())"),
    )
    if AXE.is_file():
        assert visitor.violations() == []
    assert visitor.complaints() == []


def test_a_reviewer_reads_a_word_and_signs_two_chapters_of_a_large_card_one_after_the_other(visitor: Visitor) -> None:
    for chapter in ("marrow", "alkaline-phosphatase"):
        visitor.go("/review/cards/secondary-causes")
        visitor.one(f'input[value="says.{chapter}"]').click()
        visitor.one("#role").clear()
        visitor.one("#role").send_keys("pharmacist")
        visitor.one('button[value="signed"]').click()
        visitor.until(lambda: visitor.all(".kept"))
    assert "Signs of myeloma or metastasis" in visitor.one("#begun .todo").text
    visitor.go("/review/cards/secondary-causes")
    signed = [each.get_attribute("id") for each in visitor.all("section[data-part]") if "✓ 李娜" in each.text.split("\n")[0]]
    assert signed == ["says-alkaline-phosphatase", "says-marrow"]
    word = visitor.one(".rule-words .term")
    assert not word.find_element("css selector", ".means").is_displayed()
    visitor.js("arguments[0].focus()", word)
    assert word.find_element("css selector", ".means").is_displayed(), "what a word means is seen with the keyboard, too"
    visitor.keep("desk-chapters")
    if AXE.is_file():
        assert visitor.violations() == []
    assert visitor.complaints() == []
