"""The values that decide whether a drug is safe, each as a check with its limit: kidneys, calcium, 25(OH)D; in kidney failure
also dialysis and PTH."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from cards.chart import Chart, Measurement, facts
from cards.chart.shown import like
from cards.definitions.ckd import dialysis_range, failing, low_turnover, very_high_pth
from cards.definitions.kidney import drug_limit, renal
from cards.definitions.minerals import calcium, calcium_range, vitamin_d, vitamin_d_excess
from cards.engine.findings import CRITICAL, Finding
from cards.vocabulary import ANALYTES, Drug
from cards.words.phrases import capital, day, num
from cds_service.web.screen.marks import dated, value_of
from cds_service.web.words import say

_KIDNEYS = frozenset({"bisphosphonate-renal", "renal-function-unknown"})
_MINERALS = frozenset({"hypocalcemia"})
_EMERGENCIES = frozenset({"calcium-critical"})
_KINDS = {"egfr": ("egfr", "crcl", "creatinine"), "calcium": ("calcium-corrected", "calcium-ionized", "calcium")}
"""The results that tell of one thing."""
SHOWN_ABOVE = _KIDNEYS | _MINERALS
"""The checks that rest on these values."""


class Check(Struct, kw_only=True, omit_defaults=True):
    """``result``: "ok", "warn", "stop", "unknown", or "ask": nothing on record speaks against it, because nobody has
    looked. ``said``: the values that it rests on, "" where it rests on the whole
    record. ``code``: the card that makes it."""

    title: str
    result: str
    code: str = ""
    said: str = ""
    day: str = ""
    refs: tuple[str, ...] = ()


def values_of(chart: Chart, drug: Drug | None, told: Sequence[Finding], language: str) -> Iterator[Check]:
    """Kidneys, calcium and 25(OH)D, each with its newest value that counts."""
    kidneys, reading, level = renal(chart), calcium(chart), vitamin_d(chart)
    n = chart.numbers
    fired = frozenset(finding.code for finding in told)
    limit = drug_limit(n, drug) if drug else 0
    low = kidneys.below(limit or n.egfr_specialist)
    odd = None if reading is None else bool(reading.low or reading.high)
    lack = None if level is None else level.below(n.vitamin_d_deficient) or vitamin_d_excess(chart) is not None
    told_by = _resting_on(fired & _MINERALS, odd, lack)
    renal_note = (
        say("safe.limit", language, limit=num(limit))
        if limit
        else say("safe.specialist", language, limit=num(n.egfr_specialist))
    )
    key = "egfr" if kidneys.lowest is None else kidneys.lowest.key
    result = _tone(told, (fired & _KIDNEYS) | told_by["kidneys"], low)
    yield _value(chart, key, kidneys.lowest, result, language, renal_note)
    key = "calcium" if reading is None else reading.value.key
    told_of = told_by["calcium"] | (fired & _EMERGENCIES)
    value, note = (None, "") if reading is None else (reading.value, _range(chart, reading.value, language))
    if odd and drug and not told_of:
        note += say("safe.apart", language)
    yield _value(chart, key, value, _tone(told, told_of, odd), language, note)
    note = say("safe.limit", language, limit=like(n.vitamin_d_deficient, level).value) if level else ""
    yield _value(chart, "vitamin-d", level, _tone(told, told_by["vitamin-d"], lack), language, note)
    if failing(chart):
        yield _dialysis(chart, language)
        yield _parathyroid(chart, language)


def _dialysis(chart: Chart, language: str) -> Check:
    """In kidney failure the first that nephrology asks."""
    title, found = say("safe.dialysis", language), chart.active_problem("dialysis")
    if found is None:
        return Check(title=say("safe.on-dialysis", language), result="unknown", said=say("safe.unasked", language))
    when = day(found.dated, language) if found.dated else ""
    refs = (found.source,) if found.source else ()
    return Check(title=title, result="warn", said=say("safe.on-record", language), day=when, refs=refs)


def _parathyroid(chart: Chart, language: str) -> Check:
    """In kidney failure PTH decides whether what slows turnover does harm."""
    newest, low = chart.newest("pth", since=chart.months_ago(chart.numbers.work_up_window_months)), low_turnover(chart)
    if newest is None:
        return _value(chart, "pth", None, "unknown", language)
    least, most = (like(limit, newest).value for limit in dialysis_range(chart, newest))
    note = say("safe.turnover" if low else "safe.range", language, low=least, high=most)
    result = "warn" if low or very_high_pth(chart) else "ok"
    return _value(chart, "pth", newest, result, language, note)


def _range(chart: Chart, value: Measurement, language: str) -> str:
    low, high = calcium_range(chart.numbers, value)
    return say("safe.range", language, low=like(low, value).value, high=like(high, value).value)


def _resting_on(codes: frozenset[str], odd: bool | None, lack: bool | None) -> Mapping[str, frozenset[str]]:
    """Which value the checks of calcium speak of: calcium or 25(OH)D where that is wrong or missing, else the kidneys."""
    calcium_speaks = odd is not False
    level_speaks = lack is not False
    return {
        "calcium": codes if calcium_speaks else frozenset(),
        "vitamin-d": codes if level_speaks and not calcium_speaks else frozenset(),
        "kidneys": codes if not calcium_speaks and not level_speaks else frozenset(),
    }


def _tone(told: Sequence[Finding], codes: Collection[str], low: bool | None) -> str:
    """What the checks say that rest on a value; where none spoke, whether it is beyond its limit."""
    if any(f.code in codes and f.indicator is CRITICAL for f in told):
        return "stop"
    if codes or low:
        return "warn"
    return "unknown" if low is None else "ok"


def _value(chart: Chart, key: str, value: Measurement | None, result: str, language: str, note: str = "") -> Check:
    title = capital(ANALYTES[key].name[language])
    if value is None:
        return _lacking(chart, key, result, language)
    fact = facts.measured(value)
    refs = (value.source,) if value.source else ()
    said = value_of(fact, language) + note
    return Check(title=title, result=result, said=said, day=dated(value, language), refs=refs)


def _lacking(chart: Chart, key: str, result: str, language: str) -> Check:
    """No value that counts: there is none, or one that is too old."""
    n = chart.numbers
    months = {
        "egfr": n.renal_window_months,
        "calcium": n.calcium_window_months,
        "vitamin-d": n.vitamin_d_window_months,
        "pth": n.work_up_window_months,
    }[key]
    found = [each for kind in _KINDS.get(key, (key,)) if (each := chart.newest(kind)) is not None]
    old = max(found, key=lambda each: each.when, default=None)
    if old is None or old.at_latest >= chart.months_ago(months):
        return Check(title=capital(ANALYTES[key].name[language]), result=result, said=say("safe.none", language))
    said = say("safe.old", language, value=value_of(facts.measured(old), language), months=months)
    refs = (old.source,) if old.source else ()
    return Check(title=capital(ANALYTES[old.key].name[language]), result=result, said=said, day=dated(old, language), refs=refs)
