"""The folder of a run: what its files are called."""

from __future__ import annotations

RECORDS, PARTS, STATE, ANSWERS = "records", "parts", "run.json", "answers.sqlite"
MADE = frozenset(
    {RECORDS, PARTS, "fhir", "export", "run.json", "export.json", "summary.json", "problems.csv", "medications.sqlite"}
    | {"figures.json", "figures.csv", "figures-shared.csv", "medications.sqlite-journal"}
    | {ANSWERS, "worklist.sqlite", "worklist.csv", "worklist.xlsx", "findings.csv", "findings.parquet"}
)
"""What runs make in their folder, but for hidden files."""
