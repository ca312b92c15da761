"""Folders of a run."""

from tests.population.conftest import folder, out

__all__ = ["folder", "out"]
