"""``python -m tests.suggested``: what each card proposes in its cases -> cards/sources/suggested.toml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from cds_service.casebook import runs
from cds_service.casebook.cases import Case, all_cases
from cds_service.casebook.requests import request
from cds_service.fhir.proposing.order_templates import templates
from cds_service.package.proposals import SUGGESTED

Json = dict[str, Any]

HEAD = """# What each card was seen to propose, and the first of its cases that shows it: `python -m tests.suggested`.
# "kind key" of an order; "delete", "update": what happens to a draft or an order that exists.
"""


def proposals(case: Case) -> Iterator[str]:
    """What the card of a case proposes in it."""
    (answer,) = runs._answers(case, request(case), ("en",)).values()
    for card in answer["cards"]:
        if card["source"]["topic"]["code"] == case["card"]:
            for suggestion in card.get("suggestions", ()):
                yield from map(proposed, suggestion["actions"])


def proposed(action: Json) -> str:
    """ "kind key" of an action that creates an order; the type of any other."""
    return _templates()[_marks(action["resource"])] if action["type"] == "create" else str(action["type"])


@cache
def _templates() -> dict[str, str]:
    english = {which: body for which, body in templates().items() if which[2:] == ("en", "international")}
    return {_marks(json.loads(body)): f"{kind} {key}" for (kind, key, _, _), body in english.items()}


def _marks(resource: Json) -> str:
    """What tells the templates apart: the words of the dosage, or those of the code."""
    dosages = resource.get("dosageInstruction")
    return f"{resource['resourceType']} {dosages[0]['text'] if dosages else resource['code']['text']}"


def text() -> str:
    """The file as it must be: every case of every card is run."""
    found: dict[str, dict[str, str]] = {}
    for case in all_cases():
        for each in proposals(case):
            found.setdefault(case["card"], {}).setdefault(each, case["name"])
    lines = [HEAD]
    for card, seen in sorted(found.items()):
        lines.append(f"\n[{card}]\n")
        lines += [f"{json.dumps(what)} = {json.dumps(name, ensure_ascii=False)}\n" for what, name in sorted(seen.items())]
    return "".join(lines)


if __name__ == "__main__":
    SUGGESTED.write_text(text(), encoding="utf-8")
