"""When an EHR calls the service."""

from __future__ import annotations

from enum import StrEnum


class Hook(StrEnum):
    """The moments at which an EHR calls the service."""

    PATIENT_VIEW = "patient-view"
    ORDER_SELECT = "order-select"
    ORDER_SIGN = "order-sign"
    PROBLEM_CREATE = "problem-list-item-create"
    DISCHARGE = "encounter-discharge"
    REFILL = "medication-refill"


ORDER_HOOKS = frozenset({Hook.ORDER_SELECT, Hook.ORDER_SIGN})
