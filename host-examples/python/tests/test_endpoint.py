"""The example's endpoint: what it hands over, and what it refuses."""

import io
import threading
import time
import unittest
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from queue import Empty

from blueking_itsm import ItsmError
from blueking_itsm.callbacks import Reply
from blueking_itsm.types import Header, LookUp, Outcome, Verdict
from example import CallbackServer, Gate

from .support import KEY, SECRET, Site, itsm


class Endpoint(unittest.TestCase):
    def setUp(self) -> None:
        self.said = self.enterContext(redirect_stdout(io.StringIO()))
        self.site = self.enterContext(Site())

    def tearDown(self) -> None:
        for secret in [SECRET, KEY, self.site.fake.show("token")]:
            self.assertNotIn(secret, self.said.getvalue())

    def handed_over(self) -> tuple[str, Outcome]:
        return self.site.gate.outcomes.get(timeout=10)

    def assert_nothing_is_handed_over(self) -> None:
        with self.assertRaises(Empty):
            self.site.gate.outcomes.get_nowait()

    def test_an_ended_ticket_is_handed_over_with_its_operation_and_itsm_counts_it_as_delivered(self) -> None:
        for act, verdict in [("approve", Verdict.APPROVED), ("refuse", Verdict.REJECTED)]:
            with self.subTest(act):
                operation, sn = self.site.ask()
                self.site.fake.tell(act, sn=sn, who="admin")
                of, outcome = self.handed_over()
                self.assertEqual((of, outcome.ticket.sn, outcome.verdict), (operation, sn, verdict))
                self.assertTrue(self.site.fake.called_back(sn)["delivered"])

    def test_ones_own_withdrawal_can_be_called_back_while_it_waits(self) -> None:
        operation, sn = self.site.ask()
        itsm().operations.withdraw(self.site.connection, sn, "carol", "no longer needed")
        # ITSM answers a withdrawal after its callback.
        self.assertTrue(self.site.fake.show("callbacks")[0]["delivered"])
        of, outcome = self.handed_over()
        self.assertEqual((of, outcome.verdict), (operation, Verdict.WITHDRAWN))

    def test_what_a_genuine_header_comes_with_is_not_believed(self) -> None:
        approved = self.site.finished()
        operation, open_ticket = self.site.ask()
        token = self.site.fake.show("token")
        for claimed in [approved, open_ticket, "NOBODYS"]:
            with self.subTest(claimed):
                forged = {"sn": claimed, "current_status": "FINISHED", "approve_result": True, "token": token}
                self.assertEqual(self.site.post(self.site.binding(operation), forged), 1)
                self.assert_nothing_is_handed_over()

    def test_junk_leads_to_no_call(self) -> None:
        operation, sn = self.site.ask()
        claim = {"sn": sn, "current_status": "FINISHED", "approve_result": True}
        name, genuine = self.site.binding(operation)[0]
        before = len(self.site.fake.show("exchanges"))
        for what, headers, body in [
            ("no header", [], claim),
            ("another header", [("X-Other", genuine)], claim),
            ("no binding", [(name, "junk")], claim),
            ("a changed binding", [(name, genuine[:-1] + ("0" if genuine[-1] != "0" else "1"))], claim),
            ("not ASCII", [(name, "\xff\xfe")], claim),
            ("no body", [], b""),
            ("no JSON under a genuine binding", [(name, genuine)], b"{"),
            ("too large a body under a genuine binding", [(name, genuine)], b"x" * 70_000),
            ("a length that is none", [("Content-Length", "many")], b""),
        ]:
            with self.subTest(what):
                self.assertEqual(self.site.post(headers, body), 1)
        self.assertEqual(len(self.site.fake.show("exchanges")), before)
        self.assert_nothing_is_handed_over()

    def test_a_self_check_is_accepted_if_its_binding_holds_and_makes_no_call(self) -> None:
        operation, _ = self.site.ask()
        check = {"sn": "ITSM-SELF-CHECK", "current_status": "FINISHED", "approve_result": False}
        before = len(self.site.fake.show("exchanges"))
        self.assertEqual(self.site.post(self.site.binding(operation), check), 0)
        self.assertEqual(self.site.post([], check), 1)
        self.assertEqual(len(self.site.fake.show("exchanges")), before)
        self.assert_nothing_is_handed_over()

    def test_a_callback_that_itsm_does_not_confirm_in_time_is_refused(self) -> None:
        operation, sn = self.site.ask()
        self.site.fake.tell("fault", action="get_tickets", fault="slow", ms=5_000, times=9)
        claim = {"sn": sn, "current_status": "FINISHED", "approve_result": True}
        self.assertEqual(self.site.post(self.site.binding(operation), claim), 1)
        self.assert_nothing_is_handed_over()

    def test_a_lost_callback_is_made_up_for_by_asking(self) -> None:
        operation, sn = self.site.ask()
        self.site.fake.tell("fault", action="callback", fault="lost-callback")
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertTrue(self.site.fake.called_back(sn)["lost"])
        self.site.fake.tell("fault", action="get_tickets", fault="html", times=9)
        self.assertEqual(self.site.gate.wait(operation, sn, patience_s=0.1).verdict, Verdict.APPROVED)

    def test_a_ticket_whose_answer_was_lost_is_found_and_not_made_twice(self) -> None:
        self.site.fake.tell("fault", action="create_ticket", fault="drop-after-executing")
        operation, sn = self.site.ask()
        self.assertEqual([(one["sn"], one["tag"]) for one in self.site.fake.show("tickets")], [(sn, operation)])

    def test_a_lost_answer_that_can_not_be_looked_up_stays_unclear(self) -> None:
        self.site.fake.tell("fault", action="create_ticket", fault="drop-after-executing")
        self.site.fake.tell("fault", action="get_tickets", fault="html", times=9)
        with self.assertRaises(ItsmError) as caught:
            self.site.ask()
        self.assertEqual((caught.exception.advice, caught.exception.may_have_acted), (LookUp(), True))

    def test_stopping_waits_for_what_is_being_answered(self) -> None:
        begun, answered = threading.Event(), []

        class Slow(Gate):
            def receive(self, headers: Sequence[Header], body: bytes) -> Reply:
                begun.set()
                time.sleep(1)
                answered.append(body)
                return itsm().callbacks.accepted()

        server = CallbackServer("127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.server_port}/"
        server.start(Slow(itsm(), self.site.connection, url, KEY))
        with ThreadPoolExecutor() as threads:
            posted = threads.submit(urllib.request.urlopen, url, b"a callback")
            begun.wait()
            server.stop()
            self.assertEqual(answered, [b"a callback"])
            with posted.result() as answer:
                self.assertEqual(answer.status, 200)
