"""The medical words that rules share, one module a subject: what counts as a course, a fragility fracture, a high risk."""
