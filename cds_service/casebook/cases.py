"""A case as defined in its file.

A file names its ``card``, the defaults of its cases (``today``, ``patient``, ``hook``, ``background``: lines that each record
starts with) and the ``cases``. A case states what it expects of that card, identically in every language:

    expect           its indicator, "none", or a list if several cards with the code must appear
    suggests         what it suggests, in this order; * marks the recommended one. Drugs and services by key, "discard"
    offers, drops    what must, what must not be among the suggestions
    recommends       the only one that is recommended (a drug: beside tests), or "none"; not-recommended: those that must not be
    starts           drug or service -> the day on which the proposed order starts
    contains         codes of the cards that this card stands for
    says             strings in summary or detail (English); says-not: strings that must not be there, in capitals or not
    also             other cards -> indicator or "none"

and what it needs: ``record``, ``plus`` (more lines), ``draft`` (orders being written; on medication-refill: refilled),
``entered`` (problems and fractures just recorded, for problem-list-item-create; by default all of the record), ``failed``
(groups of data that could not be retrieved), ``formulary`` (what the site has), ``site`` (its other choices:
``vitd_loading``). ``fhir_fixtures.lines`` explains the lines.

    ways             codings, text -> why the case cannot be expressed in that way: a name in ``why_not.toml``, which lists
                     each reason once. Such a case must fail in that way, so that the exception does not outlive its reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cards.engine.sources import LOADER
from cards.thresholds import CATALOG, ContentError
from cds_service.casebook.ways import WAYS

Case = Mapping[str, Any]

DEFAULTS = {"today", "patient", "hook", "background", "card"}
SETUP = DEFAULTS | {"name", "record", "plus", "draft", "entered", "failed", "formulary", "site", "ways"}
EXPECTATIONS = {"expect", "suggests", "offers", "drops", "recommends", "not-recommended", "starts"} | {
    "says",
    "says-not",
    "contains",
    "also",
}
WHY_NOT: dict[str, str] = tomllib.loads(Path(__file__).with_name("why_not.toml").read_text(encoding="utf-8"))


def all_cases() -> Iterator[Case]:
    """The cases of every card, by card."""
    for path in sorted(CATALOG.glob("*/*/cases.yaml"), key=lambda path: path.parent.name):
        yield from of_file(path)


@cache
def of_file(path: Path) -> tuple[Case, ...]:
    """The cases of one file, each with the file's defaults. ContentError for an invalid one."""
    where, defaults = "/".join(path.parts[-3:]), defaults_of(path)
    try:
        found = tuple({**defaults, **case} for case in _read(path)["cases"])
    except (KeyError, TypeError) as error:
        raise ContentError(f"{where}: {' '.join(str(error).split())}") from None
    if wrong := defaults.keys() - DEFAULTS:
        raise ContentError(f"{where}: there is no case default called {', '.join(sorted(wrong))}")
    for case in found:
        _check(case, f"{where}, {case.get('name', 'a case without a name')}")
    return found


def defaults_of(path: Path) -> Case:
    """What each case of a file has, unless it says otherwise."""
    return {key: value for key, value in _read(path).items() if key != "cases"}


@cache
def _read(path: Path) -> Mapping[str, Any]:
    try:
        told = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506  a safe one
        return {**told}
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise ContentError(f"{'/'.join(path.parts[-3:])}: {' '.join(str(error).split())}") from None


def _check(case: Case, where: str) -> None:
    if wrong := case.keys() - SETUP - EXPECTATIONS:
        raise ContentError(f"{where}: a case has no field called {', '.join(sorted(wrong))}")
    if lacking := {"card", "name", "today", "patient"} - case.keys():
        raise ContentError(f"{where}: lacks {', '.join(sorted(lacking))}")
    if not case.keys() & EXPECTATIONS:
        raise ContentError(f"{where}: expects nothing")
    ways = case.get("ways", {})
    if wrong := (ways.keys() - WAYS.keys()) | (set(ways.values()) - WHY_NOT.keys()):
        raise ContentError(f"{where}: ways: {', '.join(sorted(wrong))} is not a valid way, or not a reason in why_not.toml")
