"""How each drug that a card may propose is usually given (``regimens.toml``)."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import msgspec
from msgspec import Struct

from cards.concepts import DRUGS, Name


class Regimen(Struct, frozen=True, forbid_unknown_fields=True):
    """One way of giving a drug: ``times`` single doses of ``dose`` ``unit`` (UCUM) in each period of ``every``.

    ``route`` is "oral", "subcutaneous" or "intravenous"; ``every`` a number and d, wk, mo or a.
    ``product`` names what is prescribed, ``label`` the regimen in words, ``instruction`` what the patient is told.
    ``drug`` is the key of the drug where the regimen's own is none; ``once``: a single dose, whose effect lasts for ``every``.
    """

    dose: float
    unit: str
    route: str
    every: tuple[int, str]
    product: Name
    label: Name
    instruction: Name
    cites: tuple[str, ...]
    times: int = 1
    drug: str = ""
    once: bool = False


REGIMENS: dict[str, Regimen] = msgspec.convert(
    tomllib.loads(files("cards").joinpath("regimens.toml").read_text(encoding="utf-8")), dict[str, Regimen]
)

if unknown := {regimen.drug or key for key, regimen in REGIMENS.items()} - DRUGS.keys():
    raise ValueError(f"regimens.toml names drugs that do not exist: {', '.join(sorted(unknown))}")


def for_drug(key: str) -> Regimen:
    """The usual regimen of a drug, or a regimen by its own key; KeyError when the service never proposes that drug.

    >>> for_drug("denosumab").every
    (6, 'mo')
    """
    return REGIMENS[key]
