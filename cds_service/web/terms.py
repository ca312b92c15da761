"""The words of a rule that are not everybody's, explained where a sheet uses them (``terms.toml``)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from msgspec import Struct, convert

from cards.thresholds import Thresholds


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """``seen``: a pattern that finds the word in either language; ``en``, ``zh``: the word and what it means."""

    seen: str
    en: str
    zh: str

    def used(self, plain: str) -> bool:
        return _pattern(self.seen).search(plain) is not None

    def told(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@cache
def _pattern(seen: str) -> re.Pattern[str]:
    return re.compile(seen)


@cache
def terms() -> dict[str, Term]:
    """All, by key."""
    told = tomllib.loads(files("cds_service.web").joinpath("terms.toml").read_text("utf-8"))
    return convert(told, dict[str, Term])


def explained(words: str, thresholds: Thresholds, language: str) -> list[str]:
    """What the words of a rule use, with the numbers of the site."""
    plain = " ".join(words.split())
    found = (each for each in terms().values() if each.used(plain))
    return [thresholds.filled(each.told(language)) for each in found]
