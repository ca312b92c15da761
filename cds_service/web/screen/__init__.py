"""The whole patient on one screen, as plain JSON with every text in the reader's language: one picture, a decision bar.

Made from the chart, from what the rules found on it, and from the declared numbers; the page only draws it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from cards.chart import Chart
from cards.definitions.density import lowest_t
from cards.definitions.risk import risk
from cards.engine.findings import WARNING, Finding, Option
from cards.engine.trial import work_up
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS, Drug
from cards.words.options import condition_of, draft_called, label, named
from cards.words.phrases import day, listed, phrase
from cards.words.summary import headline
from cds_service.hooks.cards import evidence
from cds_service.web.screen import events, plan, values
from cds_service.web.screen.ahead import ahead
from cds_service.web.screen.ahead import strip as ahead_strip
from cds_service.web.screen.lights import asked, deciding, key_of, lights
from cds_service.web.screen.marks import Group, Strip
from cds_service.web.screen.safe import safe
from cds_service.web.words import say

Json = dict[str, Any]

_YEAR = 366
_LEAST_BACK, _MOST_BACK = 2 * _YEAR, 15 * _YEAR
_LEAST_AHEAD, _MOST_AHEAD = _YEAR // 2, 2 * _YEAR
_SHARE_AHEAD = 0.27
"""At least this part of the axis lies ahead of today, so that what is due has room for its words."""


def screen(
    chart: Chart, findings: Sequence[Finding], language: str, off: Container[str] = (), *, also: Sequence[Finding] = ()
) -> Json:
    """The picture (``groups`` on the axis ``domain``), what each piece of evidence lights on it (``lights``), what a
    card without any does (``asks``), the ``risk`` in words, and the bar: ``safe``, ``next``, the label of the first ``order``,
    what comes before it today (``lead``), the first ``step``, whether it is ``asked`` for before the order, the cards that are
    ``holding`` drugs back, and the ``heads`` that a card cuts short.
    ``off``: cards that the site switched off; ``also``: findings that are decided upon, and have their light.
    Dates are ISO 8601."""
    told = [each for finding in (*findings, *also) for each in evidence(finding, language)]
    taken_up = plan.accepted(chart, also, language)
    following = ahead(chart, findings, language, taken_up)
    groups = [group for group in _groups(chart, findings, following, language) if group.strips]
    due = asked([*findings, *also], groups, language)
    drawn_for_orders = [mark for some in due.values() for mark in some]
    if (rest := deciding(groups, told, drawn_for_orders, language, _off(chart, language))) is not None:
        groups.append(Group(key="deciding", title="", strips=[rest]))
    marks = [mark for group in groups for strip in group.strips for mark in strip.marks]
    for place, mark in enumerate(marks):
        mark.id = f"m{place}"
    drawn: Json = {
        "today": chart.today,
        "age": chart.age,
        "sex": chart.patient.sex,
        "risk": _risk(chart, language),
        "domain": _domain(
            chart.today, [day for mark in marks if mark.kind != "chip" for day in (mark.date, mark.until) if day]
        ),
        "groups": groups,
        "lights": lights(groups, told),
        "asks": {code: [mark.id for mark in some] for code, some in due.items()},
        "safe": safe(chart, findings, language, off, taken_up=taken_up),
        "next": following,
        "order": _order(chart, findings, language),
        "heads": _whole(chart, findings, language),
        "lead": _lead(chart, findings, language),
        "holding": plan.holding(findings),
        "step": plan.step(chart, findings, language),
        "asked": bool(plan.step_before(chart, findings, language)),
        "names": _names(chart, findings, language),
        "drafts": {draft.id: draft_called(draft, language, chart) for draft in (*chart.drafts, *chart.beside) if draft.drug},
    }
    return dict(msgspec.to_builtins(drawn))


def _risk(chart: Chart, language: str) -> str:
    """Why this patient is treated, in a few words; "" where the fracture risk is not high."""
    found = risk(chart)
    if not found.high:
        return ""
    listed_on = chart.problem("osteoporosis") if found.reasons == ("osteoporosis",) else None
    if listed_on is not None and not chart.fractures and lowest_t(chart) is None:
        when = day(listed_on.dated, language) if listed_on.dated else ""
        return say("risk.listed" if when else "risk.listed-undated", language, day=when)
    reasons = listed([phrase("reason", each, language) for each in found.reasons], language)
    return say("risk.very-high" if found.very_high else "risk.high", language, reasons=reasons)


def _whole(chart: Chart, findings: Sequence[Finding], language: str) -> Json:
    """By the line of a card, what it would have said with more room."""
    told = (headline(finding, language, chart) for finding in findings)
    return {short: whole for short, whole in told if short != whole}


def _off(chart: Chart, language: str) -> frozenset[str]:
    """The values for which the work-up holds or drops drugs, by the key of their evidence."""
    facts = tuple(dict.fromkeys(fact for row in work_up(chart) if row.values or row.drops for fact in row.evidence))
    return frozenset(key_of(each) for each in evidence(Finding(indicator=WARNING, facts=facts), language))


def _names(chart: Chart, findings: Sequence[Finding], language: str) -> Json:
    """By the label of an option that is a drug, the drug's name, with what must come first and, where it is not to begin
    today, the day."""
    options = (option for finding in findings for option in finding.options if option.kind in ("drug", "mend"))
    return {label(option, language, chart): _called(option, language, chart) for option in options}


def _called(option: Option, language: str, chart: Chart) -> str:
    name = named(option, language, chart)
    if condition_of(option, language, chart) or option.start is None or option.start <= chart.today:
        return name
    return say("bar.from", language, what=name, day=day(option.start, language))


def _order(chart: Chart, findings: Sequence[Finding], language: str) -> str:
    """The label of the first order, which may stand in another card."""
    order = plan.first_order(findings, chart.today)
    return label(order, language, chart) if order else ""


def _lead(chart: Chart, findings: Sequence[Finding], language: str) -> Json:
    """Of the card that comes today, before the first order: its line, and the label of its order."""
    found = plan.lead(findings, chart.today)
    if found is None:
        return {}
    return {"head": headline(found.finding, language, chart)[0], "order": label(found.order, language, chart)}


def _groups(chart: Chart, findings: Sequence[Finding], following: Sequence[Any], language: str) -> Iterator[Group]:
    drugs = _in_question(chart, findings)
    upcoming = ahead_strip(following, language)
    for key, strips in (
        ("ahead", [upcoming] if upcoming else []),
        ("treatment", events.treatment(chart, findings, language)),
        ("fractures", (*events.fractures(chart, language), *events.falls(chart, language))),
        ("density", values.density(chart, language)),
        ("turnover", values.turnover(chart, language)),
        ("minerals", values.minerals(chart, drugs, language)),
        ("scores", events.scores(chart, language)),
    ):
        yield Group(key=key, title=say(f"group.{key}", language), strips=[*_some(strips)])


def _some(strips: Any) -> Iterator[Strip]:
    return (strip for strip in strips if strip.marks)


def _in_question(chart: Chart, findings: Sequence[Finding]) -> list[Drug]:
    """The drugs against osteoporosis whose limits matter now: on the desk, proposed, left out, or being taken."""
    drafted = [draft.drug for draft in chart.drafted(ANTI_OSTEOPOROSIS) if draft.drug]
    keys = [o.key for f in findings for o in f.options if o.kind in ("drug", "mend")]
    keys += [dropped.key for f in findings for dropped in f.dropped]
    named = [DRUGS[key] for key in keys if key in DRUGS and DRUGS[key].mechanism in ANTI_OSTEOPOROSIS]
    running = [c.drug for c in chart.courses(ANTI_OSTEOPOROSIS) if c.active or c.on_treatment(chart.today)]
    return list(dict.fromkeys([*drafted, *named, *running]))


def _domain(today: date, days: Sequence[str]) -> list[str]:
    """From the first to the last day that something is told of, with room ahead of today."""
    found = [date.fromisoformat(each) for each in days]
    back = min(max((today - min(found, default=today)).days, _LEAST_BACK), _MOST_BACK)
    last = (max(found, default=today) - today).days
    least = max(_LEAST_AHEAD, int(back * _SHARE_AHEAD / (1 - _SHARE_AHEAD)))
    ahead_days = max(least, min(last, _MOST_AHEAD))
    margin = back // 40
    return [(today - timedelta(days=back + margin)).isoformat(), (today + timedelta(days=ahead_days + margin)).isoformat()]
