"""A simulated clinic: patients who live for ten years, records as EHRs write them, clinicians of several habits.

``osteoporosis-cds simulate`` shows one journey; ``tests/clinic`` holds laws over many of them. The patients are invented and
respond by a few lines each: they try the advice out, and predict nothing.

| part | does |
|---|---|
| ``person``, ``kinds`` | patients, usual and not |
| ``record`` | what the EHR holds of them |
| ``clinicians``, ``aside`` | what is chosen of the advice, and what is set aside |
| ``journey``, ``picture`` | ten years of it; drawn |
"""
