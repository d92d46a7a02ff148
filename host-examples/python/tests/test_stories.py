"""What servers say, through the package: whole tickets of real ones, each kind of gateway, and one that is busy."""

import json
import unittest
from collections.abc import Callable
from typing import Any

from blueking_itsm import ItsmError
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import (
    AppCredentials,
    Connection,
    Ended,
    Esb,
    EsbLegacy,
    Gateway,
    Open,
    Origin,
    Undecidable,
    Undecided,
    Verdict,
    WaitMs,
)
from fake_itsm import ROOT, FakeItsm

from .support import CODE, SECRET, Answer, Headers, Scripted, always, itsm

STORIES: list[dict[str, Any]] = [
    json.loads(line) for line in (ROOT / "tests/fixtures/stories.jsonl").read_text().splitlines()
]
TAG = "thetagofthisticket"
NAMED_LIMIT = "undecidable, or the named limit of evidence `decisions`"
"""Of a ticket whose log can't show what is missing from it."""


def teller(story: dict[str, Any], reads_results: bool) -> Callable[[str, str, Headers, bytes], Answer]:
    """A server that knows one ticket, and one tag."""

    def tell(method: str, target: str, headers: Headers, body: bytes) -> Answer:
        action = target.partition("?")[0].rstrip("/").rpartition("/")[2]
        if action == "ticket_approval_result" and not reads_results:
            failed = {"code": 1640102, "code_name": "INVALID_ARGS", "message": "user authentication failed"}
            return 401, {"x-bkapi-error-code": "1640102"}, json.dumps({**failed, "result": False}).encode()
        asked = target.encode() + body
        rows = [story["row"]] if b'"tag"' not in asked or TAG.encode() in asked else []
        page = {"page": 1, "total_page": 1, "count": len(rows), "next": None, "previous": None, "items": rows}
        data = {
            "get_tickets": page,
            "ticket_approval_result": [story["result"]] if story["result"] else [],
            "get_ticket_logs": story["log"],
        }[action]
        said = {"result": True, "code": 0, "message": "success", "data": data}
        return 200, {"content-type": "application/json"}, json.dumps(said).encode()

    return tell


def word(found: object) -> str:
    if isinstance(found, Ended):
        return str(found.value.verdict)
    return {Open: "open", Undecided: "undecided", Undecidable: "undecidable"}[type(found)]


class Stories(unittest.TestCase):
    def test_each_ticket_is_read_as_it_was_decided(self) -> None:
        read = 0
        for reader in ["proven_user", "app_only"]:
            for story in STORIES:
                expected, sn = story["expected"][reader], story["row"]["sn"]
                # The result of some was never asked.
                if expected is None:
                    continue
                with self.subTest(sn, reader=reader), Scripted(teller(story, reader == "proven_user")) as server:
                    connection = Connection(Gateway(f"{server.url}/prod"), AppCredentials(CODE, SECRET))
                    own = itsm().tickets.confirm_own(connection, sn)
                    self.assertEqual(itsm().tickets.confirm(connection, sn, TAG), own)
                    if expected == NAMED_LIMIT and isinstance(own, Ended):
                        self.assertEqual(str(own.value.evidence), "decisions")
                    elif expected == NAMED_LIMIT:
                        self.assertEqual(word(own), "undecidable")
                    else:
                        self.assertEqual(word(own), expected)
                    read += 1
        self.assertGreater(read, len(STORIES))


class Fronts(unittest.TestCase):
    def test_a_ticket_is_made_and_decided_over_each_kind_of_server(self) -> None:
        fronts: list[tuple[type[Gateway | Esb | EsbLegacy], list[str]]] = [
            (Gateway, []),
            (Esb, []),
            (EsbLegacy, ["--legacy-esb"]),
        ]
        for endpoint, options in fronts:
            with self.subTest(endpoint.__name__), FakeItsm("--credentials", f"{CODE}:{SECRET}", *options) as fake:
                at = fake.gateway if endpoint is Gateway else fake.url
                connection = Connection(endpoint(at), AppCredentials(CODE, SECRET))
                tag = itsm().tickets.new_tag()
                new = NewTicket(tag, FastApproval(["admin"], "an account"), "carol", "open an account")
                sn = itsm().tickets.create(connection, new).sn
                self.assertIsInstance(itsm().tickets.confirm(connection, sn, tag), Open)
                fake.tell("approve", sn=fake.started(sn), who="admin")
                found = itsm().tickets.confirm(connection, sn, tag)
                assert isinstance(found, Ended)
                self.assertIs(found.value.verdict, Verdict.APPROVED)

    def test_a_gateway_that_is_busy_says_when_to_call_again_and_has_sent_nothing_on(self) -> None:
        code = {"code": 1642902, "code_name": "RATE_LIMIT_RESTRICTION", "message": "no", "result": False}
        with always(429, json.dumps(code).encode(), **{"x-bkapi-error-code": "1642902"}) as server:
            connection = Connection(Gateway(f"{server.url}/prod"), AppCredentials(CODE, SECRET), (), 2_000)
            new = NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "title")
            with self.assertRaises(ItsmError) as caught:
                itsm().tickets.create(connection, new)
        error = caught.exception
        self.assertIsInstance(error.advice, WaitMs)
        self.assertEqual((error.origin, error.may_have_acted, len(server.requests)), (Origin.GATEWAY, False, 1))
