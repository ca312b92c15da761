"""A folder of FHIR: Bulk Data NDJSON (plain or gzip) and Bundles. Every line is looked at once; what is broken is named by its
place, and the rest goes on."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec
from msgspec import Raw, Struct, field

from cds_service.fhir.reading import wire
from cds_service.fhir.reading.given import BROKEN
from cds_service.population.glance import (
    BAD_ID,
    NO_SUBJECT,
    NO_TYPE,
    NOT_JSON,
    OTHER_RELEASE,
    SHARED,
    Seen,
    Unusable,
    bare,
    is_id,
    is_key,
    look,
)

LINES = (".ndjson", ".jsonl")
ENDINGS = (*LINES, ".json")
LONGEST = 64 * 1024**2
"""Bytes of a line; a longer one is passed over, so that memory stays flat."""
TOO_LONG, CUT_SHORT, UNREADABLE = "too-long", "cut-short", "unreadable-file"
_BOM = b"\xef\xbb\xbf"
_PARTS = re.compile(r"[^A-Za-z]+")
_PLAIN = re.compile(rb"[\r\n]+")


class Problem(Struct, frozen=True):
    """What was not used, and where it stands. ``what``: type, or type and id; never a value. ``line`` 0: the whole file."""

    file: str
    line: int
    why: str
    what: str = ""


Note = Callable[[Problem], object]
"""Takes down what is broken."""


class Record(NamedTuple):
    """One entry of a Bundle (``{"fullUrl": ..., "resource": ...}``, without a line end) of a patient. ``medication``: key of
    the Medication that it points at. A Medication by itself has ``patient`` "" and its own key."""

    patient: str
    medication: str
    entry: bytes


class Ledger(Struct):
    """What became of the lines: ``resources`` by type, those that are ``not_read`` by type, ``problems`` by reason. ``torn``:
    files by type of which an unknown part is lost, so that nobody knows what does not exist."""

    resources: Counter[str] = field(default_factory=Counter)
    not_read: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    torn: Counter[str] = field(default_factory=Counter)

    def add(self, other: Ledger) -> None:
        self.resources += other.resources
        self.not_read += other.not_read
        self.problems += other.problems
        self.torn += other.torn


def files(folder: Path) -> list[Path]:
    """The files of an export, by name, without hidden ones."""
    found = (path for path in folder.rglob("*") if _plain_name(path).endswith(ENDINGS) and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def in_lines(path: Path) -> bool:
    """Whether it holds a resource a line; else it is one Bundle."""
    return _plain_name(path).endswith(LINES)


def named_types(path: Path, types: frozenset[str]) -> frozenset[str]:
    """The types that a file of lines says it holds: it tells that they were exported, even if there are none."""
    return frozenset(_PARTS.split(path.name)) & types if in_lines(path) else frozenset()


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


class File:
    """One file of ``folder``. Iterate over its records; the ledger is complete after that."""

    def __init__(self, folder: Path, path: Path, types: frozenset[str], ledger: Ledger, note: Note) -> None:
        """``types``: those that are read; others are counted."""
        self._ledger, self._note = ledger, note
        self._path, self._types = path, types
        self._name = path.relative_to(folder).as_posix()
        self._line = 0
        self._seen: set[str] = set()

    def __iter__(self) -> Iterator[Record]:
        try:
            with self._open() as file:
                if in_lines(self._path):
                    yield from self._lines(file)
                else:
                    yield from self._one(file.read())
        except (EOFError, gzip.BadGzipFile, zlib.error):
            self._problem(CUT_SHORT)
            self._torn()
        except OSError as error:
            self._line = 0
            self._problem(UNREADABLE, error.strerror or "")
            self._torn()

    def _torn(self) -> None:
        """Of a file of lines: of the types that it is called after, else that were in it, else of any. A Bundle that is lost
        takes its patient along."""
        if in_lines(self._path):
            self._ledger.torn.update(named_types(self._path, self._types) or self._seen & self._types or self._types)

    def _open(self) -> IO[bytes]:
        if self._path.name.lower().endswith(".gz"):
            return cast(IO[bytes], gzip.open(self._path, "rb"))
        return self._path.open("rb", 1 << 20)

    def _lines(self, file: IO[bytes]) -> Iterator[Record]:
        while line := file.readline(LONGEST + 1):
            self._line += 1
            if len(line) > LONGEST and not line.endswith(b"\n"):
                self._problem(TOO_LONG)
                while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                    pass
                continue
            line = line.strip()
            if self._line == 1:
                line = line.removeprefix(_BOM)
            if line:
                yield from self._resource(line)

    def _one(self, content: bytes) -> Iterator[Record]:
        """A file that is one Bundle, or one resource."""
        self._line = 1
        yield from self._resource(_PLAIN.sub(b" ", content.removeprefix(_BOM).strip()))

    def _resource(self, content: bytes) -> Iterator[Record]:
        try:
            seen = look(content)
        except Unusable as error:
            self._problem(error.why, error.what)
            return
        if seen.type == "Bundle":
            yield from self._bundle(content)
        else:
            yield from self._take(seen, b'{"resource":' + content + b"}")

    def _take(self, seen: Seen, entry: bytes, only: str = "", urls: dict[str, str] | None = None) -> Iterator[Record]:
        """One entry. ``only``: the one Patient of its Bundle, whose is what names nobody; ``urls``: its Patients by URL."""
        self._ledger.resources[seen.type] += 1
        self._seen.add(seen.type)
        if seen.other_release:
            self._problem(OTHER_RELEASE, seen.type)
        if seen.type not in self._types and not seen.other_release:
            self._ledger.not_read[seen.type] += 1
            return
        if seen.type == SHARED and not only:
            if seen.id and is_key(seen.id):
                yield Record("", f"{SHARED}/{seen.id}", entry)
            else:
                self._problem(BAD_ID, SHARED)
            return
        patient = (urls or {}).get(seen.patient, seen.patient) or only
        if not patient:
            self._problem(BAD_ID if seen.type == "Patient" else NO_SUBJECT, f"{seen.type}/{seen.id}" if seen.id else seen.type)
        elif not is_id(patient):
            self._problem(BAD_ID, seen.type)
        else:
            yield Record(patient, seen.medication, entry)

    def _bundle(self, content: bytes | Raw) -> Iterator[Record]:
        """The entries of a Bundle: each of whom it names; what names nobody, of its one Patient."""
        try:
            entries = [*self._entries(content)]
        except BROKEN:
            self._problem(NOT_JSON, "Bundle")
            return
        patients = {seen.id: url for seen, url, _ in entries if seen.type == "Patient" and seen.id}
        only = next(iter(patients)) if len(patients) == 1 else ""
        urls = {bare(url): name for name, url in patients.items() if url}
        for seen, _, entry in entries:
            yield from self._take(seen, entry, only, urls)

    def _entries(self, content: bytes | Raw) -> Iterator[tuple[Seen, str, bytes]]:
        for raw in wire.LOOSE_BUNDLE.decode(content).entry or ():
            try:
                entry = wire.LOOSE_ENTRY.decode(raw)
                seen = look(entry.resource)
            except msgspec.DecodeError:
                self._problem(NO_TYPE, "Bundle.entry")
                continue
            except Unusable as error:
                self._problem(error.why, "Bundle.entry")
                continue
            if seen.type == "Bundle":
                yield from self._entries(entry.resource)
            else:
                yield seen, entry.full_url if isinstance(entry.full_url, str) else "", bytes(raw)

    def _problem(self, why: str, what: str = "") -> None:
        self._ledger.problems[why] += 1
        self._note(Problem(self._name, self._line, why, what))
