"""The package in the servers that sites run: each is started as a child, and goes the whole way with a fake ITSM."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fake_itsm import FakeItsm, component

from .support import CODE, FOLDER, KEY, SECRET

BIN = Path(sys.executable).parent
EXAMPLE = FOLDER / "django_example"

# The lines of servers.md.
GUNICORN = "gunicorn wsgi --bind 127.0.0.1:8000 --workers 2 --preload"
GUNICORN_THREADS = "gunicorn wsgi --bind 127.0.0.1:8000 --worker-class gthread --threads 4"
UWSGI = "uwsgi --http-socket 127.0.0.1:8000 --module wsgi --master --processes 2"
UWSGI_THREADS = "uwsgi --http-socket 127.0.0.1:8000 --module wsgi --threads 4"
CELERY = "celery -A site_tasks worker --beat"
CELERY_THREADS = "celery -A site_tasks worker --beat --pool threads"
UVICORN = "uvicorn fastapi_example:app --port 8000"
TESTS = "python manage.py test accounts"
LINES = [GUNICORN, GUNICORN_THREADS, UWSGI, UWSGI_THREADS, CELERY, CELERY_THREADS, UVICORN, TESTS]


class Server:
    """A server at an address of its own, with a fake ITSM that calls back there."""

    def __init__(self, fake: FakeItsm, folder: Path) -> None:
        self.fake = fake
        self.folder = folder
        self.log = folder / "log"
        # Kept, so that nobody else gets the port: a server can bind it too, and listens alone.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port.bind(("127.0.0.1", 0))
        self.port = self._port.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "ITSM_GATEWAY": fake.gateway,
            "ITSM_APP_CODE": CODE,
            "ITSM_APP_SECRET": SECRET,
            "ITSM_CALLBACK_URL": f"http://{self.address}/itsm/callback",
            "ITSM_BINDING_KEYS": KEY,
            "ITSM_WASM": str(component()),
            "ITSM_DATABASE": str(folder / "operations.sqlite"),
            "SITE_DATABASE": str(folder / "site.sqlite"),
            "SITE_MESSAGES": str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.served.settings",
            "PYTHONPATH": f"{FOLDER}{os.pathsep}{EXAMPLE}",
        }

    def command(self, line: str) -> list[str]:
        """A line as a command for this address, and for the site with the addresses of the tests."""
        words = line.replace("8000", str(self.port)).split()
        return [str(BIN / words[0]), *("tests.served.wsgi" if word == "wsgi" else word for word in words[1:])]

    @contextmanager
    def running(self, line: str) -> Iterator[None]:
        """A server, from when it listens to its end, which it is told."""
        # Else uwsgi takes this signal for a wish to load the site again.
        with self.started(line + " --die-on-term" * line.startswith("uwsgi")) as process:
            self.until(lambda: self.listens(process))
            yield

    @contextmanager
    def started(self, line: str) -> Iterator[subprocess.Popen[bytes]]:
        command = self.command(line)
        with (
            self.log.open("w") as said,
            subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=said, stderr=said) as process,
        ):
            try:
                yield process
                process.terminate()
                process.wait(60)
            except BaseException:
                print(self.log.read_text(), file=sys.stderr)
                raise
            finally:
                process.kill()

    def listens(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise SystemExit("the server does not start")
        try:
            self.ask("GET", "/accounts")
        except urllib.error.URLError:
            return False
        return True

    def ask(self, method: str, target: str, body: bytes | None = None) -> Any:
        """What the site answers."""
        twice = "a" * 32
        headers = {"Cookie": f"csrftoken={twice}", "X-CSRFToken": twice}
        request = urllib.request.Request(f"http://{self.address}{target}", body, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def until(self, happened: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 120
        while not happened():
            if time.monotonic() > give_up:
                raise TimeoutError("the server does not get there")
            time.sleep(0.05)

    def ticket(self) -> str:
        """The number of the one ticket, whose flow runs."""
        return self.fake.first()

    def close(self) -> None:
        self._port.close()


class InServers(unittest.TestCase):
    """A fake ITSM, and a folder with the site's tables."""

    tables: bytes = b""

    @contextmanager
    def server(self) -> Iterator[Server]:
        with FakeItsm("--credentials", f"{CODE}:{SECRET}") as fake, TemporaryDirectory() as folder:
            server = Server(fake, Path(folder))
            with closing(server):
                if not InServers.tables:
                    manage = [sys.executable, str(EXAMPLE / "manage.py"), "migrate", "--verbosity", "0"]
                    environment = {**server.environment, "DJANGO_SETTINGS_MODULE": "site_settings"}
                    subprocess.run(manage, env=environment, check=True)
                    InServers.tables = Path(folder, "site.sqlite").read_bytes()
                Path(folder, "site.sqlite").write_bytes(InServers.tables)
                yield server


class OfDjango(InServers):
    def test_an_approval_goes_the_whole_way_and_is_delivered_once(self) -> None:
        for line, workers in [(GUNICORN, 2), (GUNICORN_THREADS, 1), (UWSGI, 2), (UWSGI_THREADS, 1)]:
            with self.subTest(line), self.server() as server:
                with server.running(line):
                    server.ask("POST", "/ask", b"owner=dora")
                    sn = server.ticket()
                    self.assertEqual(self.processes(server, sn, workers), workers)
                    self.assertEqual(server.ask("GET", "/accounts"), {"accounts": []})
                    server.fake.tell("fault", action="callback", fault="doubled-callback")
                    server.fake.tell("approve", sn=sn, who="admin")
                    self.assertTrue(server.fake.called_back(sn)["delivered"])
                    for _ in range(3):
                        server.ask("POST", "/tick", b"")
                    self.assertEqual(server.ask("GET", "/accounts"), {"accounts": ["dora"]})
                self.assertEqual(len(server.fake.show("tickets")), 1)

    def processes(self, server: Server, sn: str, wanted: int) -> int:
        """How many processes answer. Each answer is about its own request, and no connection is used by two processes."""
        connections: dict[int, set[int]] = {}

        def look(number: int) -> None:
            answer = server.ask("GET", f"/status?sn={sn if number % 2 else 'REQ-UNKNOWN'}")
            self.assertEqual(answer["said"] == "RUNNING", number % 2 == 1, answer)
            connections.setdefault(answer["process"], set()).update(answer["connections"])

        give_up = time.monotonic() + 60
        while len(connections) < wanted and time.monotonic() < give_up:
            # Slow answers, so that each process waits for one while the other does.
            server.fake.tell("fault", action="get_ticket_status", fault="slow", ms=50, times=20)
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(look, range(20)))
        self.assertEqual(sum(map(len, connections.values())), len(set().union(*connections.values())))
        return len(connections)

    def test_a_withdrawal_does_not_wait_for_its_own_callback(self) -> None:
        """One process each, to which ITSM calls back before it answers."""
        gunicorn = "gunicorn wsgi --bind 127.0.0.1:8000"
        uwsgi = "uwsgi --http-socket 127.0.0.1:8000 --module wsgi"
        for line, target, answer in [
            (f"{gunicorn} --worker-class gthread --threads 2", "/withdraw", "yes"),
            (f"{uwsgi} --threads 2", "/withdraw", "yes"),
            (gunicorn, "/withdraw-beside", "soon"),
            (f"{uwsgi} --enable-threads", "/withdraw-beside", "soon"),
            # Nobody is there to take the callback, until the request gives up at its deadline.
            (gunicorn, "/withdraw?deadline_ms=2000", "unknown"),
        ]:
            with self.subTest(line, target=target), self.server() as server, server.running(line):
                server.ask("POST", "/ask", b"owner=dora")
                server.ticket()
                self.assertEqual(server.ask("POST", target, b""), {"withdrawn": answer})
                server.until(lambda server=server: self.states(server) == [("delivered", "withdrawn")])  # type: ignore[misc]
                self.assertEqual(server.ask("GET", "/accounts"), {"accounts": []})

    def states(self, server: Server) -> list[tuple[str, str]]:
        """The state and the verdict of each operation."""
        with closing(sqlite3.connect(server.folder / "site.sqlite")) as database:
            return database.execute("SELECT state, verdict FROM blueking_itsm_operation").fetchall()

    def test_a_server_of_greenlets_is_told_to_use_threads(self) -> None:
        line = "gunicorn wsgi --bind 127.0.0.1:8000 --worker-class gevent"
        with self.server() as server, server.started(line) as process:
            self.assertNotEqual(process.wait(60), 0)
            self.assertIn("blueking_itsm can't run in greenlets", server.log.read_text())

    def test_workers_of_celery_make_up_for_a_lost_callback_once(self) -> None:
        for line in [CELERY, CELERY_THREADS]:
            with self.subTest(line), self.server() as server:
                server.fake.tell("fault", action="callback", fault="lost-callback")
                with server.running(GUNICORN):
                    server.ask("POST", "/ask", b"owner=dora")
                    sn = server.ticket()
                    server.fake.tell("approve", sn=sn, who="admin")
                    self.assertTrue(server.fake.called_back(sn)["lost"])
                    # Half a minute after the request ITSM is asked for the first time.
                    server.environment["SITE_AHEAD_S"] = "60"
                    with server.started(line):
                        server.until(lambda: self.states(server) == [("delivered", "approved")])
                    self.assertEqual(server.ask("GET", "/accounts"), {"accounts": ["dora"]})


class OfFastApi(InServers):
    def test_the_one_loop_of_uvicorn_serves_requests_callbacks_and_withdrawals(self) -> None:
        with self.server() as server, server.running(UVICORN):
            operation = server.ask("POST", "/accounts/dora")["operation"]
            sn = server.ticket()
            server.fake.tell("approve", sn=sn, who="admin")
            self.assertTrue(server.fake.called_back(sn)["delivered"])
            self.assertEqual(server.ask("POST", "/accounts/dora"), {"operation": operation})
            withdrawn = server.ask("POST", "/accounts/eve")["operation"]
            (other,) = [ticket["sn"] for ticket in server.fake.show("tickets") if ticket["sn"] != sn]
            server.fake.started(other)
            server.ask("DELETE", f"/operations/{withdrawn}")
            self.assertTrue(server.fake.called_back(other)["delivered"])
            self.assertEqual(server.ask("GET", "/accounts"), [operation])
            with self.assertRaises(urllib.error.HTTPError) as nowhere:
                server.ask("GET", "/itsm/callback/elsewhere")
            self.assertEqual(nowhere.exception.code, 404)
            nowhere.exception.close()


class ThePage(InServers):
    def test_its_lines_are_those_that_the_tests_run_and_its_python_stands_in_the_files(self) -> None:
        for page in ["servers.md", "servers.zh.md"]:
            text = (FOLDER / page).read_text()
            blocks = [block.partition("\n```")[0] for block in text.split("```sh\n")[1:]]
            self.assertEqual(blocks, LINES)
            for block in text.split("```python\n# ")[1:]:
                file, _, lines = block.partition("\n```")[0].partition("\n")
                found = [folder / file for folder in (FOLDER, EXAMPLE) if (folder / file).is_file()]
                self.assertIn(f"\n{lines}\n", found[0].read_text(), page)

    def test_the_sites_own_tests_pass(self) -> None:
        with self.server() as server:
            environment = {**server.environment, "DJANGO_SETTINGS_MODULE": "site_settings"}
            command = [sys.executable, *TESTS.split()[1:]]
            ended = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("Ran 1 test in ", ended.stderr)
