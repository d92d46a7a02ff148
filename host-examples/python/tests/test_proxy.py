"""The proxy that adds the credentials."""

import json
import os
import subprocess
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import quote

from blueking_itsm import ItsmError
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AddedByHost, Connection, Gateway, LookUp, Missing, Origin
from credentials_proxy import CredentialsProxy

from .support import CODE, FOLDER, SECRET, Answer, Headers, Scripted, Site, always, itsm
from .test_faults import ENDLESS, Raw, endless

ADDED = {"bk_app_code": CODE, "bk_app_secret": SECRET}


AWKWARD = 'p"w/ \\密😀canary'
"""A secret that ends in letters which each of its written forms keeps."""
FORMS = {
    "plain": AWKWARD,
    "the whole header": json.dumps({"bk_app_code": CODE, "bk_app_secret": AWKWARD}),
    "JSON": json.dumps(AWKWARD, ensure_ascii=False),
    "JSON, with escapes": json.dumps(AWKWARD),
    "JSON, with capital escapes": r"p\u0022w\/ \u005C\u5BC6\uD83D\uDE00canary",
    "a query": quote(AWKWARD, safe=""),
    "a query in lower case": quote(AWKWARD, safe="").lower(),
    "cut somewhere": AWKWARD * 50,
}


class Proxy(unittest.TestCase):
    def through(self, upstream: str, secret: str = SECRET) -> CredentialsProxy:
        proxy = self.enterContext(CredentialsProxy(upstream, CODE, secret))
        threading.Thread(target=proxy.serve_forever, args=[0.05], daemon=True).start()
        self.addCleanup(proxy.shutdown)
        return proxy

    def ask(self, proxy: CredentialsProxy, target: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", proxy.server_port, timeout=60)
        self.addCleanup(connection.close)
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def test_it_puts_the_credentials_on_and_the_component_has_none(self) -> None:
        with Site() as site:
            connection = Connection(Gateway(self.through(site.fake.gateway).address), AddedByHost())
            ticket = NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "扩容")
            sn = itsm().tickets.create(connection, ticket).sn
            self.assertEqual(itsm().tickets.info(connection, sn).ticket.title, "扩容")
            self.assertEqual(itsm().tickets.confirm_own(connection, "NOBODYS"), Missing())
            without = replace(connection, endpoint=Gateway(site.fake.gateway))
            with self.assertRaises(ItsmError):
                itsm().tickets.status(without, sn)
            through, beside = (
                dict(site.fake.requests(action)[0]["headers"]) for action in ["create_ticket", "get_ticket_status"]
            )
            self.assertEqual(json.loads(through["x-bkapi-authorization"]), ADDED)
            self.assertNotIn("x-bkapi-authorization", beside)

    def test_it_replaces_what_a_client_gives_as_credentials(self) -> None:
        with always(200, b"{}") as upstream:
            proxy = self.through(upstream.url)
            status, _ = self.ask(proxy, "/action/", **{"x-bkapi-authorization": "mine", "X-Bk-Tenant-Id": "one"})
            self.assertEqual(status, 200)
            headers = [(name.lower(), value) for name, value in upstream.requests[0][2]]
            added = [json.loads(value) for name, value in headers if name == "x-bkapi-authorization"]
            self.assertEqual(added, [ADDED])
            self.assertIn(("x-bk-tenant-id", "one"), headers)

    def test_it_forwards_to_its_upstream_only(self) -> None:
        with always(200, b"{}") as upstream, always(200, b"{}") as another:
            proxy = self.through(f"{upstream.url}/api/bk-itsm/prod/")
            here = proxy.authority
            for target, headers in [
                (f"{another.url}/api/bk-itsm/prod/action/", {}),
                ("/api/bk-itsm/prod/action/", {"Host": another.url.removeprefix("http://")}),
                ("/api/bk-itsm/prod/action/", {"Host": here, "Origin": "https://page.example.com"}),
                ("/api/bk-itsm/stage/action/", {}),
                ("/api/bk-itsm/prod", {}),
                ("/api/bk-itsm/prod/../../other/prod/action/", {}),
                ("/api/bk-itsm/prod/%2e%2E/action/", {}),
                ("/api/bk-itsm/prod/..%2Faction/", {}),
                ("/api/bk-itsm/prod/..\\action/", {}),
                ("//example.com/api/bk-itsm/prod/action/", {}),
                ("/api/bk-itsm/prod/action/", {"Transfer-Encoding": "chunked"}),
                ("/api/bk-itsm/prod/action/", {"Content-Length": "-1"}),
            ]:
                with self.subTest(target, headers=headers):
                    self.assertEqual(self.ask(proxy, target, **headers)[0], 400)
            self.assertEqual(self.ask(proxy, "/api/bk-itsm/prod/action/", "CONNECT")[0], 501)
            self.assertEqual((upstream.requests, another.requests), ([], []))
            self.assertEqual(self.ask(proxy, "/api/bk-itsm/prod/action/?to=..")[0], 200)
            self.assertEqual(upstream.requests[0][1], "/api/bk-itsm/prod/action/?to=..")

    def test_it_follows_no_redirect(self) -> None:
        with always(200, b"{}") as elsewhere, always(302, b"", location=f"{elsewhere.url}/") as upstream:
            connection = Connection(Gateway(self.through(f"{upstream.url}/prod").address), AddedByHost())
            with self.assertRaises(ItsmError) as caught:
                itsm().tickets.status(connection, "REQ1")
            self.assertIn("redirect", caught.exception.message)
            self.assertEqual((len(upstream.requests), elsewhere.requests), (1, []))

    def test_an_answer_that_breaks_off_is_no_answer(self) -> None:
        def breaks_off(method: str, path: str, headers: Headers, body: bytes) -> Answer:
            return 200, {"content-length": "100"}, b'{"result":true,"code":0,"data":{"sn":"REQ1"'

        ticket = NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "title")
        with Scripted(breaks_off) as upstream:
            proxy = self.through(f"{upstream.url}/prod")
            address = proxy.address
            broken = (502, b"the upstream does not answer (IncompleteRead)\n")
            self.assertEqual(self.ask(proxy, "/prod/action/"), broken)
            with self.assertRaises(ItsmError) as caught:
                itsm().tickets.create(Connection(Gateway(address), AddedByHost()), ticket)
        self.assertEqual((caught.exception.advice, caught.exception.may_have_acted), (LookUp(), True))
        self.assertEqual(len(upstream.requests), 2)
        with self.assertRaises(ItsmError) as caught:
            itsm().tickets.create(Connection(Gateway(address), AddedByHost()), ticket)
        self.assertIs(caught.exception.origin, Origin.ANSWER)

    def test_what_an_upstream_repeats_of_the_credentials_stands_in_no_word(self) -> None:
        answers: list[Answer] = []
        upstream = self.enterContext(Scripted(lambda *_: answers[0]))
        connection = Connection(Gateway(self.through(f"{upstream.url}/prod", AWKWARD).address), AddedByHost(), (), 500)
        ticket = NewTicket(itsm().tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "title")
        for form, text in FORMS.items():
            message = f"no {text}\r\n\x1b[31mno"
            # As bytes that a header may have; http.server writes Latin-1.
            header = f"no {text}".encode().decode("latin-1")
            code = {"X-Bkapi-Request-ID": header, "X-Bkapi-Error-Code": header}
            for where, answer in {
                "ITSM's words and code": (200, {}, {"result": False, "code": text, "message": message, "data": None}),
                "the gateway's words and code": (400, {**code, "X-Bkapi-Error-Message": header}, {}),
                "the gateway's body": (400, code, {"code": 1640001, "message": message}),
                "a redirect": (302, {**code, "Location": header}, {}),
                "a page": (500, {"X-Bkapi-Request-ID": header}, f"<h1>{message}</h1>"),
            }.items():
                status, headers, body = answer
                answers[:] = [(status, headers, json.dumps(body, ensure_ascii=False).encode())]
                with self.subTest(form, where=where):
                    with self.assertRaises(ItsmError) as created:
                        itsm().tickets.create(connection, ticket)
                    with self.assertRaises(ItsmError) as confirmed:
                        itsm().tickets.status(connection, "REQ1")
                    self.assertIn("[secret]", repr(created.exception) + repr(confirmed.exception))
                    findings = itsm().diagnosis.diagnose(connection)
                    texts = repr([*created.exception.args, *confirmed.exception.args, *findings])
                    for leak in ["canary", "p%22w", 'p"w', "p\\", "\\r", "\\x1b"]:
                        self.assertNotIn(leak, texts)

    def test_an_upstream_that_never_ends_is_let_go_when_nobody_waits_any_more(self) -> None:
        def ask(what: str) -> None:
            # The upstream ends only when nobody reads any more.
            with Raw(lambda: endless(*ENDLESS[what])) as upstream:
                address = self.through(upstream.connection.endpoint.value).address
                with self.assertRaises(ItsmError) as caught:
                    itsm().tickets.status(Connection(Gateway(address), AddedByHost(), (), 1_000), "REQ1")
                self.assertFalse(caught.exception.may_have_acted, what)

        with ThreadPoolExecutor(len(ENDLESS)) as threads:
            for done in [threads.submit(ask, what) for what in ENDLESS]:
                done.result()

    def test_an_upstream_that_is_no_address_is_refused(self) -> None:
        for upstream in ["", "example.com", "ftp://example.com", "http://", "http://a:b@example.com", "http://h/?a"]:
            with self.subTest(upstream), self.assertRaisesRegex(ValueError, "the upstream must be"):
                CredentialsProxy(upstream, CODE, SECRET)


class Program(unittest.TestCase):
    PROGRAM = (sys.executable, "credentials_proxy.py", "--upstream")

    def test_it_prints_its_address_and_nothing_else(self) -> None:
        with Site() as site:
            process = subprocess.Popen(
                [*self.PROGRAM, site.fake.gateway],
                cwd=FOLDER,
                env={**os.environ, "ITSM_APP_CODE": CODE, "ITSM_APP_SECRET": SECRET},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            try:
                assert process.stdout is not None
                address = process.stdout.readline().strip()
                self.assertRegex(address, r"^http://127\.0\.0\.1:\d+/api/bk-itsm/prod$")
                connection = Connection(Gateway(address), AddedByHost())
                self.assertEqual(itsm().tickets.confirm_own(connection, "NOBODYS"), Missing())
            finally:
                process.terminate()
                rest, _ = process.communicate()
            self.assertEqual(rest, "")

    def test_it_says_which_setting_is_missing(self) -> None:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("ITSM_APP_")}
        for more, words in [
            ({}, "ITSM_APP_CODE is not set"),
            ({"ITSM_APP_CODE": CODE}, "ITSM_APP_SECRET is not set"),
        ]:
            command = [*self.PROGRAM, "http://127.0.0.1:1/prod"]
            ended = subprocess.run(command, cwd=FOLDER, env={**settings, **more}, capture_output=True, text=True)
            self.assertEqual((ended.returncode, ended.stderr.strip()), (1, words))
