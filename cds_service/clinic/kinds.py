"""Kinds of patients beside the usual one: what is on their record, and how it bears on bone and kidneys."""

from __future__ import annotations

from msgspec import Struct


class Kind(Struct, frozen=True):
    """``lines`` of the record; ``loss``: T-score lost in a year in addition; ``egfr``: mL/min/1.73 m2 at the beginning, and
    lost in a year at most; ``comfort_years``: years after which comfort care begins, 0 for never."""

    name: str
    sex: str = "female"
    lines: tuple[str, ...] = ()
    loss: float = 0
    egfr: tuple[float, float] = (45, 95)
    egfr_loss: float = 1.6
    comfort_years: int = 0


KINDS = (
    Kind("usual"),
    Kind("man", sex="male"),
    Kind("glucocorticoid", lines=("prednisone ordered 2025-10-01 (dose 7.5 mg)",), loss=0.06),
    Kind("aromatase inhibitor", lines=("letrozole taken since 2025-06-01",), loss=0.08),
    Kind("androgen deprivation", sex="male", lines=("goserelin taken since 2025-06-01",), loss=0.08),
    Kind("failing kidneys", egfr=(40, 60), egfr_loss=8),
    Kind("comfort care", comfort_years=6),
)
_IN_TURN = (0, 1, 2, 3, 0, 4, 5, 0, 6, 0, 0)
"""Their length has no factor in common with the numbers of habits and styles, so that all meet."""


def kind_of(seed: int) -> Kind:
    return KINDS[_IN_TURN[seed % len(_IN_TURN)]]
