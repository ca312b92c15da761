"""As it looks: at any size, in both schemes, in print, and to axe-core."""

from __future__ import annotations

import pytest

import fhir_fixtures
from tests.each import ALL
from tests.web.test_pages import ADDRESSES, API
from tests.web.visitor import PHONE, SIZES, Visitor

HELD = {"light": ("denosumab-missed", "healthy"), "dark": ("complex-orders", "bmd-falling")}
SEEN = [name for some in HELD.values() for name in some]


BOTH = pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
WIDE = "return [...document.querySelectorAll('.strip-svg')].every(e => e.getBoundingClientRect().right <= innerWidth)"


@BOTH
@pytest.mark.parametrize("name", SEEN)
def test_the_screen_of_a_patient_fits_any_size_and_axe_finds_nothing_serious(
    visitor: Visitor, name: str, language: str, scheme: str
) -> None:
    """One visit, which begins on a phone: that is where what is folded depends on the size. Each patient is held to axe-core in
    one scheme; `make laws`: in both."""
    visitor.look(PHONE, scheme)
    visitor.go(language=language, fixture=name)
    visitor.unfold()
    for size, pixels in SIZES.items():
        visitor.look(pixels, scheme)
        visitor.drawn()
        visitor.keep(f"{size}-{language}-{name}")
        assert not visitor.overflows(), size
        assert visitor.js(WIDE), size
    if ALL or name in HELD[scheme]:
        visitor.look(scheme=scheme)
        visitor.drawn()
        assert visitor.violations() == []


@pytest.mark.parametrize("name", ["denosumab-missed", "bmd-falling"])
def test_in_print_everything_is_told_of_whom_and_nothing_is_to_press(visitor: Visitor, name: str) -> None:
    visitor.go(fixture=name)
    visitor.until(lambda: visitor.all(".card"))
    folded = len(visitor.all(".card > details:not([open])"))
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    visitor.until(lambda: not visitor.all(".card > details:not([open]), .bar details:not([open])"))
    visitor.keep(f"print-{name}")
    assert visitor.one(".bar .advice").is_displayed()
    assert visitor.one(".picture").is_displayed()
    assert all(each.is_displayed() for each in visitor.all(".card .detail"))
    patient = fhir_fixtures.load(name).resources[0]
    who = visitor.one("#story-who").text
    assert patient["name"][0]["text"] in who
    assert f"id {name}" in who
    assert "born" in who
    assert not any(each.is_displayed() for each in visitor.all(".bar .order, .suggestions, .tools, .patients, .moment, .wire"))
    assert len(visitor.browser.print_page()) > 10_000
    visitor.look()
    visitor.until(lambda: len(visitor.all(".card > details:not([open])")) == folded)


CONTRAST = """
const light = c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const of = color => color.match(/[0-9.]+/g).slice(0, 3).map(c => light(c / 255))
  .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], .05);
const seen = [...document.querySelectorAll('#api pre')].find(each => each.querySelector('code'));
const both = [of(getComputedStyle(seen.querySelector('code')).color), of(getComputedStyle(seen).backgroundColor)];
return Math.max(...both) / Math.min(...both)
"""


def test_the_examples_of_the_api_page_can_be_read_in_the_dark_and_the_other_language_is_in_sight(visitor: Visitor) -> None:
    """In the light and in English: `test_api_page.py`. The page takes five seconds of processor to draw."""
    visitor.look(PHONE, "dark")
    visitor.go(API, language="zh")
    visitor.until(lambda: visitor.all(".opblock-summary-control"))[1].click()
    visitor.until(lambda: visitor.all("#api pre code"))
    examples_can_be_read(visitor)


def examples_can_be_read(visitor: Visitor) -> None:
    assert float(visitor.js(CONTRAST)) >= 4.5, "WCAG 1.4.3"
    assert not visitor.overflows()
    assert visitor.js("return document.querySelector('.top .language').getBoundingClientRect().right <= innerWidth")


@BOTH
@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_fits_a_phone_and_axe_finds_nothing_serious(visitor: Visitor, path: str, language: str, scheme: str) -> None:
    """To axe-core all in the dark, every second also in the light; `make laws`: all."""
    visitor.look(PHONE, scheme)
    visitor.go(path, language=language)
    visitor.unfold()
    assert not visitor.overflows()
    visitor.look(scheme=scheme)
    if path == "/":
        visitor.until(lambda: visitor.all(".card .suggestions button"))[0].click()
        visitor.until(lambda: visitor.all(".outcome .stored"))
    if ALL or scheme == "dark" or ADDRESSES.index(path) % 2 == 0:
        visitor.unfold()
        assert visitor.violations() == []


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
