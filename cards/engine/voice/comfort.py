"""Under comfort care (card specification, "Limited life expectancy"): what falls silent, what is said milder, and that no drug
against osteoporosis is recommended. Where nobody knows, what would fall silent proposes no drug."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart
from cards.definitions import goals
from cards.definitions.minerals import vitamin_d
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding
from cards.engine.voice.ownership import without_recommended_drug
from cards.engine.voice.table import table


def speaks(findings: Sequence[Finding]) -> bool:
    """Whether comfort care is among the findings, shown on this hook or not; once set aside it is not."""
    return any(finding.code == table().comfort.card for finding in findings)


def told(findings: Sequence[Finding], chart: Chart) -> list[Finding]:
    """The findings that are told under comfort care, some of them one step milder."""
    silent = silenced(chart)
    unspoken = table().comfort.silent_variants
    told = [each for each in findings if each.code not in silent and each.variant not in unspoken.get(each.code, ())]
    return _milder(told)


def silenced(chart: Chart) -> set[str]:
    """The cards that fall silent on the chart's hook."""
    silent = set(table().comfort.silent)
    level = vitamin_d(chart)
    if level is not None and level.below(chart.numbers.vitamin_d_severe):
        silent -= set(table().comfort.unless_severe)
    return silent - set(table().comfort.besides_orders) if chart.hook in ORDER_HOOKS else silent


def _milder(findings: Sequence[Finding]) -> list[Finding]:
    """One step milder, and with choices that are equal (``comfort`` in the texts)."""
    below = {CRITICAL: WARNING, WARNING: INFO, INFO: INFO}
    codes = table().comfort.milder
    return [
        replace(each, indicator=below[each.indicator], values={**each.values, "comfort": True}) if each.code in codes else each
        for each in findings
    ]


def withheld(finding: Finding, chart: Chart) -> Finding:
    """The finding of a patient of whom comfort care is not known. Where encounters or care plans could not be had, a card that
    would be silent under comfort care names no drug. Not where the EHR keeps no such thing: otherwise nobody there would be
    treated; nor where a single entry cannot be read. Then none is recommended (``no_drug``)."""
    failed = goals.unknown(chart).failed
    drugs = tuple(option for option in finding.options if option.kind == "drug")
    if not (failed and drugs) or finding.code not in silenced(chart):
        return finding
    named = {"recommended": None} if "recommended" in finding.values else {}
    return replace(
        finding,
        values=finding.values | named,
        doubt=tuple(dict.fromkeys((*finding.doubt, *failed))),
        withheld=(*finding.withheld, *drugs),
        options=tuple(option for option in finding.options if option not in drugs),
    )


def no_drug(chart: Chart, findings: Sequence[Finding]) -> bool:
    """Whether no drug is recommended: under comfort care, and where something could not be had or read that may tell of it."""
    return speaks(findings) or bool(goals.unknown(chart))


def unrecommended(findings: Sequence[Finding]) -> list[Finding]:
    return [without_recommended_drug(finding) for finding in findings]
