"""How the service stands on HTTP and stays up: what ``app`` wires, and what no rule knows of.

| part | does |
|---|---|
| ``gunicorn.conf.py``, ``worker`` | processes and threads; how a worker takes in requests |
| ``load`` | how much a worker does at a time |
| ``fetching`` | the FHIR client of a worker |
| ``receiving``, ``feedback`` | a body within its limits; feedback on its way into the store |
| ``authentication`` | who calls, in production |
| ``operation`` | readiness, metrics, an id for each request |
"""
