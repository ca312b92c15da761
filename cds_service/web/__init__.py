"""The pages that people look at, each a folder or a module of its own; served by the same process, from this package alone.

| part | is |
|---|---|
| ``pages`` | which pages there are and who may see them; ``guard``: the checks, ``words``: their phrases in both languages |
| ``playground/`` | ``/``: a patient, a moment, drafts: what the service says; ``letter``: the patient's page |
| ``knowledge/`` | ``/knowledge``: every card, number and source; ``governance``: ``/governance``, how the cards were received |
| ``review/`` | ``/review``: the desk of those who sign |
| ``worklist/`` | ``/worklist``: a population |
| ``smart`` | ``/smart``: the SMART app; ``fhir``: ``/fhir``; ``api``, ``examples``: ``/api`` and its examples |
| ``screen/`` | the whole patient on one screen, as data: drawn by playground, SMART app and worklist |
| ``sheet/`` | the sheet of a card: shown by knowledge and review |
"""
