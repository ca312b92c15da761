"""What a card rests on, found on the picture; of a card that rests on nothing but what is due, what it would have done. What is
drawn nowhere becomes a mark of its own: such a card does not stay dark."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import date
from typing import Any

from cards.engine.findings import Finding
from cards.words import phrases
from cards.words.options import what
from cds_service.hooks.cards import evidence as evidence_of
from cds_service.web.screen.marks import Group, Mark, Strip
from cds_service.web.words import say

Json = dict[str, Any]


def key_of(evidence: Json) -> str:
    """One piece of evidence as it stands on the wire, by what tells it from others. The page makes the same key."""
    return "|".join(str(evidence.get(part, "")) for part in ("label", "date", "reference"))


def deciding(
    groups: Sequence[Group], told: Iterable[Json], due: Iterable[Mark], language: str, off: Container[str] = ()
) -> Strip | None:
    """The evidence that the picture does not show yet: problems, allergies, age, orders; and what of ``due`` it does not.
    ``off``: the keys of values that are another disease until they are clarified."""
    drawn = [mark for group in groups for strip in group.strips for mark in strip.marks]
    marks: dict[str, Mark] = {}
    for each in told:
        if not lit(each, drawn):
            marks.setdefault(key_of(each), _chip(each, language, tone="bad" if key_of(each) in off else ""))
    shown = [*marks.values(), *{each.title: each for each in due if each not in drawn}.values()]
    return Strip(key="deciding", label=say("strip.deciding", language), kind="chips", marks=shown) if shown else None


_SHOWN_BY = {
    "dxa": ("t-score",),
    "vertebral-imaging": ("fractures",),
    "spine-mri": ("fractures",),
    "spine-ct": ("fractures",),
    "creatinine": ("kidney",),
    "calcium": ("calcium", "calcium-ionized"),
    "assess-fall-risk": ("falls",),
}
"""The strips on which it shows what was found when a service was last done; of others, the strip of the same key."""


def asked(findings: Sequence[Finding], groups: Sequence[Group], language: str) -> dict[str, list[Mark]]:
    """By card without evidence, what stands for its orders: the newest thing on their strip, else a mark that is yet to be
    drawn."""
    strips = {strip.key: strip.marks for group in groups for strip in group.strips}
    found: dict[str, list[Mark]] = {}
    new: dict[str, Mark] = {}
    for finding in findings:
        for option in () if evidence_of(finding, language) else finding.options:
            drawn = [strips[key][-1] for key in _SHOWN_BY.get(option.key, (option.key,)) if key in strips]
            title = phrases.capital(what(option, language))
            chip = new.setdefault(title, Mark(kind="chip", title=title, said=say("lights.due", language)))
            found.setdefault(finding.code, []).extend(drawn or [chip])
    return found


def _chip(evidence: Json, language: str, tone: str) -> Mark:
    value = evidence.get("value")
    number = f"{value:g}".replace("-", "−") if isinstance(value, int | float) else str(value or "")
    said = f"{number} {phrases.unit(evidence.get('unit', ''), language)}".strip()
    if not said and not evidence.get("reference") and not evidence.get("date"):
        said = say("safe.none", language)  # what was never measured
    reference, when = evidence.get("reference", ""), evidence.get("date", "")
    return Mark(
        kind="chip",
        title=phrases.capital(evidence["label"]),
        date=when if len(when) == _DAY else "",
        day=_day(when, language),
        said=said,
        tone=tone,
        refs=(reference,) if reference else (key_of(evidence),),
    )


_DAY = len("2026-01-01")


def _day(iso: str, language: str) -> str:
    return phrases.day(date.fromisoformat(iso), language) if len(iso) == _DAY else iso


def lights(groups: Sequence[Group], told: Iterable[Json]) -> dict[str, list[str]]:
    """Evidence key -> ids of the marks that show it."""
    drawn = [mark for group in groups for strip in group.strips for mark in strip.marks]
    return {key_of(each): [mark.id for mark in lit(each, drawn)] for each in told}


def lit(evidence: Json, marks: Iterable[Mark]) -> list[Mark]:
    """The marks of its resource, those of its day where there are any; of evidence without a resource, its own mark or what is
    due on its day."""
    reference, when = evidence.get("reference", ""), evidence.get("date", "")
    if not reference:
        own = [m for m in marks if key_of(evidence) in m.refs]
        return own or [m for m in marks if when and m.kind == "due" and m.date == when]
    found = [m for m in marks if reference in m.refs]
    dated = [m for m in found if when and m.date.startswith(when)]
    same = [m for m in dated if m.kind != "value" or m.title.casefold() == evidence["label"].casefold()]
    return same or dated or found
