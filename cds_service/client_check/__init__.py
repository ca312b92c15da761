"""Whether an EHR's FHIR server gives what the service needs: asked for, never written to, and told in a sheet.

The sheet holds counts, times and status codes: no name, no value, no id of a patient.

| part | does |
|---|---|
| ``check`` | all of it, in the order of the sheet |
| ``capabilities``, ``queries``, ``behavior`` | what the server says, answers, and bears |
| ``server`` | one GET, timed |
| ``sheet`` | what was found, on paper |
"""
