"""What is left to decide once something was ordered or set aside on the page."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

import fhir_fixtures
from cards.engine.findings import CRITICAL
from cards.words.options import label
from cds_service.web.playground.ordered import Decided, added, left
from tests.web.test_screen import told

Json = dict[str, Any]


def order_of(client: FlaskClient, name: str, code: str) -> tuple[str, list[Json]]:
    """The recommended suggestion of a card, as the page takes it up: its label and its resources."""
    request = opened(client, fixture=name)["request"]
    answer = client.post(f"/cds-services/osteoporosis-{request['hook']}", json=request).json
    card = next(card for card in answer["cards"] if card["source"]["topic"]["code"] == code)
    chosen = next(each for each in card["suggestions"] if each.get("isRecommended"))
    return chosen["label"], [a["resource"] | {"id": f"new-{n}"} for n, a in enumerate(chosen["actions"]) if "resource" in a]


def opened(client: FlaskClient, **asked: Any) -> Json:
    answer = client.post("/playground/open", json=asked)
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def test_an_order_is_among_the_drafts_of_the_picture_and_is_judged(client: FlaskClient) -> None:
    label, orders = order_of(client, "denosumab-missed", "denosumab-sequence")
    asked = {"fixture": "denosumab-missed", "ordered": orders, "decided": [{"code": "denosumab-sequence", "label": label}]}
    found = opened(client, **asked)
    assert found["decided"] == ["denosumab-sequence"]
    assert found["sign"]["hook"] == "order-sign"
    assert [(each["drug"], each["verdict"]) for each in found["screen"]["safe"]] == [("denosumab", "yes")]
    assert found["screen"]["order"].startswith("Order lateral X-ray")
    assert label not in [each["what"] for each in found["screen"]["next"]]


def test_what_is_asked_before_a_switch_is_asked_still_once_it_is_a_draft(client: FlaskClient) -> None:
    label, orders = order_of(client, "bmd-falling", "bmd-response")
    asked = {"fixture": "bmd-falling", "ordered": orders, "decided": [{"code": "bmd-response", "label": label}]}
    found = opened(client, **asked)["screen"]
    assert [(each["drug"], each["word"]) for each in found["safe"]] == [("zoledronate", "Yes, after the first step")]
    ahead = {each["what"]: each["day"] for each in found["next"]}
    assert next(iter(ahead)).startswith("Ask whether alendronate was taken")
    assert "Then zoledronate again" in ahead


def test_the_dose_after_a_draft_keeps_its_day(client: FlaskClient) -> None:
    before = {each["what"]: each["day"] for each in opened(client, fixture="denosumab-missed")["screen"]["next"]}
    label, orders = order_of(client, "denosumab-missed", "denosumab-sequence")
    asked = {"fixture": "denosumab-missed", "ordered": orders, "decided": [{"code": "denosumab-sequence", "label": label}]}
    after = {each["what"]: each["day"] for each in opened(client, **asked)["screen"]["next"]}
    assert after["Then denosumab again"] == before["Then denosumab again"]


def test_what_a_card_that_was_set_aside_asked_for_is_asked_no_more(client: FlaskClient) -> None:
    found = opened(client, fixture="bmd-falling", decided=[{"code": "bmd-response", "label": ""}])["screen"]
    assert not [each for each in found["next"] if each["what"].startswith("Ask whether")]


def test_a_test_that_was_ordered_is_due_no_longer(client: FlaskClient) -> None:
    label, orders = order_of(client, "denosumab-missed", "tests-due")
    found = opened(client, fixture="denosumab-missed", ordered=orders, decided=[{"code": "tests-due", "label": label}])
    assert "tests-due" not in found["decided"]
    request = found["request"]
    answer = client.post("/cds-services/osteoporosis-patient-view", json=request).json
    (card,) = (card for card in answer["cards"] if card["source"]["topic"]["code"] == "tests-due")
    assert label not in [each["label"] for each in card["suggestions"]]


@pytest.mark.parametrize("name", fhir_fixtures.names()[::4])
def test_what_is_decided_is_never_more_than_what_was_chosen(name: str) -> None:
    view = told(name)
    for finding in view.findings:
        for option in finding.options:
            chosen = [Decided(finding.code, label(option, "en", view.chart))]
            rest = left(view.findings, chosen, view.chart, "en")
            assert {each.code for each in rest.done} <= {finding.code}
            assert [each.code for each in rest.findings] == [
                each.code for each in view.findings if each.code not in {done.code for done in rest.done}
            ]


@pytest.mark.parametrize("name", fhir_fixtures.names()[::4])
def test_what_is_critical_is_not_set_aside(name: str) -> None:
    view = told(name)
    rest = left(view.findings, [Decided(each.code) for each in view.findings], view.chart, "en")
    checks = [each.code for each in rest.findings]
    assert {each.code for each in view.findings if each.indicator is CRITICAL} <= set(checks)
    assert CRITICAL not in {each.indicator for each in rest.done}


def test_a_check_of_orders_says_itself_whether_it_still_objects() -> None:
    view = told("complex-orders")
    first = view.findings[0]
    chosen = [Decided(first.code, label(first.options[0], "en", view.chart))]
    assert left(view.findings, chosen, view.chart, "en").done == []


def test_what_is_on_record_already_is_changed_and_not_there_twice() -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition", "id": "a"}}]}
    new = {"resourceType": "Condition", "id": "a", "note": []}
    assert added(bundle, [new])["entry"] == [{"resource": new}]
    assert bundle["entry"] != [{"resource": new}]


@pytest.mark.parametrize("wrong", [{"ordered": {}}, {"ordered": ["x"]}, {"decided": {}}, {"decided": ["x"]}, {"decided": [{}]}])
def test_what_is_no_order_is_refused(client: FlaskClient, wrong: Json) -> None:
    assert client.post("/playground/open", json={"fixture": "healthy", **wrong}).status_code == 400


@pytest.mark.parametrize(
    ("language", "when", "word"), [("en", "15 Jun 2026", "(assumed)"), ("zh", "2026年6月15日", "（假设）")]
)
@pytest.mark.parametrize("assumed", [{"egfr": 28}, {"vitd": 12}, {"t": -3.2}])
@pytest.mark.parametrize("name", ["denosumab-missed", "man-untreated"])
def test_no_assumed_value_has_a_day(client: FlaskClient, name: str, assumed: Json, language: str, when: str, word: str) -> None:
    answer = client.post(f"/playground/open?lang={language}", json={"fixture": name, "assumed": assumed}).json
    (value,) = assumed.values()
    number = f"{value:g}".replace("-", "−")
    texts = [card[key] for card in answer["imagined"]["cards"] for key in ("summary", "detail")]
    lines = [line for text in texts for line in text.splitlines() if number in line]
    assert not [line for line in lines if when in line]
    for check in (check for each in answer["screen"]["safe"] for check in each["checks"]):
        if number in check.get("said", ""):
            assert check["day"] == word.strip("()（）")
    marks = [
        m for g in answer["screen"]["groups"] for s in g["strips"] for m in s["marks"] if m.get("said", "").startswith(number)
    ]
    assert {m["day"] for m in marks} <= {word.strip("()（）")}
    assert marks


def test_a_referral_that_is_a_draft_is_to_be_signed_and_not_called_ordered(client: FlaskClient) -> None:
    label, orders = order_of(client, "kidney-rising-pth", "active-vitamin-d")
    asked = {"fixture": "kidney-rising-pth", "ordered": orders, "decided": [{"code": "active-vitamin-d", "label": label}]}
    assert label == "Referral to nephrology"
    assert not [each for each in opened(client, **asked)["screen"]["next"] if each["what"].casefold().endswith(": ordered")]
    orders = [each | {"status": "active"} for each in orders]
    ahead = [each["what"].casefold() for each in opened(client, **asked | {"ordered": orders})["screen"]["next"]]
    assert "referral to nephrology: ordered" in ahead
