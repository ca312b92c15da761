"""The key figures of a run: as a table, a summary, and FHIR."""

from __future__ import annotations

import orjson

from cds_service import site
from cds_service.figures import measures, tables
from cds_service.figures.cells import counted
from cds_service.figures.person import Figures
from cds_service.figures.shared import suppressed
from cds_service.package.measures import measures as definitions
from cds_service.population.groups import FOLDER
from cds_service.population.job import Job
from cds_service.population.parts import judged
from cds_service.population.private import written
from cds_service.population.sheets import BOM


def write(job: Job, language: str) -> None:
    """``figures.json`` and ``figures.csv`` for the site itself, ``figures-shared.csv`` and summaries without small counts;
    individual reports name patients."""
    rates, some = site.load(job.settings.site).figures, list[Figures]()
    (job.out / FOLDER).mkdir(exist_ok=True)
    with written(job.out / FOLDER / "MeasureReport.ndjson") as file:
        for each in judged(job):
            if each.figures is not None:
                some.append(each.figures)
                reports = measures.individual(each.patient, each.figures, job.today)
                file.writelines(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE) for told in reports)
        cells = counted(some, job.today)
        summaries = measures.summaries(cells, suppressed(cells, rates.least_cell), job.today)
        file.writelines(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE) for told in summaries)
    with written(job.out / FOLDER / "Measure.ndjson") as file:
        file.writelines(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE) for told in definitions())
    told = tables.summary(some, rates, job.today, sorted(job.absent))
    with written(job.out / tables.JSON) as file:
        file.write(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    for name, least in ((tables.TABLE, 1), (tables.SHARED, rates.least_cell)):
        with written(job.out / name) as file:
            file.write(BOM + tables.table(some, job.today, language, least).encode())
