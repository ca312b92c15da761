"""The shared definitions that a rule names, in their own words: found in the text of both, without running either.

In Chinese they stand beside the code, ``kidney.zh.toml`` beside ``kidney.py``: of each definition its ``zh`` and, in ``of``,
the mark of the English that it renders. Where that has changed since, the Chinese is not told: whoever signs must not read of
an earlier definition. ``python -m cds_service.content.definitions`` lists the marks of those that rules call.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from cds_service.casebook.translated import mark
from cds_service.content.tree import Tree, here

_ROOT = "definitions/"
IN_CHINESE = " (zh)"
"""Ends the key of a definition in Chinese; its English stands before it."""


def words_of_definitions(tree: Tree) -> Mapping[str, Mapping[str, str]]:
    """By module (``density``, ``denosumab/state``), then by name: what its docstring says, and the same in Chinese."""
    found: dict[str, dict[str, str]] = {}
    for path, text in tree.items():
        if path.startswith(_ROOT) and path.endswith(".py"):
            module = path.removeprefix(_ROOT).removesuffix(".py").removesuffix("/__init__")
            english = _words(text)
            found[module] = english | chinese(english, tree.get(path.removesuffix(".py") + ".zh.toml", ""))
    return found


def chinese(english: Mapping[str, str], told: str) -> dict[str, str]:
    r"""The Chinese of a file, under the names that the canonical text gives it; without what renders an earlier English.

    >>> chinese({"adult": "18 or older."}, '[adult]\nof = "e1dd2889"\nzh = "18岁及以上。"')
    {'adult (zh)': '18岁及以上。'}
    >>> chinese({"adult": "19 or older."}, '[adult]\nof = "e1dd2889"\nzh = "18岁及以上。"')
    {}
    """
    rows = tomllib.loads(told)
    return {f"{name}{IN_CHINESE}": row["zh"] for name, row in rows.items() if row["of"] == mark(english.get(name, ""))}


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
                both = (each for each in (name, name + IN_CHINESE) if each in functions)
                found.update({f"{module.replace('/', '.')}.{each}": functions[each] for each in both})
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


if __name__ == "__main__":
    told = words_of_definitions(here())
    called = dict(pair for path, text in here().items() if path.endswith("/rule.py") for pair in used(text, told).items())
    for key in sorted(each for each in called if not each.endswith(IN_CHINESE)):
        print(f"{key:42} {mark(called[key])} {'current' if key + IN_CHINESE in called else 'to be rendered'}")
