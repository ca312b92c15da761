"""No text tells anybody to give a drug that order safety forbids this patient: neither what the clinician reads nor what the
patient reads, in either language (`cards.md`, "Every card": a suggestion never proposes what another card forbids).

The stories and cases hardly ever combine a state of treatment with something that forbids the next drug, so each is told once
more with such a finding in its record: kidneys, an allergy, the esophagus, the jaw, calcium.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import orjson
from msgspec.structs import replace

from cards.chart import Chart
from cards.engine.options import offer
from cards.engine.trial import work_up
from cards.vocabulary import (
    ALENDRONATE,
    DENOSUMAB,
    DRUGS,
    RALOXIFENE,
    RISEDRONATE,
    ROMOSOZUMAB,
    TERIPARATIDE,
    ZOLEDRONATE,
    Drug,
)
from cards.words.phrases import LANGUAGES, phrase
from cards.words.phrases import name as called
from cds_service.hooks.request import parse
from fhir_fixtures import lines
from fhir_fixtures.prefetch import answer, templates
from tests.each import ALL, chance
from tests.laws import law
from tests.silence.told import Told, is_case, told
from tests.test_voice import answers, evaluator
from tests.test_voice_laws import resources_of

Json = dict[str, Any]

NAMED = (ZOLEDRONATE, DENOSUMAB, ALENDRONATE, RISEDRONATE, TERIPARATIDE, ROMOSOZUMAB, RALOXIFENE, DRUGS["calcitonin"])
FORBIDDING = {
    "as it is": (),
    "eGFR 34": ("eGFR 34 mL/min/{1.73_m2} on DAY",),
    "allergy to bisphosphonates": ("allergy bisphosphonates",),
    "eGFR 28": ("eGFR 28 mL/min/{1.73_m2} on DAY", "corrected-calcium 9.4 mg/dL on DAY"),
    "dialysis": ("problem dialysis since 2020-01-01", "eGFR 8 mL/min/{1.73_m2} on DAY"),
    "allergy to denosumab": ("allergy denosumab",),
    "necrosis of the jaw": ("problem osteonecrosis-jaw since 2024-01-01",),
    "achalasia": ("problem achalasia since 2020-01-01",),
    "low calcium": ("corrected-calcium 8.2 mg/dL on DAY",),
}
"""What is added to a record, and what the law is then held against; DAY: five days ago."""
WATCHED, OFTEN = "denosumab", 3
"""The stories whose name has this word are told with so many of these, the others, and the cases, with one each in turn; `make
laws` tells each with all."""
KNOWN = {
    "hypocalcemia": "it says from when denosumab may be given after vitamin D, though an allergy forbids it",
}
"""Cards that are not mended yet, and what is wrong."""

NOT_GIVEN = {
    "en": r"\b(?:not|never|no|nor|neither|stop|pause|delete|remove|leave|ruled out|rules (?:it|them) out|allergy|can|may|"
    r"(?:is|are) (?:being )?ordered|is drafted|ask|say|decide|discuss|specialist|oncology|tablets|see)\b|^- (?:if you|settle)|"
    r"(?:had|after|before|into|on|of|from|last|first|with|in place of|than|about|between|how|your|any more) "
    r"(?:the |your |any |a )*(?:last |next |first |missed )?(?:injection |dose |order |course )*(?:of |for )?{drug}|"
    r"{drug}:? (?:was|were|lapse|injection|has|came|must|ended|that|is taken|is given|is low)|"
    r"{drug}: (?:its last|the new order)|{drug} on (?:record|hold)|find out why {drug}|"
    r"(?:sign|give) (?:only one|\S+ or \S+, not both)|work alike|one after the other",
    "zh": r"不|勿|禁|暂缓|既往|药效|停|撤|移除|无|未|没|询问|问|过敏|替代|已|专科|肿瘤科|之后|开具|在开|在用|准备用|可能|"
    r"医嘱|药片|重复|先查|核实|告诉|见“|如果您|查血钙|复查|药物假期|权衡|肾功能|(?:距|末次|下次|上次|后|前|这|一针|用着|您的|与|和){drug}|"
    r"{drug}(?:之?后|用药后|前|治疗|可|能|末次|下次|的|到期|每|仍|曾|是|一起|停|期间|（)",
}
"""What stands in a sentence that names such a drug and does not give it."""
CALCIUM_FIRST = {"en": r"calcium", "zh": r"血钙|钙"}
"""Where low calcium alone forbids it, the drug follows on the day on which it is in range."""


def kinds(name: str) -> Sequence[str]:
    """A story as it is and with one finding more, which its name chooses; those of denosumab with the next ones as well; a case
    with one finding more."""
    if ALL:
        return [*FORBIDDING]
    as_it_is, *more = FORBIDDING
    first = chance(name, len(more))
    if is_case(name):
        return [more[first]]
    return [as_it_is, *(more * 2)[first : first + (OFTEN if WATCHED in name else 1)]]


@law
def no_text_gives_a_drug_that_is_ruled_out(name: str) -> None:
    for kind in kinds(name):
        assert [each for each in given(told(name), kind) if each[0] not in KNOWN] == [], kind


def given(call: Told, kind: str) -> Iterator[tuple[str, str, str]]:
    """The card, the drug and the sentence that gives it though it is forbidden."""
    call = spoiled(call, kind)
    chart = evaluator().chart(parse(orjson.dumps(call.body), call.hook), call.as_of)
    if not (forbidden := ruled_out(chart)):
        return
    for user in (call.body["context"].get("userId"), "Patient/p1"):
        for language, answered in read_by(call, user).items():
            for card in answered["cards"]:
                for said in advice(card, language):
                    for drug, calcium_alone in forbidden.items():
                        if gives(said, drug, language, calcium_alone=calcium_alone):
                            yield card["source"]["topic"]["code"], drug.key, said


def gives(said: str, drug: Drug, language: str, *, calcium_alone: bool) -> bool:
    name = re.escape(called(drug, language))
    allowed = NOT_GIVEN[language].replace("{drug}", name)
    if not re.search(name, said, re.IGNORECASE) or re.search(allowed, said, re.IGNORECASE):
        return False
    return not (calcium_alone and re.search(CALCIUM_FIRST[language], said, re.IGNORECASE))


def spoiled(call: Told, kind: str) -> Told:
    """The call with what forbids a drug in its record."""
    if not FORBIDDING[kind]:
        return call
    found = resources_of(call)
    patient = next(each["id"] for each in found if each["resourceType"] == "Patient")
    day = str(call.as_of - timedelta(days=5))
    added = lines.record([line.replace("DAY", day) for line in FORBIDDING[kind]], ids="spoiled", patient=patient)
    prefetch = {key: answer(template, [*found, *added]) for key, template in templates(call.hook).items()}
    return call._replace(body=call.body | {"prefetch": prefetch})


def ruled_out(chart: Chart) -> dict[Drug, bool]:
    """The drugs that a check of order safety would forbid if they were ordered now, or that the work-up drops, each with
    whether low calcium alone does."""
    bare = replace(chart, drafts=(), known={})
    rows = {row.key for row in work_up(bare)}
    dropped = [each for drug in NAMED for each in offer(bare, (drug,), waits=False).dropped]
    low = {"hypocalcemia/low", "low-calcium"}
    return {
        DRUGS[each.key]: low.issuperset({f"{found.code}/{found.variant}" for found in each.because} or {each.phrase})
        for each in dropped
        if each.because or each.phrase in rows
    }


def advice(card: Json, language: str) -> Iterator[str]:
    """The sentences that say what to do: the summary, the section of what to do, and the buttons."""
    headings = [f"**{phrase(*key, language)}**" for key in (("heading", "do"), ("patient", "do"))]
    parts = re.split(r"\n\n(?=\*\*[^*]+\*\*\n)", card["detail"])
    said = [part.partition("\n")[2] for part in parts if part.startswith(tuple(headings))]
    labels = [suggestion["label"] for suggestion in card.get("suggestions", ())]
    for text in (card["summary"], *said, *labels):
        yield from filter(None, map(str.strip, re.split(r"(?<=[.;])\s|\n|[。；]", text)))


def read_by(call: Told, user: str | None) -> dict[str, Json]:
    """The answer to a clinician, or to the patient in plain words, in each language. That to the call as it is told other laws
    have asked for, too."""
    if call.body is told(call.name).body and user == call.body["context"].get("userId"):
        return answers(call.name)
    body = call.body | {"context": call.body["context"] | {"userId": user}}
    return evaluator().in_languages(parse(orjson.dumps(body), call.hook), LANGUAGES, call.as_of)
