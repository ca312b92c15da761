"""One patient: read and judged exactly as the hook patient-view does, without words.

``evaluate`` is a pure function of the patient, the entries and the frozen ``Rules``; every engine calls it and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date

from msgspec import Raw, json

from cards.chart import Chart
from cards.indicators import Answer
from cds_service.fhir.fetching.answers import asked_for
from cds_service.fhir.reading import wire
from cds_service.fhir.reading.given import BROKEN
from cds_service.fhir.reading.trace import Trace
from cds_service.figures.care import READ_BESIDES
from cds_service.figures.person import Figures, figures
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import Call
from cds_service.pipeline import Evaluator
from cds_service.population import gaps, rows
from cds_service.population.glance import SHARED, Unusable, look
from cds_service.population.rows import Judged
from cds_service.population.source import Problem
from cds_service.population.strata import stratum

HOOK = "patient-view"
UNKNOWN, TOO_MUCH, FAILED, TWICE, NOT_COUNTED = "unknown-patient", "too-much", "failed", "twice", "not-counted"
"""Why a patient has no answer: no Patient resource; more than one call may bring; the program failed. A resource that came
twice; a patient in no key figure, since the program failed."""
ANSWERS = "answers-to-cards"
"""Counted beside the reading."""
Answers = Callable[[str], tuple[Answer, ...]]
ENCODE = json.Encoder().encode
DECODE: json.Decoder[Judged] = json.Decoder(Judged)


class Rules:
    """What does not change from patient to patient: the rules as they are loaded, the day, and what the export lacks."""

    def __init__(
        self, evaluator: Evaluator, today: date, absent: frozenset[str] = frozenset(), answers: Answers | None = None
    ) -> None:
        """``absent``: types that were not exported, which are unknown, never "none". ``answers``: to cards, by patient."""
        self.answers = answers
        self.evaluator = evaluator
        self.today = today
        self.keys = {key: asked_for(template) for key, template in evaluator.prefetch[HOOK].items()}
        self.absent = absent

    @property
    def types(self) -> frozenset[str]:
        """The types that are read."""
        return frozenset({*self.keys.values(), SHARED, *READ_BESIDES})

    def call(self, patient: str, entries: Sequence[bytes]) -> Call:
        """The call of a client that has prefetched everything: all under one key, so that nothing is missed for want of a code
        that a query would name."""
        bundle = b'{"resourceType":"Bundle","type":"collection","entry":[' + b",".join(entries) + b"]}"
        try:
            whole: wire.AnyResource | Raw | None = wire.RESOURCE.decode(bundle)
        except BROKEN:
            whole = Raw(bundle)
        failed = frozenset(key for key, kind in self.keys.items() if kind in self.absent)
        empty = frozenset(self.keys) - failed - {"patient"}
        return Call(hook=HOOK, patient_id=patient, given={"patient": whole}, empty=empty, failed=failed)


def evaluate(patient: str, entries: Sequence[bytes], rules: Rules) -> Judged:
    """What the hook would answer about this patient. Never raises: whatever goes wrong with one patient is said of that one.

    ``entries``: of a Bundle, ``{"resource": ...}``, in any order.
    """
    entries = sorted(entries)
    try:
        return _answered(patient, entries, rules)
    except RequestError as error:
        why = UNKNOWN if error.status == 412 else TOO_MUCH
        return Judged(patient, why, problems=(Problem("", 0, why, f"Patient/{patient}, {len(entries)} resources"),))
    except Exception as error:  # one patient must never cost the others their answer
        return Judged(patient, FAILED, problems=(Problem("", 0, FAILED, f"Patient/{patient}, {type(error).__name__}"),))


def _answered(patient: str, entries: Sequence[bytes], rules: Rules) -> Judged:
    judged = rules.evaluator.judge(rules.call(patient, entries), rules.today)
    told = tuple(rows.rows_of(patient, judged.findings, judged.shown))
    item = gaps.item_of(patient, judged, entries)
    twice = tuple(_twice(entries)) if judged.trace.duplicates else ()
    answers = rules.answers(patient) if rules.answers else ()
    counted, wrong = _figures(patient, judged.chart, entries, rules, answers)
    counts = _counts(judged.trace) | ({ANSWERS: len(answers)} if answers else {})
    return Judged(patient, "", told, item, counts, (*twice, *wrong), counted, stratum(judged.chart))


def _figures(
    patient: str, chart: Chart, entries: Sequence[bytes], rules: Rules, answers: tuple[Answer, ...]
) -> tuple[Figures | None, tuple[Problem, ...]]:
    """The states of the indicators. What goes wrong with them costs no patient a card."""
    try:
        return figures(chart, entries, *rules.evaluator.counting(), rules.absent, answers), ()
    except Exception as error:
        return None, (Problem("", 0, NOT_COUNTED, f"Patient/{patient}, {type(error).__name__}"),)


def _twice(entries: Sequence[bytes]) -> Iterator[Problem]:
    """Resources that came more than once, as from two files. Which of them counts, the reader decides: the later version."""
    for name, times in Counter(_names(entries)).items():
        if times > 1:
            yield Problem("", 0, TWICE, name)


def _names(entries: Sequence[bytes]) -> Iterator[str]:
    """Type and id of each that has one."""
    for entry in entries:
        with suppress(*BROKEN, Unusable):
            seen = look(wire.LOOSE_ENTRY.decode(entry).resource)
            if seen.id:
                yield f"{seen.type}/{seen.id}"


def _counts(trace: Trace) -> dict[str, int]:
    """The ledger of the reading, without any reference."""
    told = {
        **{f"set-aside: {why}": times for why, times in trace.set_aside.items()},
        **{f"unread: {what}": times for what, times in trace.unread.items()},
        **{f"left-out: {what}": times for what, times in trace.left_out.items()},
        "used": trace.used.total(),
        "not-ours": trace.not_ours.total(),
        "duplicates": trace.duplicates,
        "without-subject": trace.without_subject,
    }
    return {name: times for name, times in told.items() if times}
