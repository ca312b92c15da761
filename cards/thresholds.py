"""The numbers of ``thresholds.toml``: a rule asks for one by its key, so that no number of medicine stands in code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from math import isfinite

from msgspec import Struct, convert
from msgspec.structs import replace

_NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")


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


def filled(words: str) -> str:
    """Words with the values of the thresholds that they name.

    >>> filled("from {t-group-years} on, T {t-osteoporosis} or lower")
    'from 50 on, T -2.5 or lower'
    """
    return _NAMED.sub(lambda match: str(THRESHOLDS[match[1]].value), words)


def override(values: Mapping[str, int | float]) -> None:
    """Put a site's own values in the place of ours, once, before the first chart is read.

    Only what rests on convention (status RECALL) is a site's to change.

    Raises:
        ValueError: a key that does not exist, or that a source vouches for, or no such number. Then nothing is changed.
    """
    if unknown := sorted(values.keys() - THRESHOLDS.keys()):
        raise ValueError(f"no such thresholds: {', '.join(unknown)}")
    if sourced := sorted(key for key in values if THRESHOLDS[key].status != "RECALL"):
        raise ValueError(f"not a site's to change, since they have a source: {', '.join(sourced)}")
    if wrong := sorted(key for key, value in values.items() if not _fits(value, THRESHOLDS[key].value)):
        raise ValueError(f"must be numbers, whole ones where ours are: {', '.join(wrong)}")
    THRESHOLDS.update({key: replace(THRESHOLDS[key], value=value) for key, value in values.items()})


def _fits(value: int | float, ours: int | float) -> bool:
    return isfinite(value) and (isinstance(ours, float) or value == int(value))
