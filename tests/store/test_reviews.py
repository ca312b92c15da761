"""Signatures in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import create_engine, event

from cds_service.store import Store, reviews
from cds_service.store.database import url_of

Opened = Callable[..., Store]
TEXT = "card: a-card"


def said_by(name: str) -> dict[str, str]:
    given = {"card": "a-card", "decision": "signed", "role": "pharmacist", "remark": "", "content": "2026.11"}
    return given | {"by": name, "hash": "a" * 64, "shared": "b" * 64}


def signs(store: Store, name: str) -> None:
    store.change(partial(reviews.add, signature=said_by(name), text=TEXT))


def test_what_was_signed_is_kept_once_and_who_signed_it_each_time(url: str, opened: Opened) -> None:
    store = opened(url)
    for name in ("Li", "Chen", "Li"):
        signs(store, name)
    assert [each["by"] for each in store.ask(reviews.kept)] == ["Li", "Chen", "Li"]
    assert store.ask(partial(reviews.text_of, hashed="a" * 64)) == TEXT


def test_many_who_sign_one_text_at_once_are_all_kept(url: str, opened: Opened) -> None:
    """Two processes of the service, each with two reviewers."""
    stores = [opened(url), opened(url)]
    for each in stores:
        each.migrate()
    together, failed = Barrier(4), []

    def sign(number: int) -> None:
        together.wait()
        try:
            signs(stores[number % 2], f"reviewer {number}")
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=sign, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert sorted(each["by"] for each in stores[0].ask(reviews.kept)) == [f"reviewer {number}" for number in range(4)]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_text_that_somebody_else_kept_a_moment_ago_is_no_failure(url: str, opened: Opened) -> None:
    """The worst moment: after we looked, and before we write. SQLite lets nobody in between."""
    opened(url).migrate()
    first, second = create_engine(url_of(url)), create_engine(url_of(url))
    other = first.connect()
    reviews.add(other, said_by("Chen"), TEXT)

    def just_before(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO signed "):
            other.commit()

    event.listen(second, "before_cursor_execute", just_before)
    with second.begin() as ours:
        reviews.add(ours, said_by("Li"), TEXT)
    with second.connect() as reading:
        assert [each["by"] for each in reviews.kept(reading)] == ["Chen", "Li"]
    other.close()
    first.dispose()
    second.dispose()
