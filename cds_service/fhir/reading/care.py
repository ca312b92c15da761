"""CarePlan and Encounter -> that a patient is in hospice or palliative care: by code alone, never by free text."""

from __future__ import annotations

from datetime import date

from cards.chart import Problem
from cds_service.fhir.reading import elements, visits, wire
from cds_service.fhir.reading.facts import Facts

HOSPICE, PALLIATIVE, PLAN = "hospice", "palliative-encounter", "palliative-plan"
HOSPICE_NOW = "hospice-now"
"""Hospice care that still runs: an encounter or plan that somebody would have ended, unlike an entry of a problem list."""
_RUNS = frozenset({HOSPICE_NOW, PLAN})
_UNDER_WAY = frozenset({"arrived", "triaged", "in-progress", "onleave"})
_HELD = _UNDER_WAY | {"finished"}
_MADE = frozenset({"active", "completed"})
_NO_PLAN = frozenset({"proposal", "option"})


def encounter(source: str, found: wire.Encounter, facts: Facts) -> None:
    """Read one Encounter: its type, and when it ended, else began. Hospice care runs until it ends."""
    keys = _keys(found.type, facts)
    period = found.period or elements.Period()
    if found.status in _HELD and _is_patients(found.subject, facts):
        visits.note(source, found.reason_code, period.end or period.start, facts)
    if not _concerns(source, keys, found.subject, facts, "type"):
        return
    if found.status in _UNDER_WAY and period.end is None:
        keys = _running(keys)
    if found.status in _HELD:
        _add(source, keys, facts, period.end, period.start)
    else:
        _not_held(source, found.status, facts)


def care_plan(source: str, found: wire.CarePlan, facts: Facts) -> None:
    """Read one CarePlan: its category, and when it began, or ended. One of palliative care counts while it is active, and
    hospice care runs as long."""
    keys = {PLAN if key == PALLIATIVE else key for key in _keys(found.category, facts)}
    if found.status in _MADE and found.title and found.intent not in _NO_PLAN and _is_patients(found.subject, facts):
        visits.note(source, elements.Concept(text=found.title), found.created, facts)
    if not _concerns(source, keys, found.subject, facts, "category"):
        return
    period = found.period or elements.Period()
    over = found.status != "active" or (facts.day(period.end) or facts.today) < facts.today
    keys = keys - {PLAN} if over else _running(keys)
    if found.status in _MADE and found.intent not in _NO_PLAN:
        _add(source, keys, facts, *((period.end,) if over else ()), period.start, found.created)
    else:
        _not_held(source, found.status, facts)


def _is_patients(subject: elements.Subject | None, facts: Facts) -> bool:
    told = elements.refer(subject)
    return not told or facts.record.is_ours(told)


def _running(keys: set[str]) -> set[str]:
    return {HOSPICE_NOW if key == HOSPICE else key for key in keys}


def _keys(concepts: tuple[elements.Concept, ...] | elements.Concept | None, facts: Facts) -> set[str]:
    """What the codes mean, of hospice and palliative care."""
    told = elements.many(concepts)
    keys = set(facts.terminology.service(*told))
    for coding in elements.codings(*told):
        known = facts.terminology.condition(coding)
        keys |= known.keys if known else frozenset()
    return keys & {HOSPICE, PALLIATIVE}


def _concerns(source: str, keys: set[str], subject: elements.Subject | None, facts: Facts, said_in: str) -> bool:
    """Whether it is of hospice or palliative care and of this patient; where what says so is broken, it may be."""
    if not keys and facts.record.lacks(source, said_in):
        facts.put_aside(source, "unreadable", detail=said_in)
        return False
    if not keys:
        facts.not_ours(source, source.partition("/")[0])
        return False
    return facts.is_ours(source, elements.refer(subject))


def _not_held(source: str, status: str | None, facts: Facts) -> None:
    if status in (None, "unknown"):
        facts.put_aside(source, "status-unknown")
    else:
        facts.not_ours(source, source.partition("/")[0], "not done")


def _add(source: str, keys: set[str], facts: Facts, *days: str | None) -> None:
    when, latest = facts.first_span(*days)
    if when is None and keys & _RUNS:  # it is under way today, whenever it began
        _note(source, keys & _RUNS, facts)
    elif when is None:
        facts.put_aside(source, "no-date")
    elif when > facts.today:
        facts.put_aside(source, "future", when=when)
    else:
        _note(source, keys, facts, when, latest)


def _note(source: str, keys: set[str], facts: Facts, when: date | None = None, latest: date | None = None) -> None:
    for key in sorted(keys):
        facts.problems.append(Problem(key, source, when, when, latest=latest))
        facts.used(source, key)
