"""The clinical numbers: those that several cards share (``thresholds.toml``) and those of one card (its ``card.toml``).

A rule is passed its own numbers and the shared ones that it declares; a definition asks the chart for the shared ones. A site's
own values therefore apply to that site alone, and two sites can share one process.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from cards.vocabulary import DRUGS, Name
from cards.vocabulary.names import Status

HERE = Path(__file__).parent
SHARED = HERE / "thresholds.toml"
CATALOG = HERE / "catalog"

_NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")


class ContentError(ValueError):
    """Something is missing or wrong in the content files: one sentence that names the file and the place."""


class Former(Struct, frozen=True, forbid_unknown_fields=True):
    """An earlier value of a number, the content version until which it applied, and why it changed."""

    value: int | float
    until: str
    why: str


class Threshold(Struct, frozen=True, forbid_unknown_fields=True):
    """A number with its unit (UCUM), its source, and how certain it is.

    ``link`` opens the source: the id of a recommendation, a place in the specification (``specification.md#…``) or an https
    address; ``place`` says where in it. ``since``: the content version that introduced this value; ``history``: earlier values,
    newest first. ``card``: the code of the card that owns it, "" if several cards share it.
    """

    name: Name
    value: int | float
    unit: str
    source: str
    link: str
    status: Status
    since: str
    place: str = ""
    history: tuple[Former, ...] = ()
    card: str = ""


class Numbers:
    """Numbers by name: ``n.adult_years`` is the value of ``adult-years``, and so is ``n["adult-years"]``.

    >>> Numbers({"adult-years": 18}).adult_years
    18
    """

    def __init__(self, values: Mapping[str, int | float], whose: str = "the medicine") -> None:
        self.__dict__.update({key.replace("-", "_"): value for key, value in values.items()})
        self._whose = whose

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self._whose} declares no number {name.replace('_', '-')}")

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key.replace("-", "_"))

    def filled(self, words: str) -> str:
        """The text with each number that it names in its place, a comma for thousands: nobody miscounts zeros."""
        return _NAMED.sub(lambda match: f"{self[match[1]]:,}", words)


class Thresholds:
    """All numbers of one site: ``table`` by key; ``shared`` for definitions."""

    def __init__(self, table: Mapping[str, Threshold]) -> None:
        self.table = dict(table)
        self._of: dict[str, Numbers] = {}

    @cached_property
    def shared(self) -> Numbers:
        return Numbers({key: each.value for key, each in self.table.items() if not each.card})

    @property
    def to_confirm(self) -> dict[str, Threshold]:
        """The numbers that rest on convention alone (RECALL): a clinician at the site confirms them before use, and a site may
        change them."""
        return {key: each for key, each in self.table.items() if each.status == "RECALL"}

    def of(self, card: str, shared: tuple[str, ...]) -> Numbers:
        """The numbers one card may use: its own and the shared ones that it declares. They are put together once."""
        found = self._of.get(card)
        if found is None:
            own = {key: each.value for key, each in self.table.items() if each.card == card}
            found = self._of[card] = Numbers(own | {key: self.table[key].value for key in shared}, f"card {card}")
        return found

    def filled(self, words: str) -> str:
        """The text with each threshold that it names replaced by its value, with a comma for thousands: nobody miscounts zeros.

        >>> shipped().filled("from {t-group-years} on, T {t-osteoporosis} or lower; {vitamin-d-loading-total} units")
        'from 50 on, T -2.5 or lower; 300,000 units'
        """
        return _NAMED.sub(lambda match: f"{self.table[match[1]].value:,}", words)

    def overridden(self, values: Mapping[str, int | float]) -> Thresholds:
        """These numbers with a site's own values in their place, which is allowed only for numbers to be confirmed (RECALL).

        Raises:
            ValueError: a key does not exist, its number has a source, or the new value is not a valid number.
        """
        table = self.table
        if unknown := sorted(values.keys() - table.keys()):
            raise ValueError(f"no such thresholds: {', '.join(unknown)}")
        if sourced := sorted(values.keys() - self.to_confirm.keys()):
            raise ValueError(f"a site cannot change numbers that have a source: {', '.join(sourced)}")
        if wrong := sorted(key for key, value in values.items() if not _fits(value, table[key].value)):
            raise ValueError(f"must be numbers, and integers where the defaults are integers: {', '.join(wrong)}")
        return Thresholds(table | {key: replace(table[key], value=value) for key, value in values.items()})


@cache
def shipped() -> Thresholds:
    """The numbers as shipped. ContentError if a file is incomplete or invalid."""
    table: dict[str, Threshold] = {}
    for path, card, numbers in _files():
        for key, told in numbers.items():
            if key in table:
                raise ContentError(f"{path}: {key} is a number of {table[key].card or SHARED.name} already")
            try:
                table[key] = replace(convert(_with_value(told), Threshold), card=card)
            except ValidationError as error:
                raise ContentError(f"{path}: number {key}: {error}") from None
    return Thresholds(table)


def _with_value(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """One entry. How long a drug works is recorded only with the drug (``works`` names it)."""
    rest = dict(told)
    drug = rest.pop("works", None)
    return rest | {"value": DRUGS[drug].covers_months} if drug in DRUGS else told


def _files() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each file that contains numbers: its path, its card, its numbers."""
    yield SHARED.name, "", read_toml(SHARED)
    for path in sorted(CATALOG.glob("*/*/card.toml")):
        yield str(path.relative_to(HERE)), path.parent.name, read_toml(path).get("numbers", {})


@cache
def read_toml(path: Path) -> Mapping[str, Any]:
    """A TOML file of the content; ContentError, naming the file, if it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContentError(f"{path.relative_to(HERE)}: {error}") from None


def _fits(value: int | float, ours: int | float) -> bool:
    return isfinite(value) and (isinstance(ours, float) or value == int(value))
