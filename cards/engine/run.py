"""Running the rules on a chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Hook
from cards.definitions.indication import bone_tumor
from cards.engine.card import Card
from cards.engine.catalog import cards_of, shown
from cards.engine.findings import CRITICAL, INFO, WARNING, Earlier, Finding, NotRun, Undecided
from cards.vocabulary import COURSES, Data, Mechanism

_OF_ONCOLOGY = frozenset({"treatment", "sequence"})
_STILL = frozenset({"denosumab-due", "denosumab-sequence"})
"""With myeloma or bone metastasis on record oncology treats the bone: of the sections that advise drugs only the gap after
denosumab is still spoken of."""


def run(chart: Chart, cards: Iterable[Card] | None = None) -> list[Finding]:
    """Run the rules of the chart's hook and return what they found, most urgent first.

    Rules whose needs failed are left out; where one stays silent and something that it rests on could not be had or read, that
    is noted as a check that was not made. A check of orders is asked where a drug that it checks is taken or ordered. A rule
    that asks for it is handed what the cards that it names found, and the checks that could not be made. With myeloma or bone
    metastasis on record what advises drugs is silent, but for the gap after denosumab. Of a patient who has died nothing is
    found but what is wrong with an order: it may be the record that is mistaken.
    """
    if chart.patient.deceased and chart.hook not in ORDER_HOOKS:
        return []
    tumor = chart.hook not in ORDER_HOOKS and bone_tumor(chart) is not None
    found: dict[str, tuple[Finding, ...]] = {}
    not_run: list[NotRun] = []
    drugs = drugs_of(chart)
    for card in cards_of(chart.hook) if cards is None else cards:
        if card.merges or (tumor and card.section in _OF_ONCOLOGY and card.code not in _STILL):
            continue
        doubt = () if card.last else chart.doubts(card.rests_on)
        if chart.failed and (missing := card.needs & chart.failed):
            not_run.append(_not_run(card, tuple(sorted(missing))))
            continue
        told = [] if card.judges_drugs_only and drugs.isdisjoint(card.drugs) else list(ask(card, chart, found, not_run))
        if told:  # of few cards
            not_run += [NotRun(card.code, undecided=each) for each in told if isinstance(each, Undecided)]
            some = tuple(_doubted(card, chart, each, doubt) for each in told if isinstance(each, Finding))
            if some:
                found[card.code] = some
        if doubt and not _settled(card, chart, told) and _concerned(card, chart):
            not_run.append(_not_run(card, doubt))
    return sorted((finding for some in found.values() for finding in some), key=urgency)


def drugs_of(chart: Chart) -> frozenset[Mechanism]:
    """How the drugs work that are taken, were taken, or are being ordered."""
    written = (*chart.drafts, *chart.beside)
    ordered = {draft.drug.mechanism for draft in written if draft.drug} if written else ()
    return frozenset({course.drug.mechanism for course in chart.drug_courses.values()}.union(ordered))


def _settled(card: Card, chart: Chart, told: list[Finding | Undecided]) -> bool:
    """Whether a rule has spoken: an advice that fires (about an order: that warns), a check of orders, of drugs or of services,
    that forbids. What only warns might have forbidden."""
    about_orders = card.unchecked is not None and chart.hook in ORDER_HOOKS
    checks = card.checks_orders or (about_orders and bool(card.services))
    least = CRITICAL if checks else WARNING if about_orders else INFO
    return any(isinstance(each, Finding) and each.indicator.rank <= least.rank for each in told)


def _concerned(card: Card, chart: Chart) -> bool:
    """Whether the card's silence means anything: without an order, a check of orders speaks of drugs that the patient takes,
    and at a refill of those that are asked for."""
    if chart.hook in ORDER_HOOKS or not card.checks_orders:
        return True
    if chart.hook is Hook.REFILL:
        return bool(chart.drafted(card.drugs))
    return bool(chart.courses(card.drugs) or chart.doubts(COURSES))


def _doubted(card: Card, chart: Chart, finding: Finding, doubt: tuple[Data, ...]) -> Finding:
    """The finding with what could not be had or read. Whether to treat, and with what, must not rest on what nobody knows: of
    an advice that does, the drugs are withheld; what a check says of an order stands, and its alternatives are withheld."""
    unread = tuple(sorted(card.reads & chart.failed)) if chart.failed and not card.last else ()  # the last says it itself
    if finding.rests_on is not None:
        doubt = tuple(group for group in doubt if group in finding.rests_on)
    doubt = tuple(sorted({*doubt, *finding.doubt}))
    drugs = tuple(option for option in finding.options if option.kind == "drug") if doubt else ()
    return replace(
        finding,
        code=card.code,
        unread=unread,
        doubt=doubt,
        withheld=drugs,
        options=tuple(option for option in finding.options if option not in drugs),
    )


def urgency(finding: Finding) -> tuple[int, int, str]:
    """Sort key: indicator first, then the chapter, then the code."""
    return finding.indicator.rank, *shown(finding.code)


def ask(
    card: Card, chart: Chart, found: Mapping[str, tuple[Finding, ...]], not_run: Iterable[NotRun] = ()
) -> Iterable[Finding | Undecided]:
    """What one rule yields, handed its numbers and, where it asks for it, what was found before."""
    numbers = chart.thresholds.of(card.code, card.shared)
    if not card.wants_earlier:
        return card.rule(chart, numbers)
    codes = found if card.last else card.earlier
    return card.rule(chart, numbers, Earlier({code: found[code] for code in codes if code in found}, tuple(not_run)))


def _not_run(card: Card, missing: tuple[Data, ...]) -> NotRun:
    """That a card could not speak, and of which orders it would have. What advises beside an order weighs less than a check."""
    judges = frozenset({*card.drugs, *card.services}) if card.unchecked else frozenset()
    return NotRun(card.code, judges, missing, indicator=WARNING if card.checks_orders or card.services else INFO)
