"""Orders for one ingredient that are written together: what each says, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isclose
from operator import attrgetter

from msgspec import Struct

from cards.chart import Chart, Dosing, Draft
from cards.definitions.accepted import Accepted, dosing_of, interval, regimens_of
from cards.vocabulary import Name

_TEN_THOUSAND = 10_000
_A_DAY = Name("a day", "每日")


_ADDS_UP = attrgetter("adds_up")


class Said(Struct, frozen=True):
    """What one draft says, read once; ``adds_up``: it tells how much, and for certain."""

    draft: Draft
    dosing: Dosing
    adds_up: bool
    daily: float


def said_of(draft: Draft) -> Said:
    told = dosing_of(draft)
    return Said(draft, told, told.readable and bool(told.amount) and not told.as_needed, told.daily or 0)


class Together(Struct, frozen=True):
    """The total of several drafts of one ingredient: how much in what time, in words (None: unknown), and whether that is an
    accepted regimen (None: unknown, or doses of this drug are not checked)."""

    amount: Name | None = None
    period: Name | None = None
    accepted: bool | None = None


def together(chart: Chart, drafts: Sequence[Said]) -> Together:
    """The sum of the drafts, per interval if they all have the same one, otherwise per day. Without an interval (one infusion
    each), the single doses are added. The sum is accepted if some accepted regimen gives as much in the same time."""
    if len({said.dosing.unit for said in drafts}) > 1 or not all(map(_ADDS_UP, drafts)):
        return Together()
    every = {said.dosing.every_days for said in drafts}
    drugs = {said.draft.drug.key: said.draft.drug for said in drafts if said.draft.drug}
    if len(every) == 1 and None not in every:
        (days,) = every
        days = max(days or 1.0, 1.0)
    elif None not in every:
        days = 1.0
    else:
        days = None
    if days is None and (len(every) > 1 or not all(drug.covers_months for drug in drugs.values())):
        return Together()
    amount = sum([(said.dosing.amount or 0) if days is None else said.daily * days for said in drafts])
    reasons = frozenset[str]().union(*(said.draft.reasons for said in drafts))
    regimens = [regimen for drug in drugs.values() for regimen in regimens_of(drug)]
    period = interval(chart.numbers.dose_interval_tolerance, days) if days else None
    accepted = _accepted(chart, regimens, reasons, amount, days)
    return Together(quantity(amount, drafts[0].dosing.unit), _A_DAY if days == 1 else period, accepted)


def _accepted(
    chart: Chart, regimens: Sequence[Accepted], reasons: frozenset[str], mg: float, days: float | None
) -> bool | None:
    if not regimens:
        return None
    fitting = [r for r in regimens if not r.only_for or reasons.intersection(r.only_for) or chart.active_problem(*r.only_for)]
    share, apart = chart.numbers.dose_tolerance, chart.numbers.dose_interval_tolerance
    if any(r.has_dose(mg, share) and (days is None or r.has_interval(days, apart)) for r in fitting):
        return True
    return days is not None and any(isclose(mg / days, r.mg / r.days, rel_tol=share) for r in fitting)


def dose(chart: Chart, draft: Draft) -> Name | None:
    """The amount and interval of a draft; None if neither can be read.

    An option on trial, or an order without a sig, is described by its strength alone.
    """
    told: Dosing = dosing_of(draft)
    amount = told.amount if told.amount is not None else draft.strength_mg
    unit = told.unit if told.amount is not None else "mg"
    parts = (
        quantity(amount, unit) if amount else None,
        interval(chart.numbers.dose_interval_tolerance, told.every_days) if told.every_days else None,
    )
    said = [part for part in parts if part]
    return Name(" ".join(part.en for part in said), " ".join(part.zh for part in said)) if said else None


@lru_cache(maxsize=1024)
def quantity(amount: float, unit: str) -> Name:
    """An amount of a drug in words: in micrograms below one milligram; in English with a comma for thousands; in Chinese from
    ten thousand on as people say it, too, since zeros are miscounted.

    >>> quantity(0.04, "mg").en, quantity(1200, "mg").en, quantity(1200, "IU")
    ('40 mcg', '1,200 mg', Name(en='1,200 units', zh='1200 IU'))
    >>> quantity(300000, "IU").zh
    '300000 IU（30万单位）'
    """
    if unit != "mg":
        said = f"（{amount / _TEN_THOUSAND:.9g}万单位）" if amount >= _TEN_THOUSAND else ""
        return Name(f"{amount:,.9g} units", f"{amount:.9g} IU{said}")
    if amount < 1:
        return Name(f"{amount * 1000:,.4g} mcg", f"{amount * 1000:.4g} μg")
    return Name(f"{amount:,.6g} mg", f"{amount:.6g} mg")
