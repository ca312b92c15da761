"""In pregnancy no card offers what uses X-rays or a tracer: a choice for obstetrics and radiology, never for one click. Bone
density waits for the delivery."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from cards.chart import Chart
from cards.definitions import person
from cards.engine.findings import Dropped, Finding
from cards.vocabulary import RADIATION

_DENSITY = frozenset({"dxa", "dxa-radius", "qct", "frax"})


def without_radiation(findings: Sequence[Finding], chart: Chart) -> list[Finding]:
    """The findings; in pregnancy without those orders, each named with the reason, and without what asks for bone density and
    nothing else."""
    if not person.pregnant(chart):
        return list(findings)
    return [_without(finding) for finding in findings if not _only_density(finding)]


def _only_density(finding: Finding) -> bool:
    """Bone density, with a film of the spine perhaps; not a film for its own sake, behind which a fracture may stand."""
    keys = {option.key for option in finding.options}
    return bool(keys & _DENSITY) and keys <= _DENSITY | RADIATION


def _without(finding: Finding) -> Finding:
    rays = [option for option in finding.options if option.key in RADIATION]
    if not rays:
        return finding
    return replace(
        finding,
        options=tuple(option for option in finding.options if option not in rays),
        dropped=(*finding.dropped, *(Dropped(option.key, phrase="pregnancy") for option in rays)),
    )
