"""What became of each resource: counters always, one line per resource on request. Holds references, never values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field

from cards.chart import SetAside, Unread
from cds_service.fhir.reading.lenient import shape_of


class Line(Struct, frozen=True):
    """One thing that became of a resource: what it was used as, or why it was not used.

    ``why`` of what was set aside is a key of the phrase tables; of what is not ours it is said in words; of what was used it
    holds the words of a text that decided, as the grammar spells them, where they say more than the name.
    """

    source: str
    outcome: str  # "used" | "in-doubt" | "set-aside" | "unread" | "left-out" | "not-ours"
    what: str = ""
    why: str = ""
    detail: str = ""


class Trace(Struct):
    """``used`` counts by concept, ``set_aside`` by reason, ``not_ours`` by resource type.

    ``unread`` counts what may be ours and was not understood, as "medications, local-code".
    ``left_out`` counts fields of a wrong type, without which a resource was read, as "Condition.onsetDateTime".
    ``without_subject`` counts resources that name no patient and were taken as this one's. ``lines`` is None unless asked for.
    """

    used: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    not_ours: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    without_subject: int = 0
    lines: list[Line] | None = None

    def note_line(self, source: str, outcome: str, what: str, why: str = "") -> None:
        """A line about one resource, where lines are asked for."""
        if self.lines is not None:
            self.lines.append(Line(source, outcome, what, why))

    def note_unread(self, unread: Unread) -> None:
        """``detail`` of the line: system, code and text, which only the one who asked for the trace may see."""
        self.unread[f"{unread.data}, {unread.why}"] += 1
        if self.lines is not None:
            detail = " ".join(filter(None, (unread.system, unread.code, unread.text)))
            self.lines.append(Line(unread.source, "unread", unread.data, unread.why, detail))

    def note_left_out(self, source: str, paths: Iterable[str]) -> None:
        """Fields of one resource that are of a wrong type."""
        for path in paths:
            shape = shape_of(path)
            self.left_out[f"{source.partition('/')[0]}.{shape}"] += 1
            self.note_line(source, "left-out", shape, "of a wrong type")

    def note_set_aside(self, aside: SetAside) -> None:
        self.set_aside[aside.reason] += 1
        if self.lines is not None:
            outcome = "in-doubt" if aside.used else "set-aside"
            self.lines.append(Line(aside.source, outcome, aside.key or aside.data, aside.reason, aside.detail))
