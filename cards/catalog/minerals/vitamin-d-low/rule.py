"""The rule of `vitamin-d-low`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from cards.chart import DOSE_UNREAD, ORDER_HOOKS, Chart, Draft, Measurement, SetAside, facts
from cards.chart.calendar import add_days
from cards.chart.facts import Fact
from cards.definitions import minerals, person, workup
from cards.definitions.basket import quantity
from cards.definitions.kidney import renal
from cards.definitions.loading import DAILY, PLAIN, RAPID, SEVERE, in_all, is_large, is_loading, is_single, room
from cards.definitions.repletion import (
    ACTIVE_FORM,
    FAST,
    GRANULOMA,
    HIGH_CALCIUM,
    LISTED,
    UNADVISED,
    UNGIVEN,
    Repletion,
    active_form,
    repletion,
)
from cards.definitions.supplements import CORRECTION, corrects
from cards.definitions.workup.calcium import pth_is_high
from cards.engine.findings import INFO, WARNING, Dropped, Earlier, Finding, Option
from cards.engine.options import discard, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import ANTIRESORPTIVE, CHOLECALCIFEROL, DRUGS, Data, Mechanism
from cards.vocabulary.regimens import REGIMENS, for_drug

_CALCIUM = frozenset({Mechanism.CALCIUM})
_WAKE = ANTIRESORPTIVE | {Mechanism.SCLEROSTIN_INHIBITOR} | PLAIN
_CALCIUM_LISTED = LISTED["hypercalcemia"]
_FAST = frozenset(drug.key for drug in FAST)
_WEEK = 7


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """25(OH)D below {vitamin-d-target} ng/mL is raised by its level: with a loading below {vitamin-d-severe}, and below
    {vitamin-d-deficient} where an injection or a fracture makes it urgent, otherwise with a daily dose. To load everybody
    below {vitamin-d-severe} is our own choice: the source loads where it is urgent.

    When: the newest 25(OH)D of an adult within {vitamin-d-window-months} months is below {vitamin-d-target} ng/mL in a bone
    patient, or below {vitamin-d-severe} in anybody. On orders only where an antiresorptive, romosozumab or vitamin D is
    drafted.

    Not when: a value with "<" or ">" does not show on which side of the limit it lies; vitamin D alone is drafted, in the
    dose that is advised (of the usual dose {vitamin-d-taken-units} units are enough; a loading: {vitamin-d-loading-total}
    units in all at most; no more than the usual dose where that is the limit).

    Then: warning below {vitamin-d-deficient} ng/mL, otherwise info. Recommended, filtered like all options: the vitamin D
    that `repletion` names, in place of a draft of it, and what follows it; below {vitamin-d-severe} calcium, where none is
    taken, calcium is not high and the estimate is not below {egfr-specialist}. Loading and calcium wait for a calcium, and
    calcium for a creatinine, where they are not known. Calcium is measured after {vitamin-d-calcium-weeks} weeks of a loading
    or as much a day, and now where none is known; 25(OH)D after {vitamin-d-recheck-weeks} weeks
    ({vitamin-d-recheck-doubled-weeks} where the dose is doubled). High calcium, except in known hyperparathyroidism
    (`repletion`), stops all vitamin D on the list (info, without an order); a draft of it is then a warning, and is to be
    deleted. A reason against a loading stops one on the list. Still below {vitamin-d-severe} after a loading: celiac
    antibodies, where none are on record, and a referral. With active sarcoidosis, tuberculosis or lymphoma 1,000 units are an
    option, after calcium and 1,25(OH)2D, with the specialist who treats it; beside an active form, once its prescriber
    agrees. What did not help is raised once it is sure that it was taken, and the usual dose follows: options; a level of
    before {vitamin-d-taken-days} days of it is measured again, without an order of vitamin D. In pregnancy a referral in
    place of a dose. No dose, either, where nobody can tell whether a loading was taken in the {vitamin-d-loading-days} days
    before the level or since: what is unread is asked for.
    """
    injections = [
        o for found in earlier.found.values() for each in found for o in each.options if o.recommended and o.key in _FAST
    ]
    told = repletion(chart, bool(injections))
    if told is None or not person.adult(chart) or not (told.severe or workup.bone_patient(chart)):
        return
    drafts = chart.drafted(_WAKE)
    plain = tuple(draft for draft in drafts if draft.drug and draft.drug.mechanism is Mechanism.VITAMIN_D)
    pregnant = person.pregnant(chart)
    beside = chart.drafted_beside(PLAIN)
    covered = any(_covers(chart, told, d) for d in plain) or any(_adds_up(chart, told, d) for d in beside)
    enough = not pregnant and covered
    if chart.hook in ORDER_HOOKS and (not drafts or (enough and len(plain) == len(drafts))):
        return
    harmful = plain if told.instead == HIGH_CALCIUM else ()
    nothing = pregnant or told.instead in UNGIVEN
    product = () if nothing or enough else tuple(_product(chart, told, plain))
    unread = _unread(chart, told) if product else ()
    yield Finding(
        indicator=WARNING if harmful or (told.deficient and told.instead != HIGH_CALCIUM) else INFO,
        variant="pregnancy" if pregnant else _variant(told),
        values=_values(chart, n, told, drafts)
        | {"without_product": _without_product(chart, told) if product else {}}
        | {"grade": "" if nothing else _grade(told), "ordered": enough, "calcium_unknown": minerals.calcium(chart) is None}
        | {"choice": bool(product) and not any(option.recommended for option in product)}
        | {"sooner": _sooner(chart, n, told, injections), "injections_from": _injections_from(chart, told)},
        cites=(*_CITES, *(_LOADING if told.loads or told.failed else ()), *(_LABEL if told.instead == ACTIVE_FORM else ())),
        facts=tuple(_evidence(chart, told)),
        options=(
            *(discard(draft, recommended=True) for draft in harmful),
            *product,
            *(() if nothing else _calcium(chart, told)),
            *(() if nothing else _tests(chart, n, told)),
            *((service("referral-endocrinology", recommended=True),) if pregnant else ()),
        ),
        any_number=True,
        dropped=(Dropped(CHOLECALCIFEROL.key, phrase="hypercalcemia"),) if told.instead == HIGH_CALCIUM else (),
        left_out=(*chart.left_out("vitamin-d"), *unread),
        doubt=tuple(sorted({each.data for each in unread})),
        about=drafts[0] if drafts else None,
    )


_CITES = ("OPREF-N1", "OVCF2021-T10", "OVCF2021-L1", "ELD2023-04c")
_LOADING, _LABEL = ("EXT-13",), ("EXT-17",)
_OF_DOSE = {
    RAPID: "rapid",
    DAILY[SEVERE]: "severe-daily",
    DAILY[RAPID]: "rapid-daily",
    "cholecalciferol-4000-12": "deficiency-doubled",
    "cholecalciferol-2000": "insufficiency-doubled",
}
"""The variants that are named after their dose: whoever signs the card is to see each dose that it orders."""


def _variant(told: Repletion) -> str:
    if told.instead in (*UNGIVEN, *UNADVISED):
        return told.instead
    return "raised" if told.raised else _OF_DOSE.get(told.regimen, _grade(told))


def _grade(told: Repletion) -> str:
    return "severe" if told.severe else "deficiency" if told.deficient else "insufficiency"


def _covers(chart: Chart, told: Repletion, draft: Draft) -> bool:
    """Whether a draft of vitamin D is what is advised, or more of it where more does no harm."""
    dosing = draft.dosing
    loading, large = is_loading(dosing), dosing is not None and (is_large(dosing) or is_single(dosing))
    within = in_all(dosing) <= room(chart, told.level) if loading else not large
    if told.running:
        return not large
    if told.loads and not told.ended:
        return loading and within
    daily = dosing.daily if dosing and dosing.unit == "IU" else None
    if not told.regimen or told.instead in UNADVISED or daily is None or (large and (told.ended or told.failed)):
        return False
    dose = REGIMENS[told.regimen].dose
    least = chart.numbers.vitamin_d_taken_units if told.regimen == CHOLECALCIFEROL.key else dose
    return within and daily >= least and (daily <= dose or not told.instead)


def _adds_up(chart: Chart, told: Repletion, draft: Draft) -> bool:
    """The same of a draft that is not selected: nothing takes its place, so that an ampoule is not added to, either."""
    ampoule = draft.dosing is not None and is_single(draft.dosing)
    return _covers(chart, told, draft) or (ampoule and told.loads and not told.running and not told.ended)


def _product(chart: Chart, told: Repletion, plain: tuple[Draft, ...]) -> Iterator[Option]:
    """The vitamin D, with what must come first, and what follows it; nothing where a calcium on record could not be read."""
    if not told.regimen or chart.doubts((Data.CALCIUM,)):
        return
    reading = minerals.calcium(chart)
    unknown = ((told.loads or told.watched) and not told.ended and reading is None) or told.instead == _CALCIUM_LISTED
    first = "calcium" if unknown else "taken" if told.raised else ""
    recommend = not told.raised and not (reading is not None and reading.high)
    for key, start in ((told.regimen, None), (told.then, _end(chart, told))):
        chosen = offer(
            chart.without(CHOLECALCIFEROL),
            (CHOLECALCIFEROL,) if key else (),
            start=start,
            replaces=plain if start is None else (),
            stops=() if start else told.replaced,
            recommend=recommend,
            regimens={CHOLECALCIFEROL.key: key},
        )
        yield from (replace(option, first="" if start else first or option.first) for option in chosen.options)


def _unread(chart: Chart, told: Repletion) -> tuple[SetAside, ...]:
    """Doses of vitamin D that could not be read, of what goes on or was last taken when a loading would count; large single
    ones of which nobody knows the day."""
    since = add_days(told.level.when, -chart.numbers.vitamin_d_loading_days)
    taken = [c for c in chart.courses(PLAIN) if c.active or (c.covered_until or c.last_dose_at_latest or since) >= since]
    single = [c for c in taken if any(map(is_single, c.dosings or filter(None, (c.dosing,))))]
    return (*chart.unread_of(DOSE_UNREAD, *taken), *chart.unread_of("no-start", *single))


def _end(chart: Chart, told: Repletion) -> date | None:
    """The day after the last dose of what comes to an end."""
    weeks = for_drug(told.regimen).weeks if told.regimen else 0
    return add_days(chart.today, _WEEK * weeks) if weeks else None


def _calcium(chart: Chart, told: Repletion) -> Iterator[Option]:
    taken = any(c.active or c.on_treatment(chart.today) for c in chart.courses(_CALCIUM))
    if told.severe and _may_have_calcium(chart, told) and not taken and not chart.drafted(_CALCIUM):
        options = offer(chart, (DRUGS["calcium"],), regimens=CORRECTION if corrects(chart) else {}).options
        yield from (replace(option, first=minerals.unmeasured(chart)) for option in options)


def _may_have_calcium(chart: Chart, told: Repletion) -> bool:
    """Whether nothing on record speaks against more calcium."""
    weak = renal(chart).below(chart.numbers.egfr_specialist)
    return told.instead != GRANULOMA and minerals.calcium_excess(chart) is None and not weak


def _tests(chart: Chart, n: Numbers, told: Repletion) -> Iterator[Option]:
    due = dict.fromkeys((*_blood(chart, n, told), ("vitamin-d", _measured_again(chart, n, told))))
    for key, day in due:
        if not chart.ordered(key):
            yield service(key, start=day if day > chart.today else None, recommended=True)
    if told.failed and told.severe:
        yield service("referral-endocrinology", recommended=True)


def _blood(chart: Chart, n: Numbers, told: Repletion) -> Iterator[tuple[str, date]]:
    """What is measured besides 25(OH)D, and when."""
    if told.instead == GRANULOMA:
        yield from (("calcium", chart.today), ("dihydroxyvitamin-d", chart.today))
    elif told.instead == _CALCIUM_LISTED or (_watches_calcium(told) and minerals.calcium(chart) is None):
        yield "calcium", chart.today
    if (told.loads or told.watched) and not _calcium_checked(chart, n, told):
        yield "calcium", max(add_days(told.begin or chart.today, _WEEK * n.vitamin_d_calcium_weeks), chart.today)
    if told.severe and "kidneys" in minerals.unmeasured(chart):
        yield "creatinine", chart.today
    if told.failed and told.severe and not _celiac_known(chart):
        yield "celiac", chart.today


def _watches_calcium(told: Repletion) -> bool:
    return told.loads or told.watched or told.severe or told.instead == ACTIVE_FORM


def _sooner(chart: Chart, n: Numbers, told: Repletion, injections: list[Option]) -> Option | None:
    """The injection that is proposed for a day before calcium is measured after a loading."""
    again = max((day for key, day in _blood(chart, n, told) if key == "calcium"), default=chart.today)
    return next((o for o in injections if o.first == "vitamin-d" and o.start is not None and o.start < again), None)


def _injections_from(chart: Chart, told: Repletion) -> int | None:
    """The day of a loading from which injections may follow it; None where nothing is loaded by an order of this card."""
    if told.regimen not in (SEVERE, RAPID, *DAILY.values()):
        return None
    daily = "-daily" if told.regimen in DAILY.values() else ""
    return int(chart.numbers[f"vitamin-d-injection{'-severe' if told.severe else ''}{daily}-days"])


def _measured_again(chart: Chart, n: Numbers, told: Repletion) -> date:
    """The day of the next 25(OH)D: today, where the last came too early to tell; some weeks after what is on the list began;
    otherwise from today on."""
    if told.early:
        return chart.today
    begin = told.begin if told.begin and not told.failed else chart.today
    return add_days(begin, _WEEK * _recheck(n, told))


def _celiac_known(chart: Chart) -> bool:
    """Whether celiac antibodies need not be searched for: they were, or the disease is on record."""
    tested = chart.newest("transglutaminase-iga") is not None or chart.done("celiac") is not None
    return tested or chart.problem("celiac-disease") is not None


def _calcium_checked(chart: Chart, n: Numbers, told: Repletion) -> bool:
    """Whether calcium was measured in or after week {vitamin-d-calcium-weeks} of the loading."""
    reading = minerals.calcium(chart)
    return bool(reading and told.begin and reading.value.when >= add_days(told.begin, _WEEK * n.vitamin_d_calcium_weeks))


def _recheck(n: Numbers, told: Repletion) -> int:
    return n.vitamin_d_recheck_doubled_weeks if told.doubled else n.vitamin_d_recheck_weeks


def _values(chart: Chart, n: Numbers, told: Repletion, drafts: list[Draft]) -> dict[str, object]:
    order = REGIMENS[told.regimen] if told.regimen else None
    pth = chart.newest("pth", since=chart.months_ago(chart.numbers.vitamin_d_window_months))
    return {
        "vitamin_d": told.level,
        "told": told,
        "drug": drafts[0].drug if drafts else None,
        "amount": quantity(order.dose, "IU") if order else None,
        "weekly": order is not None and order.every[1] == "wk",
        "weeks": order.weeks if order else 0,
        "calcium_weeks": n.vitamin_d_calcium_weeks,
        "recheck": _recheck(n, told),
        "then": quantity(REGIMENS[told.then].dose, "IU") if told.then else None,
        "active": active.drug if (active := active_form(chart)) else None,
        "calcium": _may_have_calcium(chart, told),
        "kidneys_unknown": "kidneys" in minerals.unmeasured(chart),
        "checked": _calcium_checked(chart, n, told),
        "harmful": bool(drafts) and told.instead == HIGH_CALCIUM and any(d.drug == CHOLECALCIFEROL for d in drafts),
        "pth": pth if pth_is_high(chart, pth) else None,
        "target": chart.numbers.vitamin_d_target,
        "taken_days": chart.numbers.vitamin_d_taken_days,
        "next_denosumab": chart.numbers.vitamin_d_next_denosumab_days,
    }


def _without_product(chart: Chart, told: Repletion) -> dict[str, object]:
    """The daily doses of the same loading, for a pharmacy without a product for the weekly one, and from which day an injection
    then follows; nothing where the loading is daily."""
    if told.regimen not in DAILY:
        return {}
    order = REGIMENS[DAILY[told.regimen]]
    day = chart.numbers[f"vitamin-d-injection-{'severe-' if told.severe else ''}daily-days"]
    return {"amount": quantity(order.dose, "IU"), "weeks": order.weeks, "day": day}


def _evidence(chart: Chart, told: Repletion) -> Iterator[Fact]:
    yield facts.measured(told.level)
    reading = minerals.calcium(chart)
    shown: list[Measurement] = [reading.value] if told.deficient and reading is not None else []
    yield from map(facts.measured, shown)
    yield from (fact for fact in (told.evidence, told.doubled) if fact is not None and fact not in map(facts.measured, shown))
    past = (told.past,) if told.past is not None and told.past not in told.listed else ()
    yield from map(facts.taken, (*told.listed, *past))
