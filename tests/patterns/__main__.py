"""Prints every pattern that the project compiles when it is loaded, as JSON lines: module, pattern, flags."""

from __future__ import annotations

import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("cards", "cds_service", "fhir_fixtures")
ELSEWHERE = ("cds_service.__main__", "cds_service.store.migrations.")
HEAVY = ("pyspark", "py4j")
"""Of an extra that the tests do not install: a module that wants it cannot be loaded, and no record reaches it as text."""
seen: dict[tuple[str, str, int], None] = {}


def _noted(module: str, pattern: Any, flags: int) -> None:
    if isinstance(pattern, str):
        seen[module, pattern, int(flags)] = None


def _module() -> str:
    """The module of the project that asks."""
    frame = sys._getframe(2)
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] == "re":
        frame = frame.f_back  # type: ignore[assignment]
    return str(frame.f_globals.get("__name__", "")) if frame else ""


def watch() -> None:
    """Note what is compiled from now on."""
    compile_it = re._compile  # type: ignore[attr-defined]

    def compiled(pattern: Any, flags: Any) -> Any:
        if (module := _module()).partition(".")[0] in PACKAGES:
            _noted(module, pattern, flags)
        return compile_it(pattern, flags)

    re._compile = compiled  # type: ignore[attr-defined]


def load() -> Iterator[str]:
    """Import all modules, and load what they load at the start."""
    for package in PACKAGES:
        for each in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not each.name.startswith(ELSEWHERE):
                try:
                    import_module(each.name)
                except ModuleNotFoundError as error:
                    if error.name not in HEAVY:
                        raise
                else:
                    yield each.name


def main() -> None:
    watch()
    list(load())
    from cds_service.config import Settings
    from cds_service.pipeline import Evaluator

    Evaluator(Settings())
    for each in seen:
        print(json.dumps(each))


main()
