"""The metrics for Prometheus. Labels are our own ids and codes, never anything chosen by a client.

Several workers: gunicorn.conf.py sets PROMETHEUS_MULTIPROC_DIR before this is imported; each worker then counts in a file
there, and the one that is queried adds them up.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

REQUESTS = Counter("cds_requests", "Requests to a service, by the status of the answer", ("service", "endpoint", "status"))
SECONDS = Histogram(
    "cds_request_seconds",
    "Time to answer a hook",
    ("service",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
CARDS = Counter("cds_cards_shown", "Cards in answers (in shadow mode: that would have been)", ("code", "indicator"))
SUPPRESSED = Counter("cds_cards_suppressed", "Cards held back because they were overridden for the same facts", ("code",))
LOST = Counter("cds_shown_lost", "Cards shown that could not be recorded because the queue was full")
FEEDBACK = Counter("cds_feedback", "Feedback stored, without replays", ("outcome",))
FETCHES = Counter("cds_fhir_fetches", "FHIR queries made, by result", ("result",))
UNREAD = Counter("cds_unread", "Resources that may be relevant but were not understood", ("group", "why"))
LACKING = Counter("cds_groups_lacking", "Groups of data that could not be retrieved completely, by reason", ("group", "why"))
FHIR_SECONDS = Histogram(
    "cds_fhir_seconds",
    "Time that a call waited for its FHIR server, by whether that answered anything",
    ("result",),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
BREAKER = Gauge(
    "cds_fhir_left_alone",
    "1 while a FHIR server is not asked because it has not answered; servers are those of the configuration",
    ("server",),
    multiprocess_mode="livemax",
)
REFUSED = Counter("cds_refused", "Requests refused, by status", ("status",))
SHED = Counter("cds_shed", "Requests turned away with 503 because a worker had its hands full, by what it lacked", ("why",))
UNDER_WAY = Gauge("cds_requests_under_way", "Requests in the threads and the queue of the workers", multiprocess_mode="livesum")
DRIFT = Gauge(
    "cds_drift",
    "A card gone silent or loud, a code no longer seen: in standard deviations, while the alarm stands",
    ("kind", "key", "alarm"),
    multiprocess_mode="livemostrecent",
)
DRIFTING = Gauge("cds_drift_alarms", "Cards or codes of which an alarm stands", ("kind",), multiprocess_mode="livemostrecent")
BUILD = Gauge("cds_build", "1, with the versions of code and content", ("version", "content"), multiprocess_mode="livemax")


def exposition() -> bytes:
    """The counts of all workers in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves its constructor untyped
    return generate_latest(registry)
