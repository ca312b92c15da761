"""The order of the drugs as a table: it is the one that computes."""

from __future__ import annotations

from cards.engine.ladder import HIGH, LADDER
from cards.thresholds import Thresholds
from cds_service.web.words import say


def ranking(thresholds: Thresholds, language: str) -> list[tuple[str, list[str]]]:
    """The ladder: of whom it speaks, and the drugs, best first."""
    rungs = [(thresholds.filled(rung.when[language]), rung.drugs) for rung in LADDER]
    everybody = (say("tables.else", language), HIGH)
    return [(when, [drug.name[language] for drug in drugs]) for when, drugs in [*rungs, everybody]]
