"""The endpoint that receives ITSM's callbacks, for any WSGI or ASGI server.

    endpoint = Endpoint(itsm, settings.connection, settings.callback_url, settings.binding_keys, deliver)
    application = endpoint.wsgi      # gunicorn, uwsgi, Django's or Flask's server
    application = endpoint.asgi      # uvicorn, hypercorn, daphne

ITSM waits for the answer without a time limit, and so does whoever withdraws a ticket. A server with one worker that
withdraws a ticket of its own would wait for itself: let it have a second thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Iterable, MutableMapping, Sequence
from dataclasses import replace
from typing import Any, Callable
from urllib.parse import urlsplit

from .callbacks import BoundCallback, Reply, SelfCheck
from .cases import Error, case_name
from .component import Itsm
from .types import Connection, Ended, Header, Outcome, Undecidable

MOST_BYTES = 128 * 1024
"""More than the component reads, so that the refusal is its own."""
CONFIRM_WITHIN_MS = 5_000
"""Whoever withdraws a ticket waits so long for ITSM's answer to our question."""
READ_WITHIN_S = 5
"""A request comes soon or not at all."""

log = logging.getLogger("blueking_itsm")

Deliver = Callable[[str, Outcome], None]
"""Takes an operation's outcome. The same can come again. What it raises makes ITSM count the callback as failed."""


class NotSettled(Error):
    """Why there is no outcome for an operation."""


class Endpoint:
    """Takes callbacks in: checks their bindings, asks ITSM itself, and delivers what ITSM says."""

    def __init__(
        self, itsm: Itsm, connection: Connection, callback_url: str, binding_keys: Sequence[str], deliver: Deliver
    ) -> None:
        """`binding_keys` are all that may still be in use. `deliver` is called in the thread of the request."""
        self._itsm = itsm
        self._connection = connection
        self._callback_url = callback_url
        self._path = urlsplit(callback_url).path or "/"
        self._binding_keys = binding_keys
        self._deliver = deliver

    def receive(self, headers: Sequence[Header], body: bytes) -> Reply:
        """Takes a request in. Whatever fails is refused: then ITSM lists the ticket, and nothing is lost."""
        callbacks = self._itsm.callbacks
        try:
            got = callbacks.receive(self._binding_keys, headers, self._callback_url, int(time.time()), body)
            if isinstance(got, SelfCheck):
                return got.value
            if isinstance(got, BoundCallback):
                self._settle(got)
                return callbacks.accepted()
            log.warning("callback refused: %s", got.why)
            return got.reply
        except Exception as error:
            log.warning("callback refused: %s", error)
            return callbacks.refused("not confirmed")

    def read(self, headers: Sequence[Header], length: str, read: Callable[[int], bytes], ends: bool = True) -> Reply:
        """Takes a request in whose body `read` gives: at most so many bytes. `ends` says that `read` knows the end."""
        try:
            size = int(length)
            body = read(MOST_BYTES if ends else min(max(size, 0), MOST_BYTES))
            if len(body) < min(size, MOST_BYTES):
                raise ValueError("it broke off")
        except (OSError, ValueError):
            return self.refuse("the body broke off, or came too slowly")
        return self.receive(headers, body)

    def refuse(self, why: str, status: int = 200) -> Reply:
        """The answer to what is no callback, by the look of it."""
        log.warning("callback refused: %s", why)
        return replace(self._itsm.callbacks.refused(why), status=status)

    def _settle(self, got: BoundCallback) -> None:
        """Asks ITSM for the ticket that a callback names, as anybody can, and delivers its outcome."""
        soon = replace(self._connection, deadline_ms=CONFIRM_WITHIN_MS)
        sn = got.callback.sn
        found = self._itsm.tickets.confirm(soon, sn, got.bound.tag)
        if isinstance(found, Ended):
            self._deliver(got.bound.claims.operation_id, found.value)
        elif isinstance(found, Undecidable):
            raise NotSettled(f"{sn!r} is undecidable: {found.why}")
        else:
            raise NotSettled(f"{sn!r} is {case_name(type(found).__name__)}")

    def _elsewhere(self, path: str, method: str) -> Reply | None:
        if path != self._path:
            return self.refuse("callbacks are received at the path of the callback address", 404)
        return self.refuse("callbacks are posted", 405) if method != "POST" else None

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application. A body that comes too slowly is the server's affair."""
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        reply = self._elsewhere(path or "/", environ["REQUEST_METHOD"])
        if reply is None:
            named = [(name, value) for name, value in environ.items() if name.startswith("HTTP_")]
            headers = [(name[5:].replace("_", "-"), value.strip()) for name, value in named]
            # Servers that take chunks put their end where the input ends.
            ends = bool(environ.get("wsgi.input_terminated"))
            reply = self.read(headers, environ.get("CONTENT_LENGTH") or "0", environ["wsgi.input"].read, ends)
        length = ("content-length", str(len(reply.body)))
        start_response(f"{reply.status} {'OK' if reply.status < 400 else 'Refused'}", [*reply.headers, length])
        return [reply.body]

    async def asgi(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """The ASGI application. The callback is taken in by a thread, so the loop goes on."""
        # Here, as it would take a tenth of the start of programs that are not on asyncio.
        import asyncio

        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        if scope["type"] != "http":
            raise ValueError("callbacks come by HTTP")
        reply = self._elsewhere(scope["path"], scope["method"])
        if reply is None:
            try:
                body = await asyncio.wait_for(_body(receive), READ_WITHIN_S)
            except (asyncio.TimeoutError, ValueError):
                reply = self.refuse("the body broke off, or came too slowly")
            else:
                headers = [
                    (name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in scope["headers"]
                ]
                loop = asyncio.get_running_loop()
                reply = await loop.run_in_executor(None, self.receive, headers, body)
        pairs = [*reply.headers, ("content-length", str(len(reply.body)))]
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        await send({"type": "http.response.body", "body": reply.body})


async def _body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes:
    body, more = b"", True
    while more and len(body) < MOST_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            raise ValueError("it broke off")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
