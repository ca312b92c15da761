"""Taking in what a client sends: the body within its limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from cds_service.hooks import errors
from cds_service.hooks.errors import RequestError
from cds_service.serving.load import Load

PIECE = 256 * 1024


def refuse_other_media() -> None:
    """415 unless the body is plain JSON."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise RequestError(415, "Content-Encoding: only identity is understood")
    media = request.mimetype
    if media and media != "application/json" and not media.endswith("+json"):
        raise RequestError(415, "Content-Type: must be application/json")


@contextmanager
def received(load: Load, limit: int) -> Iterator[bytes]:
    """The body. If its Content-Length exceeds the limit, it is refused unread; a chunked body is measured while it is read,
    and until then may be as large as any."""
    announced = request.content_length
    if announced is not None and announced > limit:
        raise too_long(limit)
    with load.body(limit if announced is None and "Transfer-Encoding" in request.headers else announced or 0):
        yield _content(limit)


def _content(limit: int) -> bytes:
    try:
        content = _chunks(limit) if request.content_length is None else _whole(request.content_length)
    except ParseException:
        raise RequestError(400, "The body is not framed as HTTP says: broken chunks") from None
    except (OSError, ClientDisconnected):  # the worker's socket gives up at its deadline; Werkzeug calls that so
        raise _cut_off() from None
    if len(content) < (request.content_length or 0):
        raise _cut_off()
    return content


def _whole(length: int) -> bytes:
    """A body whose length was announced, as the server has it: in one read, without the copies of Werkzeug's stream."""
    content: bytes = request.environ["wsgi.input"].read(length)
    return content


def _chunks(limit: int) -> bytes:
    content = bytearray()
    while piece := request.stream.read(PIECE):
        content += piece
        if len(content) > limit:
            raise too_long(limit)
    return bytes(content)


def _cut_off() -> RequestError:
    return RequestError(408, "The body did not come in time, or not to its end")


def too_long(limit: int) -> RequestError:
    """413: the body is larger than ``CDS_MAX_BODY``."""
    return errors.too_much(f"body: more than {limit:,} bytes")
