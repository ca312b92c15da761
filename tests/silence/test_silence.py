"""No defect of a record, of an answer or of an order passes in silence.

Each story, and some of the cases of the cards, runs a seeded sample of what may be wrong with its call (``make silence`` runs
all of it), and what was found once runs always (``found.yaml``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from cards.engine.sources import LOADER
from cds_service.casebook.runs import without_uuids
from tests.each import for_each
from tests.silence import running
from tests.silence.asking import ask, forget
from tests.silence.mutation import Law
from tests.silence.running import Found
from tests.silence.told import cases, stories, told

_FOUND = Path(__file__).with_name("found.yaml").read_text(encoding="utf-8")
FOUND: list[Mapping[str, str]] = yaml.load(_FOUND, LOADER)  # noqa: S506  a safe one
EACH = 24
"""Every so many-th case of the cards joins the stories; ``make silence`` runs them all."""
TRIED = 16
"""How many defects are tried on each: one of every sixth kind, which other stories and cases have, too. ``make silence`` tries
all on the stories."""
_MOST = 20
"""How many breaches a failing test lists before it counts the rest."""


@pytest.mark.parametrize("story", [*stories(), *cases()[::EACH]])
def test_nothing_passes_in_silence(story: str, request: pytest.FixtureRequest) -> None:
    asked: Counter[str] = Counter()
    found: list[Found] = []
    for mutation, broken in running.judged(story, running.sample(story, TRIED)):
        asked[mutation.law.value] += 1
        found += broken
    request.node.user_properties.append(("silence", dict(asked)))
    _nothing(found)


@for_each(
    "case", FOUND, ids=lambda case: " | ".join((case["story"], case["path"], case["defect"])), by=lambda case: case["story"]
)
def test_what_was_found_stays_mended(case: Mapping[str, str]) -> None:
    """A case that names no place of its story any more is to be taken out, or moved to where the place went."""
    story = case["story"]
    assert told(story).hook == case["hook"]
    mutation = _of(story).get((case["path"], case["defect"]))
    assert mutation is not None, "the story has no such place"
    _nothing(broken for _, some in running.judged(story, [mutation]) for broken in some)


def test_the_sample_breaks_what_it_says() -> None:
    """Every law is tried, every call differs from the sound one, and none is tried twice under one name."""
    sample = running.sample("alendronate-allergy", 140)
    assert {mutation.law for mutation in sample} == set(Law)
    assert all(mutation.body != told("alendronate-allergy").body for mutation in sample)
    assert len({mutation.key for mutation in sample}) == len(sample)


def test_what_is_judged_once_for_charts_that_are_alike_is_what_would_be_judged_anew() -> None:
    call, some = told("alendronate-allergy"), running.sample("alendronate-allergy")[:60]
    once = [ask(mutation.body, call.as_of, mutation.served) for mutation in some]
    for mutation, before in zip(some, once, strict=True):
        forget()
        anew = ask(mutation.body, call.as_of, mutation.served)
        assert without_uuids({"cards": anew.cards}) == without_uuids({"cards": before.cards}), mutation.key


def _nothing(found: Iterable[Found]) -> None:
    some = [*found]
    if some:
        rest = f"\nand {len(some) - _MOST} more" if len(some) > _MOST else ""
        pytest.fail("\n".join(map(str, some[:_MOST])) + rest, pytrace=False)


@lru_cache(maxsize=1)
def _of(story: str) -> Mapping[tuple[str, str], running.Mutation]:
    return {mutation.key: mutation for mutation in running.mutations(story)}
