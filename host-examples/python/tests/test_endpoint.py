"""The example's gate: what it keeps, what its endpoint refuses, and what it makes up for."""

import io
import json
import socket
import sqlite3
import threading
import time
import unittest
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from blueking_itsm import ItsmError
from blueking_itsm.callbacks import Claims, Reply
from blueking_itsm.endpoint import NotSettled
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import (
    Ambiguous,
    AskPermission,
    CallbackTarget,
    Confirmation,
    Connection,
    CreatedTicket,
    Ended,
    Evidence,
    Foreign,
    Header,
    Missing,
    Open,
    Outcome,
    Ticket,
    Undecidable,
    Undecided,
    Untraceable,
    Verdict,
)
from example import ApprovalGate, CallbackServer, now_s

from .support import KEY, SECRET, Site, itsm

TICKET = Ticket("REQ1", "1", "t", "carol", "1", "FINISHED", "then", "now", (), "now", "http://127.0.0.1/")


class Endpoint(unittest.TestCase):
    def setUp(self) -> None:
        self.log = self.enterContext(redirect_stdout(io.StringIO()))
        self.site = self.enterContext(Site())

    def tearDown(self) -> None:
        tags = [ticket["tag"] for ticket in self.site.fake.show("tickets")]
        for secret in [SECRET, KEY, self.site.fake.show("token"), *filter(None, tags)]:
            self.assertNotIn(secret, self.log.getvalue())

    def ended(self, operation: str, sn: str) -> dict[str, Any]:
        """The outcome of an operation whose ticket has ended, and whose callback was taken."""
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        outcome = self.site.gate.outcome(operation)
        assert outcome is not None
        self.assertEqual(outcome["ticket"]["sn"], sn)
        return outcome

    def claim(self, sn: str) -> dict[str, object]:
        return {"sn": sn, "current_status": "FINISHED", "approve_result": True, "token": self.site.fake.show("token")}

    def test_an_ended_ticket_is_kept_for_its_operation_and_itsm_counts_it_as_delivered(self) -> None:
        for act, verdict, approved in [("approve", Verdict.APPROVED, True), ("refuse", Verdict.REJECTED, False)]:
            with self.subTest(act):
                operation, sn = self.site.ask()
                self.site.fake.tell(act, sn=sn, who="admin")
                outcome = self.ended(operation, sn)
                self.assertEqual((outcome["verdict"], outcome["evidence"]), (verdict, Evidence.APPROVAL_RESULT))
                decisions = [(decision["operator"], decision["approved"]) for decision in outcome["decisions"]]
                self.assertEqual(decisions, [("admin", approved)])
                self.assertIs(self.site.gate.wait(operation), verdict)

    def test_ones_own_withdrawal_can_be_called_back_while_it_waits(self) -> None:
        operation, sn = self.site.ask()
        itsm().operations.withdraw(self.site.connection, sn, "carol", "no longer needed")
        # ITSM answers a withdrawal after its callback.
        self.assertTrue(self.site.fake.show("callbacks")[0]["delivered"])
        self.assertEqual(self.ended(operation, sn)["verdict"], Verdict.WITHDRAWN)

    def test_what_a_genuine_header_comes_with_is_not_believed(self) -> None:
        approved = self.site.finished()
        operation, sn = self.site.ask()
        for claimed, what in [(approved, "foreign"), (sn, "open"), ("NOBODYS", "foreign")]:
            with self.subTest(claimed):
                self.assertEqual(self.site.post(self.site.binding(operation), self.claim(claimed)), 1)
                self.assertTrue(self.log.getvalue().endswith(f"callback refused: '{claimed}' is {what}\n"))
                self.assertIsNone(self.site.gate.outcome(operation))

    def test_a_thief_of_the_header_who_approves_a_ticket_of_his_own_gets_nothing(self) -> None:
        """ITSM's own callback, with a genuine header: what he does not know is the tag."""
        operation, sn = self.site.ask()
        stolen = CallbackTarget(self.site.gate.callback_url, self.site.binding(operation))
        for tag in [operation, itsm().tickets.new_tag()]:
            with self.subTest(tag):
                his = self.site.create(
                    NewTicket(tag, FastApproval(["mallory"], "mine"), "mallory", "mine", callback=stolen)
                ).sn
                self.site.fake.tell("approve", sn=self.site.fake.started(his), who="mallory")
                sent = self.site.fake.called_back(his)
                self.assertEqual((sent["delivered"], sent["lost"]), (False, False))
                self.assertTrue(self.log.getvalue().endswith(f"callback refused: '{his}' is foreign\n"))
                self.assertIsNone(self.site.gate.outcome(operation))
                self.assertEqual(self.site.status(sn), "RUNNING")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertEqual(self.ended(operation, sn)["verdict"], Verdict.APPROVED)

    def test_only_an_ended_ticket_is_taken_whatever_it_ended_as(self) -> None:
        answers: list[tuple[Confirmation, str]] = [
            (Open(TICKET), "'REQ1' is open"),
            (Undecided(TICKET), "'REQ1' is undecided"),
            (Undecidable(TICKET, "its log is cut"), "'REQ1' is undecidable: its log is cut"),
            (Foreign(), "'REQ1' is foreign"),
            (Missing(), "'REQ1' is missing"),
            (Ambiguous((TICKET, TICKET)), "'REQ1' is ambiguous"),
            (Untraceable(), "'REQ1' is untraceable"),
        ]
        operation, _ = self.site.ask()
        header = self.site.binding(operation)
        for answer, words in answers:
            with self.subTest(words), patch.object(itsm().tickets, "confirm", return_value=answer):
                self.assertEqual(self.site.post(header, self.claim("REQ1")), 1)
                self.assertTrue(self.log.getvalue().endswith(f"callback refused: {words}\n"))
                self.assertIsNone(self.site.gate.outcome(operation))
        for verdict in set(Verdict) - {Verdict.OPEN}:
            operation, _ = self.site.ask()
            ended = Ended(Outcome(TICKET, verdict, Evidence.STATUS, ()))
            with self.subTest(verdict), patch.object(itsm().tickets, "confirm", return_value=ended):
                self.assertEqual(self.site.post(self.site.binding(operation), self.claim("REQ1")), 0)
                self.assertIs(self.site.gate.wait(operation), verdict)

    def test_the_first_outcome_to_come_is_kept(self) -> None:
        operation, sn = self.site.ask()
        self.site.fake.tell("approve", sn=sn, who="admin")
        first = self.ended(operation, sn)
        another = Ended(Outcome(TICKET, Verdict.REJECTED, Evidence.STATUS, ()))
        with patch.object(itsm().tickets, "confirm", return_value=another):
            self.assertEqual(self.site.post(self.site.binding(operation), self.claim(sn)), 0)
        self.assertEqual(self.site.gate.outcome(operation), first)

    def test_an_outcome_for_an_operation_that_was_never_stored_is_refused(self) -> None:
        url = self.site.gate.callback_url
        binding = itsm().callbacks.bind(KEY, Claims("elsewhere", url, int(time.time()) + 3600))
        target = CallbackTarget(url, [binding.header])
        ticket = NewTicket(binding.tag, FastApproval(["admin"], "please"), "carol", "title", callback=target)
        sn = self.site.fake.started(self.site.create(ticket).sn)
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertFalse(self.site.fake.called_back(sn)["delivered"])
        self.assertEqual(self.log.getvalue(), "callback refused: operation elsewhere is not in the database\n")

    def test_junk_leads_to_no_call(self) -> None:
        operation, sn = self.site.ask()
        name, genuine = self.site.binding(operation)[0]
        before = len(self.site.fake.show("exchanges"))
        for what, headers, body in [
            ("no header", [], self.claim(sn)),
            ("another header", [("X-Other", genuine)], self.claim(sn)),
            ("no binding", [(name, "junk")], self.claim(sn)),
            ("a changed binding", [(name, genuine[:-1] + ("0" if genuine[-1] != "0" else "1"))], self.claim(sn)),
            ("not ASCII", [(name, "\xff\xfe")], self.claim(sn)),
            ("no body", [], b""),
            ("no JSON under a genuine binding", [(name, genuine)], b"{"),
            ("too large a body under a genuine binding", [(name, genuine)], b"x" * 70_000),
            ("a length that is none", [("Content-Length", "many")], b""),
        ]:
            with self.subTest(what):
                self.assertEqual(self.site.post(headers, body), 1)
        self.assertEqual(len(self.site.fake.show("exchanges")), before)
        self.assertIsNone(self.site.gate.outcome(operation))

    def test_what_comes_is_judged_before_it_is_read_and_the_log_says_why(self) -> None:
        operation, _ = self.site.ask()
        genuine = self.site.binding(operation)[0][1]
        check = '{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}'
        whole = f"content-length: {len(check)}\r\n\r\n{check}"
        pieces = "".join(f"{len(piece):x};a=b\r\n{piece}\r\n" for piece in [check[:20], check[20:]])
        slow = "content-length: 10\r\n\r\n{"
        bound, here = f"X-Itsm-Binding: {genuine}\r\n", "/itsm/callback"
        elsewhere, broken = "received at the path", "the body broke off, or came too slowly"
        form = "there twice, or is not of its form"

        def binding(url: str, expires_s: int) -> str:
            return ": ".join(itsm().callbacks.bind(KEY, Claims(operation, url, expires_s)).header) + "\r\n"

        for what, path, headers, body, status, code, line in [
            ("in chunks", here, bound, f"transfer-encoding: chunked\r\n\r\n{pieces}0\r\n\r\n", 200, 0, ""),
            ("a blank before the value", here, f"X-Itsm-Binding:  \t{genuine} \r\n", whole, 200, 0, ""),
            ("a query", f"{here}?a=b", bound, whole, 200, 0, ""),
            ("another path", "/itsm", bound, whole, 404, 1, elsewhere),
            ("a longer path", f"{here}/", bound, whole, 404, 1, elsewhere),
            ("another path, unread", "/", bound, slow, 404, 1, elsewhere),
            ("the header twice", here, bound * 2, whole, 200, 1, form),
            ("a header that is no text", here, "X-Itsm-Binding: \xff\xfe\r\n", whole, 200, 1, form),
            ("an expired binding", here, binding(self.site.gate.callback_url, 1), whole, 200, 1, "has expired"),
            ("another callback address", here, binding("http://gate/", 2**40), whole, 200, 1, "compare the address"),
            ("a slow body", here, bound, slow, 200, 1, broken),
            ("half of the chunks", here, bound, f"transfer-encoding: chunked\r\n\r\n{pieces}", 200, 1, broken),
            ("no chunks", here, bound, f"transfer-encoding: chunked\r\n\r\n{check}", 200, 1, broken),
        ]:
            with self.subTest(what):
                before = len(self.log.getvalue())
                with socket.create_connection(("127.0.0.1", self.site.server.server_port), timeout=60) as connection:
                    connection.sendall(f"POST {path} HTTP/1.1\r\nhost: gate\r\n{headers}{body}".encode("latin-1"))
                    answer = connection.makefile("rb").read().decode()
                self.assertRegex(answer, rf'^HTTP/1\.\d {status} [^$]*"code":{code}\b')
                log = self.log.getvalue()[before:]
                self.assertIn(line, log)
                self.assertNotIn(genuine, log + answer)

    def test_a_body_that_trickles_in_ends_all_the_same(self) -> None:
        operation, _ = self.site.ask()
        genuine = self.site.binding(operation)[0][1]
        address = ("127.0.0.1", self.site.server.server_port)
        with patch("example.READ_WITHIN_S", 1), socket.create_connection(address, timeout=60) as connection:
            connection.sendall(f"POST /itsm/callback HTTP/1.1\r\nX-Itsm-Binding: {genuine}\r\n".encode())
            connection.sendall(b"content-length: 100000\r\n\r\n")
            answer: list[bytes] = []
            reading = threading.Thread(target=lambda: answer.append(connection.makefile("rb").read()))
            reading.start()
            while reading.is_alive():
                try:
                    connection.sendall(b" ")
                except OSError:
                    break
                time.sleep(0.02)
            reading.join()
        self.assertIn(b'"code":1', answer[0])
        self.assertIn("the body broke off, or came too slowly", self.log.getvalue())

    def test_a_self_check_is_accepted_if_its_binding_holds_and_makes_no_call(self) -> None:
        operation, _ = self.site.ask()
        check = {"sn": "ITSM-SELF-CHECK", "current_status": "FINISHED", "approve_result": False}
        before = len(self.site.fake.show("exchanges"))
        self.assertEqual(self.site.post(self.site.binding(operation), check), 0)
        self.assertEqual(self.site.post([], check), 1)
        self.assertEqual(len(self.site.fake.show("exchanges")), before)
        self.assertIsNone(self.site.gate.outcome(operation))

    def test_a_callback_that_itsm_does_not_confirm_in_time_is_refused(self) -> None:
        operation, sn = self.site.ask()
        self.site.fake.tell("fault", action="get_tickets", fault="hang", times=9)
        with patch("blueking_itsm.endpoint.CONFIRM_WITHIN_MS", 200):
            self.assertEqual(self.site.post(self.site.binding(operation), self.claim(sn)), 1)
        self.assertIsNone(self.site.gate.outcome(operation))

    def test_stopping_waits_for_what_is_being_answered(self) -> None:
        begun, answered = threading.Event(), []

        class Slow:
            callback_url = "http://127.0.0.1/"

            def receive(self, headers: Sequence[Header], body: bytes) -> Reply:
                begun.set()
                time.sleep(1)
                answered.append(body)
                return itsm().callbacks.accepted()

        server = CallbackServer("127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.server_port}/"
        server.start(cast(ApprovalGate, Slow()))
        with ThreadPoolExecutor() as threads:
            posted = threads.submit(urllib.request.urlopen, url, b"a callback")
            begun.wait()
            server.stop()
            self.assertEqual(answered, [b"a callback"])
            with posted.result() as answer:
                self.assertEqual(answer.status, 200)


class Durable(unittest.TestCase):
    """Each time the same is asked for again, it is a gate that begins anew with what is in the database."""

    def setUp(self) -> None:
        self.log = self.enterContext(redirect_stdout(io.StringIO()))
        self.site = self.enterContext(Site())

    def ask(self, decide_within_s: int | None = None) -> tuple[ApprovalGate, str]:
        gate = self.site.new_gate()
        return gate, gate.ask("carol", "a lasting one", ["admin"], decide_within_s)

    def ask_when_it_is_late(self) -> None:
        hour_later = now_s() + 3600
        with patch("example.now_s", lambda: hour_later):
            self.ask()

    def only_ticket(self) -> str:
        (ticket,) = self.site.fake.show("tickets")
        return self.site.fake.started(ticket["sn"])

    def fault(self, action: str, fault: str, times: int = 1) -> None:
        self.site.fake.tell("fault", action=action, fault=fault, times=times)

    def deny(self, action: str) -> None:
        words = "App has no permission"
        self.site.fake.tell("fault", action=action, fault="gateway", status=403, code=1640301, message=words)

    def test_what_finds_the_ticket_again_is_stored_before_it_is_made_and_for_this_user_alone(self) -> None:
        database = Path(self.site.folder.name, "gate.sqlite")
        create, stored = itsm().tickets.create, list[tuple[str, str]]()

        def look_and_create(connection: Connection, ticket: NewTicket) -> CreatedTicket:
            with closing(sqlite3.connect(database)) as beside:
                stored.extend(beside.execute("SELECT id, ticket FROM itsm_operation"))
            return create(connection, ticket)

        with patch.object(itsm().tickets, "create", look_and_create):
            _, operation = self.ask()
        tag = self.site.fake.show("tickets")[0]["tag"]
        ((known, kept),) = stored
        self.assertEqual((known, json.loads(kept)["tag"]), (operation, tag))
        self.assertNotEqual(tag, operation)
        self.assertEqual(database.stat().st_mode & 0o777, 0o600)

    def test_a_ticket_that_is_not_known_to_have_been_made_is_found_and_not_made_twice(self) -> None:
        create = itsm().tickets.create

        def create_and_die(connection: Connection, ticket: NewTicket) -> CreatedTicket:
            create(connection, ticket)
            raise KeyboardInterrupt

        with patch.object(itsm().tickets, "create", create_and_die), self.assertRaises(KeyboardInterrupt):
            self.ask()
        gate, operation = self.ask()
        ticket = gate.ticket(operation)
        assert ticket is not None
        self.assertEqual(ticket.sn, self.only_ticket())

    def test_a_ticket_whose_answer_was_lost_is_found_at_once_or_when_it_can_be_looked_up(self) -> None:
        self.fault("create_ticket", "drop-after-executing")
        # When its answer was lost, and at the tick after that.
        self.deny("get_tickets")
        self.deny("get_tickets")
        gate, operation = self.ask()
        self.assertIsNone(gate.ticket(operation))
        self.assertIn("(advice: ask-permission; ITSM did nothing)", self.log.getvalue())
        self.ask()
        ticket = gate.ticket(operation)
        assert ticket is not None
        self.assertEqual(ticket.sn, self.only_ticket())

    def test_a_ticket_that_was_refused_is_printed_and_can_be_asked_for_again(self) -> None:
        self.deny("create_ticket")
        with self.assertRaises(ItsmError) as caught:
            self.ask()
        self.assertEqual((caught.exception.advice, caught.exception.may_have_acted), (AskPermission(), False))
        gate, operation = self.ask()
        self.assertIsNotNone(gate.ticket(operation))
        self.only_ticket()

    def test_a_lost_callback_is_made_up_for_by_asking(self) -> None:
        gate, operation = self.ask()
        sn = self.only_ticket()
        self.fault("callback", "lost-callback")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["lost"])
        self.deny("get_tickets")
        self.assertEqual(self.ask()[1], operation)
        self.assertIsNone(gate.outcome(operation))
        self.ask()
        self.assertIs(gate.wait(operation), Verdict.APPROVED)
        self.assertEqual(self.only_ticket(), sn)

    def test_a_ticket_that_nobody_decides_in_time_is_taken_back(self) -> None:
        gate, operation = self.ask(decide_within_s=60)
        sn = self.only_ticket()
        self.ask()
        self.assertEqual(self.site.status(sn), "RUNNING")
        self.ask_when_it_is_late()
        self.assertIs(gate.wait(operation), Verdict.WITHDRAWN)
        self.assertEqual(self.site.status(sn), "REVOKED")
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])

    def test_a_decision_that_came_in_time_wins(self) -> None:
        gate, operation = self.ask(decide_within_s=60)
        sn = self.only_ticket()
        self.fault("callback", "lost-callback")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["lost"])
        self.ask_when_it_is_late()
        self.assertIs(gate.wait(operation), Verdict.APPROVED)

    def test_a_withdrawal_that_itsm_refuses_is_reported_and_the_ticket_goes_on_being_awaited(self) -> None:
        gate, operation = self.ask(decide_within_s=60)
        sn = self.only_ticket()
        self.deny("operate_ticket")
        self.ask_when_it_is_late()
        self.assertEqual(self.log.getvalue().count(f"operation {operation}: "), 1)
        self.assertIn("App has no permission", self.log.getvalue())
        self.assertEqual(self.site.status(sn), "RUNNING")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        self.assertIs(gate.wait(operation), Verdict.APPROVED)

    def test_an_operation_with_two_tickets_is_given_up_for_a_person_to_look(self) -> None:
        create = itsm().tickets.create

        def create_twice_and_die(connection: Connection, ticket: NewTicket) -> CreatedTicket:
            create(connection, ticket)
            create(connection, ticket)
            raise KeyboardInterrupt

        with patch.object(itsm().tickets, "create", create_twice_and_die), self.assertRaises(KeyboardInterrupt):
            self.ask()
        gate, operation = self.ask()
        for ticket in self.site.fake.show("tickets"):
            self.assertIn(ticket["sn"], self.log.getvalue())
        with self.assertRaisesRegex(NotSettled, f"^operation {operation} was given up: a person must look$"):
            gate.wait(operation)
