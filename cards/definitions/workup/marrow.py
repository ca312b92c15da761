"""Signs of myeloma or metastasis (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Fracture, Measurement, Problem, facts
from cards.chart.calendar import add_months
from cards.chart.facts import Fact
from cards.definitions.diagnosis import first_known
from cards.definitions.kidney import ever_estimated, renal
from cards.definitions.minerals import calcium
from cards.definitions.treatment import courses_had
from cards.definitions.workup.calcium import high_calcium
from cards.definitions.workup.row import ALL, ANABOLICS, Row, Rows
from cards.definitions.workup.surgery import disturbed
from cards.definitions.workup.values import Test, at_least, high, in_window, low, maybe_since, met_since, newest, nth, surely_by

_ORDERS = ("blood-count", "calcium", "creatinine", "electrophoresis", "immunofixation", "light-chains", "bence-jones")
_INFLAMED = ("rheumatoid-arthritis", "lupus", "ankylosing-spondylitis", "infection", "spinal-infection", "sepsis")
_AUTOIMMUNE = ("rheumatoid-arthritis", "lupus", "ankylosing-spondylitis", "liver-disease")
_KIDNEY = ("ckd-3", "ckd-4", "ckd-5", "dialysis")


class Sign(Struct, frozen=True):
    """One abnormal value, ``since`` when the values have been abnormal without a break. ``strong``: since when it has been a
    strong sign; None while it is a weak one. ``kind``: "anemia" or "kidney", which kidney disease may explain, "monoclonal" or
    "". ``mild``: an anemia that is not marked. ``value``: what was measured; None of words in a report."""

    fact: Fact
    since: date
    strong: date | None = None
    kind: str = ""
    mild: bool = False
    value: Measurement | None = None


def marrow(chart: Chart, *, about_to_be_treated: bool) -> Rows:
    """Myeloma or metastasis is excluded first (i) with a vertebral fracture of {myeloma-fracture-months} months and one strong
    or two signs; (ii) with two signs, when osteoporosis is first known within {newly-known-days} days, or the patient is about
    to be treated, or calcium is high without PTH; (iii) with three signs. Without signs: a monoclonal gammopathy on record with
    a fragility fracture of {metastasis-fracture-months} months, or about to be treated; cancer on record (active, or first
    recorded within {cancer-months} months) with a vertebral fracture of {metastasis-fracture-months} months that was not imaged
    by MRI or CT since. Mild anemia with weak kidneys alone holds nothing, unless such a gammopathy is on record. Not
    with myeloma on record; with bone metastasis on record, only the signs."""
    if chart.problem("myeloma") is not None:
        return
    signs = list(_signs(chart))
    fracture = next((f for f in chart.fractures_since(chart.numbers.myeloma_fracture_months) if f.site == "vertebra"), None)
    renal_only = not fracture and len(signs) == 2 and {s.kind for s in signs} == {"anemia", "kidney"} and _renal_anemia(signs)
    met = None if renal_only else _met(chart, signs, fracture, about_to_be_treated=about_to_be_treated)
    if met is not None:
        yield _row(chart, signs, since=met, fracture=fracture is not None)
        return
    known = chart.problem("bone-metastasis") is None
    alone = tuple(_without_signs(chart, signs, about_to_be_treated=about_to_be_treated)) if known else ()
    yield from alone
    if renal_only and not alone:
        yield _row(chart, signs, kind="renal", warns=False)


def _met(chart: Chart, signs: list[Sign], fracture: Fracture | None, *, about_to_be_treated: bool) -> date | None:
    """The day on which enough signs were first there, None if there are too few: (i) the first strong or the second of all,
    with the fracture; (ii) the second; (iii) the third."""
    second, third = nth((sign.since for sign in signs), 2), nth((sign.since for sign in signs), 3)
    strong = nth((sign.strong for sign in signs if sign.strong), 1)
    days = [third]
    if fracture is not None:
        broken = _first_broken(chart)
        days += [max(day, broken) for day in (strong, second) if day is not None]
    high = any(row.key == "high-calcium" and row.warns for row in high_calcium(chart))
    if second is not None and (_newly_known(chart) or about_to_be_treated or high):
        days.append(max(second, first_known(chart) or second))
    return min((day for day in days if day is not None), default=None)


def _first_broken(chart: Chart) -> date:
    """The first vertebral fracture of {myeloma-fracture-months} months."""
    found = chart.fractures_since(chart.numbers.myeloma_fracture_months)
    return min(f.when for f in found if f.site == "vertebra" and f.when is not None)


def _renal_anemia(signs: list[Sign]) -> bool:
    return all(sign.mild for sign in signs if sign.kind == "anemia")


def _newly_known(chart: Chart) -> bool:
    known = first_known(chart)
    return known is not None and known >= chart.days_ago(chart.numbers.newly_known_days)


def _row(
    chart: Chart,
    signs: list[Sign],
    *,
    since: date | None = None,
    kind: str = "signs",
    warns: bool = True,
    fracture: bool = False,
) -> Row:
    return Row(
        "myeloma",
        (*(sign.fact for sign in signs), *(facts.fracture(f) for f in chart.fractures[:2] if f.site == "vertebra")),
        since or max(sign.since for sign in signs),
        kind=kind,
        warns=warns,
        drops=ANABOLICS if warns else frozenset(),
        holds=ALL if warns else frozenset(),
        orders=(*_ORDERS, *(("spine-mri",) if fracture else ())) if warns else ("electrophoresis", "light-chains"),
        referral="" if not warns else "referral-oncology" if chart.problem("cancer") is not None else "referral-hematology",
        cites=("OPREF-D8", "OPREF-D10", "EXT-10"),
        told={"signs": [facts.said(sign.fact) for sign in signs], "fracture": fracture},
        values=tuple(sign.value for sign in signs if sign.value is not None),
        began=tuple(sign.since for sign in signs),
    )


def _without_signs(chart: Chart, signs: list[Sign], *, about_to_be_treated: bool) -> Rows:
    months = chart.numbers.metastasis_fracture_months
    broken = chart.fractures_since(months)
    known = chart.problem("monoclonal-gammopathy")
    gammopathy = [facts.problem(known)] if known else [sign.fact for sign in signs if sign.kind == "monoclonal"]
    year = chart.months_ago(chart.numbers.work_up_window_months)
    tested = chart.newest("light-chain-ratio", since=year) is not None
    if gammopathy and (broken or about_to_be_treated) and not tested:
        yield Row(
            "myeloma",
            (*gammopathy, *map(facts.fracture, broken[:1])),
            _gammopathy_met(chart, signs, broken, about_to_be_treated=about_to_be_treated),
            kind="gammopathy",
            drops=ANABOLICS,
            holds=ALL,
            orders=("blood-count", "calcium", "creatinine", "electrophoresis", "immunofixation", "light-chains"),
            referral="referral-hematology",
            cites=("OPREF-D8",),
        )
    cancer = next((p for p in chart.problems.get("cancer", ()) if p.active or _lately(chart, p)), None)
    vertebra = next((f for f in broken if f.site == "vertebra"), None)
    if cancer is not None and vertebra is not None and chart.done("spine-mri", "spine-ct", since=vertebra.at_latest) is None:
        yield Row(
            "myeloma",
            (facts.problem(cancer), facts.fracture(vertebra)),
            max(day for day in (vertebra.when, cancer.when) if day is not None),
            kind="cancer",
            drops=ANABOLICS,
            holds=ALL,
            orders=("spine-mri", "blood-count", "calcium", "alp"),
            referral="referral-oncology",
            cites=("OPREF-D10",),
        )


def _gammopathy_met(chart: Chart, signs: list[Sign], broken: tuple[Fracture, ...], *, about_to_be_treated: bool) -> date:
    """Since when a gammopathy has been on record beside a fracture, or else beside osteoporosis to be treated, and nothing
    answered it: not before the last light chains were a year old, nor, without a fracture, while treatment still worked. Today
    where nothing has a date."""
    recorded = [p.when for p in chart.problems.get("monoclonal-gammopathy", ()) if p.when is not None]
    recorded += [sign.since for sign in signs if sign.kind == "monoclonal"]
    bones = [f.when for f in broken if f.when is not None]
    osteoporosis = first_known(chart) if about_to_be_treated and not bones else None
    bones += [osteoporosis] if osteoporosis is not None else []
    firsts = [min(days) for days in (recorded, bones) if days]
    if not broken:
        firsts += [c.covered_until for c in courses_had(chart) if c.covered_until and c.covered_until <= chart.today]
    firsts += [add_months(m.when, chart.numbers.work_up_window_months) for m in chart.values("light-chain-ratio")[:1]]
    return max(firsts, default=chart.today)


def _lately(chart: Chart, cancer: Problem) -> bool:
    return maybe_since(cancer, chart.months_ago(chart.numbers.cancer_months))


# -- the signs --------------------------------------------------------------------------------------------------------


def _signs(chart: Chart) -> Iterator[Sign]:
    """One value is one sign, of the newest of {work-up-window-months} months."""
    known_renal = _long_known_renal_anemia(chart)
    for sign in (_anemia(chart), _esr(chart), _globulin(chart), _calcium(chart), _kidneys(chart), *_monoclonal(chart)):
        if sign is not None and not (known_renal and sign.kind in ("anemia", "kidney")):
            yield sign


def _sign(
    chart: Chart, value: Measurement, weak: Test, strong: Test | None = None, kind: str = "", *, mild: bool = False
) -> Sign:
    """The sign that this value is: abnormal by the test ``weak`` and, where it is a strong one, also by ``strong``."""
    return Sign(
        facts.measured(value),
        met_since(chart, value, weak),
        met_since(chart, value, strong) if strong else None,
        kind,
        mild,
        value,
    )


def _counted(chart: Chart, key: str, abnormal: Test) -> Measurement | None:
    """The newest value that counts; an abnormal one does not in pregnancy, nor within {marker-after-surgery-days} days after
    it, after a fracture of hip or pelvis or an operation."""
    values = in_window(chart, key)
    return next((each for each in values if not abnormal(each) or not disturbed(chart, each)), None)


def hemoglobin_floor(chart: Chart, value: Measurement) -> float:
    """The lower limit of hemoglobin: the laboratory's, otherwise {hemoglobin-low-woman} g/dL, of men {hemoglobin-low-man}."""
    usual = chart.numbers.hemoglobin_low_man if chart.patient.sex == "male" else chart.numbers.hemoglobin_low_woman
    return float(usual if value.low is None else value.low)


def _anemia(chart: Chart) -> Sign | None:
    """Below {hemoglobin-marked} g/dL, or more than {hemoglobin-marked-below} below the limit, it is strong; weak from
    {hemoglobin-iron} on with ferritin below its limit ({ferritin-low} ng/mL) or MCV below {mcv-low} fL; weak if mild."""
    n = chart.numbers

    def anemic(each: Measurement) -> bool | None:
        return each.below(hemoglobin_floor(chart, each))

    def marked(each: Measurement) -> bool | None:
        return each.below(n.hemoglobin_marked) or each.below(
            round(hemoglobin_floor(chart, each) - n.hemoglobin_marked_below, 2)
        )

    value, mcv = _counted(chart, "hemoglobin", anemic), newest(chart, "mcv")
    if value is None or not anemic(value):
        return None
    iron = low(newest(chart, "ferritin"), n.ferritin_low) or (mcv is not None and mcv.below(n.mcv_low) is True)
    strong = marked(value) and not (iron and at_least(value, n.hemoglobin_iron))
    return _sign(chart, value, anemic, marked if strong else None, "anemia", mild=not marked(value))


def esr_limit(chart: Chart) -> float:
    """{esr-high} mm/h, from {esr-old-years} years on {esr-old}."""
    n = chart.numbers
    return float(n.esr_old if chart.age is not None and chart.age >= n.esr_old_years else n.esr_high)


def _esr(chart: Chart) -> Sign | None:
    """{esr-very-high} mm/h or more is strong; {esr-high} or more weak, from {esr-old-years} years on {esr-old} or more, and not
    with inflammatory rheumatic disease or infection on record."""
    n, limit = chart.numbers, esr_limit(chart)

    def raised(each: Measurement) -> bool:
        return at_least(each, limit)

    def very_high(each: Measurement) -> bool:
        return at_least(each, n.esr_very_high)

    value = _counted(chart, "esr", raised)
    if value is None or not raised(value):
        return None
    if very_high(value):
        return _sign(chart, value, raised, very_high)
    return None if chart.active_problem(*_INFLAMED) is not None else _sign(chart, value, raised)


def _globulin(chart: Chart) -> Sign | None:
    """Globulin, reported or total protein less the albumin of that day, above its range, otherwise above {globulin-high} g/dL;
    whichever is newer, on one day the reported one; or total protein above its range: strong, weak with liver or autoimmune
    disease on record."""

    def raised(each: Measurement) -> bool:
        return high(each, chart.numbers.globulin_high if each.key == "globulin" else None)

    strong = raised if chart.active_problem(*_AUTOIMMUNE) is None else None
    total = newest(chart, "total-protein")
    reported, computed = newest(chart, "globulin"), _difference(chart, total)
    globulin = max((m for m in (reported, computed) if m is not None), key=lambda m: m.when, default=None)
    value = next((m for m in (globulin, total) if m is not None and raised(m)), None)
    if value is None or not value.computed:
        return None if value is None else _sign(chart, value, raised, strong)
    since = _difference_since(chart, value.when)
    return Sign(facts.measured(value), since, since if strong else None, value=value)


def _difference_since(chart: Chart, first: date) -> date:
    """The first day of the unbroken series of high differences that ends with the one of ``first``."""
    for total in chart.values("total-protein"):
        difference = _difference(chart, total)
        if difference is None or difference.when > first:
            continue
        if not high(difference, chart.numbers.globulin_high):
            break
        first = difference.when
    return first


def _difference(chart: Chart, total: Measurement | None) -> Measurement | None:
    """Globulin as total protein less the albumin of the same day."""
    if total is None or total.comparator:
        return None
    albumin = next((m for m in chart.values("albumin") if m.when == total.when and not m.comparator), None)
    if albumin is None:
        return None
    value, how = round(total.value - albumin.value, 2), "total protein − albumin"
    return Measurement("globulin", value, total.when, total.source, factor=total.factor, given=total.given, computed=how)


def _calcium(chart: Chart) -> Sign | None:
    """High calcium without PTH, or with a PTH below {pth-unclear}; seen once it is weak."""
    reading = calcium(chart)
    row = next(high_calcium(chart), None)
    if row is None or reading is None or not (row.kind == "unclear" or (row.key == "high-calcium" and row.warns)):
        return None
    return Sign(facts.measured(reading.value), row.since, None if row.told["once"] else row.since, value=reading.value)


def _kidneys(chart: Chart) -> Sign | None:
    """Creatinine above {creatinine-myeloma} mg/dL is strong, an estimate below {egfr-myeloma} weak; neither counts where kidney
    disease (or an estimate below {egfr-work-up}) has been known for {long-known-days} days."""
    year_ago, n = chart.days_ago(chart.numbers.long_known_days), chart.numbers
    known = any(surely_by(p, year_ago) for key in _KIDNEY for p in chart.problems.get(key, ()))
    if known or any(surely_by(m, year_ago) and m.below(n.egfr_work_up) for m in ever_estimated(chart)):
        return None

    def raised(each: Measurement) -> bool:
        return each.at_most(n.creatinine_myeloma) is False

    creatinine = newest(chart, "creatinine")
    if creatinine is not None and raised(creatinine):
        return _sign(chart, creatinine, raised, raised, "kidney")
    kidneys = renal(chart)
    if kidneys.lowest is not None and kidneys.below(n.egfr_myeloma):
        return _sign(chart, kidneys.lowest, lambda each: each.below(n.egfr_myeloma), kind="kidney")
    return None


def _long_known_renal_anemia(chart: Chart) -> bool:
    """Dialysis or stage 4 to 5, and anemia, each known for {long-known-days} days."""
    year_ago = chart.days_ago(chart.numbers.long_known_days)
    if not any(surely_by(m, year_ago) and m.below(hemoglobin_floor(chart, m)) for m in chart.values("hemoglobin")):
        return False
    listed = any(surely_by(p, year_ago) for key in ("dialysis", "ckd-4", "ckd-5") for p in chart.problems.get(key, ()))
    return listed or any(surely_by(m, year_ago) and m.below(chart.numbers.egfr_specialist) for m in ever_estimated(chart))


def _monoclonal(chart: Chart) -> Iterator[Sign]:
    """An M-protein in any amount, or else one that a report tells of in words; a free light chain ratio outside its range."""
    protein, ratio = newest(chart, "m-protein"), newest(chart, "light-chain-ratio")

    def there(each: Measurement) -> bool:
        return each.at_most(0) is False

    def outside(each: Measurement) -> bool:
        return light_chains_outside(chart, each)

    if protein is not None and there(protein):
        yield _sign(chart, protein, there, there, "monoclonal")
    elif (band := _band(chart)) is not None and band.when is not None:
        yield Sign(facts.problem(band), band.when, band.when, "monoclonal")
    if ratio is not None and outside(ratio):
        yield _sign(chart, ratio, outside, outside)


def _band(chart: Chart) -> Problem | None:
    """The monoclonal protein that the newest report of {work-up-window-months} months tells of; none where a later
    immunofixation denies it."""
    since = chart.months_ago(chart.numbers.work_up_window_months)
    found = [p for p in chart.problems.get("monoclonal-band", ()) if p.when is not None and maybe_since(p, since)]
    newest_band = max(found, key=lambda p: p.when or date.min, default=None)
    if newest_band is None or newest_band.at_latest is None:
        return None
    denied = [
        s for s in chart.services.get("immunofixation", ()) if s.tells is False and s.when and s.when > newest_band.at_latest
    ]
    return None if denied else newest_band


def light_chains_outside(chart: Chart, ratio: Measurement) -> bool:
    """Whether a free light chain ratio is outside its range ({light-chain-ratio-low} to {light-chain-ratio-high}), with an
    estimate below {egfr-work-up} outside {light-chain-ratio-renal-low} to {light-chain-ratio-renal-high}."""
    n, weak = chart.numbers, bool(renal(chart).below(chart.numbers.egfr_work_up))
    floor = n.light_chain_ratio_renal_low if weak else n.light_chain_ratio_low if ratio.low is None else ratio.low
    ceiling = n.light_chain_ratio_renal_high if weak else n.light_chain_ratio_high if ratio.high is None else ratio.high
    return ratio.below(floor) is True or ratio.at_most(ceiling) is False
