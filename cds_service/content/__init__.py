"""The medicine as text: what exactly somebody signs, what has changed since, and which release carries which signatures.

Everything is computed from the files of ``cards`` alone, so that an earlier state (a git ref, an export) is read like today's.
"""
