"""The rule of `low-bmd-for-age`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import density, person
from cards.definitions.workup.causes import causes
from cards.engine.findings import INFO, Finding, Option
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import DIAGNOSTIC_SITES


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Before menopause, under {t-group-years} and in children, bone density is judged by the Z-score: {z-low} or lower is below
    the expected range for age; a T-score alone does not count.

    When: under {t-group-years} (age known; children too) and not postmenopausal, and the lowest of the newest Z-scores, one per
    diagnostic site, is {z-low} or lower; or no Z-score of these sites is on record, but a T-score is.

    Not when: a Z-score above {z-low} is on record, whatever the T-score.

    Then: info. With a low Z-score, recommended: referral to an osteoporosis specialist; for an adult also, as options: calcium,
    25(OH)D, PTH, TSH, except those already ordered; for a child only the referral. With only a T-score, the detail asks for the
    Z-score of the same scan, and referral is an option. Causes that are on record are named.
    """
    if chart.age is None or chart.age >= n.t_group_years or person.postmenopausal(chart):
        return
    z = min(
        (v[0] for site in sorted(DIAGNOSTIC_SITES) if (v := chart.values("z-score", site=site))),
        key=lambda m: m.value,
        default=None,
    )
    low = z is not None and z.value <= n.z_low
    t = min(density.newest_t_scores(chart), key=lambda m: m.value, default=None) if z is None else None
    if not low and t is None:
        return
    child = chart.age < n.adult_years
    tests = () if child or not low else ("calcium", "vitamin-d", "pth", "tsh")
    wanted = [key for key in ("referral-osteoporosis", *tests) if not chart.ordered(key)]
    options: tuple[Option, ...] = tuple(service(key, recommended=low and key.startswith("referral")) for key in wanted)
    yield Finding(
        indicator=INFO,
        variant=("child" if child else "adult") if low else "t-only",
        values={
            "z_score": z if low else None,
            "t_score": t,
            "child": child,
            "woman": chart.patient.female,
            "causes": causes(chart),
        },
        facts=tuple(facts.measured(m) for m in (z, t) if m),
        options=options,
        any_number=True,
    )
