"""The knowledge as FHIR R4 resources, and as a package that other systems can load.

| part | makes |
|---|---|
| ``metadata`` | what every resource says of itself: address, version, status, dates |
| ``value_sets``, ``icd`` | the codes that the reader knows |
| ``activities`` | what cards propose |
| ``libraries`` | what each card reads |
| ``plans`` | a card as a recommendation |
| ``tests`` | the cases of the cards, as patients |
| ``resources`` | all of them, by type and id |
| ``files`` | the package on disk |

The rules themselves are not in it: a PlanDefinition says in words when it applies, and names the service that decides.
"""
