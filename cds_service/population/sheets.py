"""The worklist as sheets: CSV always, an Excel workbook where ``xlsxwriter`` is installed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from itertools import islice
from typing import IO, Any, Protocol

from cds_service.population.job import Job
from cds_service.population.private import scratch, written
from cds_service.population.rows import Item
from cds_service.population.worklist import COLUMNS, Cell, cells, say

CSV, XLSX = "worklist.csv", "worklist.xlsx"
BOM = b"\xef\xbb\xbf"
"""Tells Excel that a CSV is in UTF-8."""
_FORMULA = re.compile(r"\A(?:\s*(?:[=@＝＠]|[+-](?![\d() ./-]{0,40}$)|[＋－])|[\t\r\n])")
"""Also in the width of Chinese and Japanese text, which a spreadsheet takes for the same."""
_ROWS = 1_000_000
"""Lines of one sheet of a workbook, which cannot hold many more."""


class Text(Protocol):
    def write(self, text: str, /) -> object: ...


def lines(file: Text, header: Sequence[str]) -> Callable[[Iterable[Any]], None]:
    """Writes structs with these fields as lines of a CSV."""
    told = csv.writer(file)
    told.writerow(header)
    return lambda some: told.writerows([plain(getattr(each, name)) for name in header] for each in some)


def plain(value: Any) -> Cell:
    """A cell of a CSV: what is several, with blanks between; a text that a spreadsheet would take for a formula, quoted.

    >>> plain(("a", "b")), plain("=1+1"), plain("+86 10 1234"), plain("-2.5"), plain(date(2026, 3, 1))
    ('a b', "'=1+1", '+86 10 1234', '-2.5', '2026-03-01')
    """
    if isinstance(value, tuple):
        value = " ".join(map(str, value))
    if isinstance(value, date):
        return value.isoformat()
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def write_csv(job: Job, items: Iterable[Item], language: str) -> None:
    with written(job.out / CSV) as file:
        file.write(BOM)
        told = csv.writer(codecs.getwriter("utf-8")(file))
        told.writerow(say(f"column.{name}", language) for name in COLUMNS)
        told.writerows(map(plain, cells(item, job.today, language).values()) for item in items)


def write_xlsx(job: Job, items: Iterable[Item], language: str) -> bool:
    """Whether it could be written; an older one does not stay."""
    (job.out / XLSX).unlink(missing_ok=True)
    if find_spec("xlsxwriter") is None:
        return False
    import xlsxwriter

    with written(job.out / XLSX) as file, scratch(job.out / "sheets") as meanwhile, _lent(file) as lent:
        options = {"constant_memory": True, "tmpdir": str(meanwhile)}
        book = xlsxwriter.Workbook(lent, options | {"strings_to_formulas": False, "strings_to_urls": False})
        bold = book.add_format({"bold": True})
        items = iter(items)
        while True:
            sheet, number = book.add_worksheet(), 0
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, [say(f"column.{name}", language) for name in COLUMNS], bold)
            for number, item in enumerate(islice(items, _ROWS), 1):
                sheet.write_row(number, 0, cells(item, job.today, language).values())
            sheet.autofilter(0, 0, number, len(COLUMNS) - 1)
            if number < _ROWS:
                break
        try:
            book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            (why,) = error.args
            raise OSError(why.errno, why.strerror, str(job.out / XLSX)) from error
    return True


class _Lent:
    """A file that can be taken back from whoever still holds it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextmanager
def _lent(file: IO[bytes]) -> Iterator[_Lent]:
    """Where a zip fails, it tries to end itself once more as it is thrown away, and Python prints what goes wrong then, past
    everybody. Let it do so in memory."""
    lent = _Lent(file)
    try:
        yield lent
    finally:
        lent.file = io.BytesIO()
