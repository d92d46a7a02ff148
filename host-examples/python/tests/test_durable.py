"""The package's endpoint under WSGI and ASGI, and its durable loop over SQLite."""

import asyncio
import io
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from blueking_itsm import ItsmError, Settings
from blueking_itsm.callbacks import Claims
from blueking_itsm.durable import PLACES, Durable, dump, load
from blueking_itsm.endpoint import Endpoint
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, Connection, Gateway, Outcome, Verdict
from fake_itsm import FakeItsm, component

from .oracle import ROWS_OF_TYPES, Values
from .support import CODE, FOLDER, KEY, SECRET, Headers, itsm

CHECK = b'{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}'


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Place:
    """A fake ITSM, a durable loop, and its endpoint under a WSGI server."""

    paramstyle = "qmark"

    def __init__(self) -> None:
        self.fake = FakeItsm("--credentials", f"{CODE}:{SECRET}")
        self.folder = TemporaryDirectory()
        self.file = Path(self.folder.name, "operations.sqlite")
        self.server = make_server("127.0.0.1", 0, self.application, Threads, Quiet)
        url = f"http://127.0.0.1:{self.server.server_port}/itsm/callback"
        self.settings = Settings(Connection(Gateway(self.fake.gateway), AppCredentials(CODE, SECRET)), url, (KEY,))
        self.later_s = 0
        self.durable = self.new()
        self.durable.create_table()
        with closing(self.connect()) as database:
            database.cursor().execute("CREATE TABLE IF NOT EXISTS account (operation TEXT, verdict TEXT)")
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()

    def new(self) -> Durable:
        return Durable(
            itsm(), self.settings, self.connect, self.deliver, self.paramstyle, lambda: time.time() + self.later_s
        )

    def connect(self) -> Any:
        return sqlite3.connect(self.file, timeout=60)

    def deliver(self, cursor: Any, operation_id: str, outcome: Outcome) -> None:
        statement = "INSERT INTO account VALUES (?, ?)".replace("?", PLACES[self.paramstyle])
        cursor.execute(statement, (operation_id, str(outcome.verdict)))

    def delivered(self) -> list[tuple[str, str]]:
        with closing(self.connect()) as database:
            cursor = database.cursor()
            cursor.execute("SELECT operation, verdict FROM account")
            return list(cursor.fetchall())

    def application(self, environ: Any, start_response: Any) -> Any:
        return self.durable.endpoint.wsgi(environ, start_response)

    def begin(self, key: str = "account 42", **options: Any) -> str:
        approval = FastApproval(["admin"], "an account")
        return self.durable.request(key, approval, "carol", "open an account", **options)

    def sn(self, operation: str) -> str:
        known = self.durable.operation(operation)
        assert known is not None and known.ticket is not None
        return self.fake.started(known.ticket.sn)

    def fault(self, action: str, **fault: object) -> None:
        self.fake.tell("fault", action=action, **fault)

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *of: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.fake.__exit__(None, None, None)
        self.folder.cleanup()


class DurableLoop(unittest.TestCase):
    def setUp(self) -> None:
        self.place = self.enterContext(Place())

    def test_an_outcome_is_delivered_once_and_with_the_hosts_own_write(self) -> None:
        for act, verdict in [("approve", Verdict.APPROVED), ("refuse", Verdict.REJECTED)]:
            with self.subTest(act):
                operation = self.place.begin(act)
                self.assertEqual(self.place.begin(act), operation)
                sn = self.place.sn(operation)
                self.place.fake.tell(act, sn=sn, who="admin")
                self.assertTrue(self.place.fake.called_back(sn)["delivered"])
                known = self.place.durable.operation(operation)
                assert known is not None and known.outcome is not None
                self.assertTrue(known.is_settled)
                self.assertIs(known.outcome.verdict, verdict)
                self.place.new().tick(whatever=True)
                self.assertEqual(self.place.delivered().count((operation, str(verdict))), 1)
        self.assertEqual(len(self.place.fake.show("tickets")), 2)

    def test_a_delivery_that_fails_is_made_up_for(self) -> None:
        operation = self.place.begin()
        sn = self.place.sn(operation)
        with patch.object(self.place, "deliver", side_effect=RuntimeError("no room")), self.assertLogs("blueking_itsm"):
            self.place.durable = self.place.new()
            self.place.fake.tell("approve", sn=sn, who="admin")
            self.assertFalse(self.place.fake.called_back(sn)["delivered"])
        self.assertEqual(self.place.delivered(), [])
        self.place.new().tick(whatever=True)
        self.assertEqual(self.place.delivered(), [(operation, "approved")])

    def test_a_lost_answer_and_a_lost_callback_are_made_up_for(self) -> None:
        self.place.fault("create_ticket", fault="drop-after-executing")
        operation = self.place.begin()
        sn = self.place.sn(operation)
        self.place.fault("callback", fault="lost-callback")
        self.place.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.place.fake.called_back(sn)["lost"])
        self.place.later_s = 60
        stop = threading.Event()
        with ThreadPoolExecutor(1) as threads:
            serving = threads.submit(self.place.durable.serve, stop)
            while not self.place.delivered():
                time.sleep(0.05)
            stop.set()
            serving.result()
        self.assertEqual(self.place.delivered(), [(operation, "approved")])
        self.assertEqual(len(self.place.fake.show("tickets")), 1)

    def test_a_refused_ticket_raises_and_its_key_can_be_used_again(self) -> None:
        self.place.fault("create_ticket", fault="gateway", status=403, code=1640301, message="no permission")
        with self.assertRaises(ItsmError):
            self.place.begin()
        self.assertTrue(self.place.sn(self.place.begin()))

    def test_a_ticket_that_nobody_decides_in_time_is_withdrawn(self) -> None:
        operation = self.place.begin(decide_within_s=60)
        sn = self.place.sn(operation)
        self.place.later_s = 3600
        self.place.durable.tick()
        self.assertTrue(self.place.fake.called_back(sn)["delivered"])
        self.assertEqual(self.place.delivered(), [(operation, "withdrawn")])

    def test_two_tickets_of_one_tag_are_given_up_for_a_person_to_look(self) -> None:
        create = itsm().tickets.create

        def twice_and_die(connection: Connection, ticket: NewTicket) -> Any:
            create(connection, ticket)
            create(connection, ticket)
            raise KeyboardInterrupt

        with patch.object(itsm().tickets, "create", twice_and_die), self.assertRaises(KeyboardInterrupt):
            self.place.begin()
        operation = self.place.begin()
        with self.assertLogs("blueking_itsm") as logs:
            self.place.durable.tick(whatever=True)
        known = self.place.durable.operation(operation)
        assert known is not None and known.refused is not None
        for ticket in self.place.fake.show("tickets"):
            self.assertIn(ticket["sn"], known.refused)
            self.assertNotIn(ticket["tag"], str(logs.output))

    def test_many_processes_share_a_table(self) -> None:
        operations = [self.place.begin(f"account {number}") for number in range(5)]
        for operation in operations:
            sn = self.place.sn(operation)
            self.place.fault("callback", fault="lost-callback")
            self.place.fake.tell("approve", sn=sn, who="admin")
            self.place.fake.called_back(sn)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: self.place.new().tick(whatever=True), range(4)))
        self.assertEqual(sorted(self.place.delivered()), sorted((one, "approved") for one in operations))

    def test_what_another_process_stored_meanwhile_is_not_overwritten(self) -> None:
        operation = self.place.begin()
        sn = self.place.sn(operation)
        self.place.fault("callback", fault="lost-callback")
        self.place.fake.tell("approve", sn=sn, who="admin")
        self.place.fake.called_back(sn)
        self.place.later_s = 60
        slow, quick, advance, calls = self.place.new(), self.place.new(), itsm().tracking.advance, 0

        def after_another(*of: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 1:
                quick.tick(whatever=True)
            return advance(*of)

        with patch.object(itsm().tracking, "advance", after_another):
            slow.tick(whatever=True)
        self.assertEqual(self.place.delivered(), [(operation, "approved")])
        # Only one of them had to ask.
        self.assertEqual(len(self.place.fake.requests("ticket_approval_result")), 1)

    def test_a_request_by_several_at_once_makes_one_ticket(self) -> None:
        with ThreadPoolExecutor(4) as threads:
            operations = set(threads.map(lambda _: self.place.begin(), range(4)))
        self.assertEqual(len(operations), 1)
        self.assertEqual(len(self.place.fake.show("tickets")), 1)


KILLED = """
import os, sqlite3, sys, time
sys.path.insert(0, ".")
from blueking_itsm import Itsm, Settings
from blueking_itsm.durable import Durable
from blueking_itsm.tickets import FastApproval
from blueking_itsm.types import AppCredentials, Connection, Gateway
module, gateway, url, file, key, code, secret, writes = sys.argv[1:]
left = [int(writes)]

class Dying:
    "A connection of a process that is killed at one of its commits."
    def __init__(self): self.real = sqlite3.connect(file, timeout=60)
    def __getattr__(self, name): return getattr(self.real, name)
    def commit(self):
        changed = self.real.in_transaction
        if changed:
            left[0] -= 1
            if left[0] == 0: os.kill(os.getpid(), 9)
        self.real.commit()
        if changed and left[0] == -1: pass

def deliver(cursor, operation_id, outcome):
    cursor.execute("INSERT INTO account VALUES (?, ?)", (operation_id, str(outcome.verdict)))
settings = Settings(Connection(Gateway(gateway), AppCredentials(code, secret)), url, (key,))
durable = Durable(Itsm(module), settings, Dying, deliver, clock=lambda: time.time() + 60)
durable.request("account 42", FastApproval(["admin"], "an account"), "carol", "open an account")
durable.tick(whatever=True)
print("lived")
"""


class Killed(unittest.TestCase):
    def test_a_process_that_is_killed_at_any_write_loses_and_doubles_nothing(self) -> None:
        with Place() as place:
            place.fault("callback", fault="lost-callback", times=9)
            arguments = [
                str(component()),
                place.fake.gateway,
                place.settings.callback_url,
                str(place.file),
                KEY,
                CODE,
                SECRET,
            ]

            def life(write: int) -> tuple[int, str]:
                ended = subprocess.run(
                    [sys.executable, "-c", KILLED, *map(str, arguments), str(write)],
                    cwd=FOLDER,
                    capture_output=True,
                    text=True,
                )
                return ended.returncode, ended.stdout

            # The next life dies one write later than the one before got to.
            deaths = [life(1), life(2), life(1), life(2)]
            self.assertEqual([code for code, _ in deaths], [-signal.SIGKILL] * 4)
            self.assertLessEqual(len(place.fake.show("tickets")), 1)
            life(0)
            (ticket,) = place.fake.show("tickets")
            place.fake.tell("approve", sn=place.fake.started(ticket["sn"]), who="admin")
            place.fake.called_back(ticket["sn"])
            deaths = [life(1), life(2), life(3)]
            self.assertIn(-signal.SIGKILL, {code for code, _ in deaths})
            self.assertEqual(life(0), (0, "lived\n"))
            self.assertEqual([verdict for _, verdict in place.delivered()], ["approved"])


class UnderServers(unittest.TestCase):
    def setUp(self) -> None:
        self.outcomes: list[Any] = []
        url = "http://127.0.0.1/itsm/callback"
        connection = Connection(Gateway("http://127.0.0.1:1/prod"), AppCredentials(CODE, SECRET))
        self.endpoint = Endpoint(itsm(), connection, url, [KEY], lambda *of: self.outcomes.append(of))
        self.genuine = [itsm().callbacks.bind(KEY, Claims("op", url, 2**40)).header]

    def wsgi(
        self, method: str, path: str, headers: Headers, body: bytes, length: str | None = None
    ) -> tuple[int, bytes]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "/itsm" if path.startswith("/itsm/") else "",
            "PATH_INFO": path.removeprefix("/itsm"),
            "CONTENT_LENGTH": str(len(body)) if length is None else length,
            "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers},
        }
        started: list[Any] = []
        content = b"".join(self.endpoint.wsgi(environ, lambda *of: started.append(of)))
        ((status, replied),) = started
        self.assertEqual(dict(replied)["content-length"], str(len(content)))
        return int(status.split()[0]), content

    def asgi(
        self, method: str, path: str, headers: Headers, body: bytes, length: str | None = None
    ) -> tuple[int, bytes]:
        pieces = [{"type": "http.request", "body": body[:9], "more_body": True}]
        pieces += [{"type": "http.request", "body": body[9:]}] if length is None else [{"type": "http.disconnect"}]
        sent: list[Any] = []

        async def receive() -> Any:
            return pieces.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        }
        asyncio.run(self.endpoint.asgi(scope, receive, send))
        start, content = sent
        self.assertEqual(dict(start["headers"])[b"content-length"], str(len(content["body"])).encode())
        return start["status"], content["body"]

    def test_what_comes_is_answered_as_it_deserves(self) -> None:
        name, value = self.genuine[0]
        for server in [self.wsgi, self.asgi]:
            for what, method, path, headers, body, expected, words in [
                ("a self-check", "POST", "/itsm/callback", self.genuine, CHECK, (200, 0), ""),
                ("a value with blanks", "POST", "/itsm/callback", [(name, f" {value} ")], CHECK, (200, 0), ""),
                ("no binding", "POST", "/itsm/callback", [], CHECK, (200, 1), "is not there"),
                ("no JSON", "POST", "/itsm/callback", self.genuine, b"{", (200, 1), "JSON"),
                ("much too large", "POST", "/itsm/callback", self.genuine, b"x" * 2**20, (200, 1), "65536"),
                ("another path", "POST", "/itsm/callback/", self.genuine, CHECK, (404, 1), "received at the path"),
                ("another method", "GET", "/itsm/callback", self.genuine, b"", (405, 1), "posted"),
                ("no answer of ITSM", "POST", "/itsm/callback", self.genuine,
                 CHECK.replace(b"ITSM-SELF-CHECK", b"REQ1"), (200, 1), "can't be reached"),
            ]:  # fmt: skip
                with self.subTest(what, server=server.__name__), self.logged(bool(words)) as said:
                    status, content = server(method, path, headers, body)
                    self.assertEqual((status, json.loads(content)["code"]), expected)
                self.assertIn(words, " ".join(said()))
                for secret in [value, SECRET, KEY]:
                    self.assertNotIn(secret, " ".join(said()))
            with self.subTest("a body that breaks off", server=server.__name__), self.logged(True) as said:
                status, content = server("POST", "/itsm/callback", self.genuine, CHECK, "1000")
                self.assertEqual((status, json.loads(content)["code"]), (200, 1))
            self.assertIn("broke off", " ".join(said()))
        self.assertEqual(self.outcomes, [])

    @contextmanager
    def logged(self, anything: bool) -> Iterator[Callable[[], list[str]]]:
        if not anything:
            with self.assertNoLogs("blueking_itsm"):
                yield list
            return
        with self.assertLogs("blueking_itsm") as logs:
            yield lambda: logs.output

    def test_asgi_servers_may_ask_for_its_life(self) -> None:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        asyncio.run(self.endpoint.asgi({"type": "lifespan"}, receive, send))
        self.assertEqual(sent, ["lifespan.startup.complete", "lifespan.shutdown.complete"])


class Stored(unittest.TestCase):
    def test_what_is_stored_is_read_back_as_it_was(self) -> None:
        for of in ["tickets.new-ticket", "types.outcome", "types.created-ticket"]:
            for seed in range(200):
                value = Values(seed).of(of)
                self.assertEqual(load(of, json.loads(dump(of, value))), value)
        self.assertIn("types.outcome", ROWS_OF_TYPES)
