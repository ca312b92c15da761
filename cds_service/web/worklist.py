"""The worklist of a population for a fracture liaison service: filter, sort, export, set what became of a line, open a patient.

Names and records come from the folder of the run (``CDS_POPULATION``); the store knows patients by a keyed hash only, and so do
addresses.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from msgspec import Struct

from cards.engine.catalog import all_cards
from cards.vocabulary import SERVICES
from cds_service import logs
from cds_service.config import Settings
from cds_service.hooks.errors import RequestError
from cds_service.pipeline import Evaluator
from cds_service.population.gaps import ORDER
from cds_service.population.judge import Rules
from cds_service.population.kept import Kept, Worklist
from cds_service.population.rows import Gap, Item
from cds_service.population.sheets import BOM, plain
from cds_service.population.worklist import COLUMNS, REASONS, STATES, cells, overdue
from cds_service.population.worklist import say as told
from cds_service.store import Store, StoreUnavailable
from cds_service.store.worklist import Line, State, put, states
from cds_service.web.screen import screen
from cds_service.web.words import in_language, page_language

ON_A_PAGE = 50
_CLOCKED = frozenset({"denosumab-overdue", "denosumab-due", "denosumab-follow-on", "fracture-untreated", "fracture-new"})
"""Gaps whose clock tells one time from the next."""
NO_STATE = State("", "", datetime.min)

SORTS: dict[str, Callable[[Item, Gap, date], Any]] = {
    "gap": lambda item, gap, today: (ORDER.index(gap.key), gap.clock or date.max),  # as the run sorts them
    "clock": lambda item, gap, today: gap.clock or date.max,
    "overdue": lambda item, gap, today: -(overdue(item, today) or 0),
    "fracture": lambda item, gap, today: -(item.fracture.first.toordinal() if item.fracture and item.fracture.first else 0),
    "name": lambda item, gap, today: item.name.casefold(),
}


class Shown(Struct, frozen=True):
    """One line: the patient, the gap that it is about, what became of it, and the key under which the store knows it; all of
    it as of ``today``."""

    item: Item
    today: date
    gap: Gap
    state: State
    key: str


class Asked(Struct, frozen=True):
    """What is to be shown; what cannot be read is not asked. ``line``: the key of one patient. ``search`` is a name, and stands
    in no address."""

    gap: str = ""
    state: str = ""
    sort: str = "gap"
    page: int = 1
    line: str = ""
    search: str = ""

    @property
    def terms(self) -> dict[str, Any]:
        """As the terms of an address, without the page."""
        return {"gap": self.gap, "state": self.state, "sort": self.sort} | ({"line": self.line} if self.line else {})


def worklist(settings: Settings, folder: Path, evaluator: Evaluator, store: Store) -> Blueprint:
    """``/worklist``, its CSV, its states, and its patients."""
    pages = Blueprint("worklist", __name__, url_prefix="/worklist")
    kept = Kept(folder)

    def lines(run: Worklist, asked: Asked) -> list[Shown]:
        return _lines(run, asked, store)

    @pages.post("")
    def sieve() -> Any:
        """A name that is searched for is sent, never addressed: addresses are logged, and remembered by browsers."""
        asked = _asked(request.form)
        if asked.search:
            return listed(asked)
        return redirect(url_for("worklist.index", lang=page_language(settings.language), **asked.terms), 303)

    @pages.get("")
    def index() -> str:
        return listed(_asked(request.args))

    def listed(asked: Asked) -> str:
        language, run = page_language(settings.language), kept.worklist()
        common = {"language": language, "page": "worklist", "asked": asked, "told": lambda key: told(key, language)}
        if run is None:
            return render_template("worklist.html", run=None, **common)
        found = lines(run, asked)
        last = max((len(found) - 1) // ON_A_PAGE + 1, 1)
        place = min(asked.page, last)
        some = found[(place - 1) * ON_A_PAGE : place * ON_A_PAGE]
        return render_template(
            "worklist.html",
            run=run,
            age=(settings.today() - run.today).days,
            found=len(found),
            lines=[(each, cells(each.item, run.today, language, each.gap), _days(each.gap, run.today)) for each in some],
            gaps=ORDER,
            states=STATES,
            reasons=REASONS,
            sorts=SORTS,
            place=place,
            last=last,
            terms={**asked.terms, "lang": language},
            services=SERVICES,
            **common,
        )

    @pages.route("/worklist.csv", methods=["GET", "POST"])
    def export() -> Response:
        language, run = page_language(settings.language), kept.worklist()
        text = io.StringIO()
        sheet = csv.writer(text)
        sheet.writerow(told(f"column.{name}", language) for name in COLUMNS)
        for each in lines(run, _asked(request.values)) if run else ():
            row = {**cells(each.item, each.today, language, each.gap), **_state_cells(each.state, language)}
            sheet.writerow(map(plain, row.values()))
        headers = {"Content-Disposition": "attachment; filename=worklist.csv"}
        return Response(BOM + text.getvalue().encode(), headers=headers, content_type="text/csv; charset=utf-8")

    @pages.post("/state")
    def change() -> Any:
        form, run = request.form, kept.worklist()
        state, reason = form.get("state", ""), form.get("reason", "") if form.get("state") == "declined" else ""
        shown = _known(run, form.get("key", ""), store) if run else None
        gap = next((each for each in shown.gaps if each.key == form.get("gap")), None) if shown else None
        if shown is None or gap is None or state not in STATES or (state == "declined" and reason not in REASONS):
            raise RequestError(400, "state: must be one of the worklist's, with a reason if it is declined")
        line = Line(_hashed(store, shown.patient), gap.key, episode(gap))
        store.change(lambda connection: put(connection, line, state, reason))
        logs.event("worklist", {"gap": gap.key, "state": state})
        back = _back() | ({"line": line.patient} if form.get("at-search") else {})
        return redirect(f"{url_for('worklist.index')}?{urlencode(back)}#{line.patient}", 303)

    @pages.get("/patients/<key>")
    def patient(key: str) -> str:
        language, run = page_language(settings.language), kept.worklist()
        item = _known(run, key, store) if run else None
        if item is None or run is None:
            abort(404)
        config = {
            "language": language,
            "words": in_language(language),
            "picture": url_for("worklist.picture", key=key, lang=language),
        }
        return render_template(
            "worklist_patient.html",
            language=language,
            page="worklist",
            item=item,
            row=cells(item, run.today, language),
            cards=[all_cards()[code].title[language] for code in item.cards],
            config=config,
            told=lambda word: told(word, language),
        )

    @pages.get("/patients/<key>/picture")
    def picture(key: str) -> Response:
        """The screen of one patient, on the day of the run; null if its record is not kept."""
        language, run = page_language(settings.language), kept.worklist()
        item = _known(run, key, store) if run else None
        if item is None or run is None:
            abort(404)
        entries = kept.record(item.patient)
        rules = Rules(evaluator, run.today, frozenset(run.unknown))
        if not entries:
            return Response(orjson.dumps({"screen": None}), content_type="application/json")
        view = evaluator.view(rules.call(item.patient, entries), language, run.today)
        drawn = view.response | {"screen": screen(view.chart, view.findings, language, view.off)}
        return Response(orjson.dumps(drawn), content_type="application/json")

    @pages.after_request
    def not_kept(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"  # it names patients
        return response

    @pages.errorhandler(StoreUnavailable)
    def unavailable(_: StoreUnavailable) -> Response:
        return Response("The database does not answer\n", 503, content_type="text/plain; charset=utf-8")

    return pages


def episode(gap: Gap) -> str:
    """What tells one time of a gap from the next; "" where nothing does."""
    return gap.clock.isoformat() if gap.clock and gap.key in _CLOCKED else ""


def _hashed(store: Store, patient: str) -> str:
    return store.hashed("worklist", patient)


def _known(run: Worklist, key: str, store: Store) -> Item | None:
    """The patient of a key."""
    return next((item for item in run.items if _hashed(store, item.patient) == key), None)


def _asked(told: Mapping[str, str]) -> Asked:
    page = told.get("page", "")
    return Asked(
        gap=told.get("gap", "") if told.get("gap") in ORDER else "",
        state=told.get("state", "") if told.get("state") in (*STATES, "any") else "any",
        sort=told.get("sort", "") if told.get("sort") in SORTS else "gap",
        page=int(page) if page.isdecimal() and 0 < len(page) < 7 else 1,
        line=told.get("line", ""),
        search=told.get("search", "").strip() if request.method == "POST" else "",
    )


def _back() -> dict[str, str]:
    """The terms of the page from which a state was set."""
    kept = ("gap", "state", "sort", "page", "lang")
    return {name: value for name in kept if (value := request.form.get(f"at-{name}"))}


def _lines(run: Worklist, asked: Asked, store: Store) -> list[Shown]:
    """The lines that are asked for, each with the gap that leads it, or that was asked for."""
    known = store.ask(states)
    found = []
    words = asked.search.casefold()
    for item in run.items:
        gap = next((each for each in item.gaps if each.key == asked.gap), None) if asked.gap else item.gaps[0]
        if gap is None or (words and not any(words in text.casefold() for text in (item.name, item.identifier, item.patient))):
            continue
        key = _hashed(store, item.patient)
        if asked.line and key != asked.line:
            continue
        state = known.get(Line(key, gap.key, episode(gap)), NO_STATE)
        if asked.state in ("any", state.state):
            found.append(Shown(item, run.today, gap, state, key))
    return sorted(found, key=lambda each: SORTS[asked.sort](each.item, each.gap, run.today))


def _days(gap: Gap, today: date) -> int | None:
    return (gap.clock - today).days if gap.clock else None


def _state_cells(state: State, language: str) -> dict[str, str]:
    return {
        "state": told(f"state.{state.state}", language),
        "reason": told(f"reason.{state.reason}", language) if state.reason else "",
        "since": state.set_at.strftime("%Y-%m-%d") if state.state else "",
    }
