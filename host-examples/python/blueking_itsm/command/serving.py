"""An HTTP server on this machine, for as long as a command runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Callable
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .exits import Stop
from .words import reason

READ_WITHIN_S = 5
"""A request comes soon or not at all."""


class _Server(ThreadingHTTPServer, WSGIServer):
    daemon_threads = False
    """So that closing waits for what is being answered: ITSM is still to hear that the outcome was taken."""

    def server_bind(self) -> None:
        # The one of http.server asks the name server for this machine's name.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]
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
        """The command says what there is to say."""


@contextmanager
def serving(listen: str, application: Callable[..., Any]) -> Iterator[None]:
    """Serves a WSGI application at an address such as `0.0.0.0:8080`."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")

    class Server(_Server):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    try:
        server = Server((host, int(port)), _Handler)
    except (OSError, OverflowError, ValueError) as error:
        raise Stop(f"{listen} can't be listened on: {reason(error)}") from None
    server.set_app(application)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
