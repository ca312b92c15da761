"""What may be known about a patient, and the questions that rules ask."""

from cards.chart.chart import DOSE_UNREAD, REASON_UNREAD, Chart, per_chart
from cards.chart.records.drugs import Course, Dosing, Exposure, Period
from cards.chart.records.measurement import Measurement
from cards.chart.records.moments import ORDER_HOOKS, Hook
from cards.chart.records.orders import OTHER_REASON, Draft, Service
from cards.chart.records.patient import Patient
from cards.chart.records.problems import Allergy, Fracture, FractureEntry, Problem
from cards.chart.records.unusable import SetAside, Unread

PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN = Hook.PATIENT_VIEW, Hook.ORDER_SELECT, Hook.ORDER_SIGN
PROBLEM_CREATE, DISCHARGE, REFILL = Hook.PROBLEM_CREATE, Hook.DISCHARGE, Hook.REFILL

__all__ = [
    "DISCHARGE",
    "DOSE_UNREAD",
    "ORDER_HOOKS",
    "ORDER_SELECT",
    "ORDER_SIGN",
    "OTHER_REASON",
    "PATIENT_VIEW",
    "PROBLEM_CREATE",
    "REASON_UNREAD",
    "REFILL",
    "Allergy",
    "Chart",
    "Course",
    "Dosing",
    "Draft",
    "Exposure",
    "Fracture",
    "FractureEntry",
    "Hook",
    "Measurement",
    "Patient",
    "Period",
    "Problem",
    "Service",
    "SetAside",
    "Unread",
    "per_chart",
]
