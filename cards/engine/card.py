"""What a card's folder declares (``card.toml``), checked when it is read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert

from cards.chart import Hook
from cards.definitions.reads import READS
from cards.engine.findings import Finding, Undecided
from cards.engine.sources import RECOMMENDATIONS
from cards.thresholds import CATALOG, ContentError, Thresholds, read_toml, shipped
from cards.vocabulary import ANABOLIC, ANALYTES, ANTI_OSTEOPOROSIS, ANTIRESORPTIVE, Data, Mechanism, Name

FILES = ("rule.py", "card.toml", "en.md", "zh.md", "cases.yaml", "sample.md")
"""What every card's folder holds."""
EVERY = "all"
"""``earlier``: the rule runs last and is told what all others found."""

CLASSES: Mapping[str, frozenset[Mechanism]] = {
    "anti-osteoporosis": ANTI_OSTEOPOROSIS,
    "antiresorptive": ANTIRESORPTIVE,
    "anabolic": ANABOLIC,
}
_DATA = frozenset(map(str, Data))
_MECHANISMS = frozenset(map(str, Mechanism))
_USED = re.compile(r"\bn\.([a-z][a-z0-9_]*)")

Rule = Callable[..., Iterator[Finding | Undecided]]
"""``rule(chart, numbers)``, and ``earlier`` where the card declares it."""


class Review(Struct, frozen=True, forbid_unknown_fields=True):
    """Who signed the medicine of a card: name, role, day (ISO), and the content version that was read."""

    by: str
    role: str
    on: str
    content: str


class Chapter(Struct, frozen=True, forbid_unknown_fields=True):
    """Variants of a large card that are signed together, by the stems of their names; those of no stem are in the last."""

    title: Name
    variants: tuple[str, ...]


class Declared(Struct, frozen=True, forbid_unknown_fields=True):
    """``card.toml`` as it is written. ``numbers`` are read by ``cards.thresholds``, ``recommendations`` by
    ``cards.engine.sources``."""

    title: Name
    hooks: tuple[Hook, ...]
    cites: tuple[str, ...]
    reads: tuple[str, ...]
    since: str
    unshown: tuple[Hook, ...] = ()
    unchecked: Name | None = None
    needs: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    checks_orders: bool = False
    earlier: tuple[str, ...] | str = ()
    merges: bool = False
    reviewed: tuple[Review, ...] = ()
    shared: tuple[str, ...] = ()
    chapters: dict[str, Chapter] = {}
    numbers: dict[str, Any] = {}
    recommendations: tuple[dict[str, Any], ...] = ()


class Card(Struct, frozen=True):
    """A card: its rule with what its folder declares. ``doc`` is the recommendation in words, then in paragraphs of their own
    when it fires, when not, and what it then says; a threshold stands there by its name in braces.

    ``reads``: the groups of data the rule looks at, with those it rests on; the prefetch queries are made from them.
    ``unshown``: hooks on which the rule runs, too, for what its finding makes of the others; it is not shown there.
    ``needs``: those without which it cannot speak: where one failed the rule is not run, and on orders `incomplete-data` says
    which check that was.
    ``rests_on``: the groups (or single analytes) by which whether it fires may change: where something of them could not be had
    or read, its silence is no all-clear, and what it advises says so and proposes no drug.
    ``drugs``, ``services``: what wakes the rule on an order, so that a missing check is only reported where it would matter.
    ``checks_orders``: options are tried against it before they are offered; ``unchecked`` names that check. ``earlier``: the
    cards that must have run before, whose findings the rule is handed; with ``merges`` it does not run with the others, but on
    what is left of these when the answer is put together, and its finding takes their place. ``shared``: the shared numbers
    that it reckons with. ``chapters``: of a card that is too large to be signed as a whole, in their order, by key.
    """

    code: str
    section: str
    folder: Path
    title: Name
    hooks: frozenset[Hook]
    unshown: frozenset[Hook]
    cites: tuple[str, ...]
    reads: frozenset[Data]
    needs: frozenset[Data]
    rests_on: tuple[str, ...]
    drugs: frozenset[Mechanism]
    services: frozenset[str]
    checks_orders: bool
    earlier: tuple[str, ...]
    last: bool
    merges: bool
    unchecked: Name | None
    shared: tuple[str, ...]
    since: str
    reviewed: tuple[Review, ...]
    chapters: dict[str, Chapter]
    rule: Rule
    doc: str

    def told(self, thresholds: Thresholds | None = None) -> list[str]:
        """The paragraphs of ``doc``, with the values of the thresholds that they name."""
        filled = (thresholds or shipped()).filled(self.doc)
        return [" ".join(paragraph.split()) for paragraph in filled.split("\n\n")]

    @property
    def chapters_by_key(self) -> dict[str, tuple[str, ...]]:
        """Of each chapter the stems of its variants."""
        return {key: each.variants for key, each in self.chapters.items()}

    @property
    def wants_earlier(self) -> bool:
        return self.last or bool(self.earlier)

    @property
    def judges_drugs_only(self) -> bool:
        """Whether it is a check of orders that has nothing to say where none of its drugs is taken or ordered: one that is
        handed what others found, or checks services, too, may have."""
        return self.checks_orders and not (self.wants_earlier or self.services)


def read(folder: Path) -> Card:
    """The card of a folder. ContentError, one sentence, for whatever it lacks."""
    where = folder.relative_to(CATALOG.parent)
    if lacking := [name for name in FILES if not (folder / name).is_file()]:
        raise ContentError(f"{where} lacks {', '.join(lacking)}")
    told = read_toml(folder / "card.toml")
    try:
        declared = convert(told, Declared)
    except ValidationError as error:
        raise ContentError(f"{where}/card.toml: {error}") from None
    _check(declared, folder, f"{where}/card.toml")
    try:
        rule = _rule(folder)
    except (ImportError, SyntaxError, AttributeError, NameError) as error:
        raise ContentError(f"{where}/rule.py: {error}") from None
    last = declared.earlier == EVERY
    needs = _data(declared.needs, where)
    rests_on = _rests_on(declared, where)
    return Card(
        code=folder.name,
        section=folder.parent.name,
        folder=folder,
        title=declared.title,
        hooks=frozenset(declared.hooks),
        unshown=frozenset(declared.unshown),
        cites=declared.cites,
        reads=_data(declared.reads, where) | {group_of(name) for name in rests_on} | {Data.PATIENT},
        needs=needs,
        rests_on=rests_on,
        drugs=_drugs(declared.drugs, where),
        services=frozenset(declared.services),
        checks_orders=declared.checks_orders,
        earlier=() if isinstance(declared.earlier, str) else declared.earlier,
        last=last,
        merges=declared.merges,
        unchecked=declared.unchecked,
        shared=declared.shared,
        since=declared.since,
        reviewed=declared.reviewed,
        chapters=declared.chapters,
        rule=rule,
        doc=inspect.getdoc(rule) or "",
    )


def _rule(folder: Path) -> Rule:
    """The function ``rule`` of the folder's rule.py. Its module is named after the card, hyphens and all."""
    module = import_module(f"cards.catalog.{folder.parent.name}.{folder.name}.rule")
    rule: Rule = module.rule
    return rule


def _check(declared: Declared, folder: Path, where: str) -> None:
    """What no type can say: that what is named exists, and that the numbers used are those declared."""
    if not declared.hooks or not declared.cites:
        raise ContentError(f"{where}: names no {'hooks' if not declared.hooks else 'cites'}")
    if unknown := [key for key in declared.cites if key not in RECOMMENDATIONS]:
        raise ContentError(f"{where}: cites {', '.join(unknown)}, which neither recommendations.yaml nor a card holds")
    if unused := [each["id"] for each in declared.recommendations if each["id"] not in declared.cites]:
        raise ContentError(f"{where}: declares the recommendation {', '.join(unused)} and does not cite it")
    if (declared.checks_orders or declared.services) and declared.unchecked is None and declared.earlier != EVERY:
        raise ContentError(f"{where}: checks orders, and has no `unchecked` to name the check when it cannot be made")
    if isinstance(declared.earlier, str) and declared.earlier != EVERY:
        raise ContentError(f'{where}: earlier is a list of cards, or "{EVERY}"')
    table = shipped().table
    if unknown := [key for key in declared.shared if key not in table or table[key].card]:
        raise ContentError(f"{where}: shared names {', '.join(unknown)}, which thresholds.toml does not hold")
    used = {name.replace("_", "-") for name in _USED.findall((folder / "rule.py").read_text("utf-8"))}
    if undeclared := sorted(used - declared.numbers.keys() - set(declared.shared)):
        raise ContentError(f"{where}: rule.py uses the numbers {', '.join(undeclared)}, which are not declared")
    if unused := sorted(declared.numbers.keys() - used):
        raise ContentError(f"{where}: declares the numbers {', '.join(unused)}, which rule.py does not use")


def _data(names: tuple[str, ...], where: Path) -> frozenset[Data]:
    """Groups of data, named one by one or by what a definition is made from (``cards.definitions.reads``)."""
    found: set[Data] = set()
    for name in names:
        if name in READS:
            found.update(READS[name])
        elif name in _DATA:
            found.add(Data(name))
        else:
            raise ContentError(f"{where}/card.toml: no group of data is called {name!r}")
    return frozenset(found)


def _rests_on(declared: Declared, where: Path) -> tuple[str, ...]:
    """Groups of data and analytes; what the card needs is among them."""
    analytes = tuple(name for name in declared.rests_on if name in ANALYTES and name not in _DATA)
    groups = _data((*declared.needs, *(name for name in declared.rests_on if name not in analytes)), where)
    return (*sorted(map(str, groups)), *analytes)


def group_of(name: str) -> Data:
    """The group of data of a line of ``rests_on``, which may be a single analyte."""
    return Data(name) if name in _DATA else ANALYTES[name].group


def _drugs(names: tuple[str, ...], where: Path) -> frozenset[Mechanism]:
    found: set[Mechanism] = set()
    for name in names:
        if name not in CLASSES and name not in _MECHANISMS:
            raise ContentError(f"{where}/card.toml: no class of drugs is called {name!r}")
        found |= CLASSES.get(name) or {Mechanism(name)}
    return frozenset(found)
