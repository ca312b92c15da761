"""Which parts of a sheet can be signed, and what of them is, held against the content as it is."""

from __future__ import annotations

from collections.abc import Sequence

from cards.engine.catalog import all_cards
from cds_service.content.canon import current
from cds_service.content.covered import divided
from cds_service.content.standing import Standing
from cds_service.web.sheet.reading_time import minutes
from cds_service.web.sheet.sheet import hashes
from cds_service.web.sheet.signed import Glance, glance


def offered(code: str, language: str) -> list[str]:
    """The parts that can be ticked: those in which there is something, and the sources, which are not on the sheet."""
    times = minutes(code, language)
    return [part for part in divided(all_cards()[code].chapters_by_key) if part == "sources" or times[part]]


def signed_now(code: str, some: Sequence[Standing], language: str) -> Glance:
    """``some``: what each person has said of the card, or one of them."""
    return glance(some, offered(code, language), current(), hashes()[code])
