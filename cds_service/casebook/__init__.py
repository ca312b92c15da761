"""The cases of the cards (``cards/catalog/*/*/cases.yaml``): read, turned into hook requests, judged, and shown as samples.

``card check`` runs them for card authors, the tests run all of them, and the pages show them.
"""
