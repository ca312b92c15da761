"""The sound calls: of the stories, and of the cases of the cards, which know more ways for a card to fire."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple

import fhir_fixtures
from cds_service.casebook.cases import Case, all_cases
from cds_service.casebook.requests import request
from fhir_fixtures import lines
from tests.silence.json_path import Json


class Told(NamedTuple):
    """One sound call, the day on which it is made, and the name by which it is found again."""

    name: str
    as_of: date
    body: Json

    @property
    def hook(self) -> str:
        return str(self.body["hook"])


def stories() -> list[str]:
    return fhir_fixtures.names()


def cases() -> list[str]:
    """All cases whose record came whole, at a site without choices of its own."""
    return [*_cases()]


def is_case(name: str) -> bool:
    """Whether it is the name of a case: "card: name"."""
    return ": " in name


@cache
def told(name: str) -> Told:
    """A story by its name, or a case as "card: name". KeyError for what is neither."""
    if (case := _cases().get(name) if is_case(name) else None) is not None:
        return Told(name, case["today"], request(case))
    story = fhir_fixtures.load(name)
    return Told(name, story.as_of, story.request())


def patient(name: str) -> tuple[date, Json]:
    """The day of a call and whom it is about; of a case without making its record."""
    if (case := _cases().get(name)) is not None:
        return case["today"], lines.patient(case["patient"], case["today"])
    call = told(name)
    return call.as_of, call.body["prefetch"].get("patient") or {}


@cache
def _cases() -> dict[str, Case]:
    elsewhere = {"failed", "formulary", "site"}
    return {f"{case['card']}: {case['name']}": case for case in all_cases() if not case.keys() & elsewhere}
