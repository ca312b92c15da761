"""What a rule yields: findings, with the facts they rest on and what may be done; and checks that could not be made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from cards.chart import Course, Draft, SetAside
from cards.chart.facts import Fact
from cards.vocabulary import Data


class Indicator(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for critical, 2 for info: the order in which cards are shown."""
        return _RANKS[self.value]

    def milder(self) -> Indicator:
        """One step down; info stays info."""
        return Indicator.WARNING if self is Indicator.CRITICAL else Indicator.INFO


_RANKS = {each.value: 2 - place for place, each in enumerate(Indicator)}
INFO, WARNING, CRITICAL = Indicator.INFO, Indicator.WARNING, Indicator.CRITICAL


class Option(Struct, frozen=True):
    """Something the clinician may choose. ``fhir.orders`` turns it into a resource.

    ``kind``: "drug" (``key`` is a drug, ``regimen`` a key of regimens.toml), "service" (test, imaging, referral: ``key`` of
    ``SERVICES``), "problem" (a Condition to record: ``key`` is "osteoporosis" or "osteoporosis-with-fracture") or "discard"
    (take the drafts in ``replaces`` off the desk and nothing else), "mend" (``regimen`` is a key of ``accepted.toml``: the
    draft in ``replaces`` stays, with dose and timing mended). A drug with ``replaces`` takes the drafts' place. ``stops`` are
    courses that end with it, which its label says. ``condition``: findings that keep the option from being recommended; its
    label says them first. ``after``: the finding of the work-up that it must wait for (a key of the phrase tables);
    ``meanwhile``: the one that is clarified beside it, since this drug cannot wait. ``unless_operated``: for those for whom no
    operation is planned. ``first``: what must come first of vitamin D or before it (a key of the phrase tables). ``provided``:
    for whom alone it is, or what must be so (a key of the phrase tables). ``stop_now``: what ends with it must end today,
    whatever the option waits for. ``urgent``: at once, as the order and its label say.
    """

    kind: str
    key: str = ""
    regimen: str = ""
    start: date | None = None
    recommended: bool = False
    replaces: tuple[Draft, ...] = ()
    stops: tuple[Course, ...] = ()
    condition: tuple[Finding, ...] = ()
    label: str = ""
    reason: str = "osteoporosis"
    after: str = ""
    meanwhile: str = ""
    unless_operated: bool = False
    first: str = ""
    provided: str = ""
    stop_now: bool = False
    urgent: bool = False


_LOW_CALCIUM = ("hypocalcemia", "low")
"""What rules an option out for as long as calcium is low, and no longer: the card and its wording."""


class Dropped(Struct, frozen=True):
    """An option that was not offered, and the finding (or the phrase, a key of the phrase tables) that says why."""

    key: str
    because: tuple[Finding, ...] = ()
    phrase: str = ""

    @property
    def awaits_calcium(self) -> bool:
        """Whether nothing but a low calcium speaks against it, which is corrected within days."""
        return bool(self.because) and all((each.code, each.variant) == _LOW_CALCIUM for each in self.because)


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

    ``values`` fill the text's placeholders; ``variant`` picks among its wordings; ``cites`` are those of the card's
    recommendations that this finding rests on (none named: all). ``notes`` are phrases for "Check first". ``left_out`` is
    what the record holds and this rule could not use; ``unread`` are groups of data that this rule looks at and that could not
    be had. ``doubt`` are those among the groups that its firing rests on of which something could not be had or read, with
    those that the rule itself doubts (a dose);
    ``withheld`` the drugs that it would have offered but for that. ``correctable``: what it warns of can be put right, so
    that the drug stays the recommended one. ``about`` is the draft that it speaks of. ``rests``: how long an override
    holds, where the card specification says so. ``holds``: keys of the findings of the work-up for which it holds drugs
    back; clinicians may clarify them.

    What the answer as a whole makes of it (``cards.engine.voice``): ``contains`` are findings that it speaks for as well,
    ``elsewhere`` the options that other cards of the answer offer, and ``see`` the codes of those cards.
    """

    code: str = ""
    indicator: Indicator
    variant: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    cites: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    any_number: bool = False
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[SetAside, ...] = ()
    unread: tuple[Data, ...] = ()
    rests_on: frozenset[Data] | None = None
    doubt: tuple[Data, ...] = ()
    withheld: tuple[Option, ...] = ()
    correctable: bool = False
    about: Draft | None = None
    rests: Rest | None = None
    holds: tuple[str, ...] = ()
    contains: tuple[Finding, ...] = ()
    elsewhere: tuple[Option, ...] = ()
    see: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of its card, and those of all that it speaks for."""
        return (self.code, *dict.fromkeys(each.code for each in self.contains if each.code != self.code))


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
    """A check that could not be made, or whose silence means nothing: which card's, which orders it would have judged
    (mechanisms and services; none: it judges no orders), for want of which data, or over which value, and how much it matters
    when the order is signed."""

    code: str
    judges: frozenset[str] = frozenset()
    missing: tuple[Data, ...] = ()
    undecided: Undecided | None = None
    indicator: Indicator = Indicator.WARNING


class Earlier(Struct, frozen=True):
    """What the rules found that ran before: of the cards that ``card.toml`` names, and the checks that could not be made."""

    found: Mapping[str, tuple[Finding, ...]] = {}
    not_run: tuple[NotRun, ...] = ()

    def __contains__(self, code: str) -> bool:
        return code in self.found

    def of(self, code: str) -> tuple[Finding, ...]:
        """What one card found; nothing where it did not fire."""
        return self.found.get(code, ())

    def suggests(self, code: str, key: str) -> bool:
        """Whether a card suggests this order."""
        return any(option.key == key for finding in self.of(code) for option in finding.options)
