"""The drugs, tests, problems and services that the cards use: key, names (English, Chinese) and class.

They are defined in the data files next to this module, which clinicians and translators review, and are validated at startup.
Which LOINC, ATC or ICD code maps to which key is defined in the reader's tables; a new problem may list its few codes and names
itself, so that adding it takes one line.
"""

from __future__ import annotations

from cards.vocabulary.analytes import ANALYTES, DIAGNOSTIC_SITES, HIP_SITES, SITE_NAMES, Analyte, Site
from cards.vocabulary.drugs import (
    ABALOPARATIDE,
    ALENDRONATE,
    ANABOLIC,
    ANTI_OSTEOPOROSIS,
    ANTICOAGULANTS,
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
from cards.vocabulary.problems import FRACTURE_SITES, PROBLEMS, RADIATION, READ_BY, SERVICE_CATEGORIES, SERVICES
from cards.vocabulary.tables import VocabularyError

__all__ = [
    "ABALOPARATIDE",
    "ALENDRONATE",
    "ANABOLIC",
    "ANALYTES",
    "ANTICOAGULANTS",
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
    "RADIATION",
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
