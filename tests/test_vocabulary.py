"""The data files of the vocabulary: what is broken stops the start, with one sentence that says where and what."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest

from cards.vocabulary import VocabularyError, analytes, drugs, problems, regimens, tables

FILES: dict[str, Callable[[str], object]] = {
    "drugs.tsv": drugs.drugs,
    "mechanisms.tsv": drugs.kinds,
    "analytes.tsv": analytes.analytes,
    "bone-density-sites.tsv": analytes.sites,
    "problems.tsv": problems.read_by,
    "services.tsv": problems.categories,
}
BROKEN = [  # file, line, column: what is written there instead, and what is said of it
    ("drugs.tsv", "risedronate", "key", "alendronate", "the key is there twice."),
    ("drugs.tsv", "risedronate", "key", "Risedronate", "a key consists of lower-case letters, digits and single hyphens."),
    ("drugs.tsv", "risedronate", "zh", "", 'zh is empty; for no value, write "-".'),
    ("drugs.tsv", "risedronate", "zh", "-", "zh is missing."),
    ("drugs.tsv", "risedronate", "zh", "阿仑膦酸钠", 'zh is "阿仑膦酸钠", which is already the name of alendronate.'),
    ("drugs.tsv", "denosumab", "mechanism", "rankl", 'mechanism is "rankl", which is unknown.'),
    ("drugs.tsv", "denosumab", "covers_months", "six", 'covers_months is "six", which is not a number.'),
    ("drugs.tsv", "denosumab", "covers_months", "0", "covers_months is 0, which is not an integer of at least 1."),
    ("drugs.tsv", "denosumab", "covers_months", "5.5", "covers_months is 5.5, which is not an integer of at least 1."),
    ("drugs.tsv", "denosumab", "oral", "no", 'oral is "no", neither "yes" nor "-".'),
    ("drugs.tsv", "denosumab", "oral", "yes", "covers_months is only for injections, but this drug is taken by mouth."),
    ("drugs.tsv", "denosumab-oncology", "ingredient", "denusomab", 'ingredient is "denusomab", which is unknown.'),
    (
        "drugs.tsv",
        "denosumab-oncology",
        "mechanism",
        "serm",
        "the mechanism differs from that of denosumab, its ingredient.",
    ),
    ("drugs.tsv", "ibandronate-iv", "from_mg", "7", "from_mg (7) is not below below_mg (6.1)."),
    (
        "drugs.tsv",
        "denosumab",
        "from_mg",
        "1",
        "from_mg and below_mg distinguish a drug from its ingredient, but this row is the ingredient itself.",
    ),
    ("mechanisms.tsv", "serm", "key", "serms", 'key is "serms", which is unknown.'),
    ("mechanisms.tsv", "serm", "kind", "antiresorbtive", 'kind is "antiresorbtive", which is unknown.'),
    ("analytes.tsv", "t-score", "group", "bones", 'group is "bones", which is unknown.'),
    ("analytes.tsv", "t-score", "low", "11", "low (11) is not below high (10)."),
    ("analytes.tsv", "t-score", "high", "-10", "low (-10) is not below high (-10)."),
    ("analytes.tsv", "t-score", "high", "inf", 'high is "inf", which is not a number.'),
    ("analytes.tsv", "t-score", "digits", "-1", "digits is -1, which is not an integer of at least 0."),
    ("bone-density-sites.tsv", "heel", "key", "heels", 'key is "heels", which is unknown.'),
    ("bone-density-sites.tsv", "heel", "hip", "perhaps", 'hip is "perhaps", neither "yes" nor "-".'),
    (
        "problems.tsv",
        "stroke",
        "en",
        "myocardial infarction",
        'en is "myocardial infarction", which is already the name of myocardial-infarction.',
    ),
    ("problems.tsv", "stroke", "codes", "icd10:I63.9 I64", 'codes: "I64" is no code.'),
    ("services.tsv", "dxa", "category", "radiology", 'category is "radiology", which is unknown.'),
]


def shipped(file: str) -> list[list[str]]:
    """The lines of a file in cells, comments left out, the columns first."""
    text = files("cards.vocabulary").joinpath(file).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def refused(file: str, lines: list[list[str]]) -> str:
    """What the loader says of such a file: one sentence."""
    with pytest.raises(VocabularyError) as error:
        FILES[file]("\n".join("\t".join(cells) for cells in lines))
    sentence = str(error.value)
    assert sentence.startswith(file)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(("file", "key", "column", "cell", "said"), BROKEN)
def test_a_cell_that_does_not_fit_is_refused(file: str, key: str, column: str, cell: str, said: str) -> None:
    lines = shipped(file)
    number, line = next((n, cells) for n, cells in enumerate(lines, start=1) if cells[0] == key)
    line[lines[0].index(column)] = cell
    assert refused(file, lines) == f"{file}, line {number} ({line[0]}): {said}"


def test_a_cell_or_a_column_that_is_missing_is_refused() -> None:
    lines = shipped("drugs.tsv")
    assert "columns must be key, en, zh, mechanism" in refused("drugs.tsv", [[*lines[0][:-1], "color"], *lines[1:]])
    columns = len(lines[0])
    assert f"{columns - 1} cells where there are {columns} columns" in refused("drugs.tsv", [lines[0], lines[1][:-1]])


@pytest.mark.parametrize(("file", "key"), [("mechanisms.tsv", "serm"), ("bone-density-sites.tsv", "heel")])
def test_what_rules_speak_of_must_be_there(file: str, key: str) -> None:
    lines = [cells for cells in shipped(file) if cells[0] != key]
    assert refused(file, lines) == f"{file} lacks {key}, which rules speak of."


def test_the_sentence_names_the_line_as_an_editor_counts_it() -> None:
    with pytest.raises(VocabularyError, match=r"^x\.tsv, line 5 \(b\): zh is missing\.$"):
        tables.rows("x.tsv", "# one\nkey\ten\tzh\n\na\ta\t甲\nb\tb\t-\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", "key\ten\tzh\n"])
def test_a_file_without_entries_is_refused(text: str) -> None:
    with pytest.raises(VocabularyError, match=r"^x\.tsv has no entries\.$"):
        tables.rows("x.tsv", text)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(VocabularyError, match=r"^no-such\.tsv cannot be read: "):
        tables.read("no-such.tsv")


@pytest.mark.parametrize("load", [drugs.drugs, analytes.analytes], ids=["drugs", "analytes"])
def test_the_order_of_columns_and_the_end_of_lines_do_not_matter(load: Callable[[str], dict[str, object]]) -> None:
    lines = shipped("drugs.tsv" if load is drugs.drugs else "analytes.tsv")
    as_it_is, turned = ("\n".join("\t".join(cells) for cells in lines), "\r\n".join("\t".join(reversed(c)) for c in lines))
    assert load(turned) == load(as_it_is)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[denosumab]", "[denosumap]", "regimens.toml (denosumap): the drug denosumap is not in drugs.tsv."),
        ("every = [6,", "every = [3,", "regimens.toml (denosumab): according to drugs.tsv a dose works for 6 months."),
        (
            'every = [1, "a"]',
            'every = [1, "mo"]',
            "regimens.toml (zoledronate): according to drugs.tsv a dose works for 12 months.",
        ),
        ("dose = 70", 'dose = "70"', "regimens.toml (alendronate): Expected `float`, got `str` - at `$.dose`."),
        ("dose = 70", "dose 70", "regimens.toml: Expected '=' after a key in a key/value pair (at line 11, column 6)."),
    ],
)
def test_a_regimen_that_does_not_fit_is_refused(old: str, new: str, said: str) -> None:
    text = tables.read("regimens.toml")
    assert old in text
    with pytest.raises(VocabularyError) as error:
        regimens.regimens(text.replace(old, new, 1))
    assert str(error.value) == said
