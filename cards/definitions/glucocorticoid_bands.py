"""How high the fracture risk is on a systemic glucocorticoid, and which drugs come first then (card specification,
"bone-loss-medication")."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Fracture, Measurement
from cards.chart.calendar import DAYS_A_MONTH
from cards.definitions.density import lowest_t, lowest_z, yearly_loss
from cards.definitions.diagnosis import osteoporosis
from cards.definitions.glucocorticoid import Exposure, above, at_least
from cards.definitions.person import t_group
from cards.definitions.young import telling_fractures
from cards.vocabulary import ALENDRONATE, DENOSUMAB, RISEDRONATE, TERIPARATIDE, ZOLEDRONATE, Drug

BUILDING = (TERIPARATIDE, ZOLEDRONATE, DENOSUMAB)
BY_FRAX = (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
"""The card specification ranks fractures and a low T-score, and the dose alone. Very high by FRAX is neither: potent injections
come first, as at very high risk without a glucocorticoid."""
BY_DOSE = (ALENDRONATE, ZOLEDRONATE)
"""Where nothing but the dose makes the risk very high (EXT-25): bone is not weak yet."""
HIGH = (ALENDRONATE, RISEDRONATE, ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
MODERATE = (ALENDRONATE, RISEDRONATE, ZOLEDRONATE)
BEFORE_MENOPAUSE = (ALENDRONATE, RISEDRONATE)


class Adjusted(Struct, frozen=True):
    """A FRAX as reported, and raised for the dose (the same where the dose does not raise it)."""

    given: Measurement
    raised: Measurement

    @property
    def changed(self) -> bool:
        return self.given.value != self.raised.value


class Band(Struct, frozen=True):
    """``level``: "very-high", "high", "moderate", "low"; ``reasons``: why. ``treat``: treatment is advised, not
    only offered. ``t``: the lowest T-score, where T-scores are read; ``fracture``: the newest; ``frax``: those on record."""

    level: str
    reasons: tuple[str, ...]
    treat: bool
    t: Measurement | None = None
    fracture: Fracture | None = None
    frax: tuple[Adjusted, ...] = ()
    ranking: tuple[Drug, ...] = ()


def band(chart: Chart, found: Exposure) -> Band:
    """From {glucocorticoid-years} years on. Very high: a fragility fracture ever, or one that tells of weak bone before
    menopause; T-score {glucocorticoid-t-very-high} or
    lower; FRAX above {frax-major-very-high} % (hip {frax-hip-very-high} %); the very high dose. High: T-score {t-osteoporosis}
    or lower, or osteoporosis otherwise; FRAX {frax-major-high} % or more (hip {frax-hip-high} %). Moderate: FRAX
    {glucocorticoid-frax-major-moderate} % or more (hip above {glucocorticoid-frax-hip-moderate} %); T-score
    {glucocorticoid-t-moderate} or lower whatever FRAX; without a FRAX of {frax-months} months a T-score below {t-low}. Low:
    else. FRAX is the newest, times {glucocorticoid-frax-major-factor} (hip {glucocorticoid-frax-hip-factor}) at a mean dose
    above {glucocorticoid-frax-mg} mg; an older one may raise the band. T-scores are read in the T-group alone. At moderate risk
    treatment is advised from {glucocorticoid-warn-mg} mg a day, or at a T-score of {glucocorticoid-t-moderate} or lower."""
    n, t = chart.numbers, lowest_t(chart)
    frax = tuple(adjusted(chart, found))
    reasons = tuple(_very_high(chart, found, t, frax))
    level = "very-high"
    if not reasons:
        level, reasons = "high", tuple(_high(chart, t, frax))
    if not reasons:
        level, reasons = "moderate", tuple(_moderate(chart, t, frax))
    if not reasons:
        level = "low"
    strong = (found.daily is not None and at_least(n, found.daily, n.glucocorticoid_warn_mg)) or (
        t is not None and t.value <= n.glucocorticoid_t_moderate
    )
    fracture = next(iter(broken(chart)), None)
    treat = level in ("very-high", "high") or (level == "moderate" and strong)
    return Band(level, reasons, treat, t, fracture, frax, _ranking(chart, level, reasons, t, fracture))


def young(chart: Chart, found: Exposure) -> tuple[str, ...]:
    """Why a specialist is needed under {glucocorticoid-years} years: a fragility fracture, at any dose from which bone is to be
    assessed; the very high dose; at
    {glucocorticoid-young-mg} mg a day for {glucocorticoid-young-months} months a Z-score of {glucocorticoid-young-z} or lower,
    or a loss of BMD of {glucocorticoid-young-loss} % or more in a year."""
    n = chart.numbers
    reasons = [*(["fracture"] if broken(chart) and (found.counts or found.assessed) else []), *_dose(chart, found)]
    enough = found.daily is not None and at_least(n, found.daily, n.glucocorticoid_young_mg)
    if enough and found.days >= n.glucocorticoid_young_months * DAYS_A_MONTH:
        z, loss = lowest_z(chart), yearly_loss(chart)
        reasons += ["z-low"] if z is not None and z.value <= n.glucocorticoid_young_z else []
        reasons += ["loss"] if loss is not None and loss.percent >= n.glucocorticoid_young_loss else []
    return tuple(reasons)


def broken(chart: Chart) -> tuple[Fracture, ...]:
    """The fractures that count: fragility fractures, otherwise those that tell of weak bone before {t-group-years} and
    menopause. Newest first."""
    return chart.fractures or telling_fractures(chart)


def is_young(chart: Chart) -> bool:
    """Under {glucocorticoid-years}, or of unknown age: the bands do not apply."""
    return chart.age is None or chart.age < chart.numbers.glucocorticoid_years


def before_menopause(chart: Chart) -> bool:
    """Outside the T-group, and not a man."""
    return not t_group(chart) and chart.patient.sex != "male"


def adjusted(chart: Chart, found: Exposure) -> list[Adjusted]:
    """The newest FRAX of a major and of a hip fracture."""
    n = chart.numbers
    factors = {"frax-major": n.glucocorticoid_frax_major_factor, "frax-hip": n.glucocorticoid_frax_hip_factor}
    raises = found.daily is not None and above(n, found.daily, n.glucocorticoid_frax_mg)
    values = ((key, m) for key in factors if (m := chart.newest(key)))
    return [Adjusted(m, replace(m, value=round(m.value * factors[key], 6)) if raises else m) for key, m in values]


def assessed_lately(chart: Chart) -> bool:
    """Whether there is a FRAX of {frax-months} months."""
    since = chart.months_ago(chart.numbers.frax_months)
    return any(chart.newest(key, since=since) for key in ("frax-major", "frax-hip"))


def _very_high(chart: Chart, found: Exposure, t: Measurement | None, frax: tuple[Adjusted, ...]) -> list[str]:
    n = chart.numbers
    reasons = ["fracture"] if broken(chart) else []
    reasons += ["t-very-low"] if t is not None and t.value <= n.glucocorticoid_t_very_high else []
    limits = {"frax-major": n.frax_major_very_high, "frax-hip": n.frax_hip_very_high}
    reasons += ["frax-very-high"] if any(each.raised.at_most(limits[each.raised.key]) is False for each in frax) else []
    return [*reasons, *_dose(chart, found)]


def _dose(chart: Chart, found: Exposure) -> list[str]:
    n = chart.numbers
    reasons = ["dose"] if found.run > n.glucocorticoid_very_high_days else []
    return [*reasons, *(["sum"] if found.grams >= n.glucocorticoid_sum_grams else [])]


def _high(chart: Chart, t: Measurement | None, frax: tuple[Adjusted, ...]) -> list[str]:
    n = chart.numbers
    low = t is not None and t.value <= n.t_osteoporosis
    reasons = ["t-low"] if low else ["osteoporosis"] if t_group(chart) and osteoporosis(chart) else []
    limits = {"frax-major": n.frax_major_high, "frax-hip": n.frax_hip_high}
    return [*reasons, *(["frax-high"] if any(each.raised.below(limits[each.raised.key]) is False for each in frax) else [])]


def _moderate(chart: Chart, t: Measurement | None, frax: tuple[Adjusted, ...]) -> list[str]:
    n = chart.numbers
    reasons = ["t-moderate"] if t is not None and t.value <= n.glucocorticoid_t_moderate else []
    for each in frax:
        hip = each.raised.key == "frax-hip"
        limit = n.glucocorticoid_frax_hip_moderate if hip else n.glucocorticoid_frax_major_moderate
        if (each.raised.at_most(limit) if hip else each.raised.below(limit)) is False:
            reasons.append("frax-moderate")
    unknown = t is not None and t.value < n.t_low and not assessed_lately(chart)
    return list(dict.fromkeys(reasons or (["no-frax"] if unknown else [])))


def _ranking(
    chart: Chart, level: str, reasons: tuple[str, ...], t: Measurement | None, fracture: Fracture | None
) -> tuple[Drug, ...]:
    if level == "low":
        return ()
    if before_menopause(chart):
        return BEFORE_MENOPAUSE
    if level == "very-high":
        weak = fracture is not None or (t is not None and t.value <= chart.numbers.t_osteoporosis)
        return BUILDING if weak else BY_FRAX if "frax-very-high" in reasons else BY_DOSE
    return HIGH if level == "high" else MODERATE
