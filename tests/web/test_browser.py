"""The pages in a real browser, tried as somebody would who knows neither FHIR nor the code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

import fhir_fixtures
from tests.web.test_pages import ADDRESSES

PHONE, TABLET, LAPTOP, DESK = (390, 844), (820, 1180), (1280, 800), (1440, 900)
TWICE = (720, 450)
"""A desk at 200 %: half as many pixels of the style sheet."""
SIZES = {"phone": PHONE, "tablet": TABLET, "laptop": LAPTOP, "desk": DESK, "200 %": TWICE}
MISSED = "Denosumab nine months ago, and nothing since"


EVIDENCE = "org.osteoporosis-cds.evidence"
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

    def go(self, path: str = "/", language: str = "en", **more: object) -> None:
        self.browser.get(f"{self.address}{path}?{urlencode({'lang': language, **more})}")
        if path == "/":
            self.until(lambda: self.all(".bar, .quiet-note"))

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def named(self, selector: str, text: str) -> WebElement:
        return next(each for each in self.all(selector) if text in each.text)

    def until(self, what: Callable[[], Any]) -> Any:
        """Wait for it; what the page draws anew meanwhile is looked up anew."""
        waits = WebDriverWait(self.browser, 30, 0.05, (NoSuchElementException, StaleElementReferenceException))
        return waits.until(lambda _: what())

    def choose(self, title: str) -> None:
        self.until(lambda: self.named(".patient", title).click() is None)
        self.answered(title)

    def point(self, card: WebElement) -> None:
        """Put the mouse on a card."""
        self.js("arguments[0].scrollIntoView({block: 'nearest'})", card)
        ActionChains(self.browser).move_to_element(card.find_element(By.TAG_NAME, "h3")).perform()

    def keep(self, name: str) -> None:
        """A picture of the page, for people to look at, where the variable SCREENSHOTS names a folder."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.browser.save_screenshot(f"{folder}/{name}.png")

    def sees(self, selector: str) -> bool:
        """Whether the first of these is on the screen, whole, without scrolling."""
        return bool(
            self.js(
                "const b = document.querySelector(arguments[0]).getBoundingClientRect();"
                "return scrollY === 0 && b.height > 0 && b.top >= 0 && b.bottom <= innerHeight && b.right <= innerWidth",
                selector,
            )
        )

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
    visitor.choose(MISSED)
    card = visitor.one('.card[data-code="denosumab-sequence"]')
    assert card.find_element(By.CSS_SELECTOR, ".mark").text == "Critical"
    assert "risk of vertebral fractures" in card.find_element(By.TAG_NAME, "h3").text
    assert "bone turnover rebounds" in card.find_element(By.CSS_SELECTOR, ".detail").text
    visitor.point(card)
    lit = visitor.until(lambda: [each.get_attribute("aria-label") for each in visitor.all(".picture .lit")])
    assert [each.partition(",")[0] for each in lit] == ["Denosumab", "eGFR"]
    assert len([label for label in labels(visitor) if label.startswith("Denosumab, dose")]) == 6
    assert len([label for label in labels(visitor) if label.startswith("No cover")]) == 1
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


def labels(visitor: Visitor) -> list[str]:
    """What each point of the picture says of itself."""
    return list(visitor.js("return [...document.querySelectorAll('.picture .point')].map(e => e.getAttribute('aria-label'))"))


def test_a_card_can_be_set_aside_with_a_reason_and_the_service_remembers(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose("Five months of alendronate, and CTX has hardly moved")
    card = visitor.one('.card[data-code="btm-response"]')
    visitor.until(lambda: card.find_element(By.CSS_SELECTOR, ".aside .button.quiet")).click()
    assert visitor.all(".override input:checked") == []
    card.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    assert "Choose a reason" in card.find_element(By.CSS_SELECTOR, ".problem").text
    assert visitor.all(".outcome") == []
    visitor.named(".override label", "Patient declines").click()
    card.find_element(By.TAG_NAME, "textarea").send_keys("Will think about it")
    card.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    told = visitor.until(lambda: "Asked again" in visitor.one(".outcome").text and visitor.one(".outcome").text)
    assert "Set aside: Patient declines" in card.text
    assert "patient-refuses" in told
    assert "Stored (HTTP 200)" in told
    assert "this card is no longer shown" in told  # asked until the override was read


def test_silence_and_errors_look_different(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(fhir_fixtures.load("unrelated-order").title["en"])
    assert "No cards" in visitor.one(".bar .now.calm").text
    assert visitor.all(".answers") == []  # no empty half of the page
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


def test_several_drafts_stand_on_the_desk_of_one_drug_too(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    for count, drug in enumerate(("zoledronate", "alendronate", "alendronate"), 1):
        Select(visitor.one("#draft")).select_by_value(drug)
        visitor.until(lambda count=count: len(visitor.all("#drafts .chip")) == count)
    assert "drafts=zoledronate%2Calendronate%2Calendronate" in visitor.browser.current_url
    visitor.browser.refresh()
    visitor.until(lambda: len(visitor.all("#drafts .chip")) == 3)
    visitor.until(lambda: len(visitor.all(".bar .safe")) == 3)
    visitor.all("#drafts .chip button")[0].click()
    visitor.until(lambda: len(visitor.all("#drafts .chip")) == 2)


def test_request_response_and_curl_are_there_to_copy(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(MISSED)
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


# -- on one screen -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_decision_and_its_order_are_seen_without_scrolling(visitor: Visitor, size: str, language: str) -> None:
    visitor.look(SIZES[size])
    visitor.go(language=language, fixture="denosumab-missed")
    for part in (".now .advice", ".now .order", ".safe", ".next"):
        visitor.until(lambda part=part: visitor.sees(f".bar {part}"))


WRONG = {
    "denosumab-missed": ("last safe day passed", "no follow-on"),
    "complex-denosumab-late-failure": ("Rebound fractures", "last safe day passed"),
    "calcium-high": ("13.4", "calcium"),
    "complex-orders": ("Do not sign alendronate", "limit 35"),
    "vitamin-d-hip": ("16 ng/mL", "zoledronate"),
}
"""Patients, and what must meet the eye."""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_meets_the_eye(visitor: Visitor, name: str) -> None:
    visitor.go(fixture=name)
    said = visitor.until(lambda: visitor.one(".bar").text)
    assert [words for words in WRONG[name] if words.lower() not in said.lower()] == []
    assert visitor.all(".bar .bad, .bar .stop, .bar li.warn")


NOT_TO_PRESS = ("kidney-rising-pth", "denosumab-date-unknown", "denosumab-late-egfr-28")
"""Patients for whom the drug that comes first is not recommended, or whose first card has no order."""


def test_the_bar_offers_nothing_that_is_not_recommended(visitor: Visitor) -> None:
    for name in (*NOT_TO_PRESS, *fhir_fixtures.names()[::12]):
        visitor.go(fixture=name)
        offered = [each.get_attribute("data-order") for each in visitor.all(".bar .order")]
        answer = json.loads(visitor.all("#inspect pre")[1].get_property("textContent"))
        every = [each for card in answer["cards"] for each in card.get("suggestions", ())]
        assert {each["uuid"] for each in every if each.get("isRecommended")} >= set(offered), name


LIT = sorted(each.name for each in fhir_fixtures.stories() if each.cards)[::6]


def test_every_card_with_evidence_lights_it(visitor: Visitor) -> None:
    for name in LIT:
        visitor.go(fixture=name)
        dark = visitor.js(
            """
            const found = [];
            for (const card of document.querySelectorAll(".card")) {
              card.dispatchEvent(new Event("mouseenter"));
              if (!document.querySelector(".picture .lit")) found.push(card.dataset.code);
              card.dispatchEvent(new Event("mouseleave"));
            }
            return found;
            """
        )
        answer = json.loads(visitor.all("#inspect pre")[1].get_property("textContent"))
        bare = [c["source"]["topic"]["code"] for c in answer["cards"] if EVIDENCE not in c["extension"]]
        assert dark == bare, name


def test_a_card_can_be_copied_for_the_note(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    visitor.named(".card .tools button", "Copy for the note").click()
    told = visitor.until(lambda: visitor.js("return window.copied"))
    assert told.startswith("[Critical] Give denosumab now")
    assert "- denosumab, last dose: 12 Sep 2025" in told
    assert "**" not in told
    assert "EXT-04" in told


# -- an address ----------------------------------------------------------------------------------------------------------------


def test_what_is_on_the_screen_has_an_address_and_back_works(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(MISSED)
    Select(visitor.one("#hook")).select_by_value("encounter-discharge")
    visitor.until(lambda: "hook=encounter-discharge" in visitor.browser.current_url)
    visitor.choose("A man of 74 with a hip T-score of -2.8")
    assert "fixture=man-untreated" in visitor.browser.current_url
    visitor.browser.back()
    visitor.answered(MISSED)
    visitor.until(lambda: Select(visitor.one("#hook")).first_selected_option.get_attribute("value") == "encounter-discharge")
    visitor.one(".top .language").click()
    visitor.answered("地舒单抗九个月前注射，此后未再用药")
    assert Select(visitor.one("#hook")).first_selected_option.get_attribute("value") == "encounter-discharge"
    assert "lang=zh" in visitor.browser.current_url


def test_ones_own_data_have_no_address_and_are_not_lost_when_the_language_changes(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.one("#own summary").click()
    bundle = fhir_fixtures.load("alendronate-egfr-28").bundle
    visitor.js("document.getElementById('own-text').value = arguments[0]", json.dumps(bundle))
    visitor.one("#own-use").click()
    visitor.answered("Your own data")
    visitor.until(lambda: visitor.browser.current_url.endswith("/?lang=en"))
    visitor.one(".top .language").click()
    visitor.answered("自己的数据")
    assert visitor.browser.current_url.endswith("/?lang=zh")
    assert visitor.js("return history.state") is None
    assert visitor.js("return localStorage.length + sessionStorage.length + document.cookie.length") == 0


def test_what_if_changes_the_screen_says_so_and_goes_back(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed", egfr=28)
    visitor.until(lambda: "Assumed: eGFR 28" in visitor.one("#whatif-banner").text)
    assert "28 mL/min" in visitor.one(".bar .safe").text
    assert visitor.all(".bar .order, .card .suggestions") == []  # nothing is ordered for a patient who is assumed
    visitor.all("#whatif-fields .button.quiet")[0].click()
    turns = visitor.until(lambda: [each.text for each in visitor.all(".turns li") if "from" in each.text])
    assert any(turn.startswith("from 35") for turn in turns)
    visitor.one("#whatif-clear").click()
    visitor.until(lambda: visitor.all(".bar .order"))
    assert not visitor.one("#whatif-banner").is_displayed()
    assert "egfr" not in visitor.browser.current_url


# -- by keyboard --------------------------------------------------------------------------------------------------------


def test_everything_can_be_reached_by_keyboard(visitor: Visitor) -> None:
    visitor.go()
    ActionChains(visitor.browser).send_keys(Keys.TAB).perform()
    assert visitor.js("return document.activeElement.className") == "skip"
    patient = visitor.named(".patient", "Denosumab nine months ago")
    patient.send_keys(Keys.ENTER)
    visitor.answered(MISSED)
    button = visitor.until(lambda: visitor.one(".suggestions .recommended"))
    button.send_keys(Keys.SPACE)
    visitor.until(lambda: visitor.all(".outcome"))
    assert visitor.js("return document.activeElement.className") == "outcome"


FEW = 20
"""Tab presses from the top of the page to the first order, at most."""


def test_the_first_order_is_a_few_tab_presses_away(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    for _ in range(FEW):
        ActionChains(visitor.browser).send_keys(Keys.TAB).perform()
        if "order" in visitor.js("return document.activeElement.className"):
            return
    pytest.fail(f"not within {FEW}")


def test_the_list_of_patients_is_one_tab_stop_and_arrow_keys_walk_it(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    stops = "return [...document.querySelectorAll('.patient')].filter(e => e.tabIndex === 0).map(e => e.dataset.name)"
    assert visitor.js(stops) == ["denosumab-missed"]
    visitor.one(".patient[aria-pressed=true]").send_keys(Keys.ARROW_DOWN)
    (there,) = visitor.js(stops)
    assert there != "denosumab-missed"
    assert visitor.js("return document.activeElement.dataset.name") == there
    visitor.one("#patient-filter").send_keys("teriparatide")
    visitor.until(lambda: visitor.js(stops) and visitor.one(f".patient[data-name='{visitor.js(stops)[0]}']").is_displayed())


def test_every_point_of_the_picture_is_reached_by_arrow_keys(visitor: Visitor) -> None:
    visitor.go(fixture="complex-denosumab-late-failure")
    count = len(visitor.all(".picture .point"))
    assert len(visitor.all(".picture .point[tabindex='0']")) == 1
    visitor.js("document.querySelector(\".picture .point[tabindex='0']\").focus()")
    seen = set()
    for _ in range(2 * count):
        seen.add(visitor.js("return document.activeElement.dataset.mark"))
        before = visitor.js("return document.activeElement.dataset.mark")
        ActionChains(visitor.browser).send_keys(Keys.ARROW_RIGHT).perform()
        if visitor.js("return document.activeElement.dataset.mark") == before:
            ActionChains(visitor.browser).send_keys(Keys.ARROW_DOWN, Keys.HOME).perform()
            if visitor.js("return document.activeElement.dataset.mark") in seen:
                break
    assert len(seen) == count
    assert visitor.one(".tip").is_displayed()


def test_the_picture_is_also_a_table(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.one(".table summary").click()
    rows = [row.text for row in visitor.all(".table tbody tr")]
    assert len(rows) == len(visitor.all(".picture .point"))
    assert any("T-score, lumbar spine" in row and "−2.6" in row and "Observation/" in row for row in rows)


def test_a_value_tells_its_date_when_pointed_at(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    dose = visitor.until(lambda: visitor.one(".picture [aria-label='Denosumab, dose, 12 Sep 2025']"))
    ActionChains(visitor.browser).move_to_element(dose).perform()
    assert "12 Sep 2025" in visitor.until(lambda: visitor.named(".tip", "Denosumab")).text


# -- as it looks --------------------------------------------------------------------------------------------------------

SEEN = ("denosumab-missed", "complex-orders", "bmd-falling", "healthy")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install --no-save axe-core")
@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_screen_of_a_patient(visitor: Visitor, name: str, scheme: str) -> None:
    visitor.look(scheme=scheme)
    visitor.go(language="zh" if scheme == "dark" else "en", fixture=name)
    visitor.keep(f"{scheme}-{name}")
    visitor.js("for (const each of document.querySelectorAll('details')) each.open = true")
    assert visitor.violations() == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_sticks_out_at_any_size(visitor: Visitor, size: str, language: str) -> None:
    visitor.look(SIZES[size])
    for name in SEEN:
        visitor.go(language=language, fixture=name)
        visitor.keep(f"{size}-{language}-{name}")
        visitor.js("for (const each of document.querySelectorAll('details')) each.open = true")
        assert not visitor.overflows(), name
        wide = "return [...document.querySelectorAll('.strip-svg')].every(e => e.getBoundingClientRect().right <= innerWidth)"
        assert visitor.js(wide), name


def test_in_print_everything_is_told_and_nothing_is_to_press(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    visitor.keep("print")
    assert visitor.one(".bar .advice").is_displayed()
    assert visitor.one(".picture").is_displayed()
    assert not any(each.is_displayed() for each in visitor.all(".bar .order, .suggestions, .tools, .patients, .moment, .wire"))
    assert len(visitor.browser.print_page()) > 10_000
    visitor.look()


def test_search_finds_in_both_languages_and_says_when_there_is_nothing(visitor: Visitor) -> None:
    visitor.go("/knowledge")
    box = visitor.one("#find")
    box.send_keys("序贯 denosumab")
    visitor.until(lambda: not visitor.one("#card-pregnancy").is_displayed())
    assert visitor.one("#card-denosumab-sequence").is_displayed()
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
    visitor.until(lambda: len(visitor.all(".answers .card")) == 20)
    visitor.js("for (const each of document.querySelectorAll('.card details')) each.open = true")
    assert not visitor.overflows()
    assert visitor.all(".card img") == []
    assert visitor.all(".card .detail table")
