"""What has changed of the parts of a card that somebody signed, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from msgspec import Struct

from cds_service.content.canon import Parts, current, parts_of
from cds_service.content.compare import differences
from cds_service.content.covered import covered
from cds_service.content.signatures import Signature
from cds_service.content.standing import language_of
from cds_service.content.verifying import still
from cds_service.store import Store, reviews
from cds_service.web.review.difference import Change, difference
from cds_service.web.sheet.sheet import hashes
from cds_service.web.sheet.signed import Glance


class PartChanged(Struct, frozen=True):
    """``part``: "" for the card as a whole; ``said``: by which it was signed, or objected to; ``text``: of the card then, ""
    where it is not in this database; ``told``: what differs, one sentence each; ``beside``: both states, in words."""

    part: str
    said: Signature
    text: str
    told: tuple[str, ...]
    beside: tuple[tuple[str, list[Change]], ...]


def changed_parts(found: Glance, code: str, store: Store, language: str) -> list[PartChanged]:
    """Of what is signed those parts that are no longer as they were and not signed again; and objections to what was."""
    return [_changed(part, each, code, store, language) for part, each in _lapsed(found, hashes()[code])]


def _lapsed(found: Glance, hashed: str) -> Iterator[tuple[str, Signature]]:
    yield from ((part, found.parts[part].gone[-1]) for part in found.changed)
    yield from (("", each) for each in found.others if each.hash != hashed)
    yield from (("", each) for each in found.objections if not still(each, current(), hashed))


def _changed(part: str, each: Signature, code: str, store: Store, language: str) -> PartChanged:
    text = store.ask(partial(reviews.text_of, hashed=each.hash)) or ""
    if not text:
        return PartChanged(part, each, "", (), ())
    before, after = (_of_part(card, part, code, each) for card in (parts_of(text), current().cards[code]))
    return PartChanged(
        part, each, text, tuple(differences(before, after, language)), tuple(difference(before, after, language))
    )


def _of_part(card: Parts, part: str, code: str, each: Signature) -> Parts:
    return covered(card, part, current().chapters.get(code, {}), language_of(each)) if part else card
