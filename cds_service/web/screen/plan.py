"""What the answer puts first: the drug, the order, and what of it is to be done today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Draft
from cards.engine.catalog import all_cards
from cards.engine.findings import INFO, Finding, Option
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS
from cards.words.summary import headline
from cards.words.text import step as first_step

_BEFORE = "education"
"""The one order that is no step of its own: asking comes before it, too."""


class Lead(Struct, frozen=True):
    """What comes today, before the first order: another card, and its order."""

    finding: Finding
    order: Option


def first_drug(findings: Iterable[Finding]) -> Option | None:
    """The drug against osteoporosis that the answer puts first: of the first card that offers any the recommended one, else its
    first."""
    for finding in findings:
        drugs = [o for o in finding.options if o.kind in ("drug", "mend") and DRUGS[o.key].mechanism in ANTI_OSTEOPOROSIS]
        if drugs:
            return next((o for o in drugs if o.recommended), drugs[0])
    return None


def first_order(findings: Sequence[Finding], today: date) -> Option | None:
    """What the bar offers: of the first card the recommended option, else the one that it leaves to another card; what is for
    today before what is for a later day."""
    if not findings:
        return None
    offered = [option for option in (*findings[0].options, *findings[0].elsewhere) if option.recommended]
    return min(offered, key=lambda option: not for_today(option, today), default=None)


def for_today(option: Option, today: date) -> bool:
    return option.start is None or option.start <= today


def lead(findings: Sequence[Finding], today: date) -> Lead | None:
    """Where the first order is for a later day: the first other card that is more than information and has an order for
    today."""
    first = first_order(findings, today)
    if first is None or for_today(first, today):
        return None
    for finding in findings[1:]:
        order = next((o for o in finding.options if o.recommended and for_today(o, today)), None)
        if order is not None and finding.indicator is not INFO:
            return Lead(finding, order)
    return None


def step(chart: Chart, findings: Sequence[Finding], language: str) -> str:
    """What is to be done first, where the headline does not name what the button orders."""
    if not findings:
        return ""
    name = _drug(first_order(findings, chart.today), language)
    return "" if name and name in headline(findings[0], language, chart)[1] else first_step(findings[0], language, chart)


def holding(findings: Sequence[Finding]) -> list[str]:
    """The codes of cards that hold drugs back, which stand beside what comes first."""
    return [finding.code for finding in findings[1:] if finding.holds and finding.indicator is not INFO]


class Accepted(Struct, frozen=True):
    """A drug on the desk that a card proposed, and what its card asks for before it; "" for nothing."""

    draft: Draft
    option: Option
    step: str


def accepted(chart: Chart, decided: Iterable[Finding], language: str) -> list[Accepted]:
    """The drugs on the desk that came from a card which is ``decided`` upon."""
    drafts = {draft.drug.key: draft for draft in chart.drafts if draft.drug}
    return [
        Accepted(drafts[option.key], option, step_before(chart, [finding], language))
        for finding in decided
        for option in {each.key: each for each in reversed(finding.options) if each.kind == "drug"}.values()
        if option.key in drafts and DRUGS[option.key].mechanism in ANTI_OSTEOPOROSIS
    ]


def step_before(chart: Chart, findings: Sequence[Finding], language: str) -> str:
    """The step, where it comes before what the button orders and is not the same in other words: what an order's check says of
    it is no step, nor is a test or a referral that the button orders today."""
    first = first_order(findings, chart.today)
    if first is None or all_cards()[findings[0].code].checks_orders or all_cards()[findings[0].code].merges:
        return ""
    said = step(chart, findings, language)
    name = _drug(first, language)
    same = name in said if name else first.key != _BEFORE and for_today(first, chart.today)
    return "" if same else said


def _drug(option: Option | None, language: str) -> str:
    return DRUGS[option.key].name[language] if option is not None and option.kind in ("drug", "mend") else ""
