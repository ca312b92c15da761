"""The rule of `physical-agent-evidence`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Draft, facts
from cards.definitions import diagnosis, person
from cards.engine.findings import INFO, Finding, Option
from cards.engine.options import discard, service
from cards.thresholds import Numbers
from cards.vocabulary import SERVICES, Data

_NOT_RECOMMENDED = ("lipus", "tens", "nmes", "iontophoresis")
_EVIDENCE = {
    "lipus": "REHAB2024-11",
    "tens": "REHAB2024-12",
    "nmes": "REHAB2024-13",
    "iontophoresis": "REHAB2024-14",
    "ultraviolet": "REHAB2024-16",
}
_ALTERNATIVES = ("REHAB2024-09", "REHAB2024-10", "REHAB2024-15", "REHAB2024-17")
"""The recommendations behind what is said about each agent and its alternatives."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Some physical agents are not recommended for osteoporosis (ultraviolet only in vitamin D deficiency); others are.

    When: for an adult (1) low-intensity pulsed ultrasound, TENS, neuromuscular stimulation or iontophoresis is ordered, or (2)
    ultraviolet, while the newest 25(OH)D within {vitamin-d-window-months} months is not below {vitamin-d-deficient} ng/mL or
    there is none; and the reason for the order is osteoporosis, low bone mass or a fracture, or no reason is stated and the
    patient has osteoporosis.

    Not when: another reason is stated; in (2), 25(OH)D could not be retrieved.

    Then: info. In (1), the draft can be deleted; in (2), an order for 25(OH)D if none is on record or ordered. The detail lists
    the agents that are recommended or used as adjuncts, with their grade.
    """
    if not person.adult(chart):
        return
    since = chart.months_ago(n.vitamin_d_window_months)
    vitamin_d = chart.newest("vitamin-d", since=since)
    deficient = vitamin_d is not None and vitamin_d.below(n.vitamin_d_deficient)
    for draft in chart.drafts:
        ultraviolet = draft.service == "ultraviolet" and not deficient and Data.VITAMIN_D not in chart.failed
        if (draft.service in _NOT_RECOMMENDED or ultraviolet) and _for_bone(chart, draft):
            yield Finding(
                indicator=INFO,
                variant=draft.service,
                values={"agent": SERVICES[draft.service], "vitamin_d": vitamin_d},
                cites=(_EVIDENCE[draft.service], *_ALTERNATIVES),
                facts=(facts.drafted(draft), *((facts.measured(vitamin_d),) if ultraviolet and vitamin_d else ())),
                options=_instead(chart, draft, ultraviolet and vitamin_d is None),
                about=draft,
            )


def _instead(chart: Chart, draft: Draft, unmeasured: bool) -> tuple[Option, ...]:
    """Delete the order if it is not recommended; before ultraviolet, measure vitamin D."""
    if draft.service in _NOT_RECOMMENDED:
        return (discard(draft),)
    return (service("vitamin-d"),) if unmeasured and not chart.ordered("vitamin-d") else ()


def _for_bone(chart: Chart, draft: Draft) -> bool:
    """Whether it is ordered for osteoporosis: according to the reason or, without a reason, because the patient has it."""
    if draft.reasons:
        return bool(draft.reasons & {"osteoporosis", "osteopenia", "fracture"})
    return diagnosis.osteoporosis(chart)
