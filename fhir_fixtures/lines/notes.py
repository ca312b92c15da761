"""What stands in round brackets behind a line, or behind one result of several."""

from __future__ import annotations

import re


class Notes(dict[str, str]):
    """Note -> its value, or "" where it says all by itself: {"range": "8.6-10.2", "refuted": ""}. It knows which of them a
    sentence has asked for: what nobody asked for is not said by the resource, and the line is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[object] = set()

    def __contains__(self, name: object) -> bool:
        self.asked.add(name)
        return super().__contains__(name)

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)

    @property
    def unread(self) -> list[str]:
        return [note for note in self if note not in self.asked]


FREE = {"called", "says", "sig"}
"""What goes to the end of its brackets, commas and all."""

VALUED = FREE | {"range", "assay", "at", "site", "code", "ICD-10", "resolved", "from", "dose", "every", "route", "because"}
BARE = {"text only", "ATC only", "RxNorm only", "contained", "no sig", "not selected"}
BARE |= {"resolved", "refuted", "inactive", "osteoporotic", "high", "anaphylaxis", "dyspepsia", "urticaria"}
BARE |= {"low", "untyped", "unconfirmed", "no unit"}
STATUSES = {"active", "completed", "stopped", "on-hold", "cancelled", "draft", "not-done", "in-progress", "unknown"}
STATUSES |= {"final", "preliminary", "amended", "corrected", "entered-in-error", "revoked"}


def split_off(line: str) -> tuple[str, Notes]:
    """The line without its notes, and the notes; ValueError for one that is none."""
    text = line.strip()
    notes = Notes()
    while found := re.fullmatch(r"(.*\S) \(([^()]+)\)", text):
        text = found[1]
        free = found[2].partition(" ")[0] in FREE
        for note in [found[2]] if free else found[2].split(", "):
            name, _, value = note.partition(" ")
            if (value and name not in VALUED and note not in BARE) or (not value and note not in BARE | STATUSES):
                raise ValueError(f"cannot read ({note}) in the line {line!r}")
            notes.update({name: value} if name in VALUED else {note: ""})
    return text, notes


def status(notes: Notes, usual: str) -> str:
    """The status given in brackets, else the usual one."""
    return next((each for each in sorted(STATUSES) if each in notes), usual)


def all_read(line: str, notes: Notes) -> None:
    """ValueError for a note that the sentence of its line has no use for."""
    if notes.unread:
        raise ValueError(f"cannot read ({', '.join(notes.unread)}) in the line {line!r}")
