"""Two contents, or two site files, over the same people: who gets another card, and why.

| part | does |
|---|---|
| ``sides`` | each side as a finished population run: one that is there, a site file, another release |
| ``changes`` | what differs, patient by patient, and by what that is explained |
| ``sheet`` | a sample of fired and not fired, to be signed |
"""
