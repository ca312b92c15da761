"""No pattern of the project costs more than in proportion to the text it sees, whatever the text repeats."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patterns.steps import Counter, TooMuchError, units

ROOT = Path(__file__).parents[1]
SHORT, TWICE = 90, 180
MOST_PER_LETTER = 1_000
"""Steps; a bound of a repeat within another one would cost as much, though in proportion."""
AT_ITS_SIDE = 3.0
"""Twice the text, at most this many times the work: 2 is linear, 4 quadratic."""
AUTHORING = (
    "cds_service/casebook/",
    "cds_service/web/review/difference.py",
    "cds_service/web/knowledge/wording.py",
    "fhir_fixtures/lines",
    "cards/engine/sources.py",
)
"""Tools that authors run on the project's own files: no text of a record reaches them."""
USES = ("sub", "search", "match", "fullmatch", "findall", "finditer", "split")


def compiled() -> list[tuple[str, str, int]]:
    """Every pattern that is compiled when the service is loaded: module, pattern, flags."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.patterns"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert told.returncode == 0, told.stderr[-1000:]
    return [tuple(json.loads(line)) for line in told.stdout.splitlines()]  # type: ignore[misc]


def cost(counter: Counter, unit: str) -> tuple[int, int]:
    """Steps on a text that ends in what nothing matches, and on one twice as long."""
    short, twice = (unit * (length // len(unit) + 1) for length in (SHORT, TWICE))
    return counter.search(short + "\x00"), counter.search(twice + "\x00")


def why_not_linear(pattern: str, flags: int) -> str:
    """The unit whose repetition costs too much, and what; "" if none does."""
    counter = Counter(pattern, flags, MOST_PER_LETTER * TWICE)
    for unit in sorted(units(counter.tree)):
        try:
            once, again = cost(counter, unit)
        except TooMuchError:
            return f"{unit!r} repeated: more than {MOST_PER_LETTER} steps a letter"
        if again > AT_ITS_SIDE * once:
            return f"{unit!r} repeated: {once} steps, for twice as much {again}"
    return ""


def test_no_pattern_costs_more_than_in_proportion_to_its_text() -> None:
    patterns = [*compiled(), *within_functions()]
    assert len(patterns) > 250, "the patterns were not found"
    wrong = [
        f"{module}: {pattern[:90]}: {why}"
        for module, pattern, flags in {pattern: (module, pattern, flags) for module, pattern, flags in patterns}.values()
        if not f"{module.replace('.', '/')}.py".startswith(AUTHORING) and (why := why_not_linear(pattern, flags))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"\d+x", r"(\d+)(\d*)(\d*)mg", r"(?:a|aa)+$", r"\s*,\s*;"])
def test_the_counter_finds_what_grows_faster(pattern: str) -> None:
    assert why_not_linear(pattern, 0)


@pytest.mark.parametrize("pattern", [r"(?<!\d)\d{1,7}(?!\d)", r"^a+$", r"<[^<>]{0,60}>", r"a.{0,40}b"])
def test_the_counter_lets_pass_what_is_linear(pattern: str) -> None:
    assert not why_not_linear(pattern, 0)


def within_functions() -> list[tuple[str, str, int]]:
    """Patterns that a function gives ``re.sub`` and its like: they are compiled when they are used."""
    found: list[tuple[str, str, int]] = []
    for package in ("cards", "cds_service"):
        for path in (ROOT / package).rglob("*.py"):
            place = str(path.relative_to(ROOT))
            if not place.startswith(AUTHORING):
                found += [(place, pattern, 0) for pattern in _within_functions(path)]
    return found


def _within_functions(path: Path) -> Iterator[str]:
    functions = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.FunctionDef))
    for call in (n for each in functions for n in ast.walk(each) if isinstance(n, ast.Call)):
        of = call.func
        if isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name) and of.value.id == "re" and of.attr in USES:
            yield str(ast.literal_eval(call.args[0]))  # fails for one that is put together: it belongs at the top of its module
