"""The laws of the answer as a whole, held against every story and some of the cases (`make laws`: each)."""

from __future__ import annotations

import pytest

from tests import test_comfort, test_voice, test_voice_laws
from tests.laws import LAWS, broken, given_up, minerals, not_measured, one_plan, refill, ruled_out
from tests.test_voice import evaluator, everything


@pytest.mark.parametrize("name", everything())
def test_the_answer_keeps_every_law(name: str) -> None:
    evaluator().forget()
    if found := [*broken(name)]:
        pytest.fail("\n\n".join(found), pytrace=False)


def test_no_module_of_laws_is_forgotten() -> None:
    own = {check.__module__ for check in LAWS}
    laws = (given_up, minerals, not_measured, one_plan, refill, ruled_out)
    assert own == {each.__name__ for each in (test_comfort, test_voice, test_voice_laws, *laws)}


def test_a_broken_law_is_named_and_the_others_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def strict(name: str) -> None:
        raise AssertionError(f"{name} is wrong")

    monkeypatch.setattr("tests.laws.LAWS", [strict, tried.append])
    assert [*broken("a story")] == [f"{__name__}.strict: a story is wrong"]
    assert tried == ["a story"]
