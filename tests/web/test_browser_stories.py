"""The pages in a real browser, tried as somebody would who knows neither FHIR nor the code."""

from __future__ import annotations

import json

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

import fhir_fixtures
from tests.web.visitor import MISSED, Visitor

FALLING = "Bone lost on tablets"


def test_a_newcomer_understands_the_missed_denosumab_and_closes_the_gap(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(MISSED)
    card = visitor.one('.card[data-code="denosumab-sequence"]')
    assert card.find_element(By.CSS_SELECTOR, ".mark").text == "Critical"
    assert "risk of vertebral fractures" in card.find_element(By.TAG_NAME, "h3").text
    assert "turnover rebounds" in card.find_element(By.CSS_SELECTOR, ".detail").text
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
    assert '"outcome": "accepted"' in visitor.one("#sent").get_property("textContent")
    assert "denosumab" in visitor.one("#drafts").text
    visitor.named(".outcome a", "Governance").click()
    row = visitor.until(lambda: [each.text for each in visitor.all("tbody tr") if "denosumab-sequence" in each.text])
    assert "2026-06" not in row[0]  # counted when it was really shown, whatever day the story is told on


def test_what_the_check_on_signing_objects_is_a_card_below_what_was_chosen(visitor: Visitor) -> None:
    visitor.go()
    visitor.choose(FALLING)
    visitor.one(".card .suggestions .recommended").click()
    told = visitor.until(lambda: "Stored (HTTP 200)" in visitor.one(".outcome").text and visitor.one(".outcome").text)
    assert visitor.all(".outcome .card h3")
    assert "[object" not in told
    top = "return document.querySelector('.outcome h3').getBoundingClientRect().top"
    assert visitor.until(lambda: 0 <= visitor.js(top) < visitor.js("return innerHeight / 2")), "it begins where one looks"


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
    visitor.until(lambda: "Decided: 1" in visitor.one(".answers").text)
    assert "Set aside: Patient declines" in visitor.one('.card[data-code="btm-response"] .verdict').get_property("textContent")
    assert "patient-refuses" in visitor.one("#sent").get_property("textContent")
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


def test_search_finds_in_both_languages_and_says_when_there_is_nothing(visitor: Visitor) -> None:
    visitor.go("/knowledge")
    box = visitor.one("#find")
    box.send_keys("序贯 denosumab")
    visitor.until(lambda: not visitor.one("#card-pregnancy").is_displayed())
    assert visitor.one("#card-denosumab-sequence").is_displayed()
    box.clear()
    box.send_keys("qwertz")
    visitor.until(lambda: visitor.one("#nothing").is_displayed())
