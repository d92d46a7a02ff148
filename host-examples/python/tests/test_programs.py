"""The programs, run as a reader of the README runs them; the types; and the wheel."""

import os
import re
import shutil
import socket
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from fake_itsm import component

from .support import CODE, FOLDER, KEY, OLD_KEY, SECRET, Answer, Headers, Scripted, Site, run, run_in


class Demo(unittest.TestCase):
    def test_it_ends_with_five_verdicts_as_expected(self) -> None:
        ended = run("demo.py")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(
            [re.sub(r"REQ\d{14}", "REQ", line) for line in ended.stdout.splitlines()],
            [
                "REQ  gets approved                             approved",
                "REQ  gets refused                              rejected",
                "REQ  gets withdrawn                            withdrawn",
                "callback refused: 'REQ' is foreign",
                "REQ  gets a forged approval, then is refused   rejected",
                "callback refused: 'REQ' is foreign",
                "REQ  gets a thief's approval, then is refused  rejected",
                "5 of 5 verdicts are as expected",
            ],
        )

    def test_a_proxy_of_the_environment_is_no_hindrance(self) -> None:
        ended = run("demo.py", HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_it_says_what_to_build(self) -> None:
        for settings, words in [
            ({"ITSM_WASM_DIR": "nowhere"}, "itsm.core.wasm is not built: run `cargo xtask build`\n"),
            ({"FAKE_ITSM": "nowhere/fake-itsm"}, "fake-itsm is not built: run `cargo build --bin fake-itsm`\n"),
        ]:
            with self.subTest(settings):
                ended = run("demo.py", **settings)
                self.assertEqual((ended.returncode, ended.stderr), (1, words))


class Example(unittest.TestCase):
    """The example listens where it likes, so a front stands for its address and passes callbacks on."""

    def setUp(self) -> None:
        self.site = self.enterContext(Site())
        self.front = self.enterContext(Scripted(self.pass_on))
        self.folder = self.enterContext(TemporaryDirectory())
        self.port = 0

    def pass_on(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, {}, answer.read()

    def start(self, database: str, **settings: str) -> subprocess.Popen[str]:
        """Starts the example, and has the front pass callbacks on to it."""
        all_settings = {
            "ITSM_WASM_DIR": str(component().parent),
            "ITSM_GATEWAY": self.site.fake.gateway,
            "ITSM_APP_CODE": CODE,
            "ITSM_APP_SECRET": SECRET,
            "ITSM_CALLBACK_URL": f"{self.front.url}/itsm/callback",
            "ITSM_BINDING_KEYS": f"{KEY}, {OLD_KEY}",
            "ITSM_DATABASE": str(Path(self.folder, database)),
            "ITSM_LISTEN": "127.0.0.1:0",
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "example.py", "carol", "admin", "open an account"],
            cwd=FOLDER,
            env={name: value for name, value in {**os.environ, **all_settings}.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        self.port = int(process.stdout.readline().rpartition(":")[2])
        return process

    def waiting_for(self, process: subprocess.Popen[str]) -> str:
        """The number of the ticket for which the example says that it waits."""
        assert process.stdout is not None
        operation, waiting = process.stdout.readline(), process.stdout.readline()
        self.assertRegex(operation, "^operation [a-z0-9]{26}$")
        return self.site.fake.started(waiting.split()[2])

    def end(self, process: subprocess.Popen[str], sn: str) -> tuple[int, str]:
        """The example's exit code and the rest of what it prints, once its ticket has ended."""
        assert process.stdout is not None
        with process:
            rest = process.stdout.read()
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        for secret in [SECRET, KEY, *(ticket["tag"] for ticket in self.site.fake.show("tickets"))]:
            self.assertNotIn(secret, rest)
        return process.returncode, rest

    def play(self, act: str, **settings: str) -> tuple[int, str]:
        """Runs the example, and does something to its ticket."""
        process = self.start(act, **settings)
        sn = self.waiting_for(process)
        self.site.fake.tell(act, sn=sn, who="admin")
        return self.end(process, sn)

    def test_its_exit_code_is_zero_for_an_approval_only(self) -> None:
        for act, code, word in [("approve", 0, "approved"), ("refuse", 1, "rejected"), ("terminate", 1, "terminated")]:
            with self.subTest(act):
                self.assertEqual(self.play(act), (code, f"{word}\n"))

    def test_killed_and_run_again_it_goes_on_with_the_same_ticket(self) -> None:
        with self.start("killed") as killed:
            sn = self.waiting_for(killed)
            killed.kill()
        # It has the ticket's tag.
        self.assertEqual(Path(self.folder, "killed").stat().st_mode & 0o777, 0o600)
        process = self.start("killed")
        self.assertEqual(self.waiting_for(process), sn)
        self.site.fake.tell("approve", sn=sn, who="admin")
        self.assertEqual(self.end(process, sn), (0, "approved\n"))

    def test_it_works_without_the_secret_behind_the_proxy(self) -> None:
        command = [sys.executable, "credentials_proxy.py", "--upstream", self.site.fake.gateway]
        environment = {**os.environ, "ITSM_APP_CODE": CODE, "ITSM_APP_SECRET": SECRET}
        with subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True) as proxy:
            assert proxy.stdout is not None
            address = proxy.stdout.readline().strip()
            try:
                self.assertEqual(self.play("approve", ITSM_GATEWAY=address, ITSM_APP_CODE=""), (0, "approved\n"))
            finally:
                proxy.terminate()

    def test_it_says_what_is_missing_or_wrong(self) -> None:
        self.assertEqual(run("example.py").stderr, "usage: python example.py CREATOR APPROVER TITLE\n")
        arguments = ("example.py", "carol", "admin", "open an account")
        settings = {"ITSM_WASM_DIR": str(component().parent), "ITSM_GATEWAY": self.site.fake.gateway}
        self.assertEqual(run(*arguments, **settings).stderr, "ITSM_CALLBACK_URL is not set\n")
        settings |= {
            "ITSM_CALLBACK_URL": self.front.url,
            "ITSM_BINDING_KEYS": f"{KEY}, {OLD_KEY}",
            "ITSM_LISTEN": "127.0.0.1:0",
        }
        settings["ITSM_DATABASE"] = str(Path(self.folder, "missing.sqlite"))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = f"127.0.0.1:{taken.getsockname()[1]}"
            for wrong, words in [
                (
                    {"ITSM_DECIDE_WITHIN_S": "-1"},
                    "ITSM_DECIDE_WITHIN_S is -1, and must be a number of seconds",
                ),
                (
                    {"ITSM_LISTEN": "18081"},
                    "ITSM_LISTEN: 18081 is no address with a port, such as 0.0.0.0:8080",
                ),
                (
                    {"ITSM_LISTEN": "a:b"},
                    "ITSM_LISTEN: a:b is no address with a port, such as 0.0.0.0:8080",
                ),
                ({"ITSM_LISTEN": busy}, f"ITSM_LISTEN: [Errno 98] Address already in use: '{busy}'"),
                (
                    {"ITSM_WASM_DIR": "/nowhere"},
                    "[Errno 2] No such file or directory: '/nowhere/itsm.core.wasm'",
                ),
                ({"ITSM_DATABASE": "/nowhere/it"}, "[Errno 2] No such file or directory: '/nowhere/it'"),
                ({"ITSM_DATABASE": ""}, "ITSM_DATABASE is not set"),
                ({"ITSM_GATEWAY": "", "ITSM_GATWAY": "x"}, "ITSM_GATWAY is no setting. Is ITSM_GATEWAY meant?"),
                ({"ITSM_APPCODE": "x"}, "ITSM_APPCODE is no setting. Is ITSM_APP_CODE meant?"),
            ]:
                with self.subTest(words):
                    of = {**settings, "ITSM_APP_CODE": CODE, "ITSM_APP_SECRET": SECRET, **wrong}
                    ended = run(*arguments, **of)
                    self.assertEqual((ended.returncode, ended.stderr), (1, f"{words}\n"))
        ended = run(*arguments, **settings, ITSM_APP_CODE=CODE, ITSM_APP_SECRET="canary")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("ITSM has changed nothing.", ended.stderr)
        self.assertIn("The app code, the app secret", ended.stderr)
        self.assertNotIn("canary", ended.stderr)


class Smallest(unittest.TestCase):
    def test_it_exits_with_zero_for_an_approval_only(self) -> None:
        for act, code, word in [("approve", 0, "approved"), ("refuse", 1, "rejected")]:
            with self.subTest(act), Site() as site, ThreadPoolExecutor(1) as threads:
                settings = {
                    "ITSM_WASM_DIR": str(component().parent),
                    "ITSM_GATEWAY": site.fake.gateway,
                    "ITSM_APP_CODE": CODE,
                    "ITSM_APP_SECRET": SECRET,
                }
                running = threads.submit(run, "smallest.py", **settings)
                sn = site.fake.first()
                site.fake.tell(act, sn=sn, who="bob")
                ended = running.result()
                self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (code, f"{sn}: {word}\n", ""))

    def test_it_says_what_to_do_next_or_what_is_missing(self) -> None:
        with Site() as site:
            settings = {
                "ITSM_WASM_DIR": str(component().parent),
                "ITSM_GATEWAY": site.fake.gateway,
                "ITSM_APP_CODE": CODE,
            }
            self.assertEqual(run("smallest.py", **settings).stderr, "ITSM_APP_SECRET is not set\n")
            ended = run("smallest.py", **settings, ITSM_APP_SECRET="canary")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("The app code, the app secret", ended.stderr)
        self.assertNotIn("canary", ended.stderr)


class Package(unittest.TestCase):
    def test_its_types_hold(self) -> None:
        with TemporaryDirectory() as cache:
            ended = run("-m", "mypy", "--cache-dir", cache)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_its_types_reject_what_the_component_would(self) -> None:
        program = """
from blueking_itsm import Itsm
from blueking_itsm.types import AddedByHost, Connection, Gateway
itsm = Itsm()
connection = Connection(Gateway("http://127.0.0.1/prod"), AddedByHost())
itsm.tickets.status(connection, 5)
itsm.tickets.create(connection, "a ticket")
itsm.tickets.confirm(connection, "REQ1", "tag").value
Connection("http://127.0.0.1/prod", AddedByHost())
"""
        with TemporaryDirectory() as place:
            wrong = Path(place, "wrong.py")
            wrong.write_text(program)
            ended = run("-m", "mypy", "--cache-dir", place, str(wrong))
        for found in [
            'Argument 2 to "status"',
            'Argument 2 to "create"',
            'has no attribute "value"',
            'Argument 1 to "Connection"',
        ]:
            self.assertIn(found, ended.stdout)

    def test_its_wheel_brings_the_component_and_its_types(self) -> None:
        asks = "import blueking_itsm; print(len(blueking_itsm.Itsm().tickets.new_operation_id()))"
        with TemporaryDirectory() as place:
            source = Path(place, "source")
            shutil.copytree(FOLDER, source, ignore=shutil.ignore_patterns("*.wasm", "build", "*.egg-info", "tests"))
            without = run_in(source, "-c", asks)
            self.assertIn("FileNotFoundError: this package was built without its itsm.core.wasm", without.stderr)

            shutil.copy(component(), source / "blueking_itsm")
            built = run_in(source, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", place, ".")
            self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
            wheel = Path(place, "blueking_itsm-0.1.0-py3-none-any.whl")
            installed = Path(place, "installed")
            run("-m", "pip", "install", "--no-deps", "--target", str(installed), str(wheel))
            self.assertTrue((installed / "blueking_itsm/py.typed").is_file())
            # A folder of its own, so that the installed package is the one that is found.
            ended = run_in(Path(place), "-c", asks, PYTHONPATH=str(installed))
            self.assertEqual((ended.stdout, ended.stderr), ("26\n", ""))
