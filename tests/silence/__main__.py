"""``make silence``: every mutation of every story. Prints a table of what is broken, by kind; exits with 1 where something is.

python -m tests.silence [--sample] [--table FILE] [--found FILE] [STORY ...]
python -m tests.silence --show STORY WHERE DEFECT
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

from tests.silence import running
from tests.silence.asking import Answered, ask
from tests.silence.running import Found
from tests.silence.tables import counts, families
from tests.silence.told import cases, stories, told


def main() -> None:
    asked_for = _options()
    if asked_for.show:
        _show(*asked_for.show)
        return
    names = asked_for.stories or (cases() if asked_for.cases else stories())
    calls: Counter[str] = Counter()
    found: list[Found] = []
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        work = pool.map(_sampled if asked_for.sample else _whole, names)
        for done, (asked, some) in enumerate(work, start=1):
            calls.update(asked)
            found += some
            print(
                f"\r{done} of {len(names)} stories, {calls.total()} calls, {len(found)} breaches",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    report = f"{counts(calls, found)}\n\n{families(found, by_field=False)}\n"
    print(report)
    if asked_for.table:
        Path(asked_for.table).write_text(f"{report}\n{families(found, by_field=True)}\n", encoding="utf-8")
    if asked_for.found:
        Path(asked_for.found).write_text(_first_of_each(found), encoding="utf-8")
    raise SystemExit(bool(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.silence", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stories", nargs="*", metavar="STORY", help="these alone")
    parser.add_argument("--cases", action="store_true", help="the cases of the cards in the place of the stories")
    parser.add_argument("--sample", action="store_true", help="some of the defects of each")
    parser.add_argument("--table", metavar="FILE", help="where to write the tables, field by field, too")
    parser.add_argument("--found", metavar="FILE", help="where to write one case of each kind, as found.yaml has them")
    parser.add_argument("--show", nargs=3, metavar=("STORY", "WHERE", "DEFECT"), help="both answers of one mutation")
    return parser.parse_args()


def _whole(story: str) -> tuple[Counter[str], list[Found]]:
    return _run(story, list(running.mutations(story)))


def _sampled(story: str) -> tuple[Counter[str], list[Found]]:
    return _run(story, running.sample(story))


def _run(story: str, some: Sequence[running.Mutation]) -> tuple[Counter[str], list[Found]]:
    calls: Counter[str] = Counter()
    found: list[Found] = []
    for mutation, broken in running.judged(story, some):
        calls[mutation.law.value] += 1
        found += [each._replace(mutation=mutation._replace(body={}, served=None)) for each in broken]  # light to send back
    return calls, found


def _first_of_each(found: Sequence[Found]) -> str:
    """The first case of each kind of breach and place, one a line."""
    cases: dict[tuple[str, str], str] = {}
    for each in found:
        one = each.mutation
        case = {"story": each.story, "hook": each.hook, "path": one.where, "defect": one.defect}
        place = ".".join(one.kind.split(".")[:2])
        cases.setdefault(
            (each.breach.what, place), "- " + yaml.safe_dump(case, default_flow_style=True, sort_keys=False, width=500)
        )
    return "".join(dict.fromkeys(cases.values()))


def _show(story: str, where: str, defect: str) -> None:
    mutation = running.of(story, where, defect)
    worse = ask(mutation.body, told(story).as_of, mutation.served)
    for title, answered in (("as told", running.sound_answer(story)), ("worse", worse)):
        print(f"== {title}: {answered.refused or answered.error or ''}")
        _print(answered)
    for _, broken in running.judged(story, [mutation]):
        print("== breaks:", *broken or ["nothing"], sep="\n")


def _print(answered: Answered) -> None:
    for card in answered.cards:
        told = card["detail"].partition("**Source**")[0].strip()
        print(f"\n{card['indicator']:8} {card['source']['topic']['code']}: {card['summary']}\n{told}")
        for suggestion in card.get("suggestions", ()):
            print(f"   [{'*' if suggestion.get('isRecommended') else ' '}] {suggestion['label']}")


if __name__ == "__main__":
    main()
