"""Synthetic patients: stories in readable lines, each with the day it is told on and the cards that it must give, and the FHIR
Bundles that are built from them.

The stories stand in ``<section>/<name>.yaml`` (fields: ``reading.py``; lines: ``lines``). Every story keeps five days' margin
to every limit, so that shifting all dates by the same number of days changes nothing.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from fhir_fixtures import lines
from fhir_fixtures.reading import SECTIONS, Story, parse

Resource = dict[str, Any]

FULL_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T.*)?")
USER = "Practitioner/example"
SERVER = "https://ehr.example.org/fhir"


class Fixture(NamedTuple):
    """A story with its Bundle.

    ``title`` and ``text`` are by language ("en", "zh"). ``as_of`` is the day on which ``hook`` is called; ``context`` holds
    what the hook's context has besides user and patient (draftOrders, selections). ``cards``: code -> indicator of each card
    that must be given, and no other; ``misses``: codes of those that it just does not call for.
    """

    name: str
    section: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    as_of: date
    hook: str
    context: Mapping[str, Any]
    cards: Mapping[str, str]
    misses: tuple[str, ...]
    bundle: Resource

    @property
    def resources(self) -> list[Resource]:
        return [entry["resource"] for entry in self.bundle["entry"]]

    @property
    def patient_id(self) -> str:
        return next(str(r["id"]) for r in self.resources if r["resourceType"] == "Patient")

    def shifted(self, today: date) -> Fixture:
        """The same story told on another day: every full date moves by as many days."""
        by = today - self.as_of
        return self._replace(as_of=today, bundle=_shift(self.bundle, by), context=_shift(self.context, by))

    def request(self, fhir_server: str | None = None) -> Resource:
        """The hook request: with prefetch for every published key, or with ``fhir_server`` and none."""
        from fhir_fixtures.prefetch import answer, templates  # with them come all rules: a list of stories needs none

        context = {"userId": USER, "patientId": self.patient_id, **self.context}
        body = {"hook": self.hook, "hookInstance": _instance(self.name), "context": context}
        if fhir_server:
            return body | {"fhirServer": fhir_server}
        return body | {"prefetch": {key: answer(query, self.resources) for key, query in templates(self.hook).items()}}

    def transaction(self) -> Resource:
        """All that the story holds, what is being ordered or was just entered too, as a Bundle that a FHIR server stores."""
        bundles = (each for each in self.context.values() if isinstance(each, dict))
        told = {f"{r['resourceType']}/{r['id']}": r for r in self.resources}
        told |= {f"{r['resourceType']}/{r['id']}": r for each in bundles for r in (e["resource"] for e in each["entry"])}
        entries = [{"resource": r, "request": {"method": "PUT", "url": url}} for url, r in told.items()]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


@cache
def _sections() -> dict[str, str]:
    """Name of a story -> its section, from the names of the files alone."""
    found: dict[str, str] = {}
    for section in SECTIONS:
        for file in files(__name__).joinpath(section).iterdir():
            name = file.name.removesuffix(".yaml")
            if name in found:
                raise ValueError(f"{section}/{file.name}: {found[name]} has a story of this name")
            found[name] = section
    return found


def names() -> list[str]:
    """The names of all stories, sorted."""
    return sorted(_sections())


def stories() -> Iterator[Story]:
    """Every story by section and name, no Bundle built."""
    return map(story, sorted(_sections(), key=lambda name: (SECTIONS.index(_sections()[name]), name)))


def all_fixtures() -> Iterator[Fixture]:
    """Every story with its Bundle, by name."""
    return map(load, names())


@cache
def story(name: str) -> Story:
    """One story; KeyError with the names that come near when there is none of this name."""
    if name not in _sections():
        near = difflib.get_close_matches(name, names(), cutoff=0.4)
        raise KeyError(f"no fixture {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    section = _sections()[name]
    return parse(
        files(__name__).joinpath(section, f"{name}.yaml").read_text(encoding="utf-8"), f"{section}/{name}.yaml", section
    )


@cache
def load(name: str) -> Fixture:
    """One story with its Bundle; KeyError with the names that come near when there is none of this name."""
    return of(story(name))


def read(written: str, name: str) -> Fixture:
    """The story in a YAML file of someone's own; ValueError names the file, and the field or line that is wrong."""
    return of(parse(written, name))


def of(told: Story) -> Fixture:
    """The story with its Bundle; ValueError names the story and the line that cannot be read."""
    ids, patient = f"{told.name}-", told.name
    try:
        resources = [lines.patient(told.patient, told.as_of, patient), *lines.record(told.record, ids, patient)]
        orders = lines.drafts(told.draft, f"{ids}draft-", patient)
        entered = lines.record(told.entered, f"{ids}entered-", patient)
    except ValueError as error:
        raise ValueError(f"{told.name}: {error}") from None
    resources += _as_they_are(told.bundle) if told.bundle else []
    entries = [{"fullUrl": f"{SERVER}/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return Fixture(
        name=told.name,
        section=told.section,
        title=told.title,
        text=told.text,
        as_of=told.as_of,
        hook=told.hook,
        context=lines.hook_context(told.hook, orders, entered, f"{ids}encounter"),
        cards=told.cards,
        misses=told.misses,
        bundle={"resourceType": "Bundle", "type": "collection", "entry": entries},
    )


def _as_they_are(name: str) -> list[Resource]:
    """The resources of a Bundle in ``bundles/``."""
    bundle = json.loads(files(__name__).joinpath("bundles", name).read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


def _shift(value: Any, by: timedelta) -> Any:
    """A copy of JSON in which every full date, alone or with a time, lies ``by`` later. What is no date stays."""
    if isinstance(value, dict):
        return {key: _shift(each, by) for key, each in value.items()}
    if isinstance(value, list):
        return [_shift(each, by) for each in value]
    if isinstance(value, str) and (found := FULL_DATE.fullmatch(value)):
        try:
            return (date.fromisoformat(found[1]) + by).isoformat() + (found[2] or "")
        except (ValueError, OverflowError):
            return value
    return value


def _instance(name: str) -> str:
    """A UUID of its own for every fixture, always the same."""
    return str(uuid5(NAMESPACE_URL, f"urn:osteoporosis-cds:fixture:{name}"))
