"""What all tests share: an environment without the service's variables."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CDS_") or name in ("HOST", "PORT", "WEB_CONCURRENCY"):
            monkeypatch.delenv(name)
