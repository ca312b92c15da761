"""What happened on a day: fractures, falls, scores; and what was taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from cards.chart import Chart, Course, Fracture
from cards.chart.calendar import add_days, add_months
from cards.engine.findings import Finding, Option
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DRUGS, FRACTURE_SITES, PROBLEMS
from cards.words.options import what
from cards.words.phrases import capital, day, unit
from cds_service.web.screen.marks import Mark, Strip, iso, measured
from cds_service.web.screen.plan import first_drug
from cds_service.web.words import say

_SCORES = ("height", "frax-major", "frax-hip", "falls", "morse", "berg", "tug", "pain-nrs", "pain-vas", "barthel", "odi")
_FALLS = ("fall", "recurrent-falls")
_TABLETS_AHEAD = 12
"""Months for which a course that is proposed is drawn where it has no end of its own."""


def fractures(chart: Chart, language: str) -> Iterator[Strip]:
    """Fragility fractures; one without a day stands in the label."""
    if not chart.fractures:
        return
    undated = [_site(each, language) for each in chart.fractures if each.when is None]
    yield Strip(
        key="fractures",
        label=say("strip.fractures", language),
        newest=say("strip.undated", language, what=", ".join(undated)) if undated else "",
        tone="bad",
        marks=_counted([_fracture(each, language) for each in chart.fractures]),
    )


def _counted(marks: list[Mark]) -> list[Mark]:
    """The words of several alike on one day stand there once, with their number."""
    seen: dict[tuple[str, str], Mark] = {}
    for mark in marks:
        first = seen.setdefault((mark.date, mark.title), mark)
        if first is not mark:
            mark.text = ""
            first.text = f"{first.title} ×{sum(m.date == mark.date and m.title == mark.title for m in marks)}"
    return marks


def _fracture(fracture: Fracture, language: str) -> Mark:
    return Mark(
        kind="fracture",
        title=_site(fracture, language),
        date=iso(fracture.when),
        day=day(fracture.dated, language) if fracture.when else say("timeline.undated", language),
        note=say("fracture.presumed", language) if fracture.presumed else "",
        tone="bad",
        text=_site(fracture, language),
        refs=(fracture.source,) if fracture.source else (),
    )


def _site(fracture: Fracture, language: str) -> str:
    site = capital(FRACTURE_SITES[fracture.site][language])
    return f"{site} {fracture.level}".strip()


def falls(chart: Chart, language: str) -> Iterator[Strip]:
    """Falls on record, each on its day."""
    found = [problem for key in _FALLS for problem in chart.problems.get(key, ()) if problem.when]
    marks = [
        Mark(
            kind="event",
            title=capital(PROBLEMS[each.key][language]),
            date=iso(each.when),
            day=day(each.dated, language),
            refs=(each.source,) if each.source else (),
        )
        for each in found
    ]
    if marks:
        yield Strip(key="falls", label=say("strip.falls", language), marks=marks)


def scores(chart: Chart, language: str) -> Iterator[Strip]:
    """What was measured more than once on a strip of its own; the others together, by their words."""
    once = []
    for key in _SCORES:
        marks = [measured(each, language) for each in reversed(chart.values(key))]
        if len(marks) > 1:
            name, unit_ = capital(ANALYTES[key].name[language]), unit(ANALYTES[key].unit, language)
            yield Strip(key=key, label=name, kind="line", unit=unit_, marks=marks)
        for mark in marks if len(marks) == 1 else ():
            mark.kind = "chip"
            once.append(mark)
    if once:
        yield Strip(key="scores", label=say("strip.scores", language), kind="chips", marks=once)


# -- drugs ------------------------------------------------------------------------------------------------------------


def treatment(chart: Chart, findings: Sequence[Finding], language: str) -> Iterator[Strip]:
    """A strip for each drug: doses, cover, gaps, what is on the desk, and dashed the course that is proposed."""
    proposed = first_drug(findings)
    drafts = {draft.drug.key for draft in chart.drafts if draft.drug}
    shown = set()
    for course in _sorted(chart.drug_courses.values()):
        shown.add(course.drug.key)
        strip = _course(course, chart, language)
        strip.marks += _ahead(chart, course.drug.key, proposed, language)
        yield strip
    for key in dict.fromkeys([*sorted(drafts), *([proposed.key] if proposed else [])]):
        if key not in shown:
            yield Strip(
                key=f"drug-{key}",
                label=capital(DRUGS[key].name[language]),
                newest=say(_standing(key in drafts, proposed), language),
                marks=[*_ahead(chart, key, proposed, language)],
            )


def _standing(drafted: bool, proposed: Option | None) -> str:
    if drafted:
        return "course.draft"
    return f"course.{_word(proposed)}" if proposed is not None else "course.unknown"


def _ahead(chart: Chart, key: str, proposed: Option | None, language: str) -> Iterator[Mark]:
    drug = DRUGS[key]
    months = drug.covers_months or _TABLETS_AHEAD
    for draft in chart.drafts:
        if draft.drug is not None and draft.drug.key == key:
            kind = "draft" if drug.mechanism in ANTI_OSTEOPOROSIS else "draft-other"
            start = max(draft.start or chart.today, chart.today)
            yield _span(kind, start, months, say("course.draft", language), language, draft.id)
    if proposed is not None and proposed.key == key and not any(d.drug and d.drug.key == key for d in chart.drafts):
        start = max(proposed.start or chart.today, chart.today)
        yield _span("planned", start, months, say(f"mark.{_word(proposed)}", language, what=what(proposed, language)), language)


def _word(option: Option) -> str:
    if option.start is None and (option.after or option.condition) and not option.recommended:
        return "waits"
    return "proposed" if option.recommended else "possible"


def _span(kind: str, start: date, months: int, title: str, language: str, source: str = "") -> Mark:
    end = add_months(start, months)
    return Mark(
        kind=kind,
        title=title,
        date=iso(start),
        until=iso(end),
        day=say("mark.span", language, start=day(start, language), end=day(end, language)),
        refs=(source,) if source else (),
    )


def _sorted(courses: Iterable[Course]) -> list[Course]:
    """Drugs for osteoporosis first, each group in the order in which they were begun."""
    return sorted(courses, key=lambda c: (c.drug.mechanism not in ANTI_OSTEOPOROSIS, c.start or c.last_dose or date.max))


def _course(course: Course, chart: Chart, language: str) -> Strip:
    name = capital(course.drug.name[language])
    covered = chart.today if course.covered_until == date.max else course.covered_until
    bone = course.drug.mechanism in ANTI_OSTEOPOROSIS
    unknown = course.drug.covers_months is not None and not course.doses
    marks = [
        Mark(
            kind="cover" if bone and not unknown else "other",
            title=name,
            date=iso(start),
            until=iso(end),
            day=say("mark.span", language, start=day(start, language), end=day(end, language)),
            note=say("timeline.assumed", language) if course.last_dose_basis in ("order", "statement") else "",
            refs=course.sources,
        )
        for start, end in _spans(course, covered)
    ]
    marks += [
        Mark(
            kind="dose",
            title=name,
            date=iso(each),
            day=day(each, language),
            said=say("timeline.dose", language),
            refs=course.sources,
        )
        for each in course.doses
    ]
    state, tone = say("course.no-dose" if unknown else _state(course, chart), language), ""
    for start, end in _gaps(course, chart):
        until = day(end, language) if end < chart.today else say("timeline.today", language)
        marks.append(
            Mark(
                kind="gap",
                title=say("mark.gap", language, drug=name),
                date=iso(start),
                until=iso(end),
                day=say("mark.span", language, start=day(start, language), end=until),
                tone="bad",
                text=say("mark.no-cover", language),
            )
        )
        if end >= chart.today:
            state, tone = say("timeline.gap", language, day=day(start, language)), "bad"
    if not tone and course.drug.covers_months and bone and covered:
        state = f"{state} · {say('timeline.covered', language, day=day(covered, language))}"
    if not marks:
        marks = [Mark(kind="other", title=name, day=say("timeline.undated", language), said=state, refs=course.sources)]
    return Strip(key=f"drug-{course.drug.key}", label=name, newest=state, tone=tone, marks=marks)


def _spans(course: Course, covered: date | None) -> list[tuple[date, date]]:
    """The times during which the drug worked, those that touch put together."""
    given = list(course.spans)
    if course.drug.covers_months is not None and course.doses:
        given = [(each, add_months(each, course.drug.covers_months)) for each in course.doses]
    elif not given and course.start and (end := course.end or covered):
        given = [(course.start, end)]
    if given and course.active and course.covered_until == date.max and covered:
        last = max(given)
        given = [*(each for each in given if each != last), (last[0], max(last[1], covered))]
    merged: list[tuple[date, date]] = []
    for start, end in sorted(given):
        if merged and start <= add_days(merged[-1][1], 1):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [(a, b) for a, b in merged if a <= b]


def _gaps(course: Course, chart: Chart) -> Iterator[tuple[date, date]]:
    """The times between injections against osteoporosis, longer than the grace, during which nothing of the kind worked; and
    since the last, where nothing took over."""
    if course.drug.covers_months is None or course.drug.mechanism not in ANTI_OSTEOPOROSIS or course.drug.oncologic:
        return
    others = [
        span
        for other in chart.courses(ANTI_OSTEOPOROSIS)
        if other is not course
        for span in _spans(other, chart.today if other.covered_until == date.max else other.covered_until)
    ]
    spans = _spans(course, course.covered_until)
    if not spans:
        return
    grace = chart.numbers.denosumab_grace_days
    ends = [*(start for start, _ in spans[1:]), chart.today]
    for (_, lapsed), until in zip(spans, ends, strict=True):
        late = add_days(lapsed, grace) < until if until < chart.today else lapsed < until
        if late and not any(a <= until and b > lapsed for a, b in others):
            yield lapsed, until


def _state(course: Course, chart: Chart) -> str:
    if course.stopped:
        return "course.stopped"
    if course.active or course.on_treatment(chart.today):
        return "course.listed" if course.unconfirmed and course.drug.covers_months is None else "course.running"
    return "course.lapsed" if course.ended(chart.today) else "course.unknown"
