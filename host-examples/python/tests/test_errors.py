"""What errors say, and what nothing says."""

import pickle
import traceback
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from tempfile import NamedTemporaryFile
from typing import Any, cast

import blueking_itsm
from blueking_itsm import Itsm, ItsmError
from blueking_itsm.callbacks import BindingError, BoundCallback, Claims, Expired
from blueking_itsm.tickets import FastApproval, NewTicket, TicketFilter, UserFilter, UserView
from blueking_itsm.tracking import Tick
from blueking_itsm.types import (
    AccessToken,
    AppCredentials,
    CallbackTarget,
    Connection,
    Credential,
    Field,
    Found,
    Gateway,
    LoginToken,
    LookUp,
    Origin,
    User,
    UserName,
)
from fake_itsm import component

from .support import CODE, KEY, SECRET, Site, itsm

CONNECTION = Connection(Gateway("http://127.0.0.1:1/api/bk-itsm/prod"), AppCredentials(CODE, SECRET))
CANARY = "canary-of-a-token"


class Lost(unittest.TestCase):
    def test_a_lost_answer_says_that_itsm_may_have_acted_and_the_ticket_is_found(self) -> None:
        with Site() as site:
            site.fake.tell("fault", action="create_ticket", fault="drop-after-executing")
            ticket = NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "title")
            with self.assertRaises(ItsmError) as caught:
                site.create(ticket)
            error = caught.exception
            self.assertEqual((error.advice, error.may_have_acted, error.origin), (LookUp(), True, Origin.TRANSPORT))
            self.assertIn("(advice: look-up; ITSM may have acted)", str(error))
            found = itsm().tickets.recover(site.connection, ticket)
            assert isinstance(found, Found)
            self.assertEqual([one["sn"] for one in site.fake.show("tickets")], [found.value.sn])

    def test_one_except_takes_every_error_of_the_package(self) -> None:
        of_package = [getattr(blueking_itsm, name) for name in blueking_itsm.__all__ if name.endswith("Error")]
        self.assertGreater(len(of_package), 4)
        for error in of_package:
            with self.subTest(error.__name__):
                self.assertTrue(issubclass(error, blueking_itsm.Error))

    def test_an_error_survives_being_pickled(self) -> None:
        with self.assertRaises(ItsmError) as caught:
            itsm().tickets.status(CONNECTION, "REQ1")
        self.assertEqual(pickle.loads(pickle.dumps(caught.exception)), caught.exception)
        error = BindingError(Expired(Claims("op", "http://127.0.0.1/", 5)))
        self.assertEqual(pickle.loads(pickle.dumps(error)).reason, error.reason)


class Arguments(unittest.TestCase):
    def test_a_wrong_argument_is_named_and_not_shown(self) -> None:
        def any_of(value: object) -> Any:
            return value

        ticket = NewTicket("tag", FastApproval(["admin"], "please"), "carol", "title")
        tickets, operations, handling = itsm().tickets, itsm().operations, itsm().handling
        callbacks = itsm().callbacks
        table: list[tuple[Callable[[], object], type[Exception], str]] = [
            (lambda: tickets.status(CONNECTION, any_of(5)), TypeError, "sn wants str, not int"),
            (lambda: tickets.status(any_of(None), "REQ1"), TypeError, "connection wants Connection, not NoneType"),
            (
                lambda: tickets.status(replace(CONNECTION, endpoint=any_of(CANARY)), "REQ1"),
                TypeError,
                "connection.endpoint wants one of Gateway, Esb, EsbLegacy, not str",
            ),
            (
                lambda: tickets.status(replace(CONNECTION, deadline_ms=2**32), "REQ1"),
                ValueError,
                "connection.deadline_ms wants 0 to 4294967295",
            ),
            (lambda: tickets.reconcile(CONNECTION, CANARY), TypeError, "sns wants a list, not str"),
            (lambda: tickets.reconcile(CONNECTION, ["a", any_of(b"b")]), TypeError, "sns wants str, not bytes"),
            (
                lambda: tickets.search(CONNECTION, TicketFilter(bk_biz_ids=[2**63]), 1, 1),
                ValueError,
                "filter.bk_biz_ids wants -9223372036854775808 to 9223372036854775807",
            ),
            (
                lambda: tickets.search_by_user(CONNECTION, "carol", cast(UserView, "todo"), UserFilter(), 1, 1),
                TypeError,
                "view wants UserView, not str",
            ),
            (
                lambda: tickets.create(CONNECTION, replace(ticket, fields=[Field("a", any_of("b"))])),
                TypeError,
                "ticket.fields.value wants one of Text, People, Json, not str",
            ),
            (
                lambda: tickets.create(CONNECTION, replace(ticket, callback=CallbackTarget("u", [any_of((CANARY,))]))),
                TypeError,
                "ticket.callback.headers wants 2 values, not 1",
            ),
            (lambda: operations.rate(CONNECTION, "REQ1", "carol", 256, ""), ValueError, "stars wants 0 to 255"),
            (
                lambda: handling.approve(CONNECTION, "REQ1", -1, "carol", True, ""),
                ValueError,
                "node_id wants 0 to 18446744073709551615",
            ),
            (
                lambda: handling.approve(CONNECTION, "REQ1", 1, "carol", any_of("yes"), ""),
                TypeError,
                "approved wants bool, not str",
            ),
            (
                lambda: handling.distribute(CONNECTION, "REQ1", 1, "carol", any_of(["dave"])),
                TypeError,
                "to wants one of People, AssigneeGroup, not list",
            ),
            (lambda: callbacks.parse(any_of(CANARY)), TypeError, "body wants bytes, not str"),
            (
                lambda: callbacks.bind(CANARY + "\ud800", Claims("op", "u", 1)),
                ValueError,
                "key holds half of a surrogate pair",
            ),
            (
                lambda: itsm().tracking.advance("{}", any_of(Tick), 1),
                TypeError,
                "event wants one of CreatedTicket, NotCreated, MaybeCreated, LookedUp, Callback, Confirmed, Delivered, "
                "NotWithdrawn, Tick, not type",
            ),
        ]
        for call, kind, words in table:
            with self.subTest(words), self.assertRaises(kind) as caught:
                call()
            self.assertEqual(str(caught.exception), words)
            self.assertNotIn(CANARY, "".join(traceback.format_exception(caught.exception)))

    def test_arguments_go_by_name_too_and_their_number_counts(self) -> None:
        verdict = itsm().callbacks.conclude(status="REVOKED", ended=True, approve_result=False)
        self.assertEqual(str(verdict), "withdrawn")
        with self.assertRaisesRegex(TypeError, "missing 1 required positional argument: 'ended'"):
            cast(Any, itsm().callbacks.conclude)("REVOKED", False)


class Secrets(unittest.TestCase):
    def test_no_repr_shows_a_secret(self) -> None:
        url = "http://127.0.0.1/"
        binding = itsm().callbacks.bind(KEY, Claims("op", url, 5))
        body = b'{"sn":"REQ1","current_status":"FINISHED","approve_result":true}'
        received = itsm().callbacks.receive([KEY], [binding.header], url, 1, body)
        assert isinstance(received, BoundCallback)
        self.assertEqual(received.bound.tag, binding.tag)
        users: list[User] = [AccessToken(CANARY), LoginToken(CANARY), Credential("bk_ticket", CANARY)]
        for shown in [
            CONNECTION,
            replace(CONNECTION, headers=[("X-Key", CANARY)]),
            *(replace(CONNECTION, authorization=AppCredentials(CODE, SECRET, user)) for user in users),
            *users,
            CallbackTarget(url, [binding.header]),
            binding,
            received,
            received.bound,
            NewTicket(binding.tag, FastApproval(["admin"], "please"), "carol", "title"),
            TicketFilter(tag=binding.tag),
        ]:
            with self.subTest(shown):
                for text in [repr(shown), str(shown), f"{shown}"]:
                    for secret in [CANARY, SECRET, binding.header[1], binding.tag]:
                        self.assertNotIn(secret, text)
        self.assertIn("carol", repr(replace(CONNECTION, authorization=AppCredentials(CODE, SECRET, UserName("carol")))))

    def test_no_error_shows_a_secret_that_the_server_repeats(self) -> None:
        user = AccessToken(CANARY)
        with Site() as site:
            connection = replace(site.connection, authorization=AppCredentials(CODE, SECRET, user))
            message = f"{SECRET} and {CANARY} are no good"
            faults: list[dict[str, object]] = [
                {"fault": "gateway", "status": 400, "code": 1640001, "message": message},
                {"fault": "html"},
                {"fault": "truncated"},
                {"fault": "drop-before-executing"},
                {"fault": "redirect", "to": f"http://127.0.0.1:1/?secret={SECRET}"},
            ]
            for fault in faults:
                with self.subTest(fault["fault"]):
                    site.fake.tell("fault", action="get_ticket_status", times=9, **fault)
                    with self.assertRaises(ItsmError) as caught:
                        itsm().tickets.status(replace(connection, deadline_ms=500), "REQ1")
                    shown = "".join(traceback.format_exception(caught.exception)) + repr(caught.exception)
                    self.assertNotIn(SECRET, shown)
                    self.assertNotIn(CANARY, shown)


class Loading(unittest.TestCase):
    def test_a_component_of_another_kind_is_refused_in_words(self) -> None:
        words = "^no itsm.core.wasm for this package: it has nothing where blueking:itsm/tickets@0.1.0 is wanted$"
        with self.assertRaisesRegex(ValueError, words):
            Itsm(component().with_name("itsm-callbacks.core.wasm"))
        with self.assertRaisesRegex(ValueError, "is a component: this package runs its core module, itsm.core.wasm$"):
            Itsm(component().with_name("itsm.wasm"))
        with NamedTemporaryFile() as file, self.assertRaisesRegex(ValueError, "^no itsm.core.wasm for this package: "):
            Itsm(file.name)
        with self.assertRaisesRegex(FileNotFoundError, "nowhere.wasm"):
            Itsm("nowhere.wasm")

    def test_one_component_serves_many_threads(self) -> None:
        with Site() as site, ThreadPoolExecutor(8) as threads:
            sn = site.running()

            def ask(_: int) -> str:
                assert itsm().callbacks.bind(KEY, Claims("op", "http://127.0.0.1/", 5)).tag
                return itsm().tickets.status(site.connection, sn).status

            self.assertEqual(set(threads.map(ask, range(100))), {"RUNNING"})
