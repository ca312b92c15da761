"""What the record may say about a patient: one type for each kind of fact. The reader fills them in; rules only read them.

Every fact carries ``source``, the reference of the resource that it came from (``Observation/123``), so that a card can cite
its evidence. Dates are calendar dates in the service's time zone. Where the record gives only a month or a year, ``latest`` is
the last possible day and the date field itself the first; if ``latest`` is None, the date is exact. ``latest`` is never after
today unless the whole interval lies in the future.

A rule that warns asks whether any possible day lies in its window; a rule that acts asks whether all of them do. Either way,
"longer ago than" and "possibly within" use the last possible day (``at_latest``), "certainly within" the first. ``dated`` is
for display.

| part | holds |
|---|---|
| ``moments``, ``patient`` | when the service is called, and of whom |
| ``measurement`` | a value |
| ``problems`` | problems, fractures, allergies |
| ``drugs`` | entries about a drug, and the course that they make together |
| ``orders`` | drafts; tests, images and referrals |
| ``unusable`` | what could not be used or understood |
"""
