"""A card that was overridden with a reason is not shown again to the same person for the same patient while its facts are
unchanged (card specification, "Priorities, repetition, noise"). This never applies to critical cards. If a finding says that an
override lasts longer (``Rest``), its state is used instead of its facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from cards.chart import Chart, Unread
from cards.chart.calendar import add_months
from cards.chart.facts import Fact
from cards.engine import sources
from cards.engine.findings import CRITICAL, Finding
from cards.vocabulary import Name
from cds_service import metrics
from cds_service.drift.codes import met
from cds_service.hooks.request import Call
from cds_service.not_understood import shape
from cds_service.store import Hold, Offer, Override, Shown, Store, seen

Json = dict[str, Any]


def patient_hash(hashed: Callable[..., str], client: str, tenant: str, patient: str) -> str:
    """What the store knows a patient by: ids are unique only within one tenant of one EHR."""
    return hashed("patient of tenant", client, tenant, patient) if tenant else hashed("patient", client, patient)


class Repetition:
    """What the store knows about one call: the patient and the user, as hashes."""

    def __init__(
        self, store: Store, call: Call, service: str, today: date, *, client: str = "", tenant: str = "", shadow: bool = False
    ) -> None:
        """``client`` is the caller (the issuer of its token), ``tenant`` its tenant: ids are unique only within one tenant of
        one EHR. ``shadow``: cards are recorded but not sent. ``today`` stands for the encounter of a call that names none."""
        self._store = store
        self._hook = call.hook
        self._service = service
        self._shadow = shadow
        self._by_patient = call.by_patient
        self._hashed: dict[int, str] = {}
        self._of_same: dict[tuple[str, ...], str] = {}
        self._lines: dict[Hashable, str] = {}
        where, of = ((client, tenant), " of tenant") if tenant else ((client,), "")
        self._patient = patient_hash(store.hashed, client, tenant, call.patient_id)
        self._practitioner = store.hashed(f"practitioner{of}", *where, call.user_id) if call.user_id else ""
        encounter = ("encounter", call.encounter_id) if call.encounter_id else ("day", today.isoformat())
        self._encounter = store.hashed(f"encounter{of}", *where, call.patient_id, *encounter)

    def fresh(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings without those that this practitioner overrode; those held back are counted."""
        kept = []
        for finding in findings:
            if self._was_set_aside(finding):
                metrics.SUPPRESSED.labels(finding.code).inc()
            else:
                kept.append(finding)
        return kept

    def _was_set_aside(self, finding: Finding) -> bool:
        if not self._practitioner or finding.indicator is CRITICAL:
            return False
        once = self.override_of(finding)
        held = (once, *(once._replace(facts=each) for each in self._worse(finding)))
        here = (each._replace(encounter=self._encounter) for each in held)
        return any(map(self._store.overridden, (*held, *here)))

    def override_of(self, finding: Finding) -> Override:
        """By what it is known that this practitioner set this finding aside, beyond the encounter."""
        return Override(self._patient, self._practitioner, finding.code, self._facts(finding))

    def clarified(self, keys: Iterable[str], zone: tzinfo) -> dict[str, date]:
        """Which of these findings of the work-up clinicians have clarified of this patient, and on which day."""
        found = ((key, self._store.clarified(Hold(self._patient, key))) for key in keys)
        return {key: moment.astimezone(zone).date() for key, moment in found if moment is not None}

    def note(self, shown: Iterable[tuple[Finding, Json, Mapping[str, str]]]) -> None:
        """Record the findings shown as these cards, with what each card offers; findings that a card stands for are recorded
        separately. With each card the parts into which its suggestions fell for this client (``dialect.Spoken``)."""
        now = datetime.now(UTC)
        lost = self._store.show(
            Shown(
                card=card["uuid"],
                code=finding.code,
                indicator=finding.indicator.value,
                service=self._service,
                hook=self._hook,
                content=str(sources.VERSION),
                facts=self._facts(finding),
                patient=self._patient,
                practitioner=self._practitioner,
                shadow=self._shadow,
                shown_at=now,
                rests_until=_later(now, finding.rests.months) if finding.rests else None,
                holds=" ".join(finding.holds) or None if not self._by_patient else None,
                encounter=self._encounter,
                offers=_offers(finding, card, parts) if finding is whole and not self._shadow else (),
            )
            for whole, card, parts in shown
            for finding in (whole, *whole.contains)
        )
        if lost:
            metrics.LOST.inc(lost)

    def note_unread(self, unread: Iterable[Unread]) -> None:
        """Count what was not understood, without reference to the patient."""
        self._store.count_unread(map(shape, unread))

    def note_seen(self, chart: Chart, codes: Iterable[str]) -> None:
        """Count this call, the cards that its answer has or would have but for an override, and the value sets that its record
        meets."""
        day = seen.today()
        told = [seen.Seen(day, self._hook, seen.CALL)]
        told += (seen.Seen(day, self._hook, seen.CARD, code) for code in {*codes})
        told += (seen.Seen(day, self._hook, seen.CODE, key) for key in met(chart))
        self._store.see(told)

    def _facts(self, finding: Finding) -> str:
        """The facts behind a finding, hashed: used to compare it with earlier overrides and to record it."""
        known = self._hashed.get(id(finding))
        if known is None:
            known = self._hashed[id(finding)] = self._hash(finding)
        return known

    def _hash(self, finding: Finding) -> str:
        if finding.rests:
            return self._state(finding, finding.rests.state)
        of = [fact for fact in finding.facts if fact.source != "Patient" and not fact.brief]
        told = sorted(map(self._told, of))  # not age: a birthday does not bring a card back
        said = ("facts", finding.indicator.value, finding.variant, *told)
        if said not in self._of_same:
            self._of_same[said] = self._store.hashed(*said)
        return self._of_same[said]

    def _told(self, fact: Fact) -> str:
        """The content of a fact without the id of its resource, since drafts get a new one each time. Written once for all
        cards that rest on it."""
        said = (fact.name, fact.value.__class__, fact.value, fact.unit, fact.when)
        if said not in self._lines:
            self._lines[said] = _line(fact)
        return self._lines[said]

    def _worse(self, finding: Finding) -> Iterator[str]:
        for state in finding.rests.worse if finding.rests else ():
            yield self._state(finding, state)

    def _state(self, finding: Finding, state: str) -> str:
        return self._store.hashed("state", finding.indicator.value, finding.variant, state)


def _offers(finding: Finding, card: Json, parts: Mapping[str, str]) -> tuple[Offer, ...]:
    """The suggestions of a card, in the order of the finding's options, and their parts; a card for a patient has none."""
    options = {
        suggestion["uuid"]: f"{option.kind}/{option.key or option.regimen}".removesuffix("/")
        for option, suggestion in zip(finding.options, card.get("suggestions", ()), strict=False)
    }
    options |= {part: options[whole] for part, whole in parts.items()}
    return tuple(Offer(uuid, option) for uuid, option in options.items())


def _later(moment: datetime, months: int) -> datetime:
    """The same time of day this many calendar months later."""
    return datetime.combine(add_months(moment.date(), months), moment.timetz())


def _line(fact: Fact) -> str:
    value = fact.value.en if isinstance(fact.value, Name) else fact.value
    value = float(value) if isinstance(value, Decimal) else value
    return json.dumps([fact.name.en, value, fact.unit, fact.when and fact.when.isoformat()])
