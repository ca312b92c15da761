"""Reading and checking the data files of this folder.

A file is tab-separated UTF-8: lines that begin with # are comments, the first other line names the columns, and each further
line is an entry. No cell is empty: "-" marks a cell without a value. An invalid file stops startup with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from importlib.resources import files
from math import isfinite
from typing import NoReturn, TypeVar

from cards.vocabulary.names import Name

NOTHING = "-"
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_Member = TypeVar("_Member", bound=Enum)


class VocabularyError(ValueError):
    """A data file cannot be used; one sentence that names the file, the line and what is wrong."""


class Row:
    """One entry of a file: its cells by column, and its position."""

    def __init__(self, place: str, cells: Mapping[str, str]) -> None:
        self._place = place
        self._cells = cells

    @property
    def key(self) -> str:
        return self._cells["key"]

    @property
    def name(self) -> Name:
        return Name(self.text("en"), self.text("zh"))

    def text(self, column: str) -> str:
        """The text of a cell that must not be empty."""
        return self.optional(column) or self.refuse(f"{column} is missing")

    def optional(self, column: str) -> str:
        """The text of a cell, "" if it has none."""
        said = self._cells[column]
        return "" if said == NOTHING else said

    def flag(self, column: str) -> bool:
        said = self._cells[column]
        return said == "yes" if said in ("yes", NOTHING) else self.refuse(f'{column} is "{said}", neither "yes" nor "-"')

    def number(self, column: str) -> float:
        said = self.text(column)
        try:
            value = float(said)
        except ValueError:
            value = float("nan")
        return value if isfinite(value) else self.refuse(f'{column} is "{said}", which is not a number')

    def whole(self, column: str, *, least: int) -> int:
        value = self.number(column)
        fits = value == int(value) and value >= least
        return int(value) if fits else self.refuse(f"{column} is {value:g}, which is not an integer of at least {least}")

    def member(self, column: str, of: type[_Member]) -> _Member:
        """The enum member whose value is in the cell."""
        said = self.text(column)
        return next((each for each in of if each.value == said), None) or self.refuse(f'{column} is "{said}", which is unknown')

    def choice(self, column: str, among: Iterable[str]) -> str:
        """The text of a cell that must be one of these; "" if it has none."""
        said = self.optional(column)
        return said if not said or said in among else self.refuse(f'{column} is "{said}", which is unknown')

    def refuse(self, wrong: str) -> NoReturn:
        raise self.error(wrong)

    def error(self, wrong: str) -> VocabularyError:
        """The error for this entry, with its position."""
        return VocabularyError(f"{self._place} ({self.key}): {wrong}.")


def read(file: str) -> str:
    """A data file of this folder. Raises VocabularyError if it is missing or not UTF-8."""
    try:
        return files("cards.vocabulary").joinpath(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(f"{file} cannot be read: {error}.") from None


def rows(file: str, text: str, *columns: str) -> dict[str, Row]:
    """The entries of a file by key, in the order of the file. Its columns are key, en, zh (the names) and ``columns``.

    >>> found = rows("colors.tsv", "# Colors\\nkey\\ten\\tzh\\twarm\\nred\\tred\\t红\\tyes\\nblue\\tblue\\t蓝\\t-", "warm")
    >>> [(key, row.name["zh"], row.flag("warm")) for key, row in found.items()]
    [('red', '红', True), ('blue', '蓝', False)]
    """
    expected = ["key", "en", "zh", *columns]
    found: dict[str, Row] = {}
    header: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if line.startswith("#") or not any(cells):
            continue
        if not header:
            header = cells
            if sorted(header) != sorted(expected):
                raise VocabularyError(f"{file}, line {number}: the columns must be {', '.join(expected)}.")
            continue
        row = _row(f"{file}, line {number}", header, cells)
        if row.key in found:
            raise row.error("the key is there twice")
        found[row.key] = row
    if not found:
        raise VocabularyError(f"{file} has no entries.")
    _check_names(found)
    return found


def _row(place: str, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        raise VocabularyError(f"{place} ({cells[0]}): {len(cells)} cells where there are {len(header)} columns.")
    row = Row(place, dict(zip(header, cells, strict=True)))
    if not _KEY.fullmatch(row.key):
        raise row.error("a key consists of lower-case letters, digits and single hyphens")
    if empty := [column for column, cell in zip(header, cells, strict=True) if not cell]:
        raise row.error(f'{empty[0]} is empty; for no value, write "-"')
    return row


def _check_names(found: Mapping[str, Row]) -> None:
    """Check that both names are present and that no two entries share one, which happens when a copied line was not
    finished."""
    for language in ("en", "zh"):
        called: dict[str, str] = {}
        for row in found.values():
            other = called.setdefault(row.name[language], row.key)
            if other != row.key:
                raise row.error(f'{language} is "{row.name[language]}", which is already the name of {other}')


def names(file: str, *columns: str) -> dict[str, Name]:
    """The names of a file by key; ``columns`` are its additional columns."""
    return {key: row.name for key, row in rows(file, read(file), *columns).items()}
