"""Nothing passes in silence: two laws over all stories and cases, and what makes records worse.

| module | what |
|---|---|
| ``told`` | the sound calls: stories, and on request the cases of the cards |
| ``json_path`` | places in JSON, and copies with one place changed |
| ``fields`` | one field of one resource made unreadable (the differential test) |
| ``answers`` | one group of data failed, cut short, swapped, throttled (the metamorphic test) |
| ``drafts`` | drafts that are doubled, foreign, unnamed, not selected |
| ``asking`` | the service in one process, and a FHIR server in memory |
| ``laws`` | what an answer to a worse record must still say |
| ``running`` | every mutation of a story, or a seeded sample of them, judged |

``make silence`` runs all of the stories and a sample of each case; the tests run a sample of the stories and of some cases, and
what was found before (``found.yaml``).
"""
