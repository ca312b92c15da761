"""After a choice the whole screen is another one: the order stands, what is left comes first; what is copied says all of it."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.web.visitor import Visitor

DENOSUMAB = "Denosumab 60 mg subcutaneously every 6 months"


def kinds(visitor: Visitor, strip: str) -> list[str]:
    """What the bars of a drug's strip are, by their groups in the picture."""
    bars = visitor.all(f"[data-strip={strip}] [class*=bars-] .point")
    groups = [visitor.js("return arguments[0].parentElement.getAttribute('class')", each) for each in bars]
    return [str(each).split("bars-")[1] for each in groups]


def accept(visitor: Visitor, selector: str = ".bar .order") -> None:
    visitor.until(lambda: visitor.one(selector).is_enabled())
    before = len(visitor.all(".stands li"))
    visitor.one(selector).click()
    visitor.until(lambda: len(visitor.all(".stands li")) == before + 1)


def test_an_accepted_order_stands_and_hero_next_and_picture_show_what_is_left(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.until(lambda: "planned" in kinds(visitor, "drug-denosumab"))
    before = visitor.one(".bar .advice").text
    accept(visitor)
    assert DENOSUMAB in visitor.one(".bar .stands").text
    assert "not yet signed" in visitor.one(".bar .stands").text
    assert visitor.one(".bar .advice").text != before
    assert visitor.one(".bar .advice").text.startswith("Order the 2 tests that are due")
    assert visitor.js("return document.activeElement.className") == "stands", "the button that was pressed is gone"
    assert f"To sign: {DENOSUMAB}" in visitor.one(".bar .next").text
    assert visitor.one(".bar .now .mark").text == "Critical until signed"
    assert "Give denosumab now" in visitor.one(".bar .stands").text, "a draft does not close the gap"
    assert "Is denosumab safe? Yes" in visitor.one(".bar .safe").text
    assert kinds(visitor, "drug-denosumab")[-1] == "draft"
    assert visitor.one(".answers .settled").text == "Decided: 1"
    assert visitor.one(".card .verdict").get_property("textContent") == f"Accepted: {DENOSUMAB}"
    accept(visitor)
    assert visitor.one(".bar .advice").text.startswith("Order serum CTX")
    visitor.one("#drafts .chip button").click()  # denosumab is taken off the desk, and is asked for again
    visitor.until(lambda: visitor.one(".bar .advice").text == before)
    assert len(visitor.all(".stands li")) == 1


def test_what_was_to_be_asked_first_stays_once_the_switch_is_a_draft(visitor: Visitor) -> None:
    visitor.go(fixture="bmd-falling")
    accept(visitor)
    bar = visitor.one(".bar").text
    assert visitor.one(".bar .now .mark").text == "Warning until signed"
    assert visitor.one(".bar .now .step").text.startswith("Ask whether alendronate was taken")
    assert bar.count("Ask whether alendronate was taken") == 1, "it stands in one place"
    assert "not confirmed (no sign of renewal" in bar
    assert "Find out why" in visitor.one(".bar .stands").text


def test_of_many_routine_orders_only_the_chosen_one_goes(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    label = visitor.until(
        lambda: visitor.one('.card[data-code="routine-care"] .suggestions .button').get_property("textContent")
    )
    offered = len(visitor.all('.card[data-code="routine-care"] .suggestions .button'))
    visitor.js("document.querySelector('.card[data-code=\"routine-care\"] .suggestions .button').click()")
    visitor.until(lambda: visitor.all(".stands li"))
    left = [e.get_property("textContent") for e in visitor.all('.card[data-code="routine-care"] .suggestions .button')]
    assert len(left) < offered
    assert label not in left


def test_when_orders_are_written_each_choice_is_asked_about_anew(visitor: Visitor) -> None:
    visitor.go(fixture="complex-orders")
    accept(visitor, ".bar .order.remove")
    assert len(visitor.all("#drafts .chip")) == 1
    assert "raloxifene" in visitor.one(".bar .advice").text
    assert "alendronate" not in visitor.one(".bar .advice").text.lower()
    assert [e.text for e in visitor.all(".bar .safe h2")] == ["Is raloxifene safe? No"]


def test_an_empty_desk_is_no_all_clear_the_chart_is_asked(visitor: Visitor) -> None:
    visitor.go(fixture="complex-orders")
    accept(visitor, ".bar .order.remove")
    accept(visitor, ".bar .order.remove")
    assert visitor.one("#hook").get_property("value") == "patient-view"
    assert "calcium" in visitor.one(".bar .advice").text.lower()
    assert "Nothing else is left" not in visitor.one(".bar").text


def test_what_is_said_of_the_orders_on_the_desk_leads(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    accept(visitor)
    Select(visitor.one("#draft")).select_by_value("alendronate")
    visitor.until(lambda: visitor.one(".bar .advice").text.startswith("Give denosumab or alendronate, not both"))
    assert "drafts=denosumab%2Calendronate" in visitor.browser.current_url, "an order has an address, too"
    visitor.browser.refresh()
    visitor.until(lambda: len(visitor.all("#drafts .chip")) == 2)


# -- what if ----------------------------------------------------------------------------------------------------------------


def test_what_is_offered_for_an_assumed_value_can_be_tried_and_stays_an_assumption(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed", egfr=28)
    visitor.until(lambda: visitor.all(".bar .order"))
    assert visitor.one(".bar .now .mark.assumed").text == "assumed"
    (check,) = visitor.all(".bar .is-assumed")
    assert "28 mL/min" in check.text
    assert check.find_element(By.CSS_SELECTOR, ".day.assumed").text == "assumed"
    assert "2026" not in check.text
    mark = visitor.one("[data-strip=kidney] .point[aria-label*='28 ']")
    assert mark.get_attribute("aria-label").endswith("assumed")
    assert visitor.js("return getComputedStyle(arguments[0]).fill", mark) == visitor.js(
        "const probe = document.createElement('i'); probe.style.color = 'var(--surface)'; document.body.append(probe);"
        "const color = getComputedStyle(probe).color; probe.remove(); return color"
    ), "it is hollow"
    assert "28 mL/min/1.73 m² (assumed)" in visitor.one(".card .detail").text
    accept(visitor)
    assert visitor.one("#whatif-banner").is_displayed()
    assert visitor.one("#sent").get_property("textContent").find("outcome") < 0, "nothing is told to the service"
    visitor.one("#whatif-clear").click()
    visitor.until(lambda: not visitor.one("#whatif-banner").is_displayed())
    visitor.until(lambda: visitor.all(".bar .order") and not visitor.all(".stands, #drafts .chip"))


# -- the note ---------------------------------------------------------------------------------------------------------------


def copied(visitor: Visitor, selector: str) -> str:
    visitor.js("window.copied = ''; navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    visitor.js("document.querySelector(arguments[0]).click()", selector)
    return str(visitor.until(lambda: visitor.js("return window.copied")))


def test_the_note_says_who_when_what_with_its_dose_why_the_checks_and_what_was_set_aside(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.until(lambda: visitor.all(".bar .order"))
    told = copied(visitor, ".bar .to-note button")
    lines = told.splitlines()
    assert lines[0] == "Osteoporosis decision support, 15 Jun 2026"
    assert lines[1] == "Patient: 王某, Woman, 74, id denosumab-missed"
    assert "王秀英" not in told
    assert "[Critical] Give denosumab now" in told
    assert f"Advised, not accepted here:\n- {DENOSUMAB}" in told
    assert "- denosumab, last dose: 12 Sep 2025" in told
    assert "- eGFR: 90.7 mL/min/1.73 m² (specialist below 30), 20 May 2026" in told
    assert "Is denosumab safe? Yes" in told
    assert "Accepted:\n- none" in told
    assert "Overridden:\n- none" in told
    assert "Content version 20" in lines[-1]
    assert "**" not in told
    assert "invented" not in told


def test_the_note_tells_what_was_accepted_and_why_something_was_set_aside(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    accept(visitor)
    card = visitor.until(lambda: visitor.one('.card[data-code="tests-due"]'))
    visitor.js("arguments[0].querySelector('.aside .button.quiet').click()", card)
    visitor.named(".override label", "Patient declines").click()
    card.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    visitor.until(lambda: visitor.one(".settled").text == "Decided: 2")
    told = copied(visitor, ".bar .to-note button")
    assert f"Accepted:\n- {DENOSUMAB}" in told
    assert "Overridden:\n- Order the 2 tests that are due" in told
    assert "Patient declines" in told


def test_the_note_of_an_assumed_patient_says_so_first(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed", egfr=28)
    visitor.until(lambda: visitor.all(".bar .order"))
    told = copied(visitor, ".card .tools button")
    assert "WHAT IF, not this patient's record. Assumed: eGFR 28 mL/min/1.73 m²" in told.splitlines()[2]
    assert "(specialist below 30), assumed [caution]" in told


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ({"given": ["Anna", "Maria"], "family": "Smith-Jones"}, "A.M.S.J."),
        ({"text": "王秀英", "family": "王"}, "王某"),
        (None, ""),
    ],
)
def test_a_note_names_nobody_in_full(visitor: Visitor, name: Any, initials: str) -> None:
    visitor.go("/")
    patient = {"resourceType": "Patient"} | ({"name": [name]} if name else {})
    run = "const [patient, done] = arguments; import('/static/screen/who.js').then((who) => done(who.initials(patient)));"
    assert visitor.browser.execute_async_script(run, patient) == initials


def test_what_if_sets_the_drafts_aside_and_says_so_and_brings_them_back(visitor: Visitor) -> None:
    visitor.go(fixture="vitamin-d-hip")
    accept(visitor, ".bar .order.primary")
    visitor.one("#whatif summary").click()
    field = visitor.one("#assume-egfr")
    field.send_keys("28\t")
    visitor.until(lambda: visitor.one("#whatif-banner").is_displayed())
    assert "Cholecalciferol (vitamin D3) 50,000 units" in visitor.one("#whatif-dropped").text
    assert not visitor.all(".bar .stands li")
    said = visitor.until(lambda: visitor.one("#whatif-answer").text)
    assert said.startswith("Then: Refer before choosing a drug")
    assert "Only with a specialist" in said
    visitor.one("#whatif-clear").click()
    visitor.until(lambda: visitor.all(".bar .stands li"))
    assert "Cholecalciferol (vitamin D3) 50,000 units" in visitor.one(".bar .stands").text
    assert visitor.one("#whatif-answer").text == ""
