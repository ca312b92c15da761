"""MeasureReports (FHIR R4): one for each episode, and a summary for each month and site. The Measures: ``package.measures``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from hashlib import blake2b
from typing import Any

from cards.engine.sources import VERSION
from cards.indicators import YEARLY, Outcome
from cds_service.figures.cells import Cell
from cds_service.figures.person import Figures, Told, closes

Json = dict[str, Any]

BASE = "urn:osteoporosis-cds:measure:"
POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
OWN = "urn:osteoporosis-cds:measure-population"
STATE, REASON, HOW = (f"urn:osteoporosis-cds:indicator-{name}" for name in ("state", "reason", "evidence-kind"))
_META = {"tag": [{"system": "urn:osteoporosis-cds:content", "code": str(VERSION)}]}
PUBLISHED = ("initial-population", "denominator", "denominator-exclusion", "numerator")


def individual(patient: str, told: Figures, today: date) -> Iterator[Json]:
    """What one patient's episodes are in each indicator, with the evidence. Names the patient by reference."""
    for episode in (*told.episodes, *told.others):
        for key, found in episode.outcomes.items():
            yield _individual(patient, episode, key, found, today)


def _individual(patient: str, episode: Told, key: str, found: Outcome, today: date) -> Json:
    named = blake2b(f"{patient}/{key}/{episode.t0}".encode(), digest_size=16).hexdigest()
    counts = {
        "initial-population": 1,
        "denominator": int(found.state in ("met", "not-met", "unknown")),
        "denominator-exclusion": int(found.state == "excluded"),
        "numerator": int(found.state == "met"),
        "unknown": int(found.state == "unknown"),
        "pending": int(found.state == "pending"),
    }
    refs = [each for each in dict.fromkeys((*episode.sources, found.source)) if "/" in each]
    extension = [{"url": STATE, "valueCode": found.state}]
    extension += [{"url": REASON, "valueCode": found.reason}] if found.reason else []
    extension += [{"url": HOW, "valueCode": found.how}] if found.how else []
    report = _report(key, "individual", named, episode.t0, closes(key, episode.t0), counts, today) | {
        "subject": {"reference": f"Patient/{patient}"},
        "extension": extension,
    }
    return report | ({"evaluatedResource": [{"reference": each} for each in refs]} if refs else {})


def summaries(cells: Iterable[Cell], hidden: set[tuple[str, str, str]], today: date) -> Iterator[Json]:
    """A summary for each month and site, closed months alone; what is too small is left out."""
    for cell in cells:
        if cell.open or not cell.month or (cell.indicator, cell.month, cell.place) in hidden:
            continue
        whole_year = cell.indicator in YEARLY
        first = date(int(cell.month), 1, 1) if whole_year else date.fromisoformat(f"{cell.month}-01")
        last = date(first.year, 12, 31) if whole_year else _end_of_month(first)
        counts = {
            "initial-population": cell.people + cell.excluded.total(),
            "denominator": cell.people,
            "denominator-exclusion": cell.excluded.total(),
            "numerator": cell.met,
            "unknown": cell.unknown.total(),
            "pending": cell.pending,
        }
        named = blake2b(f"{cell.indicator}/{cell.month}/{cell.place}".encode(), digest_size=16).hexdigest()
        report = _report(cell.indicator, "summary", named, first, last, counts, today)
        if cell.people:
            report["group"][0]["measureScore"] = {"value": round(cell.met / cell.people, 4)}
        yield report | ({"reporter": {"display": cell.place}} if cell.place else {})


def _end_of_month(first: date) -> date:
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _report(key: str, kind: str, name: str, first: date, last: date, counts: dict[str, int], today: date) -> Json:
    return {
        "resourceType": "MeasureReport",
        "id": name,
        "meta": _META,
        "status": "complete",
        "type": kind,
        "measure": f"{BASE}{key}|{VERSION}",
        "date": today.isoformat(),
        "period": {"start": first.isoformat(), "end": last.isoformat()},
        "group": [{"population": [population(name) | {"count": number} for name, number in counts.items()]}],
    }


def population(name: str) -> Json:
    return {"code": {"coding": [{"system": POPULATION if name in PUBLISHED else OWN, "code": name}]}}
