"""The rule of `low-bone-mass`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import density, diagnosis, person, treatment, workup
from cards.definitions.indication import bone_tumor
from cards.engine.findings import INFO, Earlier, Finding
from cards.engine.options import service
from cards.thresholds import Numbers

_CITES = {
    "t-score": ("OVCF2021-D3", "OPREF-S2", "REHAB2024-08"),
    "qct": ("ELD2023-02a", "OPREF-S2", "REHAB2024-08"),
}
"""The recommendations behind each measurement."""


_OWN_LIMITS = ("glucocorticoid", "aromatase-inhibitor", "androgen-deprivation")
"""The drugs with limits of their own, of which `bone-loss-medication` speaks."""
_NOT_KNOWN = ("unmeasured", "dose-unknown")


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Low bone mass alone does not settle whether to treat: FRAX shows whether the fracture risk is high.

    When: a postmenopausal woman or a man of {t-group-years} or older, whose lowest T-score is above {t-osteoporosis} and below
    {t-low}, or whose newest lumbar QCT is {qct-osteoporosis} to {qct-normal} mg/cm3.

    Not when: osteoporosis is documented or met by criteria; on treatment; a FRAX (major or hip) from the last {frax-months}
    months is on record and decides (`start-treatment` if it is high); FRAX is ordered; `bone-loss-medication` says what low
    bone mass means on a glucocorticoid, an aromatase inhibitor or androgen deprivation. Low bone mass documented without
    a value does not trigger the card. Nor with myeloma, bone metastasis or primary bone cancer on record (`referral`).

    Then: info. Recommended: FRAX, with a link to the calculator. Where a finding of the work-up holds all drugs, the title says
    that it has to be excluded.
    """
    if not person.t_group(chart) or diagnosis.osteoporosis(chart) or treatment.on_treatment(chart) or chart.ordered("frax"):
        return
    if bone_tumor(chart) is not None:
        return
    if any(f.values["mechanism"] in _OWN_LIMITS and f.variant not in _NOT_KNOWN for f in earlier.of("bone-loss-medication")):
        return
    lowest, qct = density.low_t(chart), chart.newest("qct-vbmd")
    by_qct = qct if qct and n.qct_osteoporosis <= qct.value <= n.qct_normal else None
    since = chart.months_ago(n.frax_months)
    if (lowest is None and by_qct is None) or chart.newest("frax-major", since=since) or chart.newest("frax-hip", since=since):
        return
    decisive, variant = lowest or by_qct, "t-score" if lowest else "qct"
    yield Finding(
        indicator=INFO,
        variant=variant,
        values={"value": decisive, "held": workup.held(chart)},
        cites=_CITES[variant],
        facts=tuple(facts.measured(m) for m in (lowest, by_qct) if m),
        options=(service("frax", recommended=True),),
    )
