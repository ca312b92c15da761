"""The regimens that an order may have: the usual one for each drug (``regimens.toml``) and other accepted ones
(``accepted.toml``)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from math import isclose

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Dosing, Draft
from cards.vocabulary import DRUGS, PROBLEMS, Drug, Name
from cards.vocabulary.regimens import REGIMENS

_DAYS = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25}
_MG = {"mg": 1.0, "ug": 0.001}
_ROUTES = {"oral": "oral", "subcutaneous": "sc", "intravenous": "iv", "infusion": "iv"}
_TABLE = "OPREF-T"
"""Only drugs whose doses are listed in OPREF-T1 to -T7 are checked."""
ONCOLOGIC = ("bone-metastasis", "myeloma", "giant-cell-tumor", "hypercalcemia")
"""The problems for which oncologic strengths are given."""


class Accepted(Struct, frozen=True, forbid_unknown_fields=True):
    """A regimen that triggers no card: ``times`` single doses of ``dose`` ``unit`` in each period of ``every``.

    ``only_for``: problems, one of which must be on record or be the reason for the order.
    """

    drug: str
    dose: float
    unit: str
    route: str
    every: tuple[int, str]
    label: Name
    source: str
    times: int = 1
    only_for: tuple[str, ...] = ()
    key: str = ""

    @property
    def mg(self) -> float:
        return self.dose * _MG[self.unit]

    @property
    def days(self) -> float:
        """Days from one dose to the next, on average."""
        count, period = self.every
        return count * _DAYS[period] / self.times

    def has_route(self, route: str) -> bool:
        """Whether it is given by this route; ``route`` as in ``Dosing``."""
        return route == _ROUTES[self.route]

    def has_dose(self, mg: float, tolerance: float) -> bool:
        return isclose(mg, self.mg, rel_tol=tolerance)

    def has_interval(self, days: float, tolerance: float) -> bool:
        """Whether doses this far apart fit the regimen. Months differ in length, and four weeks count as a month."""
        return isclose(days, self.days, rel_tol=tolerance)


def _accepted() -> dict[str, Accepted]:
    """By key, the usual regimen of each drug first."""
    found = {
        key: Accepted(key, usual.dose, usual.unit, usual.route, usual.every, usual.label, usual.cites[0], usual.times, key=key)
        for key, usual in REGIMENS.items()
        if key in DRUGS and any(cited.startswith(_TABLE) for cited in usual.cites)
    }
    text = files("cards.definitions").joinpath("accepted.toml").read_text(encoding="utf-8")
    for key, told in tomllib.loads(text).items():
        only_for = {"only_for": ONCOLOGIC} if told.pop("oncologic", False) else {}
        found[key] = msgspec.convert(told | only_for | {"key": key}, Accepted)
    return found


ACCEPTED = _accepted()

_NAMED = {a.drug for a in ACCEPTED.values()} | {problem for a in ACCEPTED.values() for problem in a.only_for}
if unknown := _NAMED - DRUGS.keys() - PROBLEMS.keys():
    raise ValueError(f"accepted.toml contains unknown keys: {', '.join(sorted(unknown))}")

_OF_DRUG = {key: tuple(a for a in ACCEPTED.values() if a.drug == key) for key in {a.drug for a in ACCEPTED.values()}}


def regimens_of(drug: Drug) -> tuple[Accepted, ...]:
    """The accepted regimens of a drug, the usual one first; none for a drug whose doses are not checked.

    >>> [regimen.key for regimen in regimens_of(DRUGS["teriparatide"])]
    ['teriparatide', 'teriparatide-weekly', 'teriparatide-twice-weekly']
    """
    return _OF_DRUG.get(drug.key, ())


def dosing_of(draft: Draft) -> Dosing:
    """The sig of a draft. If it says how often to take a tablet but not how many, one tablet of the product's strength is
    assumed. One of the service's own options has the usual regimen."""
    if draft.proposed and draft.drug is not None:
        usual = next(iter(regimens_of(draft.drug)), None)
        return Dosing(usual.mg, every_days=usual.days) if usual else Dosing(readable=False)
    told = draft.dosing or Dosing(readable=False)
    one_tablet = told.readable and told.amount is None and draft.drug is not None and draft.drug.oral
    return replace(told, amount=draft.strength_mg, unit="mg") if one_tablet else told


@lru_cache(maxsize=1024)
def interval(tolerance: float, days: float) -> Name:
    """How often, in words. ``tolerance``: the fraction by which months and years may differ in length.

    >>> [interval(0.01, days).en for days in (1, 7, 28, 3.5)], interval(0.01, 182).zh
    (['every day', 'every week', 'every 4 weeks', 'every 3.5 days'], '每6个月1次')
    """
    if days < 1:
        return Name(f"{1 / days:.0f} times a day", f"每日{1 / days:.0f}次")
    for period, en, one, more in (("a", "year", "年", "年"), ("mo", "month", "月", "个月"), ("wk", "week", "周", "周")):
        count = round(days / _DAYS[period])
        rounding = 0.0 if period == "wk" else tolerance
        if count >= 1 and isclose(days, count * _DAYS[period], rel_tol=rounding, abs_tol=1e-6):
            return Name(f"every {en}", f"每{one}1次") if count == 1 else Name(f"every {count} {en}s", f"每{count}{more}1次")
    return Name("every day", "每日1次") if days == 1 else Name(f"every {days:.3g} days", f"每{days:.3g}日1次")
