"""Signs of myeloma or metastasis (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Measurement, facts
from cards.chart.calendar import add_days
from cards.chart.facts import Fact
from cards.definitions.diagnosis import first_known
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium
from cards.definitions.person import pregnant
from cards.definitions.workup.calcium import high_calcium
from cards.definitions.workup.row import ALL, ANABOLICS, Row, Rows
from cards.definitions.workup.values import at_least, high, low, met_since, newest

_ORDERS = ("blood-count", "calcium", "creatinine", "electrophoresis", "immunofixation", "light-chains", "bence-jones")
_INFLAMED = ("rheumatoid-arthritis", "lupus", "ankylosing-spondylitis", "infection", "spinal-infection", "sepsis")
_AUTOIMMUNE = ("rheumatoid-arthritis", "lupus", "ankylosing-spondylitis", "liver-disease")
_KIDNEY = ("ckd-3", "ckd-4", "ckd-5", "kidney-disease", "dialysis")
_ANSWERED = ("myeloma", "bone-metastasis")


class Sign(Struct, frozen=True):
    """One abnormal value. ``kind``: "anemia" or "kidney", which kidney disease may explain, "monoclonal" or "". ``mild``: an
    anemia that is not marked."""

    fact: Fact
    since: date
    strong: bool = False
    kind: str = ""
    mild: bool = False


def marrow(chart: Chart, *, about_to_be_treated: bool) -> Rows:
    """Myeloma or metastasis is excluded first (i) with a vertebral fracture of {myeloma-fracture-months} months and one strong
    or two signs; (ii) with two signs, when osteoporosis is first known within {newly-known-days} days, or the patient is about
    to be treated, or calcium is high without PTH; (iii) with three signs. Without signs: a monoclonal gammopathy on record with
    a fragility fracture of {metastasis-fracture-months} months, or about to be treated; cancer on record (active, or first
    recorded within {cancer-months} months) with a vertebral fracture of {metastasis-fracture-months} months that was not imaged
    by MRI or CT since. Mild anemia with weak kidneys alone holds nothing. Not with myeloma or bone metastasis on record."""
    if chart.problem(*_ANSWERED) is not None:
        return
    signs = list(_signs(chart))
    fracture = next((f for f in chart.fractures_since(chart.numbers.myeloma_fracture_months) if f.site == "vertebra"), None)
    if signs and not fracture and len(signs) == 2 and {s.kind for s in signs} == {"anemia", "kidney"} and _renal_anemia(signs):
        yield _row(chart, signs, kind="renal", warns=False)
    elif _enough(chart, signs, broken=fracture is not None, about_to_be_treated=about_to_be_treated):
        yield _row(chart, signs, fracture=fracture is not None)
    else:
        yield from _without_signs(chart, signs, about_to_be_treated=about_to_be_treated)


def _enough(chart: Chart, signs: list[Sign], *, broken: bool, about_to_be_treated: bool) -> bool:
    if broken and (len(signs) > 1 or any(sign.strong for sign in signs)):
        return True
    new = (
        _newly_known(chart)
        or about_to_be_treated
        or any(row.key == "high-calcium" and row.warns for row in high_calcium(chart))
    )
    return (len(signs) > 1 and new) or len(signs) > 2


def _renal_anemia(signs: list[Sign]) -> bool:
    return all(sign.mild for sign in signs if sign.kind == "anemia")


def _newly_known(chart: Chart) -> bool:
    known = first_known(chart)
    return known is not None and known >= chart.days_ago(chart.numbers.newly_known_days)


def _row(chart: Chart, signs: list[Sign], *, kind: str = "signs", warns: bool = True, fracture: bool = False) -> Row:
    return Row(
        "myeloma",
        (*(sign.fact for sign in signs), *(facts.fracture(f) for f in chart.fractures[:2] if f.site == "vertebra")),
        max(sign.since for sign in signs),
        kind=kind,
        warns=warns,
        drops=ANABOLICS if warns else frozenset(),
        holds=ALL if warns else frozenset(),
        orders=(*_ORDERS, *(("spine-mri",) if fracture else ())) if warns else ("electrophoresis", "light-chains"),
        referral="referral-hematology" if warns else "",
        cites=("OPREF-D8", "OPREF-D10", "EXT-10"),
        told={"signs": [facts.said(sign.fact) for sign in signs], "fracture": fracture},
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
            max((f.when for f in broken[:1] if f.when), default=chart.today),
            kind="gammopathy",
            drops=ANABOLICS,
            holds=ALL,
            orders=("blood-count", "calcium", "creatinine", "electrophoresis", "immunofixation", "light-chains"),
            referral="referral-hematology",
            cites=("OPREF-D8",),
        )
    cancer = next((p for p in chart.problems.get("cancer", ()) if p.active or _lately(chart, p.when)), None)
    vertebra = next((f for f in broken if f.site == "vertebra"), None)
    if cancer is not None and vertebra is not None and chart.done("spine-mri", "spine-ct", since=vertebra.when) is None:
        yield Row(
            "myeloma",
            (facts.problem(cancer), facts.fracture(vertebra)),
            vertebra.when or chart.today,
            kind="cancer",
            drops=ANABOLICS,
            holds=ALL,
            orders=("spine-mri", "blood-count", "calcium", "alp"),
            referral="referral-oncology",
            cites=("OPREF-D10",),
        )


def _lately(chart: Chart, when: date | None) -> bool:
    return when is not None and when >= chart.months_ago(chart.numbers.cancer_months)


# -- the signs --------------------------------------------------------------------------------------------------------


def _signs(chart: Chart) -> Iterator[Sign]:
    """One value is one sign, of the newest of {work-up-window-months} months."""
    known_renal = _long_known_renal_anemia(chart)
    for sign in (_anemia(chart), _esr(chart), _globulin(chart), _calcium(chart), _kidneys(chart), *_monoclonal(chart)):
        if sign is not None and not (known_renal and sign.kind in ("anemia", "kidney")):
            yield sign


def _sign(value: Measurement, strong: bool, since: date | None = None, kind: str = "", *, mild: bool = False) -> Sign:
    return Sign(facts.measured(value), since or value.when, strong, kind, mild)


def _counted(chart: Chart, key: str) -> Measurement | None:
    """The newest value; none in pregnancy, nor within {marker-after-surgery-days} days after a fracture of hip or pelvis."""
    value = newest(chart, key)
    if value is None or pregnant(chart):
        return None
    for broken in chart.fractures:
        if broken.site in ("hip", "pelvis") and broken.when is not None:
            until = add_days(broken.at_latest or broken.when, chart.numbers.marker_after_surgery_days)
            if broken.when <= value.when <= until:
                return None
    return value


def _floor(chart: Chart, value: Measurement) -> float:
    """The lower limit of hemoglobin: the laboratory's, otherwise {hemoglobin-low-woman} g/dL, of men {hemoglobin-low-man}."""
    usual = chart.numbers.hemoglobin_low_man if chart.patient.sex == "male" else chart.numbers.hemoglobin_low_woman
    return float(usual if value.low is None else value.low)


def _anemia(chart: Chart) -> Sign | None:
    """Below {hemoglobin-marked} g/dL, or more than {hemoglobin-marked-below} below the limit, it is strong; weak from
    {hemoglobin-iron} on with ferritin below its limit ({ferritin-low} ng/mL) or MCV below {mcv-low} fL; weak if mild."""
    value, n = _counted(chart, "hemoglobin"), chart.numbers
    if value is None or not value.below(_floor(chart, value)):
        return None
    marked = bool(value.below(n.hemoglobin_marked) or value.below(round(_floor(chart, value) - n.hemoglobin_marked_below, 2)))
    iron = low(newest(chart, "ferritin"), n.ferritin_low) or low(newest(chart, "mcv"), n.mcv_low)
    strong = marked and not (iron and at_least(value, n.hemoglobin_iron))
    since = met_since(chart, value, lambda each: each.below(_floor(chart, each)))
    return _sign(value, strong, since, "anemia", mild=not value.below(n.hemoglobin_marked))


def _esr(chart: Chart) -> Sign | None:
    """{esr-very-high} mm/h or more is strong; {esr-high} or more weak, from {esr-old-years} years on {esr-old} or more, and not
    with inflammatory rheumatic disease or infection on record."""
    value, n = _counted(chart, "esr"), chart.numbers
    if at_least(value, n.esr_very_high) and value is not None:
        return _sign(value, True, met_since(chart, value, lambda each: at_least(each, n.esr_very_high)))
    old = chart.age is not None and chart.age >= n.esr_old_years
    limit = n.esr_old if old else n.esr_high
    if value is None or not at_least(value, limit) or chart.active_problem(*_INFLAMED) is not None:
        return None
    return _sign(value, False, met_since(chart, value, lambda each: at_least(each, limit)))


def _globulin(chart: Chart) -> Sign | None:
    """Globulin, reported or total protein less the albumin of that day, above its range, otherwise above {globulin-high} g/dL;
    or total protein above its range: strong, weak with liver or autoimmune disease on record."""
    strong = chart.active_problem(*_AUTOIMMUNE) is None
    total = newest(chart, "total-protein")
    for globulin in (newest(chart, "globulin"), _difference(chart, total)):
        if globulin is not None and high(globulin, chart.numbers.globulin_high):
            return _sign(globulin, strong)
    return _sign(total, strong) if total is not None and high(total, None) else None


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
    return _sign(reading.value, not row.told["once"], row.since)


def _kidneys(chart: Chart) -> Sign | None:
    """Creatinine above {creatinine-myeloma} mg/dL is strong, an estimate below {egfr-myeloma} weak; neither counts where kidney
    disease (or an estimate below {egfr-work-up}) has been known for {long-known-days} days."""
    year_ago, n = chart.days_ago(chart.numbers.long_known_days), chart.numbers
    known = any(p.when is None or p.when <= year_ago for key in _KIDNEY for p in chart.problems.get(key, ()))
    if known or any(m.when <= year_ago and m.below(n.egfr_work_up) for m in chart.values("egfr")):
        return None
    creatinine = newest(chart, "creatinine")
    if creatinine is not None and creatinine.at_most(n.creatinine_myeloma) is False:
        return _sign(creatinine, True, kind="kidney")
    kidneys = renal(chart)
    if kidneys.lowest is not None and kidneys.below(n.egfr_myeloma):
        return _sign(kidneys.lowest, False, kind="kidney")
    return None


def _long_known_renal_anemia(chart: Chart) -> bool:
    """Dialysis or stage 4 to 5, and anemia, each known for {long-known-days} days."""
    year_ago = chart.days_ago(chart.numbers.long_known_days)
    disease = any(
        p.when is None or p.when <= year_ago for key in ("dialysis", "ckd-4", "ckd-5") for p in chart.problems.get(key, ())
    ) or any(m.when <= year_ago and m.below(chart.numbers.egfr_specialist) for m in chart.values("egfr"))
    return disease and any(m.when <= year_ago and m.below(_floor(chart, m)) for m in chart.values("hemoglobin"))


def _monoclonal(chart: Chart) -> Iterator[Sign]:
    """An M-protein in any amount; a free light chain ratio outside its range ({light-chain-ratio-low} to
    {light-chain-ratio-high}), with an estimate below {egfr-work-up} outside {light-chain-ratio-renal-low} to
    {light-chain-ratio-renal-high}."""
    protein, ratio, n = newest(chart, "m-protein"), newest(chart, "light-chain-ratio"), chart.numbers
    if protein is not None and protein.at_most(0) is False:
        yield _sign(protein, True, met_since(chart, protein, lambda each: each.at_most(0) is False), "monoclonal")
    if ratio is None:
        return
    weak = bool(renal(chart).below(n.egfr_work_up))
    floor = n.light_chain_ratio_renal_low if weak else n.light_chain_ratio_low if ratio.low is None else ratio.low
    ceiling = n.light_chain_ratio_renal_high if weak else n.light_chain_ratio_high if ratio.high is None else ratio.high
    if ratio.below(floor) or ratio.at_most(ceiling) is False:
        yield _sign(ratio, True)
