"""When a finding of the work-up ends though its value stands: worked up with nothing found, or clarified by clinicians; and
when it comes back (card specification, "work-up")."""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Measurement, Service
from cards.chart.calendar import add_days
from cards.definitions.minerals import calcium_values
from cards.definitions.workup.row import NONE, Row
from cards.definitions.workup.values import surely_by

_SPINE = ("spine-mri", "spine-ct")
_FALLING = frozenset({"hemoglobin", "egfr", "phosphate", "vitamin-d", "testosterone", "tsh"})
"""What is worse the lower it is; so are calcium and ALP in these findings."""
_LOW_CALCIUM, _LOW_ALP = ("low-calcium", "osteomalacia"), "low-alp"
_CALCIUM = ("calcium", "calcium-corrected", "calcium-ionized")
_DROPS_STAY = frozenset({"high-calcium", "hyperparathyroidism", "osteomalacia", "low-phosphate"})


class Cleared(Struct, frozen=True):
    """The day on which nothing was found that stands against treatment. ``imaged``: the day on which the spine was imaged,
    which clears its fractures until then."""

    day: date
    imaged: date | None = None


def standing(chart: Chart, row: Row) -> Row | None:
    """The finding as it stands: None once its work-up is negative; once it is clarified nothing is held and nothing pauses, and
    only the drops of high calcium, osteomalacia and low phosphate stay. It comes back with something worse: a further sign, a
    new fragility fracture, or a value farther off by more than {hold-worse-percent} %, calcium {hold-worse-calcium} mg/dL."""
    negative = None if _unread_since(chart, row) else _negative(chart, row)
    if negative is not None and not _worse(chart, row, negative):
        return None
    clarified = chart.clarified.get(row.key)
    if clarified is None or _worse(chart, row, Cleared(clarified, clarified)):
        return row
    stays = row.key in _DROPS_STAY and row.drops
    return replace(row, holds=NONE, pauses=NONE, silent=True) if stays else None


_SETTLED = frozenset({"future", "other-patient", "withdrawn"})


def _unread_since(chart: Chart, row: Row) -> bool:
    """Whether a value of the series could not be read: nobody knows whether it began before or after the work-up."""
    lost = (each for key in {value.key for value in row.values} for each in chart.left_out(key))
    return any(each.reason not in _SETTLED and (each.when is None or each.when > row.first) for each in lost)


# -- a negative work-up -----------------------------------------------------------------------------------------------


def _negative(chart: Chart, row: Row) -> Cleared | None:
    """The work-up of a finding with nothing found, by results later than the first value of the series that shows it."""
    if row.key == "myeloma":
        return _no_myeloma(chart, row)
    if row.key == "low-alp":
        return _enough_substrate(chart, row)
    if row.key == "hyperparathyroidism":
        return _familial(chart, row)
    if row.key == "high-alp":
        scan = _told(chart, ("bone-scan",), add_days(row.first, 1))
        return Cleared(scan.when) if scan is not None and scan.when and scan.tells is False else None
    return None


def _no_myeloma(chart: Chart, row: Row) -> Cleared | None:
    """Immunofixation and light chains without a new M-protein and, where a vertebra is broken, an MRI or CT of the spine after
    it without a tumor."""
    days = (_fixation(chart, row.first), _light_chains(chart, row.first))
    broken = [f for f in chart.fractures if f.site == "vertebra"]
    spine = _told(chart, _SPINE, max((f.at_latest for f in broken if f.at_latest), default=row.first))
    if None in days or (broken and (spine is None or spine.tells is not False)):
        return None
    return Cleared(min(day for day in days if day is not None), spine.when if spine is not None else None)


def _fixation(chart: Chart, first: date) -> date | None:
    """The day of an immunofixation after the first sign that tells of no monoclonal protein, or of one that has long been known
    and is measured: up by less than {m-protein-rise} g/dL."""
    fixed = _told(chart, ("immunofixation",), add_days(first, 1))
    if fixed is None or fixed.when is None:
        return None
    amounts = chart.values("m-protein")
    if amounts and amounts[0].when > first and amounts[0].at_most(0) is False:
        known = [m.value for m in amounts[1:] if m.when < amounts[0].when and m.at_most(0) is False]
        stable = bool(known) and round(amounts[0].value - min(known), 2) < chart.numbers.m_protein_rise
        return min(fixed.when, amounts[0].when) if stable else None
    return fixed.when if fixed.tells is False else None


def _light_chains(chart: Chart, first: date) -> date | None:
    """The day of a light chain ratio after the first sign that is in its range, or no farther out of it (by more than
    {hold-worse-percent} %) than it has long been."""
    from cards.definitions.workup.marrow import light_chains_outside  # which reads what ends

    ratios = chart.values("light-chain-ratio")
    if not ratios or ratios[0].when <= first:
        return None
    if not light_chains_outside(chart, ratios[0]):
        return ratios[0].when
    known = next((m for m in ratios[1:] if m.when < ratios[0].when and light_chains_outside(chart, m)), None)
    return ratios[0].when if known is not None and not _more(chart, ratios[0], known, falls=known.value < 1) else None


def _enough_substrate(chart: Chart, row: Row) -> Cleared | None:
    """Pyridoxal phosphate within its range: in hypophosphatasia it is high."""
    value = next((m for m in chart.values("pyridoxal-phosphate") if m.when > row.first), None)
    inside = value is not None and value.high is not None and value.at_most(value.high) is True
    return Cleared(value.when) if value is not None and inside else None


def _familial(chart: Chart, row: Row) -> Cleared | None:
    """Familial hypocalciuric hypercalcemia on record; or hyperparathyroidism on record that was operated on after the newest
    high calcium."""
    familial = chart.problem("familial-hypercalcemia")
    if familial is not None:
        return Cleared(familial.at_latest or row.first)
    operated = chart.done("neck-surgery", since=max(m.at_latest for m in row.values)) if row.values else None
    known = chart.problem("hyperparathyroidism") is not None
    return Cleared(operated.when) if known and operated is not None and operated.when else None


def _told(chart: Chart, keys: tuple[str, ...], since: date) -> Service | None:
    """The newest of these done since whose report tells whether it found what it excludes."""
    done = (s for key in keys for s in chart.services.get(key, ()) if s.done and s.when is not None and s.when >= since)
    return max((s for s in done if s.tells is not None), key=lambda s: s.when or date.min, default=None)


# -- something worse --------------------------------------------------------------------------------------------------


def _worse(chart: Chart, row: Row, cleared: Cleared) -> bool:
    if any(began > cleared.day for began in row.began):
        return True
    seen = {"vertebra": cleared.imaged or cleared.day}
    if any(f.at_latest and f.at_latest > seen.get(f.site, cleared.day) for f in chart.fractures):
        return True
    return any(_farther(chart, row, value, cleared.day) for value in row.values)


def _farther(chart: Chart, row: Row, value: Measurement, day: date) -> bool:
    """Whether a value is farther off than the newest of its kind by that day; so is one that has no other before."""
    if surely_by(value, day):
        return False
    kin = [c.value for c in calcium_values(chart)] if value.key in _CALCIUM else chart.values(value.key)
    before = next((each for each in kin if each.key == value.key and surely_by(each, day)), None)
    if before is None:
        return True
    return _more(chart, value, before, falls=_falls(row, before))


def _more(chart: Chart, value: Measurement, before: Measurement, *, falls: bool) -> bool:
    off = before.value - value.value if falls else value.value - before.value
    if value.key in _CALCIUM and value.key != "calcium-ionized":
        return round(off, 2) > chart.numbers.hold_worse_calcium
    return round(off * 100 - chart.numbers.hold_worse_percent * before.value, 2) > 0


def _falls(row: Row, before: Measurement) -> bool:
    if before.key in _CALCIUM:
        return row.key in _LOW_CALCIUM
    if before.key == "light-chain-ratio":
        return before.value < 1
    return before.key in _FALLING or row.key == _LOW_ALP
