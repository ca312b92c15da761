"""The files of ``cards``: as installed, or as they were at a git ref."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from functools import cache

from cards.thresholds import HERE, ContentError

Tree = Mapping[str, str]
"""Text by path below ``cards``, such as ``catalog/sequence/denosumab-due/en.md``."""

SUFFIXES = (".py", ".toml", ".yaml", ".md", ".tsv")


@cache
def here() -> Tree:
    """The files of this installation."""
    found = (path for path in HERE.rglob("*") if path.suffix in SUFFIXES and "__pycache__" not in path.parts)
    return {path.relative_to(HERE).as_posix(): _tidy(path.read_text("utf-8")) for path in sorted(found)}


def at(ref: str) -> Tree:
    """The files at a git ref of the repository in which we are. ContentError where there is none of that name."""
    git = shutil.which("git")
    if git is None or ref.startswith("-") or not ref:
        raise ContentError(f"{ref}: is neither an exported file nor a git ref")
    told = subprocess.run([git, "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False)  # noqa: S603
    command = [git, "-C", told.stdout.strip() or ".", "archive", "--format=tar", ref, "cards"]
    packed = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  no shell; a ref cannot be an option
    if packed.returncode:
        raise ContentError(f"{ref}: is neither an exported file nor a git ref of this repository")
    return _unpacked(packed.stdout)


def _unpacked(packed: bytes) -> Tree:
    found = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            name = member.name.removeprefix("cards/")
            if member.isfile() and name.endswith(SUFFIXES) and (file := archive.extractfile(member)):
                found[name] = _tidy(file.read().decode("utf-8"))
    return dict(sorted(found.items()))


def _tidy(text: str) -> str:
    """One line end, whatever the checkout made of it, and no blanks before it: neither is content."""
    return "\n".join(line.rstrip() for line in text.splitlines())
