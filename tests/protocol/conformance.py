"""Makes docs/conformance.md from the rows of the protocol (``rows.toml``) and the tests that are named after them.

Run as ``python -m tests.protocol.conformance`` (``make docs``).
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "conformance.md"
ENDING = re.compile(r"(?:_[a-z]\d+(?:_to_[a-z]\d+)?)+$")

Rows = Mapping[str, Mapping[str, Mapping[str, str]]]

HEAD = """\
# Conformance

What CDS Hooks 2.0.1 asks of a service, row by row in our words, and the tests that prove it. OWN marks our decision where the
specification is silent. `make docs` makes this file from `tests/protocol/rows.toml` and the names of tests; a test fails
when it is out of date.
"""


def rows() -> Rows:
    """Section -> id -> strength, says, elsewhere."""
    return tomllib.loads(Path(__file__).with_name("rows.toml").read_text(encoding="utf-8"))


@cache
def proofs() -> dict[str, list[str]]:
    """Id of a row -> the tests that are named after it, as ``file: test``."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for row in ids(node.name):
                    found.setdefault(row, []).append(f"{path.relative_to(TESTS)}: {node.name.removeprefix('test_')}")
    return found


def ids(name: str) -> Iterator[str]:
    """The ids that a test's name ends in.

    >>> list(ids("test_only_r4_is_read_p1_to_p3_r9"))
    ['P1', 'P2', 'P3', 'R9']
    """
    if ending := ENDING.search(name):
        for first, last in re.findall(r"_([a-z]\d+)(?:_to_([a-z]\d+))?", ending[0]):
            letter, numbers = first[0].upper(), range(int(first[1:]), int((last or first)[1:]) + 1)
            yield from (f"{letter}{number}" for number in numbers)


def document() -> str:
    """The text of docs/conformance.md. Every row must have a test or a reason, which a test checks."""
    proven = proofs()
    parts = [HEAD]
    for section, its_rows in rows().items():
        parts.append(f"\n## {section}\n\n| row | strength | what it asks | proved by |\n|---|---|---|---|\n")
        for row, told in its_rows.items():
            tests = "<br>".join(f"`{test}`" for test in proven.get(row, ()))
            proof = f"no test: {told['elsewhere']}" if "elsewhere" in told else tests
            parts.append(f"| {row} | {told['strength']} | {told['says']} | {proof} |\n")
    return "".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
