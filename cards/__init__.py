"""The medicine: what is known about osteoporosis care, as pure functions over a chart. Knows no FHIR and no HTTP."""
