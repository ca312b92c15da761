"""What the Royal College of Physicians' database asks otherwise."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from cards.chart.calendar import years_between
from cards.indicators import fls
from cards.indicators.care import Care, Episode, Event, Outcome, Rates
from cards.indicators.states import LATE, NOT_APPLICABLE, NOT_READ, after

ASSESSED, DXA, FALLS, TRAINED, ON_DRUG = 90, 90, 112, 112, 365
TRAINING_AGE = 65
"""Strength and balance training is asked of these ages (RECALL)."""


def assessed(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """As the IOF's, within 90 days."""
    return fls.assessed(episode, care, rates, ASSESSED)


def dxa(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """Of those for whom DXA was ordered, recommended or done."""
    t0 = episode.t0
    asked = [e for key in ("dxa-ordered", "dxa") for e in care.done.get(key, ()) if e.first and (e.latest or e.first) >= t0]
    asked += [Event(a.day, a.day) for a in care.answers if a.said == "accepted" and a.offers("service/dxa") and a.day >= t0]
    if asked:
        return fls.dxa(episode, care, rates, DXA)
    if "dxa-ordered" not in care.not_read:
        return NOT_APPLICABLE
    unread = replace(care, not_read=care.not_read | {"dxa"})  # for whom it was asked is not known
    return fls.dxa(episode, unread, rates, DXA)


def falls(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """Assessed, referred or advised: the one row that a referral meets."""
    referred = [*care.done.get("falls-referred", ())]
    accepted = (a for a in care.answers if a.said == "accepted")
    advised = ("service/referral-falls", "service/assess-fall-risk")
    referred += [Event(a.day, a.day, a.card, "card") for a in accepted if any(map(a.offers, advised))]
    told = fls.refused(care, "falls", "service/assess-fall-risk")
    if "falls-referred" in care.not_read:
        told = replace(told, not_read=told.not_read | {"falls"})
    return after(episode, told, rates, "falls", FALLS, *referred)


def trained(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """Of those without a hip fracture, 65 or older."""
    birth = care.patient.birth
    if episode.site == "hip" or birth is None or years_between(birth, episode.t0) < TRAINING_AGE:
        return NOT_APPLICABLE
    return fls.trained(episode, care, rates)


def started_by_first_contact(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """A drug was begun on or before the first follow-up contact."""
    last = episode.t0 + timedelta(days=fls.FOLLOWED)
    out = fls.not_treated(episode, care, rates, last)
    if out:
        return out
    contact: date | None = fls.first_contact(episode, care)
    found = fls.begun(episode, care, last if contact is None else min(contact, last))
    if contact is not None or found.how == "continued":
        return found
    if care.today <= last:
        return Outcome("pending")
    if found.state == "not-met" and found.reason != LATE:
        return found
    return Outcome("unknown", NOT_READ if "contact" in care.not_read else "no-contact")


def on_drug(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """On treatment on day 365 (the day: RECALL)."""
    return fls.on_drug(episode, care, rates, ON_DRUG)
