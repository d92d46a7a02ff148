"""How requests leave: over connections of this package's own, or over the HTTP client that an application has set up.

`Itsm(client=...)` takes a `Client`, a `requests.Session`, an `httpx.Client`, a `urllib3.PoolManager`, or a function of
your own. Redirects are never followed, and nothing is sent twice.
"""

from __future__ import annotations

import contextvars

# Resolving a name imports it. A process that is forked meanwhile would wait for that import for ever.
import encodings.idna  # noqa: F401
import errno
import http.client
import io
import json
import os
import queue
import re
import select
import socket
import ssl
import sys
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Callable, NamedTuple, Union
from urllib.parse import unquote, urlsplit

from ._exchange import Exchange, HttpError
from ._exchange import Request as Request  # for applications

MOST_BYTES = 17 << 20
"""More than the component reads of an answer, so that refusing is left to it."""
IDLE_S = 20
"""So long a connection is kept. Many servers close theirs after a minute, just when a request could be on its way."""
IDLE_MOST = 32
"""So many connections to one server are kept."""

# Places of cases in wasi:http's error-code.
DNS_ERROR, UNAVAILABLE, UNROUTABLE, REFUSED, TERMINATED, CONNECTION_TIMEOUT, READ_TIMEOUT = 1, 3, 5, 6, 7, 8, 9
TLS_ERROR, CERTIFICATE_ERROR, DENIED, INCOMPLETE, PROTOCOL_ERROR = 12, 13, 15, 25, 35

HARMLESS = {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host"}
HARMLESS |= {"traceparent", "tracestate", "transfer-encoding", "user-agent", "x-request-id"}
"""Headers that clients add and that hold no secret."""


def unsent(error: BaseException) -> HttpError:
    """What an error is before anything was sent."""
    if isinstance(error, HttpError):
        return error
    if isinstance(error, (TimeoutError, socket.timeout)):
        return HttpError(CONNECTION_TIMEOUT)
    if isinstance(error, socket.gaierror):
        return HttpError(DNS_ERROR)
    if isinstance(error, ConnectionRefusedError):
        return HttpError(REFUSED)
    if isinstance(error, ssl.SSLCertVerificationError):
        return HttpError(CERTIFICATE_ERROR)
    if isinstance(error, ssl.SSLError):
        return HttpError(TLS_ERROR)
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return HttpError(UNROUTABLE)
    return HttpError(UNAVAILABLE)


def failed(exchange: Exchange, error: BaseException) -> HttpError:
    """What an error is once something may have been sent."""
    exchange.timed_out = isinstance(error, (TimeoutError, socket.timeout))
    if exchange.timed_out:
        return HttpError(READ_TIMEOUT)
    if isinstance(error, http.client.IncompleteRead):
        return HttpError(INCOMPLETE)
    return HttpError(TERMINATED if isinstance(error, OSError) else PROTOCOL_ERROR)


def origin(url: str) -> tuple[str, str, int]:
    """The scheme, the host and the port of an address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url} is no address of a server")
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


class Client:
    """Connections that are kept and used again, by all threads.

    Certificates are checked against the system's, or those of `ca_file`, which `SSL_CERT_FILE` sets too. Proxies are those
    of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), which are not used for this machine itself, or
    `proxies`, such as `{"https": "http://proxy:3128"}`.
    """

    def __init__(
        self,
        ca_file: str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._idle: dict[tuple[str, str, int], list[_Wire]] = {}
        self._tls = ssl_context
        if ca_file is not None:
            self._tls = self._tls or ssl.create_default_context(cafile=ca_file)
        self._proxies = urllib.request.getproxies() if proxies is None else dict(proxies)
        if any(proxy.startswith("https:") for proxy in self._proxies.values()):
            raise ValueError("a proxy is reached by http:// here. For others give Itsm a client of your own")
        self._bypass = proxies is None

    def close(self) -> None:
        """Closes the connections that are kept. In a forked process they stay open for the one that made them."""
        idle, self._idle = self._idle, {}
        for wires in idle.values():
            for wire in wires:
                wire.close()

    __del__ = close

    def open(self, request: Request) -> Exchange:
        """Takes a connection, or makes one. Nothing is sent yet."""
        wire = self._take(request.origin) or self._connect(request)
        wire.request = request
        return _OwnExchange(self, wire, request)

    def _take(self, of: tuple[str, str, int]) -> _Wire | None:
        idle = self._idle.get(of, [])
        while True:
            try:
                wire = idle.pop()
            except IndexError:
                return None
            if wire.is_fresh():
                return wire
            wire.close()

    def give_back(self, wire: _Wire) -> None:
        """Keeps a connection on which an answer has ended."""
        idle = self._idle.setdefault(wire.request.origin, [])
        if len(idle) >= IDLE_MOST:
            wire.close()
            return
        wire.idle_since = time.monotonic()
        idle.append(wire)

    def _proxy(self, scheme: str, host: str) -> Any:
        proxy = self._proxies.get(scheme) or self._proxies.get("all")
        # A proxy of the environment can't lead back to this machine.
        here = host in ("localhost", "::1") or host.startswith("127.")
        if not proxy or (self._bypass and (here or urllib.request.proxy_bypass(host))):
            return None
        return urlsplit(proxy if "://" in proxy else f"http://{proxy}")

    def _connect(self, request: Request) -> _Wire:
        scheme, host, port = request.origin
        proxy = self._proxy(scheme, host)
        made = None
        try:
            if proxy is None:
                made = wire = _Wire(_dial(host, port, request), request)
            else:
                made = wire = _Wire(_dial(proxy.hostname, proxy.port or 80, request), request)
                authorization = _basic(proxy)
                if scheme == "https":
                    wire.tunnel(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", authorization)
                else:
                    wire.through_proxy, wire.proxy_headers = True, authorization
            if scheme == "https":
                # Reading the system's certificates takes a tenth of a start, and plain HTTP needs none.
                self._tls = self._tls or ssl.create_default_context()
                wire.secure(self._tls, host)
            return wire
        except (OSError, ValueError, http.client.HTTPException) as error:
            if made:
                made.close()
            raise unsent(error) from None


def _dial(host: str, port: int, request: Request) -> socket.socket:
    """A connection to one of a host's addresses."""
    why: OSError = socket.gaierror()
    for family, kind, protocol, _, address in _resolve(host, port, request):
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(request.left())
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.connect(address)
            return made
        except OSError as error:
            made.close()
            why = error
    raise why


def _resolve(host: str, port: int, request: Request) -> list[Any]:
    """A host's addresses. The resolver has time-outs of its own, so a thread waits for it, and is left at the deadline."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(error)

    threading.Thread(target=ask, name="blueking_itsm resolver", daemon=True).start()
    try:
        answer = found.get(timeout=request.left())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _basic(proxy: Any) -> str:
    if not proxy.username:
        return ""
    user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {b64encode(user.encode()).decode()}\r\n"


class _Wire:
    """A connection. Each wait on it ends at the deadline of the request that it serves."""

    through_proxy = False
    proxy_headers = ""
    closed = False
    idle_since = 0.0

    def __init__(self, connected: socket.socket, request: Request) -> None:
        self._socket = connected
        self.request = request

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        self._socket.settimeout(self.request.left())
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def tunnel(self, authority: str, headers: str) -> None:
        self.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n".encode())
        answer = http.client.HTTPResponse(self, method="CONNECT")  # type: ignore[arg-type]
        answer.begin()
        if answer.status != 200:
            raise OSError("the proxy refuses")

    def sendall(self, content: bytes) -> None:
        self._socket.settimeout(self.request.left())
        self._socket.sendall(content)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self), 1 << 16)

    def receive_into(self, buffer: Any) -> int:
        self._socket.settimeout(self.request.left())
        return self._socket.recv_into(buffer)

    def is_fresh(self) -> bool:
        """Whether it can serve again: the server has not closed it, nor sent what nobody has asked for."""
        return time.monotonic() - self.idle_since < IDLE_S and not _is_readable(self._socket)

    def interrupt(self) -> None:
        """Ends what another thread waits for."""
        with suppress(OSError):
            # Not the TLS connection's own `shutdown`, which the other thread may be reading.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self.closed = True
        self._socket.close()


class _Incoming(io.RawIOBase):
    """What comes in on a connection."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(buffer)


def _is_readable(connected: socket.socket) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


class _OwnExchange(Exchange):
    """Over a connection of this package's own, in the thread of the call."""

    def __init__(self, client: Client, wire: _Wire, request: Request) -> None:
        super().__init__()
        self._client, self._wire, self._request = client, wire, request
        self._answer: Any = None
        self._error: BaseException | None = None
        self._ended = False

    def send(self, body: bytes) -> None:
        request = self._request
        target = request.url if self._wire.through_proxy else request.target
        lines = [f"{request.method} {target} HTTP/1.1\r\nHost: {request.authority}\r\n".encode()]
        lines += [b"%s: %s\r\n" % (name.encode(), value) for name, value in request.headers]
        lines += [self._wire.proxy_headers.encode(), b"\r\n", body]
        try:
            self._wire.sendall(b"".join(lines))
        except OSError as error:
            # A server may answer before it has read all.
            self._error = error

    def head(self) -> None:
        if self._answer is not None:
            return
        if isinstance(self._error, (TimeoutError, socket.timeout)):
            raise failed(self, self._error)
        answer = http.client.HTTPResponse(self._wire, method=self._request.method)  # type: ignore[arg-type]
        try:
            answer.begin()
            _check_framing(answer.headers)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise failed(self, self._error or error) from None
        self._answer, self.status = answer, answer.status
        # Latin-1 is how http.client reads a header's bytes.
        self.headers = [(name.lower(), value.encode("latin-1")) for name, value in answer.headers.items()]

    def read(self, most: int) -> bytes:
        if self._ended:
            return b""
        answer = self._answer
        try:
            content: bytes = answer.read1(most)
            if not content and answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise failed(self, error) from None
        if not content or answer.isclosed():
            self._ended = not content
            if self._wire is not None and not answer.will_close and not self._error and not self._wire.closed:
                wire, self._wire = self._wire, None  # type: ignore[assignment]
                self._client.give_back(wire)
        return content

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def interrupt(self) -> None:
        if self._wire is not None:
            self._wire.interrupt()


def _check_framing(headers: Any) -> None:
    """Refuses an answer whose end is uncertain, which http.client lets pass."""
    lengths = headers.get_all("content-length", [])
    if headers.defects or any(not re.fullmatch("[0-9]+", length) for length in lengths) or len(set(lengths)) > 1:
        raise http.client.HTTPException("the head is malformed")


# Clients of the application.


class Answer(NamedTuple):
    """What an application's client gives."""

    status: int
    headers: Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
    chunks: Iterable[bytes]
    """The body, as it comes. None of it is compressed any more."""
    sent: Mapping[str, str] = {}
    """The headers that the client has sent, of which it added some."""
    close: Callable[[], object] = lambda: None


Send = Callable[[Request, Union["Body", None], float], Answer]
"""A client as a function: it sends a request with a body within so many seconds, and gives the answer."""


class Body:
    """The body of a request, for a client to read once: it waits for the component, which waits for a connection."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.wanted = threading.Event()
        self._given: bytes | None = None
        self._changed = threading.Event()
        self._started = False

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        if self._started:
            # A client that tries again would send it twice.
            raise OSError("the body was sent before")
        self._started = True
        self.wanted.set()
        self._changed.wait()
        if self._given is None:
            raise OSError("nobody waits for an answer any more")
        yield self._given

    def give(self, content: bytes | None) -> None:
        """Gives the whole body, or none, which breaks the request off."""
        if not self._changed.is_set():
            self._given = content
            self._changed.set()


class _Aside(Exchange):
    """Over an application's client, in a thread of its own: a client without a deadline for a whole answer, as all of
    these are, is left alone when the deadline comes. It ends with its own time-out, or with the next bytes that come.
    """

    def __init__(self, send: Send, request: Request) -> None:
        super().__init__()
        self._send, self._request = send, request
        self._body = Body(request.length) if request.length else None
        self._done = threading.Event()
        self._left = False
        self._error: BaseException | None = None
        self._content = b""
        self.added: list[str] = []
        # Tracing follows the context.
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=[self._run], name="blueking_itsm request", daemon=True).start()
        if self._body is not None:
            # So a request that never had a connection is known to be unsent.
            while not self._body.wanted.wait(min(self._remaining(), 0.05)):
                if self._done.is_set() or not self._remaining():
                    self.close()
                    raise unsent(_cause(self._error or TimeoutError()))

    def _remaining(self) -> float:
        return max(0.0, self._request.deadline - time.monotonic())

    def _run(self) -> None:
        try:
            answer = self._send(self._request, self._body, max(0.001, self._remaining()))
            try:
                pieces, size = [], 0
                for piece in answer.chunks:
                    pieces.append(piece)
                    size += len(piece)
                    if self._left or size > MOST_BYTES:
                        break
                self.status, self._content = answer.status, b"".join(pieces)
                changed = ("content-encoding", "content-length", "transfer-encoding")
                named = [(_as_bytes(name).decode().lower(), _as_bytes(value)) for name, value in answer.headers]
                self.headers = [(name, value) for name, value in named if name not in changed]
                known = HARMLESS.union(name.lower() for name, _ in self._request.headers)
                self.added = [value for name, value in answer.sent.items() if name.lower() not in known]
            finally:
                answer.close()
        except BaseException as error:
            self._error = error
        self._done.set()

    def send(self, body: bytes) -> None:
        if self._body is not None:
            self._body.give(body)

    def head(self) -> None:
        if not self._done.wait(self._remaining()):
            raise failed(self, TimeoutError())
        if self._error is not None:
            raise failed(self, _cause(self._error))

    def read(self, most: int) -> bytes:
        content, self._content = self._content[:most], self._content[most:]
        return content

    def close(self) -> None:
        self._left = True
        if self._body is not None:
            self._body.give(None)

    interrupt = close


def _as_bytes(part: str | bytes) -> bytes:
    """A part of a header. Most clients read its bytes as Latin-1."""
    return part if isinstance(part, bytes) else part.encode("latin-1", "replace")


def _cause(error: BaseException) -> BaseException:
    """The error below those of a client, if it is one of the system's."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and type(seen).__module__ == "builtins":
            return seen
        if "Timeout" in type(seen).__name__:
            return TimeoutError()
        reason = getattr(seen, "reason", None)
        seen = reason if isinstance(reason, BaseException) else seen.__cause__ or seen.__context__
    return error


def _named(request: Request) -> dict[str, str]:
    return {name: value.decode("latin-1") for name, value in request.headers}


def of_requests(session: Any) -> Send:
    """A `requests.Session`, with its authentication, proxies, certificates and hooks."""

    def send(request: Request, body: Body | None, timeout: float) -> Answer:
        answer = session.request(
            request.method,
            request.url,
            data=body,
            headers=_named(request),
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        )
        sent = answer.request.headers
        return Answer(answer.status_code, answer.headers.items(), answer.iter_content(1 << 16), sent, answer.close)

    return send


def of_httpx(client: Any) -> Send:
    """An `httpx.Client`, with its authentication, proxies, certificates and hooks."""

    def send(request: Request, body: Body | None, timeout: float) -> Answer:
        content = iter(body) if body is not None else None
        built = client.build_request(
            request.method, request.url, content=content, headers=_named(request), timeout=timeout
        )
        answer = client.send(built, stream=True, follow_redirects=False)
        return Answer(answer.status_code, answer.headers.raw, answer.iter_bytes(), answer.request.headers, answer.close)

    return send


def of_urllib3(manager: Any) -> Send:
    """A `urllib3.PoolManager` or `ProxyManager`, with its headers and certificates."""

    def send(request: Request, body: Body | None, timeout: float) -> Answer:
        headers = {**manager.headers, **_named(request)}
        answer = manager.request(
            request.method,
            request.url,
            body=iter(body) if body is not None else None,
            headers=headers,
            timeout=timeout,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        return Answer(answer.status, answer.headers.items(), answer.stream(1 << 16), headers, answer.close)

    return send


def _adapted(client: Any) -> Any:
    """Whatever can send requests, as this package sends them."""
    for package, cls, adapter in (
        ("requests", "Session", of_requests),
        ("httpx", "Client", of_httpx),
        ("urllib3", "PoolManager", of_urllib3),
    ):
        if package in sys.modules and isinstance(client, getattr(sys.modules[package], cls)):
            return adapter(client)
    if callable(client):
        return client
    raise TypeError(
        f"client wants a blueking_itsm.http.Client, a requests.Session, an httpx.Client, a urllib3.PoolManager "
        f"or a function, not {type(client).__name__}"
    )


# What stands between the component and the client.

Credentials = Union[Mapping[str, str], Callable[[Request], Mapping[str, str]]]


class Seam:
    """Lets requests out: only to the servers that are allowed, with the headers that the host adds.

    A server can repeat what was added, and the component, which never has it, can't redact it: so it is redacted here.
    """

    def __init__(
        self, client: Any = None, credentials: Credentials | None = None, allow: Collection[str] | None = None
    ) -> None:
        self._client = Client() if client is None else client
        self._send = None if isinstance(self._client, Client) else _adapted(self._client)
        self._credentials = credentials
        self._allowed = None if allow is None else {origin(url) for url in allow}

    def after_fork(self) -> None:
        if isinstance(self._client, Client):
            self._client.close()

    def open(self, request: Request) -> Exchange:
        if self._allowed is not None and request.origin not in self._allowed:
            raise HttpError(DENIED)
        added: dict[str, str] = {}
        if self._credentials is not None:
            added = dict(self._credentials(request) if callable(self._credentials) else self._credentials)
            names = {name.lower() for name in added}
            request.headers = [(name, value) for name, value in request.headers if name.lower() not in names]
            request.headers += [(name, value.encode("latin-1")) for name, value in added.items()]
        if self._send is None:
            exchange: Exchange = self._client.open(request)
            return _Redacted(exchange, added.values()) if added else exchange
        return _Redacted(_Aside(self._send, request), added.values())


class _Redacted(Exchange):
    """An exchange without what the host has added to its request."""

    def __init__(self, exchange: Exchange, added: Iterable[str]) -> None:
        super().__init__()
        self._exchange = exchange
        self._added = list(added)
        self._content: bytes | None = None

    def send(self, body: bytes) -> None:
        self._exchange.send(body)

    def head(self) -> None:
        try:
            self._exchange.head()
        finally:
            self.timed_out = self._exchange.timed_out
        self._secrets = secrets_of([*self._added, *getattr(self._exchange, "added", [])])
        self.status = self._exchange.status
        self.headers = [(name, self._without(value)) for name, value in self._exchange.headers]

    def _without(self, content: bytes) -> bytes:
        return self._secrets.sub(b"[secret]", content) if self._secrets else content

    def read(self, most: int) -> bytes:
        if self._content is None:
            pieces, size = [], 0
            try:
                while size < MOST_BYTES:
                    piece = self._exchange.read(1 << 16)
                    if not piece:
                        break
                    pieces.append(piece)
                    size += len(piece)
            finally:
                self.timed_out = self._exchange.timed_out
            self._content = self._without(b"".join(pieces))
        content, self._content = self._content[:most], self._content[most:]
        return content

    def close(self) -> None:
        self._exchange.close()

    def interrupt(self) -> None:
        self._exchange.interrupt()


def secrets_of(headers: Iterable[str]) -> Any:
    """A pattern for what is secret in headers: the whole of each, and the texts within one that is a JSON object."""
    secrets: list[str] = []
    for value in headers:
        secrets.append(value)
        with suppress(ValueError):
            members = json.loads(value)
            if isinstance(members, dict):
                public = ("bk_app_code", "bk_username")
                secrets += [text for name, text in members.items() if isinstance(text, str) and name not in public]
    # One or two characters are no secret, and would be redacted in every word.
    secrets = sorted({secret for secret in secrets if len(secret) > 2}, key=len, reverse=True)
    return re.compile("|".join(map(written, secrets)).encode()) if secrets else None


def written(secret: str) -> str:
    """A pattern for a secret in an answer: as it is, and as JSON and a URL write it.

    JSON within JSON has twice the backslashes.
    """

    def letter(it: str) -> str:
        units = re.sub("....", r"\\\\{1,8}u\g<0>", it.encode("utf-16-be").hex())
        percent = "".join(f"%{byte:02x}" for byte in it.encode())
        return rf"(?:\\{{0,7}}{re.escape(it)}|(?i:{units}|{percent}))"

    return "".join(map(letter, secret))
