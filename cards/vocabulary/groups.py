"""The groups of facts that rules read, each requested in one query."""

from __future__ import annotations

from enum import StrEnum


class Data(StrEnum):
    """The groups of facts that a rule may read and that may be unavailable. Each is one query, sent in this order."""

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
    CARE_PLANS = "care-plans"
    ENCOUNTERS = "encounters"
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
"""Everything from which a drug course is built."""
