"""A process does not outlive whoever started it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection

from cds_service.population.parent import end_with_parent

SPAWN = multiprocessing.get_context("spawn")


def _works(told: Connection) -> None:
    end_with_parent()
    told.send(os.getpid())
    time.sleep(600)


def _starts(told: Connection) -> None:
    SPAWN.Process(target=_works, args=(told,)).start()
    time.sleep(600)


def test_a_process_ends_when_whoever_started_it_is_killed() -> None:
    ours, theirs = SPAWN.Pipe()
    parent = SPAWN.Process(target=_starts, args=(theirs,))
    parent.start()
    theirs.close()
    assert ours.poll(120)
    ours.recv()
    assert parent.pid
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    assert ours.poll(120), "its end of the pipe closes with the last process that holds it"
    try:
        ours.recv()
    except EOFError:
        return
    raise AssertionError("it still works")
