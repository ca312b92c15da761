"""Feedback, repetition and shadow mode, as a client sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cds_service.store.tables import FEEDBACK, SHOWN
from tests.each import for_each
from tests.protocol.conftest import OSTEOPOROSIS, Json, Service
from tests.protocol.fhir_server import bundle
from tests.protocol.test_service import assert_outcome
from tests.store.test_store import count, engine_of, eventually

WHEN = "2026-11-21T23:46:42.837Z"
REASON = {"reason": {"code": "patient-refuses", "system": "urn:x"}, "userComment": "Frau Zhang will nicht"}
Started = Callable[..., Service]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/cds.db"


@pytest.fixture
def start(database: str) -> Iterator[Started]:
    """Makes services as a worker has them: with the store at work."""
    made: list[Service] = []

    def make(**settings: Any) -> Service:
        service = Service(**({"database_url": database} | settings))
        service.http.application.extensions["store"].start()
        made.append(service)
        return service

    yield make
    for service in made:
        service.http.application.extensions["store"].close()


@pytest.fixture
def service(start: Started) -> Service:
    """One for many bodies: each adds to what is stored."""
    service = start()
    service.http.application.extensions["store"].migrate()
    return service


def item(**members: Any) -> Json:
    return {"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": WHEN} | members


def without(member: str) -> Json:
    return {key: value for key, value in item().items() if key != member}


def send(service: Service, body: Any, hook: str = "patient-view", **options: Any) -> Any:
    return service.http.post(f"/cds-services/osteoporosis-{hook}/feedback", **({"json": body} | options))


@for_each(
    "body",
    [
        {"feedback": [item()]},
        {"feedback": [item(overrideReason=REASON), item(overrideReason={"reason": {"code": "x"}}), item(overrideReason={})]},
        {"feedback": [item(outcome="accepted", acceptedSuggestions=[{"id": "s1"}, {"id": "s2"}])]},
        {"feedback": [item(outcomeTimestamp="2026-11-22t07:46:42+08:00", overrideReason=None, acceptedSuggestions=None)]},
        {"feedback": [item(card="not-a-uuid", extension={"org.x": 1}, more=[1])], "extension": {}},
        item(outcome="accepted", acceptedSuggestions=[{"id": "s1"}]),
    ],
    ids=json.dumps,
)
def test_feedback_is_stored_and_acknowledged_e1_e3_e4_e5(service: Service, database: str, body: Json) -> None:
    before = count(database, FEEDBACK)
    answer = send(service, body)
    items = body.get("feedback", [body])
    assert (answer.status_code, answer.json) == (200, {"received": len(items)})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert count(database, FEEDBACK) == before + len(items)


def test_an_empty_list_is_fine_e6(start: Started) -> None:
    assert send(start(), {"feedback": []}).status_code == 200


@for_each(
    "told",
    [
        (without("card"), "card"),
        (without("outcome"), "outcome"),
        (without("outcomeTimestamp"), "outcomeTimestamp"),
        (item(card=7), "card"),
        (item(card=""), "card"),
        (item(card="a\0b"), "card"),
        (item(outcome="ignored"), "outcome"),
        (item(outcomeTimestamp="2026-11-21T23:46:42"), "outcomeTimestamp"),
        (item(outcomeTimestamp="2026-11-21"), "outcomeTimestamp"),
        (item(outcomeTimestamp="1700000000"), "outcomeTimestamp"),
        (item(outcomeTimestamp=1700000000), "outcomeTimestamp"),
        (item(outcomeTimestamp="0001-01-01T00:00:00+14:00"), "outcomeTimestamp"),
        (item(outcome="accepted"), "feedback[1]"),
        (item(outcome="accepted", acceptedSuggestions=[]), "feedback[1]"),
        (item(outcome="accepted", acceptedSuggestions=["s1"]), "acceptedSuggestions[0]"),
        (item(overrideReason="geheim"), "overrideReason"),
        (item(overrideReason={"reason": "geheim"}), "overrideReason.reason"),
        (item(overrideReason={"reason": {"system": "geheim"}}), "overrideReason.reason.code"),
        (item(overrideReason={"userComment": ["geheim"]}), "overrideReason.userComment"),
        ("geheim", "feedback[1]"),
        (None, "feedback[1]"),
    ],
)
def test_what_is_wrong_is_named_and_costs_no_other_entry_e3_e4_e5_e6(
    service: Service, database: str, told: tuple[Any, str]
) -> None:
    wrong, place = told
    before = count(database, FEEDBACK)
    answer = send(service, {"feedback": [item(), wrong]})
    assert (answer.status_code, answer.json["received"]) == (200, 1)
    (issue,) = answer.json["refused"]["issue"]
    assert place in issue["diagnostics"]
    assert all(each.startswith("feedback[1]") for each in issue["expression"])
    assert "geheim" not in answer.text
    alone = send(service, {"feedback": [wrong]})
    assert alone.status_code == 400
    assert_outcome(alone)
    assert place.replace("[1]", "[0]") in alone.json["issue"][0]["diagnostics"]
    assert "geheim" not in alone.text
    assert count(database, FEEDBACK) == before + 1


@for_each(
    "body",
    [b"", b"[]", b"null", b"{}", b'{"feedback": {}}', b'{"feedback": null}', b"\xff", b"[" * 5000, b'{"card": "\\ud800"}'],
)
def test_another_body_is_400_e2(service: Service, body: bytes) -> None:
    answer = send(service, None, json=None, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert_outcome(answer)


def test_a_replay_late_and_batched_adds_nothing_e6(start: Started, database: str) -> None:
    service = start()
    first, second = item(), item()
    for batch in ([first], [first, second], [second | {"card": second["card"].upper()}]):
        assert send(service, {"feedback": batch}).status_code == 200
    assert count(database, FEEDBACK) == 2


def test_unknown_services_and_other_methods_are_told_as_elsewhere_t8_t9(start: Started) -> None:
    service = start()
    for answer, status in (
        (send(service, {"feedback": []}, hook="no-such-hook"), 404),
        (service.http.get("/cds-services/osteoporosis-patient-view/feedback"), 405),
        (send(service, None, json=None, data=b"{}", content_type="text/plain"), 415),
    ):
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert_outcome(answer)


def test_without_its_database_hooks_answer_and_feedback_says_503(start: Started, tmp_path: Path) -> None:
    (tmp_path / "cds.db").mkdir()  # a folder is no database
    service = start()
    assert service.cards(service.request())
    for answer in (send(service, {"feedback": [item()]}), service.http.get("/readyz")):
        assert answer.status_code == 503
        assert_outcome(answer)
    assert service.http.get("/healthz").status_code == 200
    (tmp_path / "cds.db").rmdir()
    assert service.http.get("/readyz").status_code == 200
    assert send(service, {"feedback": [item()]}).status_code == 200


# -- repetition ---------------------------------------------------------------------------------------------------


def untreated(service: Service, **members: Any) -> Json:
    """A request that gives `start-treatment` (warning) and `tests-due` (info)."""
    request = service.request(**members)
    request["prefetch"] |= {"administrations": bundle()}
    return request


def override(service: Service, code: str, request: Json, reason: Json = REASON) -> None:
    """Set a card aside, and wait until this is known."""
    card = service.cards(request)[code]
    now = datetime.now(UTC).isoformat()
    assert (
        send(service, {"feedback": [item(card=card["uuid"], outcomeTimestamp=now, overrideReason=reason)]}).status_code == 200
    )


def test_a_card_that_was_set_aside_is_not_shown_again_until_its_facts_change(start: Started) -> None:
    service = start()
    request = untreated(service)
    assert {"start-treatment", "tests-due"} <= service.cards(request).keys()
    override(service, "start-treatment", request)
    assert eventually(lambda: "start-treatment" not in service.cards(request))
    assert "tests-due" in service.cards(request), "another card"
    other = request | {"context": request["context"] | {"userId": "Practitioner/8"}}
    assert "start-treatment" in service.cards(other), "another practitioner"
    again = request | {"context": request["context"] | {"userId": "https://ehr.example.org/fhir/Practitioner/7"}}
    assert "start-treatment" not in service.cards(again), "the same practitioner"
    fracture = OSTEOPOROSIS | {
        "id": "c2",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "S72.0"}]},
        "onsetDateTime": "2026-05-01",
    }
    changed = request | {"prefetch": request["prefetch"] | {"conditions": bundle(OSTEOPOROSIS, fracture)}}
    assert "start-treatment" in service.cards(changed), "new facts"
    metrics = service.http.get("/metrics").text
    assert 'cds_cards_suppressed_total{code="start-treatment"}' in metrics
    assert 'cds_feedback_total{outcome="overridden"}' in metrics


LATER = {"reason": {"code": "reconsider-later", "system": "urn:osteoporosis-cds:override-reason"}}


def in_encounter(request: Json, encounter: str) -> Json:
    return request | {"context": request["context"] | {"encounterId": encounter}}


def test_what_is_to_be_reconsidered_later_rests_until_the_next_encounter_only(start: Started) -> None:
    service = start()
    now, later = in_encounter(untreated(service), "e1"), in_encounter(untreated(service), "e2")
    override(service, "start-treatment", now, LATER)
    assert eventually(lambda: "start-treatment" not in service.cards(now)), "the same encounter"
    assert "start-treatment" in service.cards(later), "the next one"
    assert "start-treatment" in service.cards(untreated(service)), "a call that does not say which"
    override(service, "start-treatment", later)
    assert eventually(lambda: "start-treatment" not in service.cards(later)), "another reason"
    assert "start-treatment" not in service.cards(in_encounter(now, "e3")), "rests beyond the encounter"


def test_without_an_encounter_what_is_to_be_reconsidered_later_rests_for_the_day(start: Started) -> None:
    today = start(today_is=date(2026, 6, 15))
    request = untreated(today)
    override(today, "start-treatment", request, LATER)
    assert eventually(lambda: "start-treatment" not in today.cards(request))
    same = start(today_is=date(2026, 6, 15))
    assert eventually(lambda: "start-treatment" not in same.cards(request)), "whatever process is asked"
    tomorrow = start(today_is=date(2026, 6, 16))
    override(tomorrow, "tests-due", request)
    assert eventually(lambda: "tests-due" not in tomorrow.cards(request)), "it has read what was set aside"
    assert "start-treatment" in tomorrow.cards(request)


def test_a_critical_card_is_shown_again_and_again(start: Started) -> None:
    service = start()
    request = service.request()
    override(service, "denosumab-sequence", request)
    override(service, "routine-care", request)
    assert eventually(lambda: "routine-care" not in service.cards(request))
    assert "denosumab-sequence" in service.cards(request)


def test_silence_outlives_the_process_and_can_be_switched_off(start: Started) -> None:
    service = start()
    request = untreated(service)
    override(service, "start-treatment", request)
    other = start()
    assert eventually(lambda: "start-treatment" not in other.cards(request))
    assert "start-treatment" in start(suppress_days=0).cards(request)


def measured(service: Service, *heights: tuple[float, str], **more: Json) -> Json:
    """A request about a woman whose height was measured so often; ``more``: other prefetch keys."""
    request = untreated(service)
    request["prefetch"] |= {"body": bundle(*(height(cm, day) for cm, day in heights))} | more
    return request


def height(cm: float, day: str) -> Json:
    return {
        "resourceType": "Observation",
        "id": f"height-{day}",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
        "effectiveDateTime": day,
        "valueQuantity": {"value": cm, "system": "http://unitsofmeasure.org", "code": "cm"},
    }


BEFORE, AFTER = (160.0, "2024-06-01"), (157.5, "2026-05-01")
BACK_PAIN = OSTEOPOROSIS | {
    "id": "c2",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M54.5"}]},
    "onsetDateTime": "2026-05-20",
}


def aged(database: str, days: int) -> None:
    """Let so many days pass over all that is on record."""
    with engine_of(database).begin() as connection:
        for table, columns in ((SHOWN, ("shown_at", "rests_until")), (FEEDBACK, ("outcome_at", "received_at"))):
            for row in connection.execute(table.select()).mappings().all():
                values = {name: row[name] and row[name] - timedelta(days=days) for name in columns}
                connection.execute(table.update().where(table.c.id == row["id"]).values(values))


def test_lost_height_that_was_set_aside_rests_for_two_years_unless_more_is_lost(start: Started, database: str) -> None:
    service = start()
    request = measured(service, BEFORE, AFTER)
    override(service, "vertebral-imaging", request)
    assert eventually(lambda: "vertebral-imaging" not in service.cards(request))
    for now, silent in ((157.5, True), (157.9, True), (158.0, True), (157.0, True), (156.9, False), (154.0, False)):
        again = measured(service, BEFORE, AFTER, (now, "2026-06-10"))
        assert ("vertebral-imaging" not in service.cards(again)) == silent, f"measured anew: {now} cm"
    pain = measured(service, BEFORE, AFTER, conditions=bundle(OSTEOPOROSIS, BACK_PAIN))
    assert "vertebral-imaging" in service.cards(pain), "new back pain is news"
    aged(database, 700)  # 24 months are 730 days or 731
    later = start()
    assert eventually(lambda: "vertebral-imaging" not in later.cards(request))
    aged(database, 33)
    assert "vertebral-imaging" in start().cards(request)


def test_back_pain_that_was_set_aside_rests_no_longer_than_others(start: Started, database: str) -> None:
    service = start()
    for request in (
        measured(service, conditions=bundle(OSTEOPOROSIS, BACK_PAIN)),
        measured(service, BEFORE, AFTER, conditions=bundle(OSTEOPOROSIS, BACK_PAIN)),
    ):
        override(service, "vertebral-imaging", request)
        assert eventually(lambda request=request: "vertebral-imaging" not in service.cards(request))
    assert "vertebral-imaging" in service.cards(measured(service, BEFORE, AFTER)), "lost height alone was not set aside"
    aged(database, 91)
    later = start()
    override(later, "tests-due", request)
    assert eventually(lambda: "tests-due" not in later.cards(request)), "all is recalled by now"
    assert "vertebral-imaging" in later.cards(request)


# -- what was clarified -------------------------------------------------------------------------------------------

CLARIFIED = {"reason": {"code": "clarified", "system": "urn:osteoporosis-cds:override-reason"}}
BROKEN = OSTEOPOROSIS | {
    "id": "c2",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M80.08"}], "text": "vertebral fracture"},
    "onsetDateTime": "2026-04-01",
}


def anemic(service: Service, *values: tuple[float, str], **more: Any) -> Json:
    """A request about a woman with a vertebral fracture and these hemoglobins: drugs wait until myeloma is excluded."""
    request = untreated(service)
    found = [
        height(value, day)
        | {
            "id": f"hb-{day}",
            "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "g/dL"},
        }
        for value, day in values
    ]
    request["prefetch"] |= {"workUp": bundle(*found), "conditions": bundle(OSTEOPOROSIS, BROKEN)} | more
    return request


def report(service: Service, request: Json, reason: Json) -> None:
    card = service.cards(request)["secondary-causes"]
    told = item(card=card["uuid"], outcomeTimestamp=datetime.now(UTC).isoformat(), overrideReason=reason)
    assert send(service, {"feedback": [told]}).status_code == 200


def holds(service: Service, request: Json) -> bool:
    return "After myeloma" in json.dumps(service.cards(request)["start-treatment"], ensure_ascii=False)


def of_another(request: Json, patient: str = "p1", user: str = "Practitioner/8") -> Json:
    return request | {"context": request["context"] | {"userId": user, "patientId": patient}}


def test_what_is_clarified_holds_no_drug_any_more_whoever_asks(start: Started, database: str) -> None:
    service = start()
    request = anemic(service, (8.9, "2026-05-01"))
    assert holds(service, request)
    reasons = service.cards(request)["secondary-causes"]["overrideReasons"]
    assert CLARIFIED["reason"] in [{key: each[key] for key in ("code", "system")} for each in reasons]
    report(service, request, CLARIFIED)
    assert eventually(lambda: not holds(service, request))
    assert "hemoglobin" not in json.dumps(service.cards(request).get("secondary-causes", {}))
    assert not holds(service, of_another(request)), "another practitioner"
    other = start()
    assert eventually(lambda: not holds(other, request)), "another process"


def test_another_reason_rests_the_card_and_not_what_it_holds(start: Started) -> None:
    service = start()
    request = anemic(service, (8.9, "2026-05-01"))
    report(service, request, REASON)
    assert eventually(lambda: "secondary-causes" not in service.cards(request))
    assert holds(service, request)


def test_what_is_clarified_is_recalled_without_silence_for_other_reasons(start: Started) -> None:
    service = start(suppress_days=0)
    request = anemic(service, (8.9, "2026-05-01"))
    report(service, request, CLARIFIED)
    assert eventually(lambda: not holds(service, request))


def test_a_patient_clarifies_nothing(start: Started) -> None:
    service = start()
    request = anemic(service, (8.9, "2026-05-01"))
    report(service, of_another(request, user="Patient/p1"), CLARIFIED)
    report(service, request, REASON)
    assert eventually(lambda: "secondary-causes" not in service.cards(request)), "all is recalled by now"
    assert holds(service, request)


def test_a_code_of_that_name_that_somebody_else_defines_clarifies_nothing(start: Started) -> None:
    service = start()
    request = anemic(service, (8.9, "2026-05-01"))
    report(service, request, {"reason": CLARIFIED["reason"] | {"system": "urn:oid:1.2.3"}})
    assert eventually(lambda: "secondary-causes" not in service.cards(request)), "it is recalled by now"
    assert holds(service, request)


def test_a_code_without_its_system_is_ours(start: Started) -> None:
    service = start()
    request = anemic(service, (8.9, "2026-05-01"))
    report(service, request, {"reason": {"code": "clarified"}})
    assert eventually(lambda: not holds(service, request))


def test_what_was_shown_is_on_record_without_telling_whose_record_it_is(start: Started, database: str, tmp_path: Path) -> None:
    service = start()
    service.http.application.extensions["store"].migrate()
    request = json.loads(
        json.dumps(service.request()).replace("Patient/p1", "Patient/patient-4711").replace('"p1"', '"patient-4711"')
    )
    cards = service.cards(request)
    assert eventually(lambda: count(database, SHOWN) == len(cards) > 0)
    with engine_of(database).connect() as connection:
        rows = connection.execute(SHOWN.select()).mappings().all()
    assert {row["card"]: (row["code"], row["indicator"]) for row in rows} == {
        card["uuid"]: (code, card["indicator"]) for code, card in cards.items()
    }
    assert {(row["service"], row["hook"], row["shadow"]) for row in rows} == {
        ("osteoporosis-patient-view", "patient-view", False)
    }
    content = b"".join(path.read_bytes() for path in tmp_path.glob("cds.db*"))
    assert b"patient-4711" not in content
    assert b"Practitioner/7" not in content


def test_in_shadow_mode_nothing_is_sent_and_all_is_on_record(start: Started, database: str) -> None:
    service = start(shadow=True)
    service.http.application.extensions["store"].migrate()
    assert service.post(service.request()).json == {"cards": []}
    assert eventually(lambda: count(database, SHOWN) > 0)
    with engine_of(database).connect() as connection:
        assert {row.shadow for row in connection.execute(SHOWN.select())} == {True}


def _into_folder(path: Path) -> None:
    """In the place of the database; what was shown is written meanwhile, and makes the file anew."""
    while True:
        path.unlink(missing_ok=True)
        with suppress(FileExistsError):
            path.mkdir()
            return


def test_the_log_holds_no_name_no_id_and_no_comment_e7(
    start: Started, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    service = start()
    override(service, "tests-due", untreated(service))
    send(service, {"feedback": [item(overrideReason="Frau Zhang")]})
    _into_folder(tmp_path / "cds.db")
    assert send(service, {"feedback": [item(overrideReason=REASON)]}).status_code == 503
    out, err = capfd.readouterr()
    assert '"event": "feedback"' in out
    assert not any(word in out + err for word in ("Zhang", "will nicht", "Practitioner/7", '"p1"', str(tmp_path)))
