"""What the guest imports: wasi:http, wasi:io, wasi:clocks and wasi:random, over a client that sends requests.

All is done in the thread of the call. A request waits where its answer is asked for, so whatever the guest polls is
ready, but for clocks and for answers whose deadline has passed.
"""

from __future__ import annotations

import os
import re
import threading
import time
from struct import Struct
from typing import Any, Callable

from ._engine import EngineError, trap
from ._exchange import Exchange, HttpError, Request

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
PAIR = Struct("<II")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
FOREVER_S = 600

current = threading.local()
"""`current.host` is that of the call that this thread makes."""


class Host:
    """What a guest has of the world. Its handles end with each call."""

    def __init__(self, open_exchange: Callable[[Request], Exchange]) -> None:
        self.open_exchange = open_exchange
        self.guest: Any = None
        self.raised: BaseException | None = None
        self.sleep: Callable[[float], object] = time.sleep
        self._handles: list[Any] = [None]
        self._free: list[int] = []
        self._exchanges: list[Exchange] = []

    def end(self) -> None:
        """Ends a call: nothing of it stays open."""
        for exchange in self._exchanges:
            exchange.close()
        self._exchanges.clear()
        self._handles, self._free, self.raised = [None], [], None

    def put(self, value: Any) -> int:
        if self._free:
            handle = self._free.pop()
            self._handles[handle] = value
            return handle
        self._handles.append(value)
        return len(self._handles) - 1

    def drop(self, handle: int) -> Any:
        value = self._handles[handle]
        self._handles[handle] = None
        self._free.append(handle)
        return value

    def at(self, handle: int) -> Any:
        return self._handles[handle]

    def read(self, at: int, size: int) -> bytes:
        return bytes(self.guest.memory()[at : at + size])

    def write(self, at: int, content: bytes) -> None:
        self.guest.memory()[at : at + len(content)] = content

    def give(self, content: bytes) -> tuple[int, int]:
        """Bytes for the guest to own: where, and how many."""
        if not content:
            return 1, 0
        at = self.guest.realloc(1, len(content))
        self.write(at, content)
        return at, len(content)

    # wasi:http: the request.

    def append(self, fields: int, name: int, name_size: int, value: int, value_size: int, out: int) -> None:
        name_bytes, value_bytes = self.read(name, name_size), self.read(value, value_size)
        if TOKEN.fullmatch(name_bytes) and VALUE.fullmatch(value_bytes):
            self.at(fields).append((name_bytes.decode(), value_bytes))
            self.write(out, b"\0")
        else:
            self.write(out, b"\1\0")

    def entries(self, fields: int, out: int) -> None:
        pairs = self.at(fields)
        places = [part for name, value in pairs for part in (*self.give(name.encode()), *self.give(value))]
        at = self.guest.realloc(4, 4 * len(places)) if places else 4
        self.write(at, Struct(f"<{len(places)}I").pack(*places))
        self.write(out, PAIR.pack(at, len(pairs)))

    def outgoing_request(self, fields: int) -> int:
        return self.put(Request(self.drop(fields)))

    def set_method(self, request: int, case: int, *_: int) -> int:
        self.at(request).method = METHODS[case]
        return 0

    def set_scheme(self, request: int, _: int, case: int, *__: int) -> int:
        self.at(request).scheme = ("http", "https")[case]
        return 0

    def set_authority(self, request: int, _: int, at: int, size: int) -> int:
        self.at(request).authority = self.read(at, size).decode()
        return 0

    def set_path_with_query(self, request: int, _: int, at: int, size: int) -> int:
        self.at(request).target = self.read(at, size).decode()
        return 0

    def set_timeout(self, options: int, given: int, nanoseconds: int) -> int:
        if given:
            self.at(options)["timeout_s"] = nanoseconds / 1e9
        return 0

    def same_for(self, handle: int, out: int) -> None:
        """A part of what a handle stands for, which is the same here: the body of a request, the stream of a body."""
        self.write(out, b"\0")
        self.write(out + 4, self.put(self.at(handle)).to_bytes(4, "little"))

    def handle(self, request: int, has_options: int, options: int, out: int) -> None:
        """Connects, and no more: so a request that never had a connection is known to be unsent."""
        wanted = self.drop(request)
        timeout_s = self.drop(options).get("timeout_s", FOREVER_S) if has_options else FOREVER_S
        wanted.deadline = time.monotonic() + timeout_s
        try:
            wanted.exchange = self.open_exchange(wanted)
        except HttpError as error:
            self.write(out, b"\1")
            self._error_code(out + 8, error)
            return
        self._exchanges.append(wanted.exchange)
        self.write(out, b"\0")
        self.write(out + 8, self.put(wanted.exchange).to_bytes(4, "little"))

    def _error_code(self, at: int, error: HttpError) -> None:
        # Every part of a payload is optional, and absent.
        self.write(at, bytes([error.code]) + bytes(31))

    def check_write(self, _: int, out: int) -> None:
        self.write(out, b"\0")
        self.write(out + 8, (1 << 20).to_bytes(8, "little"))

    def write_stream(self, stream: int, at: int, size: int, out: int) -> None:
        self.at(stream).body += self.read(at, size)
        self.write(out, b"\0")

    def flush(self, _: int, out: int) -> None:
        self.write(out, b"\0")

    def finish(self, body: int, _: int, __: int, out: int) -> None:
        request = self.drop(body)
        # What goes wrong is told with the answer, which there can be all the same.
        request.exchange.send(bytes(request.body))
        self.write(out, b"\0")

    # wasi:http: the answer.

    def future_get(self, future: int, out: int) -> None:
        exchange = self.at(future)
        try:
            exchange.head()
        except HttpError as error:
            self.write(out, b"\1" + bytes(7) + b"\0" + bytes(7) + b"\1" + bytes(7))
            self._error_code(out + 24, error)
            return
        self.write(out, b"\1" + bytes(7) + b"\0" + bytes(7) + b"\0" + bytes(7))
        self.write(out + 24, self.put(exchange).to_bytes(4, "little"))

    def status(self, response: int) -> int:
        status: int = self.at(response).status
        return status

    def headers(self, response: int) -> int:
        return self.put(self.at(response).headers)

    def read_stream(self, stream: int, most: int, out: int) -> None:
        exchange = self.at(stream)
        try:
            content = exchange.read(min(most, 1 << 16))
        except HttpError:
            if exchange.timed_out:
                # Nothing yet: the guest then looks at its clock.
                self.write(out, b"\0")
                self.write(out + 4, PAIR.pack(1, 0))
            else:
                # The error of a stream is a handle to words, which the guest does not ask for.
                self.write(out, b"\1\0\0\0\0")
                self.write(out + 8, self.put(None).to_bytes(4, "little"))
            return
        if content:
            where = self.give(content)
            self.write(out, b"\0")
            self.write(out + 4, PAIR.pack(*where))
        else:
            self.write(out, b"\1\0\0\0\1")

    # wasi:io, wasi:clocks, wasi:random.

    def same(self, handle: int) -> int:
        """A pollable for a handle: what the handle stands for."""
        return self.put(self.at(handle))

    def is_ready(self, pollable: Any) -> bool:
        if isinstance(pollable, int):
            return time.monotonic_ns() >= pollable
        return not (isinstance(pollable, Exchange) and pollable.timed_out)

    def ready(self, pollable: int) -> int:
        return int(self.is_ready(self.at(pollable)))

    def wait(self, pollables: list[Any]) -> list[int]:
        while True:
            ready = [index for index, one in enumerate(pollables) if self.is_ready(one)]
            if ready:
                return ready
            soonest = min((one for one in pollables if isinstance(one, int)), default=0)
            self.sleep(max(0, soonest - time.monotonic_ns()) / 1e9)

    def block(self, pollable: int) -> None:
        self.wait([self.at(pollable)])

    def poll(self, at: int, count: int, out: int) -> None:
        handles = Struct(f"<{count}I").unpack_from(self.guest.memory(), at)
        ready = self.wait([self.at(handle) for handle in handles])
        where = self.guest.realloc(4, 4 * len(ready))
        self.write(where, Struct(f"<{len(ready)}I").pack(*ready))
        self.write(out, PAIR.pack(where, len(ready)))

    def monotonic_now(self) -> int:
        return time.monotonic_ns()

    def subscribe_instant(self, at_ns: int) -> int:
        return self.put(at_ns)

    def wall_now(self, out: int) -> None:
        seconds, nanoseconds = divmod(time.time_ns(), 10**9)
        self.write(out, Struct("<QI").pack(seconds, nanoseconds))

    def random_u64(self) -> int:
        return int.from_bytes(os.urandom(8), "little")


TIMEOUTS = ("connect", "first-byte", "between-bytes")
IMPORTS: dict[str, Callable[..., Any]] = {
    "wasi:http/types [constructor]fields": lambda host: host.put([]),
    "wasi:http/types [method]fields.append": Host.append,
    "wasi:http/types [method]fields.entries": Host.entries,
    "wasi:http/types [constructor]outgoing-request": Host.outgoing_request,
    "wasi:http/types [method]outgoing-request.set-method": Host.set_method,
    "wasi:http/types [method]outgoing-request.set-scheme": Host.set_scheme,
    "wasi:http/types [method]outgoing-request.set-authority": Host.set_authority,
    "wasi:http/types [method]outgoing-request.set-path-with-query": Host.set_path_with_query,
    "wasi:http/types [method]outgoing-request.body": Host.same_for,
    "wasi:http/types [constructor]request-options": lambda host: host.put({}),
    **{f"wasi:http/types [method]request-options.set-{name}-timeout": Host.set_timeout for name in TIMEOUTS},
    "wasi:http/types [method]outgoing-body.write": Host.same_for,
    "wasi:http/types [static]outgoing-body.finish": Host.finish,
    "wasi:http/outgoing-handler handle": Host.handle,
    "wasi:http/types [method]future-incoming-response.subscribe": Host.same,
    "wasi:http/types [method]future-incoming-response.get": Host.future_get,
    "wasi:http/types [method]incoming-response.status": Host.status,
    "wasi:http/types [method]incoming-response.headers": Host.headers,
    "wasi:http/types [method]incoming-response.consume": Host.same_for,
    "wasi:http/types [method]incoming-body.stream": Host.same_for,
    "wasi:io/streams [method]input-stream.read": Host.read_stream,
    "wasi:io/streams [method]input-stream.subscribe": Host.same,
    "wasi:io/streams [method]output-stream.check-write": Host.check_write,
    "wasi:io/streams [method]output-stream.write": Host.write_stream,
    "wasi:io/streams [method]output-stream.flush": Host.flush,
    "wasi:io/streams [method]output-stream.subscribe": Host.same,
    "wasi:io/poll poll": Host.poll,
    "wasi:io/poll [method]pollable.block": Host.block,
    "wasi:io/poll [method]pollable.ready": Host.ready,
    "wasi:clocks/monotonic-clock now": Host.monotonic_now,
    "wasi:clocks/monotonic-clock subscribe-instant": Host.subscribe_instant,
    "wasi:clocks/wall-clock now": Host.wall_now,
    "wasi:random/random get-random-u64": Host.random_u64,
}


def give(module: str, name: str, wide: list[bool], has_result: bool) -> Callable[..., int | None]:
    """The function for an import, for `Module.link`. The patch version of an interface is no matter."""
    interface = module.partition("@")[0]
    function = Host.drop if name.startswith("[resource-drop]") else IMPORTS.get(f"{interface} {name}")
    if function is None or not interface.startswith("wasi:"):
        raise EngineError(f"it imports {module} {name}, which this package does not have")
    masks = [(2 * index, 2**64 - 1 if is_wide else 2**32 - 1) for index, is_wide in enumerate(wide)]

    def called(_: Any, __: Any, numbers: Any, ___: int) -> int | None:
        host = current.host
        try:
            answer = function(host, *[numbers[place] & mask for place, mask in masks])
        except BaseException as error:
            # No exception passes through the guest.
            host.raised = error
            return trap("the host failed")
        if has_result:
            numbers[0] = answer
        return None

    return called
