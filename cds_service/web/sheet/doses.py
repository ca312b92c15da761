"""The doses that a card orders, as rows of its sheet: drug, dose, route, interval, how certain it is, whence."""

from __future__ import annotations

from msgspec import Struct

from cards.vocabulary import DRUGS, Mechanism
from cards.vocabulary.regimens import REGIMENS, Regimen
from cards.words.phrases import unit
from cds_service.content.doses import ordered
from cds_service.content.tree import here
from cds_service.web.sheet.rule_words import figure
from cds_service.web.words import say


class Dose(Struct, frozen=True):
    """One row, in one language."""

    key: str
    drug: str
    dose: str
    route: str
    interval: str
    regimen: Regimen


def doses(code: str, language: str) -> list[Dose]:
    """Those that the card was seen to order in any of its cases; those of one drug by one route stand together."""
    told = [_dose(key, REGIMENS[key], language) for key in ordered(here(), code)]
    first = {row: place for place, row in reversed([*enumerate((each.drug, each.route) for each in told)])}
    return sorted(told, key=lambda each: first[each.drug, each.route])


def _dose(key: str, each: Regimen, language: str) -> Dose:
    drug = DRUGS[each.drug or key]
    name = say("sheet.elemental", language) if drug.mechanism is Mechanism.CALCIUM else drug.name[language]
    route = say(f"route.{each.route}", language)
    return Dose(key, name, f"{figure(each.dose, language)} {unit(each.unit, language)}", route, _interval(each, language), each)


def _interval(each: Regimen, language: str) -> str:
    """How often, and for how long where it ends.

    >>> _interval(REGIMENS["denosumab"], "en"), _interval(REGIMENS["cholecalciferol-weekly-6"], "zh")
    ('every 6 months', '每周1次，共6周')
    """
    count, period = each.every
    if each.once:
        return say("interval.once", language)
    key = f"interval.{period}" if count == 1 else f"interval.many-{period}"
    told = say(key, language, count=count, times=say(f"interval.times-{each.times}", language))
    return say("interval.for", language, told=told, weeks=each.weeks) if each.weeks else told
