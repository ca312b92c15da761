"""The cases of the cards (``cards/catalog/*/*/cases.yaml``): read, turned into hook requests, judged, and shown.

``card check`` runs them for card authors, the tests run all of them, and the pages show them.

| part | does |
|---|---|
| ``cases`` | a case as its file has it |
| ``requests``, ``ways`` | a case as a hook request; as written, with codings only, with text only |
| ``runs``, ``once``, ``verdict`` | runs it in all ways, judges like charts once, compares with what the case expects |
| ``numbers``, ``doubt``, ``complete`` | what its cases show of a card: ``shared``, ``rests_on``, what is lacking |
| ``samples``, ``sheet``, ``digest`` | a card as rendered: ``sample.md``, each sentence once, in short |
| ``told``, ``chinese``, ``translated`` | cases as sentences, in Chinese; the words of a rule in Chinese |
| ``reference``, ``windows`` | the card reference as a document; the windows after denosumab |
| ``scaffold`` | the folder of a new card |
"""
