"""The drugs, tests, problems and services that the medicine speaks of: key, names (English, Chinese) and class.

They stand in the data files beside this one, which clinicians and translators review, and are checked at the start. Which
LOINC, ATC or ICD code means which key is the business of the reader and stands in its tables; a new problem may bring the few
codes and names that it is read by, so that it is one line.
"""

from __future__ import annotations

from cards.vocabulary.analytes import ANALYTES, DIAGNOSTIC_SITES, HIP_SITES, SITE_NAMES, Analyte, Site
from cards.vocabulary.drugs import (
    ABALOPARATIDE,
    ALENDRONATE,
    ANABOLIC,
    ANTI_OSTEOPOROSIS,
    ANTIRESORPTIVE,
    CHOLECALCIFEROL,
    DENOSUMAB,
    DENOSUMAB_ONCOLOGY,
    DRUGS,
    MENATETRENONE,
    RALOXIFENE,
    RISEDRONATE,
    ROMOSOZUMAB,
    SHIPPED_FORMULARY,
    TERIPARATIDE,
    ZOLEDRONATE,
    Drug,
    Mechanism,
    names_of,
)
from cards.vocabulary.groups import COURSES, Data
from cards.vocabulary.names import Name
from cards.vocabulary.problems import FRACTURE_SITES, PROBLEMS, READ_BY, SERVICE_CATEGORIES, SERVICES
from cards.vocabulary.tables import VocabularyError

__all__ = [
    "ABALOPARATIDE",
    "ALENDRONATE",
    "ANABOLIC",
    "ANALYTES",
    "ANTIRESORPTIVE",
    "ANTI_OSTEOPOROSIS",
    "CHOLECALCIFEROL",
    "COURSES",
    "DENOSUMAB",
    "DENOSUMAB_ONCOLOGY",
    "DIAGNOSTIC_SITES",
    "DRUGS",
    "FRACTURE_SITES",
    "HIP_SITES",
    "MENATETRENONE",
    "PROBLEMS",
    "RALOXIFENE",
    "READ_BY",
    "RISEDRONATE",
    "ROMOSOZUMAB",
    "SERVICES",
    "SERVICE_CATEGORIES",
    "SHIPPED_FORMULARY",
    "SITE_NAMES",
    "TERIPARATIDE",
    "ZOLEDRONATE",
    "Analyte",
    "Data",
    "Drug",
    "Mechanism",
    "Name",
    "Site",
    "VocabularyError",
    "names_of",
]
