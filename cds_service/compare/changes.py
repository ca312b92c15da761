"""What differs between two sides, patient by patient, and what explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from cards.engine.catalog import all_cards
from cards.thresholds import shipped
from cds_service.compare.sides import Person, Row, Side

Kind = Literal["new", "gone", "changed", "same", "not-fired"]
KINDS: tuple[Kind, ...] = ("new", "gone", "changed", "same", "not-fired")


class Change(Struct, frozen=True):
    """One card of one patient: only in B ("new"), only in A ("gone"), in both and not alike ("changed"), alike ("same"), in
    neither ("not-fired"). ``why``: what explains a difference, the nearest cause first."""

    patient: str
    card: str
    kind: Kind
    why: tuple[str, ...] = ()
    before: Row | None = None
    after: Row | None = None


class Differences(Struct, frozen=True):
    """What the two sides say of themselves."""

    numbers: dict[str, tuple[float | None, float | None]]
    switched: dict[str, str]
    content: tuple[str, str]


def differences(one: Side, other: Side) -> Differences:
    before, after = (each.summary.get("numbers", {}) for each in (one, other))
    moved = {key: (before.get(key), after.get(key)) for key in sorted({*before, *after}) if before.get(key) != after.get(key)}
    off, now_off = ({*each.summary.get("cards_off", ())} for each in (one, other))
    switched = dict.fromkeys(off - now_off, "switched off in A") | dict.fromkeys(now_off - off, "switched off in B")
    return Differences(moved, switched, (str(one.summary.get("content")), str(other.summary.get("content"))))


def changes(one: Side, other: Side, *, alike: bool = False) -> Iterator[Change]:
    """What differs; with ``alike`` also what does not, among the cards that anybody has on either side."""
    found = differences(one, other)
    codes = _codes(one) | _codes(other) if alike else set[str]()
    after = {person.patient: person for person in other.people()}
    for person in one.people():
        yield from _of(person, after.pop(person.patient, Person(person.patient, "not in B")), found, codes)
    for person in after.values():
        yield from _of(Person(person.patient, "not in A"), person, found, codes)


def _codes(side: Side) -> set[str]:
    return {code for person in side.people() for code in person.cards}


def _of(one: Person, other: Person, found: Differences, alike: set[str]) -> Iterator[Change]:
    before, after = one.cards, other.cards
    for code in sorted({*before, *after, *alike}):
        was, now = before.get(code), after.get(code)
        kind: Kind
        if was is None and now is None:
            kind = "not-fired"
        elif was is None or now is None:
            kind = "new" if was is None else "gone"
        else:
            kind = "same" if _alike(was, now, code) else "changed"
        if kind in ("same", "not-fired") and not alike:
            continue
        why = () if kind in ("same", "not-fired") else tuple(_why(code, one, other, was, now, found))
        yield Change(one.patient, code, kind, why, was, now)


def _alike(was: Row, now: Row, code: str) -> bool:
    """What a clinician reads of a card; of one that another speaks for, that it does."""
    if code not in (was.card, now.card):
        return True
    same = ("card", "indicator", "variant", "due", "recommended")
    return all(getattr(was, name) == getattr(now, name) for name in same) and {*was.evidence} == {*now.evidence}


def _why(code: str, one: Person, other: Person, was: Row | None, now: Row | None, found: Differences) -> Iterator[str]:
    if one.why != other.why:
        yield f"no answer in {'A' if one.why else 'B'}: {one.why or other.why}"
    if code in found.switched:
        yield found.switched[code]
    yield from _read_otherwise(one, other)
    yield from (f"{key}: {_number(a)} -> {_number(b)}" for key, (a, b) in found.numbers.items() if _reads(code, key))
    if was and now:
        yield from _in_detail(was, now)
    if found.content[0] != found.content[1]:
        yield f"content {found.content[0]} -> {found.content[1]}"
    elif others := [f"{key}: {_number(a)} -> {_number(b)}" for key, (a, b) in found.numbers.items() if not _reads(code, key)]:
        yield f"through another card or definition: {'; '.join(others)}"


def _read_otherwise(one: Person, other: Person) -> Iterator[str]:
    """The record of the same patient was read otherwise: a code lost or learned."""
    for name in sorted({*one.counts, *other.counts}):
        a, b = one.counts.get(name, 0), other.counts.get(name, 0)
        if a != b:
            yield f"read otherwise: {name} {a} -> {b}"


def _reads(code: str, key: str) -> bool:
    card, number = all_cards().get(code), shipped().table.get(key)
    return card is not None and number is not None and (number.card == code or key in card.shared)


def _in_detail(was: Row, now: Row) -> Iterator[str]:
    for name in ("card", "indicator", "variant", "due", "recommended"):
        a, b = getattr(was, name), getattr(now, name)
        if a != b:
            yield f"{name}: {_said(a)} -> {_said(b)}"
    lost, gained = {*was.evidence} - {*now.evidence}, {*now.evidence} - {*was.evidence}
    for name, some in (("evidence lost", lost), ("evidence new", gained)):
        if some:
            yield f"{name}: {' '.join(sorted(some))}"


def _said(value: object) -> str:
    return " ".join(map(str, value)) or "-" if isinstance(value, tuple) else str(value or "-")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def table(some: Iterable[Change]) -> dict[str, Counter[str]]:
    """Patients by card and kind."""
    found: dict[str, Counter[str]] = {}
    for each in some:
        found.setdefault(each.card, Counter())[each.kind] += 1
    return found
