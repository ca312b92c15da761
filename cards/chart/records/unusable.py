"""What the record holds and nobody could use."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.vocabulary import COURSES, Data


class SetAside(Struct, frozen=True, gc=False):
    """Something in the record that could not be used. ``reason`` is a key of the phrase tables (``cards/words``)."""

    data: Data
    reason: str
    key: str = ""
    source: str = ""
    when: date | None = None
    detail: str = ""

    @property
    def used(self) -> bool:
        """Whether it was used all the same, with this in doubt: a drug that may be taken counts."""
        return self.data in COURSES and self.reason in _USED_IN_DOUBT


_USED_IN_DOUBT = frozenset({"status-unknown", "records-disagree", "no-start", "no-date", "dose-unreadable", "use-unreadable"})


class Unread(Struct, frozen=True, gc=False):
    """Something that may be relevant but was not understood. ``why``: "no-name" (neither name nor code), "local-code",
    "unknown-code" (of a public system, in no table), "not-understood" (its name or code suggests something the rules use),
    "unresolved-reference". ``system``, ``code`` and ``text`` are as recorded. ``key``: the analyte that its name points to."""

    data: Data
    why: str
    source: str = ""
    when: date | None = None
    system: str = ""
    code: str = ""
    text: str = ""
    key: str = ""

    @property
    def as_set_aside(self) -> SetAside:
        """The same for a text that says what was left out."""
        return SetAside(self.data, self.why, self.key, self.source, self.when, self.text or self.code)
