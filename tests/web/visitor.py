"""Somebody at the browser."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

import fhir_fixtures

PHONE, TABLET, LAPTOP, DESK = (390, 844), (820, 1180), (1280, 800), (1440, 900)
TWICE = (720, 450)
"""A desk at 200 %: half as many pixels of the style sheet."""
SIZES = {"phone": PHONE, "tablet": TABLET, "laptop": LAPTOP, "desk": DESK, "200 %": TWICE}
MISSED = "Denosumab nine months ago, and nothing since"

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
"""From npm; ``.ci/run`` installs it."""


@cache
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core")
    return AXE.read_text(encoding="utf-8")


THINNED = """
const built = (element) => [element, ...element.querySelectorAll("*")].map((each) => each.tagName + [...each.attributes]
  .map(({name, value}) => ["class", "role", "style", "type"].includes(name) || name.startsWith("aria-") ? name + value : name))
  .join().replace(/(aria-label|aria-controls|aria-describedby|aria-labelledby)[^,]*/g, "$1");
window.thinned = [];
for (const parent of document.querySelectorAll("main, main *")) {
  const seen = new Map();
  for (const child of [...parent.children]) {
    const like = built(child), before = seen.get(like) ?? 0;
    seen.set(like, before + 1);
    if (before >= arguments[0]) {
      window.thinned.push([parent, child, child.nextSibling]);
      child.remove();
    }
  }
}
"""
WHOLE = "for (const [parent, child, next] of window.thinned.reverse()) parent.insertBefore(child, next)"
ALIKE = 2
"""So many neighbors that are built alike are looked at, an odd and an even one: axe-core takes ten seconds for hundreds."""


class Visitor:
    """Somebody at the browser."""

    def __init__(self, browser: Chrome, address: str) -> None:
        """They look at a desk, in the light, unless they say otherwise before they come; what was said before is not theirs."""
        self._browser, self.address = browser, address
        self._before: tuple[tuple[int, int], str] | None = (DESK, "light")

    @property
    def browser(self) -> Chrome:
        """As they look at it: the page that another left there is drawn anew for one size at most."""
        if self._before:
            (size, scheme), self._before = self._before, None
            self.look(size, scheme)
            self._browser.get_log("browser")
        return self._browser

    def look(self, size: tuple[int, int] = DESK, scheme: str = "light") -> None:
        if self._before:
            self._before = (size, scheme)
            return
        self._browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
        )
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

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

    def turn(self, name: str, language: str = "en") -> None:
        """To another patient on the page that is open, as somebody who looks at one after the other; it is opened if it is not.
        It costs half of what opening it anew does."""
        of = f'.patient[data-name="{name}"]'
        if not self.all(of) or self.one("html").get_attribute("lang") != language:
            self.go(language=language, fixture=name)
            return
        self.js("document.querySelector(arguments[0]).click()", of)
        self.answered(fhir_fixtures.load(name).title[language])

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

    def unfold(self) -> None:
        self.js("for (const each of document.querySelectorAll('details')) each.open = true")

    def drawn(self) -> None:
        """Wait until what follows the size of the window has been drawn anew."""
        self.browser.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        )

    def violations(self) -> list[str]:
        """What axe-core calls serious or worse; what is built like its neighbors is taken away meanwhile. Skips the test, which
        has seen all else by then, where there is no axe-core."""
        self.js(THINNED, ALIKE)
        self.js(axe())
        found = self.browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")
        self.js(WHOLE)
        assert len(found["passes"]) > 10
        grave = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {node['target']}" for each in grave for node in each["nodes"]]

    def complaints(self) -> list[str]:
        """What the browser's console says, but for answers with an error status that a test asked for."""
        entries = self.browser.get_log("browser")
        return [entry["message"] for entry in entries if "Failed to load resource" not in entry["message"]]
