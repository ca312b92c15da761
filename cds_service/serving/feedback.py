"""Feedback on its way into the store: from the EHR, and from the SMART app."""

from __future__ import annotations

from typing import Any

from cds_service import logs, metrics
from cds_service.dialect.codes import our_reason
from cds_service.hooks import errors
from cds_service.hooks.feedback import Feedback, FeedbackItem
from cds_service.store import Report, Store


def keep(told: Feedback, service: str, store: Store) -> dict[str, Any]:
    """Store it, then count and log it. The answer says how much of it is stored, and what is wrong with the rest."""
    new = store.report(service, [_report_of(item) for item in told.items]) if told.items else {}
    for outcome, number in new.items():
        metrics.FEEDBACK.labels(outcome).inc(number)
    wrong = len(told.refusal.expressions) if told.refusal else 0
    logs.event("feedback", {"service": service, "received": len(told.items), "new": sum(new.values()), "wrong": wrong})
    return {"received": len(told.items)} | ({"refused": errors.outcome(told.refusal)} if told.refusal else {})


def _report_of(item: FeedbackItem) -> Report:
    """A feedback item as it is stored."""
    override = item.overrideReason if item.outcome == "overridden" else None
    coded = override.reason if override else None
    return Report(
        card=item.card,
        outcome=item.outcome,
        outcome_at=item.outcomeTimestamp,
        reason=our_reason(coded.code) if coded else None,
        reason_system=coded.system if coded else None,
        comment=(override.userComment or None) if override else None,
        suggestions=tuple(each.id for each in item.acceptedSuggestions or ()) if item.outcome == "accepted" else (),
    )
