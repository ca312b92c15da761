"""Finding names in text: whole words in Latin script, anywhere in Chinese, the longest name wins."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from msgspec import Struct

LONGEST = 2_000
"""Characters of a name or of a dosage text that are read. What stands beyond is unread, and said (``long``)."""

_WORD = re.compile(r"[a-z][a-z0-9]*")
_NEGATED = re.compile(
    r"(?a)\b(no|not|without|denies|denied|negative for|rule out|ruled out|r/o|never|absence of|free of|exclude)\b[^,;.|]{0,28}$"
    r"|(无|否认|排除|未见|没有|不伴|未发现|非)[^,;，；。、|]{0,8}$"
)
_DOUBTED = re.compile(
    r"famil|mother|father|sister|brother|家族|母亲|父亲|at risk|risk of (fall|fracture|osteopor)|跌倒风险|骨折风险|风险评估"
    r"|screening|筛查|prophyla|预防|suspected|possible|可疑|疑似|待排|可能|[?？]"
)


class Found(Struct, frozen=True):
    """One name found: ``key`` of what it names, ``brand`` when it is a product's name, ``at`` where it begins."""

    key: str
    brand: bool
    at: int


def fold(text: str) -> str:
    """Text as it is searched: one letter case, one width, no more than ``LONGEST`` characters. All that people wrote goes this
    way to the patterns, so that none of them ever sees more.

    >>> fold("Ｆosamax"), len(fold("a" * 3000))
    ('fosamax', 2000)
    """
    text = text[:LONGEST]
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()[:LONGEST]


def denied(text: str, at: int) -> bool:
    """Whether folded ``text`` negates what stands ``at``, or speaks of doubt, of a risk or of the family."""
    return _DOUBTED.search(text) is not None or _NEGATED.search(text[max(0, at - 40) : at]) is not None


class Names:
    """An index of names. ``rows``: (name, key, brand); the key "-" takes a name out that only looks like one of ours."""

    def __init__(self, rows: Iterable[tuple[str, str, bool]]) -> None:
        self._rows = {fold(name): (key, brand) for name, key, brand in rows}
        longest_first = sorted(self._rows, key=len, reverse=True)
        self._latin: dict[str, list[str]] = {}
        for name in longest_first:
            if name.isascii() and (word := _WORD.match(name)):
                self._latin.setdefault(word[0], []).append(name)
        self._other = re.compile("|".join(re.escape(n) for n in longest_first if not n.isascii()) or r"(?!)")

    def find(self, text: str) -> list[Found]:
        """The names in folded ``text``, in order."""
        found = list(self._find_latin(text))
        if not text.isascii():
            for match in self._other.finditer(text):
                key, brand = self._rows[match[0]]
                found.append(Found(key, brand, match.start()))
            found.sort(key=lambda f: f.at)
        return [f for f in found if f.key != "-"]

    def _find_latin(self, text: str) -> Iterable[Found]:
        end = 0
        for word in _WORD.finditer(text):
            at = word.start()
            if at < end or word[0] not in self._latin:
                continue
            for name in self._latin[word[0]]:
                if text.startswith(name, at) and not "a" <= text[at + len(name) : at + len(name) + 1] <= "z":
                    end = at + len(name)
                    key, brand = self._rows[name]
                    yield Found(key, brand, at)
                    break
