"""The words of the pages in English and Chinese (``words*.toml``), and the language of a page."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import msgspec
from flask import request

from cards.engine.catalog import sections
from cards.vocabulary import Name
from cds_service.hooks.language import preferred


def _read(name: str) -> dict[str, Name]:
    text = files("cds_service.web").joinpath(name).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Name])


WORDS: dict[str, Name] = {
    **_read("words.toml"),
    **_read("words_smart.toml"),
    **_read("words_review.toml"),
    **{f"section.{key}": chapter.title for key, chapter in sections().items()},
}


class Count(int):
    """A number in a phrase, which says how the words beside it end: ``{count:s}`` is "s" unless it is 1, ``{count:are/is}``
    "are" or "is".

    >>> ["{n} card{n:s} {n:are/is} there".format(n=Count(n)) for n in (0, 1, 2)]
    ['0 cards are there', '1 card is there', '2 cards are there']
    """

    def __format__(self, ending: str) -> str:
        if not ending:
            return str(int(self))
        several, _, one = ending.partition("/")
        return one if self == 1 else several


def say(key: str, language: str, **values: object) -> str:
    """A phrase of the pages with its placeholders filled; KeyError for one that does not exist.

    >>> say("nav.knowledge", "zh")
    '知识库'
    """
    counted = {name: Count(each) if type(each) is int else each for name, each in values.items()}
    return WORDS[key][language].format(**counted)


def in_language(language: str) -> dict[str, str]:
    """All phrases in one language, for the scripts of the pages."""
    return {key: name[language] for key, name in WORDS.items()}


def of_sheet(language: str) -> dict[str, str]:
    """The phrases that the script of a sheet needs."""
    return {key: words for key, words in in_language(language).items() if key.startswith("sheet.")}


def page_language(default: str) -> str:
    """The language of the page asked for: the address says it (``?lang=zh``), else the browser."""
    asked = request.args.get("lang", "")
    return asked if asked in ("en", "zh") else preferred(request.headers.get("Accept-Language"), default)
