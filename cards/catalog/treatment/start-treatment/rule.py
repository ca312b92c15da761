"""The rule of `start-treatment`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain, takewhile

from msgspec.structs import replace

from cards.chart import Chart, Course, Fracture, Hook, facts
from cards.chart.facts import Fact
from cards.definitions import bone_loss, diagnosis, risk, treatment
from cards.definitions.density import lowest_t
from cards.definitions.diagnosis import criteria
from cards.definitions.goals import very_old
from cards.definitions.hip import after_hip_fracture
from cards.definitions.hormone import for_bone
from cards.definitions.indication import untreated
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium, vitamin_d
from cards.definitions.workup.emergency import EMERGENCY
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Option
from cards.engine.ladder import HIP_FIRST, ranked_for
from cards.engine.options import AFTER_ANABOLIC, Offer, additional, offer, ranking, service
from cards.engine.trial import NOT_READ
from cards.thresholds import Numbers
from cards.vocabulary import ALENDRONATE, ANABOLIC, DENOSUMAB, DRUGS, ZOLEDRONATE, Drug, Mechanism

_SECTION_C = (
    "denosumab-due",
    "denosumab-sequence",
    "denosumab-review",
    "anabolic-sequence",
    "bisphosphonate-review",
    "drug-holiday-review",
    "adherence-gap",
)

_FORBIDDING = (
    "bisphosphonate-renal",
    "drug-allergy",
    "onj-aff-history",
    "oral-bisphosphonate-esophagus",
    "pth-analog-contraindication",
    "romosozumab-cardiovascular",
    "serm-thrombosis",
    "serm-stroke",
    "estrogen-contraindication",
    "strontium-contraindication",
    "calcitonin-cancer",
)
_OF_GOING_ON = ("adherence-gap", "bisphosphonate-review")
_FAILURE = ("treatment-failure", "bmd-response")
"""The cards that forbid a drug which is being taken, those of section C that then say nothing of it, and those that name the
next drug after one that failed."""

_ON_JAW = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.SCLEROSTIN_INHIBITOR})

_BRIDGES = {ALENDRONATE.key: "if-not-back", DENOSUMAB.key: "next-arranged"}
"""What is begun before the patient leaves, where the return for the infusion is not sure, and for whom it is: tablets first.
Who may not come back in two weeks may not in six months, and vertebrae break when denosumab lapses."""

_CITES = {
    "specialist": ("POP2022-T1", "OVCF2021-T3", "ELD2023-07e"),
    "very-high": ("POP2022-T1", "POP2022-T3", "ELD2023-12c"),
    "high": ("POP2022-T1", "POP2022-T2", "OVCF2021-T2", "ELD2023-12b", "OPREF-T1"),
}
"""What a variant rests on, whatever else holds."""
_CITES_BESIDES = {
    "vertebral-fracture": ("OVCF2021-T1",),
    "recent-fracture": ("OVCF2021-T2", "OVCF2021-T4"),
    "several-fractures": ("OVCF2021-T2",),
    "frax-high": ("REHAB2024-08",),
    "fracture": ("ELD2023-11c", "OPREF-M4"),
    "low-kidney-function": ("OVCF2021-T3", "ELD2023-07e"),
    "after-anabolic": ("OVCF2021-T8",),
    "denosumab": ("ELD2023-07a",),
    "romosozumab": ("ELD2023-08a",),
    "raloxifene": ("OPREF-T6",),
}
"""What is added by a reason for the stratum, by a drug that is offered, and by what else the text says."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Osteoporosis, or low bone mass with a high FRAX, is treated. The risk stratum chooses the drug: high, an oral
    bisphosphonate first; very high, zoledronate, denosumab or an anabolic.

    When: a woman or man of {t-group-years} or older (the sex need not be known) with osteoporosis, or with low bone mass and a
    high FRAX (hip {frax-hip-high} % or more, major {frax-major-high} % or more). Also on the chart view, in the place of an
    antiresorptive or anabolic that is being taken and must stop, as `bisphosphonate-renal`, `drug-allergy`, `onj-aff-history`,
    `oral-bisphosphonate-esophagus`, `pth-analog-contraindication`, `romosozumab-cardiovascular`, `serm-thrombosis`,
    `serm-stroke` or `estrogen-contraindication` warns (never denosumab, nor an oncologic strength), the record counts as it
    would be without that drug (its past years and doses still count); what speaks of going on with it
    (`adherence-gap`, `bisphosphonate-review`) keeps nothing back. After an anabolic that must stop, denosumab, zoledronate or
    alendronate keeps the bone that it built (below {egfr-alendronate} by the kidneys). Not where `treatment-failure` or
    `bmd-response` fires, which name the next drug. A warning, always.

    Not when: on treatment, oncologic denosumab or zoledronate included; an antiresorptive or anabolic still worked within the
    last {off-treatment-months} months, unless a fragility fracture came after its end or the risk is very high; a
    bisphosphonate holiday; an active pregnancy; myeloma, bone metastasis or primary bone cancer on record (`referral` names
    oncology); `denosumab-due`, `denosumab-sequence`, `denosumab-review`, `anabolic-sequence`, `bisphosphonate-review`,
    `drug-holiday-review` or `adherence-gap` fires. Under {t-group-years}, or at an unknown age, `referral` and
    `incomplete-data` speak instead; a fracture of humerus, forearm, pelvis or rib without bone density is for `bmd-screening`.

    Then: warning; info where no fragility fracture is on record and the lowest T-score is above {t-info-only}. Suggested: the
    first three drugs of the ranking that pass the filter, the first without a warning recommended, and raloxifene beside them
    where breast-cancer risk is raised and the hip not at risk. At discharge, where zoledronate waits after a hip fracture,
    alendronate beside it, for whoever may not come back for the infusion, and denosumab only if its next dose in 6 months is
    arranged. With a renal estimate below {egfr-specialist}: referral to a specialist recommended (to nephrology where a PTH
    analog must stop for the kidneys), denosumab and menatetrenone as options only. The referral is also recommended where no
    drug is left, unless calcium is critical, or a low calcium alone rules a drug out, which then follows within days. Where a
    finding of the work-up holds all drugs, the summary says what comes first, and none is recommended; so where a drug for
    bone is on record of which nobody knows whether it works today: on hold (unless nobody renewed the entry for
    {renewal-sign-months} months), or not stopped and without any date. The detail asks about the teeth before a drug that acts
    on the jaw (where an entry calls for a dentist, `dental-check` speaks); it gives the reasons for the stratum, the row of
    the ranking that decides where it is more than the stratum, calcium, 25(OH)D, PTH, ALP, phosphate, renal estimate and
    earlier drugs, also where they were not measured, the drugs that were dropped and why, and an earlier lower renal estimate
    that was left out. Teriparatide follows calcium, PTH and ALP, where one was not measured within {work-up-window-months}
    months; recommended, the summary says so.
    """
    must_stop = _must_stop(earlier)
    given_up = tuple({finding.values["drug"].key: finding.values["drug"] for finding in must_stop}.values())
    stops = tuple(course for drug in given_up if (course := chart.course(drug)))
    for drug in given_up:
        chart = chart.without(drug)
    if not untreated(chart) or _spoken_for(earlier, given_up):
        return
    stratum = risk.risk(chart)
    kidneys = renal(chart)
    below_30 = bool(kidneys.below(n.egfr_specialist))
    keeps = any(drug.mechanism in ANABOLIC for drug in given_up) and not kidneys.below(n.egfr_alendronate)
    ranked = AFTER_ANABOLIC if keeps else ranking(chart)
    doubtful = treatment.uncertain(chart)
    recommend = not below_30 and doubtful is None
    chosen = offer(chart, ranked, recommend=recommend, stops=stops)
    if _infused_later(chart, chosen):
        bridges = (ZOLEDRONATE, *(DRUGS[key] for key in _BRIDGES))
        chosen = _bridged(chart, offer(chart, bridges, recommend=recommend, stops=stops))
    beside = Offer() if below_30 else offer(chart, additional(chart), recommend=False, stops=stops)
    nothing = below_30 or not (chosen.options or chosen.held == EMERGENCY or chosen.calcium_first)
    kidneys_forbid = below_30 and earlier.suggests("pth-analog-contraindication", "referral-nephrology")
    specialist = "referral-nephrology" if kidneys_forbid else "referral-osteoporosis"
    referral = (service(specialist, recommended=True),) if nothing else ()
    newest_fracture = next(iter(chart.fractures), None)
    lowest = lowest_t(chart)
    mild = newest_fracture is None and lowest is not None and lowest.value > n.t_info_only
    estimate = kidneys.lowest if kidneys.below(n.egfr_alendronate) else None
    options = (*referral, *(replace(each, stop_now=bool(each.stops)) for each in (*chosen.options, *beside.options)))
    bridged = [option.key for option in options if option.provided]
    level = "specialist" if below_30 else stratum.level
    held = "" if below_30 else chosen.held
    by_hip = newest_fracture is not None and newest_fracture.site == "hip"
    ranked_told = keeps or held or below_30 or bridged or by_hip  # in the headline, or nothing is chosen yet
    yield Finding(
        indicator=INFO if mild and not must_stop else WARNING,
        variant="instead" if must_stop else "held" if held else level,
        values={
            "level": level,
            "held": held,
            "calcium_first": not below_30 and chosen.calcium_first,
            "teeth": _teeth(options),
            "keeps_first": _keeps_first(ranked, chosen) if held == "low-calcium" else None,
            "daily": any(drug.covers_months is None for drug in given_up),
            "bridged": bridged,
            "given_up": given_up,
            "weeks": n.denosumab_calcium_weeks,
            "must_stop": must_stop,
            "reasons": stratum.reasons,
            "t_score": lowest if lowest is not None and lowest.value < n.t_low else None,
            "qct": found.qct if (found := criteria(chart)) else None,
            "fracture": newest_fracture,
            "diseased": diagnosis.osteoporosis(chart),
            "documented": chart.problem("osteoporosis") is not None,
            "estimate": estimate,
            "recommended": DRUGS[chosen.recommended.key] if chosen.recommended else None,
            "from_day": _from_day(chart, chosen),
            "before": _before(chosen),
            "uncertain": doubtful,
            "keeps": keeps,
            "at_hip": tuple(ranked) == HIP_FIRST,
            "ranked_for": None if ranked_told else ranked_for(chart),
            "harm": harm.harm if (harm := bone_loss.beside(chart)) and harm.ranking == ranked else "",
            "frax_major": chart.newest("frax-major"),
            "frax_hip": chart.newest("frax-hip"),
            "unmeasured": _unmeasured(chosen),
        },
        facts=tuple(_evidence(chart)),
        cites=_cites(
            level,
            *stratum.reasons,
            *(option.key for option in options),
            *(("fracture",) if newest_fracture else ()),
            *(("low-kidney-function",) if estimate else ()),
            *(("after-anabolic",) if keeps else ()),
        ),
        options=options,
        dropped=(*chosen.dropped, *beside.dropped),
        notes=(
            *(("renal-earlier-lower",) if kidneys.earlier_lower else ()),
            *(("hormone",) if _hormones(chart) else ()),
            *(("very-old",) if very_old(chart) else ()),
        ),
    )


def _infused_later(chart: Chart, chosen: Offer) -> bool:
    """Whether a patient leaves for whom zoledronate has to wait after a hip fracture: who may not come back. Where something of
    it could not be read it is still the drug to wait for, and no other takes its place."""
    hip = after_hip_fracture(chart) if chart.hook is Hook.DISCHARGE else None
    waits = hip is not None and hip.first > chart.today
    unread = (each.key for each in chosen.dropped if each.phrase == NOT_READ)
    return waits and ZOLEDRONATE.key in {*(option.key for option in chosen.options), *unread}


def _bridged(chart: Chart, chosen: Offer) -> Offer:
    """Beside an infusion that waits, what can be begun today is for whoever may not come back for it; denosumab only where its
    next dose is arranged."""
    if all(option.key != ZOLEDRONATE.key for option in chosen.options):
        return chosen
    options = (
        replace(option, provided=_BRIDGES.get(option.key, ""))
        if option.start is None or option.start <= chart.today
        else option
        for option in chosen.options
    )
    return replace(chosen, options=tuple(options))


def _teeth(options: Iterable[Option]) -> bool:
    """Whether to ask about the teeth: a drug that acts on the jaw is offered, and no entry on record calls for a dentist."""
    drugs = [option for option in options if option.kind == "drug" and DRUGS[option.key].mechanism in _ON_JAW]
    return bool(drugs) and not any(found.code == "dental-check" for option in drugs for found in option.condition)


def _keeps_first(ranked: Iterable[Drug], chosen: Offer) -> Drug | None:
    """The drug that is offered in spite of a low calcium and ranks before all that it rules out, if there is one."""
    offered = {option.key for option in chosen.options}
    calcium = {each.key for each in chosen.dropped if each.awaits_calcium}
    first = next((drug for drug in ranked if drug.key in offered | calcium), None)
    return first if first is not None and first.key in offered else None


def _must_stop(earlier: Earlier) -> tuple[Finding, ...]:
    """What forbids a drug that is being taken. Of denosumab never: the gap after it comes first; nor of an oncologic strength,
    whose indication is another."""
    found = (finding for code in _FORBIDDING for finding in earlier.of(code) if finding.indicator is WARNING)
    return tuple(
        finding
        for finding in found
        if finding.values["drug"].mechanism in treatment.TREATMENT
        and finding.values["drug"].ingredient != DENOSUMAB.ingredient
        and not finding.values["drug"].oncologic
    )


def _spoken_for(earlier: Earlier, given_up: tuple[Drug, ...]) -> bool:
    """Whether another card names the drug: one of section C, but for what it says of going on with one that must stop; and
    where one must stop, those that speak of its failure."""
    ingredients = {drug.ingredient for drug in given_up}
    if given_up and any(code in earlier for code in _FAILURE):
        return True
    return any(
        code not in _OF_GOING_ON or finding.values["drug"].ingredient not in ingredients
        for code in _SECTION_C
        for finding in earlier.of(code)
    )


def _from_day(chart: Chart, chosen: Offer) -> date | None:
    """The first day of the recommended drug, where it lies ahead."""
    start = chosen.recommended.start if chosen.recommended else None
    return start if start is not None and start > chart.today else None


def _unmeasured(chosen: Offer) -> list[str]:
    """The analytes without a value that the recommended drug waits for, a PTH analog."""
    best = chosen.recommended
    analog = best is not None and DRUGS[best.key].mechanism is Mechanism.PTH_ANALOG
    return best.first.split("-") if best and analog and best.first else []


def _before(chosen: Offer) -> list[Drug]:
    """The drugs that rank before the recommended one, but must wait for something."""
    waiting = takewhile(lambda option: not option.recommended, chosen.options)
    return [DRUGS[option.key] for option in waiting] if chosen.recommended else []


def _cites(variant: str, *besides: str) -> tuple[str, ...]:
    """The recommendations behind a variant and what comes to it, each once."""
    return tuple(dict.fromkeys(chain(_CITES[variant], *(_CITES_BESIDES.get(key, ()) for key in besides))))


def _evidence(chart: Chart) -> Iterator[Fact]:
    documented = chart.problem("osteoporosis")
    if documented is not None:
        yield facts.problem(documented)
    yield from map(facts.fracture, _told(chart.fractures))
    lowest = lowest_t(chart)
    if lowest is not None:
        yield facts.measured(lowest)
    found = criteria(chart)
    if found is not None and found.qct is not None:
        yield facts.measured(found.qct)
    for key in ("frax-major", "frax-hip"):
        probability = chart.newest(key)
        if probability is not None:
            yield facts.measured(probability)
    yield from map(facts.taken, _hormones(chart))
    yield from _looked_for(chart)


def _hormones(chart: Chart) -> list[Course]:
    """Hormones that are taken, and not for bone: they protect it in part all the same."""
    found = chart.courses({Mechanism.HORMONE_THERAPY})
    return [c for c in found if c.on_treatment(chart.today) and not for_bone(chart, c)]


def _looked_for(chart: Chart) -> Iterator[Fact]:
    """What a clinician looks for before the first dose, also when it is fine or was not measured."""
    reading = calcium(chart)
    yield facts.looked_for("calcium", reading.value if reading else None)
    yield facts.looked_for("vitamin-d", vitamin_d(chart))
    since = chart.months_ago(chart.numbers.work_up_window_months)
    for key in ("pth", "alp", "phosphate"):
        yield facts.looked_for(key, chart.newest(key, since=since))
    lowest_estimate = renal(chart).lowest
    if lowest_estimate is not None and renal(chart).below(chart.numbers.egfr_alendronate):
        yield facts.measured(lowest_estimate)
    else:
        yield facts.looked_for("egfr", lowest_estimate)
    yield facts.earlier_drugs(course.drug for course in chart.had(treatment.TREATMENT))


def _told(fractures: tuple[Fracture, ...]) -> tuple[Fracture, ...]:
    """The newest few fractures: enough to see why."""
    return fractures[:3]
