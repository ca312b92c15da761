"""A draft that must not be signed can be removed by one click in every dialect, whatever else is recommended."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.dialect import speak
from tests.dialect.checks import check_dialect
from tests.dialect.test_every_answer import DIALECTS

Json = dict[str, Any]
DRAFT = {"type": "delete", "resourceId": "MedicationRequest/d", "description": "Delete the draft: a"}
LATER = DRAFT | {"description": "After calcium is checked: Delete the draft: a"}
REFERRAL = {
    "type": "create",
    "description": "Draft an order: referral",
    "resource": {"resourceType": "ServiceRequest", "code": {"text": "r"}},
}
OTHER = {
    "type": "create",
    "description": "After calcium is checked: Draft: b",
    "resource": {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": "b"}},
}
CHANGE = {"type": "update", "description": "Change the draft: a", "resource": {"resourceType": "MedicationRequest", "id": "d"}}


@pytest.mark.parametrize("told", DIALECTS)
@pytest.mark.parametrize("best", [[REFERRAL], [LATER, OTHER], [CHANGE]], ids=["referral", "replacement", "change"])
def test_what_removes_a_draft_stays_and_waits_for_nothing(best: list[Json], told: str) -> None:
    plain = {
        "uuid": "c", "summary": "s", "indicator": "critical", "selectionBehavior": "at-most-one",
        "detail": "**Do**\n\nDo not sign a.", "source": {"topic": {"code": "a-b", "system": "urn:x"}},
        "suggestions": [
            {"uuid": "1", "label": "the best", "isRecommended": True, "actions": best},
            {"uuid": "2", "label": "Remove the draft: a", "actions": [DRAFT]},
        ],
    }  # fmt: skip
    check_dialect(plain, speak(plain, DIALECTS[told], "en"), DIALECTS[told])
