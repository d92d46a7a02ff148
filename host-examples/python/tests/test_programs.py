"""The programs, run as a reader of the README runs them; the types; and the wheel."""

import os
import re
import shutil
import subprocess
import sys
import unittest
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from fake_itsm import component

from .support import CODE, FOLDER, KEY, SECRET, Answer, Headers, Scripted, Site, run, run_in


class Demo(unittest.TestCase):
    def test_it_ends_with_four_verdicts_as_expected(self) -> None:
        ended = run("demo.py")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(
            [re.sub(r"REQ\d{14}", "REQ", line) for line in ended.stdout.splitlines()],
            [
                "REQ  gets approved                            approved",
                "REQ  gets refused                             rejected",
                "REQ  gets withdrawn                           withdrawn",
                "callback refused: 'REQ' is Foreign",
                "REQ  gets a forged approval, then is refused  rejected",
                "4 of 4 verdicts are as expected",
            ],
        )

    def test_it_says_what_to_build(self) -> None:
        for settings, words in [
            ({"ITSM_WASM_DIR": "nowhere"}, "itsm.wasm is not built: run `cargo xtask build`\n"),
            ({"FAKE_ITSM": "nowhere/fake-itsm"}, "fake-itsm is not built: run `cargo build -p fake-itsm`\n"),
        ]:
            with self.subTest(settings):
                ended = run("demo.py", **settings)
                self.assertEqual((ended.returncode, ended.stderr), (1, words))


class Example(unittest.TestCase):
    """The example listens where it likes, so a front stands for its address and passes callbacks on."""

    def setUp(self) -> None:
        self.site = self.enterContext(Site())
        self.front = self.enterContext(Scripted(self.pass_on))
        self.port = 0

    def pass_on(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, {}, answer.read()

    def play(self, act: str, **settings: str) -> tuple[int, str]:
        """Runs the example, does something to its ticket, and gives its exit code and the rest of what it prints."""
        all_settings = {
            "ITSM_WASM_DIR": str(component().parent),
            "ITSM_GATEWAY": self.site.fake.gateway,
            "ITSM_CALLBACK_URL": f"{self.front.url}/itsm/callback",
            "ITSM_BINDING_KEY": KEY,
            "ITSM_LISTEN": "127.0.0.1:0",
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "example.py", "carol", "admin", "open an account"],
            cwd=FOLDER,
            env={**os.environ, **all_settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            assert process.stdout is not None
            self.port = int(process.stdout.readline().rpartition(":")[2])
            process.stdout.readline()
            waiting = process.stdout.readline()
            sn = waiting.split()[2]
            self.site.fake.tell(act, sn=self.site.fake.started(sn), who="admin")
            rest = process.stdout.read()
        self.assertTrue(self.site.fake.called_back(sn)["delivered"])
        self.assertNotIn(SECRET, waiting + rest)
        return process.returncode, rest

    def test_its_exit_code_is_zero_for_an_approval_only(self) -> None:
        credentials = {"ITSM_APP_CODE": CODE, "ITSM_APP_SECRET": SECRET}
        for act, code, word in [("approve", 0, "approved"), ("refuse", 1, "rejected"), ("terminate", 1, "terminated")]:
            with self.subTest(act):
                self.assertEqual(self.play(act, **credentials), (code, f"{word}\n"))

    def test_it_works_without_the_secret_behind_the_proxy(self) -> None:
        command = [sys.executable, "credentials_proxy.py", "--upstream", self.site.fake.gateway]
        environment = {**os.environ, "ITSM_APP_CODE": CODE, "ITSM_APP_SECRET": SECRET}
        with subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True) as proxy:
            assert proxy.stdout is not None
            try:
                self.assertEqual(self.play("approve", ITSM_GATEWAY=proxy.stdout.readline().strip()), (0, "approved\n"))
            finally:
                proxy.terminate()

    def test_it_says_what_is_missing_or_wrong(self) -> None:
        self.assertEqual(run("example.py").stderr, "usage: python example.py CREATOR APPROVER TITLE\n")
        asked = ("example.py", "carol", "admin", "open an account")
        settings = {"ITSM_WASM_DIR": str(component().parent), "ITSM_GATEWAY": self.site.fake.gateway}
        self.assertEqual(run(*asked, **settings).stderr, "ITSM_CALLBACK_URL is not set\n")
        settings |= {"ITSM_CALLBACK_URL": self.front.url, "ITSM_BINDING_KEY": KEY, "ITSM_LISTEN": "127.0.0.1:0"}
        ended = run(*asked, **settings, ITSM_APP_CODE=CODE, ITSM_APP_SECRET="canary")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("(advice: fix-credentials; ITSM did nothing)", ended.stderr)
        self.assertNotIn("canary", ended.stderr)


class Package(unittest.TestCase):
    def test_its_types_hold(self) -> None:
        with TemporaryDirectory() as cache:
            ended = run("-m", "mypy", "--cache-dir", cache)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_its_types_reject_what_the_component_would(self) -> None:
        program = '''
from blueking_itsm import Itsm
from blueking_itsm.types import AddedByHost, Connection, Gateway
itsm = Itsm()
connection = Connection(Gateway("http://127.0.0.1/prod"), AddedByHost())
itsm.tickets.status(connection, 5)
itsm.tickets.create(connection, "a ticket")
itsm.tickets.confirm(connection, "REQ1", None).value
Connection("http://127.0.0.1/prod", AddedByHost())
'''
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
            self.assertIn("FileNotFoundError: this package was built without its itsm.wasm", without.stderr)

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
