"""What people call a thing, and how certain one is of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["VERIFIED", "SEED", "SECONDARY", "RECALL", "OWN"]
"""How certain a number or a dose is; ``thresholds.toml`` explains each value."""


class Name(Struct, frozen=True):
    """What people call a thing, in both languages."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en
