"""The SMART app in a real browser: launched from an EHR with a real OAuth 2 server, against the service as it is served."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

import fhir_fixtures
from cds_service.web.words import WORDS
from tests.integration import sekmet
from tests.web.ehr import CLIENT_ID, ENCOUNTER, USER, Ehr, free_port, running
from tests.web.visitor import PHONE, Visitor

TODAY = date(2026, 6, 15)
SCRIPTS = Path(__file__).parents[2] / "cds_service" / "web" / "static" / "smart"
LAUNCH = "secret-launch-id"
NAME = "Geheimnis"


class Site:
    """The service in a process of its own, with everything that it prints."""

    def __init__(self, folder: Path, ehr: Ehr, **more: str) -> None:
        self.address = f"http://127.0.0.1:{(port := free_port())}"
        (folder / "clients.toml").write_text(_clients(ehr), encoding="utf-8")
        settings = {"PORT": str(port), "CDS_CLIENTS": str(folder / "clients.toml"), "CDS_TODAY": TODAY.isoformat()}
        settings |= {"CDS_DATABASE_URL": f"sqlite:///{folder}/cds.db", "WEB_CONCURRENCY": "1", "CDS_PUBLIC_URL": self.address}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        self._log = (folder / "log").open("w+b")
        command = [sys.executable, "-m", "cds_service", "serve"]
        self.process = subprocess.Popen(
            command, env=kept | settings | more, stdout=self._log, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[2]
        )

    def listens(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.address}/healthz", timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
        return False

    @property
    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text(encoding="utf-8")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def _clients(ehr: Ehr) -> str:
    client = f'[[client]]\niss = "https://hooks.example.org"\njwks_url = "{ehr.base}/jwks"\n'
    smart = f'[client.smart]\nclient_id = "{CLIENT_ID}"\nissuer = "{ehr.base}"\nfhir_servers = ["{ehr.fhir}"]\n'
    return client + smart + f'origins = ["{ehr.base}"]\nframes = ["https://frame.example.org"]\n'


@pytest.fixture(scope="module")
def ehr() -> Iterator[Ehr]:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # on loopback
    with running() as made:
        made.resources = _record("hip-fracture")
        yield made
    del os.environ["AUTHLIB_INSECURE_TRANSPORT"]


def _record(name: str) -> list[dict[str, Any]]:
    """The record of a story as the EHR holds it, with ids and a name that no log may tell."""
    told = json.dumps(fhir_fixtures.load(name).shifted(TODAY).resources)
    ident = next(each["id"] for each in json.loads(told) if each["resourceType"] == "Patient")
    resources: list[dict[str, Any]] = json.loads(
        told.replace(f'"{ident}"', '"secret-patient"').replace(f"Patient/{ident}", "Patient/secret-patient")
    )
    for each in resources:
        if each["resourceType"] == "Patient":
            each["name"] = [{"family": NAME, "given": ["Li"]}]
    return resources


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, ehr: Ehr) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("smart"), ehr)
    end = time.monotonic() + 60
    while not made.listens():
        assert time.monotonic() < end, made.log
        time.sleep(0.1)
    ehr.redirect = f"{made.address}/smart"
    yield made
    made.stop()


@pytest.fixture
def clinician(chromium: Chrome, site: Site, ehr: Ehr) -> Iterator[Visitor]:
    visitor = Visitor(chromium, site.address)
    yield visitor
    ehr.behave()
    visitor.browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


def speak(visitor: Visitor, language: str) -> None:
    visitor.browser.execute_cdp_cmd("Network.enable", {})
    visitor.browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})


def launch(visitor: Visitor, ehr: Ehr, iss: str = "") -> None:
    visitor.browser.get(f"{visitor.address}/smart/launch?iss={iss or ehr.fhir}&launch={LAUNCH}")
    visitor.until(lambda: visitor.all(".card, .trouble, .letter"))


def trouble(visitor: Visitor) -> str:
    """The problem that the page shows, which is all that it shows."""
    assert visitor.all(".card") == []
    assert not visitor.one("#who").is_displayed()
    page = visitor.one(".trouble")
    assert page.get_attribute("role") == "alert"
    assert len(page.find_element(By.TAG_NAME, "p").text) > 20
    return str(page.get_attribute("data-problem"))


# -- a launch that goes well -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_clinician_who_launches_sees_the_patient_on_one_screen(clinician: Visitor, ehr: Ehr, language: str) -> None:
    speak(clinician, language)
    launch(clinician, ehr)
    assert clinician.one(".card").get_attribute("data-code") == "start-treatment"
    assert NAME in clinician.one("#who").text
    assert clinician.all(".bar, .over-time")
    assert clinician.one("html").get_attribute("lang") == ("en" if language == "en" else "zh-Hans")
    assert clinician.browser.current_url == f"{clinician.address}/smart", "the code is in no history"
    assert clinician.js("return localStorage.length + sessionStorage.length + document.cookie.length") == 0
    assert clinician.complaints() == []


def test_the_tokens_of_the_record_go_to_the_ehr_alone(clinician: Visitor, ehr: Ehr) -> None:
    launch(clinician, ehr)
    ours = clinician.js("return performance.getEntriesByType('resource').map(e => e.name)")
    assert {re.sub(r"(://[^/]*).*", r"\1", url) for url in ours} == {clinician.address, ehr.base}
    assert not any("secret" in url for url in ours if url.startswith(clinician.address))
    assert len(ehr.asked) > 10
    assert [path for path in ehr.asked if re.search(r"[|:]|//", path)] == [], "gateways refuse these or change them"


def test_what_is_accepted_is_noted_and_says_that_nothing_is_ordered(clinician: Visitor, ehr: Ehr) -> None:
    launch(clinician, ehr)
    card = clinician.one('.card[data-code="start-treatment"]')
    card.find_element(By.CSS_SELECTOR, ".suggestions button").click()
    told = clinician.until(lambda: card.find_element(By.CSS_SELECTOR, ".to-order").text)
    assert WORDS["smart.to-order"].en in told
    assert len(told.splitlines()) > 1, "the order, to be entered"
    assert not card.find_elements(By.CSS_SELECTOR, ".unstored")
    clinician.browser.get(f"{clinician.address}/governance?by=hook")
    row = clinician.until(lambda: clinician.named("tbody tr", WORDS["moment.smart"].en)).text
    assert re.search(r"\d+ 1 0 ", row), row


def test_what_is_set_aside_stays_so_for_this_user_and_patient(clinician: Visitor, ehr: Ehr) -> None:
    launch(clinician, ehr)
    card = clinician.one('.card[data-code="bmd-screening"]')
    card.find_element(By.TAG_NAME, "summary").click()
    form = card.find_element(By.TAG_NAME, "form")
    opener = next(each for each in card.find_elements(By.TAG_NAME, "button") if each.text == WORDS["cards.override"].en)
    opener.click()
    next(each for each in form.find_elements(By.TAG_NAME, "label") if "Patient declines" in each.text).click()
    form.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    clinician.until(lambda: card.find_elements(By.CSS_SELECTOR, ".verdict"))
    assert not card.find_elements(By.CSS_SELECTOR, ".unstored")

    def again() -> bool:
        launch(clinician, ehr)
        return not clinician.all('.card[data-code="bmd-screening"]')

    clinician.until(again)


def test_a_patient_who_launches_reads_their_own_page(clinician: Visitor, ehr: Ehr) -> None:
    ehr.user = "Patient/secret-patient"
    launch(clinician, ehr)
    assert len(clinician.all(".letter .step")) == 3
    assert clinician.all(".card") == []


def test_the_link_of_a_card_opens_that_card(clinician: Visitor, ehr: Ehr) -> None:
    ehr.extra = {"appContext": json.dumps({"card": "routine-care"}), "need_patient_banner": False}
    launch(clinician, ehr)
    opened = clinician.until(lambda: clinician.js("return document.activeElement.closest('.card')?.dataset.code"))
    assert opened == "routine-care"
    assert not clinician.one("#who").is_displayed()


def test_without_an_ehr_the_only_one_is_opened_and_the_user_chooses_a_patient_there(clinician: Visitor, ehr: Ehr) -> None:
    clinician.browser.get(f"{clinician.address}/smart/launch")
    clinician.until(lambda: clinician.all(".card"))


def test_the_pages_of_a_search_are_read_to_the_end(clinician: Visitor, ehr: Ehr) -> None:
    kept = ehr.resources
    other = {"resourceType": "Condition", "subject": {"reference": "Patient/secret-patient"}, "code": {"text": "hay fever"}}
    ehr.resources = [*({**other, "id": f"c{number}"} for number in range(45)), *kept]
    try:
        launch(clinician, ehr)
        assert sum("/Condition" in path for path in ehr.asked) >= 3
        assert clinician.one(".card").get_attribute("data-code") == "start-treatment", "the fracture is on the last page"
    finally:
        ehr.resources = kept


def test_the_record_of_a_real_fhir_server_gives_the_same_screen(clinician: Visitor, ehr: Ehr, tmp_path: Path) -> None:
    """Behind the EHR's tokens stands a FHIR server that knows nothing of us: its searches, its pages, its links."""
    launch(clinician, ehr)
    told = [each.text for each in clinician.all(".card summary")]
    try:
        with sekmet.running(tmp_path) as server:
            assert server.put(ehr.resources) == []
            ehr.behind = (server.base, sekmet.TOKEN)
            launch(clinician, ehr)
            assert len(ehr.asked) > 20
            assert [each.text for each in clinician.all(".card summary")] == told
    except sekmet.NotInstalledError as why:
        pytest.skip(str(why))
    finally:
        ehr.behind = None


def test_the_launch_says_the_language_and_a_button_changes_it(clinician: Visitor, ehr: Ehr) -> None:
    speak(clinician, "en")
    clinician.browser.get(f"{clinician.address}/smart/launch?iss={ehr.fhir}&launch={LAUNCH}&lang=zh")
    clinician.until(lambda: clinician.all(".card"))
    assert clinician.one("html").get_attribute("lang") == "zh-Hans"
    assert "髋部骨折" in clinician.one(".bar .advice").text
    assert clinician.browser.current_url == f"{clinician.address}/smart", "the code is in no history"
    asked = len(ehr.asked)
    clinician.one("#language").click()
    clinician.until(lambda: "hip fracture" in clinician.one(".bar .advice").text)
    assert clinician.one("html").get_attribute("lang") == "en"
    assert clinician.one("#language").text == "中文"
    assert len(ehr.asked) == asked, "the record is not read again"
    assert clinician.complaints() == []


# -- a launch that does not --------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "state": ({"state": "another"}, set(), "state"),
    "audience": ({"audience": "another-app"}, set(), "audience"),
    "expired": ({"life": -600}, set(), "expired"),
    "issuer": ({"issuer": "https://evil.example.org"}, set(), "issuer"),
    "nonce": ({"nonce": "another"}, set(), "nonce"),
    "no openid": ({}, {"openid"}, "scopes"),
    "no observations": ({}, {"Observation"}, "scopes"),
    "declined": ({"denied": True}, set(), "denied"),
    "no patient": ({"no-patient": True}, set(), "no-patient"),
    "no PKCE": ({"challenges": ["plain"]}, set(), "pkce"),
    "tokens elsewhere": ({"token-endpoint": "https://evil.example.org/token"}, set(), "elsewhere"),
    "tokens in the clear": ({"token-endpoint": "http://evil.example.org/token"}, set(), "configuration"),
    "another's signature": ({"tampered": True}, set(), "not-accepted"),
    "an unknown key": ({"kid": "another"}, set(), "not-accepted"),
    "no record": ({"broken": ["Patient"]}, set(), "unreadable"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_goes_wrong_has_a_page_of_its_own(clinician: Visitor, ehr: Ehr, case: str) -> None:
    ehr.wrong, ehr.withheld, problem = WRONG[case]
    launch(clinician, ehr)
    assert trouble(clinician) == problem
    assert clinician.js("return document.activeElement.tagName") == "H1"
    if problem not in ("not-accepted", "unreadable"):
        assert ehr.asked == [], "nothing was read"


ENOUGH = ("launch openid patient/*.rs", "openid user/*.read", "openid user/*.*", "openid patient/*.cruds")
PART = "openid patient/Patient.rs patient/Condition.rs patient/MedicationRequest.rs patient/Observation.rs?code=x"
NOT_ENOUGH = (
    "",
    "openid",
    "patient/*.rs",
    "openid patient/*.r",
    "openid patient/*.s",
    "openid patient/*.cud",
    "openid system/*.rs",
)
JUDGED = """
const [scopes, done] = arguments;
import("/static/smart/tokens.js").then(({ lacking }) => done(scopes.map((scope) => {
  try { lacking(scope.split(/\\s+/)); return true; } catch { return false; }
})));
"""


def test_what_is_granted_in_other_words_is_enough_and_a_part_is_not(clinician: Visitor, ehr: Ehr) -> None:
    clinician.browser.get(f"{clinician.address}/smart")
    for scopes, enough in ((ENOUGH, True), ((*NOT_ENOUGH, PART), False)):
        judged = clinician.browser.execute_async_script(JUDGED, scopes)
        assert dict(zip(scopes, judged, strict=True)) == dict.fromkeys(scopes, enough)


def test_a_launch_that_is_granted_enough_in_other_words_is_whole(clinician: Visitor, ehr: Ehr) -> None:
    ehr.extra = {"scope": ENOUGH[1]}
    launch(clinician, ehr)
    assert clinician.all(".card")
    assert not clinician.all(".partial")


@pytest.mark.parametrize("scope", ["openid", PART])
def test_a_launch_that_is_granted_a_part_reads_nothing(clinician: Visitor, ehr: Ehr, scope: str) -> None:
    ehr.extra = {"scope": scope}
    launch(clinician, ehr)
    assert trouble(clinician) == "scopes"
    assert ehr.asked == []


def test_every_problem_says_what_happened_and_what_to_do() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js"))
    named = {*re.findall(r'Problem\("([a-z-]+)"', scripts), *re.findall(r'(?:iss|aud|azp|nonce): "([a-z-]+)"', scripts)}
    named |= {each for pair in re.findall(r'Problem\([^;]*?\? "([a-z-]+)" : "([a-z-]+)"', scripts) for each in pair}
    assert {problem for _, _, problem in WRONG.values()} <= named
    assert [key for key in named if not {f"smart.{key}", f"smart.{key}-do"} <= WORDS.keys()] == []


def test_a_server_that_is_not_registered_is_never_asked(clinician: Visitor, ehr: Ehr) -> None:
    launch(clinician, ehr, "https://evil.example.org/fhir")
    assert trouble(clinician) == "unregistered"
    asked = clinician.js("return performance.getEntriesByType('resource').map(e => e.name)")
    assert all(url.startswith(clinician.address) for url in asked)


@pytest.mark.parametrize("address", ["/smart", "/smart?code=x&state=y"])
def test_an_answer_that_nobody_asked_for_is_not_taken(clinician: Visitor, address: str) -> None:
    clinician.browser.get(clinician.address + address)
    clinician.until(lambda: clinician.all(".trouble"))
    assert trouble(clinician) == "begun"


def test_a_query_that_fails_is_said_before_the_cards(clinician: Visitor, ehr: Ehr) -> None:
    ehr.wrong, ehr.withheld = {"broken": ["AllergyIntolerance"]}, {"Procedure"}
    launch(clinician, ehr)
    assert "2" in clinician.one(".partial").text
    assert clinician.all(".card")


# -- whoever looks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{}, {"state": "another"}])
def test_axe_finds_nothing_serious_in_the_app(clinician: Visitor, ehr: Ehr, wrong: dict[str, str]) -> None:
    ehr.wrong = wrong
    launch(clinician, ehr)
    clinician.unfold()
    for scheme in ("light", "dark"):
        clinician.look(scheme=scheme)
        clinician.drawn()
        assert clinician.violations() == [], scheme


def test_the_app_fits_a_phone(clinician: Visitor, ehr: Ehr) -> None:
    clinician.look(PHONE)
    launch(clinician, ehr)
    assert not clinician.overflows()


# -- what is told to whom ------------------------------------------------------------------------------------------------------


def test_no_token_and_no_id_reaches_the_log_of_a_whole_launch(clinician: Visitor, site: Site, ehr: Ehr) -> None:
    """Launched, accepted, set aside in words, refused, failed: the log of all of it, and of the tests before."""
    launch(clinician, ehr)
    card = clinician.one('.card[data-code="start-treatment"]')
    card.find_element(By.CSS_SELECTOR, ".suggestions button").click()
    clinician.until(lambda: card.find_elements(By.CSS_SELECTOR, ".to-order"))
    for wrong in ({"tampered": True}, {"life": -600}, {"broken": ["Patient"]}):
        ehr.wrong = wrong
        launch(clinician, ehr)
    log = site.log
    assert all(f'"event": "{event}"' in log for event in ("smart", "feedback", "refused"))
    told = {LAUNCH, NAME, USER, ENCOUNTER, "secret-patient", "secret-subject", "secret-user", *ehr.secrets}
    assert len(ehr.secrets) > 20
    assert [each for each in told if each in log] == []
