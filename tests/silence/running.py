"""Every mutation of a story, or a seeded sample of them, asked and judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from tests.silence import answers, drafts, fields
from tests.silence.asking import Answered, ask
from tests.silence.laws import Breach, breaches
from tests.silence.mutation import Law, Mutation
from tests.silence.told import told

PER_CASE = 60
"""How many defects the sample tries on each case: about one of every second kind."""


class Found(NamedTuple):
    """A breach, with how to come back to it."""

    story: str
    hook: str
    mutation: Mutation
    breach: Breach

    def __str__(self) -> str:
        return f"{self.story} | {self.mutation.where} | {self.mutation.defect}: {self.breach.sentence}"


def mutations(story: str) -> Iterator[Mutation]:
    """Every way in which the call of a story is made worse, always in the same order."""
    body = told(story).body
    yield answers.whole(body)
    yield from answers.prefetched(body)
    yield from answers.fetched(body, story)
    yield from drafts.of_context(body)
    yield from fields.of_context(body)
    yield from fields.of_record(body)


def sample(story: str, number: int = PER_CASE) -> list[Mutation]:
    """A part of all that may be wrong with a story or a case, the same at every run. Each kind comes once before any comes
    twice."""
    return _some(list(mutations(story)), number, story)


def _some(every: list[Mutation], number: int, seed: str) -> list[Mutation]:
    shuffled = Random(seed).sample(every, len(every))
    turn: Counter[tuple[Law, str]] = Counter()
    ranked = []
    for each in shuffled:
        turn[each.law, each.kind] += 1
        ranked.append((turn[each.law, each.kind], each))
    ranked.sort(key=lambda pair: pair[0])
    return [each for _, each in ranked[:number]]


def judged(story: str, some: Iterable[Mutation]) -> Iterator[tuple[Mutation, list[Found]]]:
    """Each mutation with what it breaks."""
    call = told(story)
    sound = sound_answer(story)
    for mutation in some:
        worse = ask(mutation.body, call.as_of, mutation.served)
        broken = breaches(mutation, sound, worse, hook=call.hook)
        yield mutation, [Found(story, call.hook, mutation, breach) for breach in broken]


@cache
def sound_answer(story: str) -> Answered:
    """The answer to the call as it is told; it must be one."""
    sound = ask(told(story).body, told(story).as_of)
    if sound.refused or sound.error:
        raise ValueError(f"{story} as it is told: {sound.refused or sound.error}")
    return sound


def of(story: str, where: str, defect: str) -> Mutation:
    """One mutation by its name; KeyError where there is no such."""
    for mutation in mutations(story):
        if mutation.key == (where, defect):
            return mutation
    raise KeyError(f"{story} | {where} | {defect}")
