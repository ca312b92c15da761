"""What a run has made of its patients, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.population.job import Job
from cds_service.population.judge import DECODE
from cds_service.population.rows import Judged


def judged(job: Job) -> Iterator[Judged]:
    """Every patient of the parts, in the order of buckets."""
    for bucket in range(job.state.buckets):
        with job.part(bucket).open("rb") as file:
            yield from map(DECODE.decode, file)
