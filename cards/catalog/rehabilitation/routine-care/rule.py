"""The rule of `routine-care`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart
from cards.definitions.kidney import renal
from cards.definitions.treatment import treatments
from cards.engine.findings import INFO, Earlier, Finding, Option
from cards.engine.options import one_of
from cards.thresholds import Numbers

_ROUTINE = ("lifestyle-education", "rehab-assessment", "calcium-intake", "tests-due", "treatment-target")
_BESIDE_ANOTHER = (
    "osteoporosis-diagnosis",
    "secondary-causes",
    "bmd-screening",
    "low-bone-mass",
    "low-bmd-for-age",
    "vitamin-d-low",
    "active-vitamin-d",
    "bone-loss-medication",
    "btm-response",
    "fall-risk",
    "daily-living",
    "pain-rehabilitation",
    "mood-support",
)
_RENAL_BONE = {"pth", "phosphate", "alp"}
"""What tells osteoporosis from renal bone disease, before a drug is chosen."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Routine items are merged into one card with a line each, so that what matters is read.

    When: two or more cards in the answer are routine: `lifestyle-education`, `rehab-assessment`, `calcium-intake` (no calcium
    product on the list), `tests-due`, `treatment-target` (within reach); and, if another card comes first, other cards that
    only inform: `osteoporosis-diagnosis`, `secondary-causes`, `bmd-screening`, `low-bone-mass`, `low-bmd-for-age`,
    `vitamin-d-low`, `active-vitamin-d`, `bone-loss-medication`, `btm-response`, `fall-risk`, `daily-living`,
    `pain-rehabilitation`, `mood-support`.

    Not when: the card is a warning, or there is only one such card. An abnormal value of `secondary-causes` is not routine:
    only its missing tests are; it counts as the card that comes first. Nor is `active-vitamin-d` in weak kidneys, nor
    `calcium-intake` where it refers to nephrology. `tests-due` remains a separate card if calcium or creatinine is due while
    the patient is on an injectable osteoporosis drug, or with a renal estimate below {routine-egfr}, if PTH, phosphate or ALP
    is due with one below {egfr-specialist}, if CTX is due after denosumab, or a test is needed before the next drug is chosen.
    `referral` is never routine: nobody is told that oncology or another specialist can wait.

    Then: info, in place of these cards, with one line each, {routine-lines} at most; any others are named in a single line. All
    their orders are offered, and any number may be chosen; of mutually exclusive drugs, only the recommended one. An override
    applies to each line separately for as long as its facts stay the same.
    """
    shown = [finding for some in earlier.found.values() for finding in some]
    leading = next((finding for finding in shown if _abnormal(finding)), next(iter(shown), None))
    beside = {id(finding) for finding in shown if finding is not leading and finding.code in _BESIDE_ANOTHER}
    lines = [
        finding
        for finding in shown
        if finding.indicator is INFO
        and (finding.code in _ROUTINE or id(finding) in beside)
        and not _stands_alone(chart, n, finding)
        and not _abnormal(finding)
    ]
    if len(lines) < 2:
        return
    yield Finding(
        indicator=INFO,
        values={"count": len(lines), "lines": n.routine_lines},
        options=tuple(option for finding in lines for option in _offered(finding)),
        any_number=True,
        contains=tuple(lines),
    )


def _abnormal(finding: Finding) -> bool:
    """Whether it tells of an abnormal value of the work-up: that is no routine item."""
    return finding.code == "secondary-causes" and finding.variant != "missing"


def _stands_alone(chart: Chart, n: Numbers, finding: Finding) -> bool:
    """A target out of reach is not routine, nor an active form that only nephrology may give, nor a PTH that decides whether
    calcium and active forms do harm;
    nor are calcium and kidney function if the patient is on an injection or has
    impaired kidney function, nor a CTX after denosumab, or a test that another card needs before a drug is chosen."""
    if finding.code == "treatment-target":
        return finding.variant != "within-reach"
    if finding.code == "active-vitamin-d" and finding.variant != "falls":
        return True
    whys = {test["why"] for test in finding.values["tests"]} if finding.code == "tests-due" else set()
    if whys & {"after-denosumab", "next-drug", "drug-now"}:
        return True
    due = {option.key for option in (*finding.options, *finding.elsewhere)}
    if finding.code == "calcium-intake":
        return any(key.startswith("referral") for key in due)
    if finding.code != "tests-due":
        return False
    if renal(chart).below(n.egfr_specialist) and due & _RENAL_BONE:
        return True
    injected = any(not course.drug.oral for course in treatments(chart))
    return bool({"calcium", "creatinine"} & due) and (injected or bool(renal(chart).below(n.routine_egfr)))


def _offered(finding: Finding) -> tuple[Option, ...]:
    return finding.options if finding.any_number else one_of(finding.options)
