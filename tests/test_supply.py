"""What the image is built from: every package pinned by its content, within the bounds of the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONSTRAINTS = (ROOT / "constraints.txt").read_text()


def pinned() -> dict[str, str]:
    """Name -> version, or the versions for several Pythons joined."""
    found: dict[str, str] = {}
    for line in re.findall(r"^[a-z0-9].*?==.*$", CONSTRAINTS, re.MULTILINE):
        requirement = Requirement(line.rstrip("\\").strip())
        found[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return found


def test_every_package_is_pinned_by_its_content_and_no_registry_is_named() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", CONSTRAINTS.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in CONSTRAINTS
    assert "--index" not in CONSTRAINTS


def test_the_pins_are_within_the_bounds_of_the_project() -> None:
    versions = pinned()
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(versions[canonicalize_name(wanted.name)]), line


def test_the_image_is_built_from_them() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes --requirement constraints.txt" in dockerfile
    assert "--no-deps ." in dockerfile
