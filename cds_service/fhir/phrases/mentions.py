"""What a text says of one thing."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

FRACTURE = "fracture"


class Verdict(StrEnum):
    """Whether what is named is present. Only PRESENT is a fact about the patient."""

    PRESENT = "present"
    DOUBTFUL = "doubtful"
    DENIED = "denied"
    RISK = "risk"  # or fear, prevention, screening, education
    FAMILY = "family"
    DEVICE = "device"  # of an implant


class Bone(Struct, frozen=True, gc=False):
    """What is said of a broken bone. ``part``: the side, or the level of a vertebra."""

    site: str
    part: str = ""
    osteoporotic: bool = False
    low_energy: bool = False


class Mention(Struct, frozen=True, gc=False):
    """One name in a text, or one fracture (``key`` FRACTURE, with the ``bone``), and what is said of it.

    ``words``: those that decided, as they stand in the grammar, never as a person wrote them. ``past``: of some day before,
    not known which. ``parent``: of FAMILY, the mother's or father's. ``at``, ``end``: where it stands in the folded text.
    """

    key: str
    verdict: Verdict = Verdict.PRESENT
    words: tuple[str, ...] = ()
    past: bool = False
    parent: bool = False
    bone: Bone | None = None
    brand: bool = False
    at: int = 0
    end: int = 0

    @property
    def is_present(self) -> bool:
        return self.verdict is Verdict.PRESENT

    @property
    def what(self) -> str:
        """What it names, in the words of our keys."""
        return f"{self.key} {self.bone.site}" if self.bone else self.key
