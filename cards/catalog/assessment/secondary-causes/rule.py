"""The rule of `secondary-causes`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Draft, Hook, facts
from cards.chart.calendar import add_days, add_months
from cards.definitions import diagnosis, person, treatment, workup
from cards.definitions.basket import dose
from cards.definitions.denosumab import Kind, closes_gap, safe_until, state
from cards.definitions.good_bone import fractures_with_good_bone
from cards.definitions.kidney import renal
from cards.definitions.minerals import unmeasured, vitamin_d
from cards.definitions.supplements import CORRECTION
from cards.definitions.workup import Row
from cards.definitions.workup.basic import BASIC_LABS, followed, lacking
from cards.definitions.workup.causes import blamed, causes, known_already
from cards.definitions.workup.emergency import emergency
from cards.engine.findings import CRITICAL, INFO, WARNING, Dropped, Earlier, Finding, Undecided
from cards.engine.options import RANKED, Offer, discard, offer, service
from cards.engine.trial import NOT_READ, ruled_out, starts
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES, CHOLECALCIFEROL, DENOSUMAB, DRUGS, SERVICES, Data

_RESULTS = BASIC_LABS | {
    "electrophoresis": ("m-protein",),
    "light-chains": ("light-chain-ratio",),
    "celiac": ("transglutaminase-iga",),
}
_MRI = "spine-mri"
_SPINE = (_MRI, "spine-ct")
_CALCIUM = DRUGS["calcium"]
_NAMED = 3
"""How many of the missing results are named."""
_CALCIUM_ROWS = ("high-calcium", "hyperparathyroidism", "low-calcium")
_REPEATED = {("high-urine-calcium", "urine-calcium")}
"""What a finding repeats, however new its value is."""
_BONE_CARDS = ("bmd-screening", "low-bmd-for-age", "bone-loss-medication")
_CALCIUM_CARDS = ("hypocalcemia", "pth-analog-contraindication")


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding | Undecided]:
    """Primary osteoporosis has normal laboratory values. New osteoporosis, or osteoporosis about to be treated, needs basic
    labs first; an abnormal value is another disease until it is clarified, and drugs wait for it.

    When: an adult, and any of these. (1) {good-bone} fragility fractures within {good-bone-months} months with good bone, or
    osteoporosis that first became known within {newly-known-days} days or is about to be treated, and a basic test with no
    result within {yearly-months} months that is not ordered: blood count, ESR, calcium (of any kind), phosphate, ALP, albumin,
    creatinine or eGFR, liver enzymes, 25(OH)D, PTH; with hyperthyroidism, celiac disease or (a man) hypogonadism on record also
    TSH, celiac antibodies, testosterone. "First known" is the earliest date of osteoporosis on the problem list or,
    if it is not listed, of a T-score of {t-osteoporosis} or lower, a QCT below {qct-osteoporosis} mg/cm3 or a fragility
    fracture. An undated entry is new only while it is being entered. (2) Of a bone patient (or one for whom `bmd-screening`,
    `low-bmd-for-age` or `bone-loss-medication` fires), a finding of the work-up: signs of myeloma or metastasis, high calcium,
    hyperparathyroidism, osteomalacia, low phosphate, low ALP, very high ALP, low calcium, high PTH with normal calcium, high
    urine calcium, low TSH, low testosterone, high turnover, celiac antibodies, a Z-score of {z-low} or lower. On orders: where
    an antiresorptive or anabolic is drafted that such a finding holds or drops.

    Not when: for (1), a group of results could not be retrieved: nothing in it is then known to be missing; orders; discharge,
    unless `start-treatment` warns there. For (2), on orders, where a critical card names the same calcium on the same draft, or
    order safety forbids what cannot wait; high calcium does not speak against pamidronate or calcitonin, which treat it.

    Then: warning where a finding of (2) warns, otherwise info; on orders, info for what closes the gap after denosumab up to
    {denosumab-sequence-months} months after its last dose (the next dose; once it is stopped or late also zoledronate or
    alendronate), unless it is dropped or calcium is low, and for the renewal of what is taken, unless it is dropped or must
    pause.
    Suggested: one order per missing test in (1), the tests and the referral that the findings call for; not what is ordered,
    nor what has a result of {repeat-days} days, calcium, PTH and low phosphate of {calcium-again-days}, calcium after a low
    one of {low-calcium-again-days}; but what a finding seen once repeats: phosphate now, calcium and PTH {calcium-again-days}
    days after it; MRI not after an MRI or CT, read, since the newest vertebral fracture and the newest sign;
    what is only searched for, of {yearly-months} months, and not for a disease on record. In osteomalacia and low calcium also
    calcium 1,000 mg a day and, where 25(OH)D is unknown (on orders: below {vitamin-d-target} ng/mL, too), vitamin D 1,000
    units; a known level is corrected by `vitamin-d-low`. Any number may be chosen; all are recommended. The first finding
    names the card, the detail lists all, names known causes (first drugs that explain it: lithium and thiazides with high
    calcium; tenofovir disoproxil, adefovir, and iron by vein of {iron-phosphate-months} months with low phosphate) and what
    must pause, says until when to decide, and names recorded results that could not be used. On an order of a patient of
    unknown age with basic results on record, `incomplete-data` says that they were not judged.
    """
    if not person.adult(chart):
        return
    starting = "start-treatment" in earlier
    rows = _rows(chart, earlier, starting=starting or _offered(chart, earlier))
    if chart.hook in ORDER_HOOKS:
        yield from _on_orders(chart, n, rows, earlier) if rows or chart.age is not None else _ageless(chart)
        return
    about = treatment.about_to_be_treated(chart, starting=starting)
    known = diagnosis.osteoporosis(chart) and (_newly_known(chart, n) or about)
    new = known or bool(fractures_with_good_bone(chart))
    now = chart.hook is not Hook.DISCHARGE or any(f.indicator is WARNING for f in earlier.of("start-treatment"))
    missing = [*_missing(chart, n)] if new and now else []
    if rows or missing:
        yield _finding(chart, n, rows, missing, known=known)


def _missing(chart: Chart, n: Numbers) -> Iterator[str]:
    """The basic tests without a result that are not ordered, and those that follow what is on record."""
    yield from (key for key, results in BASIC_LABS.items() if lacking(chart, key, results, n.yearly_months))
    yield from followed(chart, n.yearly_months)


def _ageless(chart: Chart) -> Iterator[Undecided]:
    """Of each drafted drug for bone, that results which might hold it were not judged, since nobody knows the age."""
    if any(chart.newest(key) for results in BASIC_LABS.values() for key in results):
        drafts = chart.drafted(treatment.TREATMENT)
        yield from (Undecided(about=draft, missing=(Data.PATIENT,), indicator=INFO) for draft in drafts)


def _rows(chart: Chart, earlier: Earlier, *, starting: bool) -> tuple[Row, ...]:
    """The findings of a bone patient, those that warn and so hold drugs first; of a calcium that is an emergency
    `calcium-critical` speaks."""
    if not workup.bone_patient(chart) and not any(code in earlier for code in _BONE_CARDS):
        return ()
    rows = workup.rows(chart, about_to_be_treated=starting or workup.about_to_be_treated(chart))
    urgent = emergency(chart)
    spoken = urgent is not None and urgent.reading is not None
    rows = tuple(row for row in rows if not row.silent and not (spoken and row.key in _CALCIUM_ROWS))
    return tuple(sorted(rows, key=lambda row: not row.warns))


def _offered(chart: Chart, earlier: Earlier) -> bool:
    """Whether another card offers a drug against osteoporosis that would be new."""
    findings = (finding for code in earlier.found for finding in earlier.of(code))
    offered = (option for finding in findings for option in (*finding.options, *finding.withheld) if option.kind == "drug")
    return any(starts(chart, DRUGS[option.key]) for option in offered)


def _finding(chart: Chart, n: Numbers, rows: tuple[Row, ...], missing: list[str], *, known: bool) -> Finding:
    pressing = _asked(chart, n, tuple(row for row in rows if row.warns))
    tests = list(dict.fromkeys((*pressing, *missing, *_asked(chart, n, rows))))
    decide = workup.decide_on(chart, rows)
    analogs = workup.decide_on(chart, rows, every=False) if decide is None else None
    products = _products(chart, n, rows)
    suspects = blamed(chart, rows, n.iron_phosphate_months)
    return Finding(
        indicator=WARNING if any(row.warns for row in rows) else INFO,
        variant=_variant(rows),
        values={
            "tests": [SERVICES[key] for key in missing],
            "rows": rows,
            "decide": decide,
            "by_level": _by_level(chart, n),
            "analogs": analogs,
            "overdue": decide is not None and decide <= chart.today,
            "known": diagnosis.known_since(chart) if known else None,
            "good_bone": bool(fractures_with_good_bone(chart)),
            "drafts": [],
            "due": [],
            "renewed": [],
            "against": workup.paused(chart, rows),
            "owed": [SERVICES[key] for key in _owed(chart, rows)] if decide is not None and decide <= chart.today else [],
            **_denosumab(chart, rows),
            **_correcting(chart, n, decide),
            "calcium_first": _calcium_first(products),
            "alp_pauses": any(row.key == "low-alp" and row.pauses for row in rows),
            "blamed": suspects,
            "causes": (*suspects, *(each for each in causes(chart) if each not in suspects)),
        },
        cites=_cites(rows, missing=bool(missing)),
        facts=tuple(dict.fromkeys((*(fact for row in rows for fact in row.evidence), *map(facts.taken, suspects)))),
        options=(*products.options, *(service(key, start=_day(chart, n, rows, key), recommended=True) for key in tests)),
        dropped=products.dropped,
        any_number=True,
        notes=("good-bone",) if missing and fractures_with_good_bone(chart) else (),
        holds=_holding(rows),
        left_out=chart.left_out(*(analyte for key in missing for analyte in _RESULTS.get(key, (key,)))),
    )


def _holding(rows: tuple[Row, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.key for row in rows if row.holds))


def _owed(chart: Chart, rows: tuple[Row, ...]) -> list[str]:
    """The first tests of the findings that hold drugs of which there is no result since these were first met."""
    keys = dict.fromkeys(key for row in rows if row.holds_all for key in row.orders if not _resulted(chart, key, row.since))
    return list(keys)[:_NAMED]


def _resulted(chart: Chart, key: str, since: date) -> bool:
    analytes = _RESULTS.get(key, (key,) if key in ANALYTES else ())
    return any(chart.newest(each, since=since) for each in analytes) or chart.done(key, since=since) is not None


def _denosumab(chart: Chart, rows: tuple[Row, ...]) -> dict[str, Any]:
    """Of a denosumab that a finding forbids or delays: the last safe day of the next dose, and whether calcium alone does."""
    found = state(chart)
    against = [row for row in rows if DENOSUMAB.key in row.drops or (row.binding and DENOSUMAB.key in row.holds)]
    kinds = (Kind.GOING_ON, Kind.LATE, Kind.PERHAPS, Kind.REBOUND)
    goes_on = found is not None and found.kind in kinds and not found.course.stopped
    return {
        "today": chart.today,
        "denosumab": safe_until(chart) if goes_on and against else None,
        "on_calcium": all(row.key == "low-calcium" for row in against),
    }


def _products(chart: Chart, n: Numbers, rows: tuple[Row, ...]) -> Offer:
    """Calcium and vitamin D where they come first: osteomalacia, and low calcium that holds drugs; not what is taken, not below
    {egfr-specialist} mL/min, calcium only after calcium and creatinine where one is not known, vitamin D not at
    {vitamin-d-target} ng/mL or more, nor where `vitamin-d-low` gives it by its level; withheld where something could not be
    read."""
    wanted = any(row.key == "osteomalacia" or (row.key == "low-calcium" and row.warns) for row in rows)
    if not wanted or renal(chart).below(n.egfr_specialist):
        return Offer()
    drugs = (_CALCIUM, *(() if _replete(chart, n) or _by_level(chart, n) else (CHOLECALCIFEROL,)))
    taken = {c.drug.mechanism for c in chart.drug_courses.values() if c.on_treatment(chart.today)}
    taken |= {draft.drug.mechanism for draft in (*chart.drafts, *chart.beside) if draft.drug}
    given = [drug for drug in drugs if drug.mechanism not in taken]
    if chart.doubts((*RANKED, Data.ORDERS, Data.TURNOVER)):
        return Offer((), tuple(Dropped(drug.key, phrase=NOT_READ) for drug in given))
    offers = [offer(chart, (drug,), regimens=CORRECTION) for drug in given]
    options = (option for each in offers for option in each.options)
    first = unmeasured(chart)
    return Offer(
        tuple(replace(option, first=first) if option.key == _CALCIUM.key else option for option in options),
        tuple(gone for each in offers for gone in each.dropped),
    )


def _calcium_first(products: Offer) -> str:
    """What must be measured before the calcium that is ordered (a phrase key), "" where nothing must: the text says no sooner
    than the order."""
    return next((option.first for option in products.options if option.key == _CALCIUM.key), "")


def _replete(chart: Chart, n: Numbers) -> bool:
    level = vitamin_d(chart)
    return level is not None and level.below(n.vitamin_d_target) is False


def _correcting(chart: Chart, n: Numbers, decide: date | None) -> dict[str, Any]:
    """How low calcium is corrected: with vitamin D, too, unless 25(OH)D is {vitamin-d-target} ng/mL or more; measured again by
    the day to decide, where that comes within {calcium-again-days} days."""
    soon = decide is not None and chart.today < decide < add_days(chart.today, n.calcium_again_days)
    return {"vitamin_d": not _replete(chart, n), "again_by": decide if soon else None}


def _by_level(chart: Chart, n: Numbers) -> bool:
    """Whether `vitamin-d-low` orders vitamin D by its level, a loading where it is very low: a second dose beside it would be
    one too many, and the usual one alone too little. On orders that card speaks of fewer drafts than this one."""
    level = vitamin_d(chart)
    if chart.hook in ORDER_HOOKS or level is None:
        return False
    return bool(level.below(n.vitamin_d_severe) or (level.below(n.vitamin_d_target) and workup.bone_patient(chart)))


def _variant(rows: tuple[Row, ...]) -> str:
    """The finding that names the card: each is worded for itself."""
    return "-".join(filter(None, (rows[0].key, rows[0].kind))) if rows else "missing"


def _on_orders(chart: Chart, n: Numbers, rows: tuple[Row, ...], earlier: Earlier) -> Iterator[Finding]:
    """What speaks against a draft: the findings that hold or drop it."""
    speaking = {draft.id: _against(draft, rows, earlier) for draft in chart.drafted(treatment.TREATMENT)}
    named = [draft for draft in chart.drafted(treatment.TREATMENT) if speaking[draft.id]]
    urgent = [draft for draft in named if _cannot_wait(chart, draft, speaking[draft.id])]
    due = [draft for draft in urgent if not _forbidden(chart, draft)]
    drafts = [draft for draft in named if draft in due or draft not in urgent]
    if not drafts:
        return
    against = tuple(row for row in rows if any(row in speaking[draft.id] for draft in drafts))
    renewed = [draft for draft in drafts if draft not in due and _renewed(chart, draft, speaking[draft.id])]
    decide = workup.decide_on(chart, against)
    waiting = [draft for draft in drafts if draft not in due and draft not in renewed]
    products = _products(chart, n, against)
    yield Finding(
        indicator=WARNING if waiting else INFO,
        variant=_variant(against),
        values={
            "tests": [],
            "rows": against,
            "decide": decide,
            "analogs": workup.decide_on(chart, against, every=False) if decide is None else None,
            "overdue": decide is not None and decide <= chart.today,
            "known": None,
            "good_bone": False,
            "by_level": False,
            "drafts": waiting,
            "due": due,
            "renewed": renewed,
            "against": (),
            "owed": [],
            **_denosumab(chart, ()),
            **_correcting(chart, n, decide),
            "calcium_first": _calcium_first(products),
            "alp_pauses": False,
            "blamed": (suspects := blamed(chart, against, n.iron_phosphate_months)),
            "causes": suspects,
        },
        cites=_cites(against, missing=False),
        facts=(
            *(facts.drafted(draft, dose(chart, draft)) for draft in drafts),
            *dict.fromkeys(fact for row in against for fact in row.evidence),
        ),
        options=(
            *products.options,
            *(service(key, start=_day(chart, n, against, key), recommended=True) for key in _asked(chart, n, against)),
            *(discard(draft) for draft in waiting),
        ),
        dropped=products.dropped,
        any_number=True,
        holds=_holding(against),
    )


def _against(draft: Draft, rows: tuple[Row, ...], earlier: Earlier) -> tuple[Row, ...]:
    """The findings that speak against a draft, but for the calcium that a critical card names on the same draft."""
    critical = [f for code in _CALCIUM_CARDS for f in earlier.of(code) if f.indicator is CRITICAL and f.about is not None]
    named = {fact for finding in critical if finding.about and finding.about.id == draft.id for fact in finding.facts}
    return tuple(
        row
        for row in rows
        if draft.drug and row.against(draft.drug) and not (row.key in _CALCIUM_ROWS and named.intersection(row.evidence))
    )


def _cannot_wait(chart: Chart, draft: Draft, rows: tuple[Row, ...]) -> bool:
    """Whether the draft closes the gap after denosumab, and no finding drops it or binds."""
    drug = draft.drug
    return drug is not None and closes_gap(chart, drug) and not any(row.binding or drug.key in row.drops for row in rows)


def _forbidden(chart: Chart, draft: Draft) -> bool:
    """Whether order safety forbids what cannot wait: its card says so, and who decides."""
    return draft.drug is not None and ruled_out(chart, draft.drug, (draft,)) is not None


def _renewed(chart: Chart, draft: Draft, rows: tuple[Row, ...]) -> bool:
    """Whether the draft renews what is taken by mouth or daily, which goes on unless it is dropped or must pause."""
    drug = draft.drug
    if drug is None or drug.covers_months is not None or any(drug.key in row.drops | row.pauses for row in rows):
        return False
    return any(c.drug.ingredient == drug.ingredient and c.active for c in chart.drug_courses.values())


def _cites(rows: tuple[Row, ...], *, missing: bool) -> tuple[str, ...]:
    """The recommendations behind the findings, and those for basic tests if any is missing."""
    basic = ("POP2022-D6", "OVCF2021-D4", "OPREF-D3") if missing else ()
    return tuple(dict.fromkeys((*basic, *(each for row in rows for each in row.cites))))


def _asked(chart: Chart, n: Numbers, rows: tuple[Row, ...]) -> list[str]:
    """The tests and referrals that the findings call for, each once."""
    tests = dict.fromkeys(key for row in rows for key in row.orders if _wanted(chart, n, key, row))
    referrals = dict.fromkeys(row.referral for row in rows if row.referral and not chart.ordered(row.referral))
    return [*tests, *referrals]


def _day(chart: Chart, n: Numbers, rows: tuple[Row, ...], key: str) -> date | None:
    """The day of a test that is repeated later, unless another finding asks for it now: PTH in {pth-again-months} months, ALP
    in {alp-low-apart-days} days."""
    days = [_later(chart, n, row, key) for row in rows if key in row.orders]
    dated = [day for day in days if day is not None]
    return min(dated) if dated and len(dated) == len(days) and min(dated) > chart.today else None


def _later(chart: Chart, n: Numbers, row: Row, key: str) -> date | None:
    if (row.key, key) == ("high-pth", "pth"):
        return add_months(row.values[0].when, n.pth_again_months)
    if (row.key, key) == ("low-alp", "alp"):
        return add_days(row.values[0].when, n.alp_low_apart_days)
    if row.kind == "once" and row.key in _CALCIUM_ROWS and key in ("calcium", "pth"):
        return add_days(row.values[0].when, n.calcium_again_days)
    return None


def _wanted(chart: Chart, n: Numbers, key: str, row: Row) -> bool:
    """Neither ordered nor, if its result could be read, resulted lately."""
    if chart.ordered(key):
        return False
    if row.key == "z-score" and known_already(chart, key):
        return False
    if _later(chart, n, row, key) is not None or (row.key, key) in _REPEATED or (row.kind, key) == ("once", "phosphate"):
        return True
    if key == _MRI and _imaged(chart, row):
        return False
    if row.key in ("z-score", "high-turnover"):
        since = chart.months_ago(n.yearly_months)
    elif key == "calcium" and row.key == "low-calcium":
        since = chart.days_ago(n.low_calcium_again_days)
    else:
        soon = key in ("calcium", "pth") or (key, row.key) == ("phosphate", "low-phosphate")
        since = chart.days_ago(n.calcium_again_days if soon else n.repeat_days)
    return not _resulted(chart, key, since)


def _imaged(chart: Chart, row: Row) -> bool:
    """Whether the spine was imaged by MRI or CT, and the report read, since its newest fracture and since the newest of the
    signs: an MRI in which nothing new can be seen is not repeated."""
    broken = (f.at_latest for f in chart.fractures if f.site == "vertebra" and f.at_latest)
    since = max((*broken, *row.began), default=row.since)
    return chart.read(*_SPINE, since=since)


def _newly_known(chart: Chart, n: Numbers) -> bool:
    """Osteoporosis first known within {newly-known-days} days, or just being entered without a date."""
    known = diagnosis.first_known(chart)
    if known is None:
        return chart.hook is Hook.PROBLEM_CREATE and chart.problem("osteoporosis") is not None
    return known >= chart.days_ago(n.newly_known_days)
