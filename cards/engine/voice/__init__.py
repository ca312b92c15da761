"""The answer as a whole: what one card says against a drug no other advises, what speaks of one order or of routine is one
card, and every order is offered once.

Rules stay independent, each fires by its own conditions; this step silences, merges and sorts what they found. What silences
what, and who owns which order, stands in ``voice.toml`` (card specification, "One answer, one voice").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cards.chart import ORDER_HOOKS, Chart, Hook
from cards.definitions import workup
from cards.engine.catalog import all_cards, shown
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import work_up
from cards.engine.voice import comfort
from cards.engine.voice.merging import closed, one_per_draft, removed_once
from cards.engine.voice.ownership import exclusive, once
from cards.engine.voice.table import table

__all__ = ["answered", "heard"]


def answered(findings: Sequence[Finding], found: Sequence[Finding], chart: Chart, off: Collection[str] = ()) -> list[Finding]:
    """The findings as they are shown: silenced, merged, each order offered once, in their order.

    ``findings`` are those of ``found`` that this practitioner has not set aside. What was set aside still silences, for it is
    so all the same; its orders may be offered by another card. Cards that the site switched ``off`` do not come in by merging.
    Under comfort care most cards are silent, and so they stay."""
    if comfort.speaks(findings):
        off = {*off, *table().comfort.silent}
        findings, found = comfort.told(findings, chart), comfort.told(found, chart)
    kept = heard([*_unshown(chart), *found])
    itself, of_patient = {id(each) for each in kept}, [each for each in kept if each.about is None]
    told = [each for each in findings if id(each) in itself or (each.about is None and each in of_patient)]
    apart = in_order(exclusive(removed_once(one_per_draft(told)), off))
    told = in_order(closed(once(apart, writing=chart.hook in ORDER_HOOKS), chart, off))
    return comfort.unrecommended(told) if comfort.no_drug(chart, findings) else told


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
    place = leading.index(finding.code) if finding.code in leading else len(leading)
    return finding.indicator.rank, all_cards()[finding.code].merges, place, shown(finding.code)
