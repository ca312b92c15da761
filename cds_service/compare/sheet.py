"""A sample of what fired and what did not, as a sheet that two people sign."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from cards.engine.catalog import all_cards
from cds_service.compare.changes import KINDS, Change
from cds_service.compare.sides import Row
from cds_service.population.private import written
from cds_service.population.sheets import BOM, plain

CSV, XLSX = "sign-off.csv", "sign-off.xlsx"
HEAD = (
    *("card", "title", "change", "patient", "indicator A", "indicator B", "recommended A", "recommended B", "evidence", "why"),
    *("right in A (yes/no)", "right in B (yes/no)", "comment", "reviewer 1", "reviewer 2", "date"),
)


def sample(some: Iterable[Change], each_kind: int) -> list[Change]:
    """Of each card that differs, so many of each kind; the same ones for the same run. What did not fire is among them: silence
    is to be signed, too."""
    by_card: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in some:
        kept = by_card[change.card][change.kind]
        kept.append(change)
        if len(kept) > 4 * each_kind + 64:
            kept.sort(key=_place)
            del kept[each_kind:]
    differ = {code: kinds for code, kinds in by_card.items() if kinds.keys() & {"new", "gone", "changed"}}
    return [
        change
        for code in sorted(differ)
        for kind in KINDS
        for change in sorted(differ[code].get(kind, ()), key=_place)[:each_kind]
    ]


def _place(change: Change) -> bytes:
    return blake2b(f"{change.card}/{change.patient}".encode(), digest_size=8).digest()


def write(out: Path, some: Iterable[Change], language: str) -> None:
    """As CSV, and as a workbook where ``xlsxwriter`` is installed. Names patients by their id."""
    rows = [_row(change, language) for change in some]
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow(HEAD)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    with written(out / CSV) as file:
        file.write(BOM + told.getvalue().encode())
    (out / XLSX).unlink(missing_ok=True)
    if find_spec("xlsxwriter") is not None:
        _workbook(out, rows)


def _workbook(out: Path, rows: list[tuple[str, ...]]) -> None:
    import xlsxwriter

    with (
        written(out / XLSX) as file,
        xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book,
    ):
        page = book.add_worksheet("sign-off")
        page.freeze_panes(1, 4)
        page.autofilter(0, 0, max(len(rows), 1), len(HEAD) - 1)
        page.write_row(0, 0, HEAD, book.add_format({"bold": True, "text_wrap": True}))
        for place, row in enumerate(rows, 1):
            page.write_row(place, 0, row)


def _row(change: Change, language: str) -> tuple[str, ...]:
    was, now = change.before, change.after
    shown = now or was
    card = all_cards().get(change.card)
    return (
        change.card,
        card.title[language] if card else "",
        change.kind,
        change.patient,
        was.indicator if was else "",
        now.indicator if now else "",
        " ".join(was.recommended) if was else "",
        " ".join(now.recommended) if now else "",
        _evidence(shown) if shown else "",
        "; ".join(change.why),
        *("",) * 6,
    )


def _evidence(row: Row) -> str:
    return "; ".join(f"{source} {day}".strip() for source, day in zip(row.evidence, row.evidence_dates, strict=False))
