"""Findings put into words, in English and Chinese."""
