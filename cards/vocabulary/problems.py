"""Conditions, fractures and services by key, with their names (``problems.tsv``, ``fracture-sites.tsv``, ``services.tsv``)."""

from __future__ import annotations

from cards.vocabulary.names import Name
from cards.vocabulary.tables import names

PROBLEMS: dict[str, Name] = names("problems.tsv")
FRACTURE_SITES: dict[str, Name] = names("fracture-sites.tsv")
SERVICES: dict[str, Name] = names("services.tsv")
