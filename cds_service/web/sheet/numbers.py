"""The numbers of a card on its sheet: those that it decides by, and the others, grouped by what they are about and counted.

Of the numbers that the rule itself does not name, those that a result, a score or a dose is held against (limits) are shown, in
short; those that say how long something counts are folded, and the limits that make a finding of the work-up, on all sheets but
that of its card.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from msgspec import Struct, convert

from cards.thresholds import Threshold
from cards.vocabulary import Name

_TIMES = frozenset({"a", "mo", "wk", "d"})
_NO_RANGE = re.compile(r",? without the laboratory's (?:own )?range|无实验室参考范围时的?")
_LIMIT = re.compile(r"^(Lower|Upper) limit of (.*)$")
NO_RANGE = "†"
"""Stands in a name for "without the laboratory's range"."""


class Topic(Struct, frozen=True, forbid_unknown_fields=True):
    """What numbers are about; ``keys``: a pattern of the whole key; ``home``: the card whose limits they are, "" for
    all, "none" for none."""

    en: str
    zh: str
    keys: str
    home: str = ""

    @property
    def name(self) -> Name:
        return Name(self.en, self.zh)


class Group(Struct, frozen=True):
    """Numbers of one topic, by key."""

    topic: Name
    rows: Mapping[str, Threshold]


_OTHER = Topic("Other", "其他", ".*")


@cache
def topics() -> tuple[Topic, ...]:
    """In the order in which a sheet has them."""
    told = tomllib.loads(files("cds_service.web.sheet").joinpath("topics.toml").read_text("utf-8"))
    return (*convert(told, dict[str, Topic]).values(), _OTHER)


def topic_of(key: str) -> Topic:
    """What a number is about.

    >>> topic_of("calcium-low").en
    'Calcium'
    """
    return next(each for each in topics() if _pattern(each.keys).fullmatch(key))


@cache
def _pattern(keys: str) -> re.Pattern[str]:
    return re.compile(keys)


def shown(key: str, each: Threshold, card: str) -> bool:
    """Whether a number that definitions read stands open on the sheet of a card: a limit of its own, or of no card's; not what
    says how long something counts."""
    return each.unit not in _TIMES and topic_of(key).home in ("", card)


def grouped(numbers: Mapping[str, Threshold]) -> list[Group]:
    """By topic, in the order of the topics; in each as given."""
    by_topic: dict[Name, dict[str, Threshold]] = {each.name: {} for each in topics()}
    for key, each in numbers.items():
        by_topic[topic_of(key).name][key] = each
    return [Group(topic, rows) for topic, rows in by_topic.items() if rows]


def in_short(each: Threshold, language: str) -> str:
    """The name of a limit, "without the laboratory's range" as a mark, lower and upper limits as signs.

    >>> from cards.thresholds import shipped
    >>> in_short(shipped().table["calcium-low"], "en")
    'calcium† <'
    """
    name = _NO_RANGE.sub(NO_RANGE, each.name[language])
    return _LIMIT.sub(lambda m: f"{m[2]} {'<' if m[1] == 'Lower' else '>'}", name)


def printed(each: Threshold) -> bool:
    """Whether a source prints it."""
    return each.status not in ("RECALL", "OWN")
