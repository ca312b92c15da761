"""The SMART app speaks the language that the launch asks for, else the browser's, and changes it without a new launch."""

from __future__ import annotations

from tests.web.ehr import Ehr
from tests.web.test_browser import Visitor
from tests.web.test_smart import LAUNCH, clinician, ehr, site, speak  # noqa: F401  fixtures


def test_the_launch_says_the_language_and_a_button_changes_it(clinician: Visitor, ehr: Ehr) -> None:  # noqa: F811
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
