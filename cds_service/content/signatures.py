"""Signatures as a file that can be committed: one JSON object a line, each sealed together with the line before it.

The first line says how many there are and the last seal, so that a file whose end was cut off is noticed, too. A seal shows
that a line was changed, moved or taken out. It is no proof of who signed or who wrote the file, since it has no key and anybody
can seal a new one: that is for the history of the repository (signed commits) and the log of the service. Files that were
exported without such a first line can still be read; only what is missing at their end goes unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct, ValidationError, convert, structs

from cards.thresholds import ContentError

Decision = Literal["signed", "objected"]


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody said of a card as it was. ``content``: the version; ``hash``: of the card's canonical text; ``shared``: of
    the code that all cards share, as it was then; ``at``: UTC, ISO 8601. ``read``: the language of the sheet, and its parts
    (``covered.READ``, of a large card by chapter) that were read, or to which was objected, with blanks between: some with how
    much was in them, each with the mark of its text, "says.marrow:3/44@0123456789abcdef"; "" where it was not asked. Those of
    the old form have no marks: they are about the card as a whole. The earliest say ``shown:`` for all that stood open."""

    card: str
    decision: Decision
    by: str
    role: str
    remark: str
    content: str
    hash: str
    shared: str
    at: str
    read: str = ""


FORMAT = "osteoporosis-cds signatures 2"
_END = re.compile(r"(\d+)(?:-([0-9a-f]{8,64}))?")


class End(NamedTuple):
    """Where a file ends: how many signatures it has, and the seal of the last one, "" where there is none."""

    lines: int
    seal: str

    def __str__(self) -> str:
        """As the desk shows it, to be given to ``content verify``.

        >>> str(End(0, "")), str(End(2, "0123456789abcdef0123"))
        ('0', '2-0123456789abcdef')
        """
        return f"{self.lines}-{self.seal[:16]}" if self.lines else "0"


def kept_ones(rows: Iterable[Mapping[str, str]]) -> list[Signature]:
    """The signatures of the database, as it gives them."""
    return [convert(row, Signature) for row in rows]


def sealed(signatures: Iterable[Signature]) -> Iterator[str]:
    """The lines of the file, each with its line end; the first says where it ends."""
    lines = list(_sealed(signatures))
    end = _end(lines)
    yield _written({"format": FORMAT, "signatures": str(end.lines), "last": end.seal})
    yield from map(_written, lines)


def end_of(signatures: Iterable[Signature]) -> End:
    """Where the file of these signatures ends."""
    return _end(list(_sealed(signatures)))


def states_its_end(text: str) -> bool:
    """Whether a file says where it ends; those of the first format do not."""
    return '"format": "osteoporosis-cds signatures' in text.partition("\n")[0]


def opened(text: str, where: str = "the file", end: str = "") -> list[Signature]:
    """The signatures of a file. ContentError, naming the line, for one that is not what was sealed, and for a file that does
    not end where its first line, or ``end`` (as the desk shows it), says."""
    first, *others = text.splitlines() or [""]
    states = states_its_end(text)
    head = _read(first, f"{where}, line 1") if states else {}
    if states and head.get("format") != FORMAT:
        raise ContentError(f"{where}, line 1: is of another format than {FORMAT}")
    found, seal = _opened(others if states else text.splitlines(), where, 2 if states else 1)
    at = End(len(found), seal)
    if states and (head.get("signatures"), head.get("last")) != (str(at.lines), at.seal):
        raise ContentError(f"{where}, line {len(found) + 1}: lines are missing or added: line 1 says {head.get('signatures')}")
    if end:
        _ends(at, end, where)
    return found


def _ends(at: End, end: str, where: str) -> None:
    """ContentError where a file does not end as somebody was told that it does."""
    told = _END.fullmatch(end)
    if not told:
        raise ContentError(f"{end}: is no end of a file as the desk shows it (2-0123456789abcdef)")
    if int(told[1]) != at.lines or not at.seal.startswith(told[2] or ""):
        raise ContentError(f"{where}, line {at.lines + 1}: ends at {at}, not at {end}: it is another file, or was cut off")


def _opened(lines: Sequence[str], where: str, start: int) -> tuple[list[Signature], str]:
    """The signatures of sealed lines, and the last seal."""
    found: list[Signature] = []
    seal = ""
    for number, line in enumerate(lines, start):
        told = _read(line, f"{where}, line {number}")
        given = told.pop("seal", "")
        if given != _seal(told):
            raise ContentError(f"{where}, line {number}: does not match its seal: it was changed after it was exported")
        if told.pop("before", "") not in ("", seal):
            raise ContentError(f"{where}, line {number}: a line before it was taken out or moved")
        seal = given
        try:
            found.append(convert(told, Signature))
        except ValidationError as error:
            raise ContentError(f"{where}, line {number}: {error}") from None
    return found, seal


def _read(line: str, where: str) -> dict[str, str]:
    try:
        told = json.loads(line)
    except ValueError:
        raise ContentError(f"{where}: is no JSON") from None
    if not isinstance(told, dict) or not all(isinstance(each, str) for each in told.values()):
        raise ContentError(f"{where}: is no signature")
    return told


def _sealed(signatures: Iterable[Signature]) -> Iterator[dict[str, str]]:
    before = ""
    for each in signatures:
        told = structs.asdict(each)
        line = {**(told if told["read"] else _without(told, "read")), "before": before}
        before = _seal(line)
        yield {**line, "seal": before}


def _end(lines: Sequence[Mapping[str, str]]) -> End:
    return End(len(lines), lines[-1]["seal"] if lines else "")


def _written(line: Mapping[str, str]) -> str:
    return json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n"


def _without(line: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: each for name, each in line.items() if name != key}


def _seal(line: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(line, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
