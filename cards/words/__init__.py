"""Findings put into words, in English and Chinese.

| part | does |
|---|---|
| ``text`` | a finding for the clinician: ``summary`` is its line, ``detail`` what stands below, ``parts`` the pieces |
| ``patient``, ``letter`` | the same for the patient, and what the patient takes home |
| ``templates`` | the texts of a card's folder, ``en.md`` and ``zh.md``, compiled |
| ``phrases`` | phrases that cards share (``phrases.toml``), days, quantities, names, lists |
| ``options`` | the words of a suggestion's button |
| ``once`` | what is the same is written once |
"""
