"""What became of the cards: accepted, overridden with which reasons, or no word at all; by card, month, moment and option. And
what was not understood, as a list for the site to map. All from the store. No patient, no comment, no user."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from functools import partial

from flask import Blueprint, Response, render_template, request
from msgspec import Struct
from sqlalchemy import Connection

from cards.definitions.accepted import ACCEPTED
from cards.engine.catalog import all_cards
from cards.vocabulary import DRUGS, SERVICES, Name
from cards.words import phrases
from cards.words.phrases import phrase
from cds_service.config import Settings
from cds_service.drift import limits as drift
from cds_service.drift.watch import Watch
from cds_service.figures.wilson import Rate, rate
from cds_service.hooks.override_reasons import ALWAYS, DRUG_OPTIONS, HOLDS, ORDER_SAFETY
from cds_service.not_understood import local_codes
from cds_service.store import Store, StoreUnavailable
from cds_service.store.activity import Part, Row, Taken, activity, taken
from cds_service.store.unread import KEPT, Counted, most_frequent
from cds_service.web.words import WORDS, page_language, say

LISTED = 200
"""Unread things on the page; the file has all that are kept."""

VIEWS = ("card", "month", "hook", "option")
PARTS: Mapping[str, Part] = {"card": "code", "month": "month", "hook": "service"}

REASONS: Mapping[str, Name] = {reason.code: reason.display for reason in (*HOLDS, *ALWAYS, *DRUG_OPTIONS, *ORDER_SAFETY)}


class Line(Struct, frozen=True):
    """One line of the page. ``name``: what it counts, in words; ``code``: that of the card or option, "" where it has none."""

    name: str
    code: str
    shown: int
    accepted: int
    overridden: int
    silent: int
    rate: Rate | None
    reasons: list[tuple[str, int]] = []


def governance(settings: Settings, store: Store, watch: Watch) -> Blueprint:
    """``/governance``, its CSV files and its rows for a table of local codes."""
    pages = Blueprint("governance", __name__, url_prefix="/governance")

    @pages.get("")
    def index() -> str:
        language = page_language(settings.language)
        by = request.args.get("by", "")
        by = by if by in VIEWS else VIEWS[0]
        try:
            (total, lines, unread), failed = store.ask(partial(_all, by=by, language=language)), False
            week = watch.lines()
        except StoreUnavailable:
            total, lines, unread, failed, week = Row(()), [], [], True, []
        return render_template(
            "governance.html",
            language=language,
            page="governance",
            views=VIEWS,
            by=by,
            total=total,
            rate=rate(total.accepted, total.said),
            lines=lines,
            failed=failed,
            unread=[(counted, *_in_words(counted, language)) for counted in unread],
            local_codes=local_codes(unread),
            drift=[*drifting(week, language)],
            watched=bool(week),
            calls=week[0].calls if week else 0,
        )

    @pages.get("/drift.csv")
    def drift_file() -> Response:
        return _file(_drift_csv(watch.lines()), "drift.csv", "text/csv")

    @pages.get("/activity.csv")
    def download() -> Response:
        return _file(_csv(store.ask(_in_full)), "activity.csv", "text/csv")

    @pages.get("/options.csv")
    def options() -> Response:
        return _file(_options_csv(store.ask(taken)), "options.csv", "text/csv")

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


def _all(connection: Connection, by: str, language: str) -> tuple[Row, list[Line], list[Counted]]:
    (total,) = activity(connection) or [Row(())]
    return total, _lines(connection, by, language), most_frequent(connection, LISTED)


def _lines(connection: Connection, by: str, language: str) -> list[Line]:
    if by == "option":
        return [_of_option(each, language) for each in taken(connection)]
    rows = activity(connection, (PARTS[by],))
    rows.sort(key=lambda row: row.key if by == "month" else (row.shown, row.said, row.key), reverse=True)
    return [_of_row(row, by, language) for row in rows]


def _of_row(row: Row, by: str, language: str) -> Line:
    (key,) = row.key
    name = {"card": _title, "hook": _hook}.get(by, lambda key, _: key)(key, language)
    counts = (row.shown, row.accepted, row.overridden, row.silent)
    return Line(name, key if by == "card" else "", *counts, rate(row.accepted, row.said), list(_reasons(row, language)))


def _of_option(each: Taken, language: str) -> Line:
    """Not accepted, of an option: something else was said of a card that offered it."""
    counts = (each.offered, each.accepted, each.said - each.accepted, each.offered - each.said)
    return Line(_option(each.option, language), each.option, *counts, rate(each.accepted, each.said))


class Drifting(Struct, frozen=True):
    """A card or code on the page: how often it came last week, per 1,000 calls, and between which limits no alarm is raised."""

    name: str
    key: str
    alarm: str
    seen: float
    low: float
    high: float


def drifting(lines: Iterable[drift.Line], language: str) -> Iterable[Drifting]:
    """The alarms, then the cards that are watched, the most frequent first. Codes without an alarm stand in the file."""
    shown = [line for line in lines if line.alarm or (line.kind == drift.CARD and line.watched)]
    for line in sorted(shown, key=lambda line: (not line.alarm, -line.seen, line.key)):
        name = _title(line.key, language) if line.kind == drift.CARD else say("drift.code", language)
        alarm = say(f"drift.{line.alarm}", language) if line.alarm else ""
        yield Drifting(name, line.key, alarm, *map(line.per_thousand, (line.seen, line.low, line.high)))


def _title(code: str, language: str) -> str:
    return all_cards()[code].title[language] if code in all_cards() else say("governance.unknown-card", language)


def _hook(service: str, language: str) -> str:
    hook = service.removeprefix("osteoporosis-")
    return say(f"moment.{hook}", language) if f"moment.{hook}" in WORDS else hook


def _option(option: str, language: str) -> str:
    """An option as it was kept ("drug/alendronate"), in words; one that is no more as it stands."""
    kind, _, key = option.partition("/")
    try:
        if kind == "problem":
            return say("governance.problem", language, what=phrase("problem", key, language))
        if kind == "mend":
            return ACCEPTED[key].label[language]
        return phrases.name(key, language, DRUGS, SERVICES) if key else say(f"governance.{kind}", language)
    except KeyError:
        return option


def _in_words(counted: Counted, language: str) -> tuple[str, str]:
    """The group of data, as the record calls it, and why it was not understood."""
    return phrase("unread", counted.what.data, language), phrase("why-unread", counted.what.why, language)


def _reasons(row: Row, language: str) -> Iterable[tuple[str, int]]:
    """The reasons in words, the most frequent first. A client's own code stands as it came."""
    for code, count in row.reasons.most_common():
        yield REASONS[code][language] if code in REASONS else code or say("governance.no-reason", language), count


def _in_full(connection: Connection) -> list[Row]:
    """By month, service and card, the newest month first."""
    return sorted(
        activity(connection, ("month", "service", "code")), key=lambda row: (row.key[0], row.shown, row.key), reverse=True
    )


def _csv(rows: Iterable[Row]) -> str:
    """One line a month, service and card."""
    head = ("month", "service", "card", "shown", "accepted", "overridden", "no_word", "override_reasons")
    lines = []
    for row in rows:
        reasons = "; ".join(f"{_harmless(code) or '-'}: {count}" for code, count in row.reasons.most_common())
        lines.append((*map(_harmless, row.key), row.shown, row.accepted, row.overridden, row.silent, reasons))
    return _written(head, lines)


def _drift_csv(lines: Iterable[drift.Line]) -> str:
    head = ("kind", "key", "alarm", "calls", "seen", "per_1000", "low_per_1000", "high_per_1000", "watched_for_silence")
    rows = []
    for line in sorted(lines, key=lambda line: (line.kind, line.key)):
        rates = (round(line.per_thousand(number), 2) for number in (line.seen, line.low, line.high))
        rows.append((line.kind, line.key, line.alarm, line.calls, line.seen, *rates, line.watched))
    return _written(head, rows)


def _options_csv(options: Iterable[Taken]) -> str:
    head = ("option", "offered", "accepted", "not_accepted", "no_word")
    return _written(head, ((o.option, o.offered, o.accepted, o.said - o.accepted, o.offered - o.said) for o in options))


def _written(head: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(lines)
    return out.getvalue()


def _harmless(code: str) -> str:
    """A client's code without what a spreadsheet would take for a formula."""
    return code.lstrip("=+-@\t\r")
