"""The groups of facts that rules read: what is asked for together."""

from __future__ import annotations

from enum import StrEnum


class Data(StrEnum):
    """The groups of facts that a rule may read and a record may fail to give. Each is one query, asked in this order."""

    PATIENT = "patient"
    CONDITIONS = "conditions"
    MEDICATIONS = "medications"
    STATEMENTS = "statements"
    ADMINISTRATIONS = "administrations"
    DISPENSES = "dispenses"
    ALLERGIES = "allergies"
    PROCEDURES = "procedures"
    ORDERS = "orders"
    FAMILY_HISTORY = "family-history"
    IMAGING = "imaging"
    REPORTS = "reports"
    BONE_DENSITY = "bone-density"
    TURNOVER = "turnover"
    RENAL = "renal"
    CALCIUM = "calcium"
    VITAMIN_D = "vitamin-d"
    WORK_UP = "work-up"
    BODY = "body"
    FRACTURE_RISK = "fracture-risk"
    FUNCTION = "function"


COURSES = (Data.MEDICATIONS, Data.STATEMENTS, Data.ADMINISTRATIONS, Data.DISPENSES)
"""All that a drug course is put together from."""
