"""DiagnosticReport -> what it concludes: problems and fractures by code and by its words, bone density by its words.

A report that is not understood is never an answer, and never nothing: it counts as done, its result as not known.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from msgspec import Raw, json
from msgspec.structs import replace

from cards.chart import FractureEntry, Measurement
from cards.chart.calendar import add_months
from cards.vocabulary import ANALYTES, DIAGNOSTIC_SITES, Data, Site
from cds_service.fhir.phrases import LONGEST_REPORT, Mention, Verdict, fold
from cds_service.fhir.phrases.density import scores
from cds_service.fhir.phrases.vertebrae import named
from cds_service.fhir.reading import elements, stated, told_results, wire
from cds_service.fhir.reading.conditions import condition, understand
from cds_service.fhir.reading.elements import many, wording
from cds_service.fhir.reading.excluded import conclude
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.observations import observation
from cds_service.fhir.reading.services import DONE, ULTRASOUND, act, keys_of, when_done

_DENSITY = frozenset({"dxa", "qct"})
_SPINE = frozenset({"vertebral-imaging", "spine-mri", "spine-ct"})
_FEMUR = frozenset({"femur-imaging"})
_VALUES = ("t-score", "z-score", "qct-vbmd")
"""What answers the question that a bone density test asks."""
_NORMAL = re.compile(
    r"(?a)未见(?:明显|明确)?(?:异常|骨折)|\bunremarkable\b|\bno (?:significant |acute )?abnormalit"
    r"|(?<!not )\bnormal\b(?! range)|(?<!不)正常"
)
_MOST_DATA = LONGEST_REPORT * 6
"""Characters of base64 that hold the longest text, four bytes a character."""
_AROUND = 40
"""Characters before and behind a fracture in which its vertebrae are looked for."""
_SENTENCES = re.compile(r"[;。\n]|\. ")
_FRACTURES = re.compile(r"骨折|fracture")
_MOST_FRACTURES = 300
"""No report names more; what stands behind them is unread, and said."""
_JOINED = re.compile(r"(?a)\b(?:and|with)\b|以及|合并|伴|及|和|与")
_CHARSETS = {"gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "big5": "big5", "us-ascii": "ascii"}


def report(source: str, found: wire.DiagnosticReport, facts: Facts) -> None:
    """Read one DiagnosticReport: what was done, and where it is final what it says."""
    subject = elements.refer(found.subject, found.patient)
    when, latest = when_done(found, facts)
    is_told = found.status in DONE["DiagnosticReport"] and (not subject or facts.record.is_ours(subject))
    if not is_told or when is None or when > facts.today:
        if is_told and when is None and (found.conclusion or found.conclusion_code or found.presented_form):
            facts.put_aside(source, "no-date")
        act(source, found, facts)
        return
    if facts.record.lacks(source, "conclusion", "presentedForm"):
        facts.put_aside(source, "unreadable", detail="conclusion")
    keys = facts.meaning(found.code, keys_of)
    concluded = _codes(source, found, facts)
    text = _text(source, found, facts)
    heel = ULTRASOUND.search(fold(wording(facts.concept(found.code)))) is not None
    measured = not heel and _scores(source, found, text, (when, latest), facts)
    broken = _fractures(source, text, (when, latest), facts)
    femur = stated.problems(source, text, (when, latest), facts)
    told_results.note(source, text, when, facts)
    measured = _contained(source, found, facts) or measured
    before = len(facts.services)
    if keys or not (concluded or measured or broken or femur):
        act(source, found, facts)
    told_of_bones = concluded or broken or _is_clear(text)
    if not facts.record.lacks(source, "conclusion", "presentedForm"):
        conclude(source, facts, before, text, (when, latest), read=told_of_bones)
    answered = (_DENSITY if measured else frozenset()) | (_SPINE if told_of_bones else frozenset())
    answered |= _FEMUR if concluded or femur or _is_clear(text) else frozenset()
    _mark_unread(facts, before, (_DENSITY | _SPINE | _FEMUR) - answered)


def _contained(source: str, found: wire.DiagnosticReport, facts: Facts) -> bool:
    """The results that the report carries itself, of its day where they tell none. Whether a bone density is among them."""
    known = sum(len(facts.measured.get(key, ())) for key in _VALUES)
    for raw in found.contained or ():
        if wire.KIND.decode(raw).resource_type == "Observation":
            result = wire.OBSERVATION.decode(raw)
            dated = result.effective_date_time or result.effective_period or result.effective_instant or result.issued
            own = {} if dated else {"effective_date_time": _dated(found)}
            observation(f"{source}#{result.id}", replace(result, subject=found.subject or found.patient, **own), facts)
    return sum(len(facts.measured.get(key, ())) for key in _VALUES) > known


def _mark_unread(facts: Facts, first: int, keys: frozenset[str]) -> None:
    """Of the services from ``first`` on, which are those whose result is not known."""
    for at, service in enumerate(facts.services[first:], start=first):
        facts.services[at] = replace(service, unread=service.key in keys)
        if service.key in keys & _DENSITY and service.when is not None:
            facts.scans.append((service.source, service.when))


def tell_unread_scans(facts: Facts) -> None:
    """Set aside the bone density tests whose result is neither in their report nor among the results, dated within a month
    before it or since."""
    newest = max((measured.when for key in _VALUES for measured, _ in facts.measured.get(key, ())), default=date.min)
    for source, when in facts.scans:
        if newest < add_months(when, -1):
            facts.put_aside(source, "result-unread", data=Data.BONE_DENSITY, key="t-score", when=when)


def _codes(source: str, found: wire.DiagnosticReport, facts: Facts) -> bool:
    """The coded conclusions, each like a Condition that the report confirms and dates. Whether any is known."""
    known = False
    for concept in many(found.conclusion_code):
        code = Raw(json.encode(concept))
        stated = wire.Condition(code=code, subject=found.subject or found.patient, recorded_date=_dated(found))
        condition(source, stated, facts)
        known = known or bool(understand(concept, facts.terminology))
    return known


def _dated(found: wire.DiagnosticReport) -> str | None:
    period = found.effective_period or elements.Period()
    return found.effective_date_time or period.end or period.start or found.issued


def _text(source: str, found: wire.DiagnosticReport, facts: Facts) -> str:
    """All that it says in words, folded, as far as that is read."""
    said = dict.fromkeys(filter(None, (found.conclusion, *(_plain(each) for each in many(found.presented_form)))))
    text = "\n".join(said)
    folded = fold(text, LONGEST_REPORT + 1)
    if not facts.record.room.reads_report(len(folded)):
        facts.put_aside(source, "too-long", detail="conclusion")
        return ""
    beyond = [found.start() for found in islice(_FRACTURES.finditer(folded), _MOST_FRACTURES, _MOST_FRACTURES + 1)]
    end = min(LONGEST_REPORT, *beyond, len(folded))
    if len(folded) > end:
        facts.put_aside(source, "too-long", detail="conclusion")
    return folded[:end]


def _plain(form: wire.Attachment) -> str:
    """The text of an attachment in plain text; "" of any other."""
    kind, _, more = (form.content_type or "").lower().partition(";")
    if kind.strip() != "text/plain" or not form.data:
        return ""
    named_set = more.rpartition("charset=")[2].strip(' "')
    try:
        content = b64decode(form.data[:_MOST_DATA])
        return content.decode(_CHARSETS.get(named_set, "utf-8"), "ignore" if len(form.data) > _MOST_DATA else "strict")
    except (Error, ValueError):
        return ""


def _scores(source: str, found: wire.DiagnosticReport, text: str, span: tuple[date, date | None], facts: Facts) -> bool:
    """The bone density that its words tell. Whether it holds what the test was asked for: a score of a site that counts."""
    when, latest = span
    dated = wire.Observation(
        effective_date_time=found.effective_date_time,
        effective_period=found.effective_period,
        issued=found.issued,
        meta=found.meta,
    )
    answers = False
    for score in scores(text, when):
        analyte, site = ANALYTES[score.key], Site(score.site)
        if analyte.low <= score.value <= analyte.high:
            measurement = Measurement(
                score.key,
                score.value,
                when,
                source,
                given=score.given,
                site=None if score.key == "qct-vbmd" else site,
                side=score.side,
                latest=latest,
                from_text=True,
            )
            facts.measured.setdefault(score.key, []).append((measurement, dated))
            facts.used(source, score.key, "from the report's text")
            answers = answers or (score.key in _VALUES and site in DIAGNOSTIC_SITES)
    return answers


def _fractures(source: str, text: str, span: tuple[date, date | None], facts: Facts) -> bool:
    """The vertebral fractures that its words tell. Whether they say anything certain of fractures."""
    if not text:
        return False
    mentions = [m for m in facts.terminology.said("problem", text, LONGEST_REPORT) if m.bone]
    entries: dict[tuple[str, bool], FractureEntry] = {}
    for mention, said in around(text, mentions):
        bone = mention.bone
        if bone is None or bone.site != "vertebra":
            continue
        if mention.verdict is Verdict.DOUBTFUL:
            facts.put_aside(source, "doubtful", when=span[0])
        elif mention.is_present:
            when, latest = (None, None) if mention.past else span
            level = named(said)
            entry = FractureEntry(
                bone.site, source, bone.part, when, bone.osteoporotic, False, "", latest, bone.low_energy, level, from_text=True
            )
            entries.setdefault((bone.part, mention.past), entry)
    for entry in entries.values():
        facts.fractures.append(entry)
        facts.used(source, "fracture", "from the report's text")
        if facts.birth is None and not entry.osteoporotic:  # of what age it broke decides what it means
            facts.put_aside(source, "age-unknown", key=entry.site, when=entry.when)
    return any(m.verdict is not Verdict.DOUBTFUL for m in mentions)


def around(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[Mention, str]]:
    """Each fracture of a text, in order, with what is said of it in its own sentence, not far from it, and not of the next."""
    for i, mention in enumerate(mentions):
        first, last = max(0, mention.at - _AROUND), mention.end + _AROUND
        before = _SENTENCES.split(text[first : mention.at])[-1]
        behind = _SENTENCES.split(text[mention.end : last])[0]
        if i and mentions[i - 1].end > mention.at - len(before):
            before = _parted(text[mentions[i - 1].end : mention.at])[1]
        if i + 1 < len(mentions) and mentions[i + 1].at < mention.end + len(behind):
            behind = _parted(text[mention.end : mentions[i + 1].at])[0]
        yield mention, before + text[mention.at : mention.end] + behind


def _parted(between: str) -> tuple[str, str]:
    """What stands between two fractures: of the first, and of the second."""
    cut = between.find(",")
    joined = None if cut >= 0 else _JOINED.search(between)
    if joined:
        return between[: joined.start()], between[joined.end() :]
    return (between[:cut], between[cut:]) if cut >= 0 else ("", between)


def _is_clear(text: str) -> bool:
    """Whether it says that nothing was found."""
    return _NORMAL.search(text) is not None
