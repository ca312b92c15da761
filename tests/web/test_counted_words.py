"""Phrases with a number in them are right for one, too."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from cds_service.web.words import WORDS, say

REVIEW = tomllib.loads(files("cds_service.web").joinpath("words_review.toml").read_text("utf-8"))
_PLURAL = re.compile(r"\{(?!version)(\w+)\} (?:[a-z]+ )?((?!its\b)[a-z]+[^s\W]s)\b(?!\{)")
MANY = {"interval.many-mo", "versions.carries", "versions.now"}
"""Of never less than two: months, and all cards."""


@pytest.mark.parametrize("key", [key for key in REVIEW if key not in MANY])
def test_no_phrase_of_the_desk_says_one_variants(key: str) -> None:
    assert not _PLURAL.search(WORDS[key].en)


def test_one_and_several_are_told_apart() -> None:
    values = {"minutes": 2, "home": ""}
    assert say("sheet.further", "en", count=1, **values).startswith("1 variant that only informs (")
    assert say("sheet.further", "en", count=3, **values).startswith("3 variants that only inform (")
    assert "{" not in say("sheet.folded", "en", count=1, home="")
