"""How the service runs: loaded once, then forked; threads wait for FHIR servers, processes do the computing."""  # noqa: N999  the name that gunicorn looks for

import gc
import os
import shutil
import sys
import tempfile
from typing import Any

os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="osteoporosis-cds-metrics-")  # read when it is imported

from prometheus_client import multiprocess

from cds_service.config import load as settings
from cds_service.logs import CONFIGURATION
from cds_service.serving import load
from cds_service.serving.greeting import greeting

_settings = settings()

try:  # load the content before anything listens: an error in its files is reported in one sentence
    from cards.words import templates

    templates.load()
except ValueError as error:
    raise SystemExit(f"osteoporosis-cds: {error}") from None

wsgi_app = "cds_service.app:create_app()"
bind = f"{_settings.host if ':' not in _settings.host else f'[{_settings.host}]'}:{_settings.port}"
workers = _settings.workers
worker_class = "cds_service.serving.worker.Worker"
threads = load.THREADS
preload_app = True
graceful_timeout = max(int(_settings.fhir_timeout), 5) + 5  # a call or a wait for the database; then writing the queue
keepalive = 30
accesslog = None
loglevel = "warning"
logconfig_dict = CONFIGURATION
proc_name = "osteoporosis-cds"


def when_ready(server: object) -> None:
    """Freeze what was loaded (its memory pages stay shared, garbage collection stays short), then print the greeting."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # a record has thousands of facts without reference cycles
    print(greeting(_settings), flush=True)


def post_worker_init(worker: Any) -> None:
    """Start the threads and connections of a worker: they do not survive a fork. Threads that compute give way after a
    millisecond: ``/healthz`` has to wait for its turn some ten times."""
    sys.setswitchinterval(0.001)
    worker.wsgi.extensions["store"].start()


def worker_exit(server: object, worker: Any) -> None:
    """Write what is queued. A worker that failed to load has no application."""
    if (app := getattr(worker, "wsgi", None)) is not None:
        app.extensions["store"].close()


def child_exit(server: object, worker: Any) -> None:
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: object) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
