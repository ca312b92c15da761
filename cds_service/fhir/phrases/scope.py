"""Which modifier binds to which name: within its clause, by the side on which it stands and as far as it reaches."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

from cds_service.fhir.phrases.lexicon import BREAK, CLOSE, COMMA, FRACTURE, LINK, OPEN, PART, STOP, TARGETS, Token, Word

_WEAK = "osteoporosis"

Bound = dict[int, list[Word]]
"""By where a name begins: the modifiers that bind to it."""

_FORWARD, _BACK = 40, 9
"""How much between a modifier and its name no row of the grammar knows: a Latin letter counts 1 (after a name 10), another
character 3."""
_OF_ITS_OWN = frozenset({"no-fragility", "level", "site", "bone"})
_SPANS = 12
"""Tokens that a modifier behind a name looks back over."""
_AHEAD = 60
"""Tokens that a modifier before a name looks over: no one denies more in one breath. It keeps the work linear."""


class _Clause:
    """The tokens of one clause, and what is asked of them again and again."""

    def __init__(self, scope: Scope, tokens: list[Token]) -> None:
        self._scope = scope
        self.tokens = tokens
        self.targets = [t for t in tokens if t.role in TARGETS]

    @cached_property
    def is_bare(self) -> bool:
        return self._scope.is_bare(self.tokens)

    @cached_property
    def is_of_its_own(self) -> bool:
        """Whether it tells of a tumor or of another bone."""
        return any(t.role in _OF_ITS_OWN for t in self.tokens)


def clauses(text: str, tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """The tokens between commas, semicolons, periods and bars, each with the mark before it."""
    some: list[Token] = []
    mark = BREAK
    for token in tokens:
        if token.role in (BREAK, COMMA):
            yield mark, some
            mark, some = token.role, []
        else:
            some.append(token)
            if token.word.said.startswith("?") and not _is_ahead(text, token):
                yield mark, some
                mark, some = BREAK, []
    yield mark, some


def _is_ahead(text: str, mark: Token) -> bool:
    """Whether a question mark stands before what it asks for: "?MI", "? MI" where nothing stands before it or in English."""
    before, behind = text[max(0, mark.at - 2) : mark.at], text[mark.end : mark.end + 2]
    may_be_apart = before.strip()[-1:] in ("", ",", ";") or "a" <= behind[1:2] <= "z"
    return before[-1:].strip() == "" and behind[: 2 if may_be_apart else 1].strip() != ""


class Scope:
    """Binds the modifiers of a text. ``bound`` fills as clause after clause is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.bound: Bound = {}
        self._before: list[Token] = []
        self._runs: Word | None = None

    def read(self, mark: str, tokens: list[Token]) -> None:
        """Bind what stands in one clause; ``mark`` stands before it."""
        clause = _Clause(self, tokens)
        targets = clause.targets
        running = self._runs if mark == COMMA and targets and clause.is_bare else None
        self._runs = running
        for target in targets if running else ():
            self._bind(target, running)
        for i, token in enumerate(tokens):
            if token.word.where:
                hits = self._reached(tokens, i)
                if not hits and not targets and mark == COMMA and _is_of_before(token, clause):
                    hits = self._before[-1:]
                for hit in hits:
                    self._bind(hit, token.word)
                if hits and token.word.reach == "run":
                    self._runs = token.word
        if targets:
            self._before = targets

    def _bind(self, target: Token, word: Word | None) -> None:
        if word is not None:
            self.bound.setdefault(target.at, []).append(word)

    def is_bare(self, tokens: list[Token]) -> bool:
        """Whether a clause holds nothing but names and what belongs to them, or nothing but modifiers."""
        has_target = any(t.role in TARGETS for t in tokens)
        if has_target and any(t.word.where and t.role != "past" for t in tokens):
            return False
        first, last = (tokens[0].at, tokens[-1].end) if tokens else (0, 0)
        known = sum(t.end - t.at for t in tokens)
        marks_around = _weight(self._text[max(0, first - 12) : first].rpartition(",")[2]), self._after(last)
        return not any(marks_around) and last - first - known <= sum(c == " " for c in self._text[first:last])

    def _after(self, end: int) -> int:
        """How much that no row knows stands between here and the end of the clause, as far as it is looked at."""
        rest = self._text[end : end + 12]
        cut = min((rest.find(mark) for mark in ",;。.|\n" if mark in rest), default=len(rest))
        return _weight(rest[:cut])

    def _reached(self, tokens: list[Token], i: int) -> list[Token]:
        where = tokens[i].word.where
        if where == "before":
            return self._forward(tokens, i)
        if where == "after":
            return self._back(tokens, i)
        if where == "both":
            return [*self._back(tokens, i), *self._forward(tokens, i)]
        return self._either(tokens, i)

    def _either(self, tokens: list[Token], i: int) -> list[Token]:
        """The side that it touches; else the name that follows, where nothing unknown does."""
        token, text = tokens[i], self._text
        ahead, behind = self._forward(tokens, i), self._back(tokens, i)
        touches_behind = token.at > 0 and not text[token.at - 1].isspace()
        touches_ahead = token.end < len(text) and not text[token.end].isspace()
        if token.word.said.startswith("?"):
            return ahead if _is_ahead(text, token) and ahead else behind or ahead
        if ahead and not (behind and touches_behind and not touches_ahead):
            return ahead
        following = tokens[i + 1].at if i + 1 < len(tokens) else len(text)
        unknown = text[token.end : following].lstrip(" :")[:1]
        return [] if unknown.isalnum() and token.role == "doubtful" and not touches_behind else behind

    def _forward(self, tokens: list[Token], i: int) -> list[Token]:
        own = tokens[i]
        reach, end, unknown = own.word.reach, own.end, 0
        hits: list[Token] = []
        is_open, linked = 0, True
        for j in range(i + 1, min(i + 1 + _AHEAD, len(tokens))):
            token = tokens[j]
            unknown += _weight(self._text[end : token.at])
            end = token.end
            if token.role == STOP and reach != "clause":
                break
            if token.role == own.role and token.word.where in ("before", "either", "both"):
                break
            if token.role == OPEN:
                is_open += 1
            elif token.role == CLOSE:
                is_open -= 1
                if is_open < 0 and not (j == i + 1 and own.word.where == "before"):
                    break
            elif token.role == LINK:
                if reach in ("near", "touch"):
                    break
                linked, unknown = True, 0
            elif token.role in TARGETS:
                if unknown > (0 if reach == "touch" else _FORWARD) or not (linked or reach == "clause"):
                    break
                hits.append(token)
                if reach in ("near", "touch"):
                    break
                linked, unknown = False, 0
            elif reach == "touch" and token.role == PART:
                break
        return hits if reach == "touch" and own.role != "old" else self._whole(tokens, hits)

    def _back(self, tokens: list[Token], i: int) -> list[Token]:
        own = tokens[i]
        reach, start, unknown = own.word.reach, own.at, 0
        hits: list[Token] = []
        depth, linked = 0, True
        for j in range(i - 1, max(-1, i - 1 - _SPANS), -1):
            token = tokens[j]
            if depth == 0:
                between = self._text[token.end : start]
                unknown += _weight(between, latin=10)
                if _is_word_apart(between):
                    break
            start = token.at
            if token.role == CLOSE:
                depth += 1
            elif token.role == OPEN:
                depth = max(0, depth - 1)
            elif depth:
                continue
            elif token.role == STOP and reach != "clause":
                break
            elif token.role == LINK:
                if reach in ("near", "touch"):
                    break
                linked, unknown = True, 0
            elif token.role in TARGETS:
                if unknown > (0 if reach == "touch" else _BACK) or not (linked or reach == "clause"):
                    break
                hits.append(token)
                if reach in ("near", "touch"):
                    break
                linked, unknown = False, 0
        return hits if reach == "touch" else self._whole(tokens, hits)

    def _whole(self, tokens: list[Token], hits: list[Token]) -> list[Token]:
        """With the other half of what is one name ("osteoporotic hip fracture")."""
        return list(dict.fromkeys(each for hit in hits for each in (hit, self._other_half(tokens, hit)) if each))

    def _other_half(self, tokens: list[Token], hit: Token) -> Token | None:
        step = -1 if hit.role == FRACTURE else 1
        at = bisect_left(tokens, hit.at, key=lambda token: token.at)
        for i in range(at + step, len(tokens) if step > 0 else -1, step):
            other = tokens[i]
            if other.role in TARGETS:
                weak, broken = (hit, other) if step > 0 else (other, hit)
                is_one = weak.word.key == _WEAK and broken.role == FRACTURE
                return other if is_one and not is_listed_apart(self._text, weak.end, broken.at) else None
            if other.word.where or other.role in (LINK, STOP, OPEN, CLOSE):
                return None
        return None


def _is_of_before(token: Token, clause: _Clause) -> bool:
    """Whether it tells of what stood before the comma, not of a tumor or of another bone; a comparison does, whatever it is
    compared with."""
    if token.word.where == "before" or clause.is_of_its_own:
        return False
    return token.role == "old" or clause.is_bare


def is_listed_apart(text: str, first: int, last: int) -> bool:
    """Whether a space in Chinese stands between, as it does in lists; not so before 伴."""
    between = text[max(0, first - 1) : last + 1]
    return any(
        c == " " and not (between[i - 1].isascii() and between[i + 1].isascii()) and between[i + 1] not in "伴合"
        for i, c in enumerate(between)
        if 0 < i < len(between) - 1
    )


def _is_word_apart(between: str) -> bool:
    """Whether a word of its own stands between, set off by a space."""
    return between[:1] == " " and any(c.isalnum() for c in between)


def _weight(between: str, latin: int = 1) -> int:
    """How much of a text that no row of the grammar knows stands there."""
    return sum(latin if c.isascii() else 3 for c in between if c.isalnum())
