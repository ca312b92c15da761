"""Key figures over a population: the indicators of ``cards.indicators``, read from FHIR and counted.

| part | does |
|---|---|
| ``raw`` | the resources of one patient as they came, with their dates |
| ``visits``, ``acts`` | contacts, training, refusals: what the cards do not read |
| ``care`` | the record of one patient as the indicators ask for it |
| ``person`` | one patient's episodes, and the state of each indicator |
| ``cells`` | counts by month and site, with interval, range and level |
| ``tables``, ``measures`` | what is written: JSON, CSV, Measure, MeasureReport |
"""
