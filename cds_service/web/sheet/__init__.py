"""The sign-off sheet of a card, for ``/knowledge`` and ``/review``, on a screen and on paper.

| part | does |
|---|---|
| ``sheet`` | the sheet as a whole: what a card says, when, on which numbers, cases and sources |
| ``rule_words``, ``terms``, ``definitions`` | the words of the rule, the terms in them, the shared definitions that it calls |
| ``numbers``, ``doses``, ``ranking``, ``sources`` | its tables: numbers, doses that are ordered, order of drugs, sources |
| ``patient`` | of whom a variant is: its invented patient |
| ``context`` | what the templates call |
| ``reading_time`` | how long its parts take to read |
| ``attested``, ``signed``, ``signable`` | what a signature says of the sheet, what of that still stands, what can be signed |
"""
