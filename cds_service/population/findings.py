"""Findings as a table, a row for each card of each patient: Parquet where ``pyarrow`` is installed, else CSV."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Any

from msgspec.structs import asdict

from cards.engine.sources import VERSION
from cds_service.population.job import Job
from cds_service.population.private import written
from cds_service.population.rows import Row
from cds_service.population.sheets import lines

PARQUET, CSV = "findings.parquet", "findings.csv"
_GROUP = 5_000
"""Rows that are written at a time."""

Add = Callable[[Iterable[Row]], None]


@contextmanager
def opened(job: Job) -> Iterator[Add]:
    """Takes rows; the file is there when all are taken."""
    arrow = find_spec("pyarrow") is not None
    with written(job.out / (PARQUET if arrow else CSV)) as file:
        if arrow:
            with _parquet(file, job) as add:
                yield add
        else:
            yield lines(codecs.getwriter("utf-8")(file), Row.__struct_fields__)
    (job.out / (CSV if arrow else PARQUET)).unlink(missing_ok=True)  # of an earlier run


@contextmanager
def _parquet(file: IO[bytes], job: Job) -> Iterator[Add]:
    import pyarrow as pa
    from pyarrow import parquet

    text, texts = pa.string(), pa.list_(pa.string())
    kinds: dict[str, Any] = {"shown": pa.bool_(), "due": pa.date32()}
    kinds |= dict.fromkeys(("contains", "evidence", "evidence_dates", "recommended", "doubt"), texts)
    about = {"content": str(VERSION), "today": job.today.isoformat()}
    schema = pa.schema([(name, kinds.get(name, text)) for name in Row.__struct_fields__], about)
    held: list[dict[str, Any]] = []
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(held, schema))
            held.clear()

        def add(rows: Iterable[Row]) -> None:
            held.extend(map(asdict, rows))
            if len(held) >= _GROUP:
                flush()

        yield add
        flush()
