"""Elemental calcium from supplements, on the list and ordered now."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cards.chart import Course, Dosing, Draft


class Intake(Struct, frozen=True):
    """Elemental calcium from supplements in mg a day, as far as it can be told; ``unread``: products that could not be."""

    daily: float
    unread: bool


def intake(taken: Iterable[Course], drafts: Iterable[Draft] = ()) -> Intake:
    """The products added up. Entries of the list that say the same amount a day of one salt, or of none, are one product told
    twice; each draft is a product of its own, and one of the list that says the same is what it renews."""
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
    """How many products the salts of one amount stand for, without those that are ordered anew."""
    if not renewed:
        return max(len(named - {""}), 1)
    return 0 if "" in renewed else len(named - {""} - renewed)
