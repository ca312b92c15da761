"""Runs a case in all ways: as written, codings only, text only; prefetched and fetched; in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from msgspec import convert

from cards.chart import Chart
from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES
from cds_service.casebook.cases import WHY_NOT, Case, of_file
from cds_service.casebook.once import Once
from cds_service.casebook.requests import SERVER, Served, request
from cds_service.casebook.verdict import faults
from cds_service.casebook.ways import WAYS
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from cds_service.site import Site
from fhir_fixtures.prefetch import templates

Json = dict[str, Any]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


TELLINGS = ("fetched", *WAYS)
"""How a case is told besides as it is written."""


def all_faults(case: Case, tellings: Collection[str] = TELLINGS, languages: Sequence[str] = LANGUAGES) -> Iterator[str]:
    """What is wrong with a case, each fault with the way in which it was found. As written it is told in each language, and in
    English fetched, which must give exactly the same answer."""
    told = request(case)
    answers = _answers(case, told, languages)
    for language, answer in answers.items():
        yield from (f"{fault} ({language})" for fault in faults(case, answer["cards"], language))
    if "fetched" in tellings and without_uuids(_fetched(case, told)) != without_uuids(answers["en"]):
        yield "fetched data give a different answer from prefetched data"
    for name in (way for way in WAYS if way in tellings):
        yield from (f"{fault} ({name} only)" for fault in _told_otherwise(case, told, name))


def _fetched(case: Case, told: Json) -> Json:
    _, server = served(site_of(case))
    server.serve(told["prefetch"], templates(told["hook"]))
    body = {key: each for key, each in told.items() if key != "prefetch"} | {"fhirServer": SERVER}
    return _answer(case, body, "en")


def _told_otherwise(case: Case, told: Json, name: str) -> list[str]:
    """With codings only or text only, prefetched and in English only. A case with a reason why it cannot be expressed that way
    must differ from how it is ``told`` as written."""
    body = request(case, WAYS[name])
    excepted = case.get("ways", {}).get(name)
    if body == told:
        return [f"says {excepted}, but gives the same result"] if excepted else []
    found = faults(case, _answer(case, body, "en")["cards"])
    if excepted:
        return [] if found else [f"says that it cannot be expressed this way ({WHY_NOT[excepted]}) and can"]
    return found


def _answer(case: Case, body: Json, language: str) -> Json:
    return _answers(case, body, (language,))[language]


def _answers(case: Case, body: Json, languages: Sequence[str]) -> dict[str, Json]:
    evaluator, _ = served(site_of(case))
    call = parse(orjson.dumps(body), body["hook"])
    return evaluator.in_languages(call, languages, case["today"], apart=stands_apart(case))


class Here(NamedTuple):
    """A site: its formulary (None: the one that comes with the service), and its other choices, each with its value."""

    formulary: frozenset[str] | None = None
    choices: frozenset[tuple[str, Any]] = frozenset()


SHIPPED = Here()


def site_of(case: Case) -> Here:
    formulary = frozenset(case["formulary"]) if "formulary" in case else None
    return Here(formulary, frozenset(case.get("site", {}).items()))


def stands_apart(case: Case) -> bool:
    """Whether a case judges what its card's rule found, with nothing silenced or merged by other cards of the answer: every
    case but those of cards that merge others."""
    return not all_cards()[case["card"]].merges


def answered(evaluator: Evaluator, body: Json, today: date, language: str, *, apart: bool = False) -> Json:
    return evaluator.evaluate(parse(orjson.dumps(body), body["hook"]), language, today, apart=apart).response


def without_uuids(response: Json) -> str:
    return _UUID.sub("", json.dumps(response, ensure_ascii=False))


@lru_cache(maxsize=2)
def charts(folder: Path) -> tuple[tuple[Case, Chart], ...]:
    """The cases of the card of a folder, each with the chart that it becomes: its sample, the numbers that it reads and what it
    rests on start from the same."""
    return tuple((case, chart_of(case, request(case))) for case in of_file(folder / "cases.yaml"))


def chart_of(case: Case, body: Json) -> Chart:
    """What the rules see of a case whose request is this."""
    evaluator, _ = served(site_of(case))
    return evaluator.chart(parse(orjson.dumps(body), body["hook"]), case["today"])


@cache
def served(site: Here = SHIPPED) -> tuple[Evaluator, Served]:
    """An evaluator, and the server that it asks for what is not prefetched."""
    settings = Settings(fhir_servers=frozenset({SERVER}))
    server = Served(settings.fhir_timeout)
    chosen = settings if site.formulary is None else settings.model_copy(update={"formulary": site.formulary})
    evaluator = Once(chosen, server)
    if site.choices:
        evaluator.thresholds = convert(dict(site.choices), Site).numbers()
    return evaluator, server
