"""Fractures in a clause: each head word with the sites, side or level, and kind that belong to it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cds_service.fhir.phrases.lexicon import FRACTURE, LINK, NAME, STOP, Token
from cds_service.fhir.phrases.mentions import Bone
from cds_service.fhir.phrases.scope import is_listed_apart
from cds_service.fhir.phrases.tables import rows

_TOGETHER = {row["words"]: row["key"] for row in rows("bones.tsv") if row["role"] == "together"}
_ORDER = (
    "none",
    "pelvis",
    "hip",
    "proximal-humerus",
    "distal-forearm",
    "neck",
    "vertebra",
    "rib",
    "ankle",
    "long-bone",
    "other",
)
"""Of several sites in one segment the first counts: an acetabulum is no hip, a sacrum no vertebra, a malleolus no long bone."""
_OTHER = frozenset({"neck", "ankle", "other"})
_TUMORS = frozenset({"bone-metastasis", "cancer", "myeloma", "bone-cancer"})
_NOWHERE = ""
DEFORMITY = "deformity"
"""Key of a head that says what a vertebra looks like."""
_DEFAULT = {"osteoporotic": _NOWHERE, DEFORMITY: "vertebra"}
_FAR = 200
"""Characters between osteoporosis and a fracture of which no one would say that they belong together."""


class Segment(Struct):
    """What stands between two joining words: its tokens, and the head of a fracture, if there is one. ``foreign``: it tells of
    something else, too."""

    tokens: list[Token]
    head: Token | None = None
    foreign: bool = False


class Broken(Struct, frozen=True):
    """One fracture: its head word, its bone, and whether it is said which."""

    head: Token
    bone: Bone
    sited: bool


def broken(text: str, tokens: list[Token], weak: frozenset[int]) -> Iterator[Broken]:
    """The fractures of one clause but those that never count (of the skull, by stress, by a tumor). ``weak``: where
    osteoporosis is named that is there."""
    segments = list(_segments(text, tokens))
    if not any(segment.head for segment in segments):
        return
    tumor = any(t.role == NAME and t.word.key in _TUMORS for t in tokens) and any(t.role == "pathological" for t in tokens)
    brittle = any(t.role == "osteoporotic" or t.word.key == "osteoporotic" for t in tokens)
    named = [t for t in tokens if t.at in weak]
    if tumor or any(t.role == "no-fragility" for t in tokens):
        return
    for head, parts in _by_head(segments):
        osteoporotic = brittle or _is_weak(text, head, named)
        sites: dict[str, set[str]] = {}
        sides: set[str] = set()
        for part in parts:
            if site := _site(part.tokens):
                sites.setdefault(site, set()).update(_places(part.tokens, site))
            else:
                sides |= _places(part.tokens, _NOWHERE)
        default = _DEFAULT.get(head.word.key, head.word.key)
        for site, places in (sites or {default: _places([t for p in parts for t in p.tokens], default)}).items():
            places |= sides if site != "vertebra" else set()
            where = "other" if site in _OTHER else site or ("unspecified" if osteoporotic else "other")
            if site != "none":
                yield Broken(head, Bone(where, _only(places), osteoporotic), bool(site))


def _is_weak(text: str, head: Token, named: list[Token]) -> bool:
    """Whether the osteoporosis that is named next to the head, before or behind, is of the same item."""
    at = bisect_left(named, head.at, key=lambda token: token.at)
    spans = ((min(t.end, head.end), max(t.at, head.at)) for t in named[max(0, at - 1) : at + 1])
    return any(last - first <= _FAR and not is_listed_apart(text, first, last) for first, last in spans)


def part_of(tokens: Iterable[Token], site: str) -> str:
    """The side, or the level of a vertebra, that these words name; "" where they name none or several."""
    return _only(_places(tokens, site))


def bone_of(tokens: list[Token]) -> Bone | None:
    """The bone that these words name, without a word of a fracture; None where they name none."""
    site = _site(tokens)
    return Bone("other" if site in _OTHER else site, _only(_places(tokens, site))) if site not in (_NOWHERE, "none") else None


def _only(places: set[str]) -> str:
    return next(iter(places)) if len(places) == 1 and "both" not in places else ""


def _segments(text: str, tokens: list[Token]) -> Iterator[Segment]:
    """Cut at joining words, after other things said, and between two heads (behind the first where its site stands before)."""
    segment, end = Segment([]), 0
    for token in tokens:
        between = text[end : token.at] if end else ""
        segment.foreign = segment.foreign or any(c.isalpha() and not c.isascii() and c != "第" for c in between)
        if token.role in (LINK, STOP) or (segment.tokens and _is_apart(between)):
            yield segment
            segment = Segment([])
        elif token.role == FRACTURE and segment.head:
            first, second = _parted(segment)
            yield first
            segment = second
        if token.role == FRACTURE:
            segment.head = token
        segment.tokens.append(token)
        end = token.end
    yield segment


def _is_apart(between: str) -> bool:
    """Whether something else in Chinese stands between, and a space."""
    return " " in between and any(c.isalnum() and not c.isascii() for c in between)


def _parted(segment: Segment) -> tuple[Segment, Segment]:
    """What belongs to the head of a segment, and what to a next one."""
    at = next(i for i, token in enumerate(segment.tokens) if token is segment.head)
    if _site(segment.tokens[:at]):
        return Segment(segment.tokens[: at + 1], segment.head, segment.foreign), Segment(segment.tokens[at + 1 :])
    return segment, Segment([])


def _by_head(segments: list[Segment]) -> Iterator[tuple[Token, list[Segment]]]:
    """Each head with its segment and those before it that have no head ("left radius, right humerus fracture"); the last one
    with those behind it, where its site stands behind it, too ("fracture of hip and wrist")."""
    waiting: list[Segment] = []
    last: tuple[Token, list[Segment]] | None = None
    for segment in segments:
        if segment.head is None:
            if segment.foreign or any(t.role in (NAME, STOP) for t in segment.tokens):
                waiting = []
            else:
                waiting.append(segment)
        else:
            if last:
                yield last
            last = (segment.head, [*waiting, segment])
            waiting = []
    if last:
        head, parts = last
        own = parts[-1].tokens
        yield head, parts if _site(t for t in own if t.at < head.at) else [*parts, *waiting]


def _site(tokens: Iterable[Token]) -> str:
    """Where these words are: "" where they name no site."""
    found, bones, parts = set(), set(), set()
    for token in tokens:
        role, key = token.role, token.word.key
        if role == "site":
            found.add(key)
        elif role == "level":
            found.add("vertebra")
        elif role == "bone":
            bones.add(key)
        elif role == "bone-part":
            parts.add(key)
    for bone in bones:
        together = (site for part in (*parts, "") if (site := _TOGETHER.get(f"{bone}+{part}")))
        if site := next(together, ""):
            found.add(site)
    return next((site for site in _ORDER if site in found), _NOWHERE)


def _places(tokens: Iterable[Token], site: str) -> set[str]:
    """The sides, or the levels of the spine, that the words name."""
    role = "level" if site == "vertebra" else "side"
    return {token.word.key for token in tokens if token.role == role}
