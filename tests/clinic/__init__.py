"""A simulated clinic: patients who live for ten years, records as EHRs write them, clinicians of several habits, and laws that
must hold over all their visits. ``python -m tests.clinic`` prints which laws break and how often."""
