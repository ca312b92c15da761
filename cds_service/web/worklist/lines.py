"""Which lines of the worklist are shown, each with what became of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

from flask import request
from msgspec import Struct

from cds_service.population.gaps import ORDER
from cds_service.population.kept import SORTS, Found, Kept, Sieve, Worklist
from cds_service.population.rows import Gap, Item
from cds_service.population.sheets import BOM, plain
from cds_service.population.worklist import COLUMNS, STATES, cells, episode
from cds_service.population.worklist import say as told
from cds_service.store import Store
from cds_service.store.worklist import Line, State, states

ANY = "any"
NO_STATE = State("", "", datetime.min)
_AT_ONCE = 200
"""Lines of a sheet that are sent at a time."""

States = Mapping[Line, State]


class Shown(Struct, frozen=True):
    """One line: the patient and its row in the run, the gap that it is about, what became of it, and the key under which the
    store knows it."""

    row: int
    item: Item
    gap: Gap
    state: State
    key: str


class Asked(Struct, frozen=True):
    """What is to be shown; what cannot be read is not asked. ``line``: the key of one patient, with its ``row``. ``search`` is
    a name, and stands in no address."""

    gap: str = ""
    state: str = ANY
    sort: str = "gap"
    page: int = 1
    line: str = ""
    row: int | None = None
    search: str = ""

    @property
    def terms(self) -> dict[str, Any]:
        """As the terms of an address, without the page."""
        line = {"line": self.line} | ({} if self.row is None else {"row": self.row})
        return {"gap": self.gap, "state": self.state, "sort": self.sort} | (line if self.line else {})


def asked_for(terms: Mapping[str, str]) -> Asked:
    return Asked(
        gap=terms.get("gap", "") if terms.get("gap") in ORDER else "",
        state=terms.get("state", "") if terms.get("state") in (*STATES, ANY) else ANY,
        sort=terms.get("sort", "") if terms.get("sort") in SORTS else "gap",
        page=number(terms.get("page", "")) or 1,
        line=terms.get("line", ""),
        row=number(terms.get("row", "")),
        search=terms.get("search", "").strip() if request.method == "POST" else "",
    )


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def sieve(run: Worklist, asked: Asked, known: States) -> Sieve:
    """``known``: all states, where one is asked for."""
    chosen = Sieve(gap=asked.gap, words=asked.search)
    if asked.line:
        found = run.known(asked.line, asked.row)
        chosen = Sieve(gap=asked.gap, words=asked.search, row=found[0] if found else -1)
    if asked.state == ANY:
        return chosen
    run.mark(line for line, state in known.items() if asked.state in ("", state.state))
    return Sieve(chosen.gap, chosen.words, chosen.row, marked=asked.state != "")


def states_for(asked: Asked, store: Store) -> States:
    return store.ask(states) if asked.state != ANY else {}


def with_states(some: Iterable[Found], store: Store) -> list[Shown]:
    """The lines of a page, with the states of these patients alone."""
    keyed = [(each, store.hashed("worklist", each.item.patient)) for each in some]
    known = store.ask(lambda connection: states(connection, [key for _, key in keyed]))
    return [_shown(each, key, known) for each, key in keyed]


def _shown(found: Found, key: str, known: States) -> Shown:
    state = known.get(Line(key, found.gap.key, episode(found.gap)), NO_STATE)
    return Shown(found.row, found.item, found.gap, state, key)


def sheet(kept: Kept, asked: Asked, store: Store, language: str) -> Iterator[bytes]:
    """The lines as CSV, a few at a time. StoreUnavailable at once, not when half is sent."""
    return _sheet(kept, asked, store.ask(states), store, language)


def _sheet(kept: Kept, asked: Asked, known: States, store: Store, language: str) -> Iterator[bytes]:
    yield BOM
    yield _lines([[told(f"column.{name}", language) for name in COLUMNS]])
    with kept.worklist() as run:
        if run is None:
            return
        lines = run.lines(sieve(run, asked, known), asked.sort)
        while some := [*islice(lines, _AT_ONCE)]:
            shown = (_shown(each, store.hashed("worklist", each.item.patient), known) for each in some)
            yield _lines(_cells(each, run.about.today, language) for each in shown)


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(each: Shown, today: date, language: str) -> Iterable[Any]:
    row = {**cells(each.item, today, language, each.gap), **_state_cells(each.state, language)}
    return map(plain, row.values())


def _state_cells(state: State, language: str) -> dict[str, str]:
    return {
        "state": told(f"state.{state.state}", language),
        "reason": told(f"reason.{state.reason}", language) if state.reason else "",
        "since": state.set_at.strftime("%Y-%m-%d") if state.state else "",
    }
