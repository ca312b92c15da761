"""What somebody who signs reads: each sentence once, each case once, and nothing that decides left out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES, phrase
from cds_service.casebook.cases import of_file
from cds_service.casebook.sheet import Block, Said, variants
from cds_service.casebook.told import chapters, headings, together
from tests.each import for_each

CODES = sorted(all_cards())
DAY = re.compile(r"\d+ [A-Z][a-z]{2} \d{4}|\d{4}年\d+月\d+日")


def said(code: str) -> Iterator[tuple[str, str, Said]]:
    for each in variants(all_cards()[code]):
        for language in LANGUAGES:
            yield language, "clinician", each.clinician[language]
            yield language, "patient", each.patient[language]


def with_heading(told: Said) -> Iterator[tuple[Block | None, Block]]:
    heading = None
    for each in told.blocks:
        heading = each if each.kind == "heading" else None if each.kind == "option" else heading
        yield heading, each


@for_each("code", CODES)
def test_what_is_left_out_was_said_before(code: str) -> None:
    """But for days, and for figures of the invented patient's record: never a dose, a limit or an offer."""
    earlier: dict[tuple[str, str], set[str]] = {}
    for language, reader, told in said(code):
        known = earlier.setdefault((language, reader), set())
        for heading, each in with_heading(told):
            if each.seen and each.kind != "heading":
                of_record = heading is not None and heading.text == phrase("heading", "because", language)
                text = DAY.sub("#", each.text)
                assert each.kind != "option"
                assert text in known or (of_record and re.sub(r"[\d.,]+", "#", text) in known), each.text
            known |= {DAY.sub("#", each.text), re.sub(r"[\d.,]+", "#", DAY.sub("#", each.text))}


@for_each("code", CODES)
def test_what_is_new_keeps_its_heading(code: str) -> None:
    """A drug that is not offered would else read as advice."""
    for _, _, told in said(code):
        for heading, each in with_heading(told):
            assert each.seen or heading is None or not heading.seen, each.text


@for_each("code", CODES)
def test_each_case_is_told_once_and_whole(code: str) -> None:
    """Of patients who are told together each can be read off: the first of "a | b" is that of the first."""
    path = all_cards()[code].folder / "cases.yaml"
    told = [each for chapter in chapters(all_cards()[code]) for line in chapter.lines for each in line.cases]
    assert sorted(each.number for each in told) == list(range(len(of_file(path))))
    assert len(headings(path.read_text("utf-8"))) == len(told)
    for chapter in chapters(all_cards()[code]):
        assert sum(chapter.outcomes.values()) == sum(len(line.cases) for line in chapter.lines)
        for line in chapter.lines:
            count = len(line.cases)
            for place, each in enumerate(line.cases):
                own = re.sub(rf"(?:\S+ \| ){{{count - 1}}}\S+", lambda m, n=place: m[0].split(" | ")[n], line.given)
                whole = line.given == " | ".join(each.given for each in line.cases)
                assert count == 1 or whole or re.sub(r"\W", "", own) == re.sub(r"\W", "", each.given), line.given


def test_variants_of_one_name_follow_each_other() -> None:
    names = [each.name for each in variants(all_cards()["denosumab-sequence"])]
    assert len([a for a, b in itertools.pairwise(names) if a != b]) + 1 == len(set(names))


def test_what_differs_stands_side_by_side() -> None:
    assert together(["eGFR 35 on 2026-05-01", "eGFR 34.9 on 2026-05-01"]) == "eGFR 35 | 34.9 on 2026-05-01"
    assert together(["order: alendronate", "order: risedronate"]) == "order: alendronate | risedronate"
