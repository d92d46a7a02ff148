"""`python -m blueking_itsm` beside the native program `itsm`: both are run over the same cases, and print the same."""

import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

from blueking_itsm.command import arguments, configuration
from blueking_itsm.command.exits import Exit, Stop
from blueking_itsm.diagnosis import Language
from fake_itsm import ROOT, FakeItsm, built, component

from .support import FOLDER, KEY, SECRET, Answer, Scripted, always

COMMAND_LINE = ROOT / "host-examples/command-line"
PYTHON = [sys.executable, "-m", "blueking_itsm"]
GATE = ("gate", "--title", "扩容", "--approver", "admin", "--interval", "100ms")
ENGLISH, CHINESE = {"LANG": "en_US.UTF-8"}, {"LANG": "zh_CN.UTF-8"}
FORMS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "English": (ENGLISH, ()),
    "Chinese": (CHINESE, ()),
    "JSON": (CHINESE, ("--json",)),
}
"""What a program prints: the settings and the options that lead to it."""
FILES = ExitStack()


def tearDownModule() -> None:
    FILES.close()


@functools.cache
def native() -> list[str]:
    """The native program, with the component compiled inside: else each start would compile it."""
    bare = built(Path(os.environ.get("NATIVE_ITSM", ROOT / "target/debug/itsm")), "cargo build --bin itsm")
    folder = Path(FILES.enter_context(TemporaryDirectory()))
    whole, page = folder / "itsm", folder / "page"
    page.mkdir()
    wasm = built(component().with_name("itsm.wasm"), "cargo xtask build")
    subprocess.run([bare, "pack", wasm, page, whole], check=True)
    return [str(whole)]


PROGRAMS: dict[str, Callable[[], list[str]]] = {"native": native, "Python": lambda: PYTHON}


class Printed(NamedTuple):
    code: int
    out: str
    error: str


class Program:
    """One of the two programs, with the settings of a site."""

    def __init__(self, command: list[str], gateway: str, folder: Path, **settings: str) -> None:
        self.command, self.folder = command, folder
        self.settings = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(FOLDER),
            "ITSM_WASM_DIR": str(component().parent),
            "ITSM_GATEWAY": gateway,
            "ITSM_APP_CODE": "app",
            "ITSM_APP_SECRET": SECRET,
            "ITSM_OPERATOR": "carol",
            **ENGLISH,
            **settings,
        }

    def start(self, *given: str, **settings: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in {**self.settings, **settings}.items() if value}
        return subprocess.Popen(
            [*self.command, *given],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *given: str, input: str = "", **settings: str) -> Printed:
        return ended(self.start(*given, **settings), input=input)


def ended(process: subprocess.Popen[str], before: str = "", input: str = "") -> Printed:
    """What a program that ends has printed. No secret is in it."""
    with process:
        out, error = process.communicate(input, timeout=300)
    for secret in ("canary", KEY):
        assert secret not in before + out + error, out + error
    for crash in ("panicked", "Traceback"):
        assert crash not in error, error
    return Printed(process.returncode, before + out, error)


def until(process: subprocess.Popen[str], *texts: str) -> str:
    """What a program prints up to a line with one of these texts."""
    lines = ""
    for line in process.stdout or ():
        lines += line
        if any(text in line for text in texts):
            return lines
    raise AssertionError(f"{texts}: {lines}{process.stderr and process.stderr.read()}")


def waiting(process: subprocess.Popen[str]) -> str:
    """What a gate prints up to the line that says whom the ticket waits for."""
    return until(process, "waiting  ", "等待处理  ", '"event":"waiting"')


def same(of: Any) -> Any:
    """Without what differs from run to run: numbers, times, ports and ids."""
    if isinstance(of, (list, tuple)):
        return [same(one) for one in of]
    text = of if isinstance(of, str) else repr(of)
    for pattern, word in [
        (r"REQ\d{14}", "REQ"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
        (r"127\.0\.0\.1:\d+", "HERE"),
        (r"\b[a-z0-9]{26}\b", "ID"),
        # Python connects before the component gives it the request, and so knows more.
        (r"the connection to (\S+) broke: connection refused", r"\1 can't be reached: connection refused"),
    ]:
        text = re.sub(pattern, word, text)
    return text


Play = Callable[[FakeItsm, Program, tuple[str, ...]], Any]
"""Something that is done with a program at a site of its own. What was printed meanwhile, or several of these."""


class Compared(unittest.TestCase):
    maxDiff = None

    def compare(self, plays: dict[str, Play], forms: Sequence[str] = tuple(FORMS), *options: str) -> dict[str, Any]:
        """Plays each by both programs, in each form. What Python has printed in English."""

        def play(name: str, form: str, program: str) -> Any:
            settings, more = FORMS[form]
            with FakeItsm(*options) as fake, TemporaryDirectory() as folder:
                return plays[name](fake, Program(PROGRAMS[program](), fake.gateway, Path(folder), **settings), more)

        native()
        cases = list(product(plays, forms))
        with ThreadPoolExecutor(6) as threads:
            running = [[threads.submit(play, *case, program) for program in PROGRAMS] for case in cases]
        for (name, form), pair in zip(cases, running, strict=True):
            with self.subTest(name, form=form):
                expected, found = (same(of.result()) for of in pair)
                self.assertEqual(found, expected)
        return {name: pair[1].result() for (name, form), pair in zip(cases, running, strict=True) if form == forms[0]}


def decided(act: str, *options: str, **what: str) -> Play:
    """A gate that ends when somebody acts on ITSM's pages."""

    def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Printed:
        gate = program.start(*GATE, *options, *form)
        before = waiting(gate)
        fake.tell(act, sn=fake.first(), **what)
        return ended(gate, before)

    return play


def refused(exit_code: int, **fault: Any) -> Play:
    """A gate whose ticket ITSM does not make."""

    def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
        fake.tell("fault", action="create_ticket", times="always", **fault)
        # The time is over at the second question, whenever the first one ends.
        gate = program.run(*GATE[:5], "--interval", "3s", "--timeout", "1s", "--resume", "it.json", *form)
        return gate, fake.show("tickets"), (program.folder / "it.json").exists(), gate.code == exit_code

    return play


def answer(status: int, code: int) -> dict[str, Any]:
    return {"fault": "answer", "status": status, "body": f'{{"result":false,"code":{code},"message":"no","data":null}}'}


def by_gateway(status: int, code: int) -> dict[str, Any]:
    return {"fault": "gateway", "status": status, "code": code, "message": "no"}


def lost_answer(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
    fake.tell("fault", action="create_ticket", fault="drop-after-executing")
    printed = decided("approve", who="admin")(fake, program, form)
    return printed, len(fake.show("tickets"))


def called_back(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
    here = free_address()
    program.settings |= {
        "ITSM_LISTEN": here,
        "ITSM_CALLBACK_URL": f"http://{here}/itsm/callback",
        "ITSM_BINDING_KEYS": KEY,
    }
    gate = program.start(*GATE[:5], "--interval", "1h", *form)
    sn = fake.first()
    fake.tell("approve", sn=sn, who="admin")
    return ended(gate), fake.called_back(sn)["delivered"]


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def late(then: str) -> Play:
    def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
        gate = program.run(*GATE, "--timeout", "2s", "--on-timeout", then, *form)
        return gate, fake.show("tickets")[0]["status"]

    return play


def signalled(number: signal.Signals, then: str) -> Play:
    def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
        gate = program.start(*GATE, "--on-cancel", then, *form)
        before = waiting(gate)
        gate.send_signal(number)
        return ended(gate, before), fake.show("tickets")[0]["status"]

    return play


def approved_before_the_signal(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Printed:
    gate = program.start(*GATE[:5], "--interval", "1h", "--on-cancel", "withdraw", *form)
    before = until(gate, "REQ")
    fake.tell("approve", sn=fake.first(), who="admin")
    gate.terminate()
    return ended(gate, before)


def of_service(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
    asked = ("gate", "--title", "t", "--service", "3", "--interval", "100ms", *form)
    wrong = program.run(*asked, "--field", "NOPE=x")
    built_in = program.run(*GATE, "--field", "a=b")
    gate = program.start(*asked, "--field", "APPROVER=bob, dave")
    before = waiting(gate)
    for who in ("bob", "dave"):
        fake.tell("approve", sn=fake.first(), who=who)
    printed = ended(gate, before)
    # Between the two approvals the gate may look, or not.
    kept = [line for line in printed.out.splitlines() if not re.search(r"waiting |等待处理|\"waiting\"", line)]
    return wrong, built_in, printed.code, kept


def killed(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
    """A gate that was killed goes on with its ticket; no other gate shares the file; and the end is told again."""
    resume = (*GATE, "--resume", "it.json", *form)
    first = program.start(*resume)
    waiting(first)
    beside = program.run(*resume)
    first.kill()
    first.communicate()
    second = program.start(*resume)
    before = waiting(second)
    fake.tell("refuse", sn=fake.first(), who="admin", remark="no")
    gone_on = ended(second, before)
    other = program.run("gate", "--title", "other", "--approver", "admin", "--resume", "it.json")
    mode = oct((program.folder / "it.json").stat().st_mode & 0o777)
    return beside, gone_on, other, program.run(*resume), len(fake.show("tickets")), mode


def killed_at(action: str, act: str | None) -> Play:
    """A gate that was killed while ITSM's answer to an action was on its way, and goes on."""

    def play(fake: FakeItsm, program: Program, _: tuple[str, ...]) -> Any:
        gate = (*GATE, "--resume", "it.json")
        if act is None:
            fake.tell("fault", action=action, fault="slow", ms=60_000)
        first = program.start(*gate)
        if act is not None:
            waiting(first)
            fake.tell("fault", action=action, fault="slow", ms=60_000)
            fake.tell(act, sn=fake.first(), who="admin")
        while not (fake.requests(action) if act is None else fake.show("faults") == []):
            time.sleep(0.01)
        sn = fake.first()
        first.kill()
        first.communicate()
        second = program.start(*gate)
        if act is None:
            fake.tell("approve", sn=sn, who="admin")
        printed = ended(second)
        return printed.code, "resumed " in printed.out, len(fake.requests("create_ticket"))

    return play


def killed_while_asking(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
    """Whether ITSM has read the request is not known then: a second ticket would be a worse answer than none."""
    fake.tell("fault", action="create_ticket", fault="hang")
    gate = (*GATE, "--timeout", "2s", "--resume", "it.json", *form)
    first = program.start(*gate)
    while not fake.requests("create_ticket"):
        time.sleep(0.01)
    first.kill()
    first.communicate()
    return program.run(*gate), len(fake.requests("create_ticket"))


def session(*lines: str, title: str = "扩容") -> Play:
    """Commands about a ticket that waits for admin."""

    def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
        begun = program.run("gate", "--title", title, "--approver", "admin", "--timeout", "0s", *form)
        sn = fake.first()
        return [begun, *(program.run(*(word.replace("SN", sn) for word in line.split()), *form) for line in lines)]

    return play


class TheGate(Compared):
    def test_each_ending_and_each_failure_is_told_and_has_its_exit_code(self) -> None:
        found = self.compare(
            {
                "approved": decided("approve", who="admin", remark="fine"),
                "refused": decided("refuse", who="admin", remark="too big"),
                "withdrawn": decided("withdraw", who="carol"),
                "terminated": decided("terminate", who="admin"),
                "closed": decided("close", who="admin"),
                "an argument": refused(30, **answer(200, 3_900_003)),
                "a permission": refused(31, **by_gateway(403, 1_640_301)),
                "the credentials": refused(31, **by_gateway(400, 1_640_001)),
                "too many requests": refused(32, **by_gateway(429, 1_642_902)),
                "a lost answer": lost_answer,
                "a callback": called_back,
            }
        )
        codes = {name: of.code for name, of in found.items() if isinstance(of, Printed)}
        self.assertEqual(codes, {"approved": 0, "refused": 10, "withdrawn": 11, "terminated": 12, "closed": 13})
        self.assertEqual([of[-1] for name, of in found.items() if " " in name and name != "a lost answer"], [True] * 5)
        self.assertEqual(found["a lost answer"][1], 1)
        self.assertIn(same(found["approved"].out), same((FOLDER / "README.md").read_text()))

    def test_a_node_that_nobody_has_to_handle_is_not_waited_for(self) -> None:
        found = self.compare(
            {"approved": decided("approve", who="admin", remark="fine")}, tuple(FORMS), "--in-creation", "1000"
        )
        self.assertEqual(found["approved"].out.count("waiting  "), 1)

    def test_time_and_signals_leave_the_ticket_or_withdraw_it(self) -> None:
        found = self.compare(
            {
                "late, and left": late("leave"),
                "late, and withdrawn": late("withdraw"),
                **{
                    f"{number.name}, {then}": signalled(number, then)
                    for number in (signal.SIGINT, signal.SIGTERM)
                    for then in ("leave", "withdraw")
                },
                "approved before the withdrawal": approved_before_the_signal,
            }
        )
        codes = {name: of.code if isinstance(of, Printed) else (of[0].code, of[1]) for name, of in found.items()}
        left, withdrawn = (21, "RUNNING"), (11, "REVOKED")
        self.assertEqual(
            codes,
            {
                "late, and left": (20, "RUNNING"),
                "late, and withdrawn": withdrawn,
                "SIGINT, leave": left,
                "SIGINT, withdraw": withdrawn,
                "SIGTERM, leave": left,
                "SIGTERM, withdraw": withdrawn,
                "approved before the withdrawal": 0,
            },
        )

    def test_fields_and_the_file_of_progress(self) -> None:
        found = self.compare({"of a service": of_service, "killed": killed, "killed while asking": killed_while_asking})
        self.assertEqual(
            [of.code if isinstance(of, Printed) else of for of in found["killed"]], [2, 10, 2, 10, 1, "0o600"]
        )
        self.assertEqual((found["killed while asking"][0].code, found["killed while asking"][1]), (33, 1))

    def test_wherever_it_is_killed_it_goes_on_with_the_same_ticket(self) -> None:
        points = [
            *(("create_ticket", None), ("get_tickets", None), ("get_ticket_status", None), ("get_tickets", "approve")),
            *(("get_tickets", "refuse"), ("ticket_approval_result", "approve"), ("get_ticket_logs", "approve")),
        ]
        found = self.compare({f"{action}, {act}": killed_at(action, act) for action, act in points}, ("English",))
        self.assertEqual(list(found.values()), [(10 if act == "refuse" else 0, True, 1) for _, act in points])

    def test_neither_program_takes_the_file_of_the_other_for_its_own(self) -> None:
        with FakeItsm() as fake, TemporaryDirectory() as folder:
            for first, second in [(native(), PYTHON), (PYTHON, native())]:
                file = Path(folder, "it.json")
                gate = (*GATE, "--timeout", "0s", "--resume", str(file))
                self.assertEqual(Program(first, fake.gateway, Path(folder)).run(*gate).code, 20)
                printed = Program(second, fake.gateway, Path(folder)).run(*gate)
                said = f"itsm: {file} is no file that a gate of this version wrote\n"
                self.assertEqual((printed.code, printed.error), (2, said))
                file.unlink()


class Tickets(Compared):
    def test_they_are_looked_at_and_acted_on(self) -> None:
        self.compare(
            {
                "approved": session(
                    *("status SN", "explain SN", "search --status RUNNING --waiting-for admin --page 1 --page-size 5"),
                    *("services", "form 3", "-u admin suspend SN", "-u admin resume SN -m on", "-u dave approve SN"),
                    *("-u admin approve SN -m fine", "explain SN", "log SN", "approve SN", "withdraw SN"),
                    *("explain REQ20200101000001", "search --created-from never", "form 999999"),
                ),
                "refused": session("-u admin refuse SN -m no", "explain SN"),
                "withdrawn": session("withdraw SN", "-u carol withdraw SN -m changed", "explain SN"),
                "terminated": session("terminate SN -m no", "-u admin terminate SN -m no", "explain SN"),
                "handed over": session("claim SN", "-u admin hand-over SN --to bob --to dave -m away", "status SN"),
                "a title of two lines": session("explain SN", "search --creator dave", title="one\ntwo <b>"),
                "too late": late_then_log,
            }
        )

    def test_of_several_nodes_one_has_to_be_named(self) -> None:
        def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
            program.run("gate", "--title", "t", "--service", "1001", "--timeout", "0s")
            sn = fake.first()
            return [program.run(*line.split(), sn, *form) for line in ("status", "explain", "claim", "approve")]

        found = self.compare({"parallel": play}, tuple(FORMS), "--flows", "parallel")
        self.assertIn("several nodes run, name one by --node: ", found["parallel"][-1].error)

    def test_many_are_asked_about_from_a_file(self) -> None:
        def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
            program.run(*GATE, "--timeout", "0s")
            sn = fake.first()
            fake.tell("refuse", sn=sn, who="admin", remark="no")
            program.run("gate", "--title", "open", "--approver", "admin", "--timeout", "0s")
            numbers = [it["sn"] for it in fake.show("tickets")]
            text = "\n".join(
                ["# yesterday's", *numbers, "", "REQ20200101000001", *(f"REQ20200102{n:06}" for n in range(60))]
            )
            (program.folder / "numbers").write_text(text)
            return [
                program.run("reconcile", "numbers", *form),
                program.run("reconcile", "-", *form, input=f"{sn}\n"),
                program.run("reconcile", "-", *form),
                program.run("reconcile", "nowhere", *form),
            ]

        self.compare({"reconcile": play})

    def test_a_failure_has_its_exit_code_and_a_secret_that_a_server_repeats_is_redacted(self) -> None:
        def steering(*_: Any) -> Answer:
            said = {"result": False, "code": 1, "message": f"no {SECRET}\r\n\x1b[31mno\x9b \u2028", "data": None}
            return 200, {"content-type": "application/json"}, json.dumps(said).encode()

        def repeating(*_: Any) -> Answer:
            said = {"result": True, "code": 0, "data": [{"id": 1, "name": f"no {SECRET}\x9b"}]}
            return 200, {"content-type": "application/json"}, json.dumps(said).encode()

        def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
            with Scripted(repeating) as server:
                # The component has the secret here, and the host redacts what it prints.
                printed = [program.run("services", *form, ITSM_GATEWAY="", ITSM_ESB_LEGACY=server.url)]
                assert "[secret]" in printed[0].out, printed
            for fault in (by_gateway(403, 1_640_301), by_gateway(502, 1_650_200), {"fault": "html"}):
                fake.tell("fault", action="get_ticket_status", times=3, **fault)
                printed.append(program.run("status", "REQ1", *form))
                printed.append(program.run("approve", "REQ1", "--node", "1", *form))
                fake.tell("clear-faults")
            with Scripted(steering) as server:
                for line in ("status REQ1", "withdraw REQ1 -m x", "diagnose"):
                    printed.append(program.run(*line.split(), *form, ITSM_GATEWAY=f"{server.url}/prod"))
                printed.append(program.run("log", "REQ1", *form, ITSM_GATEWAY="", ITSM_ESB=server.url))
                printed.append(program.run("log", "REQ1", *form, ITSM_GATEWAY="", ITSM_ESB_LEGACY=server.url))
            printed.append(program.run("log", "REQ1", *form, ITSM_GATEWAY="http://127.0.0.1:1/prod"))
            return printed

        self.compare({"failures": play})

    def test_settings_and_a_callback_address_are_diagnosed(self) -> None:
        answers: list[tuple[int, bytes, dict[str, str]]] = [
            (200, b'{"code":0}', {}),
            (200, b'{"result":false,"code":1,"message":"no"}', {}),
            (200, b"<html>", {}),
            (204, b"", {}),
            (302, b"", {"location": "/login"}),
            (200, b"{}", {}),
        ]

        def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
            printed = [program.run("diagnose", *form)]
            for status, body, headers in answers:
                with always(status, body, **headers) as server:
                    printed.append(program.run("diagnose", "--callback", f"{server.url}/itsm", *form))
                    assert SECRET not in str(server.requests)
            printed.append(program.run("diagnose", "--callback", "http://127.0.0.1:1/itsm", *(form or ("--json",))))
            fake.tell("fault", action="ticket_approval_result", times="always", **by_gateway(403, 1_640_301))
            return [*printed, program.run("diagnose", *form)]

        self.compare({"diagnose": play})


def late_then_log(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
    """What a gate writes into the log when it withdraws."""
    # The seconds of a clock are counted, so one second can be over before the ticket is asked for.
    program.run(*GATE, "--timeout", "3s", "--on-timeout", "withdraw")
    return program.run("log", fake.first(), *form)


class Callbacks(Compared):
    """`trigger` at a `listen` of the same program."""

    def test_each_callback_is_taken_apart(self) -> None:
        def play(what: str) -> Play:
            def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
                here = free_address()
                program.settings |= {
                    "ITSM_LISTEN": here,
                    "ITSM_CALLBACK_URL": f"http://{here}/itsm",
                    "ITSM_BINDING_KEYS": KEY,
                }
                listening = program.start("listen", *form)
                before = until(listening, here)
                triggered = program.run("trigger", what, "--to", f"http://{here}/itsm", *form)
                listening.terminate()
                return triggered, ended(listening, before)

            return play

        found = self.compare({what: play(what) for what in arguments.TRIGGERED}, ("English", "Chinese"))
        self.assertEqual([triggered.code for triggered, _ in found.values()], [0] * 6)

    def test_what_believes_a_forged_callback_is_told_also_behind_listen(self) -> None:
        def play(fake: FakeItsm, program: Program, form: tuple[str, ...]) -> Any:
            here = free_address()
            program.settings |= {
                "ITSM_LISTEN": here,
                "ITSM_CALLBACK_URL": f"http://{here}/itsm",
                "ITSM_BINDING_KEYS": KEY,
            }
            with always(200, b'{"code":0}', **{"content-type": "application/json"}) as believing:
                printed = [program.run("trigger", "forged", "--to", f"{believing.url}/x", *form)]
                listening = program.start("listen", "--forward", f"{believing.url}/x", *form)
                before = until(listening, here)
                printed.append(program.run("trigger", "forged", "--to", f"http://{here}/itsm", *form))
                printed.append(program.run("diagnose", "--callback", f"http://{here}/itsm", *form))
                listening.send_signal(signal.SIGINT)
                printed.append(ended(listening, before))
            printed.append(
                program.run("trigger", "approved", "--to", "http://127.0.0.1:9/x", ITSM_GATEWAY="http://127.0.0.1:1/p")
            )
            printed.append(program.run("listen", ITSM_CALLBACK_URL=""))
            return [*printed, program.run("trigger", "approved", "--to", "x", ITSM_CALLBACK_URL="")]

        found = self.compare({"believing": play}, ("English", "Chinese"))
        self.assertEqual([printed.code for printed in found["believing"]], [34, 34, 0, 0, 2, 2, 2])


class TheCommandLine(Compared):
    def test_settings_come_from_flags_the_environment_and_the_file(self) -> None:
        bare = {"ITSM_GATEWAY": "", "ITSM_APP_CODE": "", "ITSM_OPERATOR": "", "LANG": ""}
        called_back = {"ITSM_CALLBACK_URL": "http://me", "ITSM_BINDING_KEYS": KEY}
        cases: list[tuple[str | None, dict[str, str], str]] = [
            (None, {"ITSM_LISTEN": "8080", **called_back}, "listen"),
            (None, {"ITSM_LISTEN": "a:b", **called_back}, "gate --title t --approver admin"),
            (None, {}, "services"),
            (None, {"ITSM_GATEWAY": ""}, "services"),
            (None, {"ITSM_ESB": "http://a"}, "services"),
            (None, {"ITSM_GATEWY": "x"}, "services"),
            (None, {"ITSM_APP_CODE": ""}, "services"),
            (None, {"ITSM_APP_CODE": " "}, "services --app-code app"),
            (None, {"ITSM_GATEWAY": "http://127.0.0.1:1/prod"}, "--gateway GATEWAY services"),
            (None, {"ITSM_GATEWAY": "http://127.0.0.1:1/prod"}, "services --gateway GATEWAY"),
            (None, {"ITSM_ESB": "http://a"}, "services --gateway GATEWAY"),
            (None, {"ITSM_OPERATOR": ""}, "withdraw REQ1 -m x"),
            (None, {"ITSM_OPERATOR": "", "ITSM_LANGUAGE": "zh"}, "withdraw REQ1 -m x"),
            ('gateway = "GATEWAY"\napp-code = "app"\nlanguage = "zh"', bare, "search"),
            ('gateway = "http://127.0.0.1:1/p"', {}, "services"),
            ('gateway = "GATEWAY"', bare | {"ITSM_APP_CODE": "app", "LC_ALL": "zh_CN"}, "search"),
            ('esb = "http://a"\ngateway = "GATEWAY"', bare, "services"),
            ('gatewy = "x"', {}, "services"),
            ("listen = 8080", {}, "services"),
            ("deadline = 1.5", {}, "services"),
            ("listen = 1.5", {}, "services"),
            ("listen = true", {}, "services"),
            ("listen = 2026-01-01", {}, "services"),
            ("[listen]", {}, "services"),
            ("binding-keys = [1]", {}, "services"),
            (f'callback-url = "http://me"\nbinding-keys = ["{KEY}", "x"]', {}, "services"),
            ('callback-url = "http://me"', {}, "services"),
            (None, {}, "services --config nowhere.toml"),
            (None, {"ITSM_CONFIG": "nowhere.toml"}, "services"),
        ]

        def play(fake: FakeItsm, program: Program, _: tuple[str, ...]) -> Any:
            printed = []
            for text, settings, line in cases:
                file = program.folder / "itsm.toml"
                file.unlink(missing_ok=True)
                if text is not None:
                    file.write_text(text.replace("GATEWAY", fake.gateway))
                printed.append(program.run(*line.replace("GATEWAY", fake.gateway).split(), **settings))
            return printed

        self.compare({"settings": play}, ("English",))

    def test_a_line_of_the_file_that_is_no_toml_is_named_and_not_shown(self) -> None:
        for text, line in [
            ("\napp-secret = canary\n", 2),
            ('app-secret = "canary', 1),
            ("canary", 1),
            ("a = 1\na = 2", 2),
        ]:
            for program in (native(), PYTHON):
                with self.subTest(text, program=program), TemporaryDirectory() as folder:
                    Path(folder, "itsm.toml").write_text(text)
                    printed = Program(program, "http://127.0.0.1:1/prod", Path(folder)).run("services")
                    self.assertEqual(printed.code, 2)
                    self.assertRegex(printed.error, f"^itsm: itsm.toml: line {line}: ")

    def test_an_older_python_says_what_it_needs_for_the_file(self) -> None:
        with patch.dict(sys.modules, tomllib=None, tomli=None), self.assertRaises(Stop) as caught:
            configuration.settings_in("")
        self.assertIn("python -m pip install tomli", str(caught.exception))

    def test_what_is_no_command_line_ends_with_2(self) -> None:
        lines = [
            "",
            "nope",
            "--json",
            "services --nope",
            "gate --approver admin",
            "gate --title t",
            "gate --title t --approver a --service 3",
            "gate --title t --service x",
            "gate --title t --service -1",
            "gate --title t --service 18446744073709551616",
            "gate --title t --service 3 --field x",
            "gate --title t --service 3 --field =x",
            "gate --tit t --approver a",
            "gate --title t --approver a --on-timeout nothing",
            "approve",
            "approve REQ1 --nope",
            "hand-over REQ1 -m x",
            "hand-over REQ1 --to bob",
            "search --page 4294967296",
            "services --gateway http://a --esb http://b",
            "trigger nothing --to http://a",
            "services --app-secret x",
            "services --access-token x",
            "services --binding-keys x",
            *(f"services --deadline {text}" for text in ("1", "s", "1.s", "-1s", "1x", "1s,", "1..5s", "1s5", "")),
        ]

        def play(fake: FakeItsm, program: Program, _: tuple[str, ...]) -> Any:
            return [program.run(*line.split(" ") if line else ()).code for line in lines]

        found = self.compare({"wrong": play}, ("English",))
        self.assertEqual(found["wrong"], [2] * len(lines))

    def test_a_time_is_read_alike(self) -> None:
        texts = [
            "30s",
            "2m",
            "1min 30s",
            "1h30m",
            "1500ms",
            "1.5s",
            "1w 2days",
            "2500us",
            "0.5h",
            " 5 sec",
            "1M",
            "1y",
        ]

        def play(fake: FakeItsm, program: Program, _: tuple[str, ...]) -> Any:
            return [program.run("services", "--deadline", text) for text in [*texts, "0", "0s", "1us", "601s"]]

        self.compare({"times": play}, ("English",))
        seconds = [30, 120, 90, 5400, 1.5, 1.5, 777_600, 0.0025, 1800, 5, 2_630_016, 31_557_600]
        self.assertEqual([arguments.duration(text) for text in texts], seconds)

    def test_help_has_the_same_names_and_sentences(self) -> None:
        for language, settings in [(Language.ENGLISH, ENGLISH), (Language.CHINESE, CHINESE)]:
            whole = arguments.parser(language)
            commands = next(iter(whole._subparsers._group_actions)).choices  # type: ignore[union-attr]
            assert isinstance(commands, dict)
            for name in ("", *(name for name in commands if name not in arguments.NATIVE_ONLY)):
                with self.subTest(name, language=language), TemporaryDirectory() as folder:
                    program = Program(native(), "", Path(folder), **settings)
                    shown = program.run(*name.split(), "-h").out
                    parser = commands.get(name, whole)
                    about, options = in_help(shown)
                    self.assertEqual(parser.description, about)
                    ours = {
                        ", ".join(action.option_strings) or f"<{action.metavar}>": " ".join((action.help or "").split())
                        for action in parser._actions
                        if action.metavar != "COMMAND" and action.dest not in ("help", "version")
                    }
                    if not name:
                        ours |= {
                            name: sentences[language is Language.CHINESE]
                            for name, sentences in arguments.COMMANDS.items()
                        }
                    self.assertEqual(ours, options)
            self.assertEqual(Program(PYTHON, "", FOLDER, **settings).run("gate", "--help").code, 0)
        self.assertEqual(
            Program(PYTHON, "", FOLDER).run("--version").out, Program(native(), "", FOLDER).run("--version").out
        )

    def test_what_only_the_native_program_has_is_said(self) -> None:
        for line in ("fake", "fake --port 0", "completion bash"):
            printed = Program(PYTHON, "", FOLDER).run(*line.split())
            self.assertEqual(printed.code, 2)
            self.assertIn("is a command of the native program alone", printed.error)

    def test_the_exit_codes_are_those_of_the_native_program(self) -> None:
        rust = (COMMAND_LINE / "src/exit.rs").read_text()
        codes = {name: int(code) for name, code in re.findall(r"^    (\w+) = (\d+),$", rust, re.MULTILINE)}
        self.assertEqual({of.name.title().replace("_", ""): of.value for of in Exit}, codes)


def in_help(shown: str) -> tuple[str, dict[str, str]]:
    """What a command is about, and the sentence of each command, argument and option in the help of the native program."""
    about, *parts = shown.split("\n\n")
    found: dict[str, str] = {}
    for part in parts[1:]:
        last = ""
        for line in part.splitlines()[1:]:
            entry = re.match(r" {2,6}((?:-\w, )?--[\w-]+|<\w+>|[a-z-]+)(?: <[^>]*>)? {2,}(.*)", line)
            last = entry[1] if entry else last
            found[last] = f"{found.get(last, '')} {entry[2] if entry else line.strip()}".strip()
    for clap in ("-h, --help", "-V, --version", "help"):
        found.pop(clap, None)
    return about, found
