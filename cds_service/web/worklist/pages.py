"""The worklist of a population for a fracture liaison service: filter, sort, export, set what became of a line, open a patient.

Names and records come from the folder of the run (``CDS_POPULATION``); the store knows patients by a keyed hash only, and so do
addresses.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from cards.engine.catalog import all_cards
from cards.vocabulary import SERVICES
from cds_service import logs
from cds_service.config import Settings
from cds_service.hooks.errors import RequestError
from cds_service.pipeline import Evaluator
from cds_service.population.gaps import ORDER
from cds_service.population.judge import Rules
from cds_service.population.kept import SORTS, Kept
from cds_service.population.listed import About
from cds_service.population.rows import Gap, Item
from cds_service.population.worklist import REASONS, STATES, cells, episode
from cds_service.population.worklist import say as told
from cds_service.store import Store, StoreUnavailable
from cds_service.store.worklist import Line, put
from cds_service.web.screen import screen
from cds_service.web.words import in_language, page_language
from cds_service.web.worklist.lines import Asked, asked_for, number, sheet, sieve, states_for, with_states

ON_A_PAGE = 50


def worklist(settings: Settings, folder: Path, evaluator: Evaluator, store: Store) -> Blueprint:
    """``/worklist``, its CSV, its states, and its patients."""
    pages = Blueprint("worklist", __name__, url_prefix="/worklist")
    kept = Kept(folder, lambda patient: store.hashed("worklist", patient))
    _add_list(pages, settings, kept, store)
    _add_patients(pages, settings, kept, evaluator)

    @pages.after_request
    def not_kept(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"  # it names patients
        return response

    @pages.errorhandler(StoreUnavailable)
    def unavailable(_: StoreUnavailable) -> Response:
        return Response("The database does not answer\n", 503, content_type="text/plain; charset=utf-8")

    return pages


def _add_list(pages: Blueprint, settings: Settings, kept: Kept, store: Store) -> None:
    """Filter, sort, export; set what became of a line."""

    @pages.post("")
    def search() -> Any:
        """A name that is searched for is sent, never addressed: addresses are logged, and remembered by browsers."""
        asked = asked_for(request.form)
        if asked.search:
            return listed(asked)
        return redirect(url_for("worklist.index", lang=page_language(settings.language), **asked.terms), 303)

    @pages.get("")
    def index() -> str:
        return listed(asked_for(request.args))

    def listed(asked: Asked) -> str:
        language = page_language(settings.language)
        common = {"language": language, "page": "worklist", "asked": asked, "told": lambda key: told(key, language)}
        with kept.worklist() as run:
            if run is None:
                return render_template("worklist.html", run=None, **common)
            chosen = sieve(run, asked, states_for(asked, store))
            found = run.number(chosen)
            last = max((found - 1) // ON_A_PAGE + 1, 1)
            place = min(asked.page, last)
            shown = with_states(run.lines(chosen, asked.sort, ON_A_PAGE, (place - 1) * ON_A_PAGE), store)
        today = run.about.today
        return render_template(
            "worklist.html",
            run=run.about,
            age=(settings.today() - today).days,
            found=found,
            lines=[(each, cells(each.item, today, language, each.gap), _days(each.gap, today)) for each in shown],
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
        lines = sheet(kept, asked_for(request.values), store, page_language(settings.language))
        headers = {"Content-Disposition": "attachment; filename=worklist.csv"}
        return Response(lines, headers=headers, content_type="text/csv; charset=utf-8")

    @pages.post("/state")
    def change() -> Any:
        form, key = request.form, request.form.get("key", "")
        state, reason = form.get("state", ""), form.get("reason", "") if form.get("state") == "declined" else ""
        with kept.worklist() as run:
            row, item = (run and run.known(key, number(form.get("row", "")))) or (0, None)
        gap = next((each for each in item.gaps if each.key == form.get("gap")), None) if item else None
        if gap is None or state not in STATES or (state == "declined" and reason not in REASONS):
            raise RequestError(400, "state: must be one of the worklist's, with a reason if it is declined")
        line = Line(key, gap.key, episode(gap))
        store.change(lambda connection: put(connection, line, state, reason))
        logs.event("worklist", {"gap": gap.key, "state": state})
        back = _back() | ({"line": key, "row": str(row)} if form.get("at-search") else {})
        return redirect(f"{url_for('worklist.index')}?{urlencode(back)}#{key}", 303)


def _add_patients(pages: Blueprint, settings: Settings, kept: Kept, evaluator: Evaluator) -> None:
    """One patient of the list, by the keyed hash that its address has."""

    def known(key: str) -> tuple[Item, About]:
        with kept.worklist() as run:
            found = run.known(key, number(request.args.get("row", ""))) if run else None
        if run is None or found is None:
            abort(404)
        return found[1], run.about

    @pages.get("/patients/<key>")
    def patient(key: str) -> str:
        language, (item, run) = page_language(settings.language), known(key)
        config = {
            "language": language,
            "words": in_language(language),
            "picture": url_for("worklist.picture", key=key, lang=language, row=request.args.get("row")),
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
        language, (item, run) = page_language(settings.language), known(key)
        entries = kept.record(item.patient)
        rules = Rules(evaluator, run.today, frozenset(run.unknown))
        if not entries:
            return Response(orjson.dumps({"screen": None}), content_type="application/json")
        view = evaluator.view(rules.call(item.patient, entries), language, run.today)
        drawn = view.response | {"screen": screen(view.chart, view.findings, language, view.off)}
        return Response(orjson.dumps(drawn), content_type="application/json")


def _back() -> dict[str, str]:
    """The terms of the page from which a state was set."""
    kept = ("gap", "state", "sort", "page", "lang")
    return {name: value for name in kept if (value := request.form.get(f"at-{name}"))}


def _days(gap: Gap, today: date) -> int | None:
    return (gap.clock - today).days if gap.clock else None
