"""A backtracking matcher that counts its steps: the work of Python's ``re`` as a number that is the same on every machine.

It walks the tree of ``re``'s own parser in the order in which ``re`` tries. ``re`` takes short cuts (a literal prefix, a set of
first letters), so that what is counted here is no less than what it does.
"""

from __future__ import annotations

import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import sys
from collections.abc import Callable, Iterator
from typing import Any

Then = Callable[[int], bool]
Node = tuple[Any, Any]

_CATEGORY: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdigit,
    op.CATEGORY_NOT_DIGIT: lambda c: not c.isdigit(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    op.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    op.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}
ALPHABET = "a0 .-9zM片一<(/:,;%=\n~é"
"""One of each kind; to find a letter that a set holds."""


class TooMuchError(Exception):
    """More steps than were allowed."""


class Letter:
    """A node that matches one letter. It remembers those that it was asked about: there are few."""

    def __init__(self, node: Node, *, fold: bool) -> None:
        self._node, self._fold = node, fold
        self._known: dict[str, bool] = {}

    def fits(self, letter: str) -> bool:
        known = self._known.get(letter)
        if known is None:
            known = self._known[letter] = fits(self._node, letter, self._fold)
        return known


def laid_out(tree: Any, *, fold: bool) -> list[Any]:
    """The tree as the counter walks it: what matches one letter as a ``Letter``, all else as a kind and what it needs."""
    return [Letter(node, fold=fold) if is_single(node) else (node[0], *_laid_out(node, fold=fold)) for node in tree]


def _laid_out(node: Node, *, fold: bool) -> tuple[Any, ...]:
    kind, value = node
    if kind is op.BRANCH:
        return ([laid_out(branch, fold=fold) for branch in value[1]],)
    if kind is op.SUBPATTERN:
        return value[0], laid_out(value[3], fold=fold)
    if kind in (op.ASSERT, op.ASSERT_NOT):
        width = 0 if value[0] > 0 else value[1].getwidth()[0]
        return value[0], laid_out(value[1], fold=fold), width
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        return value[0], value[1], laid_out(value[2], fold=fold)
    return (value,)


class Counter:
    """The steps of one search through a text for all matches, as ``finditer`` makes it."""

    def __init__(self, pattern: str, flags: int, most: int) -> None:
        self.tree = list(parser.parse(pattern, flags))
        self._most = most
        self._fold = bool(flags & 2)
        self._nodes = laid_out(self.tree, fold=self._fold)
        self.steps = 0

    def search(self, text: str) -> int:
        """Steps to find all matches. TooMuchError if there are more than ``most``."""
        sys.setrecursionlimit(1_000_000)
        self.steps, self._text, self._groups = 0, text.lower() if self._fold else text, {}
        at = 0
        while at <= len(text):
            ends: list[int] = []
            if self._all(self._nodes, 0, at, lambda here, ends=ends: ends.append(here) or True):  # type: ignore[misc, func-returns-value]
                at = max(ends[0], at + 1)
            else:
                at += 1
        return self.steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self._most:
            raise TooMuchError

    def _all(self, nodes: list[Any], n: int, at: int, then: Then) -> bool:
        while n < len(nodes) and isinstance(nodes[n], Letter):
            self._step()
            if at >= len(self._text) or not nodes[n].fits(self._text[at]):
                return False
            n, at = n + 1, at + 1
        if n == len(nodes):
            return then(at)
        return self._one(nodes[n], at, then if n + 1 == len(nodes) else lambda here: self._all(nodes, n + 1, here, then))

    def _one(self, node: tuple[Any, ...], at: int, then: Then) -> bool:
        self._step()
        kind, *value = node
        if kind is op.BRANCH:
            return self._branch(value[0], at, then)
        if kind is op.SUBPATTERN:
            group, body = value
            return self._all(body, 0, at, then if group is None else lambda here: self._caught(group, at, here, then))
        if kind in (op.ASSERT, op.ASSERT_NOT):
            return self._look(*value, at) is (kind is op.ASSERT) and then(at)
        if kind is op.AT:
            return self._is_at(value[0], at) and then(at)
        if kind is op.GROUPREF:
            said = self._text[slice(*self._groups.get(value[0], (0, 0)))]
            return self._text.startswith(said, at) and then(at + len(said))
        least, most, body = value
        if len(body) == 1 and isinstance(body[0], Letter):
            return self._repeat_one(body[0], least, most, at, then, greedy=kind is op.MAX_REPEAT)
        return self._repeat(body, least, most, at, then, greedy=kind is op.MAX_REPEAT)

    def _branch(self, branches: list[list[Any]], at: int, then: Then) -> bool:
        """Most fail at their first letter, which is looked at here."""
        letter = self._text[at] if at < len(self._text) else None
        for branch in branches:
            if branch and isinstance(branch[0], Letter):
                self._step()
                if letter is not None and branch[0].fits(letter) and self._all(branch, 1, at + 1, then):
                    return True
            elif self._all(branch, 0, at, then):
                return True
        return False

    def _caught(self, group: int, at: int, here: int, then: Then) -> bool:
        self._groups[group] = (at, here)
        return then(here)

    def _look(self, direction: int, body: list[Any], width: int, at: int) -> bool:
        if direction > 0:
            return self._all(body, 0, at, lambda _: True)
        return at >= width and self._all(body, 0, at - width, lambda here: here == at)

    def _is_at(self, where: Any, at: int) -> bool:
        text = self._text
        if where in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            return at == 0
        if where in (op.AT_END, op.AT_END_STRING):
            return at == len(text)
        is_word = _CATEGORY[op.CATEGORY_WORD]
        edge = (at > 0 and is_word(text[at - 1])) != (at < len(text) and is_word(text[at]))
        return edge is (where is op.AT_BOUNDARY)

    def _repeat_one(self, body: Letter, least: int, most: Any, at: int, then: Then, *, greedy: bool) -> bool:
        """A repeated letter, without recursion: as far as it goes and back, or one more at a time."""
        most = len(self._text) if most is op.MAXREPEAT else most
        end = at
        if not greedy:
            while end - at < least or not then(end):
                self._step()
                if end - at >= most or end >= len(self._text) or not body.fits(self._text[end]):
                    return False
                end += 1
            return True
        while end - at < most and end < len(self._text) and body.fits(self._text[end]):
            self._step()
            end += 1
        while end - at >= least:
            self._step()
            if then(end):
                return True
            end -= 1
        return False

    def _repeat(self, body: list[Any], least: int, most: Any, at: int, then: Then, *, greedy: bool, done: int = 0) -> bool:
        def again() -> bool:
            if most is not op.MAXREPEAT and done >= most:
                return False
            return self._all(
                body, 0, at,
                lambda here: (here > at or done < least)
                and self._repeat(body, least, most, here, then, greedy=greedy, done=done + 1),
            )  # fmt: skip

        if done < least:
            return again()
        return (again() or then(at)) if greedy else (then(at) or again())


def is_single(node: Node) -> bool:
    """Whether it matches exactly one letter."""
    return node[0] in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.RANGE, op.CATEGORY)


def fits(node: Node, letter: str, fold: bool = False) -> bool:
    """Whether a letter is matched by a node that matches one."""
    kind, value = node
    if fold and kind is op.LITERAL:
        return letter == chr(value).lower()
    if kind is op.LITERAL:
        return letter == chr(value)
    if kind is op.NOT_LITERAL:
        return letter != chr(value)
    if kind is op.ANY:
        return letter != "\n"
    if kind is op.RANGE:
        return value[0] <= ord(letter) <= value[1] or (fold and value[0] <= ord(letter.upper()) <= value[1])
    if kind is op.CATEGORY:
        return _CATEGORY[value](letter)
    negated = value[0][0] is op.NEGATE
    return any(fits(each, letter, fold) for each in (value[1:] if negated else value)) is not negated


def nodes(tree: Any) -> Iterator[Node]:
    """All nodes of a tree, outer ones first."""
    for node in tree:
        yield node
        kind, value = node
        if kind is op.BRANCH:
            for branch in value[1]:
                yield from nodes(branch)
        elif kind is op.SUBPATTERN:
            yield from nodes(value[3])
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from nodes(value[1])
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            yield from nodes(value[2])


def example(tree: Any) -> str:
    """A text that a tree matches, as short as its repeats allow."""
    return "".join(map(_example, tree))


def _example(node: Node) -> str:
    kind, value = node
    if kind is op.LITERAL:
        return chr(value)
    if is_single(node):
        return letter_of(node)
    if kind is op.BRANCH:
        return example(value[1][0])
    if kind is op.SUBPATTERN:
        return example(value[3])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        return example(value[2]) * max(value[0], 1)
    return ""


def letter_of(node: Node) -> str:
    """A letter that a node matches."""
    if node[0] is op.IN and node[1][0][0] in (op.LITERAL, op.RANGE):
        first = node[1][0]
        return chr(first[1] if first[0] is op.LITERAL else first[1][0])
    return next((letter for letter in ALPHABET if fits(node, letter)), "a")


def has_no_end(node: Node) -> bool:
    return node[0] in (op.MAX_REPEAT, op.MIN_REPEAT) and node[1][1] is op.MAXREPEAT


def units(tree: list[Node]) -> set[str]:
    """What to repeat: an example of the whole, of what stands before each repeat without end with its body, each letter, and
    pairs of the letters of repeats without end."""
    endless = [node for node in nodes(tree) if has_no_end(node)]
    letters = {letter_of(node) for node in nodes(tree) if is_single(node)}
    inner = {letter_of(n) for node in endless for n in nodes(node[1][2]) if is_single(n)} | set("a0 ")
    found = {example(tree), *letters, *(example(node[1][2]) for node in endless)}
    found |= {*ALPHABET, *(a + b for a in inner for b in sorted(letters)[:9])} if endless else set()
    return {unit for unit in found if unit}
