"""What belongs to one patient, brought together without holding it in memory: each batch of files becomes one file in which the
records of a bucket stand together, and an index of where. A batch is there as a whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct, field, json

from cds_service.population.private import written
from cds_service.population.source import Ledger, Note, Problem, Record

HELD = 32 * 1024**2
"""Bytes that one process holds before it writes them."""
ENDING = ".dat"
SHARED = -1
"""The bucket of Medications, which belong to nobody."""

Pieces = dict[int, list[tuple[int, int]]]


class Index(Struct):
    """``pieces``: bucket -> places and lengths in the file."""

    ledger: Ledger = field(default_factory=Ledger)
    pieces: Pieces = field(default_factory=dict)


_INDEX: json.Decoder[Index] = json.Decoder(Index, dec_hook=lambda _, told: Counter(told))
LEDGER: json.Decoder[Ledger] = json.Decoder(Ledger, dec_hook=lambda _, told: Counter(told))


@lru_cache(maxsize=4096)  # the resources of a patient mostly stand together
def bucket_of(patient: str, buckets: int) -> int:
    """The same in every engine and on every machine."""
    return int.from_bytes(blake2b(patient.encode(), digest_size=8).digest()) % buckets


class Batch:
    """The records of some files, and what became of the rest of them."""

    def __init__(self, folder: Path, number: int, ending: str = ENDING) -> None:
        self.data = folder / f"{number:06}{ending}"
        self._index = folder / f"{number:06}.json"
        self._problems = folder / f"{number:06}.problems"

    @property
    def done(self) -> bool:
        return self._index.exists() and self.data.exists()

    @property
    def counted(self) -> bool:
        """Whether its ledger is there, if only that."""
        return self._index.exists()

    def discard(self) -> None:
        """Let go of the records; what became of them stays."""
        self.data.unlink(missing_ok=True)

    def write(self, records: Iterable[Record], buckets: int) -> Pieces:
        """The records, and where they are put; ``finish`` makes them count."""
        pieces: Pieces = {}
        held: dict[int, list[bytes]] = {}
        size = place = 0
        with written(self.data) as file:
            for patient, medication, entry in records:
                line = b"%b\t%b\t%b\n" % (patient.encode(), medication.encode(), entry)
                held.setdefault(bucket_of(patient, buckets) if patient else SHARED, []).append(line)
                size += len(line)
                if size > HELD:
                    place = _flush(held, file.write, place, pieces)
                    size = 0
            _flush(held, file.write, place, pieces)
        return pieces

    @contextmanager
    def noting(self) -> Iterator[Note]:
        """Takes down what is broken, one by one."""
        with written(self._problems) as file:
            yield lambda problem: file.write(json.encode(problem) + b"\n")

    def finish(self, pieces: Pieces, ledger: Ledger) -> None:
        with written(self._index) as file:
            file.write(json.encode(Index(ledger, pieces)))

    @property
    def ledger(self) -> Ledger:
        return self._content.ledger

    @property
    def buckets(self) -> Iterable[int]:
        return self._content.pieces

    def problems(self) -> Iterator[Problem]:
        with self._problems.open("rb") as file:
            for line in file:
                yield json.decode(line, type=Problem)

    def records(self, bucket: int) -> Iterator[Record]:
        for patient, medication, entry in self.lines(bucket):
            yield Record(patient.decode(), medication.decode(), entry)

    def lines(self, bucket: int) -> Iterator[list[bytes]]:
        """Patient, key of a Medication, and entry of each record, as written: of a hundred records a patient is told once."""
        with self.data.open("rb") as file:
            for place, length in self._content.pieces.get(bucket, ()):
                file.seek(place)
                for line in file.read(length).split(b"\n")[:-1]:
                    yield line.split(b"\t", 2)

    @cached_property
    def _content(self) -> Index:
        return _INDEX.decode(self._index.read_bytes())


def _flush(held: dict[int, list[bytes]], write: Callable[[bytes], int], place: int, pieces: Pieces) -> int:
    for bucket in sorted(held):
        content = b"".join(held[bucket])
        write(content)
        pieces.setdefault(bucket, []).append((place, len(content)))
        place += len(content)
    held.clear()
    return place
