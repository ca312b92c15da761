"""The pages in a real browser, tried as somebody would who knows neither FHIR nor the code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

import fhir_fixtures
from tests.web.test_pages import ADDRESSES

PHONE, DESK = (390, 844), (1440, 1000)


AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
"""From npm; ``.ci/run`` installs it."""


@cache
def axe() -> str:
    return AXE.read_text(encoding="utf-8")


class Visitor:
    """Somebody at the browser."""

    def __init__(self, browser: Chrome, address: str) -> None:
        self.browser, self.address = browser, address

    def look(self, size: tuple[int, int] = DESK, scheme: str = "light") -> None:
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
        )
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    def go(self, path: str = "/", language: str = "en") -> None:
        self.browser.get(f"{self.address}{path}?lang={language}")
        if path == "/":
            self.until(lambda: self.all(".card, .quiet-note"))

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def named(self, selector: str, text: str) -> WebElement:
        return next(each for each in self.all(selector) if text in each.text)

    def until(self, what: Callable[[], Any]) -> Any:
        """Wait for it; what the page draws anew meanwhile is looked up anew."""
        waits = WebDriverWait(self.browser, 10, 0.05, (NoSuchElementException, StaleElementReferenceException))
        return waits.until(lambda _: what())

    def choose(self, title: str) -> None:
        self.until(lambda: self.named(".patient", title).click() is None)
        self.answered(title)

    def answered(self, title: str) -> None:
        """Wait until what is shown belongs to the patient of this title and is complete."""
        self.until(lambda: self.one("#story-title").text == title and self.one("#status").get_property("textContent"))
        loading = json.loads(self.one("#config").get_property("textContent"))["words"]["cards.loading"]
        self.until(lambda: self.one("#status").get_property("textContent") != loading)

    def js(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def overflows(self) -> bool:
        return bool(self.js("return document.documentElement.scrollWidth > innerWidth"))

    def violations(self) -> list[str]:
        """What axe-core calls serious or worse."""
        self.js(axe())
        found = self.browser.execute_async_script("axe.run().then(arguments[0])")
        assert len(found["passes"]) > 10
        grave = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {node['target']}" for each in grave for node in each["nodes"]]

    def complaints(self) -> list[str]:
        """What the browser's console says, but for answers with an error status that a test asked for."""
        entries = self.browser.get_log("browser")
        return [entry["message"] for entry in entries if "Failed to load resource" not in entry["message"]]


@pytest.fixture
def visitor(chromium: Chrome, address: str) -> Iterator[Visitor]:
    visitor = Visitor(chromium, address)
    visitor.look()
    visitor.complaints()
    yield visitor
    assert visitor.complaints() == []


def test_a_newcomer_understands_the_missed_denosumab_and_closes_the_gap(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose("Denosumab nine months ago, and nothing since")
    card = visitor.one('.card[data-code="denosumab-sequence"]')
    assert card.find_element(By.CSS_SELECTOR, ".mark").text == "Critical"
    assert "risk of vertebral fractures" in card.find_element(By.TAG_NAME, "h3").text
    assert "bone turnover rebounds" in card.find_element(By.CSS_SELECTOR, ".detail").text
    ActionChains(visitor.browser).move_to_element(card.find_element(By.TAG_NAME, "h3")).perform()
    visitor.until(lambda: len(visitor.all(".lanes .dose.lit")) == 1)
    assert len(visitor.all(".lanes .dose")) == 6
    assert len(visitor.all(".lanes .gap")) == 1
    recommended = card.find_element(By.CSS_SELECTOR, ".suggestions .recommended")
    assert "Denosumab 60 mg subcutaneously" in recommended.text
    recommended.click()
    told = visitor.until(lambda: "Stored (HTTP 200)" in visitor.one(".outcome").text and visitor.one(".outcome").text)
    assert "denosumab 60 mg" in told
    assert "has no objection" in told
    assert '"outcome": "accepted"' in told
    assert "denosumab" in visitor.one("#drafts").text
    visitor.named(".outcome a", "Governance").click()
    row = visitor.until(lambda: [each.text for each in visitor.all("tbody tr") if "denosumab-sequence" in each.text])
    assert "2026-06" not in row[0]  # counted when it was really shown, whatever day the story is told on


def test_a_card_can_be_set_aside_with_a_reason_and_the_service_remembers(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose("Five months of alendronate, and CTX has hardly moved")
    card = visitor.one('.card[data-code="btm-response"]')
    visitor.until(lambda: card.find_element(By.CSS_SELECTOR, ".button.quiet")).click()
    visitor.named(".override label", "Patient declines").click()
    card.find_element(By.TAG_NAME, "textarea").send_keys("Will think about it")
    card.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    told = visitor.until(lambda: "Asked again" in visitor.one(".outcome").text and visitor.one(".outcome").text)
    assert "Set aside: Patient declines" in card.text
    assert "patient-refuses" in told
    assert "Stored (HTTP 200)" in told
    assert "The service was asked again" in told


def test_silence_and_errors_look_different(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(fhir_fixtures.load("unrelated-order").title["en"])
    assert "No cards" in visitor.one(".quiet-note").text
    visitor.one("#own summary").click()
    for content, words in (("{", "not JSON"), ('{"resourceType": "Bundle"}', "must hold one Patient")):
        visitor.js("document.getElementById('own-text').value = arguments[0]", content)
        visitor.one("#own-use").click()
        visitor.until(lambda words=words: words in visitor.one(".stage").text + visitor.one("#own-problem").text)
    assert visitor.one(".quiet-note.bad").get_attribute("role") == "alert"


def test_a_bundle_of_ones_own_is_read_and_left_nowhere(visitor: Visitor) -> None:
    visitor.go()
    visitor.one("#own summary").click()
    bundle = fhir_fixtures.load("alendronate-egfr-28").bundle
    visitor.js("document.getElementById('own-text').value = arguments[0]", json.dumps(bundle))
    visitor.one("#own-use").click()
    visitor.answered("Your own data")
    Select(visitor.one("#draft")).select_by_value("alendronate")
    visitor.until(lambda: visitor.all('.card[data-code="bisphosphonate-renal"]'))
    assert Select(visitor.one("#hook")).first_selected_option.get_attribute("value") == "order-sign"
    assert visitor.js("return localStorage.length + sessionStorage.length + document.cookie.length") == 0
    urls = [visitor.browser.current_url, *visitor.js("return performance.getEntriesByType('resource').map(e => e.name)")]
    assert all(url.startswith(visitor.address) for url in urls)
    assert not any("alendronate" in url or bundle["entry"][0]["resource"]["id"] in url for url in urls)


def test_an_order_put_on_the_desk_of_a_shipped_patient_is_checked(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(fhir_fixtures.load("denosumab-late-egfr-28").title["en"])
    Select(visitor.one("#draft")).select_by_value("zoledronate")
    visitor.until(lambda: visitor.all('.card.critical[data-code="bisphosphonate-renal"]'))
    assert "zoledronate" in visitor.one("#drafts").text


def test_request_response_and_curl_are_there_to_copy(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose("Denosumab nine months ago, and nothing since")
    parts = visitor.until(lambda: visitor.all("#inspect details"))
    shown = [part.find_element(By.TAG_NAME, "pre").get_property("textContent") for part in parts]
    assert json.loads(shown[0])["hook"] == "patient-view"
    assert json.loads(shown[1])["cards"]
    assert "curl" in shown[2]


def test_the_moment_and_the_language_can_be_changed(visitor: Visitor) -> None:
    visitor.go(language="zh")
    visitor.choose("地舒单抗九个月前注射，此后未再用药")
    visitor.until(lambda: visitor.one('.card[data-code="denosumab-sequence"] .mark').text == "危急")
    visitor.until(lambda: Select(visitor.one("#hook")).select_by_value("encounter-discharge") is None)
    visitor.until(lambda: "encounter-discharge" in visitor.one("#inspect pre").get_property("textContent"))
    visitor.until(lambda: visitor.one(".language").click() is None)
    visitor.until(lambda: visitor.one("html").get_attribute("lang") == "en")


def test_everything_can_be_reached_by_keyboard(visitor: Visitor) -> None:
    visitor.go()
    ActionChains(visitor.browser).send_keys(Keys.TAB).perform()
    assert visitor.js("return document.activeElement.className") == "skip"
    patient = visitor.named(".patient", "Denosumab nine months ago")
    patient.send_keys(Keys.ENTER)
    visitor.answered("Denosumab nine months ago, and nothing since")
    button = visitor.until(lambda: visitor.one(".suggestions .recommended"))
    button.send_keys(Keys.SPACE)
    visitor.until(lambda: visitor.all(".outcome"))
    assert visitor.js("return document.activeElement.className") == "outcome"


def test_the_timeline_is_also_a_table(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose("Denosumab nine months ago, and nothing since")
    visitor.one(".table summary").click()
    rows = [row.text for row in visitor.all(".table tbody tr")]
    assert any("T-score, lumbar spine" in row and "−2.6" in row and "Observation/" in row for row in rows)


def test_a_value_tells_its_date_and_source_when_pointed_at(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose("Denosumab nine months ago, and nothing since")
    dose = visitor.until(lambda: visitor.all(".lanes .dose"))[-1]
    ActionChains(visitor.browser).move_to_element(dose).perform()
    assert "12 Sept 2025" in visitor.until(lambda: visitor.named(".tip", "Denosumab")).text.replace("Sep ", "Sept ")


def test_search_finds_in_both_languages_and_says_when_there_is_nothing(visitor: Visitor) -> None:
    visitor.go("/knowledge")
    box = visitor.one("#find")
    box.send_keys("序贯 denosumab")
    visitor.until(lambda: visitor.one("#card-denosumab-sequence").is_displayed())
    assert not visitor.one("#card-pregnancy").is_displayed()
    box.clear()
    box.send_keys("qwertz")
    visitor.until(lambda: visitor.one("#nothing").is_displayed())


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install --no-save axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_axe_finds_nothing_serious(visitor: Visitor, path: str, scheme: str) -> None:
    visitor.look(scheme=scheme)
    visitor.go(path, language="en" if scheme == "light" else "zh")
    if path == "/":
        visitor.until(lambda: visitor.all(".card .suggestions button"))[0].click()
        visitor.until(lambda: visitor.all(".outcome .stored"))
    visitor.js("for (const each of document.querySelectorAll('details')) each.open = true")
    assert visitor.violations() == []


@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_sticks_out_on_a_phone(visitor: Visitor, path: str) -> None:
    visitor.look(PHONE)
    visitor.go(path, language="zh")
    visitor.js("for (const each of document.querySelectorAll('details')) each.open = true")
    assert not visitor.overflows()


def test_twenty_long_cards_keep_their_shape(visitor: Visitor) -> None:
    """What the service answers is put in its place: no patient of ours has twenty cards."""
    visitor.look(PHONE)
    visitor.go()
    long = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
    visitor.js(
        """
        const [long] = arguments, real = window.fetch;
        const table = `| a | b |\\n|---|---|\\n| 1 | ${long} |`;
        const card = (n) => ({uuid: `u${n}`, summary: `${n} ${long}`.slice(0, 139),
          indicator: ["info", "warning", "critical"][n % 3],
          detail: `**Why**\\n\\n${long} <img src=x onerror=alert(1)>\\n\\n- ${long}\\n\\n${table}`,
          source: {label: long, topic: {code: `c${n}`, display: long}}, overrideReasons: [],
          suggestions: [{label: long, uuid: `s${n}`, isRecommended: true, actions: []}]});
        window.fetch = async (path, ...rest) => String(path).includes("cds-services")
          ? new Response(JSON.stringify({cards: [...Array(20).keys()].map(card)})) : real(path, ...rest);
        const hook = document.getElementById("hook");
        hook.value = "encounter-discharge";
        hook.dispatchEvent(new Event("change"));
        """,
        long,
    )
    visitor.until(lambda: len(visitor.all(".card")) == 20)
    visitor.js("for (const each of document.querySelectorAll('.card details')) each.open = true")
    assert not visitor.overflows()
    assert visitor.all(".card img") == []
    assert visitor.all(".card .detail table")
