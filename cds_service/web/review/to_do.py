"""The start page of the desk: every card where it belongs, with what is signed of it, what changed, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from cards.engine.catalog import all_cards, sections
from cds_service.content.signatures import Signature
from cds_service.content.standing import Standing
from cds_service.store import Store
from cds_service.web.review.changed import PartChanged, changed_parts
from cds_service.web.sheet.reading_time import minutes
from cds_service.web.sheet.signable import signed_now
from cds_service.web.sheet.signed import Glance


class Entry(Struct, frozen=True):
    """A card on the start page. ``said``: the reader's last word, or anybody's where no name is known; ``parts``: which of its
    parts are signed; ``changed``: those that changed since; ``left``: minutes of what is not signed."""

    code: str
    minutes: int
    said: Signature | None = None
    parts: Glance | None = None
    changed: tuple[PartChanged, ...] = ()
    left: int = 0


def grouped(known: Mapping[str, Sequence[Standing]], store: Store, language: str) -> dict[str, list[Entry]]:
    """The cards by what is to be done: changed, objected, begun, unsigned, done. ``known``: by card what the reader said."""
    groups: dict[str, list[Entry]] = {"changed": [], "objected": [], "begun": [], "unsigned": [], "done": []}
    for code in sorted(all_cards(), key=lambda code: (list(sections()).index(all_cards()[code].section), code)):
        key, entry = _entry(code, known.get(code, ()), store, language)
        groups[key].append(entry)
    return groups


def _entry(code: str, some: Sequence[Standing], store: Store, language: str) -> tuple[str, Entry]:
    """Where a card belongs, and what is told of it."""
    times = minutes(code, language)
    if not some:
        return "unsigned", Entry(code, times.opens)
    found = signed_now(code, some, language)
    changed = tuple(changed_parts(found, code, store, language))
    left = sum(times[part] for part in found.lacking if part != "sources")
    entry = Entry(code, times.opens, max((each.last for each in some), key=lambda last: last.at), found, changed, left)
    if changed:
        return "changed", entry
    return "objected" if found.objections else "begun" if found.lacking else "done", entry
