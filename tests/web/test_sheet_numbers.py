"""What a sheet shows of doses, numbers and words: for every card, found in its folder."""

from __future__ import annotations

import re

import pytest

from cards.engine import ladder
from cards.engine.catalog import all_cards
from cards.engine.ladder import Rung
from cards.thresholds import shipped
from cards.vocabulary import Name
from cards.vocabulary.regimens import REGIMENS
from cards.words.phrases import LANGUAGES
from cds_service.casebook.translated import chinese
from cds_service.content.canon import current
from cds_service.package.proposals import suggested
from cds_service.web.sheet.definitions import by_subject, subjects
from cds_service.web.sheet.doses import doses
from cds_service.web.sheet.numbers import grouped, topic_of, topics
from cds_service.web.sheet.sheet import sheet
from cds_service.web.sheet.terms import terms, used

CODES = sorted(all_cards())
SHARED = [key for key, each in shipped().table.items() if not each.card]


@pytest.mark.parametrize("code", CODES)
def test_every_dose_that_a_card_orders_is_a_row_and_is_signed(code: str) -> None:
    """What its cases were seen to propose, and every regimen whose words stand in its rendered variants."""
    rows = {each.key for each in doses(code, "en")}
    assert rows == {each.removeprefix("drug ") for each in suggested().get(code, {}) if each.startswith("drug ")}
    options = "\n".join(re.findall(r"^> [●○].*$", current().cards[code]["rendered"], re.MULTILINE)).lower()
    unseen = {key for key, each in REGIMENS.items() if each.label.en.lower() in options} - rows
    assert unseen <= {"zoledronate"} & {each for each in unseen if code == "zoledronate-timing"}, unseen
    assert {line.partition(" = ")[0] for line in current().cards[code]["doses"].splitlines()} == rows


_MENDED = {"en": r"Change the draft to: ", "zh": r"将草稿医嘱改为"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted({*CODES} - {"zoledronate-timing"}))
def test_every_dose_to_which_a_draft_is_changed_is_on_the_sheet(code: str, language: str) -> None:
    """Among the doses, or in the rule among those that are also accepted; `zoledronate-timing` moves nothing but the day."""
    mended = re.findall(rf"^> [●○] .*?{_MENDED[language]}(.*)$", current().cards[code]["rendered"], re.MULTILINE)
    made = sheet(all_cards()[code], shipped(), language)
    lines = " ".join(re.sub("<[^>]+>", "", str(line)) for each in made.rule for line in (each.lead, *each.steps, each.tail))
    told = f"{lines} {' '.join(each.dose for each in doses(code, language))}"
    amounts = {found[0] for each in mended for found in re.finditer(r"\d+(?:\.\d+)? (?:mg|mcg|μg)", each)}
    assert not {each for each in amounts if not re.search(rf"(?<![\d.]){re.escape(each)}", told)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_dose_has_drug_amount_route_interval_status_and_source(language: str) -> None:
    for code in CODES:
        for each in doses(code, language):
            assert all((each.drug, each.dose, each.route, each.interval, each.regimen.status)), each.key
            assert each.regimen.source[language]
            assert each.regimen.cites
            assert f"{each.regimen.dose:g}" in each.dose.replace(",", "")


@pytest.mark.parametrize("code", CODES)
def test_every_number_is_on_the_sheet_once(code: str) -> None:
    """Of the rule, a limit that is shown, or folded; and the counts of the attestation say how many."""
    made = sheet(all_cards()[code], shipped(), "en")
    listed = [key for groups in (made.limits, made.folded) for group in groups for key in group.rows]
    assert sorted(listed) == sorted(made.other)
    assert not set(listed) & made.named.keys()
    assert made.counts["limits"] + made.counts["folded"] == len(made.other)
    assert made.counts["variants"] + sum(len(each.variants) for each in made.informs) == made.counts["all"]
    assert made.tables


def test_the_limits_that_a_reader_missed_stand_open() -> None:
    def shown(code: str) -> set[str]:
        return {key for group in sheet(all_cards()[code], shipped(), "en").limits for key in group.rows}

    assert {"calcium-low", "calcium-high", "pth-high", "egfr-work-up", "hemoglobin-marked"} <= shown("secondary-causes")
    assert "calcium-low" in shown("denosumab-sequence")
    assert "egfr-dialysis" in sheet(all_cards()["denosumab-sequence"], shipped(), "en").named, "its rule says it"
    assert {"frax-major-very-high", "frax-hip-very-high", "t-very-high-risk"} <= shown("start-treatment")
    assert "pth-high" not in shown("start-treatment"), "a limit of the work-up is its card's"


def test_every_topic_has_numbers_and_few_have_none() -> None:
    found = grouped({key: shipped().table[key] for key in SHARED})
    assert {each.topic.en for each in found} == {each.en for each in topics()}
    assert sum(topic_of(key).en == "Other" for key in SHARED) <= 10
    assert {each.home for each in topics()} <= {"", "none", *CODES}


def test_a_word_is_explained_wherever_a_rule_uses_it_and_nowhere_else() -> None:
    words = {code: (all_cards()[code].doc, chinese(all_cards()[code])) for code in CODES}
    for key, term in terms().items():
        assert any(re.search(term.seen, " ".join(english.split())) for english, _ in words.values()), key
        for language in LANGUAGES:
            told = shipped().filled(term.told(language))
            assert "{" not in told, key
            assert len(told.split()) <= 80, key
    english, other = words["denosumab-sequence"]
    for language, text in (("en", english), ("zh", other or "")):
        told = " ".join(each.told(language) for each in used(text).values())
        for each in ("last safe day", "short course", "filtered") if language == "en" else ("最后安全日", "短疗程", "过滤"):
            assert each in told
    assert used("nothing of the kind") == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_words_that_decide_are_defined_where_they_first_stand(code: str, language: str) -> None:
    """Once in the rule or in the order of the drugs, with their numbers; and all of them in the list below."""
    made = sheet(all_cards()[code], shipped(), language)
    lines = [str(line) for each in made.rule for line in (each.lead, *each.steps, each.tail)]
    rows = [str(when) for when, _ in made.ranking]
    for means in made.words:
        told = [text.count(f"hidden>{means}</span></span>") for text in ("".join(lines), "".join(rows))]
        assert max(told) == 1, means
        assert "{" not in means
    found = re.findall(r'class="term"', "".join(lines))
    assert len(found) <= len(made.words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_bands_on_a_glucocorticoid_are_not_explained_as_the_risk_of_everybody(language: str) -> None:
    """In Chinese both are called by the same words."""
    rows = [str(when) for when, _ in sheet(all_cards()["start-treatment"], shipped(), language).ranking]
    means = [(row, told) for row in rows for told in re.findall(r"hidden>(.*?)</span>", row)]
    mine = {"en": "bands of risk on a glucocorticoid", "zh": "使用糖皮质激素者的风险等级"}[language]
    found = [row for row, told in means if told.startswith(mine)]
    assert len(found) == 1
    for row, told in means:
        whom = re.sub(r'<span class="means".*?</span>', "", row)
        assert not (told.startswith(("very high risk", "极高风险")) and re.search("激素|glucocort", whom)), whom


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_a_number_that_no_source_prints_says_so_in_its_place(code: str, language: str) -> None:
    """In rule, words and the order of the drugs; others bear no mark; and the key below has each mark that is there."""
    made = sheet(all_cards()[code], shipped(), language)
    shown = "".join(str(line) for each in made.rule for line in (each.lead, *each.steps, each.tail))
    shown += "".join(map(str, made.words)) + "".join(str(when) for when, _ in made.ranking)
    for key, marked in re.findall(r'<a href="#n-([a-z0-9-]+)">[^<]*</a>(?:<sup class="status-(\w+)" title)?', shown):
        status = shipped().table[key].status
        assert marked == (status.lower() if status in ("OWN", "RECALL") else ""), key
        assert key in made.named or key in made.other, key
    assert {each.lower() for each in made.marks} == set(re.findall(r'<sup class="status-(\w+)" title', shown))


def test_a_number_that_the_site_has_set_says_so_in_its_place() -> None:
    """What a reader looked for in vain: a short course is up to 30 months, where the source named divides at four doses."""
    key = "denosumab-short-months"
    assert shipped().table[key].status == "RECALL"
    for thresholds, mark in ((shipped(), "recalled"), (shipped().overridden({key: 24}), "site")):
        made = sheet(all_cards()["denosumab-sequence"], thresholds, "en")
        (means,) = [str(each) for each in made.words if "short course" in each]
        assert re.search(rf">(30|24)</a><sup class=\"status-\w+\" title=\"[^>]+>\u202f{mark}</sup> months at most", means)


def test_of_several_rows_that_fit_the_first_decides_and_what_is_not_known_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the sheet says above the order of the drugs."""
    rungs = [Rung(Name("", ""), lambda _, fits=fits: fits, ()) for fits in (None, False, True, True)]  # type: ignore[misc]
    monkeypatch.setattr(ladder, "LADDER", rungs)
    assert ladder.rung_of(None) is rungs[2]  # type: ignore[arg-type]


@pytest.mark.parametrize("code", CODES)
def test_definitions_are_told_without_what_only_a_program_needs(code: str) -> None:
    """No example of a call, no file, no name of a variable: clinicians read them."""
    told = [sheet(all_cards()[code], shipped(), language).definitions for language in LANGUAGES]
    for name, text in ((name, each.text) for some in told for name, each in some.items()):
        found = re.search(
            r">>>|``|\.(?:toml|tsv|py)\b|phrase|\bkeys? of\b|\*key\*|\w\(\)|\bTrue\b|\bFalse\b|[Rr]eturns|[Ii]terat|\w_\w", text
        )
        assert not found, f"{name}: {text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_definition_stands_under_a_heading_in_the_language_of_the_desk(language: str) -> None:
    found: set[str] = set()
    for code in CODES:
        told = sheet(all_cards()[code], shipped(), language).definitions
        assert sum(len(some) for _, some in by_subject(told, language)) == len(told)
        found |= {name.rpartition(".")[0] for name in told}
    assert found == subjects().keys(), "a heading of nothing, or nothing with a heading"


@pytest.mark.parametrize("code", CODES)
def test_invented_patients_are_named_without_their_days_in_either_language(code: str) -> None:
    for each in sheet(all_cards()[code], shipped(), "zh").told:
        assert re.search("[一-鿿]", each), "somebody who reads Chinese is told of an English patient"
        assert not re.search(r"\d{4}-\d\d|；；|[；，]$|^[；，]", each)


def test_a_definition_to_which_a_rule_leaves_something_stands_open() -> None:
    made = sheet(all_cards()["vitamin-d-low"], shipped(), "en")
    assert list(made.named_by_rule) == ["repletion.repletion"]
    assert made.named_by_rule["repletion.repletion"] == made.definitions["repletion.repletion"]


def test_the_order_of_the_drugs_stands_where_a_rule_asks_for_it() -> None:
    assert sheet(all_cards()["start-treatment"], shipped(), "zh").ranking
    assert not sheet(all_cards()["fall-risk"], shipped(), "zh").ranking
    assert sheet(all_cards()["denosumab-sequence"], shipped(), "en").by_day


def test_definitions_are_told_in_the_language_of_the_page_where_somebody_rendered_them(monkeypatch: pytest.MonkeyPatch) -> None:
    card = all_cards()["vitamin-d-low"]
    english, other = (sheet(card, shipped(), language).definitions for language in LANGUAGES)
    assert english.keys() == other.keys()
    assert {each.language for each in english.values()} == {"en"}
    assert "zh" in {each.language for each in other.values()}
    assert not any(re.search("[一-鿿]", each.text) for each in english.values())
    parts = current().cards[card.code]
    monkeypatch.setitem(parts, "definitions", parts["definitions"].replace(" (zh): ", " (earlier): "))
    assert {each.language for name, each in sheet(card, shipped(), "zh").definitions.items() if "(" not in name} == {"en"}
