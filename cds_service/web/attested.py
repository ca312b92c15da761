"""What a signature says of the sheet: which parts were read, and how much was in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cds_service.content.releases import SINCE
from cds_service.content.signatures import READ, Signature
from cds_service.web.words import say


def read_as(language: str, read: Collection[str], counts: Mapping[str, int]) -> str:
    """What a signature keeps: the language, and each part that was read, with how much it was.

    >>> counts = {"variants": 28, "all": 44, "doses": 2, "numbers": 13, "limits": 65, "folded": 55}
    >>> read_as("en", ["cases", "says", "numbers", "of no sheet"], counts)
    'en says:28/44.2 numbers:13.65/120 cases'
    """
    much = {part: f":{'.'.join(told.values())}" for part, told in counted(counts).items()}
    return " ".join([language, *(part + much.get(part, "") for part in READ if part in read)])


def counted(counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """How much is in the parts of which that is told."""
    return {
        "says": {"variants": f"{counts['variants']}/{counts['all']}", "doses": f"{counts['doses']}"},
        "numbers": {"numbers": f"{counts['numbers']}", "limits": f"{counts['limits']}/{counts['limits'] + counts['folded']}"},
    }


def read_of(each: Signature, language: str) -> str:
    """What somebody who signed had read, in brackets; "" where it was not asked. A file that others wrote can say what no sheet
    has: that stays as it is written."""
    if not each.read:
        return ""
    between = "、" if language == "zh" else "; "
    try:
        told = between.join(_parts(each.read, language))
    except (KeyError, ValueError):
        told = each.read
    return say("read.of", language, what=told)


def among(each: Signature, offered: Collection[str]) -> int:
    """Of how many of the parts that are offered somebody said that they were read; 0 where it was not asked.

    >>> from msgspec.structs import replace
    >>> one = Signature("c", "signed", "Li", "pharmacist", "", "2026.11", "", "", "2026-11-28", "en says:1/2.0 cases folded")
    >>> among(one, ["says", "when", "numbers", "cases"]), among(replace(one, read="en shown:1/2.0.8.2/4"), ["says", "when"])
    (2, 2)
    >>> among(replace(one, read=""), ["says", "when"])
    0
    """
    read = {part.partition(":")[0] for part in each.read.split()[1:]}
    return len((read | (_SHOWN if "shown" in read else set())) & set(offered))


def _parts(read: str, language: str) -> Iterator[str]:
    tongue, *parts = read.split()
    yield say(f"language.{tongue}", language)
    for part in parts:
        name, _, much = part.partition(":")
        told = say("read.opens" if name == "shown" else f"read.{name}", language)
        yield told + (say(f"much.{name}", language, **_counts(name, much)) if much else "")


def _counts(name: str, much: str) -> dict[str, str]:
    """The figures behind a part, by what they count.

    >>> _counts("says", "28/44.2")
    {'variants': '28/44', 'doses': '2'}
    """
    return dict(zip(_COUNTED[name], much.split("."), strict=True))


_SHOWN = {"says", "when", "numbers"}
"""What stood open when a signature said only that the sheet was read as it opened."""

_COUNTED = {
    "shown": ("variants", "doses", "numbers", "limits"),
    "says": ("variants", "doses"),
    "numbers": ("numbers", "limits"),
}


def version_of(content: str, language: str) -> str:
    """A content version as people read it: with changes that are not released yet, if it has any."""
    version, since, _ = content.partition(SINCE)
    return say("sheet.since-release", language, version=version) if since else version
