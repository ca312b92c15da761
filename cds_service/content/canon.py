"""The canonical text of each card, and its hash: what a signature is about.

A card is its folder (but not who signed it), the doses that it orders, the numbers and recommendations that it names, with
all that is told of them, and the words of the shared definitions that its rule calls. How shared code computes is not part of
one card: its hash stands beside (``shared``), and what it does to a card shows in the rendered variants, which are part of it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, ValidationError
from msgspec.json import decode, encode

from cards.engine.sources import LOADER
from cards.thresholds import ContentError
from cds_service.content.definitions import used, words_of_definitions
from cds_service.content.doses import doses
from cds_service.content.tree import Tree, at, here

Json = dict[str, Any]
Parts = Mapping[str, str]

PARTS = (
    "doses",
    "numbers",
    "rule-words",
    "rule-zh",
    "rendered",
    "recommendations",
    "definitions",
    "declared",
    "en",
    "zh",
    "cases",
    "rule",
)
"""In the order in which a reader wants them; the files are the last four."""

_SIGNED_ELSEWHERE = ("reviewed", "numbers", "recommendations", "chapters")
_NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_SHARED = ("chart/", "definitions/", "engine/", "vocabulary/", "words/")


class Content(Struct, frozen=True):
    """The medicine at one moment: ``cards`` by code and part, ``shared`` the hashes of the files that all cards share;
    ``chapters`` of the large cards, which are how a sheet is divided and no part of the text."""

    version: str
    checked: str
    cards: dict[str, dict[str, str]]
    shared: dict[str, str]
    chapters: dict[str, dict[str, list[str]]] = {}
    format: str = "osteoporosis-cds content 1"

    def text(self, code: str) -> str:
        return written(code, self.cards[code])

    @property
    def hashes(self) -> dict[str, str]:
        """Of each card, by code."""
        return {code: hashed(self.text(code)) for code in self.cards}

    @property
    def shared_hash(self) -> str:
        return hashed("\n".join(f"{path} {each}" for path, each in sorted(self.shared.items())))

    @property
    def fingerprint(self) -> str:
        """Of all of it: twelve digits that differ wherever anything does."""
        return hashed(json.dumps([self.version, self.hashes, self.shared_hash], sort_keys=True))[:12]


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def written(code: str, parts: Parts) -> str:
    """A card as one text.

    >>> print(written("a-card", {"numbers": "x = 1"}))
    card: a-card
    =====[ numbers ]=====
    x = 1
    """
    return "\n".join([f"card: {code}", *(f"=====[ {part} ]=====\n{text}" for part, text in parts.items())])


def parts_of(text: str) -> dict[str, str]:
    """The parts of a card's text.

    >>> parts_of(written("a-card", {"numbers": "x = 1", "cases": ""}))
    {'numbers': 'x = 1', 'cases': ''}
    """
    found = re.split(r"^=====\[ (.+) \]=====\n", text, flags=re.MULTILINE)[1:]
    return {part: told.removesuffix("\n") for part, told in zip(found[::2], found[1::2], strict=True)}


@cache
def current() -> Content:
    """The medicine of this installation."""
    return content_of(here())


def found(name: str) -> Content:
    """By name: ``.`` (this installation), a file that was exported, or a git ref. ContentError where it is none of these."""
    if name == ".":
        return current()
    path = Path(name)
    if not path.is_file():
        return content_of(at(name))
    try:
        return decode(path.read_bytes(), type=Content)
    except (OSError, ValidationError, ValueError) as error:
        raise ContentError(f"{name}: is no exported content ({error})") from None


def exported(content: Content) -> bytes:
    return encode(content)


def content_of(tree: Tree) -> Content:
    """The medicine of these files. ContentError for a file that cannot be read as what it is."""
    try:
        sources = yaml.load(tree["recommendations.yaml"], LOADER)  # noqa: S506  a safe one
        numbers = _numbers(tree)
        told = {"numbers": numbers, "recommendations": _recommendations(tree, sources)}
        definitions = words_of_definitions(tree)
        folders = sorted({path.rsplit("/", 1)[0] for path in tree if re.fullmatch(r"catalog/[^/]+/[^/]+/card\.toml", path)})
        cards = {folder.rsplit("/", 1)[1]: _card(tree, folder, told, definitions) for folder in folders}
        chapters = {folder.rsplit("/", 1)[1]: found for folder in folders if (found := _chapters(tree, folder))}
        about = sources["content"]
    except (KeyError, ValueError, SyntaxError, yaml.YAMLError) as error:
        raise ContentError(f"the content cannot be read: {' '.join(str(error).split())}") from None
    shared = {path: hashed(text)[:16] for path, text in tree.items() if path.startswith(_SHARED)}
    return Content(str(about["version"]), str(about["checked"]), dict(sorted(cards.items())), shared, chapters)


def _card(tree: Tree, folder: str, told: Mapping[str, Json], definitions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    declared = _toml(tree[f"{folder}/card.toml"])
    rule, code = tree[f"{folder}/rule.py"], folder.rsplit("/", 1)[1]
    table = told["numbers"]
    own = [key for key, each in table.items() if each["card"] == code]
    parts = {
        "rendered": tree[f"{folder}/sample.md"],
        "doses": "\n".join(doses(tree, code)),
        "rule-words": _filled(_words(rule), table),
        "rule-zh": _filled(tree.get(f"{folder}/rule.zh.md", ""), table),
        "numbers": "\n".join(_number(key, table[key]) for key in [*own, *declared.get("shared", ())]),
        "recommendations": "\n".join(_recommendation(told["recommendations"][key]) for key in declared["cites"]),
        "definitions": "\n".join(f"{key}: {_filled(each, table)}" for key, each in used(rule, definitions).items()),
        "declared": "\n".join(_declared(declared)),
        "en": tree[f"{folder}/en.md"],
        "zh": tree[f"{folder}/zh.md"],
        "cases": tree[f"{folder}/cases.yaml"],
        "rule": rule,
    }
    return {part: parts[part] for part in PARTS}


def _chapters(tree: Tree, folder: str) -> dict[str, list[str]]:
    told = _toml(tree[f"{folder}/card.toml"]).get("chapters", {})
    return {key: list(each["variants"]) for key, each in told.items()}


@cache
def _toml(text: str) -> Json:
    """A file once, however many states are compared: most files are the same in all of them."""
    return tomllib.loads(text)


@cache
def _words(rule: str) -> str:
    functions = (node for node in ast.parse(rule).body if isinstance(node, ast.FunctionDef))
    return next((ast.get_docstring(each) or "" for each in functions if each.name == "rule"), "")


def _declared(declared: Json) -> Iterator[str]:
    for key, value in sorted(declared.items()):
        if key not in _SIGNED_ELSEWHERE:
            yield f"{key} = {json.dumps(value, ensure_ascii=False, sort_keys=True)}"


def _filled(words: str, numbers: Mapping[str, Json]) -> str:
    return _NAMED.sub(lambda m: _figure(numbers[m[1]]["value"]) if m[1] in numbers else m[0], words)


def _figure(value: float | str) -> str:
    """With a comma for thousands, as rules are printed: nobody miscounts zeros.

    >>> _figure(300000), _figure(-2.5), _figure("12")
    ('300,000', '-2.5', '12')
    """
    return value if isinstance(value, str) else f"{value:,}"


def _numbers(tree: Tree) -> dict[str, Json]:
    """Every number, by key, with the card that owns it ("": shared)."""
    covers = _covers(tree)
    found: dict[str, Json] = {}
    for path, text in tree.items():
        if path == "thresholds.toml" or re.fullmatch(r"catalog/[^/]+/[^/]+/card\.toml", path):
            card = "" if path == "thresholds.toml" else path.split("/")[2]
            read = _toml(text)
            for key, each in (read.get("numbers", {}) if card else read).items():
                found[key] = {**each, "value": each["value"] if "value" in each else covers[each["works"]], "card": card}
    return found


def _covers(tree: Tree) -> dict[str, str]:
    """How many months a drug works, by key: some numbers are that."""
    head, *rows = (line.split("\t") for line in tree["vocabulary/drugs.tsv"].splitlines() if line and not line.startswith("#"))
    place = head.index("covers_months")
    return {row[0]: row[place] for row in rows if len(row) > place}


def _number(key: str, each: Json) -> str:
    name = each["name"]
    history = "; ".join(f"{then['value']} until {then['until']}: {then['why']}" for then in each.get("history", ()))
    source = " | ".join(filter(None, (each["source"], each["link"], each.get("place", ""))))
    said = f"{key} = {each['value']} {each['unit']} [{each['status']}] {name['en']} / {name['zh']} <- {source}"
    return f"{said} (since {each['since']}{'; was ' + history if history else ''})"


def _recommendations(tree: Tree, sources: Json) -> dict[str, Json]:
    rows = list(sources["recommendations"])
    for path, text in tree.items():
        if re.fullmatch(r"catalog/[^/]+/[^/]+/card\.toml", path):
            rows += _toml(text).get("recommendations", ())
    return {row["id"]: {**row, "document": sources["documents"][row["id"].split("-")[0]]} for row in rows}


def _recommendation(row: Json) -> str:
    document = row["document"]
    place = " | ".join(filter(None, (document["en"], row.get("url") or document.get("url", ""), row.get("place", ""))))
    gist = " / ".join(filter(None, (row["gist"], row.get("zh", ""))))
    return f"{row['id']} ({row.get('grade', '-')}): {gist} <- {place}"
