"""Declaring and running rules; ranking, filtering and suggesting drugs; sources."""
