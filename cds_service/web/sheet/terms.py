"""The words of a rule that are not everybody's, explained where a sheet uses them (``terms.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice

from markupsafe import Markup
from msgspec import Struct, convert


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
    told = tomllib.loads(files("cds_service.web.sheet").joinpath("terms.toml").read_text("utf-8"))
    return convert(told, dict[str, Term])


def used(words: str) -> dict[str, Term]:
    """Those of a text, by key; names in code and keys of numbers are no words."""
    plain = re.sub(r"`[^`]*`|\{[^}]*\}", "", " ".join(words.split()))
    return {key: each for key, each in terms().items() if each.used(plain)}


def defined(html: Markup, left: dict[str, Markup]) -> Markup:
    """A line of HTML in which each word of ``left``, at its first place, brings its meaning when it is pointed at or focused;
    those that were found are taken from ``left``.

    >>> defined(Markup("held; <code>held</code>"), {"held": Markup("held: not yet")})
    Markup('<span class="term" tabindex="0">held<span class="means" role="tooltip" hidden>held: not yet</span></span>; \
<code>held</code>')
    """
    pieces = re.split(r"(<[^<>]+>)", html)
    for key in list(left):
        found = ((n, match) for n in _plain(pieces) if (match := _pattern(terms()[key].seen).search(pieces[n])))
        for place, match in islice(found, 1):
            pieces[place : place + 1] = _wrapped(match, left.pop(key))
    return Markup("".join(pieces))  # noqa: S704  its own pieces, and meanings that are HTML


def _plain(pieces: list[str]) -> Iterator[int]:
    """Where there is text that stands in no link, code or other word that is explained."""
    inside = 0
    for number, piece in enumerate(pieces):
        if re.match(r"<(a|code|span|sup)\b", piece):
            inside += 1
        elif re.match(r"</(a|code|span|sup)>", piece):
            inside -= 1
        elif not inside and not piece.startswith("<"):
            yield number


def _wrapped(found: re.Match[str], means: Markup) -> list[str]:
    opening, closing = '<span class="term" tabindex="0">', '<span class="means" role="tooltip" hidden>'
    inner = re.split(r"(<[^<>]+>)", means)
    before, after = found.string[: found.start()], found.string[found.end() :]
    ending = re.match(r"[a-z]*", after)[0]  # type: ignore[index]  # matches anything: "fractures" is one word
    return [before, opening, found[0] + ending, closing, *inner, "</span>", "</span>", after[len(ending) :]]
