"""Connections that break: whatever comes of them is an `ItsmError` that says what to do next, and never too little."""

import itertools
import socket
import threading
import time
import unittest
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast
from unittest.mock import patch

from blueking_itsm import ItsmError
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, Connection, Gateway, LookUp, Origin

from .support import CODE, SECRET, itsm

BODY = b'{"result":true,"code":0,"message":"success","data":{"sn":"REQ1","id":1,"ticket_url":"http://127.0.0.1/"}}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SIZED = HEAD + b"content-length: %d\r\n\r\n" % len(BODY)
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"

BROKEN = {
    "no answer": b"",
    "a cut status line": b"HTTP/1.1 2",
    "a status line alone": b"HTTP/1.1 200 OK\r\n",
    "cut headers": HEAD[:30],
    "headers without an end": HEAD,
    "no body": SIZED,
    "half a body": SIZED + BODY[:50],
    "all of the body but its last byte": SIZED + BODY[:-1],
    "ten bytes of a hundred": HEAD + b"content-length: 100\r\n\r\n" + BODY[:10],
    "chunks without the first": CHUNKED,
    "a cut chunk": CHUNKED + b"%x\r\n" % len(BODY) + BODY[:50],
    "chunks without the last": CHUNKED + b"%x\r\n%s\r\n" % (len(BODY), BODY),
    "a chunk size that is none": CHUNKED + b"many\r\n" + BODY,
    "a chunk longer than its size": CHUNKED + b"5\r\n%s\r\n0\r\n\r\n" % BODY,
    "a content-length that is none": HEAD + b"content-length: many\r\n\r\n" + BODY,
    "a negative content-length": HEAD + b"content-length: -1\r\n\r\n" + BODY,
    "two content-lengths": HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + BODY,
    "a header that is none": b"HTTP/1.1 200 OK\r\nno header\r\n\r\n" + BODY,
    "a status that is none": b"HTTP/1.1 two hundred\r\n\r\n" + BODY,
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "zeros": bytes(100),
}


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ENDLESS = {
    "a status line": (b"HTTP/1.1 200 O", b"K", 0.02),
    "headers": (HEAD, b"x: y\r\n", 0.02),
    "headers at once": (HEAD, b"x: y\r\n" * 100, 0),
    "a header's value": (HEAD + b"x: ", b"y", 0.02),
    "interim answers": (b"", CONTINUE, 0.02),
    "interim answers at once": (b"", CONTINUE * 100, 0),
    "a body": (HEAD + b"content-length: 99999\r\n\r\n", b" ", 0.02),
    "chunks": (CHUNKED, b"1\r\n \r\n", 0.02),
    "chunks of a byte at once": (CHUNKED, b"1\r\n \r\n" * 100, 0),
    "chunks at once": (CHUNKED, b"10000\r\n%s\r\n" % (b" " * 0x10000), 0),
    "a chunk's extension": (CHUNKED + b"1;", b"x", 0.02),
    "a chunk's extension at once": (CHUNKED + b"1;", b"x" * 1000, 0),
    "a body without a length": (HEAD + b"\r\n", b" ", 0.02),
}
"""What comes first, what comes then again and again, and how many seconds lie between."""


def endless(first: bytes, again: bytes, pause_s: float) -> Iterator[bytes]:
    yield first
    for piece in itertools.repeat(again):
        yield piece
        time.sleep(pause_s)


class Raw:
    """A server of bytes: reads each request to its end, answers as told, and closes the connection."""

    def __init__(self, answer: Callable[[], bytes | Iterable[bytes]]) -> None:
        self.answer = answer
        self.read: list[bytes] = []
        """The requests of which it has read everything."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()
        address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/bk-itsm/prod"
        self.connection = Connection(Gateway(address), AppCredentials(CODE, SECRET))

    def _listen(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=[connected]))
            self._threads[-1].start()

    def _serve(self, connected: socket.socket) -> None:
        with connected, connected.makefile("rb") as stream:
            try:
                length = 0
                while line := stream.readline().strip().lower():
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                body = stream.read(length)
                if len(body) == length:
                    self.read.append(body)
                answer = self.answer()
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    connected.sendall(piece)
            except OSError:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake who waits in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


def ticket(title: str) -> NewTicket:
    return NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", title)


class Faults(unittest.TestCase):
    def test_an_answer_that_breaks_off_or_is_none_is_a_failure_with_advice(self) -> None:
        for what, answer in BROKEN.items():
            with self.subTest(what), Raw(partial(bytes, answer)) as server:
                with self.assertRaises(ItsmError) as caught:
                    itsm().tickets.create(server.connection, ticket("title"))
                self.assertEqual((caught.exception.advice, caught.exception.may_have_acted), (LookUp(), True))
                self.assertEqual(len(server.read), 1)
                with self.assertRaises(ItsmError) as caught:
                    itsm().tickets.status(replace(server.connection, deadline_ms=300), "REQ1")
                self.assertFalse(caught.exception.may_have_acted)
                self.assertNotIn(SECRET, str(caught.exception))

    def test_what_a_server_has_read_it_may_have_done_whatever_the_deadline(self) -> None:
        """It never answers. Where the component says that nothing was sent, the server has not read it all."""
        errors: dict[str, ItsmError] = {}
        over = threading.Event()

        def hang() -> bytes:
            over.wait()
            return b""

        with Raw(hang) as server:
            for deadline_ms in [1, 2, 5, 10, 20, 50, 100, 200, 500, 5_000]:
                for again in range(3 if deadline_ms < 500 else 1):
                    title = f"within {deadline_ms} ms, {again}"
                    with self.assertRaises(ItsmError) as caught:
                        itsm().tickets.create(replace(server.connection, deadline_ms=deadline_ms), ticket(title))
                    errors[title] = caught.exception
            over.set()
        for title, error in errors.items():
            with self.subTest(title):
                if any(title.encode() in body for body in server.read):
                    self.assertEqual((error.advice, error.may_have_acted), (LookUp(), True))
        self.assertTrue(any(b"within 5000 ms, 0" in body for body in server.read))

    def test_what_never_ends_is_given_up_at_the_deadline(self) -> None:
        def ask(what: str) -> None:
            with Raw(lambda: endless(*ENDLESS[what])) as server:
                connection = replace(server.connection, deadline_ms=1_000)
                begun = time.monotonic()
                with self.assertRaises(ItsmError) as caught:
                    itsm().tickets.create(connection, ticket("title"))
                self.assertEqual((caught.exception.advice, caught.exception.may_have_acted), (LookUp(), True), what)
                with self.assertRaises(ItsmError) as caught:
                    itsm().tickets.status(connection, "REQ1")
                self.assertFalse(caught.exception.may_have_acted, what)
                # Two deadlines, and all the time that a busy machine may want.
                self.assertLess(time.monotonic() - begun, 30, what)
            # The server ends only when nobody reads any more.

        with ThreadPoolExecutor(len(ENDLESS)) as threads:
            for done in [threads.submit(ask, what) for what in ENDLESS]:
                done.result()

    def test_a_resolver_that_hangs_is_left_at_the_deadline_and_nothing_was_sent(self) -> None:
        over, resolve = threading.Event(), socket.getaddrinfo

        def hang(host: Any, *of: Any, **options: Any) -> Any:
            if options.get("flags") != socket.AI_NUMERICHOST:
                over.wait(60)
            return resolve(host, *of, **options)

        connection = Connection(Gateway("http://itsm.invalid/prod"), AppCredentials(CODE, SECRET), (), 1_000)
        begun = time.monotonic()
        with patch.object(socket, "getaddrinfo", hang), self.assertRaises(ItsmError) as caught:
            try:
                itsm().tickets.create(connection, ticket("title"))
            finally:
                over.set()
        self.assertFalse(caught.exception.may_have_acted)
        # The deadline, and all the time that a busy machine may want. The resolver would take longer.
        self.assertLess(time.monotonic() - begun, 30)

    def test_a_name_is_resolved_and_one_that_is_unknown_has_led_nowhere(self) -> None:
        with Raw(lambda: SIZED + BODY) as server:
            address = cast(Gateway, server.connection.endpoint).value
            named = replace(server.connection, endpoint=Gateway(address.replace("127.0.0.1", "localhost")))
            self.assertEqual(itsm().tickets.create(named, ticket("title")).sn, "REQ1")
        unknown = replace(named, endpoint=Gateway("http://itsm.invalid/prod"))
        with self.assertRaises(ItsmError) as caught:
            itsm().tickets.create(unknown, ticket("title"))
        self.assertEqual((caught.exception.may_have_acted, caught.exception.origin), (False, Origin.TRANSPORT))

    def test_a_server_that_is_not_there_has_done_nothing(self) -> None:
        with Raw(bytes) as server:
            pass
        with self.assertRaises(ItsmError) as caught:
            itsm().tickets.create(server.connection, ticket("title"))
        self.assertFalse(caught.exception.may_have_acted)
