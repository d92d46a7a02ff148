"""A small HTTP server that receives callbacks, for a program that has no web server.

with Server("0.0.0.0:8080", durable.endpoint.wsgi) as server:
    print(f"callbacks are received at {server.address}")
    outcome = durable.wait(operation_id)
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, BinaryIO, Callable
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .endpoint import READ_WITHIN_S


class Server(ThreadingMixIn, WSGIServer):
    """Serves a WSGI application while a `with` block runs, each request in a thread of its own.

    At the end of the block it waits for what is being answered: ITSM is still to hear that an outcome was taken.
    """

    daemon_threads = False

    def __init__(self, listen: str, application: Callable[..., Any]) -> None:
        """`listen` is an address such as `0.0.0.0:8080` or `[::1]:8080`. Port 0 is any free one: see `address`.

        `ValueError` is raised if it is no address with a port, and `OSError` if it can't be listened on.
        """
        host, port = _host_and_port(listen)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise OSError(error.errno, error.strerror, listen) from None
        self.set_app(_unchunked(application))

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def server_bind(self) -> None:
        # The one of http.server asks the name server for this machine's name.
        TCPServer.server_bind(self)
        host, port = self.socket.getsockname()[:2]
        self.server_name, self.server_port = host, port
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        """Where it listens, with the port."""
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    def handle(self) -> None:
        def end() -> None:
            # What trickles in ends here too, and can still be answered.
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RD)

        late = threading.Timer(READ_WITHIN_S, end)
        late.start()
        try:
            super().handle()
        finally:
            late.cancel()

    def log_message(self, format: str, *args: object) -> None:
        """The application says what there is to say."""


def _host_and_port(listen: str) -> tuple[str, int]:
    with suppress(ValueError):
        parts = urlsplit(f"//{listen}")
        if parts.hostname and parts.port is not None:
            return parts.hostname, parts.port
    raise ValueError(f"{listen} is no address with a port, such as 0.0.0.0:8080")


def _unchunked(application: Callable[..., Any]) -> Callable[..., Any]:
    """Gives an application a body that comes in chunks as any other."""

    def take(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            environ["wsgi.input"] = io.BufferedReader(_Chunks(environ["wsgi.input"]))
            environ["wsgi.input_terminated"] = True
        return application(environ, start_response)

    return take


class _Chunks(io.RawIOBase):
    """What is in the chunks of a body. `ValueError` when it breaks off."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = 0
        """So much of the chunk is still to come."""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and not self._ended:
            self._left = int(self._source.readline(100).partition(b";")[0], 16)
            self._ended = not self._left
        if self._ended:
            return 0
        content = self._source.read(min(self._left, len(buffer))) if self._left > 0 else b""
        if not content:
            raise ValueError("it broke off")
        buffer[: len(content)] = content
        self._left -= len(content)
        if not self._left:
            self._source.readline(100)
        return len(content)
