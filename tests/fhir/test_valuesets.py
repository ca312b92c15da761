"""The codes of public value sets against the aims, where they are present; the page that publishes the counts, always."""

from __future__ import annotations

import pytest

from tests.fhir import valuesets
from tests.fhir.reading_page import DOCUMENT, GAPS, document, kept, measured
from tests.fhir.valuesets import FILE, Row, is_read, is_wrong, read, rows

EXCEPTIONS = {(gap["meaning"], code) for gap in GAPS["codes"] for code in gap["codes"]}
with_value_sets = pytest.mark.skipif(not FILE.exists(), reason="the shared data are not here")


def named(row: Row) -> tuple[str, str]:
    return row.meaning, f"{row.system.rstrip('/').rpartition('/')[2]} {row.code}"


def test_the_page_is_current() -> None:
    """It needs no value sets: what was measured on them is kept as it stands."""
    assert DOCUMENT.read_text(encoding="utf-8") == document(kept())


@with_value_sets
def test_what_the_page_says_of_the_value_sets_is_current() -> None:
    assert kept() == measured()


@with_value_sets
def test_every_code_is_read_or_named_as_an_exception_with_its_reason() -> None:
    missed = {named(row) for row in rows() if not is_read(row, read(row))}
    assert missed == EXCEPTIONS


@with_value_sets
def test_no_code_is_read_as_something_else() -> None:
    assert [named(row) for row in rows() if is_wrong(row, read(row)) or is_wrong(row, read(row, display=False))] == []


@with_value_sets
def test_each_meaning_of_the_value_sets_is_one_of_ours() -> None:
    assert {row.resource for row in rows()} <= valuesets.READERS.keys()
