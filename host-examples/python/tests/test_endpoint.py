"""The endpoint of a durable loop under the package's own server: what it takes, what it refuses, and that server."""

import socket
import threading
import time
import unittest
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

from blueking_itsm.callbacks import Claims
from blueking_itsm.serving import Server
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import (
    Ambiguous,
    CallbackTarget,
    Confirmation,
    Ended,
    Evidence,
    Foreign,
    Missing,
    Open,
    Outcome,
    Ticket,
    Undecidable,
    Undecided,
    Untraceable,
    Verdict,
)

from .support import KEY, SECRET, Site, itsm, logged

TICKET = Ticket("REQ1", "1", "t", "carol", "1", "FINISHED", "then", "now", (), "now", "http://127.0.0.1/")


class Endpoint(unittest.TestCase):
    def setUp(self) -> None:
        self.log = self.enterContext(logged())
        self.site = self.enterContext(Site())

    def tearDown(self) -> None:
        tags = [ticket["tag"] for ticket in self.site.fake.show("tickets")]
        for secret in [SECRET, KEY, self.site.fake.show("token"), *filter(None, tags)]:
            self.assertNotIn(secret, str(self.log))

    def ended(self, operation: str, sn: str) -> Outcome:
        """The outcome of an operation whose ticket has ended, and whose callback was taken."""
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        outcome = self.site.outcome(operation)
        assert outcome is not None
        self.assertEqual(outcome.ticket.sn, sn)
        return outcome

    def claim(self, sn: str) -> dict[str, object]:
        return {"sn": sn, "current_status": "FINISHED", "approve_result": True, "token": self.site.fake.show("token")}

    def test_an_ended_ticket_is_kept_for_its_operation_and_itsm_counts_it_as_delivered(self) -> None:
        for act, verdict, approved in [("approve", Verdict.APPROVED, True), ("refuse", Verdict.REJECTED, False)]:
            with self.subTest(act):
                operation, sn = self.site.ask()
                self.site.fake.tell(act, sn=sn, who="admin")
                outcome = self.ended(operation, sn)
                self.assertEqual((outcome.verdict, outcome.evidence), (verdict, Evidence.APPROVAL_RESULT))
                decisions = [(decision.operator, decision.approved) for decision in outcome.decisions]
                self.assertEqual(decisions, [("admin", approved)])

    def test_ones_own_withdrawal_can_be_called_back_while_it_waits(self) -> None:
        operation, sn = self.site.ask()
        itsm().operations.withdraw(self.site.connection, sn, "carol", "no longer needed")
        # ITSM answers a withdrawal after its callback.
        self.assertTrue(self.site.fake.show("callbacks")[0]["delivered"])
        self.assertEqual(self.ended(operation, sn).verdict, Verdict.WITHDRAWN)

    def test_what_a_genuine_header_comes_with_is_not_believed(self) -> None:
        approved = self.site.finished()
        operation, sn = self.site.ask()
        for claimed, what in [(approved, "foreign"), (sn, "open"), ("NOBODYS", "foreign")]:
            with self.subTest(claimed):
                self.assertEqual(self.site.post(self.site.binding(operation), self.claim(claimed)), 1)
                self.assertEqual(self.log[-1], f"callback refused: '{claimed}' is {what}")
                self.assertIsNone(self.site.outcome(operation))

    def test_a_thief_of_the_header_who_approves_a_ticket_of_his_own_gets_nothing(self) -> None:
        """ITSM's own callback, with a genuine header: what he does not know is the tag."""
        operation, sn = self.site.ask()
        stolen = CallbackTarget(self.site.callback_url, self.site.binding(operation))
        for tag in [operation, itsm().tickets.new_tag()]:
            with self.subTest(tag):
                his = self.site.create(
                    NewTicket(tag, FastApproval(["mallory"], "mine"), "mallory", "mine", callback=stolen)
                ).sn
                self.site.fake.tell("approve", sn=self.site.fake.started(his), who="mallory")
                sent = self.site.fake.called_back(his)
                self.assertEqual((sent["delivered"], sent["lost"]), (False, False))
                self.assertEqual(self.log[-1], f"callback refused: '{his}' is foreign")
                self.assertIsNone(self.site.outcome(operation))
                self.assertEqual(self.site.status(sn), "RUNNING")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertEqual(self.ended(operation, sn).verdict, Verdict.APPROVED)

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
                self.assertEqual(self.log[-1], f"callback refused: {words}")
                self.assertIsNone(self.site.outcome(operation))
        for verdict in set(Verdict) - {Verdict.OPEN}:
            operation, _ = self.site.ask()
            ended = Ended(Outcome(TICKET, verdict, Evidence.STATUS, ()))
            with self.subTest(verdict), patch.object(itsm().tickets, "confirm", return_value=ended):
                self.assertEqual(self.site.post(self.site.binding(operation), self.claim("REQ1")), 0)
                self.assertIs(self.site.durable.wait(operation).verdict, verdict)

    def test_the_first_outcome_to_come_is_kept(self) -> None:
        operation, sn = self.site.ask()
        self.site.fake.tell("approve", sn=sn, who="admin")
        first = self.ended(operation, sn)
        another = Ended(Outcome(TICKET, Verdict.REJECTED, Evidence.STATUS, ()))
        with patch.object(itsm().tickets, "confirm", return_value=another):
            self.assertEqual(self.site.post(self.site.binding(operation), self.claim(sn)), 0)
        self.assertEqual(self.site.outcome(operation), first)

    def test_an_outcome_for_an_operation_that_was_never_stored_is_refused(self) -> None:
        url = self.site.callback_url
        binding = itsm().callbacks.bind(KEY, Claims("elsewhere", url, int(time.time()) + 3600))
        target = CallbackTarget(url, [binding.header])
        ticket = NewTicket(binding.tag, FastApproval(["admin"], "please"), "carol", "title", callback=target)
        sn = self.site.fake.started(self.site.create(ticket).sn)
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertFalse(self.site.fake.called_back(sn)["delivered"])
        self.assertEqual(self.log, ["callback refused: operation elsewhere is not in the database"])

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
        self.assertIsNone(self.site.outcome(operation))

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
            ("an expired binding", here, binding(self.site.callback_url, 1), whole, 200, 1, "has expired"),
            ("another callback address", here, binding("http://gate/", 2**40), whole, 200, 1, "compare the address"),
            ("a slow body", here, bound, slow, 200, 1, broken),
            ("half of the chunks", here, bound, f"transfer-encoding: chunked\r\n\r\n{pieces}", 200, 1, broken),
            ("half of a chunk", here, bound, f"transfer-encoding: chunked\r\n\r\n100\r\n{check}", 200, 1, broken),
            ("a chunk below zero", here, bound, f"transfer-encoding: chunked\r\n\r\n-1\r\n{check}", 200, 1, broken),
            ("no chunks", here, bound, f"transfer-encoding: chunked\r\n\r\n{check}", 200, 1, broken),
        ]:
            with self.subTest(what), patch("blueking_itsm.serving.READ_WITHIN_S", 1):
                self.log.clear()
                with socket.create_connection(("127.0.0.1", self.site.server.server_port), timeout=60) as connection:
                    connection.sendall(f"POST {path} HTTP/1.1\r\nhost: gate\r\n{headers}{body}".encode("latin-1"))
                    answer = connection.makefile("rb").read().decode()
                self.assertRegex(answer, rf'^HTTP/1\.\d {status} [^$]*"code":{code}\b')
                self.assertIn(line, str(self.log))
                self.assertEqual(len(self.log), int(bool(line)))
                self.assertNotIn(genuine, str(self.log) + answer)

    def test_a_body_that_trickles_in_ends_all_the_same(self) -> None:
        operation, _ = self.site.ask()
        genuine = self.site.binding(operation)[0][1]
        address = ("127.0.0.1", self.site.server.server_port)
        with (
            patch("blueking_itsm.serving.READ_WITHIN_S", 1),
            socket.create_connection(address, timeout=60) as connection,
        ):
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
        self.assertIn("the body broke off, or came too slowly", str(self.log))

    def test_a_self_check_is_accepted_if_its_binding_holds_and_makes_no_call(self) -> None:
        operation, _ = self.site.ask()
        check = {"sn": "ITSM-SELF-CHECK", "current_status": "FINISHED", "approve_result": False}
        before = len(self.site.fake.show("exchanges"))
        self.assertEqual(self.site.post(self.site.binding(operation), check), 0)
        self.assertEqual(self.site.post([], check), 1)
        self.assertEqual(len(self.site.fake.show("exchanges")), before)
        self.assertIsNone(self.site.outcome(operation))

    def test_a_callback_that_itsm_does_not_confirm_in_time_is_refused(self) -> None:
        operation, sn = self.site.ask()
        self.site.fake.tell("fault", action="get_tickets", fault="hang", times=9)
        with patch("blueking_itsm.endpoint.CONFIRM_WITHIN_MS", 200):
            self.assertEqual(self.site.post(self.site.binding(operation), self.claim(sn)), 1)
        self.assertIsNone(self.site.outcome(operation))


def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A WSGI application that says what it was sent."""
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def posted(address: str) -> bytes:
    """What a server answers to a body."""
    with urllib.request.urlopen(f"http://{address}/", b"a body", timeout=60) as answer:
        return bytes(answer.read())


class TheServer(unittest.TestCase):
    def test_it_listens_where_it_is_told_to_and_says_at_which_port(self) -> None:
        # Whoever asks the name server for this machine's name may wait for long.
        with patch("socket.getfqdn", side_effect=AssertionError("a name server was asked")):
            for listen, pattern in [
                ("127.0.0.1:0", r"^127\.0\.0\.1:[1-9][0-9]*$"),
                ("localhost:0", r"^127\.0\.0\.1:[1-9][0-9]*$"),
                ("0.0.0.0:0", r"^0\.0\.0\.0:[1-9][0-9]*$"),
                ("[::1]:0", r"^\[::1\]:[1-9][0-9]*$"),
            ]:
                with self.subTest(listen), Server(listen, answering) as server:
                    self.assertRegex(server.address, pattern)
                    self.assertEqual(posted(server.address), b"a body")
                with self.subTest(listen), Server(server.address, answering) as again:
                    self.assertEqual(again.address, server.address)

    def test_an_address_that_is_none_or_can_not_be_listened_on_is_named(self) -> None:
        for listen in ["8080", ":8080", "a:b", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "[::1:80", ""]:
            with self.subTest(listen), self.assertRaises(ValueError) as wrong:
                Server(listen, answering)
            self.assertEqual(str(wrong.exception), f"{listen} is no address with a port, such as 0.0.0.0:8080")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = f"127.0.0.1:{taken.getsockname()[1]}"
            with self.assertRaises(OSError) as refused:
                Server(busy, answering)
        self.assertEqual(str(refused.exception), f"[Errno 98] Address already in use: '{busy}'")

    def test_stopping_waits_for_what_is_being_answered(self) -> None:
        begun, goes_on, stopped = threading.Event(), threading.Event(), threading.Event()

        def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            begun.set()
            goes_on.wait()
            return answering(environ, start_response)

        def serve() -> None:
            with Server("127.0.0.1:0", slow) as server:
                asked.append(threads.submit(posted, server.address))
                begun.wait()
            stopped.set()

        asked: list[Any] = []
        with ThreadPoolExecutor() as threads:
            serving = threads.submit(serve)
            begun.wait()
            # Long enough for a server that does not wait.
            waits = not stopped.wait(1)
            goes_on.set()
            serving.result()
            self.assertTrue(waits)
            self.assertEqual(asked[0].result(), b"a body")
