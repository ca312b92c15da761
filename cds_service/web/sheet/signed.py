"""Which parts of a sheet are signed, by whom, and what of that no longer stands."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cds_service.content.canon import Content
from cds_service.content.signatures import Signature
from cds_service.content.standing import Standing
from cds_service.content.verifying import holds


class Signed(Struct, frozen=True):
    """A part of a sheet: what signed it as it is now, and what signed it as it no longer is, each by another person."""

    part: str
    stands: tuple[Signature, ...]
    gone: tuple[Signature, ...]


class Glance(Struct, frozen=True):
    """Of one card. ``parts``: those that can be signed; ``others``: what was signed of no part of today's sheet, the card as a
    whole among it; ``objections``: those that count."""

    parts: dict[str, Signed]
    others: tuple[Signature, ...]
    objections: tuple[Signature, ...]

    @property
    def signed(self) -> list[str]:
        return [part for part, each in self.parts.items() if each.stands]

    @property
    def changed(self) -> list[str]:
        """Parts that nobody has signed again since they changed."""
        return [part for part, each in self.parts.items() if each.gone and not each.stands]

    @property
    def lacking(self) -> list[str]:
        """Parts that nobody has signed."""
        return [part for part, each in self.parts.items() if not (each.stands or each.gone)]

    @property
    def empty(self) -> bool:
        return not (self.others or self.objections or any(each.stands or each.gone for each in self.parts.values()))


def glance(some: Sequence[Standing], parts: Sequence[str], content: Content, hashed: str) -> Glance:
    """``some``: of each person, or of one; ``hashed``: the hash of the card as it is now."""
    counting = [one.counting(parts) for one in some]
    found = {}
    for part in parts:
        said = [each[part] for each in counting if part in each]
        stands = [each for each in said if holds(each, part, content, hashed)]
        found[part] = Signed(part, tuple(stands), tuple(each for each in said if each not in stands))
    others = dict.fromkeys(each for one in counting for part, each in one.items() if part not in found)
    return Glance(found, tuple(others), tuple(each for one in some for each in one.objections))
