"""A card is signed part by part, a large one by chapter: parts add up, and only what changed lapses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from cards.engine.catalog import all_cards
from cards.thresholds import shipped
from cards.words.phrases import LANGUAGES
from cds_service.content import canon
from cds_service.content.canon import Content, current
from cds_service.content.covered import divided, mark
from cds_service.content.signatures import opened, sealed
from cds_service.content.verifying import verified
from cds_service.web.review import desk as review
from cds_service.web.sheet import sheet
from cds_service.web.sheet.attested import chapter_title, named_part
from cds_service.web.sheet.reading_time import minutes
from cds_service.web.words import WORDS
from tests.web.desk import CARD, LI, changed_number, http, known_as, later, sign

__all__ = ["http", "later"]

MARROW, ALP = "says.marrow", "says.alkaline-phosphatase"
LARGE = "secondary-causes"


def changed_variant(content: Content, name: str) -> Content:
    """The same content in which the first line of one variant of the large card is another."""
    parts = content.cards[LARGE]
    rendered = re.sub(rf"(^## \w+, {name}\n.*?^> \*\*)", r"\1So: ", parts["rendered"], count=1, flags=re.MULTILINE | re.DOTALL)
    assert rendered != parts["rendered"]
    return replace(content, cards={**content.cards, LARGE: {**parts, "rendered": rendered}})


def test_a_large_card_is_signed_by_chapter_and_only_the_one_that_changed_lapses(http: FlaskClient, later: Any) -> None:
    sign(http, LARGE, read=[MARROW])
    sign(http, LARGE, read=[ALP, "cases"])
    later(changed_variant(current(), "low-alp"))
    start = http.get("/review?lang=en", headers=LI).text
    part = start[start.index('<section id="changed">') : start.index('<section id="unsigned">')]
    alp, marrow = (named_part(each, LARGE, "en") for each in (ALP, MARROW))
    assert re.search(rf"<strong>{alp}</strong>.*?<li>reads differently: warning, low-alp</li>", part, re.DOTALL)
    assert f"<strong>{marrow}</strong>" not in part
    assert f"✓ {marrow}; {WORDS['read.cases'].en}<" in part
    page = http.get(f"/review/cards/{LARGE}?lang=en", headers=LI).text
    told = page[page.index('<section id="difference"') : page.index('<section id="says"')]
    assert "<ins>So: </ins>" in told
    assert told.count("<h3>") == 1
    kept = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert [each.parts for each in verified(kept, [changed_variant(current(), "high-alp-open")])][:1] == [{MARROW: "holds"}]
    assert [each.stands for each in verified(kept, [canon.current()])] == ["holds", "changed"]
    assert verified(kept, [canon.current()])[1].parts == {ALP: "changed", "cases": "holds"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_that_are_signed_on_other_days_add_up(http: FlaskClient, language: str) -> None:
    """Here of two people; the sheet says of each chapter who signed it, and the list what is missing."""
    sign(http, LARGE, read=[MARROW])
    sign(http, LARGE, known_as("Chen Yu"), read=[ALP])
    sign(http, LARGE, read=["when"])
    start = http.get(f"/review?lang={language}", headers=LI).text
    begun = start[start.index('<section id="begun">') :]
    marrow = named_part(MARROW, LARGE, language)
    assert re.search(rf"✓ {marrow}[;；] ?{WORDS['read.when'][language]}<", begun)
    (missing,) = re.findall(rf"{re.escape(WORDS['review.left'][language].partition('{')[0])}.*", begun)
    assert chapter_title(ALP, LARGE, language) in missing
    assert chapter_title(MARROW, LARGE, language) not in missing
    assert WORDS["read.cases"][language] in missing
    page = http.get(f"/review/cards/{LARGE}?lang={language}", headers=LI).text
    for part, name in ((MARROW, "李娜"), (ALP, "Chen Yu")):
        chapter = page[page.index(f'<section id="says-{part.partition(".")[2]}"') :]
        assert f"✓ {name} " in chapter[: chapter.index("</h3>")]
    kept = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert [each.stands for each in verified(kept, [current()])] == ["holds"] * 3
    sign(http, LARGE, read=[MARROW])
    kept = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert [each.stands for each in verified(kept, [current()])] == ["replaced", "holds", "holds", "holds"]


OBJECTS: dict[str, tuple[list[str], list[str], bool]] = {
    "other parts": (["when"], ["says", "cases"], True),
    "the part itself": (["when"], ["when"], False),
    "one of two": (["when", "says"], ["says"], True),
    "of the whole card": ([], ["says", "when", "numbers"], True),
    "settled": ([], ["says", "settled"], False),
    "settled, and nothing signed": (["when"], ["settled"], False),
}


@pytest.mark.parametrize("what", OBJECTS)
def test_an_objection_stands_until_that_part_is_signed_or_it_is_settled(http: FlaskClient, what: str) -> None:
    about, then, stands = OBJECTS[what]
    sign(http, read=["says", "when"])
    sign(http, decision="objected", remark="300 mg in a man?", read=about)
    sign(http, read=then)
    start = http.get("/review?lang=en", headers=LI).text
    assert ('<section id="objected">' in start) == stands
    kept = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    assert [each.stands for each in verified(kept, [current()])][1] == ("holds" if stands else "replaced")
    page = http.get(f"/review/cards/{CARD}?lang=en", headers=LI).text
    assert ('value="settled"' in page) == stands
    assert (len(opened(http.get("/review/signatures.jsonl", headers=LI).text)), 'id="done"' in start) == (3, False)
    if "when" in about and "when" not in then:
        assert f"✓ {WORDS['read.when'].en}" not in start, "what is objected to is signed no longer"


def test_a_signature_of_the_old_form_lapses_with_the_card_and_adds_up(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(http, read="says")
    (kept,) = opened(http.get("/review/signatures.jsonl", headers=LI).text)
    old = [replace(kept, read="en shown:5/5.0.3.2/4"), replace(kept, read="en cases", at="2026-11-29T08:00:00+00:00")]
    assert opened("".join(sealed(old))) == old
    assert [each.stands for each in verified(old, [current()])] == ["holds", "holds"]
    assert [each.stands for each in verified(old, [changed_number(current())])] == ["changed", "changed"]
    monkeypatch.setattr(review, "_said", lambda _: old)
    begun = http.get("/review?lang=en", headers=LI).text
    for key in ("says", "when", "numbers", "cases"):
        assert WORDS[f"read.{key}"].en in begun[: begun.index("Missing (")]


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_whatever_changes_of_a_card_some_part_of_its_sheet_covers_it(code: str) -> None:
    """But for the templates, whose texts stand in the rendered variants; no part lapses by what is another's."""
    parts, chapters = current().cards[code], all_cards()[code].chapters_by_key
    before = {part: mark(current(), code, part, "zh") for part in divided(chapters)}
    for key in parts.keys() - {"en", "zh"}:
        line = {"numbers": "x = 1 a [OWN] x", "rendered": "## warning, x\n\n### 中文\n\n> **x**\n\n> x"}.get(key, "x = x: x")
        content = replace(current(), cards={code: {**parts, key: f"{parts[key]}\n\n{line}"}})
        after = {part: mark(content, code, part, "zh") for part in before}
        assert after != before, key
        assert [part for part in before if after[part] == before[part]], key


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_no_chapter_is_too_large_to_be_signed_at_once_and_none_is_empty(code: str, http: FlaskClient) -> None:
    """What a card says in short is signed in one sitting; what takes longer is divided."""
    for language in LANGUAGES:
        with http.application.test_request_context(f"/?lang={language}"):
            told = minutes(code, language)
            made = sheet.sheet(all_cards()[code], shipped(), language)
        pieces = [f"says.{each.key}" if each.key else "says" for each in made.sections]
        assert all(told[piece] <= 4 for piece in pieces), code
        assert all(each.tables for each in made.sections)
        assert sum(each.count for each in made.sections) + sum(len(each.variants) for each in made.informs) == len(
            made.variants
        )
