"""What the tests share: the loaded component, a site whose host receives callbacks, and servers that do as they are told."""

import functools
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any, Self

from blueking_itsm import Itsm, Settings
from blueking_itsm.component import ROWS
from blueking_itsm.durable import PLACES, Durable
from blueking_itsm.serving import Server
from blueking_itsm.tickets import FastApproval, NewTicket, ServiceId
from blueking_itsm.types import AppCredentials, Connection, CreatedTicket, Field, FieldValue, Gateway, Outcome, People
from fake_itsm import FakeItsm, component

FOLDER = Path(__file__).parents[1]
CODE = "app"
SECRET = "canary-of-the-app-secret"
KEY = f"itsm-key.k1.{'0f' * 32}"
OLD_KEY = f"itsm-key.k0.{'f0' * 32}"

Headers = list[tuple[str, str]]
Answer = tuple[int, Mapping[str, str], bytes]


@functools.cache
def itsm() -> Itsm:
    return Itsm(component())


def surface() -> dict[str, FunctionType]:
    """Every function of the package: `tickets.create` and its like."""
    return {name: getattr(type(getattr(itsm(), name.partition(".")[0])), name.partition(".")[2]) for name in ROWS}


@contextmanager
def logged() -> Iterator[list[str]]:
    """What the package's log says meanwhile."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("blueking_itsm")
    log.addHandler(handler)
    try:
        yield lines
    finally:
        log.removeHandler(handler)


class Site:
    """A fake ITSM, and a host with a durable loop that receives its callbacks."""

    paramstyle = "qmark"

    def __init__(self) -> None:
        self.fake = FakeItsm("--credentials", f"{CODE}:{SECRET}")
        self.folder = TemporaryDirectory()
        self.file = Path(self.folder.name, "operations.sqlite")
        self.connection = Connection(Gateway(self.fake.gateway), AppCredentials(CODE, SECRET))
        self.server = Server("127.0.0.1:0", self.application)
        self.callback_url = f"http://{self.server.address}/itsm/callback"
        self.settings = Settings(self.connection, self.callback_url, (KEY,))
        self.later_s = 0
        self.durable = self.new()
        self.durable.create_table()
        with closing(self.connect()) as database:
            database.cursor().execute("CREATE TABLE IF NOT EXISTS account (operation TEXT, verdict TEXT)")
        self.server.__enter__()
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of: Any) -> None:
        self.server.__exit__(*of)
        self.fake.__exit__(None, None, None)
        self.folder.cleanup()

    def new(self) -> Durable:
        """A durable loop on the site's database, as after a crash of the one before."""
        return Durable(
            itsm(), self.settings, self.connect, self.deliver, self.paramstyle, lambda: time.time() + self.later_s
        )

    def application(self, environ: Any, start_response: Any) -> Any:
        return self.durable.endpoint.wsgi(environ, start_response)

    def connect(self) -> Any:
        return sqlite3.connect(self.file, timeout=60)

    def deliver(self, cursor: Any, operation_id: str, outcome: Outcome) -> None:
        statement = "INSERT INTO account VALUES (?, ?)".replace("?", PLACES[self.paramstyle])
        cursor.execute(statement, (operation_id, str(outcome.verdict)))

    def delivered(self) -> list[tuple[str, str]]:
        with closing(self.connect()) as database:
            cursor = database.cursor()
            cursor.execute("SELECT operation, verdict FROM account")
            return list(cursor.fetchall())

    def begin(self, key: str = "account 42", **options: Any) -> str:
        """The operation of a key."""
        approval = FastApproval(["admin"], "an account")
        return self.durable.request(key, approval, "carol", "open an account", **options)

    def sn(self, operation: str) -> str:
        """The number of an operation's ticket, which runs."""
        known = self.durable.operation(operation)
        assert known is not None and known.ticket is not None
        return self.fake.started(known.ticket.sn)

    def outcome(self, operation: str) -> Outcome | None:
        """An operation's outcome, once it has come."""
        known = self.durable.operation(operation)
        assert known is not None
        return known.outcome

    def fault(self, action: str, **fault: object) -> None:
        self.fake.tell("fault", action=action, **fault)

    def ask(self) -> tuple[str, str]:
        """A new ticket that runs and calls back: its operation, and its number."""
        operation = self.begin(f"account {next(self._numbers)}")
        return operation, self.sn(operation)

    def running(self) -> str:
        """The number of a new ticket that runs."""
        return self.ask()[1]

    def finished(self) -> str:
        """The number of a new ticket that was approved."""
        operation, sn = self.ask()
        self.fake.tell("approve", sn=sn, who="admin")
        self.durable.wait(operation)
        return sn

    def at_normal_node(self) -> str:
        """The number of a new ticket that runs at a node which is no approval."""
        return self.fake.started(self.create(self.of_service(5, APPROVER=People(["admin"]))).sn)

    def create(self, ticket: NewTicket) -> CreatedTicket:
        return itsm().tickets.create(self.connection, ticket)

    def of_service(self, service_id: int, **fields: FieldValue) -> NewTicket:
        return NewTicket(
            itsm().tickets.new_tag(),
            ServiceId(service_id),
            "carol",
            "open an account",
            [Field(key, value) for key, value in fields.items()],
        )

    def status(self, sn: str) -> str:
        """The ticket's status, as people see it."""
        return next(str(ticket["status"]) for ticket in self.fake.show("tickets") if ticket["sn"] == sn)

    def binding(self, operation: str) -> Headers:
        """The headers of the callback of an operation's ticket."""
        created = [json.loads(request["body"]) for request in self.fake.requests("create_ticket")]
        headers = [dict(body["meta"]["headers"]) for body in created if "callback_url" in body.get("meta", {})]
        return next(list(found.items()) for found in headers if operation in str(found))

    def post(self, headers: Headers, body: object) -> int:
        """Posts to the host's endpoint, as anybody can; the answer's `code`."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.callback_url, content, dict(headers))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(json.load(answer)["code"])


class Scripted(ThreadingHTTPServer):
    """A server on 127.0.0.1 that answers as its script says, and remembers the requests."""

    def __init__(self, script: Callable[[str, str, Headers, bytes], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.requests: list[tuple[str, str, Headers, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    def __exit__(self, *of: Any) -> None:
        self.shutdown()
        super().__exit__(*of)


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = (self.command, self.path, self.headers.items(), body)
        self.server.requests.append(request)
        status, headers, content = self.server.script(*request)
        self.send_response(status)
        for name, value in {"content-length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


def always(status: int, content: bytes, **headers: str) -> Scripted:
    """A server that always answers the same."""
    return Scripted(lambda *_: (status, headers, content))


def done() -> Scripted:
    """An ITSM to which everything succeeds."""
    return always(200, b'{"result":true,"code":0,"message":"success","data":[]}')


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in the example's folder."""
    return run_in(FOLDER, *arguments, **settings)


def run_in(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True
    )
