"""Observation -> Measurement: value, unit, date, site, or the reason why a value cannot be used."""

from __future__ import annotations

import re
from datetime import date, datetime

from cards.chart import Measurement
from cards.concepts import ANALYTES, Site
from cds_service.fhir import units, wire
from cds_service.fhir.answers import answer
from cds_service.fhir.dates import LONG_AGO, moment
from cds_service.fhir.facts import Facts
from cds_service.fhir.names import denied, fold
from cds_service.fhir.record import Given
from cds_service.fhir.terminology.codes import SMOKING, Meaning, Terminology, group_of
from cds_service.fhir.wire import wording

_USABLE = frozenset({"final", "amended", "corrected"})
_WITH_SITE = frozenset({"t-score", "z-score", "bmd"})
_REGION_OPEN = frozenset({Site.FEMUR, Site.FOREARM})
_SHORT_BARTHEL = 20
_FEMORAL_NECK_CODE = "29627003"

_NECK = re.compile(r"(?a)femoral neck|neck of (the )?femur|\bneck\b|股骨颈")
_TOTAL = re.compile(r"(?a)\btotal\b|全髋|髋部总|总髋|全部髋")
_PART_OF_HIP = re.compile(r"trochant|ward|intertro|粗隆|转子|沃德")
_THIRD = re.compile(r"(?a)\b1/3|\bone[- ]third|\b33 ?%|\bdistal third|三分之一|33％")
_FOREARM = re.compile(r"radius|radial|ulna|forearm|wrist|桡骨|尺骨|前臂|腕")
_LUMBAR = re.compile(r"(?a)lumbar|\bspine\b|\bl[1-4] ?[-–~至到] ?l?[2-4]\b|腰椎|脊柱")
_HIP = re.compile(r"(?a)\bhip\b|髋")
_FEMUR = re.compile(r"femur|femoral|股骨")
_HEEL = re.compile(r"(?a)heel|calcane|ultraso|\bqus\b|跟骨|超声")


def observation(given: Given, facts: Facts) -> None:
    """Read one Observation, with its components, into ``facts.measured`` (and ``facts.smoking``)."""
    meanings = meanings_of(given.peek, facts.terminology) if given.peek else []
    if not meanings:
        facts.not_ours(given)
        return
    found = wire.OBSERVATION.decode(given.raw)
    key = meanings[0].key
    if not facts.is_ours(given, wire.refer(found.subject), data=group_of(key), key=key):
        return
    if not found.component:
        _value(given, facts, found, found, meanings)
        return
    parts: list[tuple[wire.Value, list[Meaning]]] = [
        (part, m) for part in found.component if (m := facts.terminology.observation(part.code))
    ]
    own = facts.terminology.observation(found.code)
    if own and (_has_value(found) or not parts):
        parts.insert(0, (found, own))
    for part, means in parts:
        _value(given, facts, found, part, means)


def _has_value(part: wire.Value) -> bool:
    return any((part.value_quantity, part.value_string, part.value_codeable_concept)) or part.value_integer is not None


def meanings_of(peek: wire.Peek, terminology: Terminology) -> list[Meaning]:
    """What an Observation or its components measure; empty when it is none of ours."""
    found = terminology.observation(peek.code)
    if not found and peek.component:
        return [m for part in peek.component for m in terminology.observation(part.code)]
    return found


def _value(given: Given, facts: Facts, found: wire.Observation, part: wire.Value, meanings: list[Meaning]) -> None:
    meaning = meanings[0]
    key, data = meaning.key, group_of(meaning.key)
    times = _times(found, facts)
    clinical = times[0] if times[0] != LONG_AGO else times[1]
    when = clinical.date() if clinical != LONG_AGO else None
    reason, detail = "", ""
    if found.status not in _USABLE:
        reason, detail = "status", found.status or ""
    elif when is None:
        reason = "no-date"
    elif when > facts.today:
        reason = "future"
    if len(meanings) > 1 and any(other.key != key for other in meanings):
        facts.put_aside(given, "codings-disagree", data=data, key=key, when=when)
    if reason or when is None:
        facts.put_aside(given, reason, data=data, key=key, when=when, detail=detail)
    elif key == SMOKING:
        _smoking(given, facts, part, when, times)
    else:
        _measurement(given, facts, found, part, meaning, when, times)


def _measurement(
    given: Given,
    facts: Facts,
    found: wire.Observation,
    part: wire.Value,
    meaning: Meaning,
    when: date,
    times: tuple[datetime, ...],
) -> None:
    analyte, table = ANALYTES[meaning.key], facts.terminology.units
    if part.value_quantity is not None:
        value = units.quantity(part.value_quantity, analyte, table)
    elif part.value_integer is not None:
        value = units.quantity(wire.Quantity(part.value_integer), analyte, table)
    elif part.value_string is not None:
        value = units.statement(part.value_string, analyte, table)
    elif part.value_codeable_concept is not None:
        value = answer(analyte.key, part.value_codeable_concept)
    else:
        value = "no-value"
    if analyte.key == "barthel" and not isinstance(value, str) and _is_scale_unclear(value, part):
        value = "scale-unclear"
    if isinstance(value, str):
        facts.put_aside(given, value, data=analyte.group, key=analyte.key, when=when)
        return
    site = site_of(meaning, found, part) if meaning.key in _WITH_SITE else None
    if analyte.key == "t-score" and site in _REGION_OPEN:
        facts.put_aside(given, "site-unclear", data=analyte.group, key=analyte.key, when=when)
    reference = _reference_range(part)
    facts.measured.append(
        Measurement(
            analyte.key,
            value.value,
            when,
            given.source,
            comparator=value.comparator,
            given=value.given,
            site=site,
            low=units.bound(reference.low, value, analyte, table) if reference else None,
            high=units.bound(reference.high, value, analyte, table) if reference else None,
            method=wire.texts((wording(found.method), found.device.display if found.device else ""))
            if found.method or found.device
            else "",
            order=times,
        )
    )
    facts.used(given, analyte.key)


def _is_scale_unclear(value: units.Value, part: wire.Value) -> bool:
    """A Barthel index of up to 20 may be of the 0-20 or of the 0-100 scale: the reference range tells, or nothing does."""
    ranges = [units.number(r.high.value) for r in part.reference_range or () if r.high]
    top = max((high for high in ranges if high is not None), default=None)
    return value.value <= _SHORT_BARTHEL and (top is None or top <= _SHORT_BARTHEL) and "100" not in value.given


def _times(found: wire.Observation, facts: Facts) -> tuple[datetime, ...]:
    """Clinical time, issued, last updated; what is unknown stands long ago."""
    zone, clinical = facts.zone, moment(found.effective_date_time, facts.zone)
    if clinical is None:
        period = found.effective_period or wire.Period()
        texts = (found.effective_instant, period.end, period.start)
        clinical = next((m for text in texts if text and (m := moment(text, zone))), LONG_AGO)
    updated = moment(found.meta.last_updated, zone) if found.meta else None
    return clinical, moment(found.issued, zone) or LONG_AGO, updated or LONG_AGO


def _reference_range(part: wire.Value) -> wire.ReferenceRange | None:
    """The range of the normal; several without a word which is which are none."""
    ranges = part.reference_range or ()
    if len(ranges) == 1 and ranges[0].type is None:
        return ranges[0]
    named = [r for r in ranges if wire.first_code(r.type, "normal") == "normal"]
    return named[0] if len(named) == 1 else None


def _smoking(given: Given, facts: Facts, part: wire.Value, when: date, times: tuple[datetime, ...]) -> None:
    concept = part.value_codeable_concept
    if concept is None and part.value_string is None:
        facts.put_aside(given, "no-value", data=group_of(SMOKING), key=SMOKING, when=when)
        return
    known = [d for c in wire.codings(concept) if (d := facts.terminology.condition(c))]
    text = fold(wire.texts((wording(concept), part.value_string)))
    named = any(f.key == "smoking" and not denied(text, f.at) for f in facts.terminology.problem_names.find(text))
    facts.smoking.append((when, times, named or any("smoking" in d.keys for d in known), given.source))
    facts.used(given, SMOKING)


def site_of(meaning: Meaning, found: wire.Observation, part: wire.Value) -> Site:
    """Where bone density was measured (card specification, "lowest T"): the code, refined by body site, method and text."""
    where = fold(wire.texts((wording(found.body_site), wording(found.method))))
    label = fold(wording(part.code))
    if any(c.code == _FEMORAL_NECK_CODE for c in wire.codings(found.body_site)):
        where += " femoral neck"
    text = f"{where} {label}"
    if meaning.site == "forearm":
        return _radius(where, label)
    if meaning.site in ("hip", "femur"):
        return _proximal_femur(text, Site.TOTAL_HIP if meaning.site == "hip" else Site.FEMUR)
    if meaning.site:
        return Site(meaning.site)
    return _by_text(text)


def _radius(where: str, label: str) -> Site:
    if _THIRD.search(where) or _THIRD.search(label):
        return Site.DISTAL_RADIUS
    names_site = any(p.search(label) for p in (_FOREARM, _LUMBAR, _HIP, _FEMUR, _HEEL))
    return Site.FOREARM if where.strip() or not label.strip() or names_site else Site.DISTAL_RADIUS


def _proximal_femur(text: str, otherwise: Site) -> Site:
    if _NECK.search(text):
        return Site.FEMORAL_NECK
    if _TOTAL.search(text):
        return Site.TOTAL_HIP
    return Site.FEMUR if _PART_OF_HIP.search(text) else otherwise


def _by_text(text: str) -> Site:
    if _HEEL.search(text):
        return Site.HEEL
    if _FOREARM.search(text) or _THIRD.search(text):
        return Site.DISTAL_RADIUS if _THIRD.search(text) else Site.FOREARM
    if _HIP.search(text):
        return _proximal_femur(text, Site.TOTAL_HIP)
    if _FEMUR.search(text):
        return _proximal_femur(text, Site.FEMUR)
    return Site.LUMBAR_SPINE if _LUMBAR.search(text) else Site.UNNAMED
