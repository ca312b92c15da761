"""``card new``, ``card check`` and ``card list``: for authors of clinical content."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cds_service.config import Settings

if TYPE_CHECKING:
    from cards.engine.card import Card


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    card = commands.add_parser("card", help="list the cards, start a new one, check one while writing it")
    actions = card.add_subparsers(required=True, metavar="ACTION")

    listed = actions.add_parser("list", help="list the cards by section, with their hooks, cases and numbers")
    listed.add_argument("--to-confirm", action="store_true", help="list the numbers that a clinician at the site must confirm")
    listed.set_defaults(command=show_all)

    new = actions.add_parser("new", help="create the folder of a new card as a copy of another")
    new.add_argument("code", metavar="CODE", help="the new card's code, such as calcitonin-cancer; it is permanent")
    new.add_argument("--like", metavar="CODE", required=True, help="the card whose folder is copied")
    new.add_argument("--section", default="", help="the section it belongs to (default: that of the other card)")
    new.set_defaults(command=create)

    check = actions.add_parser("check", help="run a card's cases in all ways, print it, rewrite its sample.md")
    check.add_argument("code", metavar="CODE", nargs="*", help="which cards (default: all)")
    check.set_defaults(command=check_cards)

    book = actions.add_parser("book", help="print the card reference: every card with its rule, numbers, sources and samples")
    book.set_defaults(command=print_book)


def show_all(chosen: argparse.Namespace, settings: Settings) -> None:
    if chosen.to_confirm:
        _show_numbers(settings)
    else:
        _show_cards(settings)


def _show_numbers(settings: Settings) -> None:
    """The numbers of status RECALL, with the site's own values where set, grouped by owner."""
    from cards.words.phrases import unit
    from cds_service.site import load

    numbers = load(settings.site).numbers().to_confirm
    for card in sorted({each.card for each in numbers.values()}):
        print(f"\n{card or 'shared by several cards'}")
        for key, each in numbers.items():
            if each.card == card:
                value = f"{each.value:g} {unit(each.unit, settings.language)}".strip()
                print(f"  {key:32} {value:18} {each.name[settings.language]}\n{'':35}{each.source}")


def _show_cards(settings: Settings) -> None:
    from cards.engine.catalog import all_cards, sections
    from cards.thresholds import shipped
    from cds_service.casebook.cases import of_file

    for key, section in sections().items():
        print(f"\n{section.title[settings.language]} ({key})")
        for code, card in sorted(all_cards().items()):
            if card.section == key:
                cases = len(of_file(card.folder / "cases.yaml"))
                numbers = sum(each.card == code for each in shipped().table.values())
                hooks = " ".join(sorted(card.hooks))
                print(
                    f"  {code:38} {card.title[settings.language]}\n{'':41}{cases} cases, {numbers} numbers of its own; {hooks}"
                )


def create(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.casebook.scaffold import create as write

    folder = write(chosen.code, chosen.like, chosen.section)
    print(f"Wrote {folder}, a copy of {chosen.like}. Next:")
    for step in (
        "card.toml   title, hooks, cites, reads, needs, numbers with their sources",
        "cases.yaml  when it must appear and when not, both sides of every number",
        "rule.py     the function, with the recommendation in its docstring",
        "en.md zh.md what it says, to clinician and patient",
        "rule.zh.md  the words of the rule in Chinese, once they stand",
        f"then        osteoporosis-cds card check {chosen.code}",
    ):
        print(f"  {step}")


def check_cards(chosen: argparse.Namespace, settings: Settings) -> None:
    """Exits with 1 if a case fails or the folder is incomplete."""
    from cards.engine.catalog import all_cards
    from cards.thresholds import ContentError
    from cards.words import templates

    templates.load()
    if unknown := [code for code in chosen.code if code not in all_cards()]:
        raise ContentError(f"there is no card {', '.join(unknown)}; `card list` names them")
    failed = sum(_check(all_cards()[code], shown=bool(chosen.code)) for code in chosen.code or sorted(all_cards()))
    if failed:
        raise SystemExit(1)


def _check(card: Card, *, shown: bool) -> int:
    """The number of faults of a card, each printed to stdout. Its sample is rewritten, and printed if ``shown``."""
    from cds_service.casebook import runs, samples
    from cds_service.casebook.cases import of_file

    cases = of_file(card.folder / "cases.yaml")
    failed = 0
    for done, case in enumerate(cases, 1):
        if sys.stderr.isatty():
            print(f"\r{card.code}: {done} of {len(cases)} cases", end="", file=sys.stderr, flush=True)
        faults = list(runs.all_faults(case))
        failed += bool(faults)
        for fault in faults:
            print(f"\n{card.code}: {case['name']}\n    {fault}")
    for wrong in _wrong(card):
        failed += 1
        print(f"\n{card.code}: {wrong}")
    page = samples.page(card)
    (card.folder / "sample.md").write_text(page, encoding="utf-8")
    if shown:
        print(f"\n{page}")
    print(f"{card.code}: {len(cases)} cases, as written, codings only, text only, prefetched and fetched, in both languages")
    return failed


def _wrong(card: Card) -> Iterator[str]:
    """Faults beyond single cases: in the cases as a whole, and in what the card declares."""
    from cds_service.casebook import complete, doubt, numbers, samples, translated

    yield from samples.unsayable(card)
    yield from complete.lacking(card)
    yield from complete.unopened(card)
    if line := numbers.wrong(card):
        yield f"card.toml: the shared numbers that it reads are\n    {line}"
    if lacking := [] if card.last else list(doubt.missing(card)):
        yield f"card.toml: rests_on lacks {', '.join(lacking)}: losing them silences one of its own cases"
    if unread := translated.wrong(card):
        yield unread


def print_book(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.casebook.reference import document

    print(document(), end="")
