"""How long the tablets that were handed over last, where only their number tells: hospitals in China say "4 片" and no days."""

from __future__ import annotations

from cards.chart import Dosing
from cards.definitions.accepted import ACCEPTED
from cards.vocabulary import Drug, Mechanism
from cds_service.fhir.reading.elements import Quantity
from cds_service.fhir.reading.units import number, plain

_TABLETS = frozenset(
    {"片", "粒", "丸", "颗", "tablet", "tablets", "tab", "tabs", "tbl", "capsule", "capsules", "cap", "caps", "pill", "pills"}
)
_COUNTED = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.SERM})
_MOST = 1000


def last_days(handed: Quantity | None, drug: Drug, dosing: Dosing | None, tablet_mg: float | None) -> float | None:
    """Days, from how the tablets are taken, else, of a drug for bone, from the regimen that has their strength; None for
    packs."""
    if handed is None or drug.covers_months is not None:
        return None
    count = number(handed.value)
    if count is None or not 0 < count <= _MOST or not any(u and plain(u) in _TABLETS for u in (handed.unit, handed.code)):
        return None
    if dosing is not None and dosing.readable and dosing.every_days:
        each = dosing.amount / tablet_mg if dosing.amount and tablet_mg and dosing.unit == "mg" else 1
        return count / max(each, 1) * dosing.every_days
    if drug.mechanism not in _COUNTED:
        return None
    usual = [a.days for a in ACCEPTED.values() if a.drug == drug.key and a.mg == tablet_mg and not a.only_for]
    return count * max(usual) if usual else None
