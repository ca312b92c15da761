"""Of whom a variant on a sheet is: its invented patient in a few words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cards.engine.card import Card
from cds_service.casebook.sheet import Variant
from cds_service.casebook.told import patients, usual
from fhir_fixtures import stories


def of_whom(card: Card, found: Sequence[Variant], language: str) -> list[str]:
    """Of each variant the invented patient: in Chinese what the case declares, since its name is English; where it declares
    nothing of its own, what all patients of the card have, but for the day, which comes first."""
    if language == "en":
        return [each.told for each in found]
    known = patients(card, language) | {f"{each.title['en']} (`{each.name}`)": each.title["zh"] for each in stories()}
    whole = usual(card, language).partition("；")[2]
    return [_dayless(known.get(each.told.removesuffix("."), each.told) or whole) for each in found]


def _dayless(text: str) -> str:
    """Without the days of an invented patient's results: they stand with the case, and the English has none.

    >>> _dayless("女，30岁；25羟维生素D 8 ng/mL，2026-05-01；妊娠，自2026-03-01起；地舒单抗给药 2025-11-17")
    '女，30岁；25羟维生素D 8 ng/mL；妊娠；地舒单抗给药'
    """
    return re.sub(r"[，、 ]{0,3}自?\d{4}-\d{2}(?:-\d{2})?起?", "", text)
