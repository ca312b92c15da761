"""What an option is called, in English and Chinese: the label of its button, of its actions, and what must come first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from cards.chart import Chart, Course, Draft
from cards.definitions.accepted import ACCEPTED
from cards.definitions.basket import dose
from cards.engine.findings import Option
from cards.vocabulary import DRUGS, SERVICES
from cards.vocabulary.regimens import for_drug
from cards.words import phrases
from cards.words.phrases import phrase
from cards.words.templates import block

__all__ = ["condition_of", "described", "draft_called", "label", "named", "what"]

_COLON = re.compile(r": |：")


def label(option: Option, language: str, chart: Chart) -> str:
    """What the button of a suggestion says, as plain text: the condition first, then what ends with it, the start date last.

    ``option.label`` selects a phrase of the [option] table other than the default for the option's kind.
    """
    drafts = phrases.listed([_draft(each, option, language, chart) for each in option.replaces] or [""], language)
    text = phrase("option", option.label or _kind_of(option), language, what=what(option, language), draft=drafts)
    stopped = _names(option.stops, language) if option.stops else ""
    now = option.stop_now and _waits(option, language, chart)
    if option.stops and not now:
        text = phrase("option", "stop", language, stopped=stopped, label=text)
    text = _qualified(_placed(text, option, language, chart), option, language, chart)
    return phrases.capital(phrase("option", "stop-now", language, stopped=stopped, label=text) if now else text)


def named(option: Option, language: str, chart: Chart) -> str:
    """The drug of an option, with what must come first."""
    name = phrases.name(option.key, language, DRUGS)
    condition = condition_of(option, language, chart)
    return phrase("option", "named", language, what=name, condition=phrases.plain(condition)) if condition else name


def described(
    action: str, option: Option, language: str, chart: Chart, *, places: bool, by_hand: Collection[Course] = ()
) -> str:
    """What one action of an option does, as plain text, with all that it depends on: some EHRs show the actions and not the
    button. ``places``: it places the order, so that when to begin, how soon and what ends with it belong to it; ``by_hand``:
    what no action ends."""
    now = option.stop_now and _waits(option, language, chart)
    if now and not places:  # what ends does not wait for what the drug waits for
        return phrases.capital(action)
    if places and not now:
        action = _ending(action, option, language, by_hand)
    if places:
        action = _placed(action, option, language, chart)
    action = _qualified(action, option, language, chart)
    if places and now:
        action = phrase("option", "stop-now", language, stopped=_names(option.stops, language), label=action)
        if by_hand:
            action = phrase("action", "and-end", language, stopped=_names(by_hand, language), label=action)
    return phrases.capital(action)


def _ending(action: str, option: Option, language: str, by_hand: Collection[Course]) -> str:
    """With what ends: by an action of its own, or by hand."""
    for key, courses in (
        ("and-stop", [course for course in option.stops if course not in by_hand]),
        ("and-end", [course for course in option.stops if course in by_hand]),
    ):
        if courses:
            action = phrase("action", key, language, stopped=_names(courses, language), label=action)
    return action


def _waits(option: Option, language: str, chart: Chart) -> bool:
    """Whether something that ends with an option would wait for what the option itself waits for."""
    later = option.start is not None and option.start > chart.today
    return bool(option.stops) and (later or bool(condition_of(option, language, chart)))


def _names(courses: Iterable[Course], language: str) -> str:
    return phrases.listed([phrases.name(course.drug, language) for course in courses], language)


def _placed(text: str, option: Option, language: str, chart: Chart) -> str:
    """With the day on which an order begins, and how soon it is wanted."""
    if option.start is not None and option.start > chart.today:
        text = phrase("option", "start", language, label=text, day=phrases.day(option.start, language))
    return phrase("option", "urgent", language, label=text) if option.urgent else text


def _qualified(text: str, option: Option, language: str, chart: Chart) -> str:
    """With what must come first, or beside it."""
    if option.unless_operated:
        text = phrase("option", "unless-operated", language, label=text)
    if option.meanwhile:
        text = phrase("option", "meanwhile", language, label=text, what=phrase("work-up", option.meanwhile, language))
    if condition := condition_of(option, language, chart):
        key = "condition"
        if _COLON.search(text):  # one is enough
            key, text = "condition-of", text[:1].lower() + text[1:]
        text = phrase("option", key, language, condition=phrases.plain(condition), label=text)
    return text


def _draft(draft: Draft, option: Option, language: str, chart: Chart) -> str:
    """What a button calls a draft: with its dose where it only removes it."""
    return draft_called(draft, language, chart) if option.kind == "discard" else phrases.name(draft, language)


def draft_called(draft: Draft, language: str, chart: Chart) -> str:
    """A draft with its dose, where that is known, since the basket may hold another of the drug."""
    name = phrases.name(draft, language)
    plain = draft.drug is not None and not draft.drug.oncologic and not draft.product
    told = dose(chart, draft) if plain else None
    return f"{name} {told[language]}" if told else name


def condition_of(option: Option, language: str, chart: Chart) -> str:
    """What must come first; "" where nothing must. A button, its actions and the card say it: it is put into words once."""
    if not (option.after or option.first or option.provided or option.condition):
        return ""
    question = (condition_of, id(option), language)
    known = chart.known.get(question)
    if known is None or known[0] is not option:
        known = chart.known[question] = (option, _in_words(option, language, chart))
    told: str = known[1]
    return told


def _in_words(option: Option, language: str, chart: Chart) -> str:
    conditions = [phrase("work-up-after", option.after, language)] if option.after else []
    conditions += [phrase("first", option.first, language)] if option.first else []
    conditions += [phrase("provided", option.provided, language)] if option.provided else []
    conditions += filter(None, (block(each, "condition", language, chart) for each in option.condition))
    return phrases.joined(dict.fromkeys(conditions), "condition", language)


def _kind_of(option: Option) -> str:
    """The phrase of the [option] table that fits an option."""
    if option.kind == "drug" and option.replaces:
        return "drug-instead"
    return "referral" if option.key.startswith("referral-") else option.kind


def what(option: Option, language: str) -> str:
    """What an option proposes, as plain text: a regimen, the name of a test or problem; "" for a discard."""
    if option.kind == "drug":
        return for_drug(option.regimen or option.key).label[language]
    if option.kind == "mend":
        return ACCEPTED[option.regimen].label[language]
    if option.kind == "service":
        return SERVICES[option.key][language]
    return phrase("problem", option.key, language) if option.kind == "problem" else ""
