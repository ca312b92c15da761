"""Units, numbers and orders as people write them who know that others have misread them (ISMP): over every sample, in the words
for the clinician and for the patient, and in every regimen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson
import pytest

from cards.definitions.accepted import ACCEPTED
from cards.engine.catalog import all_cards
from cards.vocabulary.regimens import REGIMENS
from cards.words import options, text
from cards.words.phrases import LANGUAGES
from cds_service.casebook.samples import Sample, samples
from cds_service.fhir.proposing.order_templates import templates

MISREAD = re.compile(r"(?<![^\W_])(?:u|μ|µ)g(?![^\W_])|\b(?:SC|IV|IU)\b")
"""μg is read as mg, SC as SL, IV and IU as each other or as 10."""
NOT_SAID = re.compile(r"could not be had|\btake (?:\w+ ){0,2}back\b|costs? (?:\w+ )?bone|drug that costs|\blest\b|of late\b")
GLUED = re.compile(r"(?<=[a-z)\]%])[.;:](?=[A-Z][a-z])|(?<=[\w)）.。；;])- (?=[A-Z*\u4e00-\u9fff])")
"""Two sentences or bullets in one line: a template's line that ends in a tag loses its end of line."""
_UNIT = r"mg|mcg|units|g|mL|ng|pg|nmol|mmol"
UNGROUPED = re.compile(rf"(?<![\w.,])(?:\d{{4,}}(?= ?(?:{_UNIT})\b)|(?!(?:19|20)\d\d(?!\d))\d{{4,}})(?![\w])")
"""Four digits and more, but for a year."""
SCORE = re.compile(r"[TZ](?:-scores?|值)")
NO_DECIMAL = re.compile(r"−\d+(?![\d.])|−\d+\.\d{2,}")
_OWN_UNIT = r"(?: [A-Za-z/μ²³⁹0-9. ]+)?"
LIMIT = re.compile(rf"([<>]?)(\d[\d.,]*){_OWN_UNIT} ?[(（][^()（）]*[)）][^()（）]*?(?:limit |[上下]限)(\d[\d.,]*)(?!倍)")
UPPER = frozenset({"pth-analog-contraindication", "vitamin-d-excess"})
"""Cards whose limit is one that must not be passed (but that of the kidneys); of the others the value lies below it."""


def said(sample: Sample, language: str) -> Iterator[str]:
    """All that a card says, and its buttons."""
    for reader in (False, True):
        words = text.render(sample.finding, language, sample.chart, for_patient=reader)
        yield from (words.summary, words.detail)
    yield from (options.label(option, language, sample.chart) for option in sample.finding.options)


def odd(line: str, language: str) -> Iterator[str]:
    """What of a line is not written as it should be."""
    if SCORE.search(line):
        yield from NO_DECIMAL.findall(line)
    yield from (f"{match[0].strip()} without an end of line" for match in GLUED.finditer(line))
    if language == "en":
        for pattern in (MISREAD, NOT_SAID, UNGROUPED):
            yield from (match[0] for match in pattern.finditer(line))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(all_cards()))
def test_a_card_is_written_so_that_nobody_misreads_it(code: str, language: str) -> None:
    found = [
        f"{sample.title}: {', '.join(wrong)} in {line!r}"
        for sample in samples(code)
        for words in said(sample, language)
        for line in words.splitlines()
        if (wrong := list(odd(line, language)))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(all_cards()))
def test_a_value_beside_its_limit_lies_on_its_own_side(code: str, language: str) -> None:
    for sample in samples(code):
        for words in said(sample, language):
            for found in LIMIT.finditer(words):
                comparator, value, limit = found.groups()
                if words[found.end(2) :].startswith("(OH)D"):
                    continue  # the name of a vitamin is no value
                upper = code in UPPER and not words[: found.start()].rstrip().endswith("eGFR")
                told, against = (float(number.replace(",", "").rstrip(".")) for number in (value, limit))
                assert told > against if upper else (told < against or (comparator == "<" and told <= against)), words


def test_limits_are_told_beside_their_values() -> None:
    """Without these the law above would pass trivially."""
    codes = {"bisphosphonate-renal", "hypocalcemia", "pth-analog-contraindication"}
    telling = {code for code in codes for each in samples(code) for words in said(each, "zh") if LIMIT.search(words)}
    assert telling == codes


@pytest.mark.parametrize("key", [*REGIMENS, *ACCEPTED])
def test_a_regimen_is_written_so_that_nobody_misreads_it(key: str) -> None:
    regimen = REGIMENS.get(key) or ACCEPTED[key]
    words = [regimen.label]
    if key in REGIMENS:
        words += [REGIMENS[key].product, REGIMENS[key].instruction]
    assert not [wrong for each in words for language in LANGUAGES for wrong in odd(each[language], language)]
    assert not re.search(r"\d\.\d*0(?!\d)|(?<!\d)\.\d", regimen.label.en), "no trailing zero, a leading one"


@pytest.mark.parametrize(
    "which", [which for which in templates() if which[2] == "en" and which[0] == "drug"], ids=lambda which: "-".join(which)
)
def test_an_order_is_written_so_that_nobody_misreads_it(which: tuple[str, str, str, str]) -> None:
    sig = orjson.loads(templates()[which])["dosageInstruction"][0]
    told = sig["doseAndRate"][0]["doseQuantity"]
    assert not list(odd(f"{told['value']:,} {told['unit']}; {sig['text']}; {sig['route']['text']}", "en"))
    assert told["code"] in ("mg", "ug", "[iU]"), "codes stay UCUM"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("teriparatide 20 ug SC, 20 μg IV, 1000 IU", ["ug", "SC", "μg", "IV", "IU", "1000"]),
        ("calcium 2000 mg since 2026, TSH 2 mIU/L, CTX 1,101 pg/mL [ELD2023-07d]", ["2000"]),
        ("hip T-score −2 (1 May 2026), −2.46 and −2.5", ["−2", "−2.46"]),
        ("it costs hip bone; take the other back", ["take the other back"]),
        ("14 days after each dose.If it was given- Ask", [". without an end of line", "- without an end of line"]),
    ],
    ids=["units", "thousands", "scores", "phrases", "glued"],
)
def test_what_is_misread_is_seen(line: str, wrong: list[str]) -> None:
    assert sorted(set(wrong) - set(odd(line, "en"))) == []
