"""The engine for what one machine cannot hold: Spark spreads files and patients over its executors (``mapInArrow``).

SOURCE and DIR must lie on storage that all nodes see. In local mode, without a cluster, it runs on this machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import pyarrow as pa
from msgspec import json
from py4j.protocol import Py4JError
from pyspark import SparkConf
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from cds_service.population.job import Job
from cds_service.population.judge import ENCODE, evaluate
from cds_service.population.pool import Engine, batches_of, read, rules_of
from cds_service.population.private import written
from cds_service.population.shuffle import LEDGER, SHARED, bucket_of
from cds_service.population.source import Ledger, Problem
from cds_service.population.spark_says import check_java, in_one_sentence, without_values

STORED = "spark.parquet"
_BROKEN, _LEDGER = -2, -3
"""Rows that are no records: what was broken, and the ledger of a batch."""
_ROWS = 2_000
_TASKS = 4
"""Tasks that judge, for each core; a task may hold several buckets, a bucket is never torn."""
_RECORD = "bucket int, patient string, medication string, entry binary"
_JUDGED = "bucket int, patient string, judged binary"

_ERRORS = (PySparkException, Py4JError, ConnectionError)

Batches = Iterator[pa.RecordBatch]


class SparkEngine(Engine):
    """The same steps, each of them one job of Spark."""

    @property
    def _stored(self) -> str:
        return (self.job.records / STORED).as_uri()

    @in_one_sentence(*_ERRORS)
    def group(self) -> None:
        batches = batches_of(self.job)
        if not all(batch.counted for batch in batches):
            session = _session(self.processes)
            places = session.createDataFrame([(place,) for place in range(len(self.job.batches))], "place int")
            spread = places.repartition(len(self.job.batches), "place")
            spread.mapInArrow(_reading(self.job), _RECORD).write.mode("overwrite").parquet(self._stored)
            self._count()
        self.advance("read", sum(map(self.job.size, range(len(batches)))))

    def _count(self) -> None:
        """What became of the files, as the other engines tell it."""
        told = _session(self.processes).read.parquet(self._stored).where(sql.col("bucket") <= _BROKEN)
        rows = told.select(sql.col("patient").cast("int").alias("place"), "bucket", "entry").orderBy(
            "place", "bucket", "medication"
        )
        for place, some in groupby(rows.toLocalIterator(), itemgetter(0)):
            batch, ledger = batches_of(self.job)[place], Ledger()
            with batch.noting() as note:
                for _, kind, content in some:
                    if kind == _LEDGER:
                        ledger.add(LEDGER.decode(content))
                    else:
                        note(json.decode(content, type=Problem))
            batch.data.touch()
            batch.finish({}, ledger)

    @in_one_sentence(*_ERRORS)
    def judge(self, job: Job) -> None:
        self.job = job
        todo = [bucket for bucket in range(job.state.buckets) if not job.part(bucket).exists()]
        if not todo:
            return
        judged = _together(_session(self.processes).read.parquet(self._stored), todo).mapInArrow(_judging(job), _JUDGED)
        left = set(todo)
        for bucket, rows in groupby(judged.toLocalIterator(prefetchPartitions=True), itemgetter("bucket")):
            with written(job.part(bucket)) as file:
                number = sum(bool(file.write(row["judged"] + b"\n")) for row in rows)
            left.discard(bucket)
            self.advance("judged", number)
        for bucket in left:  # nobody is in them
            with written(job.part(bucket)):
                pass


def _session(processes: int) -> SparkSession:
    """Of ``spark-submit``, if that started us; else one on this machine."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # else Java has started us
        check_java()
    builder = SparkSession.builder.appName("osteoporosis-cds population")
    if not SparkConf().contains("spark.master"):
        builder = builder.master(f"local[{processes}]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.sql.shuffle.partitions", processes).config("spark.ui.showConsoleProgress", "false")
        builder = builder.config("spark.log.level", "OFF")  # what stops it we say ourselves
    return builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", _ROWS).getOrCreate()


def _together(stored: DataFrame, buckets: list[int]) -> DataFrame:
    """Every record of a patient, with the Medications that it points at, in one partition, by patient."""
    own = stored.where(sql.col("bucket").isin(buckets))
    shared = stored.where(sql.col("bucket") == SHARED).select("medication", "entry").distinct()
    pointed = own.where("medication <> ''").select("bucket", "patient", "medication").distinct().join(shared, "medication")
    columns = ("bucket", "patient", "entry")
    every = own.select(*columns).unionByName(pointed.select(*columns))
    tasks = min(len(buckets), _TASKS * stored.sparkSession.sparkContext.defaultParallelism)
    return every.repartition(tasks, "bucket").sortWithinPartitions("bucket", "patient")


def _reading(job: Job) -> Callable[[Batches], Batches]:
    """What executors do with files; sent to them by name, but for the job."""
    return lambda places: read_places(job, places)


def read_places(job: Job, places: Batches) -> Batches:
    """Files into records."""

    def rows() -> Iterator[tuple[int, str, str, bytes]]:
        for place in (place for some in places for place in some.column("place").to_pylist()):
            ledger, broken = Ledger(), list[Problem]()
            for patient, medication, entry in read(job, place, ledger, broken.append):
                yield bucket_of(patient, job.state.buckets) if patient else SHARED, patient, medication, entry
                yield from _noted(place, broken)
            yield from _noted(place, broken)
            yield _LEDGER, str(place), "", json.encode(ledger)

    return _packed(rows(), ("bucket", "patient", "medication", "entry"))


_rules = lru_cache(maxsize=1)(rules_of)
"""Loaded once in each process of an executor."""


def _noted(place: int, broken: list[Problem]) -> Iterator[tuple[int, str, str, bytes]]:
    """What was broken; the third column keeps it in its order."""
    for each in broken:
        yield _BROKEN, str(place), f"{each.file}\0{each.line:012}", json.encode(each)
    broken.clear()


def _judging(job: Job) -> Callable[[Batches], Batches]:
    return lambda batches: judge_records(job, batches)


def judge_records(job: Job, batches: Batches) -> Batches:
    """Records into answers."""

    def rows() -> Iterator[tuple[int, str, bytes]]:
        records = (row for some in batches for row in zip(*(column.to_pylist() for column in some.columns), strict=True))
        for (bucket, patient), some in groupby(records, itemgetter(0, 1)):
            yield bucket, patient, ENCODE(evaluate(patient, [entry for _, _, entry in some], _rules(job)))

    return _packed(rows(), ("bucket", "patient", "judged"))


def _packed(rows: Iterable[tuple[Any, ...]], names: tuple[str, ...]) -> Batches:
    rows = iter(rows)
    kinds = {"bucket": pa.int32(), "entry": pa.binary(), "judged": pa.binary()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    while some := _some(rows):
        yield pa.RecordBatch.from_pydict(dict(zip(names, zip(*some, strict=True), strict=True)), schema)


def _some(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with without_values():
        return [*islice(rows, _ROWS)]
