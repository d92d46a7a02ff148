"""The engine below: its versions, its cache, forked processes, and instances that are kept."""

import hashlib
import os
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from blueking_itsm import Itsm, ItsmError, _cache
from blueking_itsm import component as loader
from blueking_itsm._engine import NEWEST, OLDEST, Engine, EngineError
from blueking_itsm.callbacks import Claims
from blueking_itsm.types import AppCredentials, Connection, Gateway
from fake_itsm import component

from .support import CODE, FOLDER, KEY, SECRET, Scripted, Site, run_in
from .test_faults import BODY

VERSIONS = {OLDEST: "27.0.2", NEWEST: "50.0.1"}
"""The ends of the range that pyproject.toml declares."""

USE = """
import sys
from blueking_itsm import Itsm, _engine
from blueking_itsm.callbacks import Claims
itsm = Itsm(sys.argv[1])
binding = itsm.callbacks.bind(sys.argv[2], Claims("op", "http://127.0.0.1/", 5))
bound = itsm.callbacks.check_binding([sys.argv[2]], [binding.header], "http://127.0.0.1/", 1)
assert bound.tag == binding.tag
print(_engine.VERSION, len(itsm.tickets.new_operation_id()))
"""


def python(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_in(FOLDER, *arguments, **settings)


class Versions(unittest.TestCase):
    def test_the_declared_range_is_the_one_that_is_checked(self) -> None:
        declared = (FOLDER / "pyproject.toml").read_text()
        self.assertIn(f'"wasmtime>={VERSIONS[OLDEST]},<{NEWEST + 1}"', declared)

    def test_both_ends_of_the_range_serve(self) -> None:
        for version in VERSIONS.values():
            with self.subTest(version), TemporaryDirectory() as folder:
                pip = (
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--target",
                    folder,
                )
                installed = python(*pip, f"wasmtime=={version}")
                self.assertEqual(installed.returncode, 0, installed.stderr)
                used = python("-c", USE, str(component()), KEY, PYTHONPATH=folder, XDG_CACHE_HOME=folder)
                self.assertEqual((used.stdout, used.stderr), (f"{version} 26\n", ""))

    def test_another_version_is_refused_in_words(self) -> None:
        for version in [OLDEST - 1, NEWEST + 1]:
            with self.subTest(version), TemporaryDirectory() as folder:
                Path(folder, f"wasmtime-{version}.0.0.dist-info").mkdir()
                Path(folder, "wasmtime").mkdir()
                Path(folder, "wasmtime/__init__.py").touch()
                used = python("-c", "import blueking_itsm", PYTHONPATH=folder)
                words = (
                    f"blueking_itsm works with wasmtime {OLDEST} to {NEWEST}, and wasmtime {version}.0.0 is installed"
                )
                self.assertIn(f"ImportError: {words}\n", used.stderr)

    def test_no_python_of_wasmtimes_own_is_imported(self) -> None:
        used = python("-c", USE + "print('wasmtime' in sys.modules)", str(component()), KEY)
        self.assertTrue(used.stdout.endswith("False\n"), used.stdout + used.stderr)


READS = """
import sys
from blueking_itsm import Itsm
body = b'{"sn":"REQ1","current_status":"FINISHED","approve_result":true}'
itsm = Itsm(sys.argv[1])
print(itsm.callbacks.parse(body).sn, sorted(set(sys.argv[2:]) & set(sys.modules)))
itsm.tickets
print(sorted(set(sys.argv[2:]) & set(sys.modules)))
"""


class Start(unittest.TestCase):
    SLOW = ("dataclasses", "importlib.metadata", "inspect", "json", "pathlib", "platform", "tempfile")
    SENDING = ("blueking_itsm.http", "email.message", "http.client", "socket", "ssl", "urllib.request")

    def test_a_program_that_reads_a_callback_loads_no_slow_module(self) -> None:
        used = python("-c", READS, str(component()), *self.SLOW, *self.SENDING)
        self.assertEqual((used.stdout.partition("\n")[0], used.stderr), ("REQ1 []", ""))

    def test_what_sends_is_loaded_with_the_first_interface_that_may_send(self) -> None:
        used = python("-c", READS, str(component()), *self.SENDING)
        self.assertEqual((used.stdout, used.stderr), (f"REQ1 []\n{list(self.SENDING)}\n", ""))


class Cache(unittest.TestCase):
    def setUp(self) -> None:
        self.home = self.enterContext(TemporaryDirectory())
        self.enterContext(patch.dict(os.environ, XDG_CACHE_HOME=self.home))
        self.wasm = component().read_bytes()
        self.engine = Engine()
        self.compiled = 0
        compiling = self.engine.compile

        def compile_and_count(wasm: bytes) -> object:
            self.compiled += 1
            return compiling(wasm)

        self.enterContext(patch.object(self.engine, "compile", compile_and_count))

    def load(self) -> int:
        """Loads the module. How often it had to be compiled."""
        before = self.compiled
        self.assertIn("memory", _cache.load(self.engine, self.wasm).exports())
        return self.compiled - before

    def file(self) -> Path:
        (file,) = Path(self.home, "blueking_itsm").iterdir()
        return file

    def test_it_is_compiled_once_and_kept_for_this_user_alone(self) -> None:
        self.assertEqual([self.load() for _ in range(3)], [1, 0, 0])
        self.assertEqual(self.file().stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.file().parent.stat().st_mode & 0o777, 0o700)

    def test_a_broken_file_is_compiled_again_and_replaced(self) -> None:
        self.load()
        whole = self.file().read_bytes()
        middle = len(whole) // 2
        for what, content in {
            "empty": b"",
            "cut": whole[:middle],
            "longer": whole + b"\0",
            "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "another's": hashlib.sha256(b"no code").digest() + b"no code",
        }.items():
            with self.subTest(what):
                self.file().write_bytes(content)
                self.assertEqual([self.load(), self.load()], [1, 0])
                self.assertEqual(self.file().read_bytes()[: _cache.DIGEST_SIZE], whole[: _cache.DIGEST_SIZE])

    def test_a_file_or_folder_that_others_could_have_written_is_not_loaded(self) -> None:
        self.load()
        file = self.file()
        for path, mode in [(file, 0o644), (file, 0o620), (file.parent, 0o755), (file.parent, 0o770)]:
            before = path.stat().st_mode
            path.chmod(mode)
            with self.subTest(path.name, mode=oct(mode)):
                self.assertEqual(self.load(), 1)
            path.chmod(before & 0o777)
        self.assertEqual(self.load(), 0)
        with patch("os.geteuid", lambda: os.getuid() + 1):
            self.assertEqual(self.load(), 1)
        content = file.read_bytes()
        file.unlink()
        elsewhere = Path(self.home, "elsewhere")
        elsewhere.write_bytes(content)
        elsewhere.chmod(0o600)
        file.symlink_to(elsewhere)
        self.assertEqual(self.load(), 1)

    def test_without_a_folder_to_write_it_is_compiled_each_time(self) -> None:
        Path(self.home, "blueking_itsm").write_text("no folder")
        self.assertEqual([self.load(), self.load()], [1, 1])

    def test_processes_that_start_together_do_not_disturb_each_other(self) -> None:
        def start(_: int) -> str:
            used = python("-c", USE, str(component()), KEY, XDG_CACHE_HOME=self.home)
            return used.stdout + used.stderr

        with ThreadPoolExecutor(4) as threads:
            self.assertEqual(set(threads.map(start, range(4))), {f"{VERSIONS[NEWEST]} 26\n"})
        self.assertEqual(len(list(self.file().parent.iterdir())), 1)


FORK = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
sys.path.insert(0, ".")
from blueking_itsm import Itsm
from blueking_itsm.types import AppCredentials, Connection, Gateway
from tests.support import CODE, SECRET
itsm = Itsm(sys.argv[1])
connection = Connection(Gateway(sys.argv[2]), AppCredentials(CODE, SECRET))
status = lambda _: itsm.tickets.status(connection, sys.argv[3]).status
threads = ThreadPoolExecutor(4)
busy = [threads.submit(status, 0) for _ in range(200)]
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        # A child that hangs is ended by the alarm, with another status.
        import signal; signal.alarm(60)
        try:
            assert len(itsm.tickets.new_operation_id()) == 26
            with ThreadPoolExecutor(4) as mine:
                assert set(mine.map(status, range(20))) == {"RUNNING"}
            assert Itsm(sys.argv[4]).callbacks.accepted().status == 200
            assert itsm.tickets.status(connection, sys.argv[3]).status == "RUNNING"
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    children.append(child)
print({os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}, {one.result() for one in busy})
"""

FORK_WHILE_LOADING = """
import os, signal, sys, threading, time
from blueking_itsm import Itsm
itsm = Itsm(sys.argv[1])
loading = threading.Event()
class Slow:
    def find_spec(self, name, *_):
        if name == "blueking_itsm.http":
            loading.set()
            time.sleep(0.5)
sys.meta_path.insert(0, Slow())
threading.Thread(target=lambda: itsm.tickets).start()
loading.wait()
child = os.fork()
if child == 0:
    # A child that hangs is ended by the alarm, with another status.
    signal.alarm(20)
    itsm.tickets.new_tag()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

IMPORTS = """
import asyncio, sys
sys.path.insert(0, ".")
from blueking_itsm import AsyncItsm, Itsm, ItsmError
from blueking_itsm.types import AppCredentials, Connection, Gateway
from tests.support import CODE, SECRET
connection = Connection(Gateway(sys.argv[2]), AppCredentials(CODE, SECRET))
plain, loop = Itsm(sys.argv[1]).tickets, AsyncItsm(sys.argv[1]).tickets
before = set(sys.modules)
try:
    plain.info(connection, "NOBODYS")
except ItsmError:
    print("plain", sorted(set(sys.modules) - before))
async def main():
    before = set(sys.modules)
    try:
        await loop.info(connection, "NOBODYS")
    except ItsmError:
        print("loop", sorted(set(sys.modules) - before))
asyncio.run(main())
"""


class Forks(unittest.TestCase):
    def test_no_call_imports_a_module(self) -> None:
        """A process that is forked while another thread imports waits for that import for ever."""
        with Site() as site:
            used = python("-c", IMPORTS, str(component()), site.fake.gateway.replace("127.0.0.1", "localhost"))
        self.assertEqual((used.stdout, used.stderr), ("plain []\nloop []\n", ""))

    def test_forked_processes_go_on_while_their_parent_calls(self) -> None:
        with Site() as site, TemporaryDirectory() as folder:
            # Another file, which a child then has to compile.
            other = Path(folder, "itsm.core.wasm")
            other.write_bytes(component().read_bytes() + b"\0\4\3abc")
            used = python("-c", FORK, str(component()), site.fake.gateway, site.running(), str(other))
        self.assertEqual((used.stdout, used.stderr), ("{0} {'RUNNING'}\n", ""))

    def test_a_process_that_is_forked_while_an_interface_is_loaded_goes_on(self) -> None:
        used = python("-c", FORK_WHILE_LOADING, str(component()))
        self.assertEqual((used.stdout, used.stderr), ("0\n", ""))

    def test_a_forked_process_makes_connections_of_its_own(self) -> None:
        peers: list[Any] = []

        class Kept(Scripted):
            def verify_request(self, request: Any, address: Any) -> bool:
                peers.append(address)
                return True

        program = """
import os, sys
from blueking_itsm import Itsm
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, Connection, Gateway
itsm = Itsm(sys.argv[1])
connection = Connection(Gateway(sys.argv[2]), AppCredentials("app", "secret"))
create = lambda: itsm.tickets.create(
    connection, NewTicket(itsm.tickets.new_tag(), FastApproval(["admin"], "please"), "carol", "title")
).sn
print(create(), create(), flush=True)
if os.fork() == 0:
    print(create(), create(), flush=True)
    os._exit(0)
os.wait()
print(create(), flush=True)
"""
        with Kept(lambda *_: (200, {}, BODY)) as server, patch("tests.support._Handler.protocol_version", "HTTP/1.1"):
            used = python("-c", program, str(component()), f"{server.url}/prod")
        self.assertEqual((used.stdout.split(), used.stderr), (["REQ1"] * 5, ""))
        self.assertEqual(len(peers), 2)

    def test_a_server_that_forks_its_workers_after_loading_serves(self) -> None:
        program = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from blueking_itsm import Itsm
itsm = Itsm(sys.argv[1])
itsm.tickets.new_tag()
def work(_):
    return len(itsm.tickets.new_tag())
with ProcessPoolExecutor(3, mp_context=get_context("fork")) as workers:
    print(set(workers.map(work, range(50))))
"""
        used = python("-c", program, str(component()))
        self.assertEqual((used.stdout, used.stderr), ("{26}\n", ""))


class Greenlets(unittest.TestCase):
    def test_a_process_whose_sockets_switch_greenlets_is_told_so(self) -> None:
        """Else the first call that waits would end the process."""
        made_before = Itsm(component())
        for name, patched in [("gevent.monkey", "is_module_patched"), ("eventlet.patcher", "is_monkey_patched")]:
            for is_patched in [True, False]:
                module = SimpleNamespace(**{patched: lambda of, answer=is_patched: answer and of == "socket"})
                with self.subTest(name, is_patched=is_patched), patch.dict(sys.modules, {name: cast(Any, module)}):
                    if is_patched:
                        with self.assertRaisesRegex(RuntimeError, "^blueking_itsm can't run in greenlets"):
                            Itsm(component())
                        # A server may have forked this process after loading, and have patched it then.
                        made_before._guests.after_fork()
                        with self.assertRaisesRegex(RuntimeError, "^blueking_itsm can't run in greenlets"):
                            made_before.tickets.new_tag()
                    else:
                        self.assertEqual(len(Itsm(component()).tickets.new_tag()), 26)


class Instances(unittest.TestCase):
    def setUp(self) -> None:
        self.itsm = Itsm(component())
        self.guests = self.itsm._guests

    def bind(self) -> str:
        return self.itsm.callbacks.bind(KEY, Claims("op", "http://127.0.0.1/", 5)).tag

    def test_one_is_kept_from_call_to_call(self) -> None:
        first = self.guests._idle[0]
        self.bind()
        self.assertEqual((self.guests._idle, first.calls), ([first], 1))

    def test_one_that_has_trapped_is_thrown_away_and_the_next_call_works(self) -> None:
        (guest,) = self.guests._idle
        with self.assertRaises(EngineError):
            # More than there can be.
            guest.instance.realloc(1, 2**32 - 1)
        trapped = patch.object(guest.instance, "call", side_effect=EngineError("wasm trap: unreachable"))
        with trapped, self.assertRaisesRegex(EngineError, "unreachable"):
            self.bind()
        self.assertEqual(self.guests._idle, [])
        self.assertEqual(len(self.bind()), 26)
        self.assertNotEqual(self.guests._idle, [guest])

    def test_one_that_has_grown_or_served_long_is_thrown_away(self) -> None:
        for name, value in {"MEMORY_MOST": 1, "CALLS_MOST": 1}.items():
            with self.subTest(name), patch.object(loader, name, value):
                self.bind()
                self.assertEqual(self.guests._idle, [])
            self.bind()
            self.assertEqual(len(self.guests._idle), 1)

    def test_memory_does_not_grow_with_calls(self) -> None:
        (guest,) = self.guests._idle
        for _ in range(500):
            self.itsm.callbacks.parse(b'{"sn":"%s","current_status":"FINISHED","approve_result":true}' % (b"x" * 60))
        before = guest.instance.memory().nbytes
        for _ in range(3_000):
            self.itsm.callbacks.parse(b'{"sn":"%s","current_status":"FINISHED","approve_result":true}' % (b"x" * 60))
        self.assertEqual(guest.instance.memory().nbytes, before)

    def test_a_call_within_a_call_has_an_instance_of_its_own(self) -> None:
        tags: list[str] = []

        def credentials(_: object) -> dict[str, str]:
            tags.append(inner.bind())
            return {"X-Bkapi-Authorization": "{}"}

        inner = self
        with Site() as site:
            both = Itsm(component(), credentials=credentials)
            inner.itsm = both
            sn = site.running()
            with self.assertRaises(ItsmError):
                both.tickets.status(Connection(Gateway(site.fake.gateway), AppCredentials(CODE, SECRET)), sn)
        self.assertEqual(len(tags[0]), 26)

    def test_what_a_function_of_the_host_raises_comes_out_as_it_is(self) -> None:
        class Stop(BaseException):
            pass

        def credentials(_: object) -> dict[str, str]:
            raise Stop

        through = Itsm(component(), credentials=credentials)
        with self.assertRaises(Stop):
            through.tickets.status(Connection(Gateway("http://127.0.0.1:1/prod"), AppCredentials(CODE, SECRET)), "REQ1")
        self.assertEqual(through._guests._idle, [])
        self.assertEqual(len(through.tickets.new_tag()), 26)
