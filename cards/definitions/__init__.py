"""The medical definitions that rules share, one module per subject: what counts as a course, a fragility fracture, a high
risk."""
