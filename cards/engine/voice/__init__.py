"""The answer as a whole: what one card says against a drug no other advises, what speaks of one order or of routine is one
card, and every order is offered once.

Rules stay independent, each fires by its own conditions; this step silences, merges and sorts what they found. What silences
what, and who owns which order, stands in ``voice.toml`` (card specification, "One answer, one voice").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Hook
from cards.definitions import workup
from cards.engine.catalog import all_cards, shown
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.trial import work_up
from cards.engine.voice import comfort
from cards.engine.voice.merging import closed, one_per_draft, removed_once, without_refused
from cards.engine.voice.ownership import TESTS, exclusive, once
from cards.engine.voice.pregnancy import without_radiation
from cards.engine.voice.table import table

__all__ = ["alone", "answered", "heard", "shown_here"]


def answered(findings: Sequence[Finding], found: Sequence[Finding], chart: Chart, off: Collection[str] = ()) -> list[Finding]:
    """The findings as they are shown: silenced, merged, each order offered once, in their order.

    ``findings`` are those of ``found`` (the same objects) that this practitioner has not set aside. What was set aside still
    silences, for it is so all the same; its orders may be offered by another card. Cards that the site switched ``off`` do not
    come in by merging. Under comfort care most cards are silent, and so they stay; where nobody knows they name no drug. In
    pregnancy nothing that uses radiation is offered."""
    comforted = comfort.speaks(findings)
    if comforted:
        off = {*off, *comfort.silenced(chart)}
    ours = {id(each) for each in findings}
    said = [(told, id(each) in ours) for each in found for told in _as_told(each, chart, comforted=comforted)]
    kept = {id(each) for each in heard([*_unshown(chart), *(told for told, _ in said)])}
    heard_of_ours = [told for told, own in said if own and id(told) in kept]
    alone_on_desk = without_refused(heard_of_ours, found, chart)
    apart = in_order(exclusive(removed_once(one_per_draft(alone_on_desk)), off))
    told = in_order(closed(once(shown_here(apart, chart), writing=chart.hook in ORDER_HOOKS), chart, off))
    return comfort.unrecommended(told) if comfort.no_drug(chart, findings) else told


def _as_told(finding: Finding, chart: Chart, *, comforted: bool) -> list[Finding]:
    """A finding as this patient's state allows it to be told; none if it falls silent."""
    told = without_radiation([finding], chart)
    return comfort.told(told, chart) if comforted else [comfort.withheld(each, chart) for each in told]


def shown_here(findings: Sequence[Finding], chart: Chart) -> list[Finding]:
    """Those of cards that are shown on the chart's hook, and the tests that had to leave a card of drugs which exclude each
    other: where they go, they are shown, or nothing would order them."""
    return [each for each in findings if each.code == TESTS or chart.hook in all_cards()[each.code].hooks]


def alone(findings: Sequence[Finding], chart: Chart) -> list[Finding]:
    """Each finding as if it were the only one. Tests beside drugs that exclude each other keep their marks: in the answer they
    stand in `tests-due`, where any number may be chosen."""
    found = shown_here(findings, chart)
    return [replace(each, any_number=True) if len(exclusive([each])) > 1 else each for each in found]


def _unshown(chart: Chart) -> list[Finding]:
    """At a refill the card of the work-up is not shown, but what must pause is not gone on with there either."""
    if chart.hook is not Hook.REFILL:
        return []
    pausing = workup.paused(chart, work_up(chart))
    return [Finding(code="secondary-causes", indicator=WARNING, values={"against": pausing})] if pausing else []


def heard(findings: Sequence[Finding]) -> list[Finding]:
    """Those that nothing silences. The table is gone through once; what was silenced silences nothing."""
    kept = list(findings)
    for row in table().silences:
        speaking = [finding for finding in kept if row.spoken_by(finding)]
        kept = [each for each in kept if each.code not in row.silent or not any(row.silences(who, each) for who in speaking)]
    return kept


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Most urgent first. Among what warns, what casts doubt on the diagnosis leads; what was merged closes the answer; a card
    that owns an order to which another of its urgency points stands directly below it."""
    ranked = sorted(findings, key=_rank)
    for pointing in list(ranked):
        for code in pointing.see:
            owner = next((each for each in ranked if each.code == code and each.indicator is pointing.indicator), None)
            if owner is not None and ranked.index(owner) > ranked.index(pointing) + 1:
                ranked.remove(owner)
                ranked.insert(ranked.index(pointing) + 1, owner)
    return ranked


def _rank(finding: Finding) -> tuple[int, bool, int, tuple[int, str]]:
    told = table().shown
    leading = {WARNING: told.leading_warnings, INFO: told.leading_info}.get(finding.indicator, ())
    names = (finding.code, f"{finding.code}/{finding.variant}")
    place = next((leading.index(name) for name in names if name in leading), len(leading))
    return finding.indicator.rank, all_cards()[finding.code].merges, place, shown(finding.code)
