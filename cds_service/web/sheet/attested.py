"""What a signature says of the sheet: which parts were read, and how much was in them"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from cards.engine.catalog import all_cards
from cds_service.content.canon import Content
from cds_service.content.covered import divided, mark
from cds_service.content.releases import SINCE
from cds_service.content.signatures import Signature
from cds_service.content.standing import SETTLED
from cds_service.content.verifying import Verdict
from cds_service.web.words import say


def read_as(language: str, read: Collection[str], counts: Mapping[str, int], content: Content, code: str) -> str:
    """What a signature keeps: the language, and each part that was read, with how much it was and the mark of its text."""
    much = counted(counts)
    parts = [part for part in divided(content.chapters.get(code, {})) if part in read]
    told = [f"{part}{_much(much.get(part, {}))}@{mark(content, code, part, language)}" for part in parts]
    return " ".join([language, *told, *([SETTLED] if SETTLED in read else [])])


def _much(told: Mapping[str, str]) -> str:
    return f":{'.'.join(told.values())}" if told else ""


def counted(counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """How much is in the parts of which that is told; of a large card in each chapter of what it says."""
    chapters = {
        f"says.{key}": {"variants": f"{many}/{counts['all']}"}
        for key, many in ((key.removeprefix("in "), many) for key, many in counts.items() if key.startswith("in "))
    }
    says = {"variants": f"{counts['variants']}/{counts['all']}", "doses": f"{counts['doses']}"}
    return {
        **(chapters | {"says.doses": {"doses": f"{counts['doses']}"}} if chapters else {"says": says}),
        "numbers": {"numbers": f"{counts['numbers']}", "limits": f"{counts['limits']}/{counts['limits'] + counts['folded']}"},
    }


def named_part(part: str, code: str, language: str) -> str:
    """A part of a sheet in words; of a large card with its chapter. KeyError for what no sheet has."""
    whole, _, chapter = part.partition(".")
    if not chapter:
        return say(f"read.{whole}", language)
    return say(f"read.of-{whole}", language, chapter=chapter_title(part, code, language))


def chapter_title(part: str, code: str, language: str) -> str:
    """Of a part of a large card its chapter in words."""
    chapter = part.partition(".")[2]
    chapters = all_cards()[code].chapters if code in all_cards() else {}
    return chapters[chapter].title[language] if chapter in chapters else say(f"read.chapter-{chapter}", language)


def condensed(parts: Collection[str], offered: Collection[str], code: str, language: str) -> str:
    """Parts of a sheet in words; what all chapters of a part come to is named as a whole, else by its chapters in one."""
    by_whole: dict[str, list[str]] = {}
    for part in parts:
        by_whole.setdefault(part.partition(".")[0], []).append(part)
    return ("；" if language == "zh" else "; ").join(
        _together(whole, some, offered, code, language) for whole, some in by_whole.items()
    )


def _together(whole: str, some: Sequence[str], offered: Collection[str], code: str, language: str) -> str:
    if all(each in some for each in offered if each.partition(".")[0] == whole):
        return say(f"read.{whole}", language)
    return say(f"read.of-{whole}", language, chapter=" · ".join(chapter_title(each, code, language) for each in some))


def read_of(each: Signature, language: str) -> str:
    """What somebody who signed had read, or objected to, in brackets; "" where it was not asked. A file that others wrote can
    say what no sheet has: that stays as it is written."""
    if not each.read:
        return ""
    between = "、" if language == "zh" else "; "
    try:
        told = between.join(_parts(each, language))
    except (KeyError, ValueError):
        told = each.read
    return say("read.of", language, what=told)


def _parts(each: Signature, language: str) -> Iterator[str]:
    tongue, *parts = each.read.split()
    yield say(f"language.{tongue}", language)
    for part in parts:
        name, _, much = part.partition("@")[0].partition(":")
        told = say("read.opens", language) if name == "shown" else named_part(name, each.card, language)
        yield told + (say(f"much.{_counts_of(name)}", language, **_counts(name, much)) if much else "")


def _counts_of(name: str) -> str:
    whole, _, chapter = name.partition(".")
    return whole if not chapter else "doses" if chapter == "doses" else "chapter"


def _counts(name: str, much: str) -> dict[str, str]:
    """The figures behind a part, by what they count.

    >>> _counts("says", "28/44.2"), _counts("says.marrow", "3/44")
    ({'variants': '28/44', 'doses': '2'}, {'variants': '3/44'})
    """
    return dict(zip(_COUNTED[_counts_of(name)], much.split("."), strict=True))


_COUNTED = {
    "shown": ("variants", "doses", "numbers", "limits"),
    "says": ("variants", "doses"),
    "chapter": ("variants",),
    "doses": ("doses",),
    "numbers": ("numbers", "limits"),
}


def stands_by_part(verdict: Verdict) -> str:
    """In English, of a signature whose parts do not all stand alike, which do and which do not."""
    if len(set(verdict.parts.values())) < 2:
        return ""
    told = []
    for stands in ("changed", "holds", "replaced"):
        names = [_or_as_written(part, verdict.signature.card) for part, how in verdict.parts.items() if how == stands]
        told += [f"{stands}: {', '.join(names)}"] if names else []
    return "; " + "; ".join(told)


def _or_as_written(part: str, code: str) -> str:
    try:
        return named_part(part, code, "en")
    except KeyError:
        return part


def version_of(content: str, language: str) -> str:
    """A content version as people read it: with changes that are not released yet, if it has any."""
    version, since, _ = content.partition(SINCE)
    return say("sheet.since-release", language, version=version) if since else version
