"""The shared definitions that a rule names, in their own words: found in the text of both, without running either."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from cds_service.content.tree import Tree

_ROOT = "definitions/"


def words_of_definitions(tree: Tree) -> Mapping[str, Mapping[str, str]]:
    """By module (``density``, ``denosumab/state``), then by name: what its docstring says."""
    found: dict[str, dict[str, str]] = {}
    for path, text in tree.items():
        if path.startswith(_ROOT) and path.endswith(".py"):
            module = path.removeprefix(_ROOT).removesuffix(".py").removesuffix("/__init__")
            found[module] = _words(text)
    return found


@cache
def _words(text: str) -> dict[str, str]:
    """Of each function and class of a file, by name, its docstring."""
    named = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return {node.name: " ".join(_without_examples(ast.get_docstring(node) or "").split()) for node in named}


def _without_examples(text: str) -> str:
    """What somebody reads who signs: an example of a call is code.

    >>> _without_examples("So many months.\\n\\n>>> months(3)\\n3\\n\\nAt least one.").split()
    ['So', 'many', 'months.', 'At', 'least', 'one.']
    """
    return "\n\n".join(each for each in text.split("\n\n") if not each.lstrip().startswith(">>>"))


@cache
def _named(rule: str) -> frozenset[tuple[str, str]]:
    """The definitions that a rule names, each with the module that it is from."""
    parsed = ast.parse(rule)
    return frozenset({*_imported(parsed), *_attributes(parsed)})


def used(rule: str, definitions: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """The definitions that a rule names, by ``module.name``, with their words; those that say nothing are left out."""
    wanted: dict[str, set[str]] = {}
    for home, name in _named(rule):
        wanted.setdefault(name, set()).add(home + "/")
    found = {}
    for module, functions in definitions.items():
        for name in functions.keys() & wanted.keys():
            if functions[name] and (module + "/").startswith(tuple(wanted[name])):
                found[f"{module.replace('/', '.')}.{name}"] = functions[name]
    return dict(sorted(found.items()))


def _imported(parsed: ast.Module) -> Iterator[tuple[str, str]]:
    """``from cards.definitions.density import lowest_t``: its module, and the name."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cards.definitions."):
            home = str(node.module).removeprefix("cards.definitions.").replace(".", "/")
            yield from ((home, each.name) for each in node.names)


def _attributes(parsed: ast.Module) -> Iterator[tuple[str, str]]:
    """``from cards.definitions import density``, then ``density.lowest_t``."""
    modules = {
        each.asname or each.name: each.name
        for node in ast.walk(parsed)
        if isinstance(node, ast.ImportFrom) and node.module == "cards.definitions"
        for each in node.names
    }
    for node in ast.walk(parsed):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr
