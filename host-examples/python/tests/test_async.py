"""The functions as coroutines."""

import asyncio
import threading
import time
import unittest
from collections.abc import Iterator

from blueking_itsm import AsyncItsm, ItsmError
from blueking_itsm.callbacks import Claims
from blueking_itsm.component import ROWS
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, Connection, Gateway, LookUp, Open
from fake_itsm import component

from .support import CODE, KEY, SECRET, Answer, Headers, Scripted, Site, surface
from .test_faults import BODY, HEAD, Raw, ticket


class Async(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.itsm = AsyncItsm(component())

    def test_it_has_every_function(self) -> None:
        import inspect

        for name, function in surface().items():
            interface, _, method = name.partition(".")
            coroutine = getattr(type(getattr(self.itsm, interface)), method)
            self.assertTrue(inspect.iscoroutinefunction(coroutine), name)
            self.assertEqual(inspect.signature(coroutine), inspect.signature(function), name)
            self.assertEqual(coroutine.__doc__, function.__doc__)
        self.assertEqual(len(surface()), len(ROWS))

    async def test_a_ticket_is_made_and_confirmed(self) -> None:
        with Site() as site:
            new = NewTicket(await self.itsm.tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "title")
            created = await self.itsm.tickets.create(site.connection, new)
            self.assertIsInstance(await self.itsm.tickets.confirm(site.connection, created.sn, new.tag), Open)
            with self.assertRaises(ItsmError):
                await self.itsm.tickets.info(site.connection, "NOBODYS")

    async def test_a_call_never_blocks_the_loop(self) -> None:
        """A server that takes three seconds, and a ping beside it."""

        def slow(method: str, path: str, headers: Headers, body: bytes) -> Answer:
            time.sleep(3)
            return 200, {}, BODY

        with Scripted(slow) as server:
            connection = Connection(Gateway(f"{server.url}/prod"), AppCredentials(CODE, SECRET))
            created = asyncio.create_task(self.itsm.tickets.create(connection, ticket("title")))
            longest, pings = 0.0, 0
            while not created.done():
                begun = time.perf_counter()
                await asyncio.sleep(0.01)
                longest, pings = max(longest, time.perf_counter() - begun), pings + 1
                await self.itsm.callbacks.bind(KEY, Claims("op", "http://127.0.0.1/", 5))
            self.assertEqual((await created).sn, "REQ1")
        self.assertGreater(pings, 50)
        self.assertLess(longest, 1)

    async def test_many_calls_wait_at_once(self) -> None:
        def slow(method: str, path: str, headers: Headers, body: bytes) -> Answer:
            time.sleep(1)
            return 200, {}, BODY

        with Scripted(slow) as server:
            connection = Connection(Gateway(f"{server.url}/prod"), AppCredentials(CODE, SECRET))
            begun = time.monotonic()
            made = await asyncio.gather(*(self.itsm.tickets.create(connection, ticket("title")) for _ in range(20)))
            self.assertEqual({one.sn for one in made}, {"REQ1"})
            self.assertLess(time.monotonic() - begun, 10)

    async def test_a_cancelled_call_lets_go_of_its_server(self) -> None:
        gone = threading.Event()

        def trickle() -> Iterator[bytes]:
            yield HEAD + b"content-length: 99999\r\n\r\n"
            try:
                while True:
                    yield b" "
                    time.sleep(0.05)
            finally:
                gone.set()

        with Raw(trickle) as server:
            connection = Connection(server.connection.endpoint, server.connection.authorization, (), 60_000)
            call = asyncio.create_task(self.itsm.tickets.create(connection, ticket("title")))
            while not server.read:
                await asyncio.sleep(0.01)
            begun = time.monotonic()
            call.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await call
            self.assertLess(time.monotonic() - begun, 1)
            await asyncio.to_thread(gone.wait, 30)
            self.assertTrue(gone.is_set())
        with self.assertRaises(ItsmError) as caught:
            await self.itsm.tickets.create(server.connection, ticket("title"))
        self.assertNotEqual(caught.exception.advice, LookUp())

    async def test_a_call_that_times_out_by_asyncio_ends_then(self) -> None:
        over = threading.Event()

        def hang() -> bytes:
            over.wait()
            return b""

        with Raw(hang) as server:
            begun = time.monotonic()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.itsm.tickets.status(server.connection, "REQ1"), 0.3)
            self.assertLess(time.monotonic() - begun, 5)
            over.set()
