"""What all tests share: an environment without the service's variables, and a database that is nobody's."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _database_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where apps of tests that name no database keep theirs. First of all: others of this scope make apps."""
    url = f"sqlite:///{tmp_path_factory.mktemp('data')}/osteoporosis-cds.db"
    with pytest.MonkeyPatch.context() as patch:
        _clear(patch)
        patch.setenv("CDS_DATABASE_URL", url)
        yield url


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, _database_of_the_tests: str) -> None:
    _clear(monkeypatch)
    monkeypatch.setenv("CDS_DATABASE_URL", _database_of_the_tests)


def _clear(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CDS_") or name in ("HOST", "PORT", "WEB_CONCURRENCY"):
            patch.delenv(name)
