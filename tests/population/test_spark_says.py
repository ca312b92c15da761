"""Whatever stops Spark is said in one sentence, which names the cause and no patient."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cds_service.config import ConfigError
from cds_service.population.spark_says import check_java, in_one_sentence, without_values

CAUSES = {
    "An error occurred while calling o72.parquet.\n: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 "
    "in stage 2.0 failed: org.apache.spark.SparkException: Python worker exited unexpectedly (crashed).": "lost a process",
    "Job aborted: ExecutorLostFailure (executor 3 exited caused by one of the running tasks)": "lost a process",
    "ExecutorLostFailure (executor 3 exited): Container killed by YARN for exceeding memory limits.": "out of memory",
    "ExecutorLostFailure (executor 1 exited): The executor with id 1 exited with exit code 137(SIGKILL)": "out of memory",
    "Caused by: java.lang.OutOfMemoryError: Java heap space": "out of memory",
    "PythonException: An exception was thrown from the Python worker:\nRuntimeError: MemoryError": "out of memory",
    "[INVALID_DRIVER_MEMORY.SYSTEM_MEMORY] Insufficient driver memory": "too little memory to start",
    "Caused by: java.io.IOException: No space left on device": "a disk full",
    "RuntimeError: OSError: No space left on device": "a disk full",
    "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.9 than in driver: 3.11": "another version of Python",
    "ModuleNotFoundError: No module named 'cds_service'": "lacks this package",
    "[PATH_NOT_FOUND] Path does not exist: file:/shared/run/records/spark.parquet": "does not see SOURCE or DIR",
    "[JAVA_GATEWAY_EXITED] Java gateway process exited before sending its port number.": "did not start",
    "[Errno 111] Connection refused": "ended while it worked",
    "[SOME_NEW_ERROR] Wang, born 1950-01-01, was in a cell": r"failed \(SOME_NEW_ERROR\)",
    "Wang, born 1950-01-01, was in a cell": r"failed \(ValueError\)",
}


@pytest.mark.parametrize(("text", "said"), CAUSES.items())
def test_the_cause_is_named_in_one_line_and_nobody_else(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as told, in_one_sentence(ValueError):
        raise ValueError(f"{text}\nWang 1950-01-01")
    assert "\n" not in str(told.value)
    assert "Wang" not in str(told.value)
    assert str(told.value).endswith("what is done is kept: run again to go on")


def test_what_is_not_of_spark_passes() -> None:
    with pytest.raises(KeyError), in_one_sentence(ValueError):
        raise KeyError


def test_an_executor_tells_the_kind_and_no_value() -> None:
    with pytest.raises(RuntimeError, match=r"\AValueError\Z"), without_values():
        raise ValueError("Wang 1950-01-01")
    with pytest.raises(RuntimeError, match=r"\AOSError: No space left on device\Z"), without_values():
        raise OSError(28, "No space left on device", "/home/wang")


def java(folder: Path, said: str, code: int = 0) -> str:
    (folder / "bin").mkdir()
    program = folder / "bin" / "java"
    program.write_text(f"#!{shutil.which('sh')}\necho '{said}' >&2\nexit {code}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("said", "found"),
    [('openjdk version "11.0.2" 2019-01-15', "11"), ('java version "1.8.0_392"', "8"), ('openjdk version "16.0.1"', "16")],
)
def test_a_java_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: str) -> None:
    monkeypatch.setenv("JAVA_HOME", java(tmp_path, said))
    with pytest.raises(ConfigError, match=rf"needs Java 17 or later; .*java is {found} "):
        check_java()


@pytest.mark.parametrize("said", ['openjdk version "17" 2021-09-14', 'openjdk version "21.0.1"', "something else"])
def test_a_java_that_may_do_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("JAVA_HOME", java(tmp_path, said))
    check_java()


def test_no_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match="not in JAVA_HOME"):
        check_java()
    monkeypatch.delenv("JAVA_HOME")
    with pytest.raises(ConfigError, match="Java 17 or later, which is not installed"):
        check_java()
