"""Codes, names and units of the outside world -> the keys of ``cards.vocabulary``: our own tables and their loader.

| part | does |
|---|---|
| ``*.tsv``, ``rows`` | the tables, one row for each code or name |
| ``local`` | the rows that a site adds |
| ``systems`` | code systems, however they are written |
| ``codes`` | ``Terminology``: what a code or a text means |
| ``labels`` | what the label of a result means |
| ``known`` | codes of conditions, for who makes value sets of them |
"""
