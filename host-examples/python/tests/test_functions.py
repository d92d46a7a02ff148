"""Every function of the wrapper: what it gives when all is well, and what it raises when not."""

import json
import time
import unittest
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

from blueking_itsm import CallbackUrlError, ItsmError, ParseError, ResolveError, callbacks, diagnosis, tracking
from blueking_itsm.callbacks import Bound, BoundCallback, Claims, NodeEvent, Refusal, Reply, SelfCheck
from blueking_itsm.diagnosis import Finding, Language
from blueking_itsm.handling import AssigneeGroup
from blueking_itsm.operations import NodeDecision
from blueking_itsm.services import (
    AmbiguousName,
    Catalog,
    NamedProcessors,
    Node,
    ServiceFilter,
    ServiceForm,
    ServiceSummary,
    UnknownName,
)
from blueking_itsm.tickets import (
    ApprovalResult,
    Confirmed,
    Ending,
    Explanation,
    FastApproval,
    LogEntry,
    NewTicket,
    TicketFilter,
    TicketInfo,
    TicketPage,
    TicketStatus,
    UserFilter,
    UserTicketPage,
    UserView,
)
from blueking_itsm.tracking import Confirm, Create, Deliver, Delivered, NotWithdrawn, Report, Step, Tick, Withdraw
from blueking_itsm.types import (
    Absent,
    Ambiguous,
    AppCredentials,
    Callback,
    CallbackTarget,
    CreatedTicket,
    Decision,
    Ended,
    Esb,
    Evidence,
    Failure,
    Field,
    FixArgument,
    FixCredentials,
    Foreign,
    FormField,
    Found,
    Gateway,
    Header,
    LookUp,
    Missing,
    NodeProcessors,
    Open,
    Origin,
    People,
    RunningNode,
    Text,
    Undecided,
    Untraceable,
    Verdict,
    WaitMs,
)

from .support import CODE, KEY, Site, always, done, itsm, surface

URL = "http://127.0.0.1:8080/itsm/callback"
CLAIMS = Claims("an0peration", URL, 2_000_000_000)
ENDED = (
    b'{"sn":"REQ1","title":"t","current_status":"FINISHED","approve_result":true,"token":"abc","updated_by":",a,b,"}'
)
EVENT = b'{"sn":"REQ1","title":"t","status":"RUNNING","creator":"carol","node":"first","result":"yes"}'
SERVICE = {
    "name": "a service",
    "key": "request",
    "is_valid": True,
    "display_type": "OPEN",
    "display_role": "",
    "project_key": "cmdb",
    "source": "custom",
    "workflow": {},
}
FAILURE = Failure(LookUp(), True, Origin.TRANSPORT, None, "no answer", None)
CATALOG = '{"parent__id":1,"name":"CMDB","desc":"","project_key":"cmdb"}'


class Row(NamedTuple):
    """A function with its arguments, without the connection that most have first; and what it must give."""

    function: str
    arguments: Callable[[Site], tuple[Any, ...]]
    is_right: Callable[[Any], bool]
    leaves: str | None = None
    """The status of the ticket afterwards."""


def ticket(site: Site) -> NewTicket:
    return NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "扩容")


def created(site: Site) -> NewTicket:
    of = ticket(site)
    site.create(of)
    return of


def suspended(site: Site) -> str:
    sn = site.running()
    itsm().operations.suspend(site.connection, sn, "admin", "wait")
    return sn


def marked(site: Site) -> str:
    sn = site.running()
    site.fake.tell("mark-failed", sn=sn)
    return sn


def tagged(site: Site) -> tuple[str, str]:
    """The number of a new ticket, and its tag."""
    of = ticket(site)
    return site.create(of).sn, of.tag


def bound() -> list[Header]:
    return [itsm().callbacks.bind(KEY, CLAIMS).header]


def is_nothing(got: Any) -> bool:
    return got is None


def tuple_of(kind: type) -> Callable[[Any], bool]:
    return lambda got: isinstance(got, tuple) and len(got) > 0 and all(isinstance(item, kind) for item in got)


ROWS = [
    Row(
        "callbacks.receive",
        lambda _: ([KEY], bound(), URL, 1, ENDED),
        lambda got: isinstance(got, BoundCallback) and got.bound.claims == CLAIMS and got.callback.sn == "REQ1",
    ),
    Row(
        "callbacks.parse",
        lambda _: (ENDED,),
        lambda got: got == Callback("REQ1", None, "t", "FINISHED", True, "", ("a", "b"), "", ()),
    ),
    Row("callbacks.token", lambda _: (ENDED,), lambda got: got == "abc"),
    Row("callbacks.conclude", lambda _: ("FINISHED", False, True), lambda got: got is Verdict.REJECTED),
    Row(
        "callbacks.bind",
        lambda _: (KEY, CLAIMS),
        lambda got: got.header[0] == "X-Itsm-Binding" and len(got.tag) == 26 and CLAIMS.operation_id not in got.tag,
    ),
    Row(
        "callbacks.check_binding",
        lambda _: ([KEY], bound(), URL, 1),
        lambda got: got == Bound(CLAIMS, itsm().callbacks.bind(KEY, CLAIMS).tag),
    ),
    Row("callbacks.accepted", lambda _: (), lambda got: isinstance(got, Reply) and b'"code":0' in got.body),
    Row("callbacks.refused", lambda _: ("no",), lambda got: got.status == 200 and b'"code":1' in got.body),
    Row(
        "callbacks.parse_node_event",
        lambda _: (EVENT,),
        lambda got: got == NodeEvent("REQ1", "t", "RUNNING", "carol", "first", "yes"),
    ),
    Row("callbacks.is_self_check", lambda _: (itsm().callbacks.parse(ENDED),), lambda got: got is False),
    Row("tracking.start", lambda _: ("op", None, 5), lambda got: isinstance(got, Step) and got.actions == (Create(),)),
    Row(
        "tracking.advance",
        lambda _: (itsm().tracking.start("op", None, 5).record_json, Tick(), 6),
        lambda got: isinstance(got, Step) and got.due_s is not None,
    ),
    Row("tickets.new_operation_id", lambda _: (), lambda got: len(got) == 26),
    Row("tickets.new_tag", lambda _: (), lambda got: len(got) == 26),
    Row("tickets.create", lambda site: (ticket(site),), lambda got: isinstance(got, CreatedTicket)),
    Row("tickets.confirm", tagged, lambda got: isinstance(got, Open)),
    Row("tickets.confirm_own", lambda site: (site.running(),), lambda got: isinstance(got, Open)),
    Row("tickets.recover", lambda site: (created(site),), lambda got: isinstance(got, Found)),
    Row(
        "tickets.reconcile",
        lambda site: ([site.running(), "NOBODYS"],),
        lambda got: (
            isinstance(got[0], Confirmed) and isinstance(got[0].confirmation, Open) and got[1].confirmation == Missing()
        ),
    ),
    Row(
        "tickets.approval_results",
        lambda site: ([site.finished()],),
        lambda got: isinstance(got[0], ApprovalResult) and got[0].approve_result is True,
    ),
    Row("tickets.verify_token", lambda site: (site.fake.show("token"),), lambda got: got is True),
    Row("tickets.failed_callbacks", lambda site: ([marked(site), "NOBODYS"],), lambda got: len(got) == 1),
    Row(
        "tickets.search",
        lambda site: (TicketFilter(sns=[site.running()]), 1, 10),
        lambda got: isinstance(got, TicketPage) and got.total == 1 and got.tickets[0].ended_at is None,
    ),
    Row(
        "tickets.search_by_user",
        lambda _: ("carol", UserView.CREATED, UserFilter(service_id=2), 1, 3),
        lambda got: isinstance(got, UserTicketPage) and len(got.tickets) == 3 and got.tickets[0].creator == "carol",
    ),
    Row(
        "tickets.status",
        lambda site: (site.running(),),
        lambda got: (
            isinstance(got, TicketStatus)
            and isinstance(got.running[0], RunningNode)
            and got.running[0].node_id == 15
            and tuple_of(FormField)(got.running[0].fields)
            and "WITHDRAW" in got.allowed_actions
        ),
    ),
    Row(
        "tickets.info",
        lambda site: (site.running(),),
        lambda got: isinstance(got, TicketInfo) and "APPROVER" in [field.key for field in got.fields],
    ),
    Row("tickets.log", lambda site: (site.running(),), tuple_of(LogEntry)),
    Row(
        "tickets.explain",
        lambda site: (site.finished(),),
        lambda got: (
            isinstance(got, Explanation) and got.ending is Ending.APPROVED and tuple_of(Decision)(got.decisions)
        ),
    ),
    Row("operations.withdraw", lambda site: (site.running(), "carol", "no need"), is_nothing, "REVOKED"),
    Row("operations.terminate", lambda site: (site.running(), "admin", "no"), is_nothing, "TERMINATED"),
    Row("operations.suspend", lambda site: (site.running(), "admin", "wait"), is_nothing, "SUSPENDED"),
    Row("operations.resume", lambda site: (suspended(site), "admin", "go on"), is_nothing, "RUNNING"),
    Row(
        "operations.node_result",
        lambda site: (site.finished(), 15),
        lambda got: got == NodeDecision("内置审批节点", ("admin",), True, ""),
    ),
    Row("operations.approvers", lambda site: (site.finished(), 15), lambda got: got == ("admin",)),
    Row("operations.rate", lambda site: (site.finished(), "carol", 5, "quick"), is_nothing),
    Row("operations.follow", lambda site: (site.running(), ["dave"]), is_nothing),
    Row("operations.unfollow", lambda site: (site.running(), ["dave"]), is_nothing),
    Row("handling.approve", lambda site: (site.running(), 15, "admin", True, "yes"), is_nothing, "FINISHED"),
    Row(
        "handling.transition",
        lambda site: (site.at_normal_node(), 45, "admin", [Field("note", Text("done"))]),
        is_nothing,
        "FINISHED",
    ),
    Row("handling.claim", lambda site: (site.at_normal_node(), 45, "admin"), is_nothing),
    Row(
        "handling.distribute",
        lambda site: (site.at_normal_node(), 45, "admin", AssigneeGroup("GENERAL", "3")),
        (is_nothing),
    ),
    Row("handling.hand_over", lambda site: (site.at_normal_node(), 45, "admin", People(["dave"]), "yours"), is_nothing),
    Row(
        "handling.edit_fields",
        lambda site: (site.running(), "carol", [Field("APPROVER", People(["dave", "erin"]))]),
        is_nothing,
    ),
    Row(
        "services.list_services",
        lambda _: (ServiceFilter(catalog_id=8),),
        lambda got: len(got) == 1 and isinstance(got[0], ServiceSummary),
    ),
    Row(
        "services.form",
        lambda _: (1,),
        lambda got: isinstance(got, ServiceForm) and tuple_of(FormField)(got.fields) and got.service.id == 1,
    ),
    Row(
        "services.list_catalogs",
        lambda _: ("cmdb", False),
        lambda got: tuple_of(Catalog)(got) and [catalog.parent_id for catalog in got] == [None, 20],
    ),
    Row("services.nodes", lambda _: (1, None), tuple_of(Node)),
    Row(
        "services.resolve_processors",
        lambda _: (1, [NamedProcessors("管理员审批", ["dave"])]),
        lambda got: got == (NodeProcessors(5, ("dave",)),),
    ),
    Row("services.workflow_detail", lambda _: (1,), lambda got: '"states"' in got),
    Row("administration.create_catalog", lambda _: (CATALOG,), lambda got: '"CMDB"' in got),
    Row("administration.import_service", lambda _: (json.dumps(SERVICE),), lambda got: '"a service"' in got),
    Row("administration.update_service", lambda _: (json.dumps({**SERVICE, "id": 7}),), lambda got: '"id":7' in got),
    Row("diagnosis.describe_failure", lambda _: (FAILURE, Language.CHINESE), lambda got: "请勿重复调用" in got),
    Row(
        "diagnosis.diagnose",
        lambda _: (),
        lambda got: tuple_of(Finding)(got) and all(finding.failure is None for finding in got),
    ),
    Row(
        "diagnosis.check_callback_url",
        lambda site: (CallbackTarget(site.callback_url, site.binding(site.ask()[0])),),
        is_nothing,
    ),
]


def resolve(name: str) -> Callable[..., Any]:
    interface, _, function = name.partition(".")
    found: Callable[..., Any] = getattr(getattr(itsm(), interface), function)
    return found


def with_connection() -> set[str]:
    """The functions that are given a connection, first of all."""
    return {name for name, function in surface().items() if "connection" in function.__annotations__}


class Functions(unittest.TestCase):
    site: ClassVar[Site]

    @classmethod
    def setUpClass(cls) -> None:
        cls.site = cls.enterClassContext(Site())

    def test_each_function_has_a_row(self) -> None:
        self.assertEqual([row.function for row in ROWS], list(surface()))

    def test_each_function_gives_its_result(self) -> None:
        with done() as agreeable:
            for row in ROWS:
                with self.subTest(row.function):
                    connection = self.site.connection
                    if row.function == "handling.claim":
                        # The fake has no node that can be claimed.
                        connection = replace(connection, endpoint=Gateway(f"{agreeable.url}/api/bk-itsm/prod"))
                    if row.function == "services.workflow_detail":
                        # The gateway publishes it with an address that the server does not have.
                        connection = replace(connection, endpoint=Esb(self.site.fake.url))
                    arguments = row.arguments(self.site)
                    values = (connection, *arguments) if row.function in with_connection() else arguments
                    got = resolve(row.function)(*values)
                    self.assertTrue(row.is_right(got), got)
                    if row.leaves is not None:
                        self.assertEqual(self.site.status(arguments[0]), row.leaves)

    def test_each_function_with_a_connection_raises_what_the_server_says(self) -> None:
        wrong = replace(self.site.connection, authorization=AppCredentials(CODE, "wrong"))
        # What the server says is what `diagnose` is asked for.
        for row in ROWS:
            if row.function in with_connection() - {"diagnosis.diagnose"}:
                with self.subTest(row.function), self.assertRaises(ItsmError) as caught:
                    resolve(row.function)(wrong, *row.arguments(self.site))
                error = caught.exception
                self.assertEqual(error.advice, FixCredentials())
                self.assertEqual((error.origin, error.code), (Origin.GATEWAY, "1640001"))
                self.assertEqual((error.may_have_acted, error.request_id), (False, "fake-gateway-request"))
                self.assertIn("bk_app_secret", error.message)
                self.assertIn("(advice: fix-credentials; ITSM did nothing)", str(error))
        findings = itsm().diagnosis.diagnose(wrong)
        self.assertEqual(findings[0].failure and findings[0].failure.advice, FixCredentials())

    def test_each_function_with_a_connection_refuses_one_that_is_none(self) -> None:
        hasty = replace(self.site.connection, deadline_ms=0)
        for row in ROWS:
            if row.function in with_connection():
                with self.subTest(row.function), self.assertRaises(ItsmError) as caught:
                    resolve(row.function)(hasty, *row.arguments(self.site))
                self.assertEqual(caught.exception.advice, FixArgument("connection.deadline-ms"))
                self.assertIs(caught.exception.origin, Origin.ARGUMENT)

    def test_what_is_wrong_with_plain_arguments_is_named(self) -> None:
        for function, arguments in [
            ("callbacks.bind", ("no key", CLAIMS)),
            ("callbacks.bind", (KEY, replace(CLAIMS, operation_id=""))),
            ("tracking.start", ("", None, 5)),
            ("tracking.advance", ("{}", Tick(), 5)),
        ]:
            with self.subTest(function), self.assertRaisesRegex(ValueError, r"^[a-z]+ .+"):
                resolve(function)(*arguments)

    def test_a_body_that_is_no_callback_is_refused_with_its_reason(self) -> None:
        for function, body, reason in [
            ("callbacks.parse", b"x" * 70_000, callbacks.TooLarge(65_536)),
            ("callbacks.parse", b"[]", callbacks.Malformed("the body is an array, not an object")),
            ("callbacks.parse", b'{"sn":"REQ1"}', callbacks.FieldFault("approve_result", "is missing")),
            ("callbacks.token", b"{}", callbacks.FieldFault("token", "is missing")),
            ("callbacks.parse_node_event", b"{}", callbacks.FieldFault("sn", "is missing or blank")),
        ]:
            with self.subTest(function, reason=reason), self.assertRaises(ParseError) as caught:
                resolve(function)(body)
            self.assertEqual(caught.exception.reason, reason)

    def test_an_address_that_is_unfit_for_callbacks_is_refused_with_its_reason(self) -> None:
        for status, content, headers, reason in [
            (302, b"", {"location": "/login"}, diagnosis.Redirect(302)),
            (204, b"", {}, diagnosis.Status(204)),
            (200, b"<html>", {}, diagnosis.NotJson()),
            (200, b'{"code":"0"}', {}, diagnosis.NoZeroCode()),
            (200, b'{"code":1,"message":"not mine"}', {}, diagnosis.Refused("not mine")),
        ]:
            with self.subTest(reason=reason), always(status, content, **headers) as server:
                with self.assertRaises(CallbackUrlError) as caught:
                    itsm().diagnosis.check_callback_url(CallbackTarget(server.url, []))
                self.assertEqual(caught.exception.reason, reason)
        with self.assertRaises(CallbackUrlError) as caught:
            itsm().diagnosis.check_callback_url(CallbackTarget(server.url, []))
        reason = caught.exception.reason
        assert isinstance(reason, diagnosis.Unreachable)
        self.assertIs(reason.value.origin, Origin.TRANSPORT)

    def test_names_that_lead_to_no_one_node_are_refused_with_the_nodes_there_are(self) -> None:
        for service_id, name, kind in [(1, "nobody", UnknownName), (6, "审批", AmbiguousName)]:
            with self.subTest(name), self.assertRaises(ResolveError) as caught:
                itsm().services.resolve_processors(self.site.connection, service_id, [NamedProcessors(name, ["dave"])])
            reason = caught.exception.reason
            assert isinstance(reason, kind)
            self.assertEqual(reason.value.name, name)
            self.assertGreater(len(reason.value.nodes), 1)

    def test_a_request_is_genuine_or_a_self_check_or_refused(self) -> None:
        check = b'{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}'
        accepted = itsm().callbacks.accepted()
        self.assertEqual(itsm().callbacks.receive([KEY], bound(), URL, 1, check), SelfCheck(accepted))
        for headers, body in [([], ENDED), ([], check), (bound(), b"{")]:
            refused = itsm().callbacks.receive([KEY], headers, URL, 1, body)
            assert isinstance(refused, Refusal)
            self.assertIn(b'"code":1', refused.reply.body)
            self.assertRegex(refused.why, "[a-z]+")

    def test_a_confirmation_has_a_class_for_each_case(self) -> None:
        site, tickets = self.site, itsm().tickets
        ended = tickets.confirm_own(site.connection, site.finished())
        assert isinstance(ended, Ended)
        self.assertEqual((ended.value.verdict, ended.value.evidence), (Verdict.APPROVED, Evidence.APPROVAL_RESULT))
        self.assertEqual([one.operator for one in ended.value.decisions], ["admin"])
        sn, tag = tagged(site)
        self.assertIsInstance(tickets.confirm(site.connection, sn, tag), Open)
        self.assertEqual(tickets.confirm(site.connection, site.running(), tag), Foreign())
        self.assertEqual(tickets.confirm_own(site.connection, "NOBODYS"), Missing())
        self.assertEqual(tickets.confirm(site.connection, sn, tickets.new_tag()), Untraceable())
        finished = site.finished()
        site.fake.tell("fault", action="ticket_approval_result", fault="result-not-visible")
        self.assertIsInstance(tickets.confirm_own(site.connection, finished), Undecided)

    def test_several_tickets_of_one_number_or_tag_come_as_a_tuple(self) -> None:
        with Site() as site:
            first = ticket(site)
            sn = site.create(first).sn
            site.fake.tell("fault", action="create_ticket", fault="duplicate-sn")
            self.assertEqual(site.create(first).sn, sn)
            for got in [
                itsm().tickets.confirm_own(site.connection, sn),
                itsm().tickets.confirm(site.connection, sn, first.tag),
                itsm().tickets.recover(site.connection, first),
            ]:
                assert isinstance(got, Ambiguous)
                self.assertEqual([one.sn for one in got.value], [sn, sn])

    def test_an_operation_without_a_ticket_is_absent(self) -> None:
        self.assertEqual(itsm().tickets.recover(self.site.connection, ticket(self.site)), Absent())

    def test_a_whole_operation_can_be_tracked(self) -> None:
        site, now = self.site, int(time.time())
        start, advance = itsm().tracking.start, itsm().tracking.advance
        new = ticket(site)
        step = start(itsm().tickets.new_operation_id(), now + 3600, now)
        self.assertEqual(step.actions, (Create(),))
        created = site.create(new)
        step = advance(step.record_json, created, now)
        site.fake.tell("approve", sn=site.fake.started(created.sn), who="admin")
        assert step.due_s is not None
        step = advance(step.record_json, Tick(), step.due_s)
        self.assertEqual(step.actions, (Confirm(created.sn),))
        confirmation = itsm().tickets.confirm_own(site.connection, created.sn)
        step = advance(step.record_json, tracking.Confirmed(confirmation), now + 60)
        assert isinstance(confirmation, Ended)
        self.assertEqual(step.actions, (Deliver(confirmation.value),))
        step = advance(step.record_json, Delivered(), now + 60)
        self.assertEqual((step.actions, step.due_s), ((), None))

    def test_each_event_is_taken_in_and_a_failure_is_told_in_the_report(self) -> None:
        start, advance = itsm().tracking.start, itsm().tracking.advance
        tickets, connection = itsm().tickets, self.site.connection
        denied = self.failure()
        begun = start("op", 10, 0)
        (report,) = advance(begun.record_json, tracking.NotCreated(denied), 1).actions
        assert isinstance(report, Report)
        self.assertIn(denied.message, report.value)
        unclear = advance(begun.record_json, tracking.MaybeCreated(replace(denied, may_have_acted=True)), 1)
        recover, report = unclear.actions
        self.assertEqual(recover, tracking.Recover())
        assert isinstance(report, Report)
        self.assertIn(denied.message, report.value)
        absent = advance(unclear.record_json, tracking.LookedUp(1, Absent()), 1)
        self.assertEqual(absent.actions, ())
        sn = self.site.running()
        waiting = advance(begun.record_json, CreatedTicket(sn, "1", "http://127.0.0.1/"), 1)
        called = advance(waiting.record_json, replace(itsm().callbacks.parse(ENDED), sn=sn), 2)
        self.assertEqual(called.actions, (Confirm(sn),))
        still_open = tracking.Confirmed(tickets.confirm_own(connection, sn))
        late = advance(advance(waiting.record_json, Tick(), 40).record_json, still_open, 40)
        self.assertEqual(late.actions, (Withdraw(sn),))
        (report,) = advance(late.record_json, NotWithdrawn(denied), 41).actions
        assert isinstance(report, Report)
        self.assertIn(denied.message, report.value)

    def failure(self) -> ItsmError:
        wrong = replace(self.site.connection, authorization=AppCredentials(CODE, "wrong"))
        with self.assertRaises(ItsmError) as caught:
            itsm().tickets.status(wrong, "REQ1")
        return caught.exception

    def test_the_esb_is_reached_as_the_gateway_is(self) -> None:
        connection = replace(self.site.connection, endpoint=Esb(self.site.fake.url))
        self.assertIsInstance(itsm().tickets.create(connection, ticket(self.site)), CreatedTicket)
        self.site.fake.tell("fault", action="create_ticket", fault="esb", code=1306429, message="slow down")
        with self.assertRaises(ItsmError) as caught:
            itsm().tickets.create(connection, ticket(self.site))
        self.assertIsInstance(caught.exception.advice, WaitMs)
        self.assertEqual((caught.exception.origin, caught.exception.code), (Origin.ESB, "1306429"))
