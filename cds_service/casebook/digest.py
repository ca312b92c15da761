"""What a card comes to, in short: its variants with headline and what they recommend, as decision tables.

Variants of one stem (``low-alp``, ``low-alp-once``) that offer much the same stand in one table: a line for what the same
variants offer, a column for each variant. Those that differ in nothing but a day, a figure or their urgency are one
column, with both values in its headline. Nothing that any variant offers is left out; of the headlines the days of
results are, which the whole texts have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from cds_service.casebook.sheet import DAY, Said, Variant
from cds_service.casebook.told import together

MOST = 6
"""Columns that fit beside each other."""
_WORTH = 0.85
"""A table is drawn where it takes at most this part of the words that a list would take."""
_DATED = re.compile(rf" ?[(（](?:{DAY.pattern})[)）]")
"""The day of an invented patient's result; a day without brackets may be what the card is about."""
_DAYS = re.compile(rf"(?:{DAY.pattern})(?: / (?:{DAY.pattern}))*")
"""What one column has of a day: one for all of its variants, or one for each."""
_VERB = re.compile(r"^(Order|Referral to|开具|转诊至) ?(.+)$")


class Column(Struct, frozen=True):
    """Variants that say and offer the same. ``variants``: their places in the list; ``headline``: of all, "79 | 78";
    ``options``: what they offer, each behind its mark: ● recommended, ○ offered beside; a day of each, "13 Jul / 3 Aug"."""

    variants: tuple[int, ...]
    indicators: tuple[str, ...]
    names: tuple[str, ...]
    headline: str
    options: tuple[tuple[str, str], ...]


class Row(Struct, frozen=True):
    """What the same columns recommend or offer. ``labels``: with the day of each of these columns where they differ, in their
    order, "13 Jul | 3 Aug". ``marks``: of each column ●, ○ or ""."""

    labels: tuple[str, ...]
    marks: tuple[str, ...]


class Table(Struct, frozen=True):
    """``groups``: the rows by their verb ("" for none), said once: "Order", "Referral to"."""

    columns: tuple[Column, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]

    @property
    def variants(self) -> list[int]:
        return [place for column in self.columns for place in column.variants]


def tables(found: Sequence[Variant], language: str, places: Sequence[int] | None = None) -> list[Table]:
    """Of all variants, or of those at these places, in the order of the first of each stem."""
    stems = dict(enumerate(_stems([each.name for each in found])))
    wanted = range(len(found)) if places is None else places
    order = list(dict.fromkeys(stems[place] for place in wanted))
    by_stem = {stem: [place for place in wanted if stems[place] == stem] for stem in order}
    return [table for stem in order for table in _of_stem(found, by_stem[stem], language)]


def words_of(told: Iterable[Table]) -> Iterator[str]:
    """All that is to be read in them; a mark, of a group or of urgency, counts as a word."""
    for table in told:
        yield from (column.headline for column in table.columns)
        for verb, rows in table.groups:
            yield verb
            yield from (label for row in rows for label in row.labels)
            yield " ".join(mark for row in rows for mark in row.marks if mark)
        yield " ".join("●" for column in table.columns for _ in column.indicators)


def _stems(names: Sequence[str]) -> list[str]:
    """Of each name the shortest other name that it begins with, else the longest beginning that another name has, too, else
    itself.

    >>> _stems(["low-alp", "low-alp-x-y", "low-alp-x-z", "celiac", "low-tsh"])
    ['low-alp', 'low-alp', 'low-alp', 'celiac', 'low']
    """
    parts = {name: name.split("-") for name in names}
    found = []
    for name in names:
        roots = [other for other in parts if name == other or name.startswith(f"{other}-")]
        if any(other.startswith(f"{min(roots, key=len)}-") for other in parts):
            found.append(min(roots, key=len))
            continue
        shared = [_shared(parts[name], parts[other]) for other in parts if other != name]
        most = max(shared, default=0)
        found.append("-".join(parts[name][:most]) if most else name)
    return found


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _of_stem(found: Sequence[Variant], places: Sequence[int], language: str) -> Iterator[Table]:
    columns = list(_columns(found, places, language))
    for start in range(0, len(columns), MOST):
        some = columns[start : start + MOST]
        whole = _table(some)
        apart = [_table([column]) for column in some]
        yield from [whole] if _length([whole]) <= _WORTH * _length(apart) else apart


def _columns(found: Sequence[Variant], places: Sequence[int], language: str) -> Iterator[Column]:
    def kind(place: int) -> tuple[str, str, tuple[str, ...]]:
        said = found[place].clinician[language]
        return found[place].name, _figureless(said.summary), tuple(DAY.sub("#", each) for each in _options(said))

    for (name, _, _), some in groupby(sorted(places, key=lambda place: (_first(found, places, place), place)), key=kind):
        alike = tuple(some)
        said = [found[place].clinician[language] for place in alike]
        indicators = tuple(found[place].indicator for place in alike)
        offered = zip(*map(_options, said), strict=True)
        options = tuple((each[0][0], _with_days([one[1:].strip() for one in each], " / ")) for each in offered)
        headline = together([_DATED.sub("", each.summary) for each in said])
        yield Column(alike, indicators, (name,) if name else (), headline, options)


def _options(said: Said) -> list[str]:
    return [each.text for each in said.blocks if each.kind == "option"]


def _first(found: Sequence[Variant], places: Sequence[int], place: int) -> int:
    return next(each for each in places if found[each].name == found[place].name)


def _figureless(text: str) -> str:
    return re.sub(r"[\d.,]*\d", "#", DAY.sub("#", text))


def _table(columns: Sequence[Column]) -> Table:
    rows: dict[tuple[str, int], tuple[list[str], list[str]]] = {}
    for number, column in enumerate(columns):
        times = Counter[str]()
        for mark, label in column.options:
            bare = _DAYS.sub("#", label)
            labels, marks = rows.setdefault((bare, times[bare]), ([], [""] * len(columns)))
            labels.append(label)
            marks[number] = mark
            times[bare] += 1
    groups: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for labels, marks in rows.values():
        label = _with_days(labels, " | ")
        found = _VERB.match(label)
        verb, bare = (found[1], found[2]) if found else ("", label)
        groups.setdefault(verb, {}).setdefault(tuple(marks), []).append(bare)
    told = ((verb, tuple(Row(tuple(labels), marks) for marks, labels in some.items())) for verb, some in groups.items())
    return Table(tuple(columns), tuple(told))


def _with_days(labels: Sequence[str], between: str) -> str:
    """Labels that differ in nothing but their days, as one: where a day differs, that of each.

    >>> _with_days(["denosumab from 13 Jul 2026", "denosumab from 3 Aug 2026"], " | ")
    'denosumab from 13 Jul 2026 | 3 Aug 2026'
    """
    days = iter([*zip(*map(_DAYS.findall, labels), strict=True)])

    def of_each(_: re.Match[str]) -> str:
        some = next(days)
        return some[0] if len(set(some)) == 1 else between.join(some)

    return _DAYS.sub(of_each, labels[0])


def _length(told: Iterable[Table]) -> int:
    return sum(len(text) for text in words_of(told))
