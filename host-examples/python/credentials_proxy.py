"""Puts the app's credentials on requests to ITSM as they leave, for hosts whose wasmtime has no hook for that.

    python credentials_proxy.py --upstream https://bkapi.example.com/api/bk-itsm/prod

takes ITSM_APP_CODE and ITSM_APP_SECRET from the environment, prints the address to give to the component instead, with
`added-by-host`, and serves until it is stopped.

It is a stand-in for a hook, and weaker than one: while it runs, every process of this machine can use its port, and so
the app's rights. Where that is too much, use a host with a hook, as host-examples/rust does, or give the credentials to
the component. It forwards to the one upstream and nowhere else, follows no redirect, and writes nothing down.

What it has added it redacts in the answers: an upstream can repeat it, and who asks must not learn it.
"""

import argparse
import contextlib
import json
import os
import re
import select
import socket
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

MOST_BYTES = 17 * 1024 * 1024
"""More than the component reads or sends."""
LONGEST_S = 600
"""As long as the component can wait."""
NOT_FORWARDED = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-bkapi-authorization",
}


class CredentialsProxy(ThreadingHTTPServer):
    """The proxy, on a free port of 127.0.0.1. `address` stands for the upstream's."""

    daemon_threads = True

    def __init__(self, upstream: str, app_code: str, app_secret: str) -> None:
        parts = urlsplit(upstream)
        plain = parts.hostname and not (parts.username or parts.password or parts.query or parts.fragment)
        if parts.scheme not in ("http", "https") or not plain:
            raise ValueError("the upstream must be an address such as https://bkapi.example.com/api/bk-itsm/prod")
        super().__init__(("127.0.0.1", 0), _Forward)
        self.host = parts.hostname or ""
        self.port = parts.port
        self.connects = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.path = parts.path.rstrip("/")
        self.authority = f"127.0.0.1:{self.server_port}"
        self.address = f"http://{self.authority}{self.path}"
        self.authorization = json.dumps({"bk_app_code": app_code, "bk_app_secret": app_secret})
        # One or two characters are no secret, and would be redacted in every word.
        added = [secret for secret in (self.authorization, app_secret) if len(secret) > 2]
        self.secrets = re.compile("|".join(map(_written, added)).encode())

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no matter, and nothing is written down."""


class _Forward(BaseHTTPRequestHandler):
    server: CredentialsProxy
    timeout = 30

    def do_GET(self) -> None:
        try:
            body = self._body()
        except ValueError as why:
            return self._answer(400, [], f"{why}\n".encode())
        try:
            status, headers, content = self._forward(body)
        except (OSError, HTTPException, ValueError) as error:
            # Perhaps the upstream has acted: the component takes this answer for "unknown".
            return self._answer(502, [], f"the upstream does not answer ({type(error).__name__})\n".encode())
        self._answer(status, headers, content)

    do_POST = do_GET

    def _body(self) -> bytes:
        """The request's body, if the request may be forwarded at all."""
        if self.headers.get_all("host") != [self.server.authority] or "origin" in self.headers:
            raise ValueError("this proxy serves programs that know its address, and no web pages")
        steps = unquote(self.path.partition("?")[0]).replace("\\", "/").split("/")
        if not self.path.startswith(f"{self.server.path}/") or ".." in steps:
            raise ValueError("this proxy forwards to its upstream only")
        if "transfer-encoding" in self.headers:
            raise ValueError("the request must have a content-length")
        length = int(self.headers.get("content-length", 0))
        if not 0 <= length <= MOST_BYTES:
            raise ValueError("the request is too large")
        return self.rfile.read(length)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = dict(_forwarded(self.headers.items()))
        headers["X-Bkapi-Authorization"] = self.server.authorization
        connection = self.server.connects(self.server.host, self.server.port, timeout=LONGEST_S)
        done = threading.Event()
        try:
            connection.connect()
            threading.Thread(target=self._let_go, args=[connection.sock, done], daemon=True).start()
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read(MOST_BYTES)
            promised = answer.headers.get("content-length")
            if answer.read(1) or (promised is not None and int(promised) != len(content)):
                raise IncompleteRead(b"")
            # Latin-1 is how http.client reads a header's bytes.
            redacted_headers = [
                (name, re.sub(r"[\r\n]", " ", self._redacted(value.encode("latin-1")).decode("latin-1")))
                for name, value in _forwarded(answer.headers.items())
            ]
            return answer.status, redacted_headers, self._redacted(content)
        finally:
            done.set()
            connection.close()

    def _redacted(self, content: bytes) -> bytes:
        return self.server.secrets.sub(b"[secret]", content)

    def _let_go(self, upstream: socket.socket, done: threading.Event) -> None:
        """Breaks an answer off, which may never end, when who has asked for it is gone or can't be waiting any more."""
        end = time.monotonic() + LONGEST_S
        gone = select.poll()
        gone.register(self.connection, select.POLLIN)
        while not done.is_set():
            if gone.poll(100) or time.monotonic() > end:
                with contextlib.suppress(OSError):
                    # Not the TLS connection's own `shutdown`, which another thread may be reading.
                    socket.socket.shutdown(upstream, socket.SHUT_RDWR)
                return

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written down."""


def _written(secret: str) -> str:
    """A pattern for a secret in an answer: as it is, and as JSON and a URL write it.

    JSON within JSON has twice the backslashes.
    """

    def letter(it: str) -> str:
        units = re.sub("....", r"\\\\{1,8}u\g<0>", it.encode("utf-16-be").hex())
        percent = "".join(f"%{byte:02x}" for byte in it.encode())
        return rf"(?:\\{{0,7}}{re.escape(it)}|(?i:{units}|{percent}))"

    return "".join(map(letter, secret))


def _forwarded(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in NOT_FORWARDED]


def env(name: str) -> str:
    """A setting in the environment."""
    try:
        return os.environ[name]
    except KeyError:
        sys.exit(f"{name} is not set")


def main() -> None:
    parser = argparse.ArgumentParser(description="Adds the app's credentials to requests to ITSM, on 127.0.0.1.")
    parser.add_argument("--upstream", required=True, metavar="URL", help="a gateway with its stage, or an ESB's site")
    upstream = parser.parse_args().upstream
    try:
        proxy = CredentialsProxy(upstream, env("ITSM_APP_CODE"), env("ITSM_APP_SECRET"))
    except ValueError as error:
        sys.exit(str(error))
    print(proxy.address, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        proxy.serve_forever()


if __name__ == "__main__":
    main()
