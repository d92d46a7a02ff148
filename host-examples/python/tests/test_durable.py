"""The package's endpoint under WSGI and ASGI, and its durable loop over SQLite."""

import asyncio
import io
import json
import signal
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import patch

from blueking_itsm import ItsmError
from blueking_itsm.callbacks import Claims
from blueking_itsm.durable import dump, load
from blueking_itsm.endpoint import Endpoint, NotSettled
from blueking_itsm.tickets import NewTicket
from blueking_itsm.types import AppCredentials, AskPermission, Connection, CreatedTicket, Gateway, Verdict
from fake_itsm import component

from .oracle import ROWS_OF_TYPES, Values
from .support import CODE, FOLDER, KEY, SECRET, Headers, Site, itsm, logged

CHECK = b'{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}'


class DurableLoop(unittest.TestCase):
    def setUp(self) -> None:
        self.site = self.enterContext(Site())

    def deny(self, action: str, times: int = 1) -> None:
        words = "App has no permission"
        self.site.fault(action, fault="gateway", status=403, code=1640301, message=words, times=times)

    def lose_the_callback(self, sn: str) -> None:
        """Somebody approves, and the callback is lost."""
        self.site.fault("callback", fault="lost-callback")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["lost"])

    def decide_unheard(self, operation: str) -> None:
        self.lose_the_callback(self.site.sn(operation))

    def test_an_outcome_is_delivered_once_and_with_the_hosts_own_write(self) -> None:
        for act, verdict in [("approve", Verdict.APPROVED), ("refuse", Verdict.REJECTED)]:
            with self.subTest(act):
                operation = self.site.begin(act)
                self.assertEqual(self.site.begin(act), operation)
                sn = self.site.sn(operation)
                self.site.fake.tell(act, sn=sn, who="admin")
                self.assertTrue(self.site.fake.called_back(sn)["delivered"])
                known = self.site.durable.operation(operation)
                assert known is not None and known.outcome is not None
                self.assertTrue(known.is_settled)
                self.assertIs(known.outcome.verdict, verdict)
                self.site.new().tick(whatever=True)
                self.assertEqual(self.site.delivered().count((operation, str(verdict))), 1)
        self.assertEqual(len(self.site.fake.show("tickets")), 2)

    def test_a_delivery_that_fails_is_made_up_for(self) -> None:
        operation = self.site.begin()
        sn = self.site.sn(operation)
        with patch.object(self.site, "deliver", side_effect=RuntimeError("no room")), self.assertLogs("blueking_itsm"):
            self.site.durable = self.site.new()
            self.site.fake.tell("approve", sn=sn, who="admin")
            self.assertFalse(self.site.fake.called_back(sn)["delivered"])
        self.assertEqual(self.site.delivered(), [])
        self.site.new().tick(whatever=True)
        self.assertEqual(self.site.delivered(), [(operation, "approved")])

    def test_a_lost_answer_and_a_lost_callback_are_made_up_for(self) -> None:
        self.site.fault("create_ticket", fault="drop-after-executing")
        operation = self.site.begin()
        sn = self.site.sn(operation)
        self.site.fault("callback", fault="lost-callback")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["lost"])
        self.site.later_s = 60
        stop = threading.Event()
        with ThreadPoolExecutor(1) as threads:
            serving = threads.submit(self.site.durable.serve, stop)
            while not self.site.delivered():
                time.sleep(0.05)
            stop.set()
            serving.result()
        self.assertEqual(self.site.delivered(), [(operation, "approved")])
        self.assertEqual(len(self.site.fake.show("tickets")), 1)

    def test_a_refused_ticket_raises_and_its_key_can_be_used_again(self) -> None:
        self.deny("create_ticket")
        with self.assertRaises(ItsmError) as caught:
            self.site.begin()
        self.assertEqual((caught.exception.advice, caught.exception.may_have_acted), (AskPermission(), False))
        self.assertTrue(self.site.sn(self.site.begin()))
        self.assertEqual(len(self.site.fake.show("tickets")), 1)

    def test_a_ticket_that_nobody_decides_in_time_is_withdrawn(self) -> None:
        operation = self.site.begin(decide_within_s=60)
        sn = self.site.sn(operation)
        self.site.new().tick(whatever=True)
        self.assertEqual(self.site.status(sn), "RUNNING")
        self.site.later_s = 3600
        self.site.durable.tick()
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        self.assertEqual(self.site.status(sn), "REVOKED")
        self.assertEqual(self.site.delivered(), [(operation, "withdrawn")])

    def test_a_decision_that_came_in_time_wins(self) -> None:
        operation = self.site.begin(decide_within_s=60)
        self.decide_unheard(operation)
        self.site.later_s = 3600
        self.site.durable.tick()
        self.assertEqual(self.site.delivered(), [(operation, "approved")])

    def test_a_withdrawal_that_itsm_refuses_is_reported_and_the_ticket_goes_on_being_awaited(self) -> None:
        operation = self.site.begin(decide_within_s=60)
        sn = self.site.sn(operation)
        self.deny("operate_ticket")
        self.site.later_s = 3600
        with logged() as lines:
            self.site.durable.tick()
        (line,) = lines
        self.assertRegex(line, f"^operation {operation}: .*App has no permission")
        self.assertEqual(self.site.status(sn), "RUNNING")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        self.assertEqual(self.site.delivered(), [(operation, "approved")])

    def test_what_finds_the_ticket_again_is_stored_before_the_ticket_is_made(self) -> None:
        create, stored = itsm().tickets.create, list[Any]()

        def look_and_create(connection: Connection, ticket: NewTicket) -> CreatedTicket:
            with closing(self.site.connect()) as beside:
                cursor = beside.cursor()
                cursor.execute("SELECT id, ticket FROM itsm_operation")
                stored.append(cursor.fetchall())
            return create(connection, ticket)

        with patch.object(itsm().tickets, "create", look_and_create):
            operation = self.site.begin()
        tag = self.site.fake.show("tickets")[0]["tag"]
        ((row,),) = stored
        known, kept = row
        self.assertEqual((known, json.loads(kept)["tag"]), (operation, tag))
        self.assertNotEqual(tag, operation)

    def test_a_question_that_fails_is_asked_again(self) -> None:
        self.site.fault("create_ticket", fault="drop-after-executing")
        # When the answer was lost, and at the tick after that: each time two requests go together.
        self.deny("get_tickets", times=4)
        with logged() as lines:
            operation = self.site.begin()
            self.site.new().tick(whatever=True)
        self.assertEqual(len(lines), 2)
        self.assertIn("(advice: ask-permission; ITSM did nothing)", lines[1])
        known = self.site.durable.operation(operation)
        assert known is not None
        self.assertEqual((known.ticket, known.is_settled), (None, False))
        self.site.new().tick(whatever=True)
        self.decide_unheard(operation)
        self.deny("get_tickets")
        with logged() as lines:
            self.site.new().tick(whatever=True)
        self.assertEqual((len(lines), self.site.outcome(operation)), (1, None))
        self.site.new().tick(whatever=True)
        self.assertEqual(self.site.delivered(), [(operation, "approved")])
        self.assertEqual(len(self.site.fake.show("tickets")), 1)

    def test_an_outcome_is_waited_for_wherever_it_is_delivered(self) -> None:
        def by_a_callback(sn: str) -> None:
            self.site.fake.tell("approve", sn=sn, who="admin")

        def by_another_process(sn: str) -> None:
            self.lose_the_callback(sn)
            self.site.new().tick(whatever=True)

        def by_nobody(sn: str) -> None:
            self.lose_the_callback(sn)
            # ITSM is asked for the first time half a minute after the request.
            self.site.later_s = 60

        for happen in [by_a_callback, by_another_process, by_nobody]:
            with self.subTest(happen.__name__), ThreadPoolExecutor(1) as threads:
                operation = self.site.begin(happen.__name__)
                waiting = threads.submit(self.site.durable.wait, operation)
                happen(self.site.sn(operation))
                self.assertIs(waiting.result().verdict, Verdict.APPROVED)
                self.assertEqual(self.site.delivered().count((operation, "approved")), 1)
                self.assertIs(self.site.durable.wait(operation).verdict, Verdict.APPROVED)
        with self.assertRaisesRegex(NotSettled, "^operation nobodys is not in the database$"):
            self.site.durable.wait("nobodys")

    def test_who_waits_for_an_operation_asks_of_no_other(self) -> None:
        own, other = self.site.begin("own"), self.site.begin("other")
        for operation in (own, other):
            self.decide_unheard(operation)
        self.site.later_s = 60
        self.assertIs(self.site.durable.wait(own).verdict, Verdict.APPROVED)
        self.assertEqual(self.site.delivered(), [(own, "approved")])

    def test_two_tickets_of_one_tag_are_given_up_for_a_person_to_look(self) -> None:
        create = itsm().tickets.create

        def twice_and_die(connection: Connection, ticket: NewTicket) -> Any:
            create(connection, ticket)
            create(connection, ticket)
            raise KeyboardInterrupt

        with patch.object(itsm().tickets, "create", twice_and_die), self.assertRaises(KeyboardInterrupt):
            self.site.begin()
        operation = self.site.begin()
        with self.assertLogs("blueking_itsm") as logs:
            self.site.durable.tick(whatever=True)
        known = self.site.durable.operation(operation)
        assert known is not None and known.refused is not None
        for ticket in self.site.fake.show("tickets"):
            self.assertIn(ticket["sn"], known.refused)
            self.assertNotIn(ticket["tag"], str(logs.output))
        with self.assertRaises(NotSettled) as caught:
            self.site.durable.wait(operation)
        self.assertEqual(str(caught.exception), f"operation {operation} was given up: {known.refused}")

    def test_many_processes_share_a_table(self) -> None:
        operations = [self.site.begin(f"account {number}") for number in range(5)]
        for operation in operations:
            sn = self.site.sn(operation)
            self.site.fault("callback", fault="lost-callback")
            self.site.fake.tell("approve", sn=sn, who="admin")
            self.site.fake.called_back(sn)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: self.site.new().tick(whatever=True), range(4)))
        self.assertEqual(sorted(self.site.delivered()), sorted((one, "approved") for one in operations))

    def test_what_another_process_stored_meanwhile_is_not_overwritten(self) -> None:
        operation = self.site.begin()
        sn = self.site.sn(operation)
        self.site.fault("callback", fault="lost-callback")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.site.fake.called_back(sn)
        self.site.later_s = 60
        slow, quick, advance, calls = self.site.new(), self.site.new(), itsm().tracking.advance, 0

        def after_another(*of: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 1:
                quick.tick(whatever=True)
            return advance(*of)

        with patch.object(itsm().tracking, "advance", after_another):
            slow.tick(whatever=True)
        self.assertEqual(self.site.delivered(), [(operation, "approved")])
        # Only one of them had to ask.
        self.assertEqual(len(self.site.fake.requests("ticket_approval_result")), 1)

    def test_a_request_by_several_at_once_makes_one_ticket(self) -> None:
        with ThreadPoolExecutor(4) as threads:
            operations = set(threads.map(lambda _: self.site.begin(), range(4)))
        self.assertEqual(len(operations), 1)
        self.assertEqual(len(self.site.fake.show("tickets")), 1)


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
        with Site() as site:
            site.fault("callback", fault="lost-callback", times=9)
            arguments = [
                str(component()),
                site.fake.gateway,
                site.settings.callback_url,
                str(site.file),
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
            self.assertLessEqual(len(site.fake.show("tickets")), 1)
            life(0)
            (ticket,) = site.fake.show("tickets")
            site.fake.tell("approve", sn=site.fake.started(ticket["sn"]), who="admin")
            site.fake.called_back(ticket["sn"])
            deaths = [life(1), life(2), life(3)]
            self.assertIn(-signal.SIGKILL, {code for code, _ in deaths})
            self.assertEqual(life(0), (0, "lived\n"))
            self.assertEqual([verdict for _, verdict in site.delivered()], ["approved"])


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

    @patch("blueking_itsm.endpoint.CONFIRM_WITHIN_MS", 500)
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
