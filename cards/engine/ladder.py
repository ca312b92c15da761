"""Which drugs come first for whom, as a table: the first rung that fits counts. What computes is what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from cards.chart import Chart, per_chart
from cards.definitions import bone_loss
from cards.definitions import glucocorticoid_bands as bands
from cards.definitions.density import hip_t, lowest_t
from cards.definitions.fractures import vertebrae
from cards.definitions.goals import very_old
from cards.definitions.hormone_blockers import RANKING
from cards.definitions.kidney import renal
from cards.definitions.risk import risk
from cards.vocabulary import (
    ALENDRONATE,
    DENOSUMAB,
    MENATETRENONE,
    RISEDRONATE,
    ROMOSOZUMAB,
    TERIPARATIDE,
    ZOLEDRONATE,
    Drug,
    Name,
)

HIGH = (ALENDRONATE, RISEDRONATE, ZOLEDRONATE, DENOSUMAB)
VERY_HIGH = (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE, ROMOSOZUMAB)
ANABOLIC_FIRST = (TERIPARATIDE, ROMOSOZUMAB, ZOLEDRONATE, DENOSUMAB)
HIP_FIRST = (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
BY_INJECTION = (ZOLEDRONATE, DENOSUMAB)
OLD_FIRST = (ZOLEDRONATE, DENOSUMAB, ALENDRONATE, RISEDRONATE)
RENAL_LOW = (DENOSUMAB, TERIPARATIDE)
RENAL_VERY_LOW = (DENOSUMAB, MENATETRENONE)

_MINUS = re.compile(r"(?<!\w)-(?=\d)")

EMPTIES_SLOWLY = ("esophageal-delay", "achalasia")
"""Problems with which a tablet stays in the esophagus."""


class Rung(Struct, frozen=True):
    """Of whom it speaks, in words with numbers by name, how that is found (None: not known), and the drugs, best first.
    ``means``: the same defined, where the words are a name of their own."""

    when: Name
    fits: Callable[[Chart], bool | None]
    drugs: tuple[Drug, ...]
    means: Name | None = None


@per_chart
def _harm(chart: Chart) -> bone_loss.Beside | None:
    return bone_loss.beside(chart)


def _on(harm: str, drugs: tuple[Drug, ...]) -> Callable[[Chart], bool]:
    def fits(chart: Chart) -> bool:
        found = _harm(chart)
        return found is not None and (found.harm, found.ranking) == (harm, drugs)

    return fits


def _hip(chart: Chart) -> bool:
    hip = hip_t(chart)
    return any(f.site == "hip" for f in chart.fractures) or (
        hip is not None and hip.value <= chart.numbers.t_hip_injection_first
    )


def _severe(chart: Chart) -> bool:
    lowest = lowest_t(chart)
    return vertebrae(chart.fractures) >= chart.numbers.multiple_fractures or (
        lowest is not None and lowest.value <= chart.numbers.t_anabolic_first
    )


def _beside(harm: str, when: Name, drugs: tuple[Drug, ...], means: Name | None = None) -> Rung:
    return Rung(when, _on(harm, drugs), drugs, means)


_STEROID = "glucocorticoid"

LADDER: tuple[Rung, ...] = (
    Rung(
        Name("renal estimate below {egfr-specialist} (none recommended)", "肾功能估算值低于{egfr-specialist}（均不作推荐）"),
        lambda chart: renal(chart).below(chart.numbers.egfr_specialist),
        RENAL_VERY_LOW,
    ),
    Rung(
        Name("renal estimate below {egfr-alendronate}", "肾功能估算值低于{egfr-alendronate}"),
        lambda chart: renal(chart).below(chart.numbers.egfr_alendronate),
        RENAL_LOW,
    ),
    Rung(
        Name("esophageal stricture or achalasia, or cannot sit upright", "食管狭窄或贲门失弛缓症，或不能坐直"),
        lambda chart: chart.active_problem(*EMPTIES_SLOWLY, "cannot-sit-upright") is not None,
        BY_INJECTION,
    ),
    Rung(
        Name(
            "from {oldest-years} years on, with dementia from {old-dementia-years}",
            "{oldest-years}岁及以上，合并痴呆者{old-dementia-years}岁及以上",
        ),
        very_old,
        OLD_FIRST,
    ),
    Rung(
        Name("hip fracture, or hip T-score {t-hip-injection-first} or lower", "髋部骨折，或髋部T值≤{t-hip-injection-first}"),
        _hip,
        HIP_FIRST,
    ),
    _beside("aromatase-inhibitor", Name("on an aromatase inhibitor", "正在使用芳香化酶抑制剂"), RANKING["aromatase-inhibitor"]),
    _beside("androgen-deprivation", Name("on androgen deprivation", "正在接受雄激素剥夺治疗"), RANKING["androgen-deprivation"]),
    _beside(_STEROID, Name("on a glucocorticoid, before menopause", "使用糖皮质激素，绝经前"), bands.BEFORE_MENOPAUSE),
    _beside(
        _STEROID,
        Name(
            "on a glucocorticoid, very high band, with a fracture or T-score {t-osteoporosis} or lower",
            "使用糖皮质激素，极高风险，有骨折或T值≤{t-osteoporosis}",
        ),
        bands.BUILDING,
        Name(
            "very high: a fragility fracture ever, T-score {glucocorticoid-t-very-high} or lower, FRAX above"
            " {frax-major-very-high}% (hip {frax-hip-very-high}%), or the very high dose",
            "极高风险：曾有脆性骨折，T值≤{glucocorticoid-t-very-high}，"
            "FRAX>{frax-major-very-high}%（髋部>{frax-hip-very-high}%），或极高剂量",
        ),
    ),
    _beside(
        _STEROID,
        Name(
            "on a glucocorticoid, very high band by FRAX, without a fracture or so low a T-score",
            "使用糖皮质激素，按FRAX属极高风险，无骨折，T值未达上述",
        ),
        bands.BY_FRAX,
    ),
    _beside(
        _STEROID,
        Name("on a glucocorticoid, very high band by its dose alone", "使用糖皮质激素，仅因剂量属极高风险"),
        bands.BY_DOSE,
        Name(
            "very high dose: {glucocorticoid-very-high-mg} mg of prednisone a day for more than"
            " {glucocorticoid-very-high-days} days, or {glucocorticoid-sum-grams} g within a year",
            "极高剂量：泼尼松每日≥{glucocorticoid-very-high-mg} mg超过{glucocorticoid-very-high-days}天，"
            "或1年内累计≥{glucocorticoid-sum-grams} g",
        ),
    ),
    _beside(
        _STEROID,
        Name("on a glucocorticoid, high band", "使用糖皮质激素，高风险"),
        bands.HIGH,
        Name(
            "T-score {t-osteoporosis} or lower, osteoporosis otherwise, or FRAX {frax-major-high}% or more (hip"
            " {frax-hip-high}%)",
            "T值≤{t-osteoporosis}，其他依据的骨质疏松，或FRAX≥{frax-major-high}%（髋部≥{frax-hip-high}%）",
        ),
    ),
    _beside(
        _STEROID,
        Name("on a glucocorticoid, moderate band", "使用糖皮质激素，中度风险"),
        bands.MODERATE,
        Name(
            "T-score {glucocorticoid-t-moderate} or lower, FRAX {glucocorticoid-frax-major-moderate}% or more (hip above"
            " {glucocorticoid-frax-hip-moderate}%), or without a FRAX a T-score below {t-low}",
            "T值≤{glucocorticoid-t-moderate}，FRAX≥{glucocorticoid-frax-major-moderate}%（髋部>{glucocorticoid-frax-hip-moderate}%），"
            "或无FRAX而T值<{t-low}",
        ),
    ),
    Rung(
        Name(
            "{multiple-fractures} or more vertebral fractures, or lowest T-score {t-anabolic-first} or lower",
            "椎体骨折≥{multiple-fractures}处，或最低T值≤{t-anabolic-first}",
        ),
        _severe,
        ANABOLIC_FIRST,
    ),
    Rung(
        Name("very high risk", "极高风险"),
        lambda chart: risk(chart).very_high,
        VERY_HIGH,
        Name(
            "a vertebral fragility fracture; one within {recent-fracture-days} days, {multiple-fractures} or more, on treatment"
            " or on a long-term glucocorticoid; T-score below {t-very-high-risk}; FRAX major above {frax-major-very-high}%"
            " or hip above {frax-hip-very-high}%",
            "椎体脆性骨折；{recent-fracture-days}天内的脆性骨折，脆性骨折≥{multiple-fractures}处，"
            "治疗期间或长期用糖皮质激素期间的脆性骨折；"
            "最低T值<{t-very-high-risk}；FRAX主要骨折>{frax-major-very-high}%或髋部>{frax-hip-very-high}%",
        ),
    ),
)
"""From the top, the first that fits counts; whom none fits gets ``HIGH``, unless the card names others."""


def rung_of(chart: Chart) -> Rung | None:
    """The first that fits; None where none does."""
    return next((rung for rung in LADDER if rung.fits(chart)), None)


def ranked_for(chart: Chart) -> Name | None:
    """Of whom the rung speaks that decides the order of the drugs, in words with the numbers in place; None where it is the
    stratum of risk alone."""
    rung = rung_of(chart)
    if rung is None or rung is LADDER[-1]:
        return None
    return Name(*(_MINUS.sub("−", chart.numbers.filled(words)) for words in (rung.when.en, rung.when.zh)))
