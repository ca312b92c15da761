"""Codes, names and units of the outside world -> the keys of ``cards.concepts``: our own tables and their loader."""
