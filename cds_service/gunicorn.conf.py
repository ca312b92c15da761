"""How the service is run: loaded once, then forked; threads wait for FHIR servers, processes reckon."""  # noqa: N999  the name that gunicorn looks for

import gc

from cds_service.cli import greeting
from cds_service.config import load
from cds_service.logs import CONFIGURATION

_settings = load()

wsgi_app = "cds_service.app:create_app()"
bind = f"{_settings.host if ':' not in _settings.host else f'[{_settings.host}]'}:{_settings.port}"
workers = _settings.workers
worker_class = "gthread"
threads = 8
preload_app = True
graceful_timeout = int(_settings.fhir_timeout) + 3
keepalive = 30
accesslog = None
loglevel = "warning"
logconfig_dict = CONFIGURATION
proc_name = "osteoporosis-cds"


def when_ready(server: object) -> None:
    """Keep the collector off what was loaded (its pages stay shared, its walks stay short), then say where to look."""
    gc.collect()
    gc.freeze()
    print(greeting(_settings), flush=True)
