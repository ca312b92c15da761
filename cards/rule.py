"""A card's rule: how one is declared, what it yields, and how all of them are run on a chart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Draft, Hook, SetAside
from cards.concepts import Data, Mechanism, Name
from cards.thresholds import filled

PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN = Hook.PATIENT_VIEW, Hook.ORDER_SELECT, Hook.ORDER_SIGN
PROBLEM_CREATE, DISCHARGE, REFILL = Hook.PROBLEM_CREATE, Hook.DISCHARGE, Hook.REFILL


class Indicator(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for critical, 2 for info: the order in which cards are shown."""
        return 2 - list(Indicator).index(self)

    def milder(self) -> Indicator:
        """One step down; info stays info."""
        return Indicator.WARNING if self is Indicator.CRITICAL else Indicator.INFO


INFO, WARNING, CRITICAL = Indicator.INFO, Indicator.WARNING, Indicator.CRITICAL


class Fact(Struct, frozen=True):
    """A piece of evidence as a card shows it: what it is, its value as recorded, unit, date, and where it stands."""

    name: Name
    value: str | float | Name | None = None
    unit: str = ""
    when: date | None = None
    source: str = ""
    note: Name | None = None


class Option(Struct, frozen=True):
    """Something the clinician may choose. ``fhir.orders`` turns it into a resource.

    ``kind``: "drug" (``key`` is a drug, ``regimen`` a key of regimens.toml), "service" (test, imaging, referral: ``key`` of
    ``SERVICES``), "problem" (a Condition to record: ``key`` is "osteoporosis" or "osteoporosis-with-fracture") or "discard"
    (take the drafts in ``replaces`` off the desk and nothing else), "mend" (``regimen`` is a key of ``cards.accepted``: the
    draft in ``replaces`` stays, with dose and timing mended). A drug with ``replaces`` takes the drafts' place.
    ``condition``: findings that keep the option from being recommended; its label says them first.
    """

    kind: str
    key: str = ""
    regimen: str = ""
    start: date | None = None
    recommended: bool = False
    replaces: tuple[Draft, ...] = ()
    condition: tuple[Finding, ...] = ()
    label: str = ""
    reason: str = "osteoporosis"


class Dropped(Struct, frozen=True):
    """An option that was not offered, and the finding (or the phrase, a key of the phrase tables) that says why."""

    key: str
    because: tuple[Finding, ...] = ()
    phrase: str = ""


class Rest(Struct, frozen=True):
    """That a finding which was overridden with a reason rests for ``months`` calendar months, longer than others do.

    ``state`` is what it stands for, in place of its facts: the same state measured anew is no news, and it also rests where
    it was overridden in one of the ``worse`` states. Any other state is news.
    """

    months: int
    state: str
    worse: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """What a rule found: everything that a card is made of, but the words.

    ``values`` fill the text's placeholders; ``variant`` picks among its wordings. ``notes`` are phrases for
    Caution / missing. ``left_out`` is what the record holds and this rule could not use; ``unread`` are groups of data
    that this rule looks at and that could not be had. ``about`` is the draft that it speaks of. ``rests``: how long an
    override holds, where the card specification says so.
    """

    code: str = ""
    indicator: Indicator
    variant: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    options: tuple[Option, ...] = ()
    any_number: bool = False
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[SetAside, ...] = ()
    unread: tuple[Data, ...] = ()
    about: Draft | None = None
    rests: Rest | None = None


class Undecided(Struct, frozen=True):
    """What a safety rule yields when a value is on record but does not let it decide (unreadable, `<60` against 35).

    ``missing``: groups of data that could not be had and would have decided. ``indicator``: how much it matters when the
    order is signed.
    """

    left_out: tuple[SetAside, ...] = ()
    facts: tuple[Fact, ...] = ()
    about: Draft | None = None
    missing: tuple[Data, ...] = ()
    indicator: Indicator = Indicator.WARNING


class NotRun(Struct, frozen=True):
    """A check that could not be made: which card's, for want of which data, or over which value."""

    code: str
    missing: tuple[Data, ...] = ()
    undecided: Undecided | None = None


Rule = Callable[[Chart], Iterator[Finding | Undecided]]


class Card(Struct, frozen=True):
    """A rule with its declaration. ``doc`` is the recommendation in words, then in paragraphs of their own when it fires, when
    not, and what it then says; a threshold stands there by its name in braces (``cards.thresholds.filled``).

    ``reads``: the groups of data the rule looks at; the prefetch queries are made from them. ``needs``: those without which
    it cannot speak: where one failed the rule is not run, and on orders `incomplete-data` says which check that was.
    ``drugs``: mechanisms that wake the rule on an order, so that a missing check is only reported where it would matter.
    """

    code: str
    section: str
    hooks: frozenset[Hook]
    cites: tuple[str, ...]
    reads: frozenset[Data]
    needs: frozenset[Data]
    drugs: frozenset[Mechanism]
    rule: Rule
    doc: str
    last: bool = False

    @property
    def told(self) -> list[str]:
        """The paragraphs of ``doc``, with the values of the thresholds that they name."""
        return [" ".join(paragraph.split()) for paragraph in filled(self.doc).split("\n\n")]


REGISTRY: dict[str, Card] = {}

SECTIONS = ("F", "C", "B", "G", "A", "E", "D", "H")
"""The order in which rules run. Safety of what is active or drafted first; each later section may ask ``chart.found``."""

PRIORITY = ("C", "F", "B", "G", "A", "E", "D", "H")
"""The order in which cards of one indicator are shown (card specification, "Priorities")."""


def card(
    code: str,
    *,
    section: str,
    hooks: Iterable[Hook],
    cites: Iterable[str],
    reads: Iterable[Data],
    needs: Iterable[Data] = (),
    drugs: Iterable[Mechanism] = (),
    last: bool = False,
) -> Callable[[Rule], Rule]:
    """Register the decorated function as the rule of one card. ``last``: it speaks of what the others could not do."""

    def register(rule: Rule) -> Rule:
        if code in REGISTRY:
            raise ValueError(f"two rules for card {code}")
        _in_order.cache_clear()
        safety_checks.cache_clear()
        REGISTRY[code] = Card(
            code,
            section,
            frozenset(hooks),
            tuple(cites),
            frozenset(reads) | frozenset(needs) | {Data.PATIENT},
            frozenset(needs),
            frozenset(drugs),
            rule,
            inspect.getdoc(rule) or "",
            last,
        )
        return rule

    return register


def cards_of(hook: Hook) -> list[Card]:
    """The cards that a hook may give, in the order in which their rules run."""
    return list(_in_order(hook))


@cache
def _in_order(hook: Hook) -> tuple[Card, ...]:
    """Sorted once: an option's trial asks for it again and again."""
    return tuple(sorted((c for c in REGISTRY.values() if hook in c.hooks), key=lambda c: (c.last, SECTIONS.index(c.section))))


@cache
def safety_checks(mechanism: Mechanism) -> tuple[Card, ...]:
    """The cards of the safety section that speak of an order of this mechanism when it is signed."""
    return tuple(c for c in _in_order(Hook.ORDER_SIGN) if c.section == "F" and mechanism in c.drugs)


def run(chart: Chart, cards: Iterable[Card] | None = None) -> list[Finding]:
    """Run the rules of the chart's hook, stage by stage, and return what they found, most urgent first.

    Rules whose needs failed are left out. While the rules run, ``chart.found`` holds by card code what the earlier ones
    found, and ``chart.not_run`` the checks that could not be made. Of a patient who has died nothing is found but what is
    wrong with an order: it may be the record that is mistaken.
    """
    if chart.patient.deceased and chart.hook not in ORDER_HOOKS:
        return []
    found: dict[str, list[Finding]] = {}
    not_run: list[NotRun] = []
    chart = chart.listening(found, not_run)
    for each in _in_order(chart.hook) if cards is None else cards:
        if chart.failed and (missing := each.needs & chart.failed):
            not_run.append(NotRun(each.code, tuple(sorted(missing))))
            continue
        unread = tuple(sorted(each.reads & chart.failed)) if chart.failed and not each.last else ()  # the last says it itself
        for finding in each.rule(chart):
            if isinstance(finding, Undecided):
                not_run.append(NotRun(each.code, undecided=finding))
            else:
                found.setdefault(each.code, []).append(replace(finding, code=each.code, unread=unread))
    return sorted((finding for some in found.values() for finding in some), key=urgency)


def urgency(finding: Finding) -> tuple[int, int, str]:
    """Sort key: indicator first, then the section, then the code."""
    return finding.indicator.rank, PRIORITY.index(REGISTRY[finding.code].section), finding.code
