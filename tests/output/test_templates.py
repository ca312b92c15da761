"""Compiled texts are kept from one start to the next, and never longer than they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, Template

from cards.words.templates import _Kept

TEXT = "{{ 'denosumab' | shout }}"


def compiled(folder: Path, said: str, *, rest: str = "") -> Template:
    kept = _Kept(folder)
    kept._rest += rest
    env = Environment(loader=DictLoader({"card": TEXT}), bytecode_cache=kept)  # noqa: S701  no HTML
    env.filters["shout"] = lambda _: said
    return env.get_template("card")


def test_a_second_start_takes_what_the_first_one_compiled(tmp_path: Path) -> None:
    assert compiled(tmp_path, "one").render() == "one"
    assert compiled(tmp_path, "two").render() == "one", "compiled again: the constant was worked out anew"


def test_a_change_of_the_tables_is_seen_though_the_text_is_the_same(tmp_path: Path) -> None:
    assert compiled(tmp_path, "one").render() == "one"
    assert compiled(tmp_path, "two", rest="another table").render() == "two"


@pytest.mark.parametrize("folder", ["file/below", "file"])
def test_without_a_folder_to_write_to_texts_are_compiled_all_the_same(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert compiled(tmp_path / folder, "one").render() == "one"
