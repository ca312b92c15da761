"""What the templates of a sheet call: a number's value, unit and source, runs of paragraphs, what a signature says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Response, abort
from msgspec.json import encode

from cards.thresholds import Threshold, shipped
from cards.words.phrases import LANGUAGES, unit
from cds_service.casebook.chinese import variant_names
from cds_service.casebook.sheet import Block
from cds_service.casebook.told import judged
from cds_service.casebook.translated import LABELS
from cds_service.serving.load import Load
from cds_service.web.sheet.attested import chapter_title, condensed, named_part, read_of, version_of
from cds_service.web.sheet.definitions import by_subject
from cds_service.web.sheet.numbers import in_short, printed
from cds_service.web.sheet.rule_words import figure, inline
from cds_service.web.words import say


def unit_in_words(code: str, language: str) -> str:
    """A unit as people write it; UCUM's units of time in words, nothing for a plain number."""
    if code == "1":
        return ""
    return say(f"unit.{code}", language) if code in ("a", "mo", "wk", "d") else unit(code, language)


def judged_case(load: Load, code: str, number: int) -> Response:
    """What the service says to a case of a card now, as JSON; 404 where there is none."""
    try:
        with load.computing():
            found = judged(code, number)
    except (KeyError, IndexError):
        abort(404)
    return Response(encode(found), content_type="application/json", headers={"Cache-Control": "no-store"})


def source_of(each: Threshold) -> str:
    """Whence a number is, without what its status says already."""
    return re.sub(r"^(Own rule|Clinical convention|Convention): ", "", each.source) if not printed(each) else each.source


def own_value(key: str, each: Threshold) -> str:
    """The value that was shipped, where the site has another; else ""."""
    ours = shipped().table[key].value
    return f"{ours:g}" if ours != each.value else ""


def source_url(each: Threshold) -> str:
    """Where the link of a number leads: its https address, or "" for a recommendation or our own document."""
    return each.link if each.link.startswith("https://") else ""


def runs(blocks: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Paragraphs of one kind that follow each other, together."""
    return [(kind, list(some)) for kind, some in groupby(blocks, key=lambda each: each.kind)]


def context(language: str) -> dict[str, Any]:
    """What the templates of a sheet call."""
    return {
        "version_of": lambda content: version_of(content, language),
        "read_of": lambda each: read_of(each, language),
        "named_part": lambda part, code: named_part(part, code, language),
        "chapter_title": lambda part, code: chapter_title(part, code, language),
        "called": lambda name, code: variant_names().get(code, {}).get(name, "") if language == "zh" else "",
        "condensed": lambda parts, offered, code: condensed(parts, offered, code, language),
        "by_subject": lambda found: by_subject(found, language),
        "labels": LABELS,
        "inline": inline,
        "figure": figure,
        "in_short": in_short,
        "runs": runs,
        "to_patient": {each: say("sheet.to-patient", each) for each in LANGUAGES},
        "unit": unit_in_words,
        "own_value": own_value,
        "source_of": source_of,
        "source_url": source_url,
        "language": language,
    }
