"""Codes, names and units of the outside world -> the keys of ``cards.vocabulary``: our own tables and their loader."""
