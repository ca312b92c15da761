"""``content``: what changed in the medicine between two states, and who signed which."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.config import Settings

if TYPE_CHECKING:
    from cds_service.content.signatures import Signature

_LAPSED, _OBJECTED = 1, 3
"""Exit statuses of ``verify``, beside 0 (all holds) and 2 (a broken file, as for every command)."""
_STATE = "a git ref, a file that `content export` wrote, or . for what is installed"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    content = commands.add_parser("content", help="compare states of the clinical content, verify who signed it, release it")
    actions = content.add_subparsers(required=True, metavar="ACTION")

    diff = actions.add_parser("diff", help="print what differs between two states, card by card, as Markdown")
    diff.add_argument("before", metavar="A", help=_STATE)
    diff.add_argument("after", metavar="B", nargs="?", default=".", help=f"{_STATE} (the default)")
    diff.add_argument("--card", default="", help="one card only, with the lines that differ")
    diff.set_defaults(command=show_diff)

    export = actions.add_parser("export", help="write the content as one file, to be compared with later or elsewhere")
    export.add_argument("file", metavar="FILE", type=Path)
    export.set_defaults(command=write_export)

    signatures = actions.add_parser(
        "signatures", help="print all signatures, committed ones and those of the database, as JSON lines"
    )
    signatures.set_defaults(command=print_signatures)

    verify = actions.add_parser(
        "verify",
        help="hold a file of signatures against the content",
        description="Holds a file of signatures against the content, line by line.",
        epilog="Exit status: 0 the file is intact and all of it holds; 1 it is intact, but a card or part was changed or "
        "retired since it was signed; 2 it is broken (changed, cut off or not readable); 3 it is intact, and an objection in "
        "it stands (whatever else was changed).",
    )
    verify.add_argument("file", metavar="FILE", type=Path)
    verify.add_argument(
        "--end", metavar="COUNT-SEAL", default="", help="where the file must end, as the desk shows it beside Export"
    )
    verify.add_argument(
        "--against", metavar="STATE", action="append", default=[], help=f"{_STATE} (the default); may be repeated"
    )
    verify.set_defaults(command=verify_file)

    release = actions.add_parser("release", help="keep number, date, changes and signatures of this content version")
    release.add_argument("--since", metavar="STATE", default="", help="the release before: a git ref or an exported file")
    release.add_argument("--dry-run", action="store_true", help="print what it would hold, and write nothing")
    release.add_argument("--on", metavar="DATE", type=date.fromisoformat, default=None, help="day of the release (today)")
    release.set_defaults(command=make_release)


def show_diff(chosen: argparse.Namespace, settings: Settings) -> None:
    from cards.thresholds import ContentError
    from cds_service.content.canon import found
    from cds_service.content.compare import changes, shared_changes
    from cds_service.content.releases import told

    before, after = found(chosen.before), found(chosen.after)
    if chosen.card and chosen.card not in before.cards.keys() | after.cards.keys():
        raise ContentError(f"there is no card {chosen.card} in either")
    differ = [each for each in changes(before, after) if chosen.card in ("", each.code)]
    print(f"Content {before.version} ({before.fingerprint}) → {after.version} ({after.fingerprint})\n")
    print(told(differ, [] if chosen.card else shared_changes(before, after)), end="")
    if chosen.card:
        _show_lines(before.cards.get(chosen.card, {}), after.cards.get(chosen.card, {}))


def _show_lines(before: dict[str, str], after: dict[str, str]) -> None:
    from difflib import unified_diff

    for part in dict.fromkeys([*before, *after]):
        lines = unified_diff(before.get(part, "").splitlines(), after.get(part, "").splitlines(), part, part, lineterm="")
        print("\n".join(["", *lines]) if before.get(part) != after.get(part) else "", end="")
    print()


def write_export(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.content.canon import current, exported

    content = current()
    chosen.file.write_bytes(exported(content))
    print(f"Wrote content {content.version} ({content.fingerprint}), {len(content.cards)} cards, to {chosen.file}")


def print_signatures(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.cli.store import opened_store
    from cds_service.content.releases import with_committed
    from cds_service.content.signatures import kept_ones, sealed
    from cds_service.store import reviews

    with opened_store(settings) as store:
        sys.stdout.writelines(sealed(with_committed(kept_ones(store.ask(reviews.kept)))))


def verify_file(chosen: argparse.Namespace, settings: Settings) -> None:
    """Exits with 2 if the file was tampered with, with 3 if an objection in it stands, else with 1 if a signature in it no
    longer holds."""
    from cds_service.content.canon import found
    from cds_service.content.verifying import verified
    from cds_service.web.sheet.attested import read_of, stands_by_part

    verdicts = verified(_signatures(chosen.file, chosen.end), [found(name) for name in chosen.against or ["."]])
    for verdict in verdicts:
        signature = verdict.signature
        said = f"{signature.card:38} {signature.decision:9} {signature.by}, {signature.role}, {signature.at[:10]}"
        stands = "stands" if verdict.stands == "holds" and signature.decision == "objected" else verdict.stands
        print(f"{stands:9} {said}, content {signature.content}{read_of(signature, 'en')}{stands_by_part(verdict)}")
    objections = [v for v in verdicts if v.stands == "holds" and v.signature.decision == "objected"]
    lapsed = [v for v in verdicts if v.stands in ("changed", "retired")]
    print(_told_of_end(chosen.file, [each.signature for each in verdicts], chosen.end))
    print("A seal has no key: this is no proof of who signed. That is for the commit's signature and the service's log.")
    print(f"{len(verdicts)} signatures, every seal right; {len(objections) + len(lapsed)} to look at again")
    if objections or lapsed:
        raise SystemExit(_OBJECTED if objections else _LAPSED)


def make_release(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.content.canon import current, found
    from cds_service.content.releases import committed, release, told, write

    before = found(chosen.since) if chosen.since else None
    made = release(current(), before, chosen.on or settings.today(), committed())
    done = "Nothing is written" if chosen.dry_run else f"Wrote {write(made)}"
    lacking = len(made.cards) - len({each.card for each in made.signatures if each.decision == "signed"})
    print(
        f"{done}: content {made.version} of {made.on} ({made.fingerprint}), {len(made.signatures)} signatures hold for it, ",
        end="",
    )
    print(f"{lacking} of {len(made.cards)} cards carry none. For the changelog:\n")
    print(told(made.changes, made.shared), end="")


def _told_of_end(path: Path, signatures: list[Signature], asked: str) -> str:
    from cds_service.content.signatures import end_of, states_its_end

    if asked:
        return f"The file ends where you said, at {end_of(signatures)}."
    if states_its_end(path.read_text("utf-8")):
        return f"The file ends where its first line says, at {end_of(signatures)}: compare that with what the desk shows."
    return f"The file does not say where it ends (first format): it ends at {end_of(signatures)}; lines may be missing after."


def _signatures(path: Path, end: str) -> list[Signature]:
    from cards.thresholds import ContentError
    from cds_service.content.signatures import opened

    try:
        return opened(path.read_text("utf-8"), path.name, end)
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read ({type(error).__name__})") from None
