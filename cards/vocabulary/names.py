"""What people call a thing."""

from __future__ import annotations

from msgspec import Struct


class Name(Struct, frozen=True):
    """What people call a thing, in both languages."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en
