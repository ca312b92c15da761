"""What ``GET /cds-services`` answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

CDS_HOOKS_VERSION = "2.0.1"

USAGE = (
    "FHIR R4 only. Works from prefetch alone, or fetches what is missing from an allow-listed FHIR server. If some data are "
    "missing, it says what it can and names the checks that could not be done. Decision support for professionals."
)


class Service(Struct, frozen=True):
    """A service as clients see it, but for its prefetch."""

    hook: str
    title: str
    description: str

    @property
    def id(self) -> str:
        return f"osteoporosis-{self.hook}"


_SERVICES = (
    Service(
        "patient-view",
        "Osteoporosis: what is due for this patient",
        "Missing follow-on after denosumab or an anabolic drug, untreated or undiagnosed osteoporosis, duration "
        "of bisphosphonate treatment, response of bone turnover markers, tests that are due, low vitamin D.",
    ),
    Service(
        "order-select",
        "Osteoporosis: safety of the selected orders",
        "Contraindications and missing tests for the osteoporosis drugs that are being selected.",
    ),
    Service(
        "order-sign",
        "Osteoporosis: safety of the orders to be signed",
        "Contraindications, missing tests and unsafe sequences for the osteoporosis drugs that are about to be signed.",
    ),
    Service(
        "problem-list-item-create",
        "Osteoporosis: what a new diagnosis calls for",
        "After recording a fracture, osteoporosis or a condition that harms bone: diagnosis, work-up, treatment, referral.",
    ),
    Service(
        "encounter-discharge",
        "Osteoporosis: what must not be missed at discharge",
        "Before discharge: a fragility fracture without treatment or follow-up, a treatment that must not be interrupted.",
    ),
    Service(
        "medication-refill",
        "Osteoporosis: course of the drug being refilled",
        "When an osteoporosis drug is to be refilled: duration of treatment, doses due or late, gaps in supply.",
    ),
)
SERVICES: dict[str, Service] = {service.id: service for service in _SERVICES}


def document(prefetch: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The discovery document. ``prefetch``: hook -> key -> template."""
    return {
        "services": [
            {
                "hook": service.hook,
                "id": service.id,
                "title": service.title,
                "description": service.description,
                "usageRequirements": USAGE,
                "version": CDS_HOOKS_VERSION,
                "prefetch": dict(prefetch[service.hook]),
            }
            for service in _SERVICES
        ]
    }
