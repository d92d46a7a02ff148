"""How requests leave: by this package's own client, and by those that an application has set up."""

import gzip
import json
import os
import socket
import ssl
import threading
import time
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx
import requests
import urllib3
from blueking_itsm import Itsm, ItsmError
from blueking_itsm.http import Client, Request
from blueking_itsm.types import (
    AddedByHost,
    AllowHost,
    AppCredentials,
    CallbackTarget,
    Connection,
    EsbLegacy,
    Gateway,
    LookUp,
    Origin,
    Untraceable,
)
from fake_itsm import component

from .support import CODE, FOLDER, SECRET, Answer, Headers, Scripted, Site, always, done
from .test_faults import BODY, BROKEN, ENDLESS, Raw, endless, ticket
from .test_proxy import AWKWARD, FORMS

CLIENTS: dict[str, Callable[[], Any]] = {
    "its own": Client,
    "requests": requests.Session,
    "httpx": httpx.Client,
    "urllib3": urllib3.PoolManager,
}
ADDED = {"X-Bkapi-Authorization": json.dumps({"bk_app_code": CODE, "bk_app_secret": SECRET})}


def over(name: str, **options: Any) -> Itsm:
    return Itsm(component(), client=CLIENTS[name](), **options)


def gateway(url: str) -> Connection:
    return Connection(Gateway(f"{url}/prod"), AppCredentials(CODE, SECRET), deadline_ms=10_000)


def create(through: Itsm, connection: Connection) -> ItsmError | str:
    try:
        return through.tickets.create(connection, ticket("title")).sn
    except ItsmError as error:
        return error


def status(through: Itsm, connection: Connection) -> ItsmError:
    try:
        raise AssertionError(through.tickets.status(connection, "REQ1"))
    except ItsmError as error:
        return error


class EachClient(unittest.TestCase):
    def each(self) -> Any:
        for name in CLIENTS:
            with self.subTest(name):
                yield name, over(name)

    def test_it_makes_a_ticket_and_reads_it(self) -> None:
        with Site() as site:
            for _, through in self.each():
                sn = create(through, site.connection)
                assert isinstance(sn, str), sn
                self.assertEqual(through.tickets.info(site.connection, sn).ticket.title, "title")

    def test_requests_that_do_not_depend_on_each_other_are_under_way_at_once(self) -> None:
        page: dict[str, object] = {"page": 1, "total_page": 1, "count": 0, "next": None, "previous": None, "items": []}
        found = json.dumps({"result": True, "code": 0, "message": "success", "data": page}).encode()

        def after_both(*_: object) -> Answer:
            both.wait(120)
            return 200, {}, found

        for name, through in self.each():
            both = threading.Barrier(2)
            with Scripted(after_both) as server:
                connection = replace(gateway(server.url), deadline_ms=120_000)
                confirmed = through.tickets.confirm(connection, "REQ1", "tag")
                self.assertEqual((confirmed, len(server.requests)), (Untraceable(), 2), name)

    def test_it_knows_exactly_whether_anything_was_sent(self) -> None:
        def hang() -> bytes:
            over_now.wait()
            return b""

        nobody = socket.create_server(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        nobody.close()
        for _, through in self.each():
            over_now = threading.Event()
            for url in [nowhere, "http://itsm.invalid"]:
                error = create(through, gateway(url))
                assert isinstance(error, ItsmError)
                self.assertEqual((error.may_have_acted, error.origin), (False, Origin.TRANSPORT), url)
            with Raw(hang) as server:
                connection = Connection(server.connection.endpoint, server.connection.authorization, (), 500)
                error = create(through, connection)
                assert isinstance(error, ItsmError)
                self.assertEqual((error.advice, error.may_have_acted), (LookUp(), True))
                over_now.set()
            self.assertEqual(len(server.read), 1)

    def test_a_server_that_takes_no_connection_has_done_nothing(self) -> None:
        # Its queue is full: the connection is neither taken nor refused.
        with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full:
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            for name, through in self.each():
                connection = Connection(
                    Gateway(f"http://127.0.0.1:{full.getsockname()[1]}/prod"), AddedByHost(), (), 400
                )
                begun = time.monotonic()
                error = create(through, connection)
                assert isinstance(error, ItsmError)
                self.assertFalse(error.may_have_acted)
                self.assertLess(time.monotonic() - begun, 5, name)
            for one in waiting:
                one.close()

    def test_an_answer_that_breaks_off_or_is_none_is_a_failure(self) -> None:
        lenient = {"cut headers", "headers without an end", "a content-length that is none", "a header that is none"}
        for name, through in self.each():
            for what, answer in BROKEN.items():
                # What an application's client lets pass is its affair; that nothing raises otherwise is ours.
                with self.subTest(what), Raw(partial(bytes, answer)) as server:
                    error = create(through, server.connection)
                    if isinstance(error, ItsmError):
                        self.assertEqual((error.advice, error.may_have_acted), (LookUp(), True))
                    else:
                        self.assertNotEqual(name, "its own")
                        self.assertIn(what, {*lenient, "a negative content-length", "two content-lengths"})
                    self.assertEqual(len(server.read), 1)

    def test_the_deadline_holds_while_bytes_trickle(self) -> None:
        def ask(what: str, name: str) -> None:
            with Raw(lambda: endless_for(what)) as server:
                connection = Connection(server.connection.endpoint, server.connection.authorization, (), 600)
                begun = time.monotonic()
                error = create(over(name), connection)
                assert isinstance(error, ItsmError)
                self.assertTrue(error.may_have_acted, (what, name))
                self.assertLess(time.monotonic() - begun, 15, (what, name))

        def endless_for(what: str) -> Any:
            # A server that ends some day: an application's client reads on, once nobody waits any more.
            end = time.monotonic() + 5
            for piece in endless(*ENDLESS[what]):
                yield piece
                if time.monotonic() > end:
                    return

        cases = [(what, name) for what in ["headers", "interim answers", "a body", "chunks"] for name in CLIENTS]
        with ThreadPoolExecutor(len(cases)) as threads:
            for asked in [threads.submit(ask, *case) for case in cases]:
                asked.result()

    def test_it_follows_no_redirect_and_sends_nothing_twice(self) -> None:
        for _, through in self.each():
            for code in [301, 302, 307, 308]:
                with done() as elsewhere, always(code, b"", location=f"{elsewhere.url}/") as server:
                    error = create(through, gateway(server.url))
                    assert isinstance(error, ItsmError)
                    self.assertEqual((len(server.requests), elsewhere.requests), (1, []))

    def test_a_compressed_answer_is_read_if_the_client_can(self) -> None:
        zipped = gzip.compress(BODY)
        with always(200, zipped, **{"content-encoding": "gzip", "content-type": "application/json"}) as server:
            for name, through in self.each():
                answer = create(through, gateway(server.url))
                self.assertEqual(answer if name != "its own" else "REQ1", "REQ1")
            asked = [dict(headers) for _, _, headers, _ in server.requests]
            self.assertEqual({headers["accept-encoding"] for headers in asked}, {"identity"})

    def test_what_the_host_adds_is_sent_and_stands_in_no_word(self) -> None:
        answers: list[Answer] = []
        credentials = {"X-Bkapi-Authorization": json.dumps({"bk_app_code": CODE, "bk_app_secret": AWKWARD})}
        with Scripted(lambda *_: answers[0]) as server:
            connection = Connection(Gateway(f"{server.url}/prod"), AddedByHost(), (), 2_000)
            sessions: dict[str, tuple[Any, Any]] = {
                "its own, with a dictionary": (None, credentials),
                "its own, with a function": (None, lambda _: credentials),
                "requests, with its own": (requests.Session(), None),
                "httpx, with its own": (httpx.Client(headers=credentials), None),
                "urllib3, with its own": (urllib3.PoolManager(headers=credentials), None),
                "requests, with a function": (requests.Session(), lambda _: credentials),
            }
            sessions["requests, with its own"][0].headers.update(credentials)
            for what, (client, added) in sessions.items():
                through = Itsm(component(), client=client, credentials=added)
                for form, text in FORMS.items():
                    message = f"no {text}\r\n\x1b[31mno"
                    header = f"no {text}".encode().decode("latin-1")
                    for status_, headers, body in [
                        (200, {}, {"result": False, "code": text, "message": message, "data": None}),
                        (400, {"X-Bkapi-Request-ID": header, "X-Bkapi-Error-Message": header}, {}),
                    ]:
                        answers[:] = [(status_, headers, json.dumps(body, ensure_ascii=False).encode())]
                        with self.subTest(what, form=form):
                            error = create(through, connection)
                            assert isinstance(error, ItsmError)
                            self.assertIn("[secret]", repr(error))
                            for leak in ["canary", "p%22w", 'p"w', "p\\"]:
                                self.assertNotIn(leak, repr(error.args))
                sent = {name.lower(): value for name, value in server.requests[-1][2]}
                self.assertEqual(json.loads(sent["x-bkapi-authorization"])["bk_app_secret"], AWKWARD)


class OwnClient(unittest.TestCase):
    def test_connections_are_used_again_unless_the_server_has_closed_them(self) -> None:
        peers: list[Any] = []

        class Kept(Scripted):
            def verify_request(self, request: Any, address: Any) -> bool:
                peers.append(address)
                return True

        with Kept(lambda *_: (200, {}, BODY)) as server, patch("tests.support._Handler.protocol_version", "HTTP/1.1"):
            through = over("its own")
            self.assertEqual([create(through, gateway(server.url)) for _ in range(3)], ["REQ1"] * 3)
            self.assertEqual(len(peers), 1)
        with Kept(lambda *_: (200, {}, BODY)) as server:
            through = over("its own")
            self.assertEqual([create(through, gateway(server.url)) for _ in range(3)], ["REQ1"] * 3)
            self.assertEqual(len(peers), 4)

    def test_only_allowed_servers_are_reached(self) -> None:
        with done() as server, always(200, b'{"code":0}') as receiver:
            through = Itsm(component(), allow=[server.url])
            self.assertFalse(create_fails_with_allow(through, gateway(server.url)))
            with self.assertRaises(ItsmError) as caught:
                through.tickets.status(gateway(receiver.url), "REQ1")
            self.assertEqual(caught.exception.advice, AllowHost(receiver.url.removeprefix("http://")))
            self.assertEqual(receiver.requests, [])
            both = Itsm(component(), allow=[server.url, receiver.url])
            both.diagnosis.check_callback_url(CallbackTarget(receiver.url, []))
        with self.assertRaisesRegex(ValueError, "is no address of a server"):
            Itsm(component(), allow=["itsm.example.com"])

    def test_a_private_authority_is_trusted_when_named_and_an_unknown_one_is_not(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / "tests/tls/server.pem")
        ca = FOLDER / "tests/tls/ca.pem"
        with always(200, BODY) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            connection = gateway(server.url.replace("http:", "https:"))
            session = requests.Session()
            session.verify = str(ca)
            # Else the environment's certificates win.
            session.trust_env = False
            trusting = ssl.create_default_context(cafile=ca)
            for what, client, knows in [
                ("its own", Client(), False),
                ("its own, with a file", Client(ca_file=ca), True),
                ("its own, with a context", Client(ssl_context=trusting), True),
                ("requests", requests.Session(), False),
                ("requests, with a file", session, True),
                ("httpx, with a context", httpx.Client(verify=trusting), True),
                ("urllib3, with a file", urllib3.PoolManager(ca_certs=str(ca)), True),
            ]:
                with self.subTest(what):
                    answer = create(Itsm(component(), client=client), connection)
                    if knows:
                        self.assertEqual(answer, "REQ1")
                    else:
                        assert isinstance(answer, ItsmError)
                        self.assertFalse(answer.may_have_acted)
            with patch.dict(os.environ, SSL_CERT_FILE=str(ca)):
                self.assertEqual(create(over("its own"), connection), "REQ1")

    def test_a_proxy_is_used_if_it_is_named_or_in_the_environment(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / "tests/tls/server.pem")
        ca = FOLDER / "tests/tls/ca.pem"
        with always(200, BODY) as plain, always(200, BODY) as secured, Proxy() as proxy:
            secured.socket = context.wrap_socket(secured.socket, server_side=True)
            secure = gateway(secured.url.replace("http:", "https:"))
            address = proxy.url.replace("http://", "http://user:pass%40word@")
            through = Itsm(component(), client=Client(ca_file=ca, proxies={"http": address, "https": address}))
            self.assertEqual(create(through, gateway(plain.url)), "REQ1")
            self.assertEqual(create(through, secure), "REQ1")
            at = urlsplit(secured.url).netloc
            self.assertEqual(
                [line.split()[:2] for line in proxy.lines],
                [
                    ["POST", f"{plain.url}/prod/v2/itsm/create_ticket/"],
                    ["CONNECT", at],
                ],
            )
            self.assertEqual(proxy.authorizations, ["Basic dXNlcjpwYXNzQHdvcmQ="] * 2)
            self.assertNotIn("proxy-authorization", {name.lower() for name, _ in secured.requests[0][2]})
            elsewhere = plain.url.replace("127.0.0.1", "itsm.invalid")
            for settings, url, used in [
                ({"HTTP_PROXY": proxy.url}, elsewhere, True),
                ({"http_proxy": proxy.url}, elsewhere, True),
                ({"HTTP_PROXY": proxy.url, "NO_PROXY": "other.invalid,.invalid"}, elsewhere, False),
                ({"ALL_PROXY": proxy.url}, elsewhere, True),
                ({"HTTPS_PROXY": proxy.url}, elsewhere, False),
                ({"HTTP_PROXY": proxy.url}, plain.url, False),
                ({"HTTP_PROXY": proxy.url}, plain.url.replace("127.0.0.1", "localhost"), False),
            ]:
                clear = {name: "" for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"]}
                before = len(proxy.lines)
                with self.subTest(settings, url=url), patch.dict(os.environ, {**clear, **settings}):
                    answer = create(over("its own"), gateway(url))
                    self.assertEqual(answer == "REQ1", used or url != elsewhere)
                    self.assertEqual(len(proxy.lines) - before, int(used))

    def test_a_tunnel_and_a_private_authority_are_those_of_the_environment(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / "tests/tls/server.pem")
        ca = str(FOLDER / "tests/tls/ca.pem")
        with always(200, BODY) as server, Proxy() as proxy:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            here = server.url.replace("http:", "https:")
            away = here.replace("127.0.0.1", "itsm.invalid")
            for settings, url, refuses, connects, answers in [
                ({"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": ca}, away, False, True, True),
                ({"https_proxy": proxy.url, "SSL_CERT_FILE": ca}, away, False, True, True),
                ({"HTTPS_PROXY": proxy.url}, away, False, True, False),
                ({"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": ca}, away, True, True, False),
                (
                    {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": ca, "NO_PROXY": "itsm.invalid"},
                    away,
                    False,
                    False,
                    False,
                ),
                ({"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": ca}, here, False, False, True),
                ({"HTTPS_PROXY": proxy.url}, here, False, False, False),
            ]:
                clear = {name: "" for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"]}
                system = ssl.get_default_verify_paths().openssl_cafile
                proxy.lines.clear()
                server.requests.clear()
                proxy.refuses = refuses
                environment = {**clear, "SSL_CERT_FILE": system, **settings}
                with self.subTest(settings, url=url, refuses=refuses), patch.dict(os.environ, environment):
                    answer = create(over("its own"), gateway(url))
                    lines = [f"CONNECT {urlsplit(away).netloc} HTTP/1.1"] if connects else []
                    self.assertEqual((proxy.lines, len(server.requests)), (lines, int(answers)))
                    if answers:
                        self.assertEqual(answer, "REQ1")
                    else:
                        assert isinstance(answer, ItsmError)
                        self.assertFalse(answer.may_have_acted)

    def test_a_function_can_be_the_client(self) -> None:
        from blueking_itsm.http import Answer as Given

        seen: list[Request] = []

        def send(request: Request, body: Any, timeout: float) -> Given:
            seen.append(request)
            if body is not None:
                self.assertEqual(json.loads(b"".join(body))["creator"], "carol")
            return Given(200, [("content-type", "application/json")], [BODY])

        in_query = Connection(EsbLegacy("http://nowhere.invalid"), AppCredentials(CODE, SECRET))

        self.assertEqual(create(Itsm(component(), client=send), gateway("http://nowhere.invalid")), "REQ1")
        self.assertEqual(seen[0].url, "http://nowhere.invalid/prod/v2/itsm/create_ticket/")
        self.assertNotIn(SECRET, repr(seen[0]))
        self.assertRaises(ItsmError, Itsm(component(), client=send).tickets.status, in_query, "REQ1")
        self.assertIn(SECRET, seen[1].target)
        self.assertNotIn(SECRET, repr(seen[1]))
        with self.assertRaisesRegex(TypeError, "client wants a blueking_itsm.http.Client, .* not int$"):
            Itsm(component(), client=5)

    def test_what_is_secret_in_a_request_is_wiped_from_the_instance(self) -> None:
        through = over("its own")
        with always(200, BODY) as server:
            self.assertEqual(create(through, gateway(server.url)), "REQ1")
        (guest,) = through._guests._idle
        self.assertNotIn(SECRET.encode(), bytes(guest.instance.memory()))


def create_fails_with_allow(through: Itsm, connection: Connection) -> bool:
    answer = create(through, connection)
    return isinstance(answer, ItsmError) and isinstance(answer.advice, AllowHost)


class Proxy(Scripted):
    """A proxy for plain requests and tunnels."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.authorizations: list[str | None] = []
        self.refuses = False
        super().__init__(self.forward)
        handler: Any = self.RequestHandlerClass
        self.RequestHandlerClass = type("Handler", (handler,), {"do_CONNECT": _tunnel})

    def forward(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        self.lines.append(f"{method} {path}")
        self.authorizations.append(dict(headers).get("Proxy-Authorization"))
        at = urlsplit(path)
        connection = HTTPConnection("127.0.0.1", at.port, timeout=60)
        connection.request(method, at.path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, {}, answer.read()


def _tunnel(handler: Any) -> None:
    handler.server.lines.append(handler.requestline)
    handler.server.authorizations.append(handler.headers.get("Proxy-Authorization"))
    if handler.server.refuses:
        handler.send_error(403)
        return
    with socket.create_connection(("127.0.0.1", int(handler.path.rpartition(":")[2]))) as upstream:
        handler.send_response_only(200)
        handler.end_headers()

        def pump(source: socket.socket, sink: socket.socket) -> None:
            # Who does not trust the other breaks off.
            with suppress(OSError):
                while content := source.recv(1 << 16):
                    sink.sendall(content)
                sink.shutdown(socket.SHUT_WR)

        back = threading.Thread(target=pump, args=[upstream, handler.connection], daemon=True)
        back.start()
        pump(handler.connection, upstream)
        back.join()
