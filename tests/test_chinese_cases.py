"""What a Chinese signer reads of a case is made from what the case declares: every line, every figure, no English left over."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cards.engine.catalog import all_cards
from cards.engine.sources import RECOMMENDATIONS, Recommendation
from cards.words.phrases import LANGUAGES
from cds_service.casebook import chinese
from cds_service.casebook.cases import all_cases, of_file
from cds_service.casebook.chinese import variant_names
from cds_service.casebook.sheet import variants
from cds_service.casebook.told import TRIES, chapters, patients

CODES = sorted(all_cards())
FIGURE = re.compile(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?(?![\d(])")
ABBREVIATIONS = re.compile(
    r"CTX|P1|P1NP|eGFR|FRAX|NRS|VAS|PHQ|Morse|Barthel|Berg|Oswestry|HAMA|SF|QCT|BMI|DXA|CT|IgA|FLS|Paget|Barrett|QT|M|T|Z|X|HIV|K2|D[23]?"
)
UNITS = re.compile(r"[mμu]?g|kg|[dmμ]?L|[mc]?m|m2|min|h|s|d|m?IU|[pn]g|[npmμ]?mol|U|mmHg|fL|furlong|zz")


def lines() -> Iterator[tuple[str, str]]:
    for case in all_cases():
        for key in ("background", "record", "plus", "entered"):
            yield from ((each, chinese.line(each)) for each in case.get(key, ()))
        yield from ((each, chinese.draft(each)) for each in case.get("draft", ()))


def test_each_line_of_each_case_can_be_said_in_chinese_with_all_its_figures() -> None:
    """A name or a unit may bring a figure of its own (Oswestry, m2); none of the line may be lost."""
    for line, said in lines():
        plain = said.translate(str.maketrans("²³", "23"))
        wanted = FIGURE.findall(re.sub(r"\{[^}]*\}|(?:code|ICD-10) [^,)]+", "", line))
        lost = [each for each in wanted if each not in plain]
        assert not lost, (line, said)


def test_no_english_is_left_but_what_clinicians_write_so_and_what_the_record_says_itself() -> None:
    left = set()
    for _, said in lines():
        words = re.findall(r"[A-Za-zμ][A-Za-z0-9]*", re.sub(r"“[^”]*”|编码[^，）]+|检测方法[^，）]+", "", said))
        left |= {each for each in words if not ABBREVIATIONS.fullmatch(each) and not UNITS.fullmatch(each)}
    assert left <= {"Lunar", "Hologic"}


def test_a_chinese_name_of_a_variant_is_that_of_one_variant() -> None:
    """It is printed in place of the name, so no two of a card may have the same; a variant without one keeps its name."""
    for code, names in variant_names().items():
        assert names.keys() <= {each.name for each in variants(all_cards()[code])}
        assert len(set(names.values())) == len(names)
        assert all(re.search(r"[\u4e00-\u9fff]|QCT", each) for each in names.values())


@pytest.mark.parametrize("code", CODES)
def test_the_chapters_are_the_same_in_both_languages(code: str) -> None:
    english, other = (chapters(all_cards()[code], language) for language in LANGUAGES)
    assert [each.outcomes for each in english] == [each.outcomes for each in other]
    for a, b in zip(english, other, strict=True):
        assert [[case.number for case in line.cases] for line in a.lines] == [
            [c.number for c in line.cases] for line in b.lines
        ]
        assert bool(a.title) == bool(b.title)
        assert a.title == "" or re.search(r"[\u4e00-\u9fff]|mg", b.title), f"chapters of chinese.toml lacks {a.title!r}"


@pytest.mark.parametrize("code", CODES)
def test_in_chinese_each_patient_of_a_line_can_be_read_off(code: str) -> None:
    """Of a fact that varies there are as many values as patients."""
    told = patients(all_cards()[code], "zh")
    for chapter in chapters(all_cards()[code], "zh"):
        for line in chapter.lines:
            for fact in line.given.split("；"):
                bars = fact.count(" | ")
                assert bars % (len(line.cases) - 1 or 1) == 0, fact
                assert bars == 0 or len(line.cases) > 1, fact
            assert len(line.cases) > 1 or line.given == told[line.cases[0].name]


@pytest.mark.parametrize("code", CODES)
def test_no_case_stands_without_a_chapter(code: str) -> None:
    """Where the file has no headings they follow from what the cases try."""
    cases = of_file(all_cards()[code].folder / "cases.yaml")
    for chapter in chapters(all_cards()[code]):
        assert bool(chapter.title) != (chapter.tries in TRIES)
        for line in chapter.lines:
            expected = {each.outcome for each in line.cases}
            if chapter.tries == "silent":
                assert expected == {"none"}
            if chapter.tries == "limits":
                assert len(expected) > 1
            if chapter.tries == "missing":
                assert any("failed" in cases[each.number] for each in line.cases)
            if chapter.tries in ("fires", "danger"):
                assert expected != {"none"}


@pytest.mark.parametrize("each", RECOMMENDATIONS.values(), ids=lambda each: each.id)
def test_the_gist_of_each_recommendation_is_told_in_chinese_with_the_same_figures(each: Recommendation) -> None:
    english, other = (re.findall(r"\d+(?:[.,]\d+)*", re.sub("[～-]", " ", each.told(language))) for language in LANGUAGES)
    assert re.search(r"[\u4e00-\u9fff]", each.zh)
    assert sorted(english) == sorted(other)
