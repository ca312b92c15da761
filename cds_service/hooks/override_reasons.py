"""Reasons for which a clinician or patient may override a card: HL7's non-adherence codes if one fits, otherwise our own. A
code means the same on every card."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec import Struct

from cards.vocabulary import Name

PUBLISHED = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
OWN = "urn:osteoporosis-cds:override-reason"


class Reason(Struct, frozen=True):
    """A reason with the URI of its code system. ``patient`` is the wording for patients; None for reasons that patients do not
    give."""

    system: str
    code: str
    display: Name
    patient: Name | None = None

    def coding(self, language: str) -> dict[str, str]:
        return {"code": self.code, "system": self.system, "display": self.display[language]}


ALWAYS = (
    Reason(
        PUBLISHED,
        "cds-not-applicable",
        Name("Not applicable to this patient", "不适用于该患者"),
        Name("This does not fit me", "不符合我的情况"),
    ),
    Reason(
        PUBLISHED,
        "action-completed",
        Name("Already done or arranged", "已完成或已安排"),
        Name("Already done or arranged", "已经做了或已经约好"),
    ),
    Reason(PUBLISHED, "patient-refuses", Name("Patient declines", "患者拒绝"), Name("I do not want this", "我不想这样做")),
    Reason(PUBLISHED, "recipient-disagrees-evidence", Name("I disagree with the evidence", "不认同所依据的证据")),
    Reason(OWN, "reconsider-later", Name("Will reconsider later", "以后再考虑"), Name("I will think about it", "我再考虑一下")),
)
DRUG_OPTIONS = (
    Reason(PUBLISHED, "patient-contraindication", Name("Contraindicated or not tolerated", "有禁忌或不能耐受")),
    Reason(PUBLISHED, "service-not-available", Name("Not available here", "本地无法获得")),
    Reason(PUBLISHED, "too-costly-uncovered", Name("Too costly or not covered", "费用过高或不在报销范围")),
    Reason(OWN, "other-specialist", Name("Under another specialist's care", "由其他专科处理")),
)
ORDER_SAFETY = (
    Reason(OWN, "benefit-prevails", Name("Benefit outweighs risk (please comment)", "已权衡风险，获益更大（请说明）")),
    Reason(
        OWN,
        "record-wrong",
        Name("Data in the record are incorrect", "病历数据有误"),
        Name("Something in my record is wrong", "病历中有些内容不对"),
    ),
)

HOLDS = (Reason(OWN, "clarified", Name("Worked up: nothing stands against treatment", "已查明原因，无治疗禁忌")),)
"""Of a card that holds drugs back: it ends what it holds (`Store.clarified`)."""


_GONE = ("not-available-or-covered",)
"""Reasons that were offered once, and may still come back with feedback."""


def every_code() -> Iterator[str]:
    """The codes of all reasons."""
    yield from (each.code for each in (*HOLDS, *ALWAYS, *DRUG_OPTIONS, *ORDER_SAFETY))
    yield from _GONE


@cache
def override_reasons(*, drug_options: bool, order_safety: bool, language: str, holds: bool = False) -> list[dict[str, Any]]:
    """The reasons that a card offers, as CDS Hooks Codings: made once, not to be changed.

    >>> [r["code"] for r in override_reasons(drug_options=False, order_safety=True, language="en")][-1]
    'record-wrong'
    """
    chosen = (HOLDS if holds else ()) + ALWAYS + (DRUG_OPTIONS if drug_options else ()) + (ORDER_SAFETY if order_safety else ())
    return [each.coding(language) for each in chosen]


@cache
def patient_reasons(language: str) -> list[dict[str, Any]]:
    """The reasons that a patient or relative may give, on every card, in their words.

    >>> [r["display"] for r in patient_reasons("en")][-1]
    'Something in my record is wrong'
    """
    said = [(each, each.patient) for each in (*ALWAYS, *ORDER_SAFETY) if each.patient is not None]
    return [each.coding(language) | {"display": words[language]} for each, words in said]
