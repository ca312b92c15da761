"""What the card specification says of a card holds, and whatever cites a place in it finds that place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cards.engine.catalog import all_cards
from cards.engine.sources import headings, opens
from cards.thresholds import shipped
from tests.each import for_each

ROOT = Path(__file__).parents[1]
SPECIFICATION = (ROOT / "cards/sources/specification.md").read_text(encoding="utf-8")
HOOKS = {
    "PV": "patient-view",
    "OS": "order-select",
    "SG": "order-sign",
    "PL": "problem-list-item-create",
    "ED": "encounter-discharge",
    "MR": "medication-refill",
}
_CITE = re.compile(r"specification\.md#([\w-]*)|\]\(#([\w-]*)\)")


def cites() -> Iterator[tuple[str, str]]:
    """Each cite of a place in the specification, as (file, anchor): in the tables of numbers and sources, and in itself."""
    tables = [*ROOT.glob("*.toml"), *(ROOT / "cards").rglob("*.toml"), *(ROOT / "cards").rglob("*.yaml")]
    for path in [*tables, ROOT / "cards/sources/specification.md"]:
        for found in _CITE.finditer(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), found[1] or found[2] or ""


HEADED = [code for code in sorted(all_cards()) if code in headings()]
"""A new card may leave its heading out where no number cites it: its rule says when, when not and what then."""


def test_every_cite_leads_to_a_heading() -> None:
    there = headings()
    assert sorted({f"{file}: {anchor}" for file, anchor in cites() if anchor not in there}) == []


@for_each("code", HEADED)
def test_hooks_of_a_card_are_those_it_runs_on(code: str) -> None:
    """A card's first line begins with its hooks, such as *PV ED. Warning ...*"""
    line = re.search(rf"^### `{code}`\n\n\*(All hooks|[A-Z ]+)(.*?)\n", SPECIFICATION, re.MULTILINE)
    assert line, "no line of hooks and indicator"
    stated = set(HOOKS) if line[1] == "All hooks" else set(line[1].split())
    extra = set(re.findall(r"\b(OS|SG)\b", line[2])) if line[2].startswith(";") else set()
    assert {HOOKS[hook] for hook in stated | extra} == {hook.value for hook in all_cards()[code].hooks}


def test_every_number_says_where_it_comes_from() -> None:
    """Every number has a source that can be opened, and a name of its own in both languages."""
    rows = shipped().table
    assert [key for key, row in rows.items() if not opens(row.link)] == []
    for language in ("en", "zh"):
        assert [name for name, times in Counter(row.name[language] for row in rows.values()).items() if times > 1] == []
