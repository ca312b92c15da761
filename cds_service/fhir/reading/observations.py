"""Observation -> Measurement: value, unit, date, site, or the reason why a value cannot be used."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, tzinfo

from msgspec import Raw
from msgspec.structs import replace

from cards.chart import Measurement, Problem, Service
from cards.vocabulary import ANALYTES, Site
from cds_service.fhir.phrases import LONGEST, fold
from cds_service.fhir.reading import elements, told_drugs, units, wire
from cds_service.fhir.reading.by_name import called, meant
from cds_service.fhir.reading.dates import LONG_AGO, moment
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.excluded import PROTEIN, conclude
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.given import last_updated
from cds_service.fhir.reading.kin import parent, tells_of_parent
from cds_service.fhir.reading.ledger import why_unread_result
from cds_service.fhir.reading.services import keys_of
from cds_service.fhir.reading.sites import WITH_SITE, site_of
from cds_service.fhir.reading.values import normal, ranges_of, value_of
from cds_service.fhir.terminology.codes import Meaning, Terminology, group_of
from cds_service.fhir.terminology.rows import SMOKING

_USABLE = frozenset({"final", "amended", "corrected"})
_GONE = frozenset({"entered-in-error", "cancelled"})
_UNKNOWN = "unknown"
_WITHOUT_STATUS = frozenset({"weight", "height"})
"""What may be used where its status is not known; it is then worded so."""
_DRUG_HISTORY = re.compile(
    r"(?a)用药(?:史|情况|记录)|抗骨质疏松|骨质疏松.{0,4}(?:用药|药物|治疗)"
    r"|\b(?:medication|drug) history\b|\bosteoporosis (?:treatment|medication|drug)"
)
_TEST = "pregnancy-test"
_POSITIVE = re.compile(r"(?a)[\s(*]{0,4}(?:弱?阳性?|\+{1,4}|(?:weakly )?positive|pos|detected)[\s()+*↑.]{0,6}")
_POSITIVE_CODES = frozenset({"10828004", "POS", "LA6576-8"})
_REGION_OPEN = frozenset({Site.FEMUR, Site.HIP_REGION, Site.FOREARM})
_NO_ANSWER = frozenset({None, Site.HEEL, Site.FOREARM, Site.HIP_REGION})
"""Where bone density may be measured without an answer to what DXA of spine and hip is ordered for."""


def observed(concept: elements.Concept | None, terminology: Terminology) -> list[Meaning]:
    """What a code measures; empty when it is none of ours."""
    return terminology.observation(concept)


def observation(source: str, found: wire.Observation, facts: Facts) -> None:
    """Read one Observation, with its components, into ``facts.measured`` (and ``facts.smoking``)."""
    if is_left_out(found, facts):
        facts.not_ours(source, "Observation")
        return
    meanings = _meanings(found, found, facts)
    if found.component:
        _components(source, found, facts, meanings)
    elif not meanings:
        read = (
            _drugs(source, found, facts)
            or _proteins(source, found, facts)
            or _pregnancy(source, found, facts)
            or parent(source, found, facts)
        )
        if not read:
            _not_understood(source, found, found, facts)
    elif _is_patients(source, found, facts, meanings):
        _value(source, facts, found, found, meanings)


def is_left_out(found: wire.Observation, facts: Facts) -> bool:
    """Whether a result is none of ours, told by its code alone: most of a chart is, and is left here. One that has components
    or an answer in words, or whose code is broken, is looked at."""
    if found.component or found.value_codeable_concept is not None:
        return False
    said = bytes(found.code)
    known = facts.left_out.get(said)
    if known is None:
        known = facts.left_out[said] = facts.terminology.recall_words(said, _says_nothing, lambda: _left_out(found.code, facts))
    return known


def _left_out(code: Raw, facts: Facts) -> bool:
    return facts.meaning(code, _says_nothing) and not facts.is_broken(code)


def _says_nothing(concept: elements.Concept | None, terminology: Terminology) -> bool:
    """Whether the code alone tells that a result is none of ours, whatever its value: most of a chart is, and is left here."""
    return concept is not None and terminology.recall("says nothing", concept, _tells_nothing)


def _tells_nothing(concept: elements.Concept, terminology: Terminology) -> bool:
    label = called(concept, terminology)
    ours = observed(concept, terminology) or (PROTEIN | {_TEST}).intersection(keys_of(concept, terminology))
    named = label.senses or label.about or _DRUG_HISTORY.search(fold(wording(concept))) or tells_of_parent(concept, terminology)
    return not (ours or named or why_unread_result(concept, terminology))


def _proteins(source: str, found: wire.Observation, facts: Facts) -> bool:
    """A test for a monoclonal protein whose result is words, read as a report of it. Whether it is one."""
    keys = [key for key in facts.meaning(found.code, keys_of) if key in PROTEIN]
    if not keys:  # nearly all
        return False
    text = elements.texts((found.value_string, wording(found.value_codeable_concept)))
    when, latest = _span(found, facts)
    if not text or found.status not in _USABLE or when is None or when > facts.today:
        return False
    if facts.is_ours(source, elements.refer(found.subject)):
        first = len(facts.services)
        facts.services += [Service(key, True, source, when, latest) for key in keys]
        conclude(source, facts, first, text, (when, latest))
    return True


def _drugs(source: str, found: wire.Observation, facts: Facts) -> bool:
    """A history of drugs as an answer in words. Whether it names one for bone."""
    if not facts.meaning(found.code, _asks_for_drugs) or found.status not in _USABLE:
        return False
    subject = elements.refer(found.subject)
    if subject and not facts.record.is_ours(subject):
        return False
    said = elements.texts((found.value_string, wording(found.value_codeable_concept)))[:LONGEST]
    told = elements.Concept(text=said) if said else None
    return told_drugs.beside(source, told, _span(found, facts)[0], facts, keys=frozenset())


def _asks_for_drugs(concept: elements.Concept | None, _: Terminology) -> bool:
    return concept is not None and _DRUG_HISTORY.search(fold(wording(concept))) is not None


def _pregnancy(source: str, found: wire.Observation, facts: Facts) -> bool:
    """A pregnancy test that is positive, which tells of a pregnancy until somebody enters how it ended. Whether it is one."""
    if _TEST not in facts.meaning(found.code, keys_of):
        return False
    answer = found.value_codeable_concept
    said = elements.texts((found.value_string, wording(answer)))
    positive = _POSITIVE.fullmatch(fold(said)) is not None or any(c.code in _POSITIVE_CODES for c in elements.codings(answer))
    when, latest = _span(found, facts)
    if not positive or found.status not in _USABLE or when is None or when > facts.today:
        return False
    if facts.is_ours(source, elements.refer(found.subject)):
        facts.problems.append(Problem("pregnancy", source, recorded=when, latest=latest))
        facts.used(source, "pregnancy")
    return True


def _meanings(found: wire.Observation, part: wire.Value, facts: Facts) -> list[Meaning]:
    """What it measures: by a code that is known, else by its name, unit and value."""
    return facts.meaning(part.code, observed) or meant(found, part, facts)


def _components(source: str, found: wire.Observation, facts: Facts, own: list[Meaning]) -> None:
    told = [(part, _meanings(found, part, facts)) for part in found.component or ()]
    parts: list[tuple[wire.Value, list[Meaning]]] = [(part, meanings) for part, meanings in told if meanings]
    unread = [part for part, meanings in told if not meanings and facts.meaning(part.code, called).about]
    if own and (_has_value(found) or not parts):
        parts.insert(0, (found, own))
    for part in unread if parts or unread else (found,):
        _not_understood(source, found, part, facts)
    if parts and _is_patients(source, found, facts, own or parts[0][1]):
        for part, meanings in parts:
            _value(source, facts, found, part, meanings)


def _not_understood(source: str, found: wire.Observation, part: wire.Value, facts: Facts) -> None:
    """What it measures is none of ours, or nobody can tell."""
    gone = found.status in _GONE
    key = facts.meaning(part.code, called).about
    when = _span(found, facts)[0] if key else None
    facts.not_understood(source, part.code, why_unread_result, subjects=(found.subject,), gone=gone, key=key, when=when)


def _is_patients(source: str, found: wire.Observation, facts: Facts, meanings: list[Meaning]) -> bool:
    key = meanings[0].key
    return facts.is_ours(source, elements.refer(found.subject), data=group_of(key), key=key)


def _has_value(part: wire.Value) -> bool:
    return any((part.value_quantity, part.value_string, part.value_codeable_concept)) or part.value_integer is not None


def _value(source: str, facts: Facts, found: wire.Observation, part: wire.Value, meanings: list[Meaning]) -> None:
    meaning = meanings[0]
    key = meaning.key
    when, latest = _span(found, facts)
    reason, detail = "", ""
    if found.status is None:
        reason, detail = "unreadable", "status"
    elif found.status in _GONE:
        reason = "withdrawn"
    elif found.status not in _USABLE and not (found.status == _UNKNOWN and key in _WITHOUT_STATUS):
        reason, detail = "status", found.status
    elif when is None:
        reason = "no-date"
    elif when > facts.today:
        reason = "future"
    elif part.value_string is not None and len(part.value_string) > LONGEST:
        reason = "too-long"
    if len(meanings) > 1 and any(other.key != key for other in meanings):
        facts.put_aside(source, "codings-disagree", data=group_of(key), key=key, when=when)
    if reason or when is None:
        facts.put_aside(source, reason, data=group_of(key), key=key, when=when, detail=detail)
    elif key == SMOKING:
        _smoking(source, facts, found, part, (when, latest))
    else:
        _measurement(source, facts, found, part, meaning, (when, latest))


def _measurement(
    source: str,
    facts: Facts,
    found: wire.Observation,
    part: wire.Value,
    meaning: Meaning,
    span: tuple[date, date | None],
) -> None:
    when, latest = span
    analyte, table = ANALYTES[meaning.key], facts.terminology.units
    value = value_of(part, analyte, table)
    if (
        analyte.key == "barthel"
        and not isinstance(value, str)
        and _is_scale_unclear(value, part, facts.thresholds.shared.barthel_unclear)
    ):
        value = "scale-unclear"
    site = site_of(meaning, found, facts.concept(part.code)) if meaning.key in WITH_SITE else None
    if isinstance(value, str):
        facts.put_aside(source, value, data=analyte.group, key=analyte.key, when=when)
        if value == "no-value" and site not in _NO_ANSWER:
            facts.services.append(Service("dxa", True, source, when, latest, unread=True))
        return
    if site is not None and (facts.is_broken(part.code) or facts.record.lacks(source, "bodySite", "method", "device")):
        facts.put_aside(source, "site-unreadable", data=analyte.group, key=analyte.key, when=when)
    diagnostic = site is Site.FEMUR and value.value <= facts.thresholds.shared.t_osteoporosis
    if analyte.key == "t-score" and site in _REGION_OPEN and not diagnostic:
        facts.put_aside(source, "site-unclear", data=analyte.group, key=analyte.key, when=when)
    low, high, whole = None, None, True
    if part.reference_range is not elements.NOTHING:
        ranges, whole = facts.once(ranges_of, part.reference_range)
        reference = normal(ranges)
        if reference is not None:
            low = units.bound(reference.low, value, analyte, table)
            high = units.bound(reference.high, value, analyte, table)
            whole = whole and (low is None) == (reference.low is None) and (high is None) == (reference.high is None)
    if not whole:
        facts.put_aside(source, "range-unreadable", data=analyte.group, key=analyte.key, when=when)
    method = _method(found) if found.method or found.device else ""
    measured = Measurement(
        analyte.key,
        value.value,
        when,
        source,
        value.comparator,
        value.given,
        site,
        low=low,
        high=high,
        method=method,
        latest=latest,
        factor=value.factor,
        unsure=found.status == _UNKNOWN,
    )
    facts.measured.setdefault(analyte.key, []).append((measured, found))
    facts.used(source, analyte.key)


def _method(found: wire.Observation) -> str:
    return elements.texts((wording(found.method), found.device.display if found.device else ""))


def _is_scale_unclear(value: units.Value, part: wire.Value, short: int) -> bool:
    """A Barthel index of up to 20 may be of the 0-20 or of the 0-100 scale: the reference range tells, or nothing does."""
    ranges = [units.number(r.high.value) for r in ranges_of(part.reference_range)[0] if r.high]
    top = max((high for high in ranges if high is not None), default=None)
    return value.value <= short and (top is None or top <= short) and "100" not in value.given


def _span(found: wire.Observation, facts: Facts) -> tuple[date | None, date | None]:
    """The clinical day, else that on which it was issued; the first and, of a partial date, the last it can have been."""
    period = found.effective_period or elements.Period()
    texts = (found.effective_date_time, found.effective_instant, period.end, period.start, found.issued)
    return facts.first_span(*texts)


def in_order(facts: Facts) -> dict[str, tuple[Measurement, ...]]:
    """What was measured, by analyte, newest first; several of one day with the times that tell them apart."""
    ordered: dict[str, tuple[Measurement, ...]] = {}
    for key in sorted(facts.measured):
        some = facts.measured[key]
        if len(some) == 1:
            ordered[key] = (some[0][0],)
            continue
        on_day = Counter(measured.when for measured, _ in some)
        timed = [
            measured if on_day[measured.when] == 1 else replace(measured, order=_times(found, facts.zone))
            for measured, found in some
        ]
        ordered[key] = tuple(sorted(timed, key=lambda m: (m.when, m.order, m.value, m.source), reverse=True))
    return ordered


def _times(found: wire.Observation, zone: tzinfo) -> tuple[datetime, ...]:
    """Clinical time, issued, last updated; what is unknown stands long ago. They tell which of two values of a day counts."""
    period = found.effective_period or elements.Period()
    texts = (found.effective_date_time, found.effective_instant, period.end, period.start)
    clinical = next((m for text in texts if text and (m := moment(text, zone))), LONG_AGO)
    return clinical, moment(found.issued, zone) or LONG_AGO, moment(last_updated(found), zone) or LONG_AGO


def _smoking(source: str, facts: Facts, found: wire.Observation, part: wire.Value, span: tuple[date, date | None]) -> None:
    when, latest = span
    concept = part.value_codeable_concept
    if concept is None and part.value_string is None:
        facts.put_aside(source, "no-value", data=group_of(SMOKING), key=SMOKING, when=when)
        return
    known = [d for c in elements.codings(concept) if (d := facts.terminology.condition(c))]
    mentions = facts.terminology.said("problem", elements.texts((wording(concept), part.value_string)))
    told = {m.key for m in mentions if m.is_present} | {key for d in known for key in d.keys}
    habit = next((key for key in ("smoking", "past-smoking") if key in told), "")
    facts.smoking.append((when, _times(found, facts.zone), habit, source, latest))
    facts.used(source, SMOKING)
