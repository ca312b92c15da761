"""The rules over everybody: whom the guidelines concern today, and who is overdue.

| step | where | gives |
|---|---|---|
| list the files, look at each line once | ``source``, ``glance`` | entries by patient, what is broken |
| bring together what belongs to one patient | ``shuffle`` (or DuckDB, or Spark) | buckets of patients |
| read and judge one patient, as the hook does | ``judge`` | ``Judged``: rows, item of the worklist, counts |
| put the parts together | ``tables``, ``fhir`` | findings, worklist, summary, Groups |
"""
