"""What stops Spark, in one sentence. Its own words are pages long, and may repeat what an executor had in its hands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.config import ConfigError

LEAST_JAVA = 17
"""Of Spark 4."""
MEMORY = "ran out of memory: fewer --processes, or more of spark.driver.memory (on a cluster: spark.executor.memory)"
CAUSES = (
    (
        re.compile(r"INVALID_(DRIVER|EXECUTOR)_MEMORY"),
        "was given too little memory to start: spark.driver.memory, spark.executor.memory",
    ),
    (re.compile(r"OutOfMemory|\bMemoryError|Cannot allocate memory|exit code:? (137|52)\b|memory limits"), MEMORY),
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "found a disk full: of DIR, or of spark.local.dir (default: /tmp)",
    ),
    (re.compile(r"PYTHON_VERSION_MISMATCH"), "has another version of Python on its nodes: send an environment (--archives)"),
    (re.compile(r"ModuleNotFoundError|No module named"), "lacks this package on its nodes: send an environment (--archives)"),
    (re.compile(r"PATH_NOT_FOUND|FileNotFoundError|No such file"), "does not see SOURCE or DIR on all nodes under one path"),
    (re.compile(r"Permission denied|PermissionError|AccessDenied"), "may not read SOURCE or write DIR on all nodes"),
    (
        re.compile(r"worker exited unexpectedly|ExecutorLost|Lost executor|EOFError|connect back"),
        "lost a process, perhaps for want of memory",
    ),
    (
        re.compile(r"Connection (refused|reset)|ConnectionError|Py4JNetworkError"),
        "ended while it worked, perhaps for want of memory",
    ),
    (re.compile(r"JAVA_GATEWAY_EXITED"), "did not start: java ended at once (JAVA_HOME; PYSPARK_SUBMIT_ARGS)"),
)
"""What is looked for, in this order, and what is said of it."""
_KIND = re.compile(r"\[([A-Z][A-Z_.]+)\]")
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def why(error: BaseException) -> str:
    """The cause, without any value. What Spark calls it, where we do not know it."""
    text = f"{type(error).__name__}: {error}"
    for sign, told in CAUSES:
        if sign.search(text):
            return told
    kind = _KIND.search(text)
    return f"failed ({kind[1] if kind else type(error).__name__})"


@contextmanager
def in_one_sentence(*errors: type[BaseException]) -> Iterator[None]:
    """ConfigError for one of these."""
    try:
        yield
    except errors as error:
        raise ConfigError(f"--engine spark: Spark {why(error)}; what is done is kept: run again to go on") from None


@contextmanager
def without_values() -> Iterator[None]:
    """In an executor: what goes wrong is told by its kind alone, since logs of a cluster repeat it."""
    try:
        yield
    except OSError as error:
        raise RuntimeError(f"{type(error).__name__}: {os.strerror(error.errno or 0)}") from None
    except Exception as error:
        raise RuntimeError(type(error).__name__) from None


def check_java() -> None:
    """ConfigError where there is none, or one that is too old: Spark would only say that it has ended."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        where = f"not in JAVA_HOME ({home})" if home else "not installed"
        raise ConfigError(f"--engine spark needs Java {LEAST_JAVA} or later, which is {where}")
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        raise ConfigError(f"--engine spark needs Java {LEAST_JAVA} or later; {java} does not run") from None
    found = _VERSION.search(said.stderr + said.stdout)
    if found and int(found[1]) < LEAST_JAVA:
        raise ConfigError(f"--engine spark needs Java {LEAST_JAVA} or later; {java} is {found[1]} (JAVA_HOME names another)")
