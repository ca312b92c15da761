"""Alert burden: how many cards a clinician would see, by hook, card and urgency, and what holds them down.

| part | does |
|---|---|
| ``calls`` | calls and their cards: from a population run, or from the store (shadow mode) |
| ``counts`` | alerts a day and a clinician-hour; the cap, the routine card, overrides |
| ``page`` | a page with pictures that needs nothing from outside |
"""
