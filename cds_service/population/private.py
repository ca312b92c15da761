"""Files that name patients: readable by their owner only, and whole or not there at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_UNFINISHED = ".unfinished"


class Occupied(RuntimeError):  # noqa: N818  what it is
    """Another run works in this folder."""


@contextmanager
def kept_private(folder: Path) -> Iterator[None]:
    """Whatever this process and its children write meanwhile is for the owner alone; one run at a time in ``folder``.

    Raises Occupied.
    """
    before = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in [*filter(is_left, folder.rglob(".*"))]:  # by a process that was killed
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield
        except BlockingIOError:
            raise Occupied(f"{folder}: another run works there") from None
        finally:
            os.close(lock)
    finally:
        os.umask(before)


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when all of it is on disk; where that fails, an older one stays."""
    temporary = unfinished(path)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """A folder for what is needed only meanwhile, in a private one: nothing that names patients is written elsewhere."""
    place = unfinished(path)
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def unfinished(path: Path) -> Path:
    """The name of a file or folder until it is whole, or gone: what still bears it was left by a process that was killed."""
    return path.with_name(f".{path.name}-{os.getpid()}{_UNFINISHED}")


def is_left(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(_UNFINISHED)
