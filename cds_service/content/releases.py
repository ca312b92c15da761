"""Releases of the medicine: number, date, what changed, the hash of each card, and the signatures that it carries.

``cards/releases/<number>.json``, written by ``content release``. The texts themselves are in the repository, under the tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct, ValidationError, json

from cards.thresholds import HERE, ContentError
from cds_service.content.canon import Content, current
from cds_service.content.compare import Changed, changes, shared_changes
from cds_service.content.signatures import Signature, opened
from cds_service.content.standing import standings
from cds_service.content.verifying import verified

RELEASES = HERE / "releases"
SIGNATURES = HERE / "signatures.jsonl"
"""What the desk exported, once it is committed."""


SINCE = "+unreleased"
"""Behind a version: the card differs from that release, or nobody kept what that release was."""


class Release(Struct, frozen=True):
    """``since``: the release before, "" for the first; ``cards``: the hash of each; ``shared``: code that changed for all."""

    version: str
    on: date
    checked: str
    since: str
    fingerprint: str
    cards: dict[str, str]
    changes: list[Changed]
    shared: list[str]
    signatures: list[Signature]


def committed() -> list[Signature]:
    """The signatures that came with this installation. ContentError for a file that was changed by hand."""
    return opened(SIGNATURES.read_text("utf-8"), SIGNATURES.name) if SIGNATURES.is_file() else []


def approved() -> dict[str, date]:
    """By card, the day on which it was last signed as it is now; none where an objection to that counts."""
    hashes = current().hashes
    words = {
        code: [each for one in some for each in (*one.said.values(), *one.objections)]
        for code, some in standings(committed()).items()
    }
    of_this = {code: [each for each in said if each.hash == hashes.get(code)] for code, said in words.items()}
    return {
        code: max(date.fromisoformat(each.at[:10]) for each in said)
        for code, said in of_this.items()
        if said and all(each.decision == "signed" for each in said)
    }


def with_committed(own: Sequence[Signature]) -> list[Signature]:
    """Every signature: those that came with the content, then those of a database that did not."""
    shipped = committed()
    known = set(shipped)
    return [*shipped, *(each for each in own if each not in known)]


def releases(folder: Path | None = None) -> list[Release]:
    """All that are kept, the newest first."""
    try:
        found = [json.decode(path.read_bytes(), type=Release) for path in (folder or RELEASES).glob("*.json")]
    except (OSError, ValidationError, ValueError) as error:
        raise ContentError(f"releases: {error}") from None
    return sorted(found, key=lambda each: _number(each.version), reverse=True)


def release(content: Content, before: Content | None, on: date, signatures: Sequence[Signature]) -> Release:
    """The release of this content. It carries the signatures of which anything holds for it, and objections to what it is.
    ContentError where the release before has its number, or a later one."""
    if before is not None and _number(content.version) <= _number(before.version):
        raise ContentError(f"{content.version} is no later than {before.version}: raise it in recommendations.yaml first")
    hashes = content.hashes
    verdicts = verified(signatures, [content])
    return Release(
        version=content.version,
        on=on,
        checked=content.checked,
        since=before.version if before else "",
        fingerprint=content.fingerprint,
        cards=hashes,
        changes=changes(before, content) if before else [],
        shared=shared_changes(before, content) if before else [],
        signatures=[each.signature for each in verdicts if "holds" in (each.stands, *each.parts.values())],
    )


def unreleased(content: Content, last: Release | None = None) -> list[str]:
    """The cards of this content that are not as the ``last`` release (the newest that is kept) has them, by code; all of them
    where there is none."""
    known = last or next(iter(releases()), None)
    before, now = known.cards if known else {}, content.hashes
    return sorted(code for code in before.keys() | now.keys() if before.get(code) != now.get(code))


def named(code: str) -> str:
    """Which content a card is of: the version where that release has it as it is, else the version and what has changed since,
    which is not released yet. The number is raised only with the release."""
    content = current()
    last = next((each for each in releases() if each.version == content.version), None)
    as_released = last is not None and last.cards.get(code) == content.hashes[code]
    return content.version if as_released else content.version + SINCE


def write(made: Release, folder: Path | None = None) -> Path:
    """Keep a release. ContentError where that number is taken: what was released does not change."""
    path = (folder or RELEASES) / f"{made.version}.json"
    if path.exists():
        raise ContentError(f"{path.name} is there: raise the content version in recommendations.yaml first")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.format(json.encode(made), indent=1) + b"\n")
    return path


def told(found: Sequence[Changed], shared: Sequence[str] = ()) -> str:
    """The changes as Markdown, for a changelog."""
    lines = []
    for each in found:
        what = {"new": "**new card**", "retired": "**retired**"}.get(each.kind, "")
        lines.append(f"- `{each.code}`: {what}" if what else f"- `{each.code}`")
        lines += [f"  - {said}" for said in each.said]
    if shared:
        lines.append("- what all cards share (read the samples above): " + ", ".join(f"`{path}`" for path in shared))
    return "\n".join(lines or ["Nothing differs."]) + "\n"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
