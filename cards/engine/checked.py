"""What order safety checked, draft by draft: where a card says nothing, whether that is because nothing is wrong."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from cards.chart import ORDER_HOOKS, Chart, Draft
from cards.engine.catalog import safety_checks
from cards.engine.findings import Finding
from cards.vocabulary import ANTI_OSTEOPOROSIS, Mechanism

_CONTRACEPTIVE = frozenset({Mechanism.CONTRACEPTIVE})
"""Estrogen all the same; the checks of hormone therapy are not made of it."""

_UNDONE = "incomplete-data"
"""The card that names the checks which could not be done."""


class Result(StrEnum):
    NO_OBJECTION = "no objection"
    FIRED = "fired"
    NOT_RUN = "could not run"
    NOT_JUDGED = "not judged"


class Checked(Struct, frozen=True):
    """One draft, and what became of each check of it, by the card that makes it."""

    draft: Draft
    results: Mapping[str, Result]

    @property
    def passed(self) -> tuple[str, ...]:
        """The checks that found nothing."""
        return tuple(code for code, result in self.results.items() if result is Result.NO_OBJECTION)


def checked(chart: Chart, found: Sequence[Finding], off: Container[str] = ()) -> tuple[Checked, ...]:
    """Each draft of a drug against osteoporosis that draws cards (on order-select: that is selected), with the checks of its
    class that are not switched ``off``. ``found`` is all that the rules found, before anything is silenced or merged. Vaginal
    estrogen, contraceptives (with the checks of hormone therapy) and an order for another patient are not judged."""
    if chart.hook not in ORDER_HOOKS:
        return ()
    told: dict[Draft | None, list[Finding]] = {}
    for finding in found:
        told.setdefault(finding.about, []).append(finding)
    return tuple(_checked(draft, told.get(draft, ()), off) for draft in chart.drafted(ANTI_OSTEOPOROSIS | _CONTRACEPTIVE))


def _checked(draft: Draft, told: Sequence[Finding], off: Container[str]) -> Checked:
    undone = {code for finding in told if finding.code == _UNDONE for code in finding.values["checks"]}
    fired = {finding.code for finding in told}
    silent = Result.NOT_JUDGED if _not_judged(draft) else Result.NO_OBJECTION
    checks = safety_checks(_as(draft.drug.mechanism)) if draft.drug else ()
    codes = sorted(card.code for card in checks if card.code not in off and card.code != _UNDONE)
    results = {code: Result.FIRED if code in fired else Result.NOT_RUN if code in undone else silent for code in codes}
    return Checked(draft, results)


def _as(mechanism: Mechanism) -> Mechanism:
    return Mechanism.HORMONE_THERAPY if mechanism in _CONTRACEPTIVE else mechanism


def _not_judged(draft: Draft) -> bool:
    if draft.other_patient or (draft.drug is not None and draft.drug.mechanism in _CONTRACEPTIVE):
        return True
    hormone = draft.drug is not None and draft.drug.mechanism is Mechanism.HORMONE_THERAPY
    return hormone and draft.dosing is not None and draft.dosing.route == "vaginal"
