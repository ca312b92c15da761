"""The sheet: what was asked, what was found, what follows from it; and what only people know, to be filled in."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

from msgspec import Struct

Verdict = Literal["ok", "note", "problem", "not asked", "to fill in"]
MARKS: dict[Verdict, str] = {
    "ok": "ok",
    "note": "note",
    "problem": "PROBLEM",
    "not asked": "not asked",
    "to fill in": "________",
}
_WIDTH, _WHAT, _MARK = 118, 34, 10


class Row(Struct, frozen=True):
    """One line. ``found``: what the server said; ``means``: what follows from it, "" where nothing does."""

    section: str
    what: str
    verdict: Verdict
    found: str = ""
    means: str = ""


class Sheet(Struct, frozen=True):
    server: str
    asked_on: str
    content: str
    rows: tuple[Row, ...]

    @property
    def problems(self) -> int:
        return sum(row.verdict == "problem" for row in self.rows)


BY_HAND = "To be filled in by the EHR's team"
QUESTIONS = (
    ("Product, version", "of the EHR, and of its CDS Hooks support"),
    (
        "Hooks",
        "which of patient-view, order-select, order-sign, problem-list-item-create, encounter-discharge, medication-refill",
    ),
    ("Where each hook fires", "and for whom; who decides that"),
    ("Prefetch", "read from our discovery, or entered by hand? Is null sent for a search without results?"),
    ("fhirAuthorization", "sent? Our client id there; for how long a token holds; which scopes are granted"),
    ("Signature (JWT)", "iss, address of the keys (jku), algorithm, aud, tenant"),
    ("Most seconds for an answer", "after which the EHR goes on without us; what the clinician sees then"),
    ("selectionBehavior", "at-most-one and any, or any only"),
    ("Actions", "how many for each suggestion; create, update, delete; of which resource types"),
    ("Orders", "codes that an order needs (preference list); whether dose, timing and start reach it"),
    ("What is shown of a suggestion", "label, description of the action, or both"),
    ("isRecommended", "preselected, highlighted, or ignored"),
    ("Codes", "characters allowed in source.topic.code and overrideReasons.code; reasons of the EHR's own"),
    ("Links", "which addresses must be registered; SMART launch with appContext"),
    ("Length", "most characters of summary and detail; Markdown shown as such?"),
    ("Overridden cards", "does the EHR itself keep back a card that was overridden, and critical ones, too?"),
    ("Feedback", "sent at once, in batches, or not"),
    ("Errors", "what a clinician sees of a 412, a 500, no answer: never as 'no recommendations'"),
    ("Test patients", "synthetic ones, and who may create them"),
    ("People", "who answers questions on the EHR, on the FHIR server, on clinical content"),
)


def to_fill_in() -> Iterator[Row]:
    yield from (Row(BY_HAND, what, "to fill in", means=asks) for what, asks in QUESTIONS)


def text(sheet: Sheet) -> str:
    """The sheet for people, ready to be printed and filled in."""
    lines = [f"FHIR server   {sheet.server}", f"asked on      {sheet.asked_on}, content {sheet.content}"]
    for section, rows in groupby(sheet.rows, key=lambda row: row.section):
        lines += ["", section.upper(), *_lines(list(rows))]
    return "\n".join([*lines, "", _summary(sheet.rows), ""])


def _lines(rows: Sequence[Row]) -> Iterable[str]:
    for row in rows:
        told = " - ".join(part for part in (row.found, row.means) if part)
        first, *others = textwrap.wrap(told, _WIDTH - _WHAT - _MARK - 4, break_on_hyphens=False) or [""]
        yield f"  {row.what:<{_WHAT}}{MARKS[row.verdict]:<{_MARK}}{first}".rstrip()
        yield from (f"{'':<{_WHAT + _MARK + 2}}{other}" for other in others)


def _summary(rows: Sequence[Row]) -> str:
    count = {verdict: sum(row.verdict == verdict for row in rows) for verdict in MARKS}
    return ", ".join(f"{number} {verdict}" for verdict, number in count.items() if number)
