"""The cases of the cards (``cards/catalog/*/*/cases.yaml``): read, turned into hook requests, judged, and shown as samples.

``card check`` runs them for who writes a card, the tests run all of them, the pages show them.
"""
