"""Whole stories, over the project's fake ITSM."""

import json
import time
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

from support import ROOT, SECRET, FakeItsm, Host, preloaded, side_by_side

VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/binding.json").read_text())
BOUND = next(check for check in VECTORS["checks"] if check["name"] == "a binding holds")
CALLBACK = {
    "sn": "REQ1",
    "title": "t",
    "current_status": "FINISHED",
    "approve_result": True,
    "ticket_url": "u",
    "update_at": "",
    "updated_by": ",bob,",
    "last_approver": "bob",
    "token": "a token",
}


def site(*options: str) -> FakeItsm:
    return FakeItsm("--credentials", f"gate:{SECRET}", *options)


def approval(*arguments: str, **settings: str) -> Host:
    return Host("approval", *arguments, "carol", "bob", "open an account", **settings)


def until(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < give_up, "it does not happen"
        time.sleep(0.02)


def newest(fake: FakeItsm, count: int) -> str:
    """The number of the last of so many tickets, once its flow runs."""
    until(lambda: len(fake.show("tickets")) >= count)
    return fake.started(fake.show("tickets")[count - 1]["sn"])


def at(fake: FakeItsm, kind: str) -> dict[str, str]:
    """The settings by which a host reaches it."""
    return {kind: fake.gateway if kind == "ITSM_GATEWAY" else fake.url}


class Stories(unittest.TestCase):
    def test_only_an_approval_ends_with_0(self) -> None:
        endings: dict[str, Callable[[FakeItsm, str], None]] = {
            "approved": lambda fake, sn: fake.tell("approve", sn=sn, who="bob"),
            "rejected": lambda fake, sn: fake.tell("refuse", sn=sn, who="bob", remark="no"),
            "withdrawn": lambda fake, sn: fake.tell("withdraw", sn=sn, who="carol"),
            "terminated": lambda fake, sn: fake.tell("terminate", sn=sn, who="bob"),
        }
        with site() as fake:
            for count, (verdict, decide) in enumerate(endings.items(), 1):
                with self.subTest(verdict):
                    running = approval(**at(fake, "ITSM_GATEWAY"))
                    sn = newest(fake, count)
                    decide(fake, sn)
                    self.assertEqual(running.end(), (int(verdict != "approved"), f"{verdict}\n", f"waiting for {sn}\n"))

    def test_an_esb_serves_as_a_gateway_does(self) -> None:
        for kind, options in [("ITSM_ESB", []), ("ITSM_ESB_LEGACY", ["--legacy-esb"])]:
            with self.subTest(kind), site(*options) as fake:
                running = approval(**at(fake, kind))
                fake.tell("approve", sn=fake.first(), who="bob")
                self.assertEqual(running.end()[:2], (0, "approved\n"))
        with site("--legacy-esb") as fake:
            code, _, stderr = approval(**at(fake, "ITSM_ESB")).end()
            self.assertEqual(code, 1)
            self.assertIn("ITSM has changed nothing.", stderr)

    def test_a_ticket_whose_answer_was_lost_is_found_and_not_made_again(self) -> None:
        for fault in ["drop-after-executing", "reset-after-executing", "truncated", "executed-late:3000"]:
            with self.subTest(fault), site("--fault", f"create_ticket={fault}") as fake:
                running = approval(**at(fake, "ITSM_GATEWAY"))
                fake.tell("approve", sn=fake.first(), who="bob")
                code, stdout, stderr = running.end()
                self.assertEqual((code, stdout), (0, "approved\n"), stderr)
                self.assertIn("ITSM may have acted.", stderr)
                self.assertEqual(len(fake.show("tickets")), 1)

    def test_too_many_requests_are_waited_for_where_a_request_only_reads(self) -> None:
        with site("--fault", "get_tickets=rate-limit:1*2") as fake:
            running = approval(**at(fake, "ITSM_GATEWAY"))
            fake.tell("approve", sn=fake.first(), who="bob")
            self.assertEqual(running.end()[:2], (0, "approved\n"))
        with site("--fault", "create_ticket=rate-limit:7") as fake:
            code, _, stderr = approval(**at(fake, "ITSM_GATEWAY")).end()
            self.assertEqual((code, fake.show("tickets")), (1, []))
            self.assertIn("Call again after 7000 milliseconds. ITSM has changed nothing.", stderr)

    def test_a_callback_that_comes_while_its_ticket_is_taken_back_is_answered_meanwhile(self) -> None:
        with site() as fake, Endpoint(at(fake, "ITSM_GATEWAY")) as endpoint:
            sn = ticket_with_callback(fake, endpoint.url)
            taken_back = Host("withdraw", "carol", sn, "no more", **at(fake, "ITSM_GATEWAY"))
            self.assertEqual(taken_back.end(), (0, "withdrawn\n", ""))
            # The callback was answered before the withdrawal was.
            [(code, stdout, stderr)] = endpoint.said
            operation = f"operation {BOUND['operation_id']}\n"
            self.assertEqual((code, stdout, stderr), (1, "withdrawn\n", operation))
            code, _, stderr = Host("withdraw", "carol", sn, "no more", **at(fake, "ITSM_GATEWAY")).end()
            self.assertEqual(code, 1)
            self.assertIn("ITSM has changed nothing.", stderr)


class Callbacks(unittest.TestCase):
    def test_a_binding_holds_where_it_holds_for_every_receiver(self) -> None:
        """Each vector that the program's argument and settings can say."""

        def check(vector: dict[str, Any]) -> None:
            code, stdout, stderr = Host(
                "callback",
                vector["headers"][0][1],
                body=json.dumps(CALLBACK),
                ITSM_GATEWAY="http://127.0.0.1:1/prod",
                ITSM_CALLBACK_URL=vector["callback_url"],
                ITSM_BINDING_KEYS=",".join(vector["keys"]),
                **preloaded(NOW=vector["now_s"]),
            ).end()
            self.assertEqual((code, stdout), (1, ""), vector["name"])
            operation = f"operation {vector.get('operation_id')}\n"
            self.assertEqual(stderr.startswith(operation), vector["result"] == "bound", (vector["name"], stderr))
            for secret in [*vector["keys"], vector.get("tag", vector["keys"][0])]:
                self.assertNotIn(secret, stderr, vector["name"])

        said = [vector for vector in VECTORS["checks"] if can_be_said(vector)]
        self.assertGreater(len(said), 100)
        self.assertEqual(
            {vector["result"] for vector in said},
            {"bound", "malformed", "forged", "invalid-key", "unknown-key", "expired"},
        )
        side_by_side(check, said)

    def test_without_an_address_there_are_no_callbacks(self) -> None:
        code, _, stderr = Host("callback", "v1", body="{}", ITSM_GATEWAY="http://127.0.0.1:1/prod").end()
        self.assertEqual((code, stderr), (1, "ITSM_CALLBACK_URL is not set\n"))


def can_be_said(vector: dict[str, Any]) -> bool:
    """Settings are trimmed, and have commas between keys. The header is given by its value."""
    texts = [vector["callback_url"], *vector["keys"]]
    names = [name for name, _ in vector["headers"]]
    return (
        names == ["X-Itsm-Binding"]
        and texts[1:] != []
        and all(text and text == text.strip() and "\0" not in text for text in texts)
        and not any("," in key for key in vector["keys"])
        and "\0" not in vector["headers"][0][1]
    )


def ticket_with_callback(fake: FakeItsm, url: str) -> str:
    """A ticket of the operation of a binding, which calls back."""
    fields = {"title": "open an account", "APPROVER": "bob", "APPROVAL_CONTENT": "open an account"}
    body = {
        "fast_approval": True,
        "creator": "carol",
        "tag": BOUND["tag"],
        "fields": [{"key": key, "value": value} for key, value in fields.items()],
        "meta": {"callback_url": url, "headers": dict(BOUND["headers"])},
    }
    request = Request(
        f"{fake.gateway}/v2/itsm/create_ticket/",
        json.dumps(body).encode(),
        {
            "content-type": "application/json",
            "X-Bkapi-Authorization": json.dumps({"bk_app_code": "gate", "bk_app_secret": SECRET}),
        },
    )
    with urlopen(request, timeout=60) as answer:
        created = json.load(answer)
    assert created["result"], created
    return fake.started(created["data"]["sn"])


class Endpoint(HTTPServer):
    """Gives each callback to the host, whose words it keeps."""

    def __init__(self, settings: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.settings = {
            **settings,
            "ITSM_CALLBACK_URL": BOUND["callback_url"],
            "ITSM_BINDING_KEYS": ",".join(BOUND["keys"]),
            **preloaded(NOW=BOUND["now_s"]),
        }
        self.said: list[tuple[int, str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/itsm"
        Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    def __exit__(self, *of: Any) -> None:
        self.shutdown()
        super().__exit__(*of)


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        host = Host("callback", self.headers["X-Itsm-Binding"], body=body, **self.server.settings)
        self.server.said.append(host.end())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"result":true,"code":0,"message":"success","data":null}')

    def log_message(self, format: str, *args: object) -> None:
        pass


class Records(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def record(self, name: str = "record") -> Path:
        return Path(self.folder.name, name)

    def test_killed_at_any_write_and_started_again_it_goes_on_with_the_same_ticket(self) -> None:
        side_by_side(self.killed_at_each_write, ["no fault", "truncated"])

    def killed_at_each_write(self, fault: str) -> None:
        with site() as fake:
            count = 1
            while not self.comes_to_its_end(fake, fault, count):
                count += 1
                self.assertLess(count, 60, fault)
            # There are the new file, two lines, each flushed to the disk, and the requests.
            self.assertGreater(count, 8, fault)

    def comes_to_its_end(self, fake: FakeItsm, fault: str, kill_at: int) -> bool:
        """Whether the host ended before so many writes."""
        title = f"{fault}, killed at {kill_at}"
        arguments = ["approval", "--record", str(self.record(title)), "carol", "bob", title]
        gateway = at(fake, "ITSM_GATEWAY")
        if fault != "no fault":
            fake.tell("clear-faults")
            fake.tell("fault", action="create_ticket", fault=fault, times=1)

        def tickets() -> list[dict[str, Any]]:
            return [ticket for ticket in fake.show("tickets") if ticket["title"] == title]

        def ended(host: Host) -> tuple[int, str, str]:
            """Approves what there is to approve meanwhile."""
            while host.is_running():
                for ticket in tickets():
                    if ticket["started"] and not ticket["ended"]:
                        fake.tell("approve", sn=ticket["sn"], who="bob")
                time.sleep(0.02)
            return host.end()

        first = ended(Host(*arguments, **gateway, **preloaded(KILL_AT=str(kill_at))))
        self.assertIn(first[0], [0, -SIGKILL], (title, first))
        again = ended(Host(*arguments, **gateway, **preloaded(HURRY="yes")))
        self.assertEqual(again[:2], (0, "approved\n"), (title, again))
        self.assertEqual(len(tickets()), 1, title)
        return first[0] == 0

    def test_the_number_in_the_record_is_enough_where_a_server_ignores_tags(self) -> None:
        with site("--tags", "ignored") as fake:
            settings = at(fake, "ITSM_GATEWAY")
            running = approval("--record", str(self.record()), **settings)
            sn = fake.first()
            until(lambda: f"made {sn}\n" in self.record().read_text())
            running.kill()
            fake.tell("approve", sn=sn, who="bob")
            again = approval("--record", str(self.record()), **settings)
            self.assertEqual(again.end(), (0, "approved\n", f"waiting for {sn}\n"))

    def test_a_request_that_itsm_refused_can_be_made_again_at_once(self) -> None:
        with site("--fault", "create_ticket=permission-expired") as fake:
            settings = at(fake, "ITSM_GATEWAY")
            self.assertEqual(approval("--record", str(self.record()), **settings).end()[0], 1)
            running = approval("--record", str(self.record()), **settings)
            fake.tell("approve", sn=fake.first(), who="bob")
            self.assertEqual(running.end()[:2], (0, "approved\n"))

    def test_a_record_is_for_one_request_and_one_program_at_a_time(self) -> None:
        path = str(self.record())
        with site() as fake:
            settings = at(fake, "ITSM_GATEWAY")
            running = approval("--record", path, **settings)
            sn = fake.first()
            self.assertEqual(
                approval("--record", path, **settings).end(), (1, "", "another program has the record open\n")
            )
            fake.tell("approve", sn=sn, who="bob")
            running.end()
            other = Host("approval", "--record", path, "carol", "mallory", "open an account", **settings)
            self.assertEqual(other.end(), (1, "", "the record is of another request\n"))
            self.assertEqual(len(fake.show("tickets")), 1)
            [tag] = [line.split()[1] for line in self.record().read_text().splitlines() if line.startswith("asked ")]
            self.assertEqual(self.record().stat().st_mode & 0o777, 0o600)
            self.assertEqual(len(tag), 26)

    def test_a_line_that_was_not_written_whole_counts_as_not_written(self) -> None:
        self.record().write_text("asked half of a ta")
        with site() as fake:
            running = approval("--record", str(self.record()), **at(fake, "ITSM_GATEWAY"))
            sn = fake.first()
            fake.tell("approve", sn=sn, who="bob")
            self.assertEqual(running.end()[:2], (0, "approved\n"))
            lines = self.record().read_text().splitlines()
            self.assertRegex(lines[0], r"^asked [a-z0-9]{26} carol bob open an account$")
            self.assertEqual(lines[1:], [f"made {sn}"])

    def test_a_file_that_is_no_record_is_left_as_it_is(self) -> None:
        for content in ["#!/bin/sh\n", "asked\n", "asked \n"]:
            self.record().write_text(content)
            code, _, stderr = approval("--record", str(self.record()), ITSM_GATEWAY="http://127.0.0.1:1/prod").end()
            self.assertEqual((code, stderr), (1, "the file is no record of this program\n"))
            self.assertEqual(self.record().read_text(), content)


class Versions(unittest.TestCase):
    def test_the_file_of_the_component_is_named_where_it_is_missing(self) -> None:
        with TemporaryDirectory() as folder:
            code, _, stderr = approval(ITSM_GATEWAY="http://127.0.0.1:1/prod", ITSM_WASM_DIR=folder).end()
            self.assertEqual((code, stderr), (1, f"{folder}/itsm.wasm is missing: run `cargo xtask build`\n"))
