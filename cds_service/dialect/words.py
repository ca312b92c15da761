"""What a dialect says in the place of what it cannot offer."""

from __future__ import annotations

from collections.abc import Iterable

from cards.vocabulary import Name
from cards.words import phrases

BY_HAND = Name("By hand in this EHR", "需在本系统中手工处理")
"""The heading of what the EHR cannot do by a click."""
BY_HAND_ONE = Name("By hand in this EHR, one of these", "需在本系统中手工处理（任选其一）")
OTHER_CHOICES = Name("Other choices, instead of what is offered (by hand)", "其他选择，取代上述建议（手工处理）")
WITH = Name("{action} (only together with: {others})", "{action}（须与此同时：{others}）")
ONE_OF = Name("{action} (choose one only)", "{action}（仅选其一）")
OWN_DETAILS = Name(
    "{action} (this EHR fills in dose, timing and start: check them)", "{action}（剂量、用法和开始日期由本系统填入，请核对）"
)
SHORTENED = Name("Shortened for this EHR; left out: {parts}.", "因本系统限制有删节，略去：{parts}。")
CUT = Name("the end of the text", "后文")


def listed(heading: Name, lines: Iterable[str], language: str) -> str:
    """A section of the detail; what it lists is plain text."""
    return "\n\n".join([f"**{heading[language]}**", "\n".join(f"- {phrases.escape(line)}" for line in lines)])


def joined(actions: Iterable[str], language: str) -> str:
    """What several actions do, in one line."""
    return phrases.joined(actions, "clause", language)
