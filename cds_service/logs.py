"""The log: one JSON object per line on stdout. What happened and how long it took; never whose record it was."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REQUEST: ContextVar[str] = ContextVar("REQUEST", default="")
"""The id of the request that this thread works on; "" for none."""

LOGGER = logging.getLogger("cds_service")
_ENCODE = json.JSONEncoder(ensure_ascii=False, default=str).encode


class JsonLines(logging.Formatter):
    """Writes time, level, message, the version of the clinical content and ``extra={"fields": ...}``. For an exception it gives
    type and locations, never the message, which may contain part of the record."""

    content = ""
    """Set when the content is loaded, once a process."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **({"content": self.content} if self.content else {}),
            **({"request": REQUEST.get()} if REQUEST.get() else {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)
            line["error"] = type(error).__name__
            line["at"] = [f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}" for frame in frames[-8:]]
        return _ENCODE(line)


def _configuration() -> dict[str, Any]:
    handler = {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}
    quiet = {"handlers": ["stdout"], "level": "WARNING", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "cds_service.logs.JsonLines"}},
        "handlers": {"stdout": handler},
        "root": {"handlers": ["stdout"], "level": "WARNING"},
        "loggers": {
            "cds_service": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
            "gunicorn.error": quiet,
            "gunicorn.access": quiet,
        },
    }


CONFIGURATION = _configuration()
"""For ``logging.config.dictConfig`` and for gunicorn's ``logconfig_dict``. urllib3 logs URLs below WARNING: they stay out."""


def warn(name: str, fields: Mapping[str, Any]) -> None:
    """Write one line about something that operators should change."""
    LOGGER.warning(name, extra={"fields": dict(fields)})


def event(name: str, fields: Mapping[str, Any], error: BaseException | None = None) -> None:
    """Write one line. ``fields`` must not contain anything that identifies the patient or the user."""
    level = logging.ERROR if error else logging.INFO
    LOGGER.log(level, name, extra={"fields": dict(fields)}, exc_info=error)
