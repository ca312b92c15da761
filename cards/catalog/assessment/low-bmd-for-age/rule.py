"""The rule of `low-bmd-for-age`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Fracture, Measurement, facts
from cards.definitions import density, person
from cards.definitions.workup.basic import at_young_age
from cards.definitions.workup.causes import causes
from cards.definitions.young import of_pregnancy, postpartum, telling_fractures
from cards.engine.findings import INFO, WARNING, Finding, Option
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import DIAGNOSTIC_SITES

_SPECIALIST = "referral-osteoporosis"
_NURSING = frozenset({"postpartum", "postpartum-z"})
_ON_Z = ("calcium", "vitamin-d", "pth", "tsh")
"""What is searched for on a low Z-score alone."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Before menopause, under {t-group-years} and in children, bone density is judged by the Z-score: {z-low} or lower is below
    the expected range for age; a T-score alone does not count. A vertebral fracture that nothing explains, or two long bones
    broken, tells of weak bone whatever the Z-score.

    When: under {t-group-years} (age known; children too) and not postmenopausal, and (1) an adult with a vertebral fracture at
    that age, or {good-bone} or more fractures of long bones (hip, humerus, forearm, femur, tibia; not an atypical one) within
    {good-bone-months} months, without a high-energy cause or bone tumor on record; (2) the lowest of the newest Z-scores, one
    per diagnostic site, is {z-low} or lower; or (3) no Z-score of these sites is on record, but a T-score is.

    Not when: for (3), a Z-score above {z-low} is on record, whatever the T-score.

    Then: (1) warning, recommended: referral to an osteoporosis specialist, the basic labs, celiac antibodies, TSH, PTH, 24
    h urine calcium and sex hormones that are not known of {yearly-months} months, and DXA where no bone density is on
    record; known causes are named. Within {postpartum-months} months of a delivery, or with active lactation, and a
    vertebral fracture: pregnancy- and lactation-associated osteoporosis, warning, with MRI of the spine, calcium, 25(OH)D
    and, where no bone density is on record, DXA instead of the search; no drug by default. (2) info; referral recommended,
    for an adult also, as options: calcium, 25(OH)D, PTH, TSH, except those already ordered; for a child only the referral;
    after a delivery DXA again. In pregnancy a fracture brings MRI of the spine, calcium and 25(OH)D beside the referral,
    and nothing else. (3) info: the detail asks for the Z-score of the same scan, and referral is an option.
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
    broken = telling_fractures(chart)
    variant = _variant(chart, broken, low=low, t_only=t is not None)
    if not variant:
        return
    born = postpartum(chart) if variant in _NURSING else None
    warns = bool(broken)
    yield Finding(
        indicator=WARNING if warns else INFO,
        variant=variant,
        values={
            "z_score": z if low else None,
            "t_score": t,
            "child": variant == "child",
            "woman": chart.patient.female,
            "fracture": broken[0] if broken else None,
            "count": len(broken),
            "delivery": born,
            "causes": () if variant == "child" else causes(chart),
        },
        cites=("EXT-30",) if born is not None and warns else ("POP2022-D2", "OPREF-P2"),
        facts=(
            *map(facts.fracture, broken),
            *((facts.problem(born),) if born else ()),
            *(facts.measured(m) for m in (z, t) if m),
        ),
        options=tuple(_options(chart, n, variant, z or t)),
        any_number=True,
    )


def _variant(chart: Chart, broken: tuple[Fracture, ...], *, low: bool, t_only: bool) -> str:
    """What the card says, by what it rests on; "" where there is nothing to say."""
    born = postpartum(chart) is not None
    if broken:
        return "postpartum" if broken[0].site == "vertebra" and of_pregnancy(chart, broken[0]) else "fracture"
    if low and not person.adult(chart):
        return "child"
    if low:
        return "postpartum-z" if born else "adult"
    return "t-only" if t_only else ""


def _options(chart: Chart, n: Numbers, variant: str, density_known: Measurement | None) -> Iterator[Option]:
    tests: list[str] = []
    if _in_pregnancy(chart, variant):
        tests = ["spine-mri", "calcium", "vitamin-d"]
    elif variant == "fracture":
        tests = [*at_young_age(chart, n.yearly_months), *(() if density_known else ("dxa",))]
    elif variant == "postpartum":
        tests = ["spine-mri", "calcium", "vitamin-d", *(() if density_known else ("dxa",))]
    elif variant in ("adult", "postpartum-z"):
        tests = [*_ON_Z, *(("dxa",) if variant == "postpartum-z" else ())]
    warns = variant in ("fracture", "postpartum")
    for key in (_SPECIALIST, *tests):
        if not chart.ordered(key) and not (key == "spine-mri" and _imaged(chart)):
            yield service(key, recommended=warns or (key == _SPECIALIST and variant != "t-only"))


def _in_pregnancy(chart: Chart, variant: str) -> bool:
    """A vertebra of a pregnant woman is imaged without radiation, and nothing is measured that pregnancy changes."""
    return variant in ("fracture", "postpartum") and person.pregnant(chart)


def _imaged(chart: Chart) -> bool:
    """Whether MRI was done since the newest of the fractures."""
    since = next((f.when for f in telling_fractures(chart) if f.when), None)
    return chart.done("spine-mri", since=since) is not None
