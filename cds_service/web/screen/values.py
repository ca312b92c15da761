"""Values over time, each kind on a strip of its own, with the limits that matter now in the unit of the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from cards.chart import Chart, Course, Measurement
from cards.chart.calendar import add_days, add_months
from cards.chart.shown import like
from cards.definitions.density import since_baseline
from cards.definitions.kidney import ckd_epi_2021, drug_limit, renal
from cards.definitions.minerals import calcium_range, calcium_values
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DENOSUMAB, SITE_NAMES, Drug, Mechanism, Site
from cards.words.phrases import capital, num, unit
from cds_service.web.screen.marks import Band, Line, Strip, measured
from cds_service.web.words import say

_LSC = (Site.LUMBAR_SPINE, Site.TOTAL_HIP, Site.FEMORAL_NECK)
"""The sites whose least significant change is declared."""


def density(chart: Chart, language: str) -> Iterator[Strip]:
    """T-scores of all sites on one strip, BMD of each on its own with the least significant change around its baseline."""
    n = chart.numbers
    tones = ((n.t_osteoporosis, True, "bad"), (n.t_low, False, "warn"))
    sites = _by_site(chart.values("t-score"))
    marks = [
        measured(m, language, series=place, tone=_low_tone(m, tones))
        for place, found in enumerate(sites.values())
        for m in reversed(found)
    ]
    if marks:
        yield Strip(
            key="t-score",
            label=ANALYTES["t-score"].name[language],
            kind="line",
            marks=marks,
            series=[_where(site, side, language) for site, side in sites],
            lines=[
                Line(at=n.t_low, label=num(n.t_low, 1)),
                Line(at=n.t_osteoporosis, label=say("limit.osteoporosis", language, at=num(n.t_osteoporosis, 1)), tone="bad"),
            ],
        )
    for (site, side), found in _by_site(chart.values("bmd")).items():
        yield _bmd(chart, site, side, found, language)


def _by_site(values: Iterable[Measurement]) -> dict[tuple[Site | None, str], list[Measurement]]:
    """Newest first; the sites in the order in which a clinician reads them."""
    order = list(Site)
    found: dict[tuple[Site | None, str], list[Measurement]] = {}
    for each in values:
        found.setdefault((each.site, each.side), []).append(each)
    return dict(sorted(found.items(), key=lambda item: (order.index(item[0][0]) if item[0][0] else -1, item[0][1])))


def _where(site: Site | None, side: str, language: str) -> str:
    where = SITE_NAMES[site][language] if site else say("site.unknown", language)
    return f"{where} {say(f'side.{side}', language)}" if side in ("left", "right", "bilateral") else where


def _bmd(chart: Chart, site: Site | None, side: str, found: Sequence[Measurement], language: str) -> Strip:
    course = _newest_course(chart)
    since = since_baseline(chart, "bmd", site, course.start) if course and course.start and site in _LSC else None
    base = since[0] if since else found[-1] if len(found) > 1 else None
    bands = []
    if base is not None and site in _LSC and base in found:
        least = chart.numbers[f"lsc-{site}"]
        share = base.value * least / 100
        label = say("limit.lsc", language, percent=num(least, 1))
        bands = [Band(low=base.value - share, high=base.value + share, label=label, tone="noise")]
    return Strip(
        key=f"bmd-{site or ''}{side}",
        label=say("strip.bmd", language, site=_where(site, side, language)),
        kind="line",
        unit=unit(ANALYTES["bmd"].unit, language),
        marks=[measured(m, language, tone=_below(m, bands)) for m in reversed(found)],
        bands=bands,
    )


def _below(value: Measurement, bands: Sequence[Band]) -> str:
    """A loss beyond the least significant change is bad, whatever the T-score says."""
    return "bad" if any(b.low is not None and value.value < b.low for b in bands) else ""


def turnover(chart: Chart, language: str) -> Iterator[Strip]:
    """CTX and P1NP: the laboratory's range, the baseline with the change that says nothing, and what counts as a response."""
    for key in ("ctx", "p1np"):
        values = chart.values(key)
        if values:
            bands, lines = [*_marker_bands(key, chart, language)], [*_targets(key, chart, language)]
            strip = _plain(key, values, language, bands=bands, lines=lines)
            strip.newest = "" if bands or lines else say("limit.none", language)
            yield strip


def _marker_bands(key: str, chart: Chart, language: str) -> Iterator[Band]:
    newest = chart.values(key)[0]
    if newest.low is not None and newest.high is not None:
        yield Band(low=newest.low, high=newest.high, label=say("limit.laboratory", language), tone="good")


def _targets(key: str, chart: Chart, language: str) -> Iterator[Line]:
    newest, course = chart.values(key)[0], _newest_course(chart)
    base = _baseline(key, chart, course)
    if course is not None and base is not None and base is not newest:
        if course.drug.mechanism is Mechanism.PTH_ANALOG and key == "p1np":
            rise = chart.thresholds.table["btm-rise-p1np"].value
            yield Line(at=base.value + rise, label=say("limit.rise", language, rise=num(rise)), tone="good")
        elif course.drug.mechanism is not Mechanism.PTH_ANALOG:
            fall = chart.numbers[f"btm-fall-{key}"]
            yield Line(at=base.value * (1 - fall / 100), label=say("limit.fall", language, percent=num(fall)), tone="good")
    denosumab = chart.course(DENOSUMAB)
    if key == "ctx" and denosumab is not None and not denosumab.on_treatment(chart.today):
        target = chart.numbers.ctx_target
        tone = "good" if newest.at_most(target) else "bad"
        yield Line(at=target, label=say("limit.after-denosumab", language, at=str(like(target, newest).value)), tone=tone)


def _baseline(key: str, chart: Chart, course: Course | None) -> Measurement | None:
    """The value from before the newest treatment, as `btm-response` takes it, else none."""
    if course is None or course.start is None:
        return None
    earliest = add_months(course.start, -chart.numbers.btm_response_baseline_months)
    latest = add_days(course.start, chart.numbers.btm_response_baseline_days)
    return next((m for m in chart.values(key) if earliest <= m.when <= latest), None)


def _newest_course(chart: Chart) -> Course | None:
    return max((c for c in chart.courses(ANTI_OSTEOPOROSIS) if c.start), key=lambda c: c.start or date.min, default=None)


def minerals(chart: Chart, drugs: Sequence[Drug], language: str) -> Iterator[Strip]:
    """25(OH)D, calcium, kidneys. ``drugs``: those whose limits matter now."""
    n = chart.numbers
    if vitamin_d := chart.values("vitamin-d"):
        limits = (("vitamin-d-deficient", "bad", "limit.deficient"), ("vitamin-d-target", "", "limit.target"))
        lines = [
            Line(at=n[key], label=say(word, language, at=str(like(n[key], vitamin_d[0]).value)), tone=tone)
            for key, tone, word in limits
        ]
        tones = ((n.vitamin_d_deficient, False, "bad"), (n.vitamin_d_target, False, "warn"))
        yield _plain("vitamin-d", vitamin_d, language, lines=lines, tones=tones)
    yield from _calcium(chart, language)
    yield from _kidneys(chart, drugs, language)


def _calcium(chart: Chart, language: str) -> Iterator[Strip]:
    """Calcium as the safety rules judge it: corrected where that can be, against the laboratory's own range."""
    for ionized in (False, True):
        found = [each for each in calcium_values(chart) if (each.value.key == "calcium-ionized") is ionized]
        if not found:
            continue
        key, newest = found[0].value.key, found[0].value
        low, high = calcium_range(chart.numbers, newest)
        tones = ["bad" if each.low or each.high else "" for each in reversed(found)]
        label = f"{like(low, newest).value}–{like(high, newest).value}"
        yield Strip(
            key="calcium-ionized" if ionized else "calcium",
            label=say("strip.calcium", language) if key == "calcium-corrected" else capital(ANALYTES[key].name[language]),
            kind="line",
            unit=_unit(newest, language),
            marks=[measured(each.value, language, tone=tone) for each, tone in zip(reversed(found), tones, strict=True)],
            bands=[Band(low=low, high=high, label=say("limit.range", language, range=label), tone="good")],
        )


def _kidneys(chart: Chart, drugs: Sequence[Drug], language: str) -> Iterator[Strip]:
    """Every estimate of kidney function; from creatinine alone where nothing else is reported."""
    estimates = renal(chart).estimates
    series: dict[str, list[Measurement]] = {}
    for each in (
        *chart.values("egfr"),
        *chart.values("crcl"),
        *(e for e in estimates if e.computed),
        *_older(chart, estimates),
    ):
        kept = series.setdefault(each.key, [])
        if each not in kept:
            kept.append(each)
    if not series:
        return
    limits: dict[float, list[str]] = {}
    for drug in drugs:
        if limit := drug_limit(chart.numbers, drug):
            names = limits.setdefault(limit, [])
            if drug.name[language] not in names:
                names.append(drug.name[language])
    specialist = chart.numbers.egfr_specialist
    lines = [
        Line(at=limit, label=say("limit.drug", language, at=num(limit), drugs=", ".join(names)), tone="bad")
        for limit, names in limits.items()
    ]
    if specialist not in limits:
        lines.append(Line(at=specialist, label=say("limit.specialist", language, at=num(specialist)), tone="bad"))
    worst = max(limits, default=specialist)
    yield Strip(
        key="kidney",
        label=capital(ANALYTES["egfr" if "egfr" in series else "crcl"].name[language]),
        kind="line",
        unit=_unit(next(iter(series.values()))[0], language),
        marks=[
            measured(m, language, series=place, tone="bad" if m.below(worst) else "")
            for place, found in enumerate(series.values())
            for m in sorted(found, key=lambda m: (m.when, m.order))
        ],
        series=[capital(ANALYTES[key].name[language]) for key in series] if len(series) > 1 else [],
        lines=lines,
    )


def _older(chart: Chart, estimates: Sequence[Measurement]) -> Iterator[Measurement]:
    """An estimate from each earlier creatinine, so that a trend shows."""
    if not any(each.computed == "CKD-EPI 2021" for each in estimates) or chart.patient.sex not in ("female", "male"):
        return
    taken = {each.source for each in estimates}
    for m in chart.values("creatinine"):
        age = chart.patient.age_on(m.when)
        if m.source in taken or m.comparator or age is None or age < chart.numbers.adult_years:
            continue
        value = ckd_epi_2021(m.value, age, female=chart.patient.female)
        yield Measurement("egfr", value, m.when, m.source, computed="CKD-EPI 2021", latest=m.latest, order=m.order)


def _plain(
    key: str,
    values: Sequence[Measurement],
    language: str,
    *,
    lines: Sequence[Line] = (),
    bands: Sequence[Band] = (),
    tones: tuple[tuple[float, bool, str], ...] = (),
) -> Strip:
    return Strip(
        key=key,
        label=capital(ANALYTES[key].name[language]),
        kind="line",
        unit=_unit(values[0], language),
        marks=[measured(m, language, tone=_low_tone(m, tones)) for m in reversed(values)],
        lines=list(lines),
        bands=list(bands),
    )


def _unit(value: Measurement, language: str) -> str:
    """The unit of the record."""
    return unit(like(value.value, value).unit, language)


def _low_tone(value: Measurement, tones: tuple[tuple[float, bool, str], ...]) -> str:
    """The tone of the first limit that the value is below, or equal to where that counts."""
    value = replace(value, value=round(value.value, 2))
    return next((tone for limit, equal, tone in tones if (value.at_most(limit) if equal else value.below(limit))), "")
