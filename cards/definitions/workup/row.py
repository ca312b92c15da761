"""A finding of the work-up: what it rests on, and which drugs must wait for it or are not offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from cards.chart import Measurement
from cards.chart.facts import Fact
from cards.vocabulary import ANTI_OSTEOPOROSIS, ANTIRESORPTIVE, DRUGS, Drug, Mechanism

Drugs = frozenset[str]
"""Drugs by key."""


def _of(*mechanisms: Mechanism) -> Drugs:
    return frozenset(key for key, drug in DRUGS.items() if drug.mechanism in mechanisms and not drug.oncologic)


NONE: Drugs = frozenset()
ALL = _of(*ANTI_OSTEOPOROSIS)
ANTIRESORPTIVES = _of(*ANTIRESORPTIVE)
PTH_ANALOGS = _of(Mechanism.PTH_ANALOG)
LOWERS_CALCIUM = frozenset({"pamidronate"}) | _of(Mechanism.CALCITONIN)
ANABOLICS = PTH_ANALOGS | _of(Mechanism.SCLEROSTIN_INHIBITOR)
TABLETS = frozenset(key for key in ANTIRESORPTIVES if DRUGS[key].oral)
ORAL_BISPHOSPHONATES = frozenset(key for key in _of(Mechanism.BISPHOSPHONATE) if DRUGS[key].oral)
INJECTIONS = frozenset(key for key in ANTIRESORPTIVES if DRUGS[key].covers_months) | ANABOLICS
CALCIUM = _of(Mechanism.CALCIUM)
ACTIVE_VITAMIN_D = _of(Mechanism.ACTIVE_VITAMIN_D)
VITAMIN_D = _of(Mechanism.VITAMIN_D)
"""Oncologic strengths are never held: they are for another disease, and may treat this one."""


class Row(Struct, frozen=True):
    """One finding.

    ``warns``: a warning, otherwise for information. ``drops``: drugs that are not offered; ``holds``: drugs that may be
    offered, but that none recommends before it is clarified; ``pauses``: drugs that are not taken until then. ``orders``: tests
    that it asks for; ``referral``: to whom, "" for nobody yet. ``treated_by``: drugs that treat it; it does not speak against a
    draft of them. ``since``: the day on which its conditions were first met.
    ``binding``: even a dose that cannot wait waits for it. ``told``: values for its text. ``values``: those that are off now;
    ``began``: the first day of each series that shows it, where that is not ``since``. ``silent``: it was clarified, and what
    it drops stays dropped. ``proviso``: drugs that may be given if it is not operated on. ``called``: by what name other cards
    speak of it, if by another.
    """

    key: str  # names it in texts and labels
    evidence: tuple[Fact, ...]
    since: date
    kind: str = ""
    warns: bool = True
    drops: Drugs = NONE
    holds: Drugs = NONE
    pauses: Drugs = NONE
    treated_by: Drugs = NONE
    orders: tuple[str, ...] = ()
    referral: str = ""
    cites: tuple[str, ...] = ()
    binding: bool = False
    told: Mapping[str, Any] = {}
    values: tuple[Measurement, ...] = ()
    began: tuple[date, ...] = ()
    silent: bool = False
    proviso: Drugs = NONE
    called: str = ""

    @property
    def name(self) -> str:
        return self.called or self.key

    @property
    def first(self) -> date:
        """The first day on which it showed."""
        return min(self.began, default=self.since)

    @property
    def holds_all(self) -> bool:
        """Whether no drug against osteoporosis is recommended before it is clarified."""
        return not self.silent and self.holds | self.drops >= ALL

    def against(self, drug: Drug) -> bool:
        """Whether it speaks against giving this drug now."""
        return drug.key not in self.treated_by and (drug.key in self.holds or drug.key in self.drops)


Rows = Iterator[Row]
