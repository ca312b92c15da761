"""A finding as a CDS Hooks card: only the format of the response, nothing about how the finding was made."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from os import urandom
from typing import Any

from cards.chart.calendar import Partial
from cards.chart.facts import Fact
from cards.engine.catalog import all_cards, sections
from cards.engine.findings import Finding
from cards.engine.sources import cited, primary
from cards.vocabulary import Name
from cards.words import templates
from cards.words.detail import cites_of
from cards.words.parts import Text
from cards.words.phrases import clean, name
from cds_service.hooks.override_reasons import override_reasons, patient_reasons

TOPIC = "urn:osteoporosis-cds:card"
"""The code system of ``source.topic``: our card codes."""
CONTENT = "org.osteoporosis-cds.content"
"""Extension of the whole answer: the content version, and when it was last checked against its sources."""
CHECKED = "org.osteoporosis-cds.checked"
"""Extension of the whole answer: which checks of each drafted drug were made, and what came of them."""
CONTAINS = "org.osteoporosis-cds.contains"
"""Extension of a card that stands for others: which ones, and what they rest on."""
RECOMMENDATIONS = "org.osteoporosis-cds.recommendations"
EVIDENCE = "org.osteoporosis-cds.evidence"
REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}")
"""A relative reference that FHIR allows: nothing else is sent."""
OPEN = Name("Open the whole patient on one screen", "在一个页面查看患者全貌")
"""The link that an EHR launches as a SMART app."""
MORE = Name("When this card appears, and what it rests on", "此卡片何时出现及其依据")

Json = dict[str, Any]


def _new_uuid() -> str:
    """What ``str(uuid.uuid4())`` gives, without the object in between: an answer has dozens."""
    drawn = bytearray(urandom(16))
    drawn[6] = drawn[6] & 0x0F | 0x40
    drawn[8] = drawn[8] & 0x3F | 0x80
    told = drawn.hex()
    return f"{told[:8]}-{told[8:12]}-{told[12:16]}-{told[16:20]}-{told[20:]}"


def suggestion(label: str, actions: Sequence[Json], *, recommended: bool = False) -> Json:
    """One suggestion: ``label`` is plain text, ``actions`` are CDS Hooks actions, which are all performed together."""
    chosen: Json = {"label": label, "uuid": _new_uuid()}
    if recommended:
        chosen["isRecommended"] = True
    return chosen | {"actions": list(actions)} if actions else chosen


def to_wire(
    finding: Finding,
    text: Text,
    suggestions: Sequence[Json],
    *,
    language: str,
    for_patient: bool = False,
    base_url: str = "",
    launches: bool = False,
    told: dict[Fact, Json] | None = None,
) -> Json:
    """The card of one finding (CDS Hooks 2.0.1). ``suggestions`` are those of its options, in their order.

    If they exclude each other, only the first recommended one stays recommended. A patient or relative who opens the record
    (``for_patient``) gets the card without orders, with override reasons worded for them, and without the links to
    ``base_url``, the pages for clinicians. ``launches``: one of these links opens the SMART app. ``told``: facts of the answer
    that are written already, since many cards rest on the same. Members without a value are left out. KeyError for a code that
    no rule has.
    """
    card = all_cards()[finding.code]
    offered = [] if for_patient else _one_recommended(suggestions, finding.any_number)
    document = primary(cites_of(finding))
    source: Json = {
        "label": document.title[language],
        "topic": {"code": card.code, "system": TOPIC, "display": card.title[language]},
    }
    if document.url:
        source["url"] = document.url
    wire: Json = {
        "uuid": _new_uuid(),
        "summary": text.summary,
        "detail": text.detail,
        "indicator": finding.indicator.value,
        "source": source,
        "overrideReasons": patient_reasons(language)
        if for_patient
        else override_reasons(
            drug_options=bool(offered) and any(option.kind == "drug" for option in finding.options),
            order_safety=sections()[card.section].safety,
            language=language,
            holds=bool(finding.holds),
        ),
        "extension": _extension(finding, language, {} if told is None else told, for_patient=for_patient),
    }
    if base_url and not for_patient:
        url = f"{base_url}/knowledge/cards/{card.code}?lang={language}"
        wire["links"] = [{"label": MORE[language], "url": url, "type": "absolute"}]
        if launches:
            context = json.dumps({"card": card.code})  # the card to open; nothing about the patient
            wire["links"].append(
                {"label": OPEN[language], "url": f"{base_url}/smart/launch", "type": "smart", "appContext": context}
            )
    if offered:
        wire |= {"suggestions": offered, "selectionBehavior": "any" if finding.any_number else "at-most-one"}
    return wire


def spoken_for(card: Json) -> list[tuple[str, str]]:
    """Code and indicator of a card, and of each card that it stands for."""
    contained = card.get("extension", {}).get(CONTAINS, ())
    own = (card["source"]["topic"]["code"], card["indicator"])
    return list(dict.fromkeys([own, *((each["code"], each["indicator"]) for each in contained)]))


def _one_recommended(suggestions: Sequence[Json], any_number: bool) -> list[Json]:
    """The suggestions; if they exclude each other, only the first recommended one stays recommended."""
    kept, taken = [], False
    for each in suggestions:
        marked = bool(each.get("isRecommended"))
        kept.append({k: v for k, v in each.items() if k != "isRecommended"} if marked and taken and not any_number else each)
        taken = taken or marked
    return kept


def _extension(finding: Finding, language: str, told: dict[Fact, Json], *, for_patient: bool) -> Json:
    """What the card rests on, for machines: the recommendations, and the facts that fired it with their resources, unless the
    text for a patient keeps these from its reader."""
    recommendations = _recommendations(cites_of(finding), language)
    contained = [
        {"code": each.code, "indicator": each.indicator.value, "recommendations": list(cites_of(each))}
        for each in finding.contains
    ]
    parts: Json = {
        RECOMMENDATIONS: recommendations,
        EVIDENCE: evidence(finding, language, told, for_patient=for_patient),
        CONTAINS: contained,
    }
    return {key: part for key, part in parts.items() if part}


def evidence(finding: Finding, language: str, told: dict[Fact, Json] | None = None, *, for_patient: bool = False) -> list[Json]:
    """The facts that a card rests on, as they stand on the wire. ``told``: those of the answer that are written already."""
    told = {} if told is None else told
    open_to_reader = (
        found for found in (finding, *finding.contains) if not (for_patient and templates.has(found, "patient_facts", language))
    )
    facts = dict.fromkeys(fact for found in open_to_reader for fact in found.facts if fact.source or not fact.brief)
    told.update({fact: _evidence(fact, language) for fact in facts if fact not in told})
    return [told[fact] for fact in facts]


@cache
def _recommendations(cites: tuple[str, ...], language: str) -> list[Json]:
    """Created once for all cards of a rule."""
    return [{"id": each.id, "grade": each.grade, "document": each.document.title[language]} for each in cited(cites)]


def _iso(when: date | Partial | None) -> str | None:
    if isinstance(when, Partial):
        return when.iso
    return when.isoformat() if when else None


def _evidence(fact: Fact, language: str) -> Json:
    """One fact: ``unit`` stays UCUM, ``date`` is ISO 8601 (a year or month where the record tells no more), ``reference``
    relative to the client's FHIR server."""
    value = fact.value
    if isinstance(value, Decimal):
        value = float(value)
    elif value is not None and not isinstance(value, int | float):
        value = clean(value) if isinstance(value, str) else name(value, language)
    given = {
        "label": clean(fact.name[language]),
        "value": value,
        "unit": fact.unit,
        "date": _iso(fact.dated),
        "reference": fact.source if REFERENCE.fullmatch(fact.source) else "",
    }
    return {key: each for key, each in given.items() if each is not None and each != ""}
