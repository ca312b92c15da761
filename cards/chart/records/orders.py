"""What is being ordered, and which tests, images and referrals were ordered or done."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart.records.dated import Dated
from cards.chart.records.drugs import Dosing
from cards.vocabulary import Drug

OTHER_REASON = "other"
"""In ``Draft.reasons``: a reason is stated, but it is not a problem that the rules know."""


class Service(Dated, frozen=True, gc=False):
    """A test, imaging study, procedure or referral. Ordered: a request that is active, on hold or in draft, but not a proposal
    or plan. Done: a procedure completed, a report final, images available, with a date that is not in the future.

    ``draft``: nobody has signed the request. ``unread``: it was done, and what came of it could not be read. ``tells``: whether
    its report tells of what it excludes, a tumor of bone (bone scan: any focus) or a monoclonal protein; None where it does not
    say, or not surely.
    """

    key: str
    done: bool
    source: str = ""
    when: date | None = None
    latest: date | None = None
    unread: bool = False
    tells: bool | None = None
    draft: bool = False


class Draft(Struct, frozen=True):
    """An order that is being written. ``id`` is its relative reference; ``drug`` is None and ``service`` "" if it is not one
    the rules know. A product with several drugs becomes one draft per drug, all with the same id; ``product`` names them all.

    ``unidentified``: what was ordered could not be determined (a dangling reference), which is different from "not known to the
    rules". ``start`` is a stated start date. ``strength_mg`` is the single dose if it could be read. ``proposed`` marks one of
    the service's own options while it is tested against the safety rules. ``other_patient``: it names another or an unknown
    patient and was not judged. ``repeated``: another draft has the same id but different content. ``addressable``: it has an id
    by which the EHR can find it; without one, no action can delete or update it.
    """

    id: str
    drug: Drug | None = None
    service: str = ""
    text: str = ""
    start: date | None = None
    strength_mg: float | None = None
    unidentified: bool = False
    proposed: bool = False
    reasons: frozenset[str] = frozenset()
    dosing: Dosing | None = None
    other_patient: bool = False
    repeated: bool = False
    addressable: bool = True
    product: tuple[Drug, ...] = ()
