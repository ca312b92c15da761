"""``evaluate`` and ``request``: the cards for a patient, or the request that would ask for them."""

from __future__ import annotations

import argparse
import sys
from datetime import date

import orjson

from cds_service.config import Settings
from cds_service.hooks.request import HOOKS, parse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shown = commands.add_parser("evaluate", help="print the cards for a Bundle, a fixture or a hook request")
    shown.add_argument(
        "file", metavar="FILE", help="JSON file (- for standard input), story file (.yaml), or the name of a fixture"
    )
    shown.add_argument("--hook", choices=sorted(HOOKS), help="default: the file's own, else patient-view")
    shown.add_argument("--lang", choices=("en", "zh"), help="default: CDS_LANGUAGE")
    shown.add_argument("--as", dest="reader", choices=("clinician", "patient"), default="clinician", help="who reads it")
    shown.add_argument("--trace", action="store_true", help="also print what was read and what was set aside")
    shown.add_argument("--json", action="store_true", help="print the response as JSON, as a client would receive it")
    _add_today(shown)
    shown.set_defaults(command=evaluate)

    asked = commands.add_parser("request", help="print the hook request of a fixture or Bundle, for curl")
    asked.add_argument(
        "file", metavar="FILE", help="JSON file (- for standard input), story file (.yaml), or the name of a fixture"
    )
    asked.add_argument("--hook", choices=sorted(HOOKS), help="default: the fixture's own")
    _add_today(asked)
    asked.set_defaults(command=request)


def _add_today(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--today", type=date.fromisoformat, metavar="DATE", help="evaluate as of this day, without shifting a fixture's dates"
    )


def evaluate(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.cli import terminal
    from cds_service.cli.given import request_of
    from cds_service.pipeline import Evaluator

    evaluator = Evaluator(settings)
    today = chosen.today or settings.today()
    asked = request_of(chosen.file, evaluator.prefetch, today, hook=chosen.hook or "", shift=chosen.today is None)
    call = parse(orjson.dumps(asked), asked["hook"])
    language = chosen.lang or settings.language
    if chosen.reader == "patient":
        terminal.show_letter(evaluator.letter(call, language, today), today, evaluator.phone, language)
        return
    given = evaluator.evaluate(call, language, today, full=chosen.trace)
    if chosen.json:
        _print_json(given.response)
    else:
        terminal.show(given, call.hook, today, trace=chosen.trace, language=language)


def request(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.cli.given import request_of
    from cds_service.pipeline import Evaluator

    today = chosen.today or settings.today()
    _print_json(request_of(chosen.file, Evaluator(settings).prefetch, today, hook=chosen.hook or ""))


def _print_json(content: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
