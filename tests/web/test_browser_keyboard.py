"""By keyboard, and for who does not see the picture."""

from __future__ import annotations

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.web.visitor import MISSED, Visitor


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


FEW = 5
"""Tab presses from the top of the page to the first order, at most; the skip link is one of them."""


@pytest.mark.parametrize("asked", [{}, {"egfr": 28}])
@pytest.mark.parametrize("name", ["denosumab-missed", "complex-orders", "vitamin-d-hip"])
def test_the_first_order_is_a_few_tab_presses_away(visitor: Visitor, name: str, asked: dict[str, int]) -> None:
    visitor.go(fixture=name, **asked)
    visitor.until(lambda: visitor.all(".bar .order"))
    for _ in range(FEW):
        ActionChains(visitor.browser).send_keys(Keys.TAB).perform()
        if "order" in visitor.js("return document.activeElement.className").split():
            return
    pytest.fail(f"not within {FEW}")


BEFORE = """
const last = [...document.querySelectorAll(".card")].at(-1);
const before = (each) => each.compareDocumentPosition(last) & Node.DOCUMENT_POSITION_FOLLOWING;
return [...document.querySelectorAll("pre, textarea")].filter((each) => before(each) && !each.closest(".card")).length;
"""
UNFOLDED = "return [...document.querySelectorAll('pre')].filter((each) => !each.closest('details:not([open])')).length"


def test_what_goes_over_the_wire_stands_last_and_folded(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.until(lambda: visitor.all(".bar .order"))[0].click()
    visitor.until(lambda: "Stored" in visitor.one(".outcome").text)
    assert visitor.js(BEFORE) == 0
    assert visitor.js(UNFOLDED) == 0
    assert visitor.js("return document.querySelector('main').lastElementChild.className") == "wire"
    sent = visitor.one("#sent").get_property("textContent")
    assert '"outcome": "accepted"' in sent
    assert '"MedicationRequest"' in sent


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
