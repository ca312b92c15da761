"""What was found, counted: by law, and by kind of place with one example each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.silence.running import Found

_MOST = 4
"""How many codes or defects a row names before it counts the rest."""


def counts(calls: Mapping[str, int], found: Sequence[Found]) -> str:
    """One row per law: calls, calls that break it, breaches by what they are."""
    rows = ["| law | calls | calls that break it | breaches | of them critical cards |", "|---|---:|---:|---:|---:|"]
    for law, number in [*sorted(calls.items()), ("all", sum(calls.values()))]:
        some = [each for each in found if law in ("all", each.mutation.law.value)]
        broken = {(each.story, *each.mutation.key) for each in some}
        critical = sum(each.breach.indicator == "critical" for each in some)
        rows.append(f"| {law} | {number} | {len(broken)} | {len(some)} | {critical} |")
    kinds = Counter(each.breach.what for each in found)
    return (
        "\n".join(rows) + "\n\n" + (", ".join(f"{what} {number}" for what, number in kinds.most_common()) or "nothing broken")
    )


def families(found: Sequence[Found], *, by_field: bool) -> str:
    """One row per law, kind of breach and place: a group of data, a type of resource or (``by_field``) a field of it."""
    groups: dict[tuple[str, str, str], list[Found]] = {}
    for each in found:
        kind = each.mutation.kind if by_field else each.mutation.kind.partition(".")[0]
        groups.setdefault((each.mutation.law.value, each.breach.what, kind), []).append(each)
    rows = [
        "| law | breach | place | number | critical | defects | cards or drugs | example |",
        "|---|---|---|---:|---:|---|---|---|",
    ]
    for (law, what, kind), some in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], -len(item[1]))):
        critical = sum(each.breach.indicator == "critical" for each in some)
        defects, codes = ({each.mutation.defect for each in some}, {each.breach.code for each in some})
        first = some[0]
        example = f"{first.story} \\| {first.mutation.where} \\| {first.mutation.defect}"
        rows.append(f"| {law} | {what} | {kind} | {len(some)} | {critical} | {_few(defects)} | {_few(codes)} | {example} |")
    return "\n".join(rows)


def _few(words: set[str]) -> str:
    some = sorted(words)
    return ", ".join(some[:_MOST]) + (f" and {len(some) - _MOST} more" if len(some) > _MOST else "")
