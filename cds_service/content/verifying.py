"""Signatures held against the medicine, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cds_service.content.canon import Content
from cds_service.content.covered import divided, mark
from cds_service.content.signatures import Signature
from cds_service.content.standing import SETTLED, Standing, language_of, parts_in, standings


class Verdict(NamedTuple):
    """``stands``: "holds" (all that counts of it is as it was signed), "changed" (something is not any more), "replaced" (the
    same person has said something newer of all of it), "retired" (there is no such card any more). ``parts``: the same of each
    part that it names."""

    signature: Signature
    stands: str
    parts: dict[str, str]


def verified(signatures: Sequence[Signature], contents: Sequence[Content]) -> list[Verdict]:
    """Each signature held against the medicine: a text counts as there if any of ``contents`` has it."""
    known = {(each.card, each.by): each for some in standings(signatures).values() for each in some}
    hashes = [content.hashes for content in contents]
    there = {code for each in hashes for code in each}
    return [_verdict(each, known[each.card, each.by], contents, hashes, there) for each in signatures]


def holds(each: Signature, part: str, content: Content, hashed: str) -> bool:
    """Whether what somebody signed of a part still stands there; without a mark that is the whole card. ``hashed``: the card's
    hash now."""
    if each.hash == hashed:
        return True
    marks = {one.name: one.mark for one in parts_in(each)}
    found = marks.get(part) or marks.get(part.partition(".")[0], "")
    named = part if part in marks else part.partition(".")[0]
    return bool(found) and found == mark(content, each.card, named, language_of(each))


def still(each: Signature, content: Content, hashed: str) -> bool:
    """Whether all to which somebody objected is as it was; where no part is named that is the card."""
    named = [part.name for part in parts_in(each) if part.mark]
    return all(holds(each, name, content, hashed) for name in named or [""])


def _verdict(
    each: Signature, standing: Standing, contents: Sequence[Content], hashes: Sequence[dict[str, str]], there: set[str]
) -> Verdict:
    names = [part.name for part in parts_in(each) if part.name != SETTLED]
    if each.card not in there:
        counts = each in standing.objections or each in standing.said.values()
        return Verdict(each, "retired" if counts else "replaced", {})

    def is_there(part: str) -> bool:
        pairs = zip(contents, hashes, strict=True)
        return any(holds(each, part, content, of.get(each.card, "")) for content, of in pairs if each.card in of)

    if not names and each.read and each.decision == "signed":
        return Verdict(each, "holds", {})  # it settles an objection, and claims nothing
    if each.decision == "objected":
        pairs = zip(contents, hashes, strict=True)
        stands = any(still(each, content, of[each.card]) for content, of in pairs if each.card in of)
        return Verdict(each, "replaced" if each not in standing.objections else "holds" if stands else "changed", {})
    parts = list(dict.fromkeys(part for content in contents for part in divided(content.chapters.get(each.card, {}))))
    counting = standing.counting(parts)
    found = {
        name: "replaced" if not _counts(each, name, counting) else "holds" if is_there(name) else "changed"
        for name in names or [""]
    }
    worst = next((key for key in ("changed", "holds") if key in found.values()), "replaced")
    return Verdict(each, worst, found)


def _counts(each: Signature, name: str, counting: dict[str, Signature]) -> bool:
    return any(said is each for part, said in counting.items() if name in (part, part.partition(".")[0]))
