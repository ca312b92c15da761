"""What is on the screen has an address, but for what is nobody else's business."""

from __future__ import annotations

import json

from selenium.webdriver.support.ui import Select

import fhir_fixtures
from tests.web.visitor import MISSED, Visitor


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
    visitor.all("#whatif-fields .button.quiet")[0].click()
    turns = visitor.until(lambda: [each.text for each in visitor.all(".turns li") if " or " in each.text])
    assert any(turn.startswith("34 or lower") for turn in turns)
    visitor.one("#whatif-clear").click()
    visitor.until(lambda: not visitor.one("#whatif-banner").is_displayed())
    assert "egfr" not in visitor.browser.current_url
