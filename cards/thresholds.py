"""The numbers of ``thresholds.toml``: a rule asks for one by its key, so that no number of medicine stands in code."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from msgspec import Struct, convert


class Threshold(Struct, frozen=True):
    """A number with its unit (UCUM), where it comes from and how sure it is."""

    value: int | float
    unit: str
    source: str
    status: str


THRESHOLDS: dict[str, Threshold] = convert(
    tomllib.loads(files("cards").joinpath("thresholds.toml").read_text("utf-8")), dict[str, Threshold]
)


def limit(key: str) -> int:
    """The value of one threshold. Typed as int because most count days or months; ``measure`` gives the others.

    >>> limit("t-group-years")
    50
    """
    return int(THRESHOLDS[key].value)


def measure(key: str) -> float:
    """The value of one threshold that is a measured quantity.

    >>> measure("t-osteoporosis")
    -2.5
    """
    return float(THRESHOLDS[key].value)
