"""FHIR R4, in and out.

| part | does |
|---|---|
| ``fetching`` | asks the EHR's server for what a call did not bring |
| ``reading`` | resources -> ``Chart`` |
| ``phrases``, ``terminology`` | what texts and codes mean, for ``reading`` |
| ``proposing`` | options -> draft orders |
"""
