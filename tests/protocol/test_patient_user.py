"""The patient, or a relative, as the user (``context.userId``): plain words, and nothing to order."""

from __future__ import annotations

import pytest

import fhir_fixtures
from cards.words.phrases import PHRASES
from cds_service.hooks.cards import EVIDENCE, RECOMMENDATIONS, spoken_for
from tests.protocol.checks import check_response
from tests.protocol.conftest import Json, Service

STORIES = (
    "denosumab-missed",
    "complex-glucocorticoid",
    "complex-denosumab-late-failure",
    "pain-mood-function",
    "tests-overdue",
)


def asked(serve: type[Service], name: str, user: str, language: str) -> dict[str, Json]:
    """The cards of a fixture by code, in good form."""
    return {code: card for card in reversed(answer(serve, name, user, language)) for code, _ in spoken_for(card)}


def answer(serve: type[Service], name: str, user: str, language: str) -> list[Json]:
    """The cards of a fixture in their order, in good form."""
    fixture = fhir_fixtures.load(name)
    request = fixture.request()
    request["context"]["userId"] = user
    reply = serve(today_is=fixture.as_of).post(request, request["hook"], headers={"Accept-Language": language})
    assert reply.status_code == 200, reply.text
    check_response(reply.json, request)
    cards: list[Json] = reply.json["cards"]
    return cards


KEPT_BACK = {"mood-support", "tests-due"}
"""Cards whose words to the patient leave facts out: these are not in the extension either."""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1"])
@pytest.mark.parametrize("name", STORIES)
def test_a_patient_or_relative_reads_the_same_cards_in_plain_words(
    serve: type[Service], name: str, user: str, language: str
) -> None:
    plain, clinical = asked(serve, name, user, language), asked(serve, name, "Practitioner/7", language)
    assert plain.keys() == clinical.keys()
    for code, card in plain.items():
        assert "suggestions" not in card, code
        assert "links" not in card, code
        assert card["summary"] != clinical[code]["summary"], code
        assert card["indicator"] == clinical[code]["indicator"], code
        assert card["extension"][RECOMMENDATIONS] == clinical[code]["extension"][RECOMMENDATIONS], code
        kept_back = KEPT_BACK & {each for each, _ in spoken_for(card)}
        told, all_told = (found[code]["extension"].get(EVIDENCE, []) for found in (plain, clinical))
        assert all(each in all_told for each in told) if kept_back else told == all_told, code


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", STORIES)
def test_the_closing_line_stands_once_at_the_end_of_the_answer(serve: type[Service], name: str, language: str) -> None:
    *others, last = [card["detail"] for card in answer(serve, name, "Patient/p1", language)]
    closing = PHRASES["patient"]["closing"][language]
    assert last.endswith("\n\n" + closing)
    assert last.count(closing) == 1
    assert not any(closing in detail for detail in others)


@pytest.mark.parametrize("user", ["Practitioner/7", "PractitionerRole/7", "https://ehr.example.org/fhir/Practitioner/7", "7"])
def test_whoever_is_no_patient_reads_what_clinicians_read(serve: type[Service], user: str) -> None:
    card = asked(serve, "denosumab-missed", user, "en")["denosumab-sequence"]
    assert PHRASES["patient"]["closing"].en not in card["detail"]
    assert card["suggestions"]
    assert card["links"]


def test_denosumab_overdue_tells_the_patient_to_call_today(serve: type[Service]) -> None:
    english = asked(serve, "denosumab-missed", "Patient/p1", "en")["denosumab-sequence"]
    assert english["summary"].endswith("call the clinic today")
    assert "bones of the spine can break" in english["detail"]
    chinese = asked(serve, "denosumab-missed", "Patient/p1", "zh")["denosumab-sequence"]
    assert chinese["summary"].endswith("请今天就联系医生")


def test_a_patient_who_orders_in_person_reads_plain_words_too(service: Service) -> None:
    """No specification has patients sign orders; should a client let them, the check is said in their words."""
    fixture = fhir_fixtures.load("alendronate-egfr-28")
    request = fixture.request()
    request["context"]["userId"] = "Patient/p1"
    card = service.cards(request)["bisphosphonate-renal"]
    assert card["summary"].endswith("call the clinic today, before it is given")
    assert "suggestions" not in card
