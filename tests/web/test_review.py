"""The desk of those who sign: what changed for them, sign or object, the file; without a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from markupsafe import Markup
from msgspec.structs import replace

from cards.engine.catalog import all_cards
from cards.engine.sources import RECOMMENDATIONS, VERSION
from cards.thresholds import ContentError, shipped
from cards.words.phrases import LANGUAGES
from cds_service.app import create_app
from cds_service.content.canon import current
from cds_service.content.covered import READ, divided
from cds_service.content.releases import named
from cds_service.content.signatures import end_of, opened, sealed
from cds_service.content.standing import parts_in
from cds_service.content.verifying import verified
from cds_service.web.review import desk as review
from cds_service.web.sheet import context as sheet_page
from cds_service.web.sheet import sheet
from cds_service.web.sheet.attested import counted, named_part, read_as
from cds_service.web.words import WORDS, say
from tests.web.conftest import settings
from tests.web.desk import CARD, LI, OTHER, TOKEN, changed_number, http, known_as, later, sign

__all__ = ["http", "later"]

# -- who may see it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", f"/cards/{CARD}", "/signatures.jsonl", "/print", f"/cards/{CARD}/cases/0"])
def test_only_the_reviewers_token_opens_the_desk(http: FlaskClient, path: str) -> None:
    assert http.get(f"/review{path}").status_code == 401
    assert http.get(f"/review{path}", headers=known_as("Li", "another token, not theirs")).status_code == 401


def test_without_a_token_in_the_settings_there_is_no_desk(tmp_path: Path) -> None:
    client = create_app(settings(tmp_path)).test_client()
    assert client.get("/review").status_code == 404
    assert "/review" not in client.get("/knowledge").text


@pytest.mark.parametrize("told", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_nobody_signs_from_another_page(http: FlaskClient, told: dict[str, str]) -> None:
    answer = http.post(f"/review/cards/{CARD}", headers=LI | told, data={"hash": "0" * 64, "decision": "signed", "role": "r"})
    assert answer.status_code == 403
    assert opened(http.get("/review/signatures.jsonl", headers=LI).text) == []


# -- sign or object ----------------------------------------------------------------------------------------------------------


def test_a_signature_is_kept_with_name_role_version_and_what_was_read(http: FlaskClient) -> None:
    assert sign(http, role="pharmacist, English").status_code == 303
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert (kept.by, kept.role, kept.card, kept.decision) == ("李娜", "pharmacist, English", CARD, "signed")
    assert (kept.content, kept.hash) == (named(CARD), current().hashes[CARD])
    assert kept.content == f"{VERSION}+unreleased"
    sheet_of = http.get(f"/review/cards/{CARD}?lang=en", headers=LI).text
    assert f"content {VERSION} with changes not released yet, fingerprint {kept.hash[:12]}" in sheet_of
    newest = WORDS["sheet.newest"].en.format(newest="2026.12")
    assert newest in http.get("/review/cards/secondary-causes?lang=en", headers=LI).text
    page = http.get("/review?lang=en", headers=LI).text
    assert WORDS["review.begun"].en.format(count=1) in page


@pytest.mark.parametrize("ticked", [["says"], ["texts", "cases", "says", "nothing of ours"], list(READ)])
def test_a_signature_says_which_parts_were_read_and_how_much_was_in_them(http: FlaskClient, ticked: list[str]) -> None:
    """In the language of the page; what is not ticked is not said to be read."""
    (read,) = re.findall(r'name="hash" value="(\w{64})"', http.get(f"/review/cards/{CARD}?lang=zh", headers=LI).text)
    form = {"hash": read, "decision": "signed", "role": "药师", "remark": "", "read": ticked}
    assert http.post(f"/review/cards/{CARD}?lang=zh", headers=LI, data=form).status_code == 303
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    s = sheet.sheet(all_cards()[CARD], shipped(), "zh")
    assert kept.read == read_as("zh", {each.name for each in parts_in(kept)}, s.counts, current(), CARD)
    assert [each.name for each in parts_in(kept)] == [
        part for part in READ if part in ticked and (part != "informs" or s.informs)
    ]
    assert all(len(each.mark) == 16 for each in parts_in(kept))
    shown = http.get(f"/review/cards/{CARD}?lang=en", headers=LI).text
    (told,) = set(re.findall(r" \(read: (Chinese; .*?)\)</li>", shown))
    assert (WORDS["read.cases"].en in told) == ("cases" in ticked)
    assert f"variants {len(s.variants)}/{len(s.variants)}, doses {len(s.doses)}" in told
    assert (f"numbers of the rule {len(s.named)}; limits" in told) == ("numbers" in ticked)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 5, None])
def test_the_list_says_in_how_many_of_its_parts_a_card_is_signed(http: FlaskClient, language: str, count: int | None) -> None:
    """Of the parts that can be ticked; nothing looks signed whole that is not."""
    desk = http.get(f"/review/cards/{CARD}?lang={language}", headers=LI).text
    offered = re.findall(r'type="checkbox" name="read" value="(\w+)"', desk)
    (seen,) = re.findall(r'name="hash" value="(\w{64})"', desk)
    form = {"hash": seen, "decision": "signed", "role": "药师", "remark": "", "read": offered[:count]}
    assert http.post(f"/review/cards/{CARD}?lang={language}", headers=LI, data=form).status_code == 303
    page = http.get(f"/review?lang={language}", headers=LI).text
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    told = say("review.last-parts", language, read=len(offered[:count]), of=len(offered), on=kept.at[:10])
    assert len(offered) > 5
    assert told in page[page.index(f'<section id="{"begun" if count else "done"}">') :]


def test_a_signature_that_was_not_asked_what_was_read_claims_no_part(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(http)
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    monkeypatch.setattr(review, "_said", lambda _: [replace(kept, read="")])
    page = http.get("/review?lang=en", headers=LI).text
    assert f"· {WORDS['review.last'].en.format(on=kept.at[:10])}</span>" in page


@pytest.mark.parametrize("read", ["en says:1/2.0 of-no-sheet", "en says:1", "xx cases", " "])
def test_what_no_sheet_has_is_told_as_it_is_written(http: FlaskClient, read: str) -> None:
    """Anybody can seal a file; it must not break the page of a card."""
    sign(http)
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert sheet_page.read_of(replace(kept, read=read), "en") == f" (read: {read})"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_shows_what_was_read_as_the_record_keeps_it(http: FlaskClient, language: str) -> None:
    """List, sheet and print; the list explains the form in the file, by an example."""
    sign(http)
    words = named_part("numbers", CARD, language)
    for path in (f"/cards/{CARD}", f"/print?section={all_cards()[CARD].section}", ""):
        shown = http.get(f"/review{path}{'&' if '?' in path else '?'}lang={language}", headers=LI).text
        shown = shown.replace(str(Markup.escape(WORDS["review.verify-read"][language])), "")
        assert not re.search(r"(says|numbers|shown):\d", shown), path
        assert words in shown, path


def test_nobody_signs_who_says_of_no_part_that_it_was_read(http: FlaskClient) -> None:
    assert sign(http, read="nothing of ours").status_code == 400
    assert sign(http, read="", decision="objected", remark="The title is wrong.").status_code == 303


def test_what_was_read_of_an_earlier_sheet_is_still_told(http: FlaskClient) -> None:
    """When it was signed as it opened, with the numbers of its rule."""
    sign(http)
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    told = sheet_page.read_of(replace(kept, read="en shown:28/44.2.13.65/120 cases"), "en")
    assert told.startswith(
        " (read: English; the sheet as it opened then (variants 28/44, doses 2, numbers of the rule 13, limits"
    )
    assert told.endswith(f"read 65/120); {WORDS['read.cases'].en})")


def test_how_much_is_told_only_of_parts_that_can_be_signed() -> None:
    for code in all_cards():
        made = sheet.sheet(all_cards()[code], shipped(), "en")
        assert set(counted(made.counts)) < set(divided(all_cards()[code].chapters_by_key))


def test_a_file_that_was_sealed_before_it_was_asked_what_was_read_holds(http: FlaskClient) -> None:
    sign(http)
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    earlier = "".join(sealed([replace(kept, read="")]))
    assert '"read"' not in earlier
    assert opened(earlier) == [replace(kept, read="")]


@pytest.mark.parametrize("form", [{"role": " "}, {"decision": "objected", "remark": ""}, {"decision": "maybe"}])
def test_nothing_is_kept_without_a_role_or_an_objection_without_its_reason(http: FlaskClient, form: dict[str, str]) -> None:
    answer = sign(http, **form)
    assert answer.status_code == 400
    assert WORDS["review.wants"].en in answer.text
    assert opened(http.get("/review/signatures.jsonl", headers=LI).text) == []


def test_a_name_has_nothing_in_it_that_cannot_be_seen(http: FlaskClient) -> None:
    sign(http, who=known_as("李\u200b娜\u202e\x00"), role="pharma\x00cist", remark="a\x00b\u2028c")
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert (kept.by, kept.role, kept.remark) == ("李娜", "pharmacist", "ab c")


def test_a_card_that_changed_while_it_was_read_is_not_signed(http: FlaskClient) -> None:
    answer = sign(http, hash="0" * 64, remark="I have read <this>")
    assert answer.status_code == 409
    assert WORDS["review.moved-on"].en in answer.text
    assert "I have read &lt;this&gt;" in answer.text
    assert opened(http.get("/review/signatures.jsonl", headers=LI).text) == []


def test_an_objection_stays_on_the_start_page_until_the_card_changes(http: FlaskClient, later: Any) -> None:
    sign(http, decision="objected", remark="300 mg in a man?")
    assert WORDS["review.objected"].en.format(count=1) in http.get("/review?lang=en", headers=LI).text
    assert "300 mg in a man?" in http.get(f"/review/cards/{CARD}", headers=LI).text
    later(changed_number(current()))
    assert WORDS["review.changed"].en.format(count=1) in http.get("/review?lang=en", headers=LI).text


# -- what changed ------------------------------------------------------------------------------------------------------------


def test_a_changed_number_shows_as_changed_for_who_signed_the_card_last(http: FlaskClient, later: Any) -> None:
    sign(http)
    sign(http, OTHER)
    assert WORDS["review.changed"].en.format(count=0) in http.get("/review?lang=en", headers=LI).text
    later(changed_number(current()))
    start = http.get("/review?lang=en", headers=LI).text
    changed = start[start.index('<section id="changed">') : start.index('<section id="unsigned">')]
    assert WORDS["review.changed"].en.format(count=1) in changed
    assert re.search(r"number urine-calcium-man-mg: 300 \S+ → 350 ", changed)
    page = http.get(f"/review/cards/{CARD}?lang=en", headers=LI).text
    assert "<del>300</del>" in page
    assert "<ins>350</ins>" in page


REWORDED = (
    ("rendered", "Do not order calcium", "Never order calcium"),
    ("rendered", "请勿开具钙剂", "不要开具钙剂"),
    ("cases", "calcium 10.6 mg/dL", "calcium 10.7 mg/dL"),
    ("rule-words", "When:", "Whenever:"),
    ("en", "calcium", "Calcium"),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_states_stand_side_by_side_in_words(http: FlaskClient, later: Any, language: str) -> None:
    """Rendered sentences of the language that was read; a case as its patient; no template, no field of a file."""
    (seen,) = re.findall(r'name="hash" value="(\w{64})"', http.get(f"/review/cards/{CARD}", headers=LI).text)
    form = {"hash": seen, "decision": "signed", "role": "药师", "remark": "", "read": ["says", "when", "cases"]}
    http.post(f"/review/cards/{CARD}?lang={language}", headers=LI, data=form)
    parts = dict(current().cards[CARD])
    for part, old, new in REWORDED:
        assert old in parts[part]
        parts[part] = parts[part].replace(old, new, 1)
    later(replace(current(), cards={**current().cards, CARD: parts}))
    page = http.get(f"/review/cards/{CARD}?lang=zh", headers=LI).text
    section = page[page.index('<section id="difference"') : page.index('<section id="says"')]
    words, files = section.split("<details", 1)
    words = words.replace("</del><del>", "").replace("</ins><ins>", "")
    ours = {
        "en": ("<del>Do not</del>", "<ins>Never</ins>", "英文，对医生"),
        "zh": ("<del>请勿</del>", "<ins>不要</ins>", "中文，对医生"),
    }
    for tongue, told in ours.items():
        assert [each in words for each in told] == [tongue == language] * 3
    assert "<ins>10.7</ins>" in words
    assert "{%" not in words
    assert "record:" not in words
    assert "<ins>Calcium</ins>" in files


def test_it_is_no_change_for_somebody_who_has_not_signed(http: FlaskClient, later: Any) -> None:
    sign(http)
    later(changed_number(current()))
    start = http.get("/review?lang=en", headers=known_as("Chen Yu")).text
    assert WORDS["review.changed"].en.format(count=0) in start
    assert "<del>" not in http.get(f"/review/cards/{CARD}", headers=known_as("Chen Yu")).text


def test_signing_again_settles_the_change(http: FlaskClient, later: Any) -> None:
    sign(http)
    later(changed_number(current()))
    assert sign(http).status_code == 303
    assert WORDS["review.changed"].en.format(count=0) in http.get("/review?lang=en", headers=LI).text


def test_the_file_tells_which_signatures_hold_for_changed_content(http: FlaskClient) -> None:
    sign(http)
    sign(http, OTHER, known_as("Chen Yu"))
    kept = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    stands = {each.signature.card: each.stands for each in verified(kept, [changed_number(current())])}
    assert stands == {CARD: "changed", OTHER: "holds"}


def test_the_desk_says_how_to_verify_its_file_and_where_that_ends(http: FlaskClient) -> None:
    """What the page shows is what verifies the file that it exports."""
    sign(http)
    sign(http, OTHER)
    page = http.get("/review?lang=en", headers=LI).text
    (end,) = re.findall(r"content verify signatures\.jsonl --end (2-[0-9a-f]{16})</code>", page)
    text = http.get("/review/signatures.jsonl", headers=LI).text
    assert len(opened(text, end=end)) == 2
    assert end == str(end_of(opened(text)))
    for key in ("verify-codes", "verify-not", "verify-read"):
        assert WORDS[f"review.{key}"].en in page
    assert page.count(".venv/bin/osteoporosis-cds content verify") == 1
    assert 'href="/review?lang=en#verify"' in http.get(f"/review/cards/{CARD}?lang=en", headers=LI).text


def test_the_file_cannot_be_changed_unnoticed(http: FlaskClient) -> None:
    sign(http)
    text = http.get("/review/signatures.jsonl", headers=LI).text
    with pytest.raises(ContentError, match="line 2: does not match its seal"):
        opened(text.replace('"pharmacist"', '"physician"'))


def test_the_desk_says_so_when_the_database_is_gone(tmp_path: Path) -> None:
    gone = settings(tmp_path, CDS_REVIEW_TOKEN=TOKEN, CDS_DATABASE_URL="sqlite:////proc/no/such/place.db")
    client = create_app(gone).test_client()
    for path in ("", f"/cards/{CARD}", "/signatures.jsonl"):
        assert client.get(f"/review{path}", headers=LI).status_code == 503


# -- what one reads ----------------------------------------------------------------------------------------------------------


def test_a_sheet_shows_texts_that_were_rendered_and_numbers_in_their_place(http: FlaskClient) -> None:
    page = http.get(f"/review/cards/{CARD}?lang=en", headers=LI).text
    assert "Do not order calcium: albumin-corrected calcium 10.6 mg/dL" in page
    assert "请勿开具钙剂" in page
    assert "call the clinic today" in page
    assert '<a href="#n-urine-calcium-man-mg">300</a>' in page
    assert "Question 4 of 12" in page
    assert RECOMMENDATIONS["ELD2023-04b"].gist in page
    assert "{%" not in page
    assert "{{" not in page


def test_a_case_shows_its_patient_and_what_it_demands_in_words(http: FlaskClient) -> None:
    """Names such as "A day later it does" say nothing without the record."""
    page = http.get("/review/cards/denosumab-sequence?lang=en", headers=LI).text
    assert "denosumab given 2025-11-17 | 2025-11-18" in page
    assert re.search(WORDS["sheet.usual"].en + r".*female 72.*creatinine 0.7 mg/dL on 2026-05-01", page)
    for code in all_cards():
        told = sheet.sheet(all_cards()[code], shipped(), "en")
        listed = [each for chapter in told.chapters for line in chapter.lines for each in line.cases]
        wrong = [
            each.expects for each in listed if re.search(r"\bmend\b|offers exactly (;|$)|recommends no card", each.expects)
        ]
        assert not wrong, code


@pytest.mark.parametrize(("code", "words"), [("1", ""), ("mo", "months"), ("mg/dL", "mg/dL")])
def test_a_unit_is_what_people_write(code: str, words: str) -> None:
    assert sheet_page.unit_in_words(code, "en") == words


def test_what_holds_for_all_points_of_a_rule_stands_below_their_list(http: FlaskClient) -> None:
    page = http.get("/review/cards/denosumab-sequence?lang=en", headers=LI).text
    assert re.search(r"<li>\(8\) oncology, CTX\.</li>\s*</ul>\s*<p>After ", page)


def test_a_case_is_judged_by_the_service_as_it_is(http: FlaskClient) -> None:
    told = http.get(f"/review/cards/{CARD}/cases/0", headers=LI).json
    assert told["faults"] == []
    assert told["got"] == ["critical"]
    assert http.get(f"/review/cards/{CARD}/cases/999", headers=LI).status_code == 404
    assert http.get("/review/cards/no-such/cases/0", headers=LI).status_code == 404


@pytest.mark.parametrize(("form", "articles"), [("short", 2), ("full", 1)])
def test_everything_of_a_section_can_be_printed(http: FlaskClient, form: str, articles: int) -> None:
    """In short with what the cards share at the end."""
    page = http.get(f"/review/print?section=emergencies&lang=zh&form={form}", headers=LI).text
    assert page.count('<article class="prose wide sheet"') == articles
    assert page.rstrip().endswith("</html>")
    assert not re.search(r"<details(?![^>]* open>)", page)
    assert len(re.findall(r' id="([^"]+)"', page)) == len(set(re.findall(r' id="([^"]+)"', page)))


@pytest.mark.parametrize("form", ["short", "full"])
def test_a_card_that_is_signed_by_chapter_is_printed_by_chapter(http: FlaskClient, form: str) -> None:
    """As its page has them: each variant once, those that only inform last, in the order in which sentences are new."""
    card = all_cards()["secondary-causes"]
    page = http.get(f"/review/print?section={card.section}&lang=en&form={form}", headers=LI).text
    says = page.split(f'<article class="prose wide sheet" id="{card.code}">')[1].split('data-part="says.doses"')[0]
    places = [says.index(f"<h3>{Markup.escape(each.title['en'])} <span") for each in card.chapters.values()]
    assert places == sorted(places)
    assert says.index("that only inform") > places[-1]
    assert [key for key in card.chapters if f'data-part="says.{key}"' not in says] == []
    told = sheet.sheet(card, shipped(), "en")
    headlines = re.findall(r'<strong class="headline">(.*?)</strong></summary>', says, re.DOTALL)
    assert [Markup(each).striptags() for each in headlines] == [each.clinician["en"].summary for each in told.variants]  # noqa: S704


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_form_leaves_out_nothing_that_decides(http: FlaskClient, language: str) -> None:
    """Each sentence, offer, number and case of each card is there, in the language of the page."""
    shown = http.get(f"/review/print?section=minerals&lang={language}", headers=LI).text
    page = Markup(shown).striptags()  # noqa: S704  our own page
    for code, card in all_cards().items():
        if card.section != "minerals":
            continue
        told = sheet.sheet(card, shipped(), language)
        wanted = [each.name for chapter in told.chapters for line in chapter.lines for each in line.cases]
        wanted += [line.given for chapter in told.chapters for line in chapter.lines]
        wanted += [
            *told.named,
            *told.other,
            *(rest.recommendation.told(language) for source in told.sources for rest in source.rests),
        ]
        for each in told.variants:
            wanted += [text for said in (each.clinician, each.patient) for text in said[language].new]
        plain = (" ".join(str(sheet_page.inline(each).striptags()).split()) for each in wanted)
        assert [each for each in plain if each not in page] == [], code
