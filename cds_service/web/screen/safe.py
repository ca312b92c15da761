"""Is it safe? Every check of the drug that comes first, with the value and the day that it rests on, also where all is well."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Course, Draft, facts
from cards.chart.facts import said
from cards.definitions.hip import after_hip_fracture
from cards.definitions.kidney import renal
from cards.engine.catalog import all_cards, safety_checks
from cards.engine.checked import Result, checked
from cards.engine.findings import CRITICAL, INFO, Finding, Option
from cards.engine.run import run
from cards.engine.trial import work_up
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS, Drug
from cards.words.phrases import capital, clean, day, listed, name, phrase
from cds_service.web.screen.measured import SHOWN_ABOVE, Check, values_of
from cds_service.web.screen.plan import Accepted, first_drug, step_before
from cds_service.web.words import say

_DUPLICATES = frozenset({"same-class-duplicate"})
_AFTER_HIP = "zoledronate-timing"
_WORK_UP = "secondary-causes"
_LOOKED_FOR = {"dental-check": "referral-dentist"}
"""Checks of what nobody writes down unless somebody looked, and the service that shows it."""
_TOLD = 2
"""How many values a check names."""


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
        proposed = {each.draft.id: each.option for each in taken_up}
        judged_drafts = (
            (draft, _judged(chart, draft, draft.drug, language, off, proposed.get(draft.id))) for draft in drafts if draft.drug
        )
        return [_asking(judged, language) if draft.id in asking else judged for draft, judged in judged_drafts]
    option = first_drug(findings)
    if option is None:
        return [Safe(checks=[*values_of(chart, None, findings, language)])]
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
    checks = [*values_of(chart, drug, told, language), *_taken(stops, language)]
    checks += _record(chart, told, results, language, frozenset(course.drug.key for course in stops))
    verdict = _verdict(chart, checks, told, draft, known=draft.proposed or option is not None)
    word = say(_word(chart, verdict, draft), language, day=day(draft.start, language) if draft.start else "")
    return Safe(drug=name(drug, language), checks=checks, verdict=verdict, word=word)


def _word(chart: Chart, verdict: str, draft: Draft) -> str:
    """The key of the words for an answer: with weak kidneys a drug that nothing rules out is a specialist's to give."""
    if verdict == "later" and draft.start and draft.start > chart.today:
        return "verdict.from"
    weak = verdict in ("yes", "care") and renal(chart).below(chart.numbers.egfr_specialist)
    return "verdict.specialist" if weak else f"verdict.{verdict}"


def _verdict(chart: Chart, checks: Sequence[Check], told: Sequence[Finding], draft: Draft, *, known: bool) -> str:
    """The answer before its reasons. "No" where a check rules the drug out; "not yet" where it is to begin later, where what
    speaks against it can be put right, or where an order on the desk rests on what nobody knows (``known``: a card
    proposed it, and says what to ask)."""
    results = {check.result for check in checks} - {"ask"}
    if "stop" in results:
        return "no"
    warned = [finding for finding in told if finding.indicator is not INFO]
    waits = draft.start is not None and draft.start > chart.today
    if waits or any(f.correctable for f in warned) or ("unknown" in results and not known):
        return "later"
    return "care" if results != {"ok"} else "yes"


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
        if code in SHOWN_ABOVE and result is not Result.NOT_RUN:
            continue
        title = all_cards()[code].title[language]
        finding = next((f for f in told if f.code == code), None)
        if finding is None:
            word = {Result.NO_OBJECTION: "ok"}.get(result, "unknown")
            if word == "ok" and _unseen(chart, code):
                yield Check(title=title, code=code, result="ask", said=say("safe.unasked", language))
                continue
            yield replace(_looked_at(chart, code, language), title=title, code=code, result=word)
            continue
        because = [fact for fact in finding.facts if not fact.brief and fact.source != finding_draft(finding)]
        said = "; ".join(dict.fromkeys(clean(fact.name[language]) for fact in because[:2]))
        ends = code in _DUPLICATES and stops
        if ends:  # the order itself ends what it would double
            said = say("safe.stops", language, drugs=listed([name(key, language, DRUGS) for key in sorted(stops)], language))
        dated = "" if ends else next((day(fact.dated, language) for fact in because if fact.dated), "")
        refs = tuple(fact.source for fact in because if fact.source)
        result_word = "stop" if finding.indicator is CRITICAL else "warn" if finding.indicator is not INFO else "ok"
        yield Check(title=title, code=code, result=result_word, said=said, day=dated, refs=refs)


def _unseen(chart: Chart, code: str) -> bool:
    """Whether the silence of a check says nothing: what it looks for is on record only once somebody has looked."""
    service = _LOOKED_FOR.get(code)
    return service is not None and chart.done(service, since=chart.months_ago(chart.numbers.yearly_months)) is None


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
