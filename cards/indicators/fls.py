"""The patient-level indicators of the IOF (Javaid 2020), a function each: episode, care, choices of the site -> state."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from cards.indicators.care import Answer, Care, Episode, Event, Outcome, Rates
from cards.indicators.states import (
    NOT_APPLICABLE,
    NOT_CONFIRMED,
    NOT_READ,
    NOTHING,
    UNDATED,
    after,
    denied,
    excluded,
    within,
)

ASSESSED, DXA, FALLS, RECOMMENDED, FOLLOWED, STARTED, TRAINED, ON_DRUG = 84, 84, 112, 112, 112, 112, 112, 364
"""Days: within 12, 16 and 52 weeks. Falls and recommendation have no limit in the source: 112 (OWN)."""
DECLINED, CONTRAINDICATED = "patient-refuses", "patient-contraindication"
"""Reasons of an override that tell why something did not happen."""
_WHY = {DECLINED: "declined", CONTRAINDICATED: "contraindicated"}
_STRENGTH = ("given", "dispensed", "stated", "ordered")
"""What dates a start, the strongest first."""


def assessed(episode: Episode, care: Care, rates: Rates, days: int = ASSESSED) -> Outcome:
    """The risk of fracture was assessed: seen by the clinic, FRAX, or a card of ours that somebody answered."""
    return after(episode, care, rates, "assessment", days, *_answered(care))


def _answered(care: Care) -> list[Event]:
    """Cards of ours that somebody accepted, or overrode with a reason. One that was only shown is none."""
    answered = (a for a in care.answers if a.said == "accepted" or (a.said == "overridden" and a.reason))
    return [Event(a.day, a.day, a.card, "card") for a in answered]


def dxa(episode: Episode, care: Care, rates: Rates, days: int = DXA) -> Outcome:
    """Bone density was measured by DXA. QCT counts where the site says so, and is shown apart."""
    found = after(episode, refused(care, "dxa", "service/dxa"), rates, "dxa", days)
    if rates.qct_counts and found.state in ("pending", "not-met", "unknown"):
        by_qct = after(episode, care, rates, "qct", days)
        return by_qct if by_qct.state == "met" else found
    return found


def falls_assessed(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """The risk of falling was assessed, whatever it was."""
    return after(episode, refused(care, "falls", "service/assess-fall-risk"), rates, "falls", FALLS)


def recommended(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """An anti-osteoporosis drug was recommended: ordered, proposed, taken at the fracture, or offered by a card of ours."""
    t0, last = episode.t0, episode.t0 + timedelta(days=RECOMMENDED)
    out = excluded(care, rates, t0, last, death=False)
    if out:
        return out
    ordered = within(care, "recommended", t0, last)
    if ordered.state == "met":
        return ordered
    if (taken := care.treated(t0)).on:
        return Outcome("met", how="continued", day=t0, source=next(iter(taken.sources), ""))
    cards = [told for a in care.answers if a.offers("drug/") and (told := _counted(a, rates))]
    refused = [Event(a.day, a.day, a.card, _WHY[a.reason]) for a in _overridden(care, "drug/") if a.reason == CONTRAINDICATED]
    known = replace(care, denied={**care.denied, "recommended": (*care.denied.get("recommended", ()), *refused)})
    return within(known, "recommended", t0, last, *cards)


def _counted(answer: Answer, rates: Rates) -> Event | None:
    """A card with a drug option as a recommendation, as far as the site lets cards count."""
    if rates.card_counts == "never" or (answer.said == "overridden" and answer.reason == CONTRAINDICATED):
        return None
    if answer.said == "overridden" and answer.reason == DECLINED:
        return Event(answer.day, answer.day, answer.card, "offered-declined")
    if answer.said == "accepted" or rates.card_counts == "shown":
        return Event(answer.day, answer.day, answer.card, "card")
    return None


def followed_up(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """A contact on a later day than the assessment; without one, than the fracture; not the stay itself."""
    last = episode.t0 + timedelta(days=FOLLOWED)
    return excluded(care, rates, episode.t0, last, death=True) or within(
        _contacts(episode, care), "contact", episode.t0 + timedelta(days=1), last
    )


def _contacts(episode: Episode, care: Care) -> Care:
    """With the contacts that can be a follow-up alone. Where the day of assessment is not known, a contact after its first
    possible day is not known to follow it: it straddles."""
    assessments = (*care.done.get("assessment", ()), *_answered(care))
    seen = [e for e in assessments if e.first and (e.latest or e.first) >= episode.t0]
    first = min(seen, key=lambda e: e.latest or e.first or date.max, default=None)
    begin = max((first.latest or first.first or episode.t0) if first else episode.t0, episode.stay_until or episode.t0)
    found = tuple(e for e in care.done.get("contact", ()) if e.first is None or (e.latest or e.first) > begin)
    found = tuple(replace(e, first=episode.t0) if e.first and e.first <= begin else e for e in found)
    return replace(care, done={**care.done, "contact": found})


def first_contact(episode: Episode, care: Care) -> date | None:
    """The day of the first follow-up contact, however late."""
    found = _contacts(episode, care).done["contact"]
    return min((e.latest or e.first for e in found if e.first and e.first > episode.t0), default=None)


def started(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """A drug was started, of those to whom one was recommended."""
    last = episode.t0 + timedelta(days=STARTED)
    return not_treated(episode, care, rates, last) or begun(episode, care, last)


def not_treated(episode: Episode, care: Care, rates: Rates, last: date) -> Outcome | None:
    """Whether the episode is none of those to whom a drug was recommended, or is excluded. Where orders could not be read, it
    is not known who they are: to count those alone of whom something else tells would raise the rate."""
    told = recommended(episode, care, rates)
    unread = told.state == "unknown" and told.reason == NOT_READ
    if told.state != "met" and not unread:
        return NOT_APPLICABLE
    out = excluded(care, rates, episode.t0, last, death=True)
    if out or not unread:
        return out
    return Outcome("pending") if care.today <= last else Outcome("unknown", NOT_READ)


def begun(episode: Episode, care: Care, last: date) -> Outcome:
    """Whether a drug was started by a day, or went on from before the fracture: what is ordered on its day is a start. Of each
    drug the strongest kind on record dates the start: given, dispensed, stated, ordered."""
    taken = care.treated(episode.t0)
    if taken.on and not taken.stopped and care.treated(episode.t0 - timedelta(days=1)).on:
        return Outcome("met", how="continued", day=episode.t0, source=next(iter(taken.sources), ""))
    since = [e for e in care.done.get("started", ()) if e.first is None or (e.latest or e.first) >= episode.t0]
    strongest: dict[str, int] = {}
    for each in since:
        place = _STRENGTH.index(each.how)
        strongest[each.drug] = min(place, strongest.get(each.drug, place))
    dated = tuple(e for e in since if _STRENGTH.index(e.how) == strongest[e.drug])
    told = refused(replace(care, done={**care.done, "started": dated}), "started", "drug/")
    return within(told, "started", episode.t0, last)


def trained(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """Training of strength and balance was begun, not advised."""
    return after(episode, refused(care, "training", "service/exercise"), rates, "training", TRAINED, death=True)


def on_drug(episode: Episode, care: Care, rates: Rates, days: int = ON_DRUG) -> Outcome:
    """On treatment on that day with any drug that counts, of those to whom one was recommended."""
    day = episode.t0 + timedelta(days=days)
    out = not_treated(episode, care, rates, day)
    if out:
        return out
    if care.today < day:
        return Outcome("pending")
    return _stands(episode, care, day)


def _stands(episode: Episode, care: Care, day: date) -> Outcome:
    stands = care.treated(day)
    source = next(iter(stands.sources), "")
    if stands.on and not stands.unconfirmed:
        return Outcome("met", day=day, source=source)
    if care.today <= day:
        return Outcome("pending")
    if "started" in care.not_read:
        return Outcome("unknown", NOT_READ)
    if stands.unconfirmed:
        return Outcome("unknown", NOT_CONFIRMED, source=source)
    if stands.undated:
        return Outcome("unknown", UNDATED, source=source)
    if not stands.ever:
        said = denied(refused(care, "started", "drug/").denied.get("started", ()), episode.t0, day)
        return Outcome("not-met", said.how, day=said.first, source=said.source) if said else Outcome("unknown", NOTHING)
    return Outcome("not-met", "stopped" if stands.stopped else "lapsed", source=source)


def _overridden(care: Care, kind: str) -> list[Answer]:
    return [a for a in care.answers if a.said == "overridden" and a.reason in _WHY and a.offers(kind)]


def refused(care: Care, key: str, kind: str) -> Care:
    """With what clinicians answered to our cards: declined by the patient, or contraindicated."""
    told = tuple(Event(a.day, a.day, a.card, _WHY[a.reason]) for a in _overridden(care, kind))
    return replace(care, denied={**care.denied, key: (*care.denied.get(key, ()), *told)}) if told else care
