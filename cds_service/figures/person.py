"""One patient's episodes, and the state of each indicator. A pure function, called once a patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta, tzinfo

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart
from cards.indicators import EPISODE, INDICATORS, WIDE, YEARLY, Answer, Care, Episode, Outcome, Rates, judged, us
from cards.indicators.episodes import Broken, episodes, undated
from cds_service.fhir.terminology.codes import Terminology
from cds_service.figures import visits
from cds_service.figures.care import broken, care_of
from cds_service.figures.raw import Raw, part

MANAGED = "us-fracture-managed-180d"


class Told(Struct, frozen=True):
    """One episode (or, of a yearly indicator, one year, by its first day) with the states of its indicators by id. ``place``:
    the organization, "" where none is recorded. ``sources``: the fractures."""

    t0: date
    site: str
    place: str = ""
    presumed: bool = False
    again: tuple[date, ...] = ()
    sources: tuple[str, ...] = ()
    outcomes: dict[str, Outcome] = {}


class Figures(Struct, frozen=True):
    """``episodes``: of the fractures that count; ``others``: of the measures that count fractures otherwise, or years;
    ``undated``: fractures that stand in no rate."""

    episodes: tuple[Told, ...] = ()
    others: tuple[Told, ...] = ()
    undated: tuple[str, ...] = ()


def figures(
    chart: Chart,
    entries: Sequence[bytes],
    terminology: Terminology,
    rates: Rates,
    zone: tzinfo,
    absent: Iterable[str] = (),
    answers: tuple[Answer, ...] = (),
) -> Figures | None:
    """None for a patient of whom nothing is asked."""
    screened = any(us.asked(chart.patient, year) for year in _years(chart.today))
    if not (chart.broken or chart.fractures or screened):
        return None
    raw = Raw(entries, zone, chart.today)
    counted, wide = [*broken(chart, raw, wide=rates.site_set == "wide")], [*broken(chart, raw, wide=True)]
    birth = chart.patient.birth
    some, any_site = episodes(counted, birth), episodes(wide, birth)
    since = min((each.t0 for each in (*some, *any_site)), default=None)
    care = care_of(chart, raw, terminology, rates, absent=absent, answers=answers, since=since)
    told = tuple(_told(each, EPISODE, care, rates, raw) for each in some)
    others = (*_of_any_site(any_site, care, rates, raw), *_of_years(care, rates, raw))
    unknown = tuple(each.source for each in undated(_of_age(counted, birth)))
    return Figures(told, tuple(each for each in others if each.outcomes), unknown) if told or others or unknown else None


def _told(episode: Episode, keys: Iterable[str], care: Care, rates: Rates, raw: Raw) -> Told:
    place, until = visits.stay(raw, episode.sources, episode.t0)
    episode = replace(episode, stay_until=until)
    outcomes = {key: judged(key, episode, care, rates) for key in keys}
    asked = {key: found for key, found in outcomes.items() if found.state != "not-applicable"}
    return Told(episode.t0, episode.site, place or _home(raw), episode.presumed, episode.again, episode.sources, asked)


def _of_any_site(some: Iterable[Episode], care: Care, rates: Rates, raw: Raw) -> Iterable[Told]:
    """Of the measure by year only the first fracture counts."""
    years = set()
    for episode in some:
        told = _told(episode, WIDE, care, rates, raw)
        year = episode.t0.year + (episode.t0.month >= 7)
        if MANAGED in told.outcomes and year in years:
            told = replace(told, outcomes={key: each for key, each in told.outcomes.items() if key != MANAGED})
        elif MANAGED in told.outcomes:
            years.add(year)
        yield told


def _of_years(care: Care, rates: Rates, raw: Raw) -> Iterable[Told]:
    for year in _years(care.today):
        outcomes = {key: judged(key, year, care, rates) for key in YEARLY}
        asked = {key: found for key, found in outcomes.items() if found.state != "not-applicable"}
        yield Told(date(year, 1, 1), "", _home(raw), outcomes=asked)


def _years(today: date) -> tuple[int, int]:
    """The last year and this one."""
    return today.year - 1, today.year


def _home(raw: Raw) -> str:
    return next((visits.place(part(told, "managingOrganization")) for _, told in raw.of("Patient")), "")


def _of_age(some: Iterable[Broken], birth: date | None) -> Iterable[Broken]:
    return some if birth is not None else ()


def closes(key: str, t0: date) -> date:
    """The last day of an indicator's window."""
    if key in YEARLY:
        return date(t0.year, 12, 31)
    return t0 + timedelta(days=INDICATORS[key].days)
