"""The command line of the service: ``osteoporosis-cds --help`` lists the commands.

The rules and texts are imported by the commands that use them: ``serve`` leaves that to the server that it becomes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import orjson

from cds_service import config
from cds_service.config import ConfigError, Settings
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import HOOKS, parse

EXAMPLE = "denosumab-missed"
"""The fixture of the greeting: a denosumab dose long overdue, nothing given since."""
A_FILE = "JSON file (- for standard input), story file (.yaml), or the name of a fixture"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Exits with 2 and one clear line for what cannot be done."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Settings], None] = chosen.command
    try:
        command(chosen, config.load())
    except (ConfigError, RequestError) as error:
        _stop(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # head and the like: not worth a word


def _stop(message: str) -> NoReturn:
    print(f"osteoporosis-cds: {message}", file=sys.stderr)
    raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="osteoporosis-cds", description="CDS Hooks service for osteoporosis")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve on HOST:PORT")
    serve.set_defaults(command=_serve)

    evaluate = commands.add_parser("evaluate", help="print the cards for a Bundle, a fixture or a hook request")
    evaluate.add_argument("file", metavar="FILE", help=A_FILE)
    evaluate.add_argument("--hook", choices=sorted(HOOKS), help="default: the file's own, else patient-view")
    evaluate.add_argument("--lang", choices=("en", "zh"), help="default: CDS_LANGUAGE")
    evaluate.add_argument("--trace", action="store_true", help="also print what was read and what was set aside")
    evaluate.add_argument("--json", action="store_true", help="print the response as it would go over the wire")
    _add_today(evaluate)
    evaluate.set_defaults(command=_evaluate)

    request = commands.add_parser("request", help="print the hook request of a fixture or Bundle, for curl")
    request.add_argument("file", metavar="FILE", help=A_FILE)
    request.add_argument("--hook", choices=sorted(HOOKS), help="default: the fixture's own")
    _add_today(request)
    request.set_defaults(command=_request)

    fixtures = commands.add_parser("fixtures", help="list the fixtures and their stories, or write their Bundles")
    fixtures.add_argument("--out", metavar="DIR", type=Path, help="write each as a Bundle that a FHIR server stores, to DIR")
    fixtures.set_defaults(command=_fixtures)

    migrate = commands.add_parser("migrate", help="bring the schema of CDS_DATABASE_URL up to date, as the service does itself")
    migrate.set_defaults(command=_migrate)

    feedback = commands.add_parser("feedback", help="print the feedback received, with the cards it is about, as CSV")
    feedback.add_argument("--comments", action="store_true", help="with what users wrote, which may name patients")
    feedback.set_defaults(command=_feedback)

    keys = commands.add_parser("client-keys", help="make a key pair, its JWK set and a clients file, to test with")
    keys.add_argument("folder", metavar="FOLDER", type=Path, help="where the files go; nothing there is overwritten")
    keys.add_argument("--iss", default="https://ehr.example.org", help="issuer of the client's tokens (default: %(default)s)")
    keys.add_argument("--alg", choices=("ES384", "RS384"), default="ES384", help="default: %(default)s")
    keys.set_defaults(command=_client_keys)
    return parser


def _add_today(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--today", type=date.fromisoformat, metavar="DATE", help="evaluate as on this day and leave a fixture's dates alone"
    )


def _serve(chosen: argparse.Namespace, settings: Settings) -> None:
    """Become gunicorn: signals reach it without anyone in between."""
    if settings.local_codes:
        from cds_service.evaluate import terminology_of

        terminology_of(settings)  # what is wrong with a site's own table is told here, in one line
    if settings.site:
        from cds_service import site

        site.load(settings.site)
    if settings.in_production:
        from cds_service.hooks.auth import Authenticator

        Authenticator.of(settings, remember=lambda *_: False)
    configuration = str(files("cds_service").joinpath("gunicorn.conf.py"))
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", configuration])  # noqa: S606


def _evaluate(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service import terminal
    from cds_service.evaluate import Evaluator
    from cds_service.story import request_of

    evaluator = Evaluator(settings)
    today = chosen.today or settings.today()
    asked = request_of(chosen.file, evaluator.prefetch, today, hook=chosen.hook or "", shift=chosen.today is None)
    call = parse(orjson.dumps(asked), asked["hook"])
    given = evaluator.evaluate(call, chosen.lang or settings.language, today, full=chosen.trace)
    if chosen.json:
        _print_json(given.response)
    else:
        terminal.show(given, call.hook, today, trace=chosen.trace)


def _request(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.evaluate import Evaluator
    from cds_service.story import request_of

    today = chosen.today or settings.today()
    _print_json(request_of(chosen.file, Evaluator(settings).prefetch, today, hook=chosen.hook or ""))


def _fixtures(chosen: argparse.Namespace, settings: Settings) -> None:
    import fhir_fixtures

    if not chosen.out:
        from cds_service import terminal

        terminal.list_fixtures(fhir_fixtures.stories(), settings.language)
        return
    names = fhir_fixtures.names()
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
        print(f"Writing {len(names)} Bundles to {chosen.out} ...", flush=True)
        for name in names:
            told = fhir_fixtures.load(name).shifted(settings.today()).transaction()
            (chosen.out / f"{name}.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    except OSError as error:
        _stop(f"{chosen.out}: {error.strerror or 'cannot be written'}")
    print(f"{len(names)} Bundles written, one Patient each")


def _client_keys(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service import client_keys

    try:
        made = client_keys.make(chosen.folder, chosen.iss, chosen.alg)
    except OSError as error:
        _stop(str(error))
    print("\n".join(map(str, made)))


def _migrate(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.app import store_of
    from cds_service.store import StoreUnavailable

    try:
        store_of(settings).migrate()
    except StoreUnavailable as error:
        _stop(str(error))


def _feedback(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service import export
    from cds_service.app import store_of
    from cds_service.store import StoreUnavailable

    try:
        export.write(store_of(settings).reported(), sys.stdout, comments=chosen.comments)
    except StoreUnavailable as error:
        _stop(str(error))


def _print_json(content: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _program() -> str:
    """This command, as it can be typed in the directory where the service was started."""
    program = Path(sys.executable).parent / "osteoporosis-cds"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else "osteoporosis-cds"


def greeting(settings: Settings) -> str:
    """What is printed once the service listens: where it is, and one command that makes it speak."""
    if settings.in_production:
        return f"osteoporosis-cds listens on {settings.address}; its clients call {settings.base_url}/cds-services\n"
    today = f" --today {settings.today_is}" if settings.today_is else ""
    return (
        f"osteoporosis-cds listens on {settings.address}\n"
        f"{'Open it in a browser. ' if settings.shows_playground else ''}Try it from another terminal, in this directory:\n\n"
        f"  {_program()} request {EXAMPLE}{today} | curl -s -H 'Content-Type: application/json' "
        f"--data-binary @- {settings.address}/cds-services/osteoporosis-patient-view\n"
    )
