"""The desk of those who sign the medicine: what has changed for them, the sheet of a card, sign or object.

Who signs is the user name that came with the reviewer's token. Everybody with the token can give any name: the file that is
exported proves who signed only as far as the repository does to which it is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, stream_with_context, url_for

from cards.engine.catalog import all_cards
from cards.engine.sources import CHECKED, VERSION
from cds_service import logs
from cds_service.config import Settings
from cds_service.content.canon import current, parts_of
from cds_service.content.compare import Row, beside, marked
from cds_service.content.releases import named, with_committed
from cds_service.content.signatures import Signature, end_of, kept_ones, sealed
from cds_service.content.standing import SETTLED, Standing, standings
from cds_service.pipeline import Evaluator
from cds_service.serving.load import Load
from cds_service.store import Store, StoreUnavailable, reviews
from cds_service.web.review.changed import changed_parts
from cds_service.web.review.difference import Stretches, files
from cds_service.web.review.paper import Paper, of_section
from cds_service.web.review.to_do import grouped
from cds_service.web.sheet.attested import counted, read_as
from cds_service.web.sheet.context import context, judged_case
from cds_service.web.sheet.reading_time import minutes
from cds_service.web.sheet.sheet import hashes, sheet
from cds_service.web.sheet.signable import offered, signed_now
from cds_service.web.words import of_sheet, page_language

LONGEST = {"by": 100, "role": 100, "remark": 4000}
DECISIONS = ("signed", "objected")

Compared = tuple[Row, Stretches, Stretches]
"""A line of both sides, and of one that changed which stretches of it did, on either side."""


def review(settings: Settings, evaluator: Evaluator, store: Store, load: Load) -> Blueprint:
    """``/review``: the start page, the cards, their signatures, and the file of them."""
    pages = Blueprint("review", __name__, url_prefix="/review")

    def page(name: str, **values: Any) -> str:
        language = page_language(settings.language)
        common = {"page": "review", "version": VERSION, "checked": CHECKED, "by": _reader()}
        return render_template(name, **common, **context(language), **values)

    @pages.get("")
    def index() -> str:
        said, language = _said(store), page_language(settings.language)
        groups = grouped({code: _of_reader(some) for code, some in standings(said).items()}, store, language)
        kept = request.args.get("kept", "")
        kept = kept if kept in all_cards() else ""
        next_one = next((each.code for key in ("changed", "unsigned", "begun") for each in groups[key]), "")
        shared = any(each.said and each.said.shared != current().shared_hash for some in groups.values() for each in some)
        gone = sorted({each.card for each in said} - all_cards().keys())
        told = {"groups": groups, "shared": shared, "gone": gone, "kept": kept, "next_one": next_one, "end": end_of(said)}
        return page("review.html", cards=all_cards(), **told)

    def desk(code: str, wrong: str = "", status: int = 200) -> Response:
        language, said = page_language(settings.language), _said(store)
        card, some = all_cards()[code], standings(said).get(code, [])
        mine = signed_now(code, _of_reader(some), language)
        made = sheet(card, evaluator.thresholds, language)
        changed = changed_parts(mine, code, store, language)
        text = next((each.text for each in changed if each.text), "")
        shown = page(
            "review_card.html",
            card=card,
            s=made,
            parts=counted(made.counts),
            times=minutes(code, language),
            offered=offered(code, language),
            signed=signed_now(code, some, language),
            mine=mine,
            log=[each for each in reversed(said) if each.card == code],
            changed=changed,
            files=_files(code, text) if text else [],
            judge=url_for("review.judge", code=code, number=0)[:-2],
            form={key: request.form.get(key, "") for key in LONGEST}
            | {"role": request.form.get("role") or _role(said, _reader()), "read": request.form.getlist("read")},
            wrong=wrong,
            config={"words": of_sheet(language), "language": language},
        )
        return Response(shown, status, content_type="text/html; charset=utf-8")

    @pages.get("/cards/<code>")
    def card(code: str) -> Response:
        return desk(code) if code in all_cards() else abort(404)

    @pages.post("/cards/<code>")
    def sign(code: str) -> Any:
        if code not in all_cards():
            abort(404)
        told = {key: _line(request.form.get(key, ""), most) for key, most in LONGEST.items()}
        told["by"] = _reader() or told["by"]
        decision = request.form.get("decision", "")
        language = page_language(settings.language)
        known = {*offered(code, language), SETTLED}
        read = [part for part in request.form.getlist("read") if part in known]
        wanted = read if decision == "signed" else told["remark"]
        if decision not in DECISIONS or not (told["by"] and told["role"] and wanted):
            return desk(code, "wants", 400)
        if request.form.get("hash") != hashes()[code]:
            return desk(code, "moved-on", 409)
        row = {**told, "card": code, "decision": decision, "content": named(code), "hash": hashes()[code]}
        row["shared"] = current().shared_hash
        counts = sheet(all_cards()[code], evaluator.thresholds, language).counts
        row["read"] = read_as(language, read, counts, current(), code)
        store.change(partial(reviews.add, signature=row, text=current().text(code)))
        logs.event("review", {"card": code, "decision": decision, "hash": row["hash"][:12]})
        return redirect(url_for("review.index", kept=code, lang=page_language(settings.language)), 303)

    @pages.get("/cards/<code>/cases/<int:number>")
    def judge(code: str, number: int) -> Response:
        return judged_case(load, code, number)

    @pages.get("/signatures.jsonl")
    def export() -> Response:
        headers = {"Content-Disposition": 'attachment; filename="signatures.jsonl"', "Cache-Control": "no-store"}
        return Response("".join(sealed(_said(store))), headers=headers, content_type="application/jsonl; charset=utf-8")

    @pages.get("/print")
    def everything() -> Response:
        """Every card, or those of one section, for paper; sent card by card. ``form``: short, or full: see print_head.html."""
        paper = Paper(
            page,
            evaluator.thresholds,
            page_language(settings.language),
            form="full" if request.args.get("form") == "full" else "short",
        )
        leaves = paper.leaves(of_section(request.args.get("section", "")), standings(_said(store)))
        return Response(stream_with_context(leaves), content_type="text/html; charset=utf-8")

    @pages.errorhandler(StoreUnavailable)
    def unavailable(_: StoreUnavailable) -> Response:
        return Response(page("review_failed.html"), 503, content_type="text/html; charset=utf-8")

    return pages


def _reader() -> str:
    """Who reads: the user name that came with the token; "" for none."""
    given = request.authorization
    name = (given.username or "") if given is not None and given.type == "basic" else ""
    return _line(name, LONGEST["by"])


def _line(text: str, most: int) -> str:
    """One line of what can be seen: a control or format character would make a second name that looks like the first, and
    PostgreSQL keeps no NUL."""
    return " ".join("".join(each if each.isprintable() else " " * each.isspace() for each in text).split())[:most]


def _said(store: Store) -> list[Signature]:
    """Every signature: those that came with the content, then those of this database that did not."""
    return with_committed(kept_ones(store.ask(reviews.kept)))


def _of_reader(some: Sequence[Standing]) -> list[Standing]:
    """What the reader has said of a card; what anybody has where no name is known."""
    return [each for each in some if _reader() in ("", each.by)]


def _role(said: list[Signature], by: str) -> str:
    """The role that the reader gave last."""
    return next((each.role for each in reversed(said) if by and each.by == by), "")


def _files(code: str, text: str) -> list[tuple[str, list[Compared]]]:
    """File by file, the lines that differ side by side."""
    before, after = parts_of(text), current().cards[code]
    found = ((part, beside(before.get(part, ""), after[part])) for part in files(before, after))
    return [(part, [_compared(row) for row in rows]) for part, rows in found]


def _compared(row: Row) -> Compared:
    return (row, *(marked(row.before, row.after) if row.kind == "changed" else ([], [])))
