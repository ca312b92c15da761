"""The rule of `incomplete-data`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from operator import itemgetter

from cards.chart import ORDER_HOOKS, ORDER_SIGN, REFILL, Chart, Draft, SetAside, facts
from cards.chart.facts import Fact
from cards.definitions import workup
from cards.definitions.bone_loss import HARMFUL
from cards.definitions.person import BIRTH, SEX, adult, of_unknown_age, t_group
from cards.definitions.treatment import TREATMENT
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Indicator, NotRun
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES, FRACTURE_SITES, PROBLEMS, Data, Mechanism, Name

_ESSENTIAL = frozenset(
    {Data.MEDICATIONS, Data.CONDITIONS, Data.BONE_DENSITY, Data.RENAL, Data.CALCIUM, Data.VITAMIN_D, Data.TURNOVER}
)
_NAMES: tuple[Mapping[str, Name], ...] = (
    {key: analyte.name for key, analyte in ANALYTES.items()},
    PROBLEMS,
    FRACTURE_SITES,
)
_TOLD = 3
"""How many of the facts that require age and sex are shown."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """A safety check that could not be done is reported, because silence would look like "all is well". So is any part of the
    record that could not be retrieved or read and might have called for action, and a missing date of birth or sex if there are
    bone findings to judge.

    When: (1) on order-select and order-sign, and for the orders of a refill: an order that names another or an unknown
    patient; (2) on the same hooks, an order whose drug or test could not be determined (this and (1) also for an order that is
    not selected, since it is judged with those that are), or a second, different one with the same id; (3) on order-select and
    order-sign, for each drafted anti-osteoporosis drug, calcium, vitamin D, active vitamin D and vertebral augmentation: an
    order-safety check was not run, or stayed silent, and something that it rests on could not be retrieved or read; or it was
    left undecided by a value that could not be read or was inconclusive (eGFR "<60" against a limit below it), or by a sig;
    (4) on the other hooks: problems, medication orders, bone density, turnover markers, renal values, calcium or 25(OH)D could
    not be retrieved, a card stayed silent that rests on something that could not be retrieved or read, or a drug that treats
    or harms bone has no start date; (5) on the same hooks except refill: date of birth or sex (female or male) is not on
    record for a patient not known to be a child, and the record contains osteoporosis, low bone mass, a fragility fracture, a
    bone density, a turnover marker or an antiresorptive or anabolic course, a value that calls for a work-up, or a fracture, a
    fall or a height loss that could not be judged without the age.

    Not when: no value at all is on record and that is known for certain: the card that makes the check handles this itself.

    Then: info; (1) warning; (2) warning on order-sign and at a refill; both info for an order that is not selected; (3) warning
    on order-sign, but info if only a sig could not be read. No suggestion. The detail names the checks, what was missing and
    what was left out.
    """
    yield from _orders_as_such(chart)
    if chart.hook not in ORDER_HOOKS:
        yield from _record(chart, earlier)
        if chart.hook is not REFILL:
            yield from _person(chart, earlier)
        return
    undecided: dict[int, list[tuple[int, NotRun]]] = {}  # by the order itself: two under one id may be equal
    of_kind: list[tuple[int, NotRun]] = []
    for place, each in enumerate(earlier.not_run):
        (undecided.setdefault(id(each.undecided.about), []) if each.undecided else of_kind).append((place, each))
    for draft in chart.drafts:
        if not (draft.unidentified or draft.other_patient):
            concerning = [(place, each) for place, each in of_kind if _would_judge(each, draft)]
            if some := sorted([*concerning, *undecided.get(id(draft), ())], key=itemgetter(0)):
                yield _unchecked([each for _, each in some], draft, chart)


def _orders_as_such(chart: Chart) -> Iterator[Finding]:
    """Orders that cannot be judged: for another patient, unidentified, or two with one id."""
    signed = WARNING if chart.hook in (ORDER_SIGN, REFILL) else INFO
    for draft in chart.drafts:
        if draft.other_patient:
            yield _about(draft, "other-patient", WARNING)
        elif draft.unidentified:
            yield _about(draft, "unidentified", signed)
        elif draft.repeated:
            yield _about(draft, "repeated", signed)
    for draft in chart.beside:  # judged with those that are selected
        if draft.other_patient or draft.unidentified:
            yield _about(draft, "other-patient" if draft.other_patient else "unidentified", INFO)


def _about(draft: Draft, variant: str, indicator: Indicator) -> Finding:
    values: dict[str, list[str]] = {"missing": [], "checks": []}
    return Finding(indicator=indicator, variant=variant, values=values, facts=(facts.drafted(draft),), about=draft)


def _record(chart: Chart, earlier: Earlier) -> Iterator[Finding]:
    """The groups of data whose absence may have kept a card silent."""
    silent = {data for each in earlier.not_run for data in _missing(each)} - {Data.PATIENT} | {*chart.doubts((Data.PATIENT,))}
    undated = [each for each in chart.set_aside if each.reason == "no-start" and _is_for_bone(chart, each)]
    unread = [each for check in earlier.not_run if check.undecided for each in check.undecided.left_out]
    missing = sorted(silent | (chart.failed & _ESSENTIAL) | {each.data for each in (*undated, *unread)})
    if missing:
        left_out = tuple(dict.fromkeys((*undated, *unread, *_lost(chart, missing))))
        values = {"missing": missing, "checks": [], "open": _named(chart, missing, left_out)}
        yield Finding(indicator=INFO, variant="view", values=values, left_out=left_out)


def _is_for_bone(chart: Chart, aside: SetAside) -> bool:
    """Whether an entry without a start is about a drug whose duration matters."""
    return any(aside.source in course.sources for course in chart.courses(TREATMENT | HARMFUL))


def _lost(chart: Chart, missing: Collection[Data]) -> Iterator[SetAside]:
    """What of these groups is on record and leaves a question open: whoever is to look it up must know what to look for."""
    yield from (each for each in chart.set_aside if each.data in missing and _is_open(chart, each))
    for each in chart.unread:
        if each.data in missing and (not each.key or chart.doubts((each.key,))):
            yield each.as_set_aside


def _named(chart: Chart, missing: Collection[Data], lost: Collection[SetAside]) -> list[Name]:
    """The names of what is open, where that is all that is missing and has a few names: "bone metastasis" says more than
    "problem list"."""
    if not lost or any(data in chart.failed or all(each.data != data for each in lost) for data in missing):
        return []
    names = [next((table[each.key] for table in _NAMES if each.key in table), None) for each in lost]
    told = list(dict.fromkeys(name for name in names if name is not None))
    return told if None not in names and len(told) <= _TOLD else []


def _is_open(chart: Chart, aside: SetAside) -> bool:
    """Whether what was set aside leaves a question open."""
    return bool(chart.doubts((aside.key if aside.key in ANALYTES else aside.data,)))


def _person(chart: Chart, earlier: Earlier) -> Iterator[Finding]:
    """Without an age, or without a sex under {t-group-years}, it is unknown whether T-scores apply and whether to treat, so
    those rules stay silent. From that age on, only rules that depend on sex do."""
    lacking = [name for name, lacks in ((BIRTH, chart.patient.birth is None), (SEX, not chart.patient.sex)) if lacks]
    if not lacking or not adult(chart):
        return
    unjudged = of_unknown_age(chart)
    asked = (check.undecided for check in earlier.not_run if check.undecided and Data.PATIENT in check.undecided.missing)
    evidence = (*_about_bone(chart), *(fact for each in asked for fact in each.facts))
    if evidence or unjudged:
        values = {"missing": lacking, "checks": [], "judged": chart.patient.birth is not None and t_group(chart)}
        yield Finding(indicator=INFO, variant="person", values=values, facts=evidence[:_TOLD], left_out=unjudged)


def _about_bone(chart: Chart) -> Iterator[Fact]:
    """What is on record that would be judged by age and sex."""
    known = chart.problem("osteoporosis", "osteopenia")
    if known is not None:
        yield facts.problem(known)
    yield from map(facts.fracture, chart.fractures)
    yield from (
        facts.measured(m) for key in ("t-score", "z-score", "bmd", "qct-vbmd", "ctx", "p1np") for m in chart.values(key)[:1]
    )
    yield from map(facts.on_board, chart.courses(TREATMENT))
    yield from (fact for row in workup.rows(chart, about_to_be_treated=True) for fact in row.evidence)


def _would_judge(not_run: NotRun, draft: Draft) -> bool:
    """Whether a check that was not done would have applied to this draft."""
    return (draft.drug is not None and draft.drug.mechanism in not_run.judges) or draft.service in not_run.judges


def _missing(not_run: NotRun) -> tuple[Data, ...]:
    """The groups that the check needs and that could not be retrieved."""
    return not_run.undecided.missing if not_run.undecided else not_run.missing


def _unchecked(some: list[NotRun], draft: Draft, chart: Chart) -> Finding:
    """One finding for all checks of one draft that could not be done. An unreadable sig weighs least."""
    weighs = [(check.undecided or check).indicator for check in some]
    severity = min(weighs, key=lambda indicator: indicator.rank) if chart.hook is ORDER_SIGN else INFO
    missing = sorted({data for check in some for data in _missing(check)})
    evidence = [f for check in some if check.undecided for f in check.undecided.facts]
    left_out = tuple(dict.fromkeys(s for check in some if check.undecided for s in check.undecided.left_out))
    lost = [each for each in _lost(chart, missing) if each not in left_out]
    only_sig = not (missing or evidence or left_out) and [check.code for check in some] == ["dose-check"]
    return Finding(
        indicator=severity,
        variant="sig" if only_sig else "order",
        values={
            "missing": missing,
            "open": _named(chart, missing, [*left_out, *lost]) if missing else [],
            "checks": list(dict.fromkeys(check.code for check in some)),
            "drug": draft.drug or draft,
            "usual": draft.drug.key if draft.drug and draft.drug.mechanism is not Mechanism.VITAMIN_D else "",
            "fact": evidence[0] if evidence and not left_out else None,
        },
        facts=(facts.drafted(draft), *dict.fromkeys(evidence)),
        left_out=(*left_out, *lost),
        about=draft,
    )
