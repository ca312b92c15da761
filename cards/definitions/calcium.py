"""Elemental calcium from supplements, both on the medication list and being ordered."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cards.chart import Course, Dosing, Draft


class Intake(Struct, frozen=True):
    """Elemental calcium from supplements in mg a day, as far as it is known; ``unread``: products whose content could not be
    read."""

    daily: float
    unread: bool


def intake(taken: Iterable[Course], drafts: Iterable[Draft] = ()) -> Intake:
    """The sum of all products. List entries with the same daily amount of the same salt, or of no stated salt, are one product
    recorded twice. Each draft is a separate product, and a list entry with the same amount is taken as the one that it
    renews."""
    listed: dict[float | None, set[str]] = {}
    for dosing in (d for c in taken for d in c.dosings or (c.dosing,)):
        listed.setdefault(_daily(dosing), set()).add(dosing.salt if dosing else "")
    ordered = [(_daily(draft.dosing), draft.dosing.salt if draft.dosing else "") for draft in drafts]
    told = {daily: _products(named, {salt for each, salt in ordered if each == daily}) for daily, named in listed.items()}
    every = [daily for daily, products in told.items() for _ in range(products)] + [daily for daily, _ in ordered]
    return Intake(sum(daily for daily in every if daily), None in every)


def _daily(dosing: Dosing | None) -> float | None:
    return dosing.daily if dosing and dosing.unit == "mg" else None


def _products(named: set[str], renewed: set[str]) -> int:
    """How many products the entries of one amount represent, not counting those that are being renewed."""
    if not renewed:
        return max(len(named - {""}), 1)
    return 0 if "" in renewed else len(named - {""} - renewed)
