"""What an answer to a worse call must still hold, and what it breaks.

A warning or critical card *stays* where the answer holds as many of its code as before, none milder, alone or inside a merged
card. What is lacking is *said* by a line that was not there before: one of `incomplete-data`, or a caution that tells why
something on record was not used. It is *named* where such a line holds the name of the group, or of something that stands in
it: an analyte, a drug, a fracture. A field of the record that cannot be read must be named; a caution about something else says
nothing of it. Where a group failed no drug is suggested that was not before, comfort care included: without encounters or care
plans what would be silent in hospice names no drug. (A server that has no such type, 404, fails nothing: unit tests of
``goals``.) No law depends on other words than those names, which come from the phrase tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from cards.definitions.person import BIRTH, SEX
from cards.vocabulary import ANALYTES, COURSES, DRUGS, FRACTURE_SITES, Analyte, Data, Drug, Name
from cards.words.phrases import PHRASES, name
from tests.silence.answers import ESSENTIAL
from tests.silence.asking import Answered
from tests.silence.json_path import Json
from tests.silence.mutation import Law, Mutation

CONTAINS = "org.osteoporosis-cds.contains"
INCOMPLETE = "incomplete-data"
_WHO = ("Patient.resourceType", "Patient.id")
"""Where nobody can tell whose record it is, a call is refused, and that says it."""
_LINES = ("unread", "doubted", "withheld", "withheld-goals")
"""Phrases that say what could not be had or read."""
_ONLY_TOLD = {Data.REPORTS}
"""Without reports drugs are offered, none recommended that was not before: what only the words of a report tell (a monoclonal
protein) would else keep every drug from the patients of a server that has no reports. `incomplete-data` says so."""
_RANK = {"info": 0, "warning": 1, "critical": 2}


class Breach(NamedTuple):
    """A law that an answer breaks. ``what``: lost, milder, empty (lost, with nothing left at all), unsaid, drug, star, refused,
    error. ``code``: the card or drug it is about; ``indicator``: of the card that was lost."""

    what: str
    code: str
    indicator: str
    sentence: str


def breaches(mutation: Mutation, sound: Answered, worse: Answered, *, hook: str) -> Iterator[Breach]:
    """Every law that the answer to the worse call breaks, held against the answer to the sound one."""
    if worse.error:
        yield Breach("error", "", "", f"ends in {worse.error}")
    elif worse.refused:
        if not (mutation.groups & ESSENTIAL and (mutation.law is Law.GROUP or mutation.kind in _WHO)):
            yield Breach("refused", "", "", f"is refused with {worse.refused}")
    else:
        yield from _cards(mutation, sound, worse, hook)
        if mutation.law is Law.GROUP or not _said(mutation, sound, worse):
            yield from _suggestions(mutation, sound, worse)


def _cards(mutation: Mutation, sound: Answered, worse: Answered, hook: str) -> Iterator[Breach]:
    if mutation.law is Law.SAID and not _said(mutation, sound, worse):
        yield Breach("unsaid", "", "", "nothing says that this order was not checked")
        return
    if mutation.law is not Law.SAME and _said(mutation, sound, worse):
        return
    for code, indicator, still in _missed(sound.cards, worse.cards):
        if still:
            yield Breach("milder", code, indicator, f"{code} is {still}, was {indicator}, and nothing says why")
        elif not worse.cards and hook == "order-sign":
            yield Breach("empty", code, indicator, f'{indicator} {code} is gone: {{"cards": []}}')
        else:
            yield Breach("lost", code, indicator, f"{indicator} {code} is gone, and nothing says why")


def _missed(sound: Iterable[Json], worse: Iterable[Json]) -> Iterator[tuple[str, str, str]]:
    """Code and indicator of each warning and critical card that did not stay; and how it is shown now, "" where it is not."""
    left = Counter(_shown(worse))
    merged = {code for card in sound for code, own in _carried(card) if (own, card["indicator"]) in left}
    for code, indicator in sorted(_shown(sound), key=lambda each: -_RANK[each[1]]):
        if indicator == "info":
            continue
        fitting = [some for some in left if some[0] == code and left[some]]
        enough = [some for some in fitting if _RANK[some[1]] >= _RANK[indicator]]
        if enough:
            left[min(enough, key=lambda some: _RANK[some[1]])] -= 1
        elif fitting and code in merged:
            left[fitting[0]] -= 1  # it had the urgency of the card that took it in, which is still said
        elif fitting:
            milder = max(fitting, key=lambda some: _RANK[some[1]])
            left[milder] -= 1
            yield code, indicator, milder[1]
        else:
            yield code, indicator, ""


def _carried(card: Json) -> Iterator[tuple[str, str]]:
    """Each code that a merged card contains, and the card's own."""
    own = card["source"]["topic"]["code"]
    yield from ((code, own) for code, _ in _shown([card]) if code != own)


def _shown(cards: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """Code and indicator of each card, and of those that a merged one contains."""
    for card in cards:
        own = card["source"]["topic"]["code"]
        contained = card.get("extension", {}).get(CONTAINS, ())
        codes = {own, *(each["code"] if isinstance(each, dict) else each for each in contained)}
        yield from ((code, card["indicator"]) for code in sorted(codes))


def _said(mutation: Mutation, sound: Answered, worse: Answered) -> bool:
    """Whether the answer says what is lacking, as its law asks."""
    before = {line for card in sound.cards for line in _lines(card)}
    new = [(card, line) for card in worse.cards for line in _lines(card) if line not in before]
    of_incomplete = [line for card, line in new if INCOMPLETE in dict(_shown([card]))]
    if mutation.law is Law.SAID:  # one that nobody could check before either is said in the same words
        return bool(of_incomplete) or all(INCOMPLETE in dict(_shown(answer.cards)) for answer in (sound, worse))
    if mutation.law is Law.GROUP:
        there = INCOMPLETE in dict(_shown(worse.cards))
        return there and any(_names(line, mutation.groups) for _, line in new)
    told = [*of_incomplete, *(line for _, line in new if _reasons().search(line.casefold()))]
    return any(mutation.law is Law.DRAFT or _names(line, mutation.groups, inside=True) for line in told)


def _lines(card: Json) -> Iterator[str]:
    yield card["summary"]
    yield from filter(None, card["detail"].splitlines())


def _names(line: str, groups: Iterable[Data], *, inside: bool = False) -> bool:
    """Whether a line names one of the groups or (``inside``) something that stands in one."""
    said = line.casefold()
    return any(
        PHRASES["unread"][group]["en"].casefold() in said or (inside and any(name in said for name in _inside(group)))
        for group in groups
    )


@cache
def _inside(group: Data) -> frozenset[str]:
    """The names of what stands in a group of data, as cards write them."""
    things: list[Analyte | Drug | Name] = [analyte for analyte in ANALYTES.values() if analyte.group is group]
    things += DRUGS.values() if group in (*COURSES, Data.ALLERGIES) else ()
    things += FRACTURE_SITES.values() if group is Data.CONDITIONS else ()
    things += (BIRTH, SEX) if group is Data.PATIENT else ()
    words = [name(thing, "en") for thing in things]
    words += [PHRASES["set-aside"]["age-unknown"]["en"]] if group is Data.PATIENT else []
    return frozenset(word.casefold() for word in words)


@cache
def _reasons() -> re.Pattern[str]:
    """That something on record was not used or could not be had, in any of the words for it."""
    whys = [*PHRASES["set-aside"].values(), *(PHRASES["line"][key] for key in _LINES)]
    literal = (max(re.split(r"\{\w+\}", why["en"].casefold()), key=len) for why in whys)
    return re.compile("|".join((*map(re.escape, literal), "could not be read", "not read:", "not readable")))


def _suggestions(mutation: Mutation, sound: Answered, worse: Answered) -> Iterator[Breach]:
    """No drug that was not offered before; and, where a group was not answered, none that is recommended instead."""
    offered = {drug for drug, _ in _drugs(sound.cards)}
    starred = {drug for drug, star in _drugs(sound.cards) if star}
    if mutation.law is Law.GROUP and mutation.groups == _ONLY_TOLD:
        offered |= {drug for drug, star in _drugs(worse.cards) if not star}
    for drug in sorted({drug for drug, _ in _drugs(worse.cards)} - offered):
        yield Breach("drug", drug, "", f"{drug} is suggested, and was not before")
    if mutation.law is Law.GROUP:
        for drug in sorted({drug for drug, star in _drugs(worse.cards) if star and drug in offered} - starred):
            yield Breach("star", drug, "", f"{drug} is recommended, and was not before")


def _drugs(cards: Iterable[Json]) -> Iterator[tuple[str, bool]]:
    """The drugs that cards propose to order, each with whether it is the recommended one."""
    for card in cards:
        for suggestion in card.get("suggestions", ()):
            for action in suggestion.get("actions", ()):
                if action["type"] == "create" and action["resource"]["resourceType"] == "MedicationRequest":
                    concept = action["resource"]["medicationCodeableConcept"]
                    name = next((c["display"] for c in concept.get("coding", ()) if c.get("display")), concept["text"])
                    yield name.partition(",")[0], bool(suggestion.get("isRecommended"))  # in whatever strength
