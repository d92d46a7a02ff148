"""The package's Django app, in the example's site: `SITE_DATABASE` may name a database other than a file of SQLite."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import django
from blueking_itsm.serving import Server
from blueking_itsm.types import Field, People
from fake_itsm import FakeItsm, component

from .support import CODE, FOLDER, KEY, SECRET, itsm
from .test_durable import CHECK

FILES = TemporaryDirectory()
os.environ.setdefault("SITE_DATABASE", str(Path(FILES.name, "site.sqlite")))
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
sys.path.append(str(FOLDER / "django_example"))
django.setup()

from accounts.models import Account  # type: ignore[import-not-found]  # noqa: E402
from blueking_itsm.django import outcome_delivered  # noqa: E402
from blueking_itsm.django.models import Operation  # noqa: E402
from celery import Celery  # noqa: E402
from django.apps import apps  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.management.base import SystemCheckError  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402


def setUpModule() -> None:
    call_command("migrate", verbosity=0)


def tearDownModule() -> None:
    connections.close_all()
    FILES.cleanup()


class InTheSite(unittest.TestCase):
    """A fake ITSM, and the example's site under a WSGI server."""

    def setUp(self) -> None:
        self.fake = self.enterContext(FakeItsm("--credentials", f"{CODE}:{SECRET}"))
        server = self.enterContext(Server("127.0.0.1:0", get_wsgi_application()))
        self.settings = {
            "ITSM_GATEWAY": self.fake.gateway,
            "ITSM_APP_CODE": CODE,
            "ITSM_APP_SECRET": SECRET,
            "ITSM_CALLBACK_URL": f"http://{server.address}/itsm/callback",
            "ITSM_BINDING_KEYS": KEY,
            "ITSM_WASM": str(component()),
        }
        self.enterContext(override_settings(**self.settings))
        self.addCleanup(Operation.objects.all().delete)
        self.addCleanup(Account.objects.all().delete)
        self.later_s = 0
        self.loop = apps.get_app_config("blueking_itsm").loop
        self.enterContext(patch.object(self.loop, "_clock", lambda: time.time() + self.later_s))

    def ask(self, subject: str | None = "dora", **options: Any) -> Operation:
        """The operation as it is once everything has been done about it."""
        title = f"open an account for {subject}"
        asked = {"approvers": ["admin"], **options} if "service" not in options else options
        operation = Operation.objects.request(subject=subject, title=title, creator="carol", **asked)
        operation.refresh_from_db()
        return operation

    def decide(self, operation: Operation, act: str = "approve", lost: bool = False) -> dict[str, Any]:
        """Somebody decides, and ITSM calls back."""
        if lost:
            self.fake.tell("fault", action="callback", fault="lost-callback")
        sn = self.fake.started(operation.sn)
        self.fake.tell(act, sn=sn, who="admin")
        return self.fake.called_back(sn)

    def owners(self) -> list[str]:
        return list(Account.objects.order_by("id").values_list("owner", flat=True))

    def tickets(self) -> list[Any]:
        tickets: list[Any] = self.fake.show("tickets")
        return tickets

    def refuse_tickets(self, code: int, status: int = 403, **fault: object) -> None:
        self.fake.tell(
            "fault", action="create_ticket", fault="gateway", status=status, code=code, message="no", **fault
        )


class Tutorial(InTheSite):
    def test_an_account_is_opened_once_it_is_approved(self) -> None:
        site = Client()
        for owner, act, opened in [("dora", "approve", ["dora"]), ("eve", "refuse", ["dora"])]:
            with self.subTest(act):
                for _ in range(2):
                    self.assertEqual(site.post("/ask", {"owner": owner}).status_code, 202)
                operation = Operation.objects.get(subject=owner)
                self.assertTrue(self.decide(operation, act)["delivered"])
                self.loop.tick(whatever=True)
                self.assertEqual(site.get("/accounts").json(), {"accounts": opened})
        self.assertEqual(len(self.tickets()), 2)
        operation.refresh_from_db()
        assert operation.outcome is not None
        self.assertEqual((operation.state, operation.verdict), ("delivered", operation.outcome.verdict))

    def test_the_readme_shows_lines_of_the_site(self) -> None:
        for page in ["README.md", "README.zh.md"]:
            section = (FOLDER / page).read_text().partition("\n## Django\n")[2].partition("\n## ")[0]
            blocks = [block.partition("\n```")[0] for block in section.split("```python\n# ")[1:]]
            self.assertEqual(len(blocks), 4)
            for block in blocks:
                file, _, lines = block.partition("\n")
                self.assertIn(f"\n{lines}\n", (FOLDER / "django_example" / file.partition(",")[0]).read_text())

    def test_the_wheel_has_each_folder_of_the_package(self) -> None:
        folders = {file.parent for file in (FOLDER / "blueking_itsm").rglob("*.py")}
        names = {".".join(folder.relative_to(FOLDER).parts) for folder in folders}
        packaged = tomllib.loads((FOLDER / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
        self.assertEqual(set(packaged), names)

    def test_the_migrations_are_what_the_models_say(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


class Requests(InTheSite):
    def test_what_the_site_undoes_is_never_sent(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            operation = Operation.objects.request(title="t", creator="carol", approvers=["admin"])
            self.assertEqual(self.tickets(), [])
            _ = 1 / 0
        self.loop.tick(whatever=True)
        self.assertEqual(self.tickets(), [])
        self.assertFalse(Operation.objects.filter(pk=operation.pk).exists())

    def test_what_a_process_did_not_send_the_next_tick_sends_at_once(self) -> None:
        with patch.object(transaction, "on_commit"):
            self.assertEqual(self.ask().sn, "")
        call_command("itsm_tick")
        self.assertEqual([ticket["sn"] for ticket in self.tickets()], [Operation.objects.get().sn])

    def test_of_two_processes_that_are_about_to_send_one_does(self) -> None:
        with patch.object(transaction, "on_commit"):
            operation = self.ask()
        start, calls = itsm().tracking.start, 0

        def after_another(*of: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 1:
                self.loop.send(operation.pk)
            return start(*of)

        with patch.object(self.loop._itsm.tracking, "start", after_another):
            self.loop.send(operation.pk)
        self.assertEqual((calls, len(self.tickets())), (2, 1))

    def test_a_subject_has_one_ticket_however_many_ask_at_once(self) -> None:
        met, new = threading.Barrier(4), self.loop.new_ticket

        def ask(_: int) -> str:
            try:
                return str(self.ask().pk)
            finally:
                connections.close_all()

        def new_ticket(*of: Any, **options: Any) -> Any:
            # All have looked for the subject now, and none has found it.
            met.wait(60)
            return new(*of, **options)

        with patch.object(self.loop, "new_ticket", new_ticket), ThreadPoolExecutor(4) as threads:
            self.assertEqual(len(set(threads.map(ask, range(4)))), 1)
        self.assertEqual(len(self.tickets()), 1)
        self.assertNotEqual(self.ask("Dora").pk, self.ask("dora").pk)
        self.assertNotEqual(self.ask(None).pk, self.ask(None).pk)

    def test_a_ticket_of_a_service_has_its_fields(self) -> None:
        operation = self.ask(service=5, fields=[Field("APPROVER", People(["admin"]))])
        self.assertEqual([ticket["sn"] for ticket in self.tickets()], [operation.sn])
        (sent,) = self.fake.requests("create_ticket")
        self.assertEqual(json.loads(sent["body"])["service_id"], 5)

    def test_a_request_that_can_be_known_to_be_wrong_raises(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        for what, options, error in [
            ("a text is no list", {"approvers": "admin"}, TypeError),
            ("a content that is no text", {"content": 1}, TypeError),
            ("a field that is none", {"fields": ["APPROVER"]}, TypeError),
            ("a value that is none", {"fields": [Field("key", "text")]}, TypeError),  # type: ignore[arg-type]
            ("nobody", {"approvers": None}, TypeError),
            ("both", {"service": 5, "approvers": ["admin"]}, TypeError),
            ("too late", {"decide_by": past}, ValueError),
        ]:
            with self.subTest(what), self.assertRaises(error):
                self.ask(**options)  # type: ignore[arg-type]
        self.assertFalse(Operation.objects.exists())

    def test_what_itsm_will_never_make_is_refused_with_the_reason_and_can_be_asked_for_again(self) -> None:
        with self.assertLogs("blueking_itsm"):
            operation = self.ask(approvers=["a b"])
        self.assertEqual(operation.state, "refused")
        self.assertIn("approvers", operation.report)
        self.assertEqual(self.tickets(), [])
        again = self.ask()
        self.assertNotEqual(again.pk, operation.pk)
        self.assertTrue(again.sn)

    def test_what_itsm_does_not_make_yet_waits_with_the_reason(self) -> None:
        self.refuse_tickets(1640301)
        with self.assertLogs("blueking_itsm"):
            operation = self.ask()
        self.assertEqual((operation.state, operation.sn), ("waiting", ""))
        self.assertIn("permission", operation.report)
        self.assertEqual(self.ask().pk, operation.pk)
        self.later_s = 3600
        self.loop.tick()
        self.assertEqual(len(self.tickets()), 1)

    def test_a_lost_answer_makes_no_second_ticket(self) -> None:
        self.fake.tell("fault", action="create_ticket", fault="drop-after-executing")
        self.fake.tell("fault", action="get_tickets", fault="gateway", status=403, code=1640301, message="no")
        with self.assertLogs("blueking_itsm"):
            self.assertEqual(self.ask().sn, "")
        self.later_s = 60
        self.loop.tick()
        self.assertEqual(Operation.objects.get().sn, self.tickets()[0]["sn"])
        self.assertEqual(len(self.tickets()), 1)

    def test_a_ticket_that_nobody_decides_in_time_is_withdrawn(self) -> None:
        operation = self.ask(decide_by=timezone.now() + timedelta(minutes=1))
        self.fake.started(operation.sn)
        self.later_s = 3600
        self.loop.tick()
        self.assertTrue(self.fake.called_back(operation.sn)["delivered"])
        operation.refresh_from_db()
        self.assertEqual((operation.verdict, self.owners()), ("withdrawn", []))

    def test_what_could_not_be_sent_in_time_is_refused(self) -> None:
        with patch.object(transaction, "on_commit"):
            operation = self.ask(decide_by=timezone.now() + timedelta(minutes=1))
        self.later_s = 3600
        self.loop.tick()
        operation.refresh_from_db()
        self.assertEqual((operation.state, self.tickets()), ("refused", []))
        self.assertIn("has passed", operation.report)


class Outcomes(InTheSite):
    def test_a_lost_callback_is_made_up_for_by_a_tick(self) -> None:
        def by_command() -> None:
            call_command("itsm_tick")

        def by_celery() -> None:
            worker = Celery("site", set_as_current=False)
            worker.conf.task_always_eager = True
            worker.autodiscover_tasks(lambda: [app.name for app in apps.get_app_configs()], force=True)
            worker.tasks["blueking_itsm.tick"].delay()

        for tick in [by_command, by_celery]:
            with self.subTest(tick.__name__):
                operation = self.ask(tick.__name__)
                self.assertTrue(self.decide(operation, lost=True)["lost"])
                self.assertNotIn(tick.__name__, self.owners())
                self.later_s += 60
                tick()
                self.later_s += 3600
                tick()
                self.assertEqual(self.owners().count(tick.__name__), 1)
                operation.refresh_from_db()
                self.assertIsNone(operation.due_s)

    def test_the_command_loops_until_it_is_told_to_end(self) -> None:
        operation = self.ask()
        self.decide(operation, lost=True)
        command = [sys.executable, "django_example/manage.py", "itsm_tick", "--loop"]
        with subprocess.Popen(command, cwd=FOLDER, env={**os.environ, **self.settings}) as looping:
            try:
                give_up = time.monotonic() + 60
                while not self.owners() and time.monotonic() < give_up:
                    time.sleep(0.05)
                looping.send_signal(signal.SIGTERM)
                self.assertEqual(looping.wait(20), 0)
            finally:
                looping.kill()
        self.assertEqual(self.owners(), ["dora"])

    def test_a_receiver_that_fails_undoes_the_outcome_and_gets_it_again(self) -> None:
        heard = []

        def fail(operation: Operation, **_: Any) -> None:
            heard.append(operation.state)
            if len(heard) < 3:
                raise RuntimeError("no room")

        outcome_delivered.connect(fail)
        self.addCleanup(outcome_delivered.disconnect, fail)
        operation = self.ask()
        with self.assertLogs("blueking_itsm"):
            self.assertFalse(self.decide(operation)["delivered"])
        expected: list[tuple[Callable[[str], Any], int, list[str], str]] = [
            (self.assertLogs, 2, [], "waiting"),
            (self.assertNoLogs, 3, ["dora"], "delivered"),
            (self.assertNoLogs, 3, ["dora"], "delivered"),
        ]
        for said, heard_of, owners, state in expected:
            self.later_s += 3600
            with said("blueking_itsm"):
                self.loop.tick()
            operation.refresh_from_db()
            self.assertEqual((len(heard), self.owners(), operation.state), (heard_of, owners, state))

    def test_no_transaction_is_open_while_itsm_is_asked(self) -> None:
        # A site may open one for each request.
        connections.settings["default"]["ATOMIC_REQUESTS"] = True
        self.addCleanup(connections.settings["default"].update, ATOMIC_REQUESTS=False)
        operation, confirm, inside = self.ask(), type(itsm().tickets).confirm, []

        def look(*of: Any) -> Any:
            inside.append(transaction.get_connection().in_atomic_block)
            return confirm(*of)

        with patch.object(type(itsm().tickets), "confirm", look):
            self.decide(operation)
        self.assertEqual((inside, self.owners()), ([False], ["dora"]))


class Callbacks(InTheSite):
    def genuine(self) -> dict[str, str]:
        ((name, value),) = json.loads(self.ask().ticket)["callback"]["headers"]
        return {f"HTTP_{name.upper().replace('-', '_')}": value}

    def test_what_comes_is_answered_as_it_deserves(self) -> None:
        genuine, sync = self.genuine(), Client(enforce_csrf_checks=True)

        def by_asgi(method: str, body: bytes, headers: dict[str, str]) -> Any:
            async def post() -> Any:
                named = {name[5:].replace("_", "-"): value for name, value in headers.items()}
                site = AsyncClient(enforce_csrf_checks=True)
                return await site.generic(method, "/itsm/callback", body, "application/json", **named)

            return asyncio.run(post())

        def by_wsgi(method: str, body: bytes, headers: dict[str, str]) -> Any:
            return sync.generic(method, "/itsm/callback", body, "application/json", **headers)

        for server in [by_wsgi, by_asgi]:
            for what, method, headers, body, expected, words in [
                ("a self-check", "POST", genuine, CHECK, (200, 0), ""),
                ("no binding", "POST", {}, CHECK, (200, 1), "is not there"),
                ("no JSON", "POST", genuine, b"{", (200, 1), "JSON"),
                ("much too large", "POST", genuine, b"x" * 2**22, (200, 1), "65536"),
                ("another method", "GET", genuine, b"", (405, 1), "posted"),
                ("a foreign ticket", "POST", genuine, CHECK.replace(b"ITSM-SELF-CHECK", b"REQ1"), (200, 1), "REQ1"),
            ]:
                logs = self.assertLogs("blueking_itsm") if words else self.assertNoLogs("blueking_itsm")
                with self.subTest(what, server=server.__name__), logs as said:
                    answer = server(method, body, headers)
                    self.assertEqual((answer.status_code, json.loads(answer.content)["code"]), expected)
                self.assertIn(words, str(said and said.output))
        self.assertEqual(self.owners(), [])

    def test_a_body_that_breaks_off_is_refused(self) -> None:
        def broken(_: int) -> bytes:
            raise OSError("gone")

        request = HttpRequest()
        request.method, request.META, request.read = "POST", {"CONTENT_LENGTH": "9"}, broken
        with self.assertLogs("blueking_itsm") as logs:
            answer = apps.get_app_config("blueking_itsm").module.callback(request)
        self.assertEqual(json.loads(answer.content)["code"], 1)
        self.assertIn("broke off", str(logs.output))


class Operating(InTheSite):
    def test_people_see_what_waits_and_what_was_refused_and_no_secret(self) -> None:
        waiting = self.ask()
        with self.assertLogs("blueking_itsm") as logs:
            refused = self.ask("eve", approvers=["a b"])
        User.objects.all().delete()
        site = Client()
        site.force_login(User.objects.create_superuser("root", password="root"))
        pages = [site.get("/admin/blueking_itsm/operation/").content.decode()]
        for operation in [waiting, refused]:
            pages.append(site.get(f"/admin/blueking_itsm/operation/{operation.pk}/change/").content.decode())
        for text in ["open an account for dora", "carol", "admin", waiting.sn, "waiting", "refused", "approvers"]:
            self.assertIn(text, pages[0])
        self.assertIn("approvers", pages[2])
        self.assertNotIn("_save", pages[1])
        self.assertEqual(site.get("/admin/blueking_itsm/operation/add/").status_code, 403)
        shown = "".join([*pages, *logs.output, repr(waiting), str(waiting), repr(vars(waiting)["_state"])])
        for operation in [waiting, refused]:
            ticket = json.loads(operation.ticket)
            for secret in [ticket["tag"], ticket["callback"]["headers"][0][1], KEY, SECRET, "stepped_s"]:
                self.assertNotIn(secret, shown)

    def test_an_error_page_shows_no_tag(self) -> None:
        made: list[str] = []
        new = self.loop.new_ticket

        def new_ticket(*of: Any, **options: Any) -> tuple[str, str]:
            made.extend(new(*of, **options))
            return made[0], made[1]

        def fail(run: Callable[..., Any], sql: str, *of: Any) -> Any:
            if sql.startswith("INSERT"):
                raise RuntimeError("no room")
            return run(sql, *of)

        site = Client(raise_request_exception=False)
        inserting = connections["default"].execute_wrapper(fail)
        watching = patch.object(self.loop, "new_ticket", new_ticket)
        with override_settings(DEBUG=True), inserting, watching, self.assertLogs("django.request"):
            page = site.post("/ask", {"owner": "dora"}).content.decode()
        self.assertIn("no room", page)
        # The whole page would be too much to print.
        self.assertFalse(json.loads(made[1])["tag"] in page)

    def test_figures_are_counted_in_the_database(self) -> None:
        self.decide(self.ask())
        self.refuse_tickets(1640301)
        with self.assertLogs("blueking_itsm"):
            self.ask("eve")
            self.ask("frank", approvers=["a b"])
        Operation.objects.filter(subject="eve").update(due_s=int(time.time()) - 1000)
        answer = Client().get("/itsm/metrics")
        self.assertTrue(answer["content-type"].startswith("text/plain; version=0.0.4"))
        lines = answer.content.decode().splitlines()
        for line in [
            "# TYPE itsm_operations gauge",
            'itsm_operations{state="delivered",verdict="approved"} 1',
            'itsm_operations{state="refused",verdict=""} 1',
            'itsm_operations{state="waiting",verdict=""} 1',
            "itsm_operations_reported 1",
        ]:
            self.assertIn(line, lines)
        (late,) = [line for line in lines if line.startswith("itsm_tick_late_seconds ")]
        self.assertIn(int(late.split()[1]), range(1000, 1060))

    def test_the_check_says_what_is_wrong_with_the_settings(self) -> None:
        def checked(**settings: Any) -> str:
            said = StringIO()
            with override_settings(**settings):
                try:
                    call_command("check", stdout=said, stderr=said)
                except SystemCheckError as error:
                    return str(error)
            return said.getvalue()

        cases: list[tuple[str, dict[str, Any], str]] = [
            ("all is well", {}, ""),
            ("nothing says where ITSM is", {"ITSM_GATEWAY": ""}, "ITSM_GATEWAY is not set, nor are"),
            ("a slip", {"ITSM_GATEWY": "x"}, "ITSM_GATEWY is no setting. Is ITSM_GATEWAY meant?"),
            ("no secret", {"ITSM_APP_SECRET": ""}, "ITSM_APP_SECRET is not set"),
            ("no keys", {"ITSM_BINDING_KEYS": ""}, "ITSM_BINDING_KEYS is not: without a key"),
            ("no callback", {"ITSM_CALLBACK_URL": ""}, "ITSM_CALLBACK_URL is not set"),
            ("no text", {"ITSM_BINDING_KEYS": [KEY]}, "ITSM_BINDING_KEYS is no text"),
            ("nowhere", {"ITSM_CALLBACK_URL": "http://127.0.0.1/"}, "does not lead to blueking_itsm.django.callback"),
            (
                "elsewhere",
                {"ITSM_CALLBACK_URL": "http://127.0.0.1/accounts"},
                "does not lead to blueking_itsm.django.callback",
            ),
            ("another host", {"ITSM_CALLBACK_URL": "http://h/itsm/callback"}, "is not in ALLOWED_HOSTS"),
        ]
        for what, settings, words in cases:
            with self.subTest(what):
                said = checked(**settings)
                self.assertIn(words, said)
                self.assertEqual("blueking_itsm." in said, bool(words))
                for secret in [KEY, SECRET]:
                    self.assertNotIn(secret, said)


class Killed(unittest.TestCase):
    def test_workers_that_are_killed_at_any_write_lose_and_double_nothing(self) -> None:
        place = os.environ["SITE_DATABASE"]
        if place == str(Path(FILES.name, "site.sqlite")):
            place = str(Path(FILES.name, "killed.sqlite"))
        ended = subprocess.run(
            [sys.executable, "-m", "tests.django_lives"],
            cwd=FOLDER,
            env={**os.environ, "SITE_DATABASE": place},
            capture_output=True,
            text=True,
        )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        came = json.loads(ended.stdout)
        # While it asks, a worker writes six times, and while it delivers, five times at least.
        self.assertGreaterEqual(len([asking for asking, _ in came["killed"] if asking]), 6)
        self.assertGreaterEqual(len([delivering for _, delivering in came["killed"] if delivering]), 5)
        self.assertEqual((came["lost"], came["doubled"], came["tickets doubled"]), (0, 0, 0))
