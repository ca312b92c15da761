"""The engine over Parquet: DuckDB brings together what belongs to one patient, on disk where memory does not hold it. The
Parquet file stays, for other questions."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from cds_service.population.job import Job
from cds_service.population.pool import Engine, Process, batches_of, read, rules_of_process, write_part
from cds_service.population.private import unfinished, written
from cds_service.population.shuffle import SHARED, bucket_of
from cds_service.population.source import Ledger, Record

SORTED = "records.parquet"
_ROWS = 20_000
_MEMORY = "1GB"
SCHEMA = pa.schema([("bucket", pa.int32()), ("patient", pa.string()), ("medication", pa.string()), ("entry", pa.binary())])

_PATIENTS = """
with own as (select * from read_parquet($records) where bucket = $bucket),
     shared as (select distinct medication, entry from read_parquet($records) where bucket = -1),
     pointed as (select distinct patient, medication from own where medication <> '')
select patient, list(entry)
from (select patient, entry from own union all select patient, entry from pointed join shared using (medication))
group by patient order by patient
"""


class DuckEngine(Engine):
    """The same steps over Parquet."""

    forks = False

    def group(self) -> None:
        batches = batches_of(self.job)
        todo = [place for place, batch in enumerate(batches) if not batch.done]
        self.advance("read", sum(self.job.size(place) for place, batch in enumerate(batches) if batch.done))
        for size in self.each(_group_one, todo):
            self.advance("read", size)
        if todo or not (self.job.records / SORTED).exists():
            _sort(self.job)

    def judge(self, job: Job) -> None:
        self.job = job
        for patients in self.each(_judge_one, [b for b in range(job.state.buckets) if not job.part(b).exists()]):
            self.advance("judged", patients)


def record(records: Path, bucket: int, patient: str) -> list[bytes]:
    """The entries of one patient; none where they are not kept."""
    if not (records / SORTED).exists():
        return []
    with connected(records) as connection:
        asked = {"records": str(records / SORTED), "bucket": bucket}
        found = connection.execute(f"select * from ({_PATIENTS}) where patient = $patient", asked | {"patient": patient})  # noqa: S608
        return next((entries for _, entries in found.fetchall()), [])


@contextmanager
def connected(records: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """OSError where the disk or the memory is full."""
    config = {"threads": 1, "memory_limit": _MEMORY, "temp_directory": str(records / "spilled")}
    try:
        with duckdb.connect(config=config) as connection:
            connection.execute("set enable_progress_bar = false")
            yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise OSError(errno.EIO, f"DuckDB: {type(error).__name__}", str(records)) from error


def table(records: Iterable[Record], job: Job) -> pa.Table:
    """Records as rows, with their bucket."""
    patients, medications, entries = zip(*records, strict=True)
    buckets = [bucket_of(patient, job.state.buckets) if patient else SHARED for patient in patients]
    return pa.table([buckets, patients, medications, entries], schema=SCHEMA)


def _group_one(place: int) -> int:
    job, ledger = Process.job, Ledger()
    batch = batches_of(job)[place]
    with batch.noting() as note, written(batch.data) as file, parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        records = read(job, place, ledger, note)
        while some := [*islice(records, _ROWS)]:
            writer.write_table(table(some, job))
    batch.finish({}, ledger)
    return job.size(place)


def _sort(job: Job) -> None:
    """One file by bucket and patient, so that a bucket is read without the others."""
    some = [str(batch.data) for batch in batches_of(job)]
    goal = job.records / SORTED
    temporary = unfinished(goal)
    with connected(job.records) as connection:
        connection.execute(
            f"copy (select * from read_parquet($some) order by bucket, patient) to '{_quoted(str(temporary))}' "  # noqa: S608
            f"(format parquet, compression zstd, row_group_size {_ROWS})",
            {"some": some},
        )
    temporary.replace(goal)


def _judge_one(bucket: int) -> int:
    job = Process.job
    with connected(job.records) as connection:
        found = connection.execute(_PATIENTS, {"records": str(job.records / SORTED), "bucket": bucket})
        return write_part(job, bucket, _fetched(found), rules_of_process())


def _fetched(found: Any) -> Iterator[tuple[str, list[bytes]]]:
    while some := found.fetchmany(100):
        yield from some


def _quoted(path: str) -> str:
    return path.replace("'", "''")
