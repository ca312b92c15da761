"""ServiceRequest, Procedure, DiagnosticReport, ImagingStudy -> Service (ordered or done), or a drug given, or a problem. What a
report says stands in ``reports``."""

from __future__ import annotations

import re
from datetime import date

from cards.chart import Problem, Service
from cards.chart.calendar import add_days
from cards.vocabulary import PROBLEMS, SERVICES
from cds_service.fhir.phrases import Verdict, fold
from cds_service.fhir.reading import elements, operated, told_drugs, wire
from cds_service.fhir.reading.care import HOSPICE
from cds_service.fhir.reading.conditions import with_early_menopause
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.ledger import NOT_UNDERSTOOD, why_unread, why_unread_drug
from cds_service.fhir.reading.medications import given_by_code
from cds_service.fhir.reading.operations import MAJOR, of_bones_that_carry
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.rows import GIVEN

_GIVING = re.compile(r"(?a)注射|输注|静滴|滴注|静脉|给药|\b(?:inject|infusion|administration)")
_AUGMENTATION = "vertebral-augmentation"
_OPEN = frozenset({"active", "draft", "on-hold"})
_NO_ORDER = frozenset({"proposal", "plan", "option"})
DONE = {
    "Procedure": frozenset({"completed"}),
    "DiagnosticReport": frozenset({"final", "amended", "corrected", "appended"}),
    "ImagingStudy": frozenset({"available"}),
}
_SCANS = frozenset({"dxa", "qct"})
_REFERRAL = "referral-"
_GONE = frozenset({"entered-in-error", "cancelled", "not-done", "revoked"})
Span = tuple[date | None, date | None]
"""The day, and of a partial date the last that it can have been."""
ULTRASOUND = re.compile(r"(?a)ultraso|\bqus\b|heel|calcane|超声|跟骨")
_QCT = re.compile(r"(?a)\bqct\b|quantitative (ct|computed)|定量ct|定量 ct|\bct ?(?:bmd|骨密度)|\bct bone (?:mineral )?densit")
_DXA = re.compile(r"(?a)\bdx[ar]\b|\bdexa\b|\bbmd\b|bone densit|bone mineral densit|absorptiometry|骨质?密度|双能(?:量)?x")
_COMPOSITION = re.compile(r"(?a)body comp|composition|lean mass|body fat|体成[分份]|身体组成|体脂")
"""A scan by the same machine that says nothing of the bones' strength."""
_VFA_ALONE = re.compile(r"(?a)^ ?(?:dx[ar] |dexa )?(?:vertebral fracture assessment|vfa\b)(?!.*(?:bmd|densit|密度))")
"""By the same machine, too, and a picture of the spine."""
_SPINE = re.compile(r"(?a)spin(e|al)\b|lumbar|thoracic|vertebra|\b[tl]-spine\b|腰椎|胸椎|胸腰段|腰骶椎|脊柱|脊椎|椎体")
_NECK = re.compile(r"(?a)cervical|\bc-?spine\b|颈")
_BELOW_NECK = re.compile(r"(?a)lumbar|thoracic|vertebra|\b[tl]-?(?:spine)?\b|whole|full|entire|total|complete|腰|胸|脊|全")
_MRI = re.compile(r"(?a)\bmri?\b|magnetic|磁共振|核磁|磁振")
_CT = re.compile(r"(?a)\bct\b|computed tomogra|断层")
_VIEW = re.compile(
    r"(?a)x-? ?ray|radiograph|\bviews?\b|\bvfa\b|\b(xr|dx|cr|rg|dr)\b|x线|x光|平片|正侧位|侧位|\blateral\b"
    r"|屈位|伸位|动力位"
)
_RADIATION = "skeletal-radiation"
_BESIDE_BONE = re.compile(
    r"(?a)\bskin\b|\bcutaneous|basal[ -]cell|superficial|\beyes?\b|ocular|iodine"
    r"|consult|皮肤|基底细胞|眼(?!眶)|碘|会诊"
)
"""Radiotherapy that does not reach bone, or was only spoken of."""
_OPERATION = re.compile(
    r"(?a)punctur|\btap\b|inject|ectom|otomy|fusion|block\b|an?esthe|tracti|guid(?:ed|ance)|drain|biops|implant|excis|repair"
    r"|\bsurg|穿刺|注射|切除|融合|阻滞|麻醉|牵引|引导|引流|活检|植入|置入|减压术|内固定术(?!后)"
)
"""What is done to a spine, with or without a picture."""


def services_of(terminology: Terminology, *concepts: elements.Concept | None, besides: str = "") -> tuple[str, ...]:
    """Keys of what was ordered or done, by code, else by wording."""
    said = elements.texts((*map(wording, concepts), besides))
    if coded := terminology.service(*concepts):
        return _of_bone(coded, said)
    named = tuple(dict.fromkeys(m.key for m in terminology.said("service", said) if m.verdict is not Verdict.DENIED))
    named = _of_bone(named, said)
    return named if _AUGMENTATION in named else _by_wording(fold(said)) or named


def _of_bone(keys: tuple[str, ...], said: str) -> tuple[str, ...]:
    """Without radiotherapy whose words say that it leaves bone out."""
    return tuple(key for key in keys if key != _RADIATION) if _RADIATION in keys and _BESIDE_BONE.search(fold(said)) else keys


def _of_concept(concept: elements.Concept, terminology: Terminology) -> tuple[str, ...]:
    return services_of(terminology, concept)


def _by_wording(text: str) -> tuple[str, ...]:
    if _QCT.search(text):
        return ("qct",)
    if _DXA.search(text) and not ULTRASOUND.search(text) and not _COMPOSITION.search(text):
        return ("vertebral-imaging",) if _VFA_ALONE.search(text) else ("dxa",)
    return _of_spine(text) if _SPINE.search(text) else ()


def _of_spine(text: str) -> tuple[str, ...]:
    """Pictures of the spine below the neck."""
    if ULTRASOUND.search(text) or _OPERATION.search(text) or (_NECK.search(text) and not _BELOW_NECK.search(text)):
        return ()
    if _MRI.search(text):
        return ("spine-mri",)
    if _CT.search(text):
        return ("spine-ct", "vertebral-imaging")
    return ("vertebral-imaging",) if _VIEW.search(text) else ()


def keys_of(code: elements.Concept | None, terminology: Terminology) -> tuple[str, ...]:
    """Keys of what a code stands for, remembered."""
    return terminology.recall("service", code, _of_concept) if code else ()


def _names_a_drug(code: elements.Concept | None, terminology: Terminology) -> bool:
    """Whether a procedure gives something that is written like a drug for bone, and is none that is known."""
    text = fold(wording(code))
    classes = {found.key for found in terminology.class_names.find(text)}
    of_bone = classes <= {each.value for each in told_drugs.BONE}  # a glucocorticoid is injected at a joint or a nerve
    return of_bone and _GIVING.search(text) is not None and why_unread_drug(code, terminology) == NOT_UNDERSTOOD


def act(source: str, found: wire.Act, facts: Facts) -> None:
    """Read one ServiceRequest, Procedure or DiagnosticReport."""
    keys, kind = facts.meaning(found.code, keys_of), type(found).__name__
    told = operated.done_for(source, found, facts, when_done(found, facts))
    sites = [wording(site) for site in elements.many(found.body_site)]
    if MAJOR in keys:
        keys = of_bones_that_carry(keys, [wording(facts.concept(found.code))], sites)
        if not keys:
            facts.not_ours(source, kind)
            return
    if sites and all(map(_BESIDE_BONE.search, map(fold, sites))):
        keys = _of_bone(keys, sites[0])
    if not keys and told_drugs.act(source, found, facts, when_done(found, facts)):
        return
    if not keys:
        subjects = (found.subject, found.patient)
        if told:
            return
        unread = why_unread_drug if kind == "Procedure" and facts.meaning(found.code, _names_a_drug) else why_unread
        facts.not_understood(source, found.code, unread, subjects=subjects, gone=found.status in _GONE)
        return
    if not facts.is_ours(source, elements.refer(found.subject, found.patient)):
        return
    when, latest = when_done(found, facts)
    if kind == "ServiceRequest":
        if found.status in _OPEN and found.intent not in _NO_ORDER and not found.do_not_perform:
            span = _planned(found, facts) or (when, latest)
            _add(source, facts, keys, done=False, span=span, draft=found.status == "draft")
        elif found.status == "completed" and found.intent not in _NO_ORDER and not found.do_not_perform:
            _carried_out(source, facts, keys, (when, latest))
        else:
            facts.not_ours(source, kind, "not open")
    elif found.status in DONE[kind] or (found.status == "in-progress" and HOSPICE in keys):
        _performed(source, facts, keys, (when, latest), wording(facts.concept(found.code)))
    else:
        _not_done(source, facts, found.status, when)


def _planned(found: wire.Act, facts: Facts) -> Span | None:
    """The day for which an order was written, where that is not the day on which it was."""
    occurrence = found.occurrence_period
    span = facts.first_span(found.occurrence_date_time, occurrence.start if occurrence else None)
    return span if span[0] is not None else None


def _carried_out(source: str, facts: Facts, keys: tuple[str, ...], span: Span) -> None:
    """An order that was carried out tells that bone density was measured, or that a specialist saw the patient; of all else
    its result or report tells."""
    told = tuple(key for key in keys if key in _SCANS or key.startswith(_REFERRAL))
    if told and span[0] is not None and span[0] <= facts.today:
        _add(source, facts, told, done=True, span=span)
    else:
        facts.not_ours(source, "ServiceRequest", "not open")


def _not_done(source: str, facts: Facts, status: str | None, when: date | None) -> None:
    """What was planned, begun or given up was not done; of what has no status nobody can tell."""
    if status in (None, "unknown"):
        facts.put_aside(source, "status-unknown", when=when)
    else:
        facts.not_ours(source, source.partition("/")[0], "not done")


def _performed(source: str, facts: Facts, keys: tuple[str, ...], span: Span, text: str) -> None:
    when, latest = span
    if when is not None and when > facts.today:
        facts.put_aside(source, "future", when=when)
        return
    for key in keys:
        if key.startswith(GIVEN):
            if when is None:
                facts.put_aside(source, "no-date")
            given_by_code(source, facts, key.removeprefix(GIVEN), when, text)
        elif key == "dialysis":
            _dialysis(source, facts, span)
        elif key in PROBLEMS:
            for problem in sorted(with_early_menopause(frozenset({key}), when, facts)):
                facts.problems.append(Problem(problem, source, when, when, text=text, latest=latest))
                facts.used(source, problem)
    _add(source, facts, keys, done=True, span=span)


def _dialysis(source: str, facts: Facts, span: Span) -> None:
    """A dialysis not long ago means that the patient is on it; one that can have been not long ago, too."""
    when, latest = span
    if when is not None and (latest or when) >= add_days(facts.today, -facts.thresholds.shared.dialysis_days):
        facts.problems.append(Problem("dialysis", source, when, when, latest=latest))
        facts.used(source, "dialysis")
    elif when is None:
        facts.put_aside(source, "no-date", detail="dialysis")
    else:
        facts.not_ours(source, "Procedure", "too long ago")


_TOLD_BY_REPORTS = frozenset({"femur-imaging"})
"""What is not answered by being done: only a report says what was seen."""


def _add(source: str, facts: Facts, keys: tuple[str, ...], *, done: bool, span: Span, draft: bool = False) -> None:
    for key in keys:
        if key in SERVICES:
            facts.services.append(Service(key, done, source, *span, unread=done and key in _TOLD_BY_REPORTS, draft=draft))
            facts.used(source, key)


def when_done(found: wire.Act, facts: Facts) -> Span:
    """The day of an act: when it was ordered, else done, else told of."""
    if found.authored_on or found.occurrence_date_time or found.occurrence_period:
        occurrence = found.occurrence_period
        return facts.first_span(found.authored_on, found.occurrence_date_time, occurrence.start if occurrence else None)
    performed, effective = found.performed_period, found.effective_period
    return facts.first_span(
        found.performed_date_time,
        performed.end if performed else None,
        performed.start if performed else None,
        found.effective_date_time,
        effective.end if effective else None,
        effective.start if effective else None,
        found.issued,
    )


def imaging(source: str, found: wire.ImagingStudy, facts: Facts) -> None:
    """Read one ImagingStudy: by procedure code, else by modality, body site and description."""
    series = found.series or ()
    codes = [*(found.modality or ()), *(s.modality for s in series if s.modality)]
    modality = {c.code.upper() for c in codes if c.code}
    said = [found.description, *(s.description for s in series), *(s.body_site.display for s in series if s.body_site)]
    keys = services_of(facts.terminology, *(found.procedure_code or ()), besides=elements.texts((*said, *sorted(modality))))
    keys = keys or (("dxa",) if "BMD" in modality else ())
    if not keys:
        facts.not_ours(source, "ImagingStudy")
    elif not facts.is_ours(source, elements.refer(found.subject)):
        return
    elif found.status in DONE["ImagingStudy"]:
        _performed(source, facts, keys, facts.first_span(found.started), found.description or "")
    else:
        _not_done(source, facts, found.status, facts.day(found.started))
