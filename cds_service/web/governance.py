"""Cards shown, accepted and overridden, with reasons, by card and month; and what was not understood, as a list for the site to
map. All from the store. No patient, no comment, no user."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, render_template
from msgspec import Struct, field
from sqlalchemy import Connection, distinct, extract, func, select

from cards.engine.catalog import all_cards
from cards.vocabulary import Name
from cards.words.phrases import phrase
from cds_service.config import Settings
from cds_service.hooks.override_reasons import ALWAYS, DRUG_OPTIONS, ORDER_SAFETY
from cds_service.store import Store, StoreUnavailable
from cds_service.store.tables import FEEDBACK, SHOWN
from cds_service.store.unread import KEPT, Counted, most_frequent
from cds_service.unread import local_codes
from cds_service.web.words import page_language, say

LISTED = 200
"""Unread things on the page; the file has all that are kept."""

REASONS: Mapping[str, Name] = {reason.code: reason.display for reason in (*ALWAYS, *DRUG_OPTIONS, *ORDER_SAFETY)}


class Row(Struct):
    """One card in one month ("2026-11"; the month in which it was shown). ``code`` is "" for a card that is not in the store.

    ``accepted`` and ``overridden`` count cards, not clicks. ``reasons``: how often each override reason was given.
    """

    month: str
    code: str
    shown: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float | None:
        """Accepted of those shown; None where none is known to be shown."""
        return min(self.accepted / self.shown, 1.0) if self.shown else None


def governance(settings: Settings, store: Store) -> Blueprint:
    """``/governance``, its CSV and its rows for a table of local codes."""
    pages = Blueprint("governance", __name__, url_prefix="/governance")

    @pages.get("")
    def index() -> str:
        language = page_language(settings.language)
        try:
            (rows, unread), failed = store.ask(_all), False
        except StoreUnavailable:
            rows, unread, failed = [], [], True
        named = [(row, _title(row.code, language), list(_reasons(row, language))) for row in rows]
        totals = {what: sum(getattr(row, what) for row in rows) for what in ("shown", "accepted", "overridden")}
        return render_template(
            "governance.html",
            language=language,
            page="governance",
            rows=named,
            totals=totals,
            failed=failed,
            unread=[(counted, *_in_words(counted, language)) for counted in unread],
            local_codes=local_codes(unread),
        )

    @pages.get("/activity.csv")
    def download() -> Response:
        return _file(_csv(store.ask(activity)), "activity.csv", "text/csv")

    @pages.get("/unread.tsv")
    def to_map() -> Response:
        text = local_codes(store.ask(lambda connection: most_frequent(connection, KEPT)))
        return _file(text, "unread.tsv", "text/tab-separated-values")

    @pages.errorhandler(StoreUnavailable)
    def unavailable(_: StoreUnavailable) -> Response:
        return Response("The database does not answer\n", 503, content_type="text/plain; charset=utf-8")

    return pages


def _file(text: str, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="osteoporosis-cds-{name}"', "Cache-Control": "no-store"}
    return Response(text, headers=headers, content_type=f"{kind}; charset=utf-8")


def _all(connection: Connection) -> tuple[list[Row], list[Counted]]:
    return activity(connection), most_frequent(connection, LISTED)


def activity(connection: Connection) -> list[Row]:
    """All that the store tells, newest month first. What shadow mode kept back is not counted as shown."""
    rows: dict[tuple[str, str], Row] = {}

    def row(year: Any, month: Any, code: str | None) -> Row:
        key = (f"{int(year):04}-{int(month):02}", code or "")
        return rows.setdefault(key, Row(*key))

    year, month = extract("year", SHOWN.c.shown_at), extract("month", SHOWN.c.shown_at)
    shown = select(year, month, SHOWN.c.code, func.count()).where(SHOWN.c.shadow.is_(False))
    for when, in_month, code, count in connection.execute(shown.group_by(year, month, SHOWN.c.code)):
        row(when, in_month, code).shown = count
    moment = func.coalesce(SHOWN.c.shown_at, FEEDBACK.c.received_at)
    parts = (extract("year", moment), extract("month", moment), SHOWN.c.code, FEEDBACK.c.outcome)
    given = select(*parts, FEEDBACK.c.reason, func.count(distinct(FEEDBACK.c.card)))
    joined = given.select_from(FEEDBACK.outerjoin(SHOWN, SHOWN.c.card == FEEDBACK.c.card))
    for when, in_month, code, outcome, reason, count in connection.execute(joined.group_by(*parts, FEEDBACK.c.reason)):
        found = row(when, in_month, code)
        if outcome == "accepted":
            found.accepted += count
        else:
            found.overridden += count
            found.reasons[reason or ""] += count
    return sorted(rows.values(), key=lambda r: (r.month, r.shown, r.code), reverse=True)


def _title(code: str, language: str) -> str:
    return all_cards()[code].title[language] if code in all_cards() else say("governance.unknown-card", language)


def _in_words(counted: Counted, language: str) -> tuple[str, str]:
    """The group of data, as the record calls it, and why it was not understood."""
    return phrase("unread", counted.what.data, language), phrase("why-unread", counted.what.why, language)


def _reasons(row: Row, language: str) -> Iterable[tuple[str, int]]:
    """The reasons in words, the most frequent first. A client's own code stands as it came."""
    for code, count in row.reasons.most_common():
        yield REASONS[code][language] if code in REASONS else code or say("governance.no-reason", language), count


def _csv(rows: Iterable[Row]) -> str:
    """One line a card, month and reason given; ``shown`` and ``accepted`` stand on the first line of each."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["month", "card", "shown", "accepted", "overridden", "override_reasons"])
    for row in rows:
        reasons = "; ".join(f"{_harmless(code) or '-'}: {count}" for code, count in row.reasons.most_common())
        writer.writerow([row.month, row.code, row.shown, row.accepted, row.overridden, reasons])
    return out.getvalue()


def _harmless(code: str) -> str:
    """A client's code without what a spreadsheet would take for a formula."""
    return code.lstrip("=+-@\t\r")
