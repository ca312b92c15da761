"""What a run hands out, made of its parts one patient at a time: findings, problems, worklist, summary."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

import orjson
from msgspec import Struct, field

from cards.engine import sources
from cds_service import site
from cds_service.figures.care import READ_BESIDES
from cds_service.population import figures, groups
from cds_service.population.findings import opened
from cds_service.population.job import Job
from cds_service.population.listed import Listed, listed
from cds_service.population.parts import judged
from cds_service.population.private import written
from cds_service.population.rows import Judged
from cds_service.population.sheets import lines, write_csv, write_xlsx
from cds_service.population.source import Ledger, Problem
from cds_service.population.strata import Strata

PROBLEMS, SUMMARY = "problems.csv", "summary.json"


class Totals(Struct):
    """What a run found, in numbers that name nobody. ``without_answer``: patients, by reason. ``patients_by_indicator``: by
    the most urgent card."""

    patients: int = 0
    answered: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    not_read: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    without_answer: Counter[str] = field(default_factory=Counter)
    patients_by_indicator: Counter[str] = field(default_factory=Counter)
    patients_by_card: Counter[str] = field(default_factory=Counter)
    patients_by_gap: Counter[str] = field(default_factory=Counter)
    reading: Counter[str] = field(default_factory=Counter)
    strata: Strata = field(default_factory=Strata)

    def take(self, judged: Judged) -> None:
        self.patients += 1
        self.answered += not judged.why
        self.reading.update(judged.counts)
        self.problems.update(problem.why for problem in judged.problems)
        if judged.why:
            self.without_answer[judged.why] += 1
        self.patients_by_card.update({code for row in judged.rows for code in (row.card, *row.contains)})
        if judged.rows:
            self.patients_by_indicator[judged.rows[0].indicator] += 1
        gaps = {gap.key for gap in judged.item.gaps} if judged.item else set()
        self.patients_by_gap.update(gaps)
        if judged.stratum:
            self.strata.take(judged.stratum, gaps)


def write(job: Job, ledger: Ledger, broken: Iterable[Problem], language: str) -> Totals:
    """Findings, problems and worklist, and the same as FHIR; what they hold in numbers. ``broken``: what could not be used in
    the files."""
    totals = Totals(resources=ledger.resources, not_read=ledger.not_read, problems=ledger.problems)
    with listed(job) as items:
        _tables(job, totals, items, broken)
        items.sort()
        figures.write(job, language)
        groups.write_groups(job, items)
        write_csv(job, items, language)
        write_xlsx(job, items, language)
        items.about(totals.patients)
    return totals


def _tables(job: Job, totals: Totals, items: Listed, broken: Iterable[Problem]) -> None:
    """What is written in the order of the buckets; ``totals`` and ``items`` take what they need."""
    with ExitStack() as open_files:
        note = lines(
            codecs.getwriter("utf-8")(open_files.enter_context(written(job.out / PROBLEMS))), Problem.__struct_fields__
        )
        add = open_files.enter_context(opened(job))
        detect = open_files.enter_context(groups.issues(job))
        note(broken)
        for each in judged(job):
            totals.take(each)
            note(each.problems)
            add(each.rows)
            detect(each.rows)
            if each.item:
                items.add(each.item)


def summarize(job: Job, totals: Totals, run: dict[str, Any]) -> dict[str, Any]:
    """The summary, as it is written. ``run``: how it was done."""
    told = {
        "content": str(sources.VERSION),
        "checked": sources.CHECKED.isoformat(),
        "version": version("osteoporosis-cds"),
        "today": job.today.isoformat(),
        "engine": job.state.engine,
        "not_exported": sorted(job.absent - READ_BESIDES),
        "numbers": _numbers(job),
        "cards_off": sorted(site.load(job.settings.site).cards_off),
        **{name: _sorted(getattr(totals, name)) for name in Totals.__struct_fields__},
        "strata": totals.strata.told(site.load(job.settings.site).figures.least_cell),
        "run": run,
    }
    with written(job.out / SUMMARY) as file:
        file.write(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return told


def _numbers(job: Job) -> dict[str, float]:
    """The numbers of the medicine as they held in this run: what two runs are compared by."""
    return {key: each.value for key, each in sorted(site.load(job.settings.site).numbers().table.items())}


def _sorted(value: Any) -> Any:
    return dict(sorted(value.items(), key=lambda each: (-each[1], each[0]))) if isinstance(value, Counter) else value
