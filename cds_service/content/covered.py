"""What each part of a sheet covers of a card's text: what somebody signs who ticks that part, with a mark of its own.

Only what stands in the part, in the language in which it was read: a word of the Chinese text does not touch what was signed in
English, nor one finding of a large card the chapter of another. The words of a rule cover its code, too, which is to be as
they say. The templates of the texts are nobody's: what they come to stands in the rendered variants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cds_service.content.canon import Content, Parts, hashed, written
from cds_service.content.definitions import IN_CHINESE

Chapters = Mapping[str, Sequence[str]]
"""Of a large card, by key: the stems of the variants that belong together."""

READ = ("says", "when", "numbers", "cases", "texts", "patient", "informs", "definitions", "folded", "gists", "sources")
"""The parts of a sheet: what the card says in short, with its doses; when and when not; the numbers of its rule and limits;
cases; whole texts, texts for the patient, variants that only inform, shared definitions, numbers that are folded, gists of the
recommendations; and the sources themselves, which are not on it."""
DIVIDED = ("says", "texts", "patient")
"""Those that a large card has by chapter: ``says.marrow``."""
DOSES, INFORMS = "doses", "informs"
"""Beside its chapters: the doses that it orders, and the texts of the variants that only inform."""

_TONGUES = {"en": "English", "zh": "中文"}
_NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}|\bn\.([a-z][a-z0-9_]*)")
_TIME = re.compile(r"^\S+ = \S+ (?:a|mo|wk|d) \[")
_OPTION = re.compile(r"> ?[●○]")


def divided(chapters: Chapters) -> list[str]:
    """Every part of a sheet that can be signed by itself, in order.

    >>> divided({})[:2], divided({"marrow": ["myeloma"]})[:3]
    (['says', 'when'], ['says.marrow', 'says.doses', 'when'])
    """
    more = {"says": [DOSES], "texts": [INFORMS], "patient": [INFORMS]}
    found: list[str] = []
    for part in READ:
        keys = [*chapters, *more[part]] if chapters and part in DIVIDED else []
        found += [f"{part}.{key}" for key in keys] or [part]
    return found


def chapter_of(name: str, chapters: Chapters) -> str:
    """Where a variant belongs: the chapter with the longest stem of its name; the last for one that has none.

    >>> chapter_of("high-alp-open", {"a": ["high"], "b": ["high-alp"], "c": []}), chapter_of("celiac", {"a": ["high"], "c": []})
    ('b', 'c')
    """
    stems = [(len(stem), key) for key, some in chapters.items() for stem in some if f"{name}-".startswith(f"{stem}-")]
    return max(stems)[1] if stems else ["", *chapters][-1]


def mark(content: Content, code: str, part: str, language: str) -> str:
    """Sixteen digits of what a part covers of a card; "" where there is no such card."""
    if code not in content.cards:
        return ""
    return hashed(written(code, covered(content.cards[code], part, content.chapters.get(code, {}), language)))[:16]


def covered(card: Parts, part: str, chapters: Chapters, language: str) -> Parts:
    """The text that a part covers, in the form of the card's text."""
    whole, _, chapter = part.partition(".")
    if whole in (*DIVIDED, "informs"):
        kept = {"rendered": _rendered(card.get("rendered", ""), whole, chapter, chapters, language)}
        doses = {"doses": card.get("doses", "")} if whole == "says" and chapter in ("", DOSES) else {}
        return doses if chapter == DOSES else {**kept, **doses}
    definitions = [
        line for line in card.get("definitions", "").splitlines() if language == "zh" or IN_CHINESE not in _key(line)
    ]
    words = card.get("rule-words", "")
    numbers, named = card.get("numbers", "").splitlines(), _named(card.get("rule", ""))
    ours = [line for line in numbers if line.partition(" = ")[0] in named]
    others = [line for line in numbers if line not in ours]
    limits = [line for line in others if not _TIME.match(line)]
    lefts = [line for line in definitions if f"`{_key(line).removesuffix(IN_CHINESE).rpartition('.')[2]}`" in words]
    found: dict[str, Parts] = {
        "when": {
            "rule-words": words,
            **({"rule-zh": card.get("rule-zh", "")} if language == "zh" else {}),
            "definitions": "\n".join(lefts),
            "rule": card.get("rule", ""),
        },
        "numbers": {"numbers": "\n".join([*ours, *limits])},
        "folded": {"numbers": "\n".join(others)},
        "cases": {"cases": card.get("cases", "")},
        "definitions": {"definitions": "\n".join(definitions), "declared": card.get("declared", "")},
        "gists": {"recommendations": card.get("recommendations", "")},
        "sources": {"recommendations": card.get("recommendations", "")},
    }
    return found.get(whole, {})


def _key(definition: str) -> str:
    return definition.partition(": ")[0]


def _named(rule: str) -> set[str]:
    """The numbers that a rule names in its words or its code."""
    return {words or code.replace("_", "-") for words, code in _NAMED.findall(rule)}


def _rendered(sample: str, part: str, chapter: str, chapters: Chapters, language: str) -> str:
    """Of the rendered variants what a part has: which of them, which reader, which of the lines."""
    _, *rest = re.split(r"^## (.+)\n", sample, flags=re.MULTILINE)
    found = list(zip(rest[::2], rest[1::2], strict=True))
    informs = {title for title, _ in found if title.partition(",")[0] == "info"}
    informs = set() if len(informs) == len(found) else informs
    kept = [
        f"## {title}\n\n{_of_one(text, part, language)}"
        for title, text in found
        if _belongs(title, part, chapter, chapters, informs=title in informs)
    ]
    return "\n\n".join(kept)


def _belongs(title: str, part: str, chapter: str, chapters: Chapters, *, informs: bool) -> bool:
    if part == "informs" or chapter == INFORMS:
        return informs
    if chapter:
        return not informs and chapter_of(title.partition(", ")[2], chapters) == chapter
    return part != "says" or not informs


def _of_one(text: str, part: str, language: str) -> str:
    """One variant as a page has it, with ">" for what is not of the part."""
    told, *tongues = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)
    lines = [told.strip() if part == "texts" else ""]
    for tongue, quoted in zip(tongues[::2], tongues[1::2], strict=True):
        both = [each for each in re.split(r"\n\n(?=>)", quoted.strip()) if each.strip()]
        ours = tongue == _TONGUES[language]
        clinician = "\n".join(_of_clinician(both[0], part)) if ours and both else ""
        patient = both[1] if ours and len(both) > 1 and part == "patient" else ""
        lines += [f"### {tongue}", clinician or ">", patient or ">"]
    return "\n\n".join(lines)


def _of_clinician(quoted: str, part: str) -> Iterator[str]:
    """In short: the first line and what is offered; the whole texts are all the rest."""
    lines = quoted.splitlines()
    first = next((place for place, line in enumerate(lines) if line.strip("> ")), 0)
    for place, line in enumerate(lines):
        short = place == first or _OPTION.match(line) is not None
        if (short and part in ("says", "informs")) or (not short and part == "texts"):
            yield line
