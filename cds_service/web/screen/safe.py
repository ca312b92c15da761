"""Is it safe? Every check of the drug that comes first, with the value and the day that it rests on, also where all is well."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Course, Draft, Measurement, facts
from cards.chart.facts import said
from cards.chart.shown import like
from cards.definitions.ckd import dialysis_range, failing, low_turnover, very_high_pth
from cards.definitions.hip import after_hip_fracture
from cards.definitions.kidney import drug_limit, renal
from cards.definitions.minerals import calcium, calcium_range, vitamin_d, vitamin_d_excess
from cards.engine.catalog import all_cards, safety_checks
from cards.engine.checked import Result, checked
from cards.engine.findings import CRITICAL, INFO, Finding, Option
from cards.engine.options import work_up
from cards.engine.run import run
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DRUGS, Drug
from cards.words.phrases import capital, clean, day, listed, name, num, phrase
from cds_service.web.screen.marks import dated, value_of
from cds_service.web.screen.plan import Accepted, first_drug, step_before
from cds_service.web.words import say

_KIDNEYS = frozenset({"bisphosphonate-renal", "renal-function-unknown"})
_MINERALS = frozenset({"hypocalcemia"})
"""The checks that rest on the values shown above them."""
_EMERGENCIES = frozenset({"calcium-critical"})
_DUPLICATES = frozenset({"same-class-duplicate"})
_AFTER_HIP = "zoledronate-timing"
_WORK_UP = "secondary-causes"
_TOLD = 2
"""How many values a check names."""


class Check(Struct, kw_only=True, omit_defaults=True):
    """``result``: "ok", "warn", "stop" or "unknown". ``said``: the values that it rests on, "" where it rests on the whole
    record. ``code``: the card that makes it."""

    title: str
    result: str
    code: str = ""
    said: str = ""
    day: str = ""
    refs: tuple[str, ...] = ()


class Safe(Struct, kw_only=True, omit_defaults=True):
    """The checks of one drug; with no drug in question (``drug`` is ""), only the values that would decide."""

    drug: str = ""
    checks: list[Check] = []
    verdict: str = ""
    """"yes", "care", "later" or "no"; "" with no drug in question."""
    word: str = ""
    """The answer in a word or two, as it is read."""


def safe(
    chart: Chart,
    findings: Sequence[Finding],
    language: str,
    off: Container[str] = (),
    *,
    taken_up: Sequence[Accepted] = (),
) -> list[Safe]:
    """Of each drug against osteoporosis on the desk, else of the one that the answer puts first. ``taken_up``: what on the desk
    came from a card."""
    drafts = chart.drafted(ANTI_OSTEOPOROSIS) if chart.hook in ORDER_HOOKS else []
    if drafts:
        asking = {each.draft.id for each in taken_up if each.step}
        judged_drafts = ((draft, _judged(chart, draft, draft.drug, language, off)) for draft in drafts if draft.drug)
        return [_asking(judged, language) if draft.id in asking else judged for draft, judged in judged_drafts]
    option = first_drug(findings)
    if option is None:
        return [Safe(checks=[*_values(chart, None, findings, language)])]
    drug = DRUGS[option.key]
    draft = Draft("proposed", drug, start=option.start, proposed=True)
    judged = _judged(chart.with_draft(draft, option.replaces), draft, drug, language, off, option)
    if option.after:
        return [_held(chart, judged, option, language)]
    asked = option in findings[0].options and step_before(chart, findings, language)
    return [_asking(judged, language) if asked else judged]


def _held(chart: Chart, judged: Safe, option: Option, language: str) -> Safe:
    """The answer where the work-up holds the drug: what must come first stands before the checks."""
    facts_of = next((row.evidence for row in work_up(chart) if row.key == option.after), ())
    because = [clean(said(fact)[language]) for fact in facts_of if fact.value is not None]
    first = Check(
        title=capital(phrase("work-up-after", option.after, language)),
        result="warn",
        code=_WORK_UP,
        said=listed(because[:_TOLD], language) if because else "",
        refs=tuple(fact.source for fact in facts_of if fact.source),
    )
    verdict = judged.verdict if judged.verdict == "no" else "later"
    word = judged.word if judged.verdict in ("no", "later") else say("verdict.later", language)
    return replace(judged, checks=[first, *judged.checks], verdict=verdict, word=word)


def _asking(judged: Safe, language: str) -> Safe:
    """The answer where something comes before the drug that no check can know."""
    if judged.verdict not in ("yes", "care") or any(check.result == "warn" for check in judged.checks):
        return judged
    return replace(judged, verdict="care", word=say("verdict.step", language))


def _judged(chart: Chart, draft: Draft, drug: Drug, language: str, off: Container[str], option: Option | None = None) -> Safe:
    """What order safety says of one draft on the desk: the rules themselves, run once more. ``option``: the one that is
    proposed, where the draft stands for it."""
    found = [finding for finding in run(chart, safety_checks(drug.mechanism)) if finding.code not in off]
    results = next(each.results for each in checked(chart, found, off) if each.draft == draft)
    told = [finding for finding in found if finding.about == draft]
    stops = option.stops if option else ()
    checks = [*_values(chart, drug, told, language), *_taken(stops, language)]
    checks += _record(chart, told, results, language, frozenset(course.drug.key for course in stops))
    verdict = _verdict(chart, checks, told, draft)
    word = say(_word(chart, verdict, draft), language, day=day(draft.start, language) if draft.start else "")
    return Safe(drug=name(drug, language), checks=checks, verdict=verdict, word=word)


def _word(chart: Chart, verdict: str, draft: Draft) -> str:
    """The key of the words for an answer: with weak kidneys a drug that nothing rules out is a specialist's to give."""
    if verdict == "later" and draft.start and draft.start > chart.today:
        return "verdict.from"
    weak = verdict in ("yes", "care") and renal(chart).below(chart.numbers.egfr_specialist)
    return "verdict.specialist" if weak else f"verdict.{verdict}"


def _verdict(chart: Chart, checks: Sequence[Check], told: Sequence[Finding], draft: Draft) -> str:
    """The answer before its reasons. "No" where a check rules the drug out; "not yet" where it is to begin later, where what
    speaks against it can be put right, or where an order on the desk rests on what nobody knows."""
    results = {check.result for check in checks}
    if "stop" in results:
        return "no"
    warned = [finding for finding in told if finding.indicator is not INFO]
    waits = draft.start is not None and draft.start > chart.today
    if waits or any(f.correctable for f in warned) or ("unknown" in results and not draft.proposed):
        return "later"
    return "care" if results != {"ok"} else "yes"


def _values(chart: Chart, drug: Drug | None, told: Sequence[Finding], language: str) -> Iterator[Check]:
    """Kidneys, calcium and 25(OH)D, each with its newest value that counts."""
    kidneys, reading, level = renal(chart), calcium(chart), vitamin_d(chart)
    n = chart.numbers
    fired = frozenset(finding.code for finding in told)
    limit = drug_limit(n, drug) if drug else 0
    low = kidneys.below(limit or n.egfr_specialist)
    odd = None if reading is None else bool(reading.low or reading.high)
    lack = None if level is None else level.below(n.vitamin_d_deficient) or vitamin_d_excess(chart) is not None
    told_by = _resting_on(fired & _MINERALS, odd, lack)
    renal_note = (
        say("safe.limit", language, limit=num(limit))
        if limit
        else say("safe.specialist", language, limit=num(n.egfr_specialist))
    )
    key = "egfr" if kidneys.lowest is None else kidneys.lowest.key
    yield _value(key, kidneys.lowest, _tone(told, (fired & _KIDNEYS) | told_by["kidneys"], low), language, renal_note)
    key = "calcium" if reading is None else reading.value.key
    told_of = told_by["calcium"] | (fired & _EMERGENCIES)
    value, note = (None, "") if reading is None else (reading.value, _range(chart, reading.value, language))
    if odd and drug and not told_of:
        note += say("safe.apart", language)
    yield _value(key, value, _tone(told, told_of, odd), language, note)
    note = say("safe.limit", language, limit=like(n.vitamin_d_deficient, level).value) if level else ""
    yield _value("vitamin-d", level, _tone(told, told_by["vitamin-d"], lack), language, note)
    if failing(chart):
        yield _dialysis(chart, language)
        yield _parathyroid(chart, language)


def _dialysis(chart: Chart, language: str) -> Check:
    """In kidney failure the first that nephrology asks."""
    title, found = say("safe.dialysis", language), chart.active_problem("dialysis")
    if found is None:
        return Check(title=title, result="unknown", said=say("safe.none", language))
    when = day(found.dated, language) if found.dated else ""
    refs = (found.source,) if found.source else ()
    return Check(title=title, result="warn", said=say("safe.on-record", language), day=when, refs=refs)


def _parathyroid(chart: Chart, language: str) -> Check:
    """In kidney failure PTH decides whether what slows turnover does harm."""
    newest, low = chart.newest("pth", since=chart.months_ago(chart.numbers.work_up_window_months)), low_turnover(chart)
    if newest is None:
        return _value("pth", None, "unknown", language)
    least, most = (like(limit, newest).value for limit in dialysis_range(chart, newest))
    note = say("safe.turnover" if low else "safe.range", language, low=least, high=most)
    return _value("pth", newest, "warn" if low or very_high_pth(chart) else "ok", language, note)


def _range(chart: Chart, value: Measurement, language: str) -> str:
    low, high = calcium_range(chart.numbers, value)
    return say("safe.range", language, low=like(low, value).value, high=like(high, value).value)


def _resting_on(codes: frozenset[str], odd: bool | None, lack: bool | None) -> Mapping[str, frozenset[str]]:
    """Which value the checks of calcium speak of: calcium or 25(OH)D where that is wrong or missing, else the kidneys."""
    calcium_speaks = odd is not False
    level_speaks = lack is not False
    return {
        "calcium": codes if calcium_speaks else frozenset(),
        "vitamin-d": codes if level_speaks and not calcium_speaks else frozenset(),
        "kidneys": codes if not calcium_speaks and not level_speaks else frozenset(),
    }


def _tone(told: Sequence[Finding], codes: Collection[str], low: bool | None) -> str:
    """What the checks say that rest on a value; where none spoke, whether it is beyond its limit."""
    if any(f.code in codes and f.indicator is CRITICAL for f in told):
        return "stop"
    if codes or low:
        return "warn"
    return "unknown" if low is None else "ok"


def _value(key: str, value: Measurement | None, result: str, language: str, note: str = "") -> Check:
    title = capital(ANALYTES[key].name[language])
    if value is None:
        return Check(title=title, result=result, said=say("safe.none", language))
    fact = facts.measured(value)
    refs = (value.source,) if value.source else ()
    said = value_of(fact, language) + note
    return Check(title=title, result=result, said=said, day=dated(value, language), refs=refs)


def _taken(stops: Sequence[Course], language: str) -> Iterator[Check]:
    """What the order would end, where nothing shows that it is taken still."""
    for course in stops:
        if course.unconfirmed:
            title = say("safe.taken", language, drug=capital(name(course.drug, language)))
            said = say("safe.unconfirmed", language, months=course.unconfirmed)
            yield Check(title=title, result="unknown", said=said, refs=course.sources)


def _record(
    chart: Chart, told: Sequence[Finding], results: Mapping[str, Result], language: str, stops: frozenset[str]
) -> Iterator[Check]:
    """The checks that rest on what else is on record: those that speak first."""
    rank = {Result.FIRED: 0, Result.NOT_RUN: 1, Result.NOT_JUDGED: 1, Result.NO_OBJECTION: 2}
    for code, result in sorted(results.items(), key=lambda item: rank[item[1]]):
        if code in _KIDNEYS | _MINERALS and result is not Result.NOT_RUN:
            continue
        title = all_cards()[code].title[language]
        finding = next((f for f in told if f.code == code), None)
        if finding is None:
            word = {Result.NO_OBJECTION: "ok"}.get(result, "unknown")
            yield replace(_looked_at(chart, code, language), title=title, code=code, result=word)
            continue
        because = [fact for fact in finding.facts if not fact.brief and fact.source != finding_draft(finding)]
        said = "; ".join(dict.fromkeys(clean(fact.name[language]) for fact in because[:2]))
        if code in _DUPLICATES and stops:  # the order itself ends what it would double
            said = say("safe.stops", language, drugs=listed([name(key, language, DRUGS) for key in sorted(stops)], language))
        dated = next((day(fact.dated, language) for fact in because if fact.dated), "")
        refs = tuple(fact.source for fact in because if fact.source)
        result_word = "stop" if finding.indicator is CRITICAL else "warn" if finding.indicator is not INFO else "ok"
        yield Check(title=title, code=code, result=result_word, said=said, day=dated, refs=refs)


def _looked_at(chart: Chart, code: str, language: str) -> Check:
    """What a check that has no objection looked at, where it is one thing with a day."""
    hip = after_hip_fracture(chart) if code == _AFTER_HIP else None
    if hip is None:
        return Check(title="", result="")
    fact = facts.fracture(hip.fracture)
    refs = (fact.source,) if fact.source else ()
    return Check(title="", result="", said=clean(fact.name[language]), day=day(hip.fracture.dated, language), refs=refs)


def finding_draft(finding: Finding) -> str:
    return finding.about.id if finding.about else ""
