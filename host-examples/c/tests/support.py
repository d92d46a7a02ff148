"""What the tests share: the built host, and servers that do as they are told."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
sys.path.insert(0, str(ROOT / "host-examples/python"))

from fake_itsm import FakeItsm, built  # noqa: E402

__all__ = ["FakeItsm"]

BUILD = ROOT / "target/c"
COMPONENTS = Path(os.environ.get("ITSM_WASM_DIR", ROOT / "target/itsm"))
CA = str(FOLDER / "tls/ca.pem")
SECRET = "canary-of-the-app-secret"
APP = {"ITSM_APP_CODE": "gate", "ITSM_APP_SECRET": SECRET}
PROXIES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"]
SUCCESS = b'{"result":true,"code":0,"message":"success","data":{"sn":"REQ1","id":1}}'


def program(name: str) -> str:
    return str(built(BUILD / name, "make -C host-examples/c tests"))


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The tests' own environment, without settings and proxies but those given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ITSM_") and name.upper() not in PROXIES and name not in given
    }
    return {**kept, "ITSM_WASM_DIR": str(COMPONENTS), **given}


class Host:
    """The host, started. Nothing that it prints holds a secret."""

    def __init__(self, *arguments: str, body: str | None = None, **settings: str) -> None:
        pipe = subprocess.PIPE
        self._body = body
        self._secrets = [settings.get("ITSM_APP_SECRET", SECRET), settings.get("ITSM_ACCESS_TOKEN", SECRET)]
        self._started = subprocess.Popen(
            [program("host"), *arguments],
            env=environment({**APP, **settings}),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def is_running(self) -> bool:
        return self._started.poll() is None

    def kill(self) -> None:
        self._started.kill()
        self._started.communicate()

    def end(self) -> tuple[int, str, str]:
        """Its exit code, and what it has printed."""
        stdout, stderr = self._started.communicate(self._body, timeout=300)
        for secret in self._secrets:
            assert secret not in stdout + stderr, "a secret is printed"
        return self._started.returncode, stdout, stderr


def preloaded(**how: str) -> dict[str, str]:
    """For a host between which and the system `preload.c` stands."""
    return {"LD_PRELOAD": program("preload.so"), **how}


def side_by_side(run: Callable[..., Any], cases: Iterable[Any], count: int = 2) -> list[Any]:
    """Runs so many of the cases at a time."""
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, cases))


def answer(body: bytes = SUCCESS, status: str = "200 OK", **headers: str) -> bytes:
    lines = {"content-length": str(len(body)), "content-type": "application/json", "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class Server:
    """A server on 127.0.0.1 that answers each request with the same bytes, and remembers the requests."""

    def __init__(self, content: bytes | Callable[[], Iterable[bytes]] = b"", tls: bool = False) -> None:
        self._content = content
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self.at = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.at}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=[self._socket.accept()[0]], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(FOLDER / "tls/server.pem")
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                self.serve(connection)

    def serve(self, connection: socket.socket) -> None:
        request = received(connection)
        if request:
            self.requests.append(request)
        for piece in [self._content] if isinstance(self._content, bytes) else self._content():
            connection.sendall(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Proxy(Server):
    """A proxy through which each connection leads to one server, or that refuses."""

    def __init__(self, to: Server, refuses: bool = False) -> None:
        self._to, self._refuses = to, refuses
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        self.requests.append(received(connection))
        if self._refuses:
            connection.sendall(answer(b"no", "403 Forbidden"))
            return
        host, _, port = self._to.at.partition(":")
        with socket.create_connection((host, int(port))) as onward:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=_relay, args=[connection, onward], daemon=True).start()
            _relay(onward, connection)


def _relay(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(1 << 16):
            other.sendall(piece)


def received(connection: socket.socket) -> bytes:
    """A whole request, or the first bytes of a client that speaks TLS."""
    request = b""
    while b"\r\n\r\n" not in request and not request.startswith(b"\x16"):
        piece = connection.recv(1 << 16)
        if not piece:
            return request
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = connection.recv(1 << 16)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    pairs = [line.split(": ", 1) for line in lines]
    return {name.lower(): value for name, value in pairs}
