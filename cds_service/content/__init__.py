"""The medicine as text: what exactly somebody signs, what has changed since, and which release carries which signatures.

Everything is computed from the files of ``cards`` alone, so that an earlier state (a git ref, an export) is read like today's.

| part | does |
|---|---|
| ``tree`` | the files of ``cards``, as installed or at a git ref |
| ``canon``, ``doses``, ``definitions`` | the text of each card that is signed, and its hash; the doses and definitions in it |
| ``covered``, ``signatures`` | which part of the text a tick covers; signatures as a file |
| ``standing``, ``verifying`` | what of them still stands, held against the content |
| ``releases``, ``compare`` | releases; what differs between two states |
"""
