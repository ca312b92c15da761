"""Results without a code that is known, by name, unit and value together: all three must point to one analyte, or nothing is
read. A code of a public system that is in none of the tables is not overruled by a name: it may be of another specimen."""

from __future__ import annotations

from cards.vocabulary import ANALYTES, Site
from cds_service.fhir.reading import elements, units, wire
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.sites import WITH_SITE, site_of
from cds_service.fhir.reading.values import normal, ranges_of, value_of
from cds_service.fhir.terminology.codes import Meaning, Terminology
from cds_service.fhir.terminology.labels import NOTHING, Label, Sense
from cds_service.fhir.terminology.systems import PUBLIC, system_of

_SITED = WITH_SITE | {"qct-vbmd"}


def called(concept: elements.Concept | None, terminology: Terminology) -> Label:
    """What the words of a code say."""
    return NOTHING if concept is None else terminology.recall("label", concept, _called)


def _called(concept: elements.Concept, terminology: Terminology) -> Label:
    codes = {c.code for c in elements.codings(concept) if c.code}
    if any(c.code and c.system and system_of(c.system) in PUBLIC for c in elements.codings(concept)):
        return NOTHING
    said = dict.fromkeys((concept.text, *(c.display for c in elements.codings(concept))))
    names = [each for each in said if each and each not in codes]
    return terminology.labels.read(names or [code for code in codes if code])


def meant(found: wire.Observation, part: wire.Value, facts: Facts) -> list[Meaning]:
    """What a result, or one component of it, measures by its name, unit and value; empty where they do not agree on one."""
    senses = facts.meaning(part.code, called).senses
    if not senses or facts.is_broken(part.code):
        return []
    fits = {m for sense in senses if _fits(part, sense, facts.terminology.units) and (m := _placed(sense, found, part, facts))}
    return list(fits) if len(fits) == 1 else []


def _fits(part: wire.Value, sense: Sense, table: units.Units) -> bool:
    """Whether unit and value, and the laboratory's own range where there is one, are what they must be."""
    analyte = ANALYTES[sense.key]
    value = value_of(part, analyte, table)
    if isinstance(value, str):
        return False
    written = units.plain(value.code or value.unit or "")
    if sense.unit is not None and not (sense.unit.search(written) or sense.unit.search(units.plain(value.unit or ""))):
        return False
    if part.reference_range is not elements.NOTHING and (reference := normal(ranges_of(part.reference_range)[0])) is not None:
        usual = units.bound(reference.high, value, analyte, table)
        if usual is not None:
            return sense.low <= usual <= sense.high
    return sense.low <= value.value <= sense.high


def _placed(sense: Sense, found: wire.Observation, part: wire.Value, facts: Facts) -> Meaning | None:
    """With the site, which a value of bone density must have: named, or given by the site's own table."""
    if sense.key not in _SITED:
        return Meaning(sense.key)
    named = Site.UNNAMED
    for content in (part.code, found.code):  # a component stands under the name of its panel
        if named is Site.UNNAMED:
            named = site_of(Meaning(sense.key), found, facts.concept(content))
    if named is Site.UNNAMED and sense.site and not sense.hedged:
        return Meaning(sense.key, sense.site)
    if named is Site.UNNAMED or (sense.site and named != sense.site):
        return None
    return Meaning(sense.key, named.value)
