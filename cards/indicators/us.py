"""Public measures of the United States, in our words, from their public descriptions: no certified measure."""

from __future__ import annotations

from datetime import date, timedelta

from cards.chart import Patient
from cards.chart.calendar import add_months, years_between
from cards.indicators.care import Care, Episode, Event, Outcome, Rates
from cards.indicators.states import NOT_APPLICABLE, excluded, within

MANAGED, TESTED_BEFORE, TREATED_BEFORE, NONE_BEFORE = 180, 730, 365, 60
"""Days: the window; an earlier test; earlier treatment; no fracture before (the last: RECALL)."""
MANAGED_AGES, ALL_AGES, SCREENED_AGES = (67, 85), (50, 85), (65, 75)
SCREENED_FROM = 65


def managed(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """A woman of 67 to 85 with a fracture was tested or treated within 180 days."""
    t0, year = episode.t0, episode.t0.year + (episode.t0.month >= 7)
    begun = timedelta(days=NONE_BEFORE)
    alone = episode.since is None or episode.since < t0 - begun
    if not (_woman(care.patient, date(year, 12, 31), MANAGED_AGES) and alone):
        return NOT_APPLICABLE
    since = t0 - timedelta(days=TESTED_BEFORE)
    if tested := _happened(care.done.get("bone-density", ()), since, t0 - timedelta(days=1)):
        return Outcome("excluded", "tested-before", day=tested.first, source=tested.source)
    if (before := _treated(care, t0 - timedelta(days=TREATED_BEFORE), t0 - timedelta(days=1))) is not None:
        return before
    last = date(year, 12, 31)
    return _out(care, rates, t0, last, death=True) or _managed(episode, care)


def managed_all(episode: Episode, care: Care, rates: Rates) -> Outcome:
    """A woman of 50 to 85: the variant in which treatment at the fracture meets it."""
    if not _woman(care.patient, episode.t0, ALL_AGES):
        return NOT_APPLICABLE
    last = (episode.stay_until or episode.t0) + timedelta(days=MANAGED)
    if out := _out(care, rates, episode.t0, last, death=False):
        return out
    taken = care.treated(episode.t0)
    if taken.on:
        return Outcome("met", how="continued", day=episode.t0, source=next(iter(taken.sources), ""))
    return _managed(episode, care)


def _managed(episode: Episode, care: Care) -> Outcome:
    """From discharge where there was a stay; what was done in the stay counts."""
    given = [e for e in care.done.get("started", ()) if e.how in ("given", "dispensed")]
    last = (episode.stay_until or episode.t0) + timedelta(days=MANAGED)
    found = within(care, "bone-density", episode.t0, last, *given)
    if found.state == "not-met" and "started" in care.not_read:
        return Outcome("unknown", "not-read")
    return found


def screened(year: int, care: Care, rates: Rates) -> Outcome:
    """A woman of 65 to 75 at the end of the year had a test of bone density since her 65th birthday."""
    birth, last = care.patient.birth, date(year, 12, 31)
    if birth is None or not asked(care.patient, year):
        return NOT_APPLICABLE
    begin = add_months(birth, SCREENED_FROM * 12)
    if (before := _treated(care, date.min, last)) is not None:
        return before
    # on its last day the dead are of no age, whatever the profile
    return _out(care, rates, begin, last, death=True) or within(care, "bone-density", begin, last)


def _out(care: Care, rates: Rates, begin: date, last: date, *, death: bool) -> Outcome | None:
    """Hospice and palliative care exclude in either profile."""
    if care.comfort(min(care.today, last)):
        return Outcome("excluded", "comfort-care")
    return excluded(care, rates, begin, last, death=death)


def asked(patient: Patient, year: int) -> bool:
    """Whether screening is asked of this person in that year."""
    return _woman(patient, date(year, 12, 31), SCREENED_AGES)


def _woman(patient: Patient, day: date, ages: tuple[int, int]) -> bool:
    birth = patient.birth
    return patient.female and birth is not None and ages[0] <= years_between(birth, day) <= ages[1]


def _treated(care: Care, begin: date, last: date) -> Outcome | None:
    """Excluded for a drug on record in that time, or active on its first day."""
    found = _happened(care.done.get("started", ()), begin, last)
    if found is None and begin > date.min and care.treated(begin).covered:
        return Outcome("excluded", "treated-before", day=begin)
    return Outcome("excluded", "treated-before", day=found.first, source=found.source) if found else None


def _happened(events: tuple[Event, ...], begin: date, last: date) -> Event | None:
    """The first that may have been in that time: an exclusion needs no certainty."""
    some = (e for e in events if e.first and e.first <= last and (e.latest or e.first) >= begin)
    return min(some, key=lambda e: (e.first or last, e.source), default=None)
