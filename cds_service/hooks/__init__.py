"""CDS Hooks 2.0.1: what clients send and are sent. It knows neither FHIR resources nor the store.

| part | does |
|---|---|
| ``discovery`` | the services |
| ``request``, ``context``, ``access`` | a call: its body, the context of its hook, the FHIR access that comes with it |
| ``whole_record`` | a call out of a Bundle of everything |
| ``cards``, ``override_reasons`` | a finding as a card, and why it may be overridden |
| ``feedback`` | what became of the cards |
| ``auth``, ``keys``, ``clients``, ``id_tokens``, ``client_keys`` | who calls, in production |
| ``errors``, ``language`` | refusals; in which language to answer |
| ``models``, ``openapi`` | all of it described, for ``/openapi.json`` |
"""
