"""What all tests share: an environment without the service's variables, and a database that is nobody's."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from tests import each

pytest.register_assert_rewrite("tests.laws")
gc.disable()
"""Until all is collected: what is imported stays, and looking through it again and again is a sixth of the collection."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only", metavar="NAME", help="of what one test tries on many (tests/each.py): those of this name alone")


def pytest_configure(config: pytest.Config) -> None:
    each.ONLY[:] = filter(None, [config.getoption("--only")])


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is tried of one card comes together, last: it starts from the same charts, which are then made once."""
    items.sort(key=_card)


def pytest_collection_finish() -> None:
    """What was imported and collected is no garbage, and is not looked through again."""
    gc.freeze()
    gc.enable()


def _card(item: pytest.Item) -> str:
    code = item.callspec.params.get("code") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    return code if isinstance(code, str) else ""


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each app that a test makes would compile its templates anew, a tenth of a second a page."""
    kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", Flask.jinja_options | {"bytecode_cache": kept})
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Before every app that is made; those of tests that name no database keep theirs in one of this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("CDS_") or name in ("HOST", "PORT", "WEB_CONCURRENCY"):
                patch.delenv(name)
        patch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path_factory.mktemp('data')}/osteoporosis-cds.db")
        yield
