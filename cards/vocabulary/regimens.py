"""The usual regimen of each drug that a card may propose (``regimens.toml``)."""

from __future__ import annotations

import tomllib

import msgspec
from msgspec import Struct

from cards.vocabulary.drugs import DRUGS
from cards.vocabulary.names import Name, Status
from cards.vocabulary.tables import VocabularyError, read


class Regimen(Struct, frozen=True, forbid_unknown_fields=True):
    """One regimen of a drug: ``times`` single doses of ``dose`` ``unit`` (UCUM) in each period of ``every``.

    ``route`` is "oral", "subcutaneous", "intravenous" (a push) or "infusion"; ``every`` a number and d, wk, mo or a.
    ``product`` names what is prescribed, ``label`` the regimen in words, ``instruction`` the directions for the patient.
    ``drug`` is the key of the drug if the regimen's own key is not one; ``once``: a single dose whose effect lasts for
    ``every``. ``weeks``: for how long, 0 without an end. ``status``: how certain the dose is; ``source``: what is printed,
    and what is our choice.
    """

    dose: float
    unit: str
    route: str
    every: tuple[int, str]
    product: Name
    label: Name
    instruction: Name
    cites: tuple[str, ...]
    status: Status
    source: Name
    times: int = 1
    drug: str = ""
    once: bool = False
    weeks: int = 0


_MONTHS = {"mo": 1, "a": 12}


def regimens(text: str) -> dict[str, Regimen]:
    """The regimens by key, from the text of regimens.toml. A long-acting injection is repeated when its effect ends.

    Raises VocabularyError: a field is missing or invalid, a drug does not exist, or an interval differs from how long the drug
    works (drugs.tsv).
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise VocabularyError(f"regimens.toml: {error}.") from None
    return {key: _regimen(key, entry) for key, entry in told.items()}


def _regimen(key: str, told: object) -> Regimen:
    try:
        regimen = msgspec.convert(told, Regimen)
    except msgspec.ValidationError as error:
        raise VocabularyError(f"regimens.toml ({key}): {error}.") from None
    drug = DRUGS.get(regimen.drug or key)
    if drug is None:
        raise VocabularyError(f"regimens.toml ({key}): the drug {regimen.drug or key} is not in drugs.tsv.")
    count, period = regimen.every
    if drug.covers_months and count * _MONTHS.get(period, 0) != drug.covers_months * regimen.times:
        raise VocabularyError(f"regimens.toml ({key}): according to drugs.tsv a dose works for {drug.covers_months} months.")
    return regimen


REGIMENS: dict[str, Regimen] = regimens(read("regimens.toml"))


def for_drug(key: str) -> Regimen:
    """The usual regimen of a drug, or a regimen by its own key; KeyError when the service never proposes that drug.

    >>> for_drug("denosumab").every
    (6, 'mo')
    """
    return REGIMENS[key]
