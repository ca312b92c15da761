"""The default engine: files into buckets by hash of the patient, buckets judged by a pool of processes. No further
dependency."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, Protocol

from cds_service.population import medications
from cds_service.population.job import Job
from cds_service.population.medications import Medications
from cds_service.population.parent import end_with_parent
from cds_service.population.private import written
from cds_service.population.shuffle import ENDING, SHARED, Batch
from cds_service.population.source import File, Ledger, Note, Record

if TYPE_CHECKING:  # what brings together needs no rules: those take seconds to load
    from cds_service.population.judge import Rules


class Advance(Protocol):
    """Told what is to be done (``total``) and what was ("read": bytes, "judged": patients), as it is done."""

    def __call__(self, what: str, number: int, total: int | None = None) -> None: ...


ENDINGS = {"duckdb": ".parquet", "spark": ".counted"}
AHEAD = 4
"""Tasks for each process that wait for their turn."""


class Engine:
    """The two steps of a run: bring together, judge. ``forks``: its libraries have no threads of their own, so that a process
    can be a copy of this one, which has loaded the rules already."""

    forks = True

    def __init__(self, job: Job, processes: int, advance: Advance) -> None:
        self.job, self.processes, self.advance = job, processes, advance

    def group(self) -> None:
        """All records in buckets, as far as they are not."""
        batches = batches_of(self.job)
        todo = [place for place, batch in enumerate(batches) if not batch.done]
        self.advance("read", sum(self.job.size(place) for place, batch in enumerate(batches) if batch.done))
        for size in self.each(group_one, todo):
            self.advance("read", size)
        batches = batches_of(self.job)
        if any(SHARED in batch.buckets for batch in batches):
            medications.keep(self.job.out, chain.from_iterable(batch.records(SHARED) for batch in batches))

    def judge(self, job: Job) -> None:
        """A part for every bucket that has none. ``job``: with what is absent."""
        self.job = job
        for patients in self.each(judge_one, [b for b in range(job.state.buckets) if not job.part(b).exists()]):
            self.advance("judged", patients)

    def each(self, task: Callable[[int], int], places: Sequence[int]) -> Iterator[int]:
        """The results as they come; few tasks wait at a time, however many there are. What is begun is finished where the
        caller is interrupted, the rest is left. Without processes all is done in this one."""
        if not places:
            return
        if not self.processes:
            Process.take(self.job)
            yield from map(task, places)
            return
        number = min(self.processes, len(places))
        todo = iter(places)
        context = multiprocessing.get_context(way(forks=self.forks))
        pool = ProcessPoolExecutor(number, context, initializer=_begin, initargs=(self.job,))
        try:
            waiting = {pool.submit(task, place) for place in islice(todo, AHEAD * number)}
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                waiting |= {pool.submit(task, place) for place in islice(todo, len(done))}
                yield from (future.result() for future in done)
        finally:
            pool.shutdown(cancel_futures=True)


def way(*, forks: bool) -> Literal["fork", "spawn"]:
    """How processes start. A copy of this one is safe where no other thread can hold a lock: with a bar on a terminal there is
    one."""
    return "fork" if forks and sys.platform == "linux" and threading.active_count() == 1 else "spawn"


# -- in the processes ---------------------------------------------------------------------------------------------------


class Process:
    """What a process holds: its job, and what is loaded when it is first needed."""

    job: Job
    rules: Rules | None = None
    loaded: tuple[Medications, Sequence[Batch]] | None = None

    @classmethod
    def take(cls, job: Job) -> None:
        cls.job, cls.rules, cls.loaded = job, None, None


def _begin(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    Process.take(job)


def rules_of_process() -> Rules:
    """The rules, loaded once in a process."""
    if Process.rules is None:
        Process.rules = rules_of(Process.job)
        if multiprocessing.parent_process() is not None:
            gc.collect()
            gc.freeze()  # what is loaded stays
    return Process.rules


def group_one(place: int) -> int:
    job, ledger = Process.job, Ledger()
    batch = batches_of(job)[place]
    with batch.noting() as note:
        pieces = batch.write(read(job, place, ledger, note), job.state.buckets)
    batch.finish(pieces, ledger)
    return job.size(place)


def judge_one(bucket: int) -> int:
    job, rules = Process.job, rules_of_process()
    shared, batches = Process.loaded = Process.loaded or (Medications(job.out), batches_of(job))
    patients: defaultdict[bytes, list[bytes]] = defaultdict(list)
    medications: defaultdict[bytes, set[str]] = defaultdict(set)
    for patient, medication, entry in chain.from_iterable(batch.lines(bucket) for batch in batches):
        patients[patient].append(entry)
        if medication:
            medications[patient].add(medication.decode())
    whole = ((name.decode(), [*found, *shared.of(medications.get(name, ()))]) for name, found in sorted(patients.items()))
    return write_part(job, bucket, whole, rules)


# -- for all engines ----------------------------------------------------------------------------------------------------


def batches_of(job: Job) -> list[Batch]:
    """Those of the job, with what its engine keeps records in."""
    ending = ENDINGS.get(job.state.engine, ENDING)
    return [Batch(job.records, place, ending) for place in range(len(job.batches))]


def read(job: Job, place: int, ledger: Ledger, note: Note) -> Iterator[Record]:
    """The records of a batch of files; what became of the others is told to ledger and note."""
    for path in job.paths(place):
        yield from File(job.folder, path, job.types, ledger, note)


def rules_of(job: Job) -> Rules:
    from cds_service.pipeline import Evaluator
    from cds_service.population.answered import Answers
    from cds_service.population.judge import Rules

    answers = Answers(job.out, job.whose) if job.whose else None
    return Rules(Evaluator(job.settings), job.today, job.absent, answers)


def write_part(job: Job, bucket: int, patients: Iterable[tuple[str, list[bytes]]], rules: Rules) -> int:
    """The part of a bucket, its patients in their order; how many there are."""
    from cds_service.population.judge import ENCODE, evaluate

    with written(job.part(bucket)) as file:
        return sum(bool(file.write(ENCODE(evaluate(*each, rules)) + b"\n")) for each in patients)
