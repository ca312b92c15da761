"""A chart as the timeline draws it: plain JSON with every text already in the reader's language.

Every point carries the resource that it came from, so that the page can light up what a card rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from cards.chart import Chart, Course, Fracture, Measurement
from cards.chart.calendar import add_days, add_months
from cards.definitions.kidney import renal
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, FRACTURE_SITES, SITE_NAMES
from cards.words.phrases import capital, clean, num, unit
from cds_service.web.words import say

Json = dict[str, Any]


def timeline(chart: Chart, language: str) -> Json:
    """What the record says over time: ``panels`` of values, drug ``courses``, ``fractures``. Dates are ISO 8601."""
    return {
        "today": chart.today.isoformat(),
        "age": chart.age,
        "sex": chart.patient.sex,
        "panels": [panel for panel in _panels(chart, language) if panel["series"]],
        "courses": [_course(course, chart, language) for course in _sorted(chart.drug_courses.values())],
        "fractures": [_fracture(each, language) for each in chart.fractures],
    }


# -- values -----------------------------------------------------------------------------------------------------------


def _panels(chart: Chart, language: str) -> Iterator[Json]:
    yield _bone_density(chart, language)
    for marker in ("ctx", "p1np"):
        yield _panel(marker, [marker], chart, language) | {"bands": list(_marker_bands(marker, chart, language))}
    yield _panel("vitamin-d", ["vitamin-d"], chart, language) | {
        "bands": [
            _band(None, "vitamin-d-deficient", "low", chart, language),
            _band("vitamin-d-target", None, "good", chart, language),
        ]
    }
    kidney = _panel("egfr", ["egfr", "crcl"], chart, language)
    computed = [each for each in renal(chart).estimates if each.computed and each.computed != "dialysis"]
    kidney["series"] += [_series(ANALYTES[m.key].name[language], [m], language) for m in computed]
    yield kidney | {"lines": [_line("egfr-zoledronate", chart, language), _line("egfr-specialist", chart, language)]}
    yield _panel("calcium", ["calcium", "calcium-corrected"], chart, language) | {
        "bands": [_band("calcium-low", "calcium-high", "good", chart, language)]
    }


def _bone_density(chart: Chart, language: str) -> Json:
    """T-scores, one series a site."""
    sites: dict[str, list[Measurement]] = {}
    for each in chart.values("t-score"):
        where = SITE_NAMES[each.site][language] if each.site else ""
        sites.setdefault(" ".join(filter(None, (where, _side(each.side, language)))), []).append(each)
    series = [_series(site or ANALYTES["t-score"].name[language], found, language) for site, found in sorted(sites.items())]
    lines = [_line("t-low", chart, language), _line("t-osteoporosis", chart, language)]
    return _empty("t-score", language) | {"series": series, "lines": lines}


def _side(side: str, language: str) -> str:
    return say(f"side.{side}", language) if side in ("left", "right", "bilateral") else ""


def _panel(key: str, analytes: Iterable[str], chart: Chart, language: str) -> Json:
    found = [(ANALYTES[each], chart.values(each)) for each in analytes]
    series = [_series(capital(analyte.name[language]), values, language) for analyte, values in found if values]
    return _empty(key, language) | {"series": series}


def _empty(key: str, language: str) -> Json:
    analyte = ANALYTES[key]
    title = capital(analyte.name[language])
    return {"key": key, "title": title, "unit": unit(analyte.unit, language), "series": [], "bands": [], "lines": []}


def _series(label: str, values: Iterable[Measurement], language: str) -> Json:
    return {"label": label, "points": [_point(each, language) for each in sorted(values, key=lambda m: (m.when, m.order))]}


def _point(value: Measurement, language: str) -> Json:
    analyte = ANALYTES[value.key]
    said = f"{value.comparator}{num(value.value, analyte.digits)} {unit(analyte.unit, language)}".strip()
    notes = [say("note.computed", language, how=value.computed)] if value.computed else []
    if value.given and not value.computed and value.given.split(" ")[0] != num(value.value, 3).replace("−", "-"):
        notes.append(say("note.given", language, given=clean(value.given)))
    return {
        "date": value.when.isoformat(),
        "value": value.value,
        "said": said,
        "note": "; ".join(notes),
        "source": value.source,
    }


def _line(threshold: str, chart: Chart, language: str) -> Json:
    return {"at": chart.numbers[threshold], "label": say(f"line.{threshold}", language)}


def _band(low: str | None, high: str | None, kind: str, chart: Chart, language: str) -> Json:
    """A range between two thresholds, open where there is none. ``kind``: "good", "low" or "noise"."""
    label = say(f"band.{low or ''}:{high or ''}", language)
    return {
        "from": chart.numbers[low] if low else None,
        "to": chart.numbers[high] if high else None,
        "kind": kind,
        "label": label,
    }


def _marker_bands(marker: str, chart: Chart, language: str) -> Iterator[Json]:
    """The laboratory's own range, and the range around the baseline within which a change says nothing."""
    newest = chart.newest(marker)
    if newest and newest.low is not None and newest.high is not None:
        yield {"from": newest.low, "to": newest.high, "kind": "good", "label": say("band.laboratory", language)}
    base = _baseline(marker, chart)
    if base is not None and len(chart.values(marker)) > 1:
        least = chart.numbers[f"btm-fall-{marker}"]
        said = num(base.value, ANALYTES[marker].digits)
        label = say("band.least-significant", language, percent=num(least), base=said, day=base.when.isoformat())
        share = least / 100
        yield {"from": base.value * (1 - share), "to": base.value * (1 + share), "kind": "noise", "label": label}


def _baseline(marker: str, chart: Chart) -> Measurement | None:
    """The value from before the newest treatment (as `btm-response` takes it), else the oldest there is."""
    values = chart.values(marker)
    starts = [c.start for c in chart.courses(ANTI_OSTEOPOROSIS) if c.start]
    if starts:
        start = max(starts)
        earliest = add_months(start, -chart.numbers.btm_response_baseline_months)
        latest = add_days(start, chart.numbers.btm_response_baseline_days)
        before = [m for m in values if earliest <= m.when <= latest]
        if before:
            return before[0]
    return values[-1] if values else None


# -- drugs and fractures ----------------------------------------------------------------------------------------------


def _sorted(courses: Iterable[Course]) -> list[Course]:
    """Drugs for osteoporosis first, each group in the order in which they were begun."""
    return sorted(courses, key=lambda c: (c.drug.mechanism not in ANTI_OSTEOPOROSIS, c.start or c.last_dose or date.max))


def _course(course: Course, chart: Chart, language: str) -> Json:
    until = course.covered_until
    covered = chart.today if until == date.max else until
    return {
        "label": capital(course.drug.name[language]),
        "forBone": course.drug.mechanism in ANTI_OSTEOPOROSIS,
        "spans": [[a.isoformat(), min(b, add_months(chart.today, 24)).isoformat()] for a, b in _spans(course, covered)],
        "doses": [day.isoformat() for day in course.doses],
        "injected": course.drug.covers_months is not None,
        "coveredUntil": covered.isoformat() if covered else None,
        "gapFrom": _gap(course, chart),
        "state": say(_state(course, chart), language),
        "assumed": course.last_dose_basis in ("order", "statement"),
        "sources": list(course.sources),
    }


def _spans(course: Course, covered: date | None) -> list[tuple[date, date]]:
    """The times during which the drug worked, those that touch put together."""
    given = list(course.spans)
    if course.drug.covers_months is not None and course.doses:
        given = [(day, add_months(day, course.drug.covers_months)) for day in course.doses]
    elif not given and course.start and (end := course.end or covered):
        given = [(course.start, end)]
    merged: list[tuple[date, date]] = []
    for start, end in sorted(given):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [(a, b) for a, b in merged if a <= b]


def _gap(course: Course, chart: Chart) -> str | None:
    """From when on a drug for osteoporosis by injection no longer covers, where nothing of its kind took over since."""
    until = course.covered_until
    if course.drug.covers_months is None or course.drug.mechanism not in ANTI_OSTEOPOROSIS or until is None:
        return None
    others = [c for c in chart.courses(ANTI_OSTEOPOROSIS) if c is not course and (c.covered_until or date.min) > until]
    return until.isoformat() if until < chart.today and not others else None


def _state(course: Course, chart: Chart) -> str:
    if course.stopped:
        return "course.stopped"
    if course.active or course.on_treatment(chart.today):
        return "course.running"
    return "course.lapsed" if course.ended(chart.today) else "course.unknown"


def _fracture(fracture: Fracture, language: str) -> Json:
    label = capital(FRACTURE_SITES[fracture.site][language])
    return {
        "label": label + (say("fracture.presumed", language) if fracture.presumed else ""),
        "date": fracture.when.isoformat() if fracture.when else None,
        "source": fracture.source,
    }
