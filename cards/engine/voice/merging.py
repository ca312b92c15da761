"""What belongs together is one card: all that order safety says of a draft that it forbids, and the routine of a patient."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from cards.chart import Chart, Draft
from cards.engine.catalog import all_cards, cards_of, sections
from cards.engine.findings import CRITICAL, Dropped, Finding, Option
from cards.engine.run import ask


def one_per_draft(findings: Sequence[Finding]) -> list[Finding]:
    """Where a check forbids a draft, its card says all that order safety says of this draft: nothing beside it tells how the
    drug might be given after all."""
    orders: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        if finding.about is not None and _judges_orders(finding):
            orders.setdefault(_order(finding.about), []).append(finding)
    merged: dict[int, list[Finding]] = {}
    for told in orders.values():
        if head := next((finding for finding in told if finding.indicator is CRITICAL), None):
            merged[id(head)] = [finding for finding in told if finding is not head]
    spoken_for = {id(each) for others in merged.values() for each in others}
    return [_together(each, merged.get(id(each), ())) for each in findings if id(each) not in spoken_for]


def _order(about: Draft) -> Hashable:
    """What makes an order one. The drugs of one product are one order; two orders under one id are two."""
    return (about.id, about.product) if about.product else about


def removed_once(findings: Sequence[Finding]) -> list[Finding]:
    """A draft is removed once: by the card that forbids it, otherwise by the first of those about the patient."""
    gone = {
        finding.about.id
        for finding in findings
        if finding.about is not None and finding.indicator is CRITICAL and any(o.kind == "discard" for o in finding.options)
    }
    told = []
    for finding in findings:
        if finding.about is None and finding.indicator is CRITICAL:
            kept = tuple(o for o in finding.options if o.kind != "discard" or not {draft.id for draft in o.replaces} <= gone)
            gone |= {draft.id for option in kept if option.kind == "discard" for draft in option.replaces}
            finding = replace(finding, options=kept)
        told.append(finding)
    return told


def without_refused(findings: Sequence[Finding], found: Iterable[Finding], chart: Chart) -> list[Finding]:
    """The findings, no option waiting for a draft that order safety forbids, and nobody told to wait before it is signed: it is
    not to be signed. ``found`` is all that was found, whether it is told or not."""
    desk = {draft.id for draft in (*chart.drafts, *chart.beside)}
    refused = {each.about.id for each in found if each.about and each.indicator is CRITICAL and _judges_orders(each)}
    if not refused:
        return list(findings)

    def meets(condition: Finding) -> bool:
        others = {fact.source for fact in condition.facts} & desk
        return not others or not others <= refused

    def told(option: Option) -> Option:
        met = tuple(filter(meets, option.condition))
        return option if len(met) == len(option.condition) else replace(option, condition=met)

    findings = [_without_waiting(each, refused) if each.holds else each for each in findings]
    return [replace(each, options=tuple(map(told, each.options))) for each in findings]


def _without_waiting(finding: Finding, refused: Container[str]) -> Finding:
    """What holds drafts, without those that are refused."""
    options = (o for o in finding.options if o.kind != "discard" or not all(draft.id in refused for draft in o.replaces))
    drafts = [draft for draft in finding.values["drafts"] if draft.id not in refused]
    return replace(finding, options=tuple(options), values={**finding.values, "drafts": drafts})


def _judges_orders(finding: Finding) -> bool:
    card = all_cards()[finding.code]
    return card.checks_orders and sections()[card.section].safety


def _together(head: Finding, others: Sequence[Finding]) -> Finding:
    """One finding for all that speaks against a draft. What is only to be seen to first has no say in what replaces it."""
    if not others:
        return head
    forbidding = [head, *(each for each in others if each.indicator is CRITICAL)]
    options = _distinct([option for each in forbidding for option in each.options])
    any_number = head.any_number and not any(option.kind == "drug" for option in options)
    return replace(
        head,
        options=tuple(options) if any_number else _one_recommended(options),
        any_number=any_number,
        dropped=_not_offered(forbidding),
        contains=tuple(others),
        **_cautions([head, *others]),
    )


def _not_offered(findings: Iterable[Finding]) -> tuple[Dropped, ...]:
    return tuple({each.key: each for found in findings for each in found.dropped}.values())


def _cautions(findings: Sequence[Finding]) -> dict[str, Any]:
    """What could not be had, read or used for any of them: the one that speaks for them says it, too."""
    return {
        name: tuple(dict.fromkeys(each for found in findings for each in getattr(found, name)))
        for name in ("left_out", "unread", "doubt")
    }


def _distinct(options: Sequence[Option]) -> list[Option]:
    """Each once; a drug before the mere removal of the draft."""
    found: dict[tuple[str, str, str], Option] = {}
    for option in options:
        key = (option.kind, option.key, option.regimen)
        known = found.get(key)
        found[key] = option if known is None or (option.recommended and not known.recommended) else known
    return sorted(found.values(), key=lambda option: option.kind == "discard")


def _one_recommended(options: Sequence[Option]) -> tuple[Option, ...]:
    """One of what excludes each other: the drug in the draft's place, otherwise the removal of the draft, which a referral or a
    test does not take off the desk."""
    kinds = ("drug", "discard")
    stars = sorted(
        (option for option in options if option.recommended), key=lambda o: kinds.index(o.kind) if o.kind in kinds else 2
    )
    best = next(iter(stars), None)
    return tuple(option if option is best else replace(option, recommended=False) for option in options)


def closed(findings: Sequence[Finding], chart: Chart, off: Container[str] = ()) -> list[Finding]:
    """The answer with what belongs to its routine put together: by the rules of the cards that say ``merges``, which are handed
    all that would be shown; not of those that are switched ``off``."""
    told = list(findings)
    for card in cards_of(chart.hook):
        if not card.merges or card.code in off:
            continue
        by_code: dict[str, list[Finding]] = {}
        for finding in told:
            by_code.setdefault(finding.code, []).append(finding)
        for found in ask(card, chart, {code: tuple(some) for code, some in by_code.items()}):
            if isinstance(found, Finding):
                told = _with(told, _careful(replace(found, code=card.code)))
    return told


def _careful(merged: Finding) -> Finding:
    """The merged finding with what its lines would have said beside their advice."""
    lines = merged.contains
    return replace(
        merged,
        notes=tuple(dict.fromkeys(note for line in lines for note in line.notes)),
        withheld=tuple(option for line in lines for option in line.withheld),
        dropped=_not_offered(lines),
        **_cautions(lines),
    )


def _with(findings: Sequence[Finding], merged: Finding) -> list[Finding]:
    """The findings with one in the place of those that it contains; who pointed to one of them points to it."""
    gone = {id(each) for each in merged.contains}
    codes = {each.code for each in merged.contains}
    kept = [
        replace(each, see=tuple(dict.fromkeys(merged.code if code in codes else code for code in each.see)))
        for each in findings
        if id(each) not in gone
    ]
    return [*kept, merged]
