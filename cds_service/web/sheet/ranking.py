"""The order of the drugs as a table: it is the one that computes."""

from __future__ import annotations

from collections.abc import Callable

from cards.engine.ladder import HIGH, LADDER, Rung
from cds_service.web.words import say


def ranking(language: str, written: Callable[[str], str], *, defined: bool = True) -> list[tuple[str, list[str]]]:
    """The ladder: of whom it speaks, and the drugs, best first. ``written`` puts numbers in the place of their names;
    ``defined``: what is a name is defined in the row, else it is explained beside it."""
    everybody = (say("tables.else", language), HIGH)
    told = [(written(_of_whom(rung, language) if defined else rung.when[language]), rung.drugs) for rung in LADDER]
    return [(when, [drug.name[language] for drug in drugs]) for when, drugs in [*told, everybody]]


def whom(language: str) -> str:
    """Of whom it speaks, as one text."""
    return "; ".join(rung.when[language] for rung in LADDER)


def _of_whom(rung: Rung, language: str) -> str:
    when = rung.when[language]
    if rung.means is None:
        return when
    return f"{when} ({rung.means[language]})" if language == "en" else f"{when}（{rung.means[language]}）"
