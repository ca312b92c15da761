"""How a worker takes in requests: gunicorn's threaded worker, hardened against those who send slowly and those who send much.

- A connection gets a thread when its first bytes are there, not before.
- ``/healthz``, ``/readyz`` and ``/metrics`` have threads of their own.
- A request is read within ``READ_SECONDS``, whatever trickles in; an answer is taken within ``WRITE_SECONDS``.
- More calls than threads and backlog are answered 503, at once.
"""

from __future__ import annotations

import errno
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

import orjson
from gunicorn.workers.gthread import TConn, ThreadWorker

from cds_service import metrics
from cds_service.hooks import errors
from cds_service.serving.load import BACKLOG, RETRY_AFTER

READ_SECONDS = 10.0
WRITE_SECONDS = 10.0
_ASIDE = 4
_LOOK = 2048
_STATE = (b"GET /healthz", b"GET /readyz", b"GET /metrics")
_BUSY_BODY = orjson.dumps(errors.outcome(errors.of_status(503)))
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\nCache-Control: no-store\r\n"
    b"Retry-After: %d\r\nContent-Length: %d\r\n\r\n%s" % (RETRY_AFTER, len(_BUSY_BODY), _BUSY_BODY)
)


class TimedSocket(socket.socket):
    """A connection whose reads end together at a deadline. A worker's thread makes it block when it begins a request."""

    _until = 0.0

    def setblocking(self, flag: bool) -> None:
        super().setblocking(flag)
        self._until = time.monotonic() + READ_SECONDS

    def recv(self, *args: Any) -> bytes:
        if self.gettimeout() != 0:
            self.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            return super().recv(*args)
        except TimeoutError:
            raise OSError(errno.ECONNRESET, "the request did not come in time") from None

    def sendall(self, *args: Any) -> None:
        self.settimeout(WRITE_SECONDS)
        try:
            super().sendall(*args)
        except TimeoutError:
            raise OSError(errno.EPIPE, "the answer was not taken in time") from None


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """The worker of this service, for gunicorn's ``worker_class``."""

    def init_process(self) -> None:
        self._aside = ThreadPoolExecutor(_ASIDE, thread_name_prefix="state")
        self._under_way = 0
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its first bytes without a thread."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, TimedSocket(fileno=accepted.detach()), address, listener.getsockname())
        conn.timeout = time.monotonic() + READ_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection to a thread; to one of those for state if that is all that it asks for."""
        if _asks_for_state(conn.sock):
            self._aside.submit(self.handle, conn).add_done_callback(partial(self._finish, conn, 0))
        elif self._under_way >= self.cfg.threads + BACKLOG:
            self._turn_away(conn)
        else:
            self._count(1)
            self.tpool.submit(self.handle, conn).add_done_callback(partial(self._finish, conn, -1))

    def _finish(self, conn: TConn, change: int, future: Future[Any]) -> None:
        """Called on the thread that worked: what follows is the main thread's."""
        self.method_queue.defer(self._count, change)
        self.method_queue.defer(self.finish_request, conn, future)

    def _count(self, change: int) -> None:
        self._under_way += change
        metrics.UNDER_WAY.set(self._under_way)

    def _turn_away(self, conn: TConn) -> None:
        metrics.SHED.labels("queue").inc()
        with suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.send(_BUSY)
            conn.sock.shutdown(socket.SHUT_WR)
            while conn.sock.recv(1 << 16):  # what was sent already; unread, it would take the answer with it
                pass
        self.nr_conns -= 1
        conn.close()


def _asks_for_state(connection: socket.socket) -> bool:
    """Whether a whole request for the state of the service is waiting to be read."""
    with suppress(OSError):
        seen = socket.socket.recv(connection, _LOOK, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return seen.startswith(_STATE) and b"\r\n\r\n" in seen
    return False
