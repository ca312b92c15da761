"""Every row of the protocol is proved by a test that bears its id, or says why it is not."""

from __future__ import annotations

from tests.protocol.conformance import DOCUMENT, document, proofs, rows

ROWS = {row: told for its_rows in rows().values() for row, told in its_rows.items()}


def test_every_row_has_a_test_or_a_reason() -> None:
    proven = proofs()
    assert [row for row, told in ROWS.items() if row not in proven and "elsewhere" not in told] == []


def test_no_test_bears_the_id_of_a_row_that_does_not_exist() -> None:
    assert proofs().keys() <= ROWS.keys()


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: make docs"
