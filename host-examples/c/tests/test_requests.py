"""How requests leave, and what is known of those that fail."""

import gzip
import json
import socket
import subprocess
import threading
import unittest
from collections.abc import Iterator
from contextlib import closing
from time import monotonic, sleep

from support import (
    APP,
    CA,
    SECRET,
    SUCCESS,
    Host,
    Proxy,
    Server,
    answer,
    environment,
    headers_of,
    program,
    received,
    side_by_side,
)

NOTHING = "ITSM has changed nothing."
MAYBE = "ITSM may have acted."
LONGEST_S = 120
"""The host's deadline is 30 seconds, and libcurl's own are minutes."""
AWKWARD = 'canary-p"w\\x/y'
"""A secret that JSON and addresses write in other ways."""


def create(gateway: str, **settings: str) -> Host:
    return Host("approval", "carol", "bob", "open an account", ITSM_GATEWAY=gateway, **settings)


def said(gateway: str, **settings: str) -> str:
    """What the host says of a request that does not make a ticket."""
    code, stdout, stderr = create(gateway, **settings).end()
    assert (code, stdout) == (1, ""), (code, stdout, stderr)
    return stderr


def withdrawn(gateway: str, **settings: str) -> tuple[int, str, str]:
    """A request that is sent once, and whose answer is believed."""
    return Host("withdraw", "carol", "REQ1", "no more", ITSM_GATEWAY=gateway, **settings).end()


ROW = {
    "id": 1,
    "sn": "REQ1",
    "title": "t",
    "service_id": 1,
    "current_status": "RUNNING",
    "end_at": None,
    "bk_biz_id": -1,
}
ROW |= {"creator": "carol", "create_at": "", "updated_by": "", "update_at": "", "ticket_url": ""}


class Together(Server):
    """An ITSM that gives no answer to a new ticket, and lists tickets to two who ask at once, whatever their tag."""

    def __init__(self) -> None:
        self._two = threading.Barrier(2)
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        self.requests.append(received(connection))
        if len(self.requests) > 1:
            self._two.wait(LONGEST_S)
            page = {"page": 1, "total_page": 1, "count": 1, "next": None, "previous": None, "items": [ROW]}
            body = json.dumps({"result": True, "code": 0, "message": "success", "data": page})
            connection.sendall(answer(body.encode()))


class Answers(unittest.TestCase):
    def test_requests_that_do_not_depend_on_each_other_are_under_way_at_once(self) -> None:
        with Together() as server:
            self.assertIn("untraceable", said(f"{server.url}/prod"))
            # The new ticket, the tickets of its tag, and those of a tag that nobody has.
            self.assertEqual(len(server.requests), 3)

    def test_an_answer_is_read_or_refused(self) -> None:
        """The last is what the host says."""
        limited = json.dumps({"code": 1642902, "message": "too many", "result": False, "data": None}).encode()
        for what, content, code, words in [
            ("whole", answer(), 0, ""),
            ("compressed, though nobody asked for it", answer(gzip.compress(SUCCESS), content_encoding="gzip"), 0, ""),
            ("until the connection closes", b"HTTP/1.1 200 OK\r\n\r\n" + SUCCESS, 0, ""),
            ("after interim answers", b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(), 0, ""),
            ("cut in its body", answer()[:-5], 1, MAYBE),
            ("cut in its chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{", 1, MAYBE),
            ("cut in its head", answer()[:20], 1, MAYBE),
            ("no bytes", b"", 1, MAYBE),
            ("compressed and cut", answer(gzip.compress(SUCCESS), content_encoding="gzip")[:-9], 1, MAYBE),
            ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n", 1, MAYBE),
            ("a page", answer(b"<html>", content_type="text/html"), 1, MAYBE),
            ("too many requests", answer(limited, "429 Too Many Requests", Retry_After="7"), 1, "after 7000 mill"),
            ("a redirect", answer(b"", "302 Found", Location="http://127.0.0.1:1/"), 1, MAYBE),
        ]:
            with self.subTest(what), Server(content) as server:
                ended, stdout, stderr = withdrawn(f"{server.url}/prod")
                self.assertEqual((ended, stdout), (code, "" if code else "withdrawn\n"), stderr)
                self.assertIn(words, stderr)
                self.assertEqual(len(server.requests), 1)

    def test_a_redirect_is_followed_nowhere(self) -> None:
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]:
            with (
                self.subTest(status),
                Server(answer()) as other,
                Server(answer(b"", status, Location=f"{other.url}/prod")) as server,
            ):
                withdrawn(f"{server.url}/prod")
                self.assertEqual((len(server.requests), other.requests), (1, []))

    def test_no_request_leaves_for_another_server(self) -> None:
        with Server(answer()) as server, Server(answer()) as other:
            settings = environment({**APP, "ITSM_GATEWAY": f"{server.url}/prod"})
            for gateway in (f"{other.url}/prod", f"http://localhost:{server.at.rpartition(':')[2]}/prod"):
                asked = subprocess.run([program("elsewhere"), gateway], env=settings, capture_output=True, text=True)
                self.assertEqual((asked.returncode, asked.stdout), (1, ""), asked.stderr)
                self.assertIn(NOTHING, asked.stderr)
            self.assertEqual((server.requests, other.requests), ([], []))

    def test_an_answer_is_read_as_it_comes_up_to_the_components_limit(self) -> None:
        for size, words in [(3 << 20, "no ticket has"), (5 << 20, "more than 4194304 bytes")]:
            body = json.dumps({"result": False, "code": "3900001", "message": "no ticket has " + " " * size, "data": 0})
            with Server(answer(body.encode())) as server:
                self.assertIn(words, withdrawn(f"{server.url}/prod")[2])

    def test_the_deadline_holds_whatever_a_server_sends(self) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        chunked = head + b"transfer-encoding: chunked\r\n\r\n"

        def endless(first: bytes, again: bytes, pause_s: float) -> Iterator[bytes]:
            yield first
            while True:
                yield again
                sleep(pause_s)

        def ask(case: tuple[str, bytes, bytes, float]) -> None:
            what, *content = case
            with Server(lambda: endless(*content)) as server:
                begun = monotonic()
                code, _, stderr = withdrawn(f"{server.url}/prod")
                self.assertEqual((code, len(server.requests)), (1, 1), what)
                self.assertLess(monotonic() - begun, LONGEST_S, what)
                self.assertIn(MAYBE, stderr, what)

        side_by_side(
            ask,
            [
                ("nothing", b"", b"", 0.02),
                ("headers", head, b"x: y\r\n", 0.02),
                ("interim answers", b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0),
                ("chunks", chunked, b"1\r\n \r\n", 0.02),
                ("chunks at once", chunked, b"1\r\n \r\n", 0),
            ],
            count=5,
        )


class Connections(unittest.TestCase):
    def test_what_never_had_a_connection_is_known_to_be_unsent(self) -> None:
        nobody = socket.create_server(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{nobody.getsockname()[1]}"
        nobody.close()
        far = "https://itsm.example.com/prod"
        with Server(answer()) as plain, Server(answer(), tls=True) as secured, Proxy(secured, refuses=True) as refusing:
            for what, gateway, settings, words in [
                ("nobody listens", f"http://{nowhere}/prod", {}, "connection refused"),
                ("no such host", "http://itsm.invalid/prod", {}, "has no address"),
                ("a server without TLS", f"https://{plain.at}/prod", {}, "no TLS with"),
                ("an unknown CA", f"{secured.url}/prod", {}, "certificate may be of a CA"),
                ("a certificate of another host", far, {"HTTPS_PROXY": refusing.url}, "can't be reached"),
                ("no proxy listens", far, {"HTTPS_PROXY": f"http://{nowhere}"}, "can't be reached"),
                ("no such proxy", far, {"HTTPS_PROXY": "http://proxy.invalid"}, "can't be reached"),
            ]:
                with self.subTest(what):
                    stderr = said(gateway, **settings)
                    self.assertIn(words, stderr)
                    self.assertIn(NOTHING, stderr)
            self.assertEqual(secured.requests, [])
            self.assertEqual(len(refusing.requests), 1)

    def test_a_server_that_takes_no_connection_has_done_nothing(self) -> None:
        # Its queue is full: the connection is neither taken nor refused.
        with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full:
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            begun = monotonic()
            stderr = said(f"http://127.0.0.1:{full.getsockname()[1]}/prod")
            self.assertLess(monotonic() - begun, LONGEST_S)
            self.assertIn("before the deadline", stderr)
            self.assertIn(NOTHING, stderr)
            for one in waiting:
                one.close()

    def test_a_private_authority_is_trusted_when_it_is_named(self) -> None:
        with Server(answer(), tls=True) as server:
            self.assertEqual(withdrawn(f"{server.url}/prod", SSL_CERT_FILE=CA)[:2], (0, "withdrawn\n"))
            self.assertIn("no TLS with", withdrawn(f"{server.url}/prod")[2])
            self.assertEqual(len(server.requests), 1)

    def test_proxies_are_those_of_the_environment_and_lead_to_others_only(self) -> None:
        named, other = "http://itsm.example.com/prod", "/prod/v2/itsm/operate_ticket/"
        with Server(answer()) as server, Server(answer()) as proxy:
            user = proxy.url.replace("//", "//user:pass%40word@")
            for what, settings, gateway, line in [
                ("in capitals", {"HTTP_PROXY": proxy.url}, named, f"POST http://itsm.example.com{other}"),
                ("in small letters", {"http_proxy": proxy.url}, named, f"POST http://itsm.example.com{other}"),
                ("for all", {"ALL_PROXY": proxy.url}, named, f"POST http://itsm.example.com{other}"),
                ("with a password", {"HTTP_PROXY": user}, named, f"POST http://itsm.example.com{other}"),
                ("for https only", {"HTTPS_PROXY": proxy.url}, named, None),
                ("not for this host", {"HTTP_PROXY": proxy.url, "NO_PROXY": ".example.com"}, named, None),
                ("from a client of a web server", {"HTTP_PROXY": proxy.url, "REQUEST_METHOD": "GET"}, named, None),
                ("not for this machine", {"HTTP_PROXY": proxy.url, "ALL_PROXY": proxy.url}, f"{server.url}/prod", None),
            ]:
                with self.subTest(what):
                    before = len(proxy.requests)
                    code, _, stderr = withdrawn(gateway, **settings)
                    lines = [request.decode().partition(" HTTP")[0] for request in proxy.requests[before:]]
                    self.assertEqual(lines, [line] if line else [], stderr)
                    self.assertEqual(code == 0, bool(line) or gateway != named, stderr)
            given = [headers_of(request).get("proxy-authorization") for request in proxy.requests]
            self.assertEqual(given, [None, None, None, "Basic dXNlcjpwYXNzQHdvcmQ="])
            self.assertEqual(len(server.requests), 1)

    def test_a_proxy_leads_to_a_server_with_tls_and_never_sees_the_request(self) -> None:
        far = "https://itsm.example.com/prod"
        with Server(answer(), tls=True) as server, Proxy(server) as proxy:
            self.assertEqual(withdrawn(far, HTTPS_PROXY=proxy.url, SSL_CERT_FILE=CA)[:2], (0, "withdrawn\n"))
            self.assertEqual(proxy.requests[0].partition(b" HTTP")[0], b"CONNECT itsm.example.com:443")
            self.assertNotIn(b"Authorization", proxy.requests[0])
            self.assertIn(SECRET, headers_of(server.requests[0])["x-bkapi-authorization"])
            # Through the proxy too, a certificate must be the host's.
            wrong = withdrawn("https://itsm.example.org/prod", HTTPS_PROXY=proxy.url, SSL_CERT_FILE=CA)[2]
            self.assertIn("no TLS with", wrong)
            self.assertIn(NOTHING, wrong)
            self.assertEqual(len(server.requests), 1)


class Credentials(unittest.TestCase):
    def test_they_are_added_by_the_host_but_for_the_oldest_esb(self) -> None:
        more = {"ITSM_ACCESS_TOKEN": "canary-token", "ITSM_TENANT_ID": "one", "ITSM_APP_SECRET": AWKWARD}
        app = {"bk_app_code": "gate", "bk_app_secret": AWKWARD}
        with Server(answer()) as server:
            for settings, path, expected in [
                ({"ITSM_GATEWAY": f"{server.url}/prod", **more}, "/prod", {**app, "access_token": "canary-token"}),
                ({"ITSM_GATEWAY": "", "ITSM_ESB": server.url, "ITSM_APP_SECRET": AWKWARD}, "/api/c/compapi", app),
                ({"ITSM_GATEWAY": "", "ITSM_ESB_LEGACY": server.url, **more}, "/api/c/compapi", None),
            ]:
                with self.subTest(path, expected=expected):
                    done = Host("withdraw", "carol", "REQ1", "no more", **settings).end()
                    self.assertEqual(done[:2], (0, "withdrawn\n"), done[2])
                    request = server.requests[-1]
                    headers, body = headers_of(request), json.loads(request.partition(b"\r\n\r\n")[2])
                    self.assertTrue(request.startswith(f"POST {path}/v2/itsm/operate_ticket/ ".encode()), request)
                    self.assertEqual(headers.get("x-bk-tenant-id"), "one" if more.keys() <= settings.keys() else None)
                    added = headers.get("x-bkapi-authorization")
                    self.assertEqual(request.lower().count(b"x-bkapi-authorization"), int(expected is not None))
                    self.assertEqual(json.loads(added) if added else None, expected)
                    self.assertEqual("bk_app_secret" in body, expected is None)
                    self.assertNotIn("user-agent", headers)

    def test_a_secret_that_a_server_repeats_is_not_printed(self) -> None:
        token = "canary-of-the-token"
        inner = json.dumps(AWKWARD)[1:-1]
        for what, form in {
            "as it is": AWKWARD,
            "in JSON": inner,
            "in JSON within JSON": json.dumps(inner)[1:-1],
            "with numbers": "".join(f"\\u{ord(letter):04X}" for letter in AWKWARD),
            "in an address": "".join(f"%{ord(letter):02X}" for letter in AWKWARD),
            "the token": token,
            "cut in its middle": "x" * 245 + AWKWARD,
        }.items():
            body = json.dumps({"result": False, "code": 1, "message": f"no {form}", "data": None}).encode()
            with self.subTest(what), Server(answer(body)) as server:
                settings = {"ITSM_APP_SECRET": AWKWARD, "ITSM_ACCESS_TOKEN": token}
                stderr = withdrawn(f"{server.url}/prod", **settings)[2]
                self.assertIn("[secret]", stderr)
                for leak in ["canary", 'p"w', "p%22w", "\\x/y"]:
                    self.assertNotIn(leak, stderr)
