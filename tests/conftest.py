"""What all tests share: an environment without the service's variables, and a database that is nobody's."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many worse calls ``silence`` tried, by law, and in how many stories one of them passed in silence."""
    ran = [
        report
        for some in terminalreporter.stats.values()
        for report in some
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    told = [(report.failed, asked) for report in ran for name, asked in report.user_properties if name == "silence"]
    if not told:
        return
    calls: Counter[str] = Counter()
    for _, asked in told:
        calls.update(asked)
    each = ", ".join(f"{law} {number}" for law, number in sorted(calls.items()))
    red = sum(failed for failed, _ in told)
    terminalreporter.write_line(f"silence: {calls.total()} worse calls of {len(told)} stories ({each}); {red} stories red")


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
