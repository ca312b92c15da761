"""What a patient or relative reads: plain words, of every card in both languages."""

from __future__ import annotations

import re
from datetime import date

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from cards.chart import Chart, SetAside
from cards.chart.facts import Fact
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, Dropped, Finding, Option
from cards.vocabulary import ZOLEDRONATE, Data, Name
from cards.vocabulary.regimens import REGIMENS
from cards.words import text
from cards.words.phrases import PHRASES, phrase
from cds_service.casebook.samples import own_words
from cds_service.casebook.samples import samples as of_card

Sample = tuple[Chart, Finding]

JARGON = {
    "en": r"antiresorpt|anabolic|bisphosphonate|contraindicat|hypocalc|subcutan|adherence|osteopenia|prophyla|indicat|sequel|"
    r"cardiovascular|densitometry|rebound|resorption|etiolog|gullet|coagul|patient\b|eGFR|T-score|Z-score|CTX|P1NP|FRAX|25\(OH\)D|\bPTH\b|"
    r"\bBMD\b|\bQCT\b|\bDXA\b|\bNRS\b|\bVAS\b|PHQ|HAM[AD]|\bSERM\b|\bBTM\b|\bINR\b|\bMRI\b(?! scan)|\bAFF\b|\bONJ\b|\bCKD\b",
    "zh": r"抗骨吸收|促骨形成|禁忌|序贯|依从性|脆性骨折|黑框|预后|反跳|骨转换|患者(?!本人)|eGFR|T值|Z值|CTX|P1NP|FRAX|25羟|PTH|"
    r"QCT|DXA|NRS|VAS|PHQ|HAM[AD]|INR|双膦酸盐|皮下注射|静脉滴注",
}
"""Words that only clinicians know. A test's name may follow what it is, in brackets, or be explained below."""
GRADES = re.compile(r"\b[12][A-D]\b|\bgrade\b|推荐等级|(?:ELD|REHAB|OVCF|POP)20\d\d|OPREF|EXT-\d")
ORDERS_TO_THE_PATIENT = re.compile(
    r"(?:^|[.:;*] ?)(?:Stop|Start|Skip|Take|Pause|Leave off) |(?<!不要)(?<!自行)(?<!后)(?:请|应)(?:停用|停服|开始用|加用)",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """A chart and a finding of every card, variant and indicator."""
    return [(sample.chart, sample.finding) for code in all_cards() for sample in of_card(code)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_card_speaks_plainly_to_the_patient(samples: list[Sample], language: str) -> None:
    assert {finding.code for _, finding in samples} == set(all_cards())
    for chart, finding in samples:
        which = f"{finding.code} {finding.variant} {finding.indicator.value}"
        words = text.render(finding, language, chart, for_patient=True)
        assert len(words.summary) < 140, which
        assert "…" not in words.summary, which
        own = own_words(words.detail, language)
        assert not re.search(JARGON[language], unbracketed(words.summary)), (which, words.summary)
        assert not re.search(JARGON[language], unbracketed(own)), (which, re.search(JARGON[language], unbracketed(own)))
        assert not GRADES.search(words.detail), which
        assert not ORDERS_TO_THE_PATIENT.search(words.detail), (which, ORDERS_TO_THE_PATIENT.search(words.detail))
        for regimen in REGIMENS.values():
            assert regimen.label[language] not in words.detail, which


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_urgent_says_how_soon_to_call(samples: list[Sample], language: str) -> None:
    soon = {
        "en": r"today|this week|same day|(?:within the next|in the next few) (days|weeks)|[Bb]efore",
        "zh": r"今天|本周内|当天|最近几(天|周)内|之前",
    }
    for chart, finding in samples:
        words = text.render(finding, language, chart, for_patient=True)
        if finding.indicator is CRITICAL:
            assert re.search(r"today|今天", words.summary + words.detail), finding.code
        elif finding.indicator.value == "warning":
            assert re.search(soon[language], words.summary + words.detail), (finding.code, finding.variant)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_are_sound_markdown_and_short_sentences(samples: list[Sample], language: str) -> None:
    for chart, finding in samples:
        detail = text.render(finding, language, chart, for_patient=True).detail
        shown = MarkdownIt("commonmark").render(detail)
        assert "**" not in shown, (finding.code, shown)
        assert not re.search(r"None|Undefined| ,|\(\)|（）|\{|\}|  \n- ", detail), (finding.code, detail)
        if language == "en":
            for sentence in re.split(r"[.!?:]\s|\n", own_words(detail, language)):
                assert len(sentence.split()) <= 32, (finding.code, sentence)


def test_a_card_that_warns_of_high_calcium_sends_nobody_into_the_sun(samples: list[Sample]) -> None:
    chart, found = sample(samples, "vitamin-d-low")
    high = replace(found, variant="high-calcium")
    for language, soon, sun in (("en", "this week", "Sun"), ("zh", "本周内", "晒太阳")):
        words = text.render(high, language, chart, for_patient=True)
        assert soon in words.summary
        assert sun not in words.detail
        assert sun in text.render(found, language, chart, for_patient=True).detail


def test_a_hormone_blocker_is_not_taken_for_a_treatment_of_cancer(samples: list[Sample]) -> None:
    chart, found = sample(samples, "bone-loss-medication")
    for mechanism in ("gnrh", "aromatase-inhibitor"):
        blocker = replace(found, values=found.values | {"mechanism": mechanism})
        for language in ("en", "zh"):
            assert not re.search("cancer|肿瘤|癌", text.render(blocker, language, chart, for_patient=True).detail)


def test_high_calcium_and_pth_are_not_put_down_to_a_fracture_or_the_time_of_day(samples: list[Sample]) -> None:
    chart, found = sample(samples, "secondary-causes", "high-turnover")
    assert "time of day" in text.render(found, "en", chart, for_patient=True).detail
    chart, glands = sample(samples, "secondary-causes", "hyperparathyroidism-likely")
    for language, excuse, emergency in (("en", "time of day", "emergency services"), ("zh", "抽血的时间", "120")):
        detail = text.render(glands, language, chart, for_patient=True).detail
        assert excuse not in detail
        assert emergency in detail


def test_a_t_score_that_makes_no_diagnosis_is_not_explained_as_osteoporosis_at_any_age(samples: list[Sample]) -> None:
    chart, found = sample(samples, "low-bmd-for-age", "t-only")
    for language, when in (("en", "after menopause and in men from 50, −2.5"), ("zh", "绝经后女性和50岁及以上男性，T值−2.5")):
        assert when in text.render(found, language, chart, for_patient=True).detail


def test_every_reason_against_bone_cement_has_plain_words() -> None:
    assert PHRASES["patient-augmentation"].keys() == PHRASES["augmentation"].keys()


def test_a_new_order_of_denosumab_that_has_to_wait_does_not_make_a_running_course_lapse(samples: list[Sample]) -> None:
    drafted = [(c, f) for c, f in samples if f.code == "hypocalcemia" and f.values["denosumab"] and not f.values["active"]]
    assert drafted
    for chart, found in drafted:
        assert "must not simply be left out" in text.render(found, "en", chart, for_patient=True).detail
        assert "不能随便漏打" in text.render(found, "zh", chart, for_patient=True).detail


def sample(samples: list[Sample], code: str, variant: str | None = None) -> Sample:
    """The first finding of a card, and of a variant where one is asked for, with its chart."""
    return next((c, f) for c, f in samples if f.code == code and variant in (None, f.variant))


def unbracketed(sentence: str) -> str:
    """Without what stands in brackets, names of tests with one in them, and lists of tests, whose words are explained below."""
    return re.sub(
        r"^- .*(?:no result found|last on|未查到结果|上次).*$|\((?:[^()]|\([^()]*\))*\)|（[^（）]*）", "", sentence, flags=re.M
    )


def test_every_test_that_is_named_is_explained(samples: list[Sample]) -> None:
    for chart, finding in samples:
        for language, word in (("en", "eGFR"), ("en", "T-score"), ("en", "25(OH)D"), ("zh", "eGFR"), ("zh", "T值")):
            detail = text.render(finding, language, chart, for_patient=True).detail
            above, _, explained = detail.partition(f"**{phrase('patient', 'words', language)}**")
            named = re.sub(r"[(（][^()（）]*[)）]", "", above.replace("25(OH)D", "25[OH]D"))
            if word.replace("(OH)", "[OH]") in named:
                assert word in explained, (finding.code, finding.variant, language)


# -- one made-up card -------------------------------------------------------------------------------------------------


@pytest.fixture
def found(made_up: str) -> Finding:
    return Finding(
        code=made_up,
        indicator=CRITICAL,
        variant="stop",
        values={"drug": ZOLEDRONATE, "estimate": 28.5, "name": "x"},
        facts=(Fact(Name("eGFR", "eGFR"), 28.5, "mL/min/1.73 m2", date(2026, 5, 3), "Observation/1"),),
        options=(Option("drug", "denosumab"),),
    )


def test_the_patient_reads_what_it_means_what_to_do_and_what_it_rests_on(found: Finding, chart: Chart) -> None:
    words = text.render(found, "en", chart, for_patient=True)
    assert words.summary == "About zoledronate and your kidneys, for x"
    assert words.detail.splitlines()[:-1] == [
        "**What this means for you**",
        "",
        "Your kidneys are weak.",
        "",
        "**What to do now**",
        "",
        "- Call the clinic today.",
        "",
        "**From your record**",
        "",
        "- eGFR: 28.5 mL/min/1.73 m², 3 May 2026",
        "",
        "**Words explained**",
        "",
        "- eGFR: shows how well the kidneys clean the blood; lower means weaker kidneys",
        "",
    ]
    assert words.detail.splitlines()[-1].startswith("Based on: Drug labels, position statements")


def test_what_is_missing_is_said_in_a_sentence_and_options_that_fell_away_are_not(found: Finding, chart: Chart) -> None:
    gaps = replace(
        found,
        notes=("denosumab-open-order", "calcium-uncorrected"),
        dropped=(Dropped("romosozumab", phrase="formulary"),),
        left_out=(SetAside(Data.RENAL, "unit-unknown", "creatinine", detail="mg/cup"),),
        unread=(Data.ALLERGIES,),
    )
    whole = text.render(found, "en", chart, for_patient=True).detail
    detail = text.render(gaps, "en", chart, for_patient=True).detail
    for key in ("left-out", "unread"):
        assert PHRASES["patient"][key].en in detail
        assert PHRASES["patient"][key].en not in whole
    assert PHRASES["patient-notes"]["denosumab-open-order"].en in detail
    assert not re.search("omosozumab|albumin|mg/cup", detail)


def test_a_value_that_was_computed_or_assumed_is_said_to_be_without_the_formula(found: Finding, chart: Chart) -> None:
    computed = replace(found.facts[0], note=Name("computed: CKD-EPI 2021", "计算值：CKD-EPI 2021"))
    detail = text.render(replace(found, facts=(computed,)), "zh", chart, for_patient=True).detail
    assert "CKD-EPI" not in detail
    assert PHRASES["patient"]["worked-out"].zh in detail


def test_a_variant_without_words_for_the_patient_is_an_error(found: Finding, chart: Chart) -> None:
    with pytest.raises(ValueError, match="has no text for variant"):
        text.render(replace(found, variant="unheard-of"), "en", chart, for_patient=True)


def test_thoughts_of_self_harm_get_kind_words_and_no_score(samples: list[Sample]) -> None:
    for language in ("en", "zh"):
        told = [text.render(f, language, c, for_patient=True) for c, f in samples if f.code == "mood-support"]
        assert told
        for words in told:
            assert not re.search(r"PHQ|HAM|第9项|item 9|\d分|score", words.summary + words.detail)
            assert re.search(r"emergency services|急救电话", words.detail)
            assert language == "en" or "12356" in words.detail
            assert not re.search("better off dead|suicid|不如死|自杀", words.summary + words.detail)
