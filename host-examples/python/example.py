"""Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.

    python example.py CREATOR APPROVER TITLE

Asked again for the same, also after a crash, it goes on with the same ticket. Settings come from the environment: see
README.md.
"""

import json
import logging
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from blueking_itsm import Error, Itsm, ItsmError, Settings
from blueking_itsm.callbacks import Reply
from blueking_itsm.diagnosis import Language
from blueking_itsm.durable import Durable
from blueking_itsm.endpoint import MOST_BYTES, NotSettled
from blueking_itsm.settings import settings
from blueking_itsm.tickets import FastApproval
from blueking_itsm.types import AddedByHost, Connection, CreatedTicket, Header, Outcome, Verdict

READ_WITHIN_S = 5
"""A request comes soon or not at all: whoever withdraws a ticket waits for the answer."""


class ApprovalGate:
    """Asks for approvals, and keeps what becomes of them, in SQLite."""

    def __init__(
        self, itsm: Itsm, connection: Connection, callback_url: str, binding_keys: Sequence[str], database: Path
    ) -> None:
        """The first of the keys is for new operations; all may still be in use."""
        self.itsm = itsm
        self.connection = connection
        self.callback_url = callback_url
        # The tags in it are as secret as the key.
        database.touch(mode=0o600)
        self._changed = threading.Event()
        self.durable = Durable(
            itsm,
            Settings(connection, callback_url, tuple(binding_keys)),
            lambda: sqlite3.connect(database, timeout=60),
            self._deliver,
            clock=lambda: now_s(),
        )
        self.durable.create_table()

    def _deliver(self, cursor: sqlite3.Cursor, operation_id: str, outcome: Outcome) -> None:
        """Here a host writes what an approval allows, by the cursor. This one only wakes who waits."""
        self._changed.set()

    def ask(self, creator: str, title: str, approvers: Sequence[str], decide_within_s: int | None = None) -> str:
        """Begins an operation, or goes on with the one that was begun for the same request. The operation's id.

        A ticket that nobody has decided after `decide_within_s` is taken back.
        """
        request = json.dumps([creator, title, list(approvers)])
        approval = FastApproval(approvers, content=title)
        operation_id = self.durable.request(request, approval, creator, title, decide_within_s=decide_within_s)
        self.durable.tick(whatever=True)
        return operation_id

    def ticket(self, operation_id: str) -> CreatedTicket | None:
        """An operation's ticket, once its number is known."""
        known = self.durable.operation(operation_id)
        return known.ticket if known else None

    def outcome(self, operation_id: str) -> dict[str, Any] | None:
        """An operation's outcome, once it has come."""
        known = self.durable.operation(operation_id)
        return asdict(known.outcome) if known and known.outcome else None

    def wait(self, operation_id: str) -> Verdict:
        """Waits for an operation's outcome. Callbacks get lost, so now and then tracking has ITSM asked."""
        while True:
            self._changed.clear()
            known = self.durable.operation(operation_id)
            if known and known.outcome:
                return known.outcome.verdict
            if known is None or known.refused:
                raise NotSettled(f"operation {operation_id} was given up: a person must look")
            self._changed.wait(1)
            self.durable.tick()

    def refuse(self, why: str, status: int = 200) -> Reply:
        """What is no callback, by the look of it."""
        return self.durable.endpoint.refuse(why, status)

    def receive(self, headers: Sequence[Header], body: bytes) -> Reply:
        """Takes a callback in."""
        return self.durable.endpoint.receive(headers, body)


class CallbackServer(ThreadingHTTPServer):
    """Receives a gate's callbacks, each in a thread of its own."""

    daemon_threads = False
    """So that `stop` waits for them."""
    gate: ApprovalGate

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Endpoint)

    def start(self, gate: ApprovalGate) -> None:
        """Serves in a thread of its own."""
        self.gate = gate
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends, once what is being answered has been answered: ITSM must hear that we have taken the outcome."""
        self.shutdown()
        self.server_close()


class _Endpoint(BaseHTTPRequestHandler):
    server: CallbackServer

    def handle(self) -> None:
        def end() -> None:
            # What trickles in ends here too, and can still be answered.
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RD)

        late = threading.Timer(READ_WITHIN_S, end)
        late.start()
        try:
            super().handle()
        finally:
            late.cancel()

    def do_POST(self) -> None:
        gate = self.server.gate
        if self.path.partition("?")[0] != (urlsplit(gate.callback_url).path or "/"):
            reply = gate.refuse("callbacks are received at the path of the callback address", 404)
        else:
            try:
                body = self._body()
                # The parser leaves blanks behind a value, which are none of it.
                headers = [(name, value.strip()) for name, value in self.headers.items()]
                reply = gate.receive(headers, body)
            except ValueError:
                reply = gate.refuse("the body broke off, or came too slowly")
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _body(self) -> bytes:
        """The body, or as much of it as shows that it is too large. `ValueError` when it breaks off."""
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self._read(int(self.headers.get("content-length", 0)))
        body = b""
        while (size := int(self.rfile.readline(100).partition(b";")[0], 16)) and len(body) < MOST_BYTES:
            body += self._read(size)
            self.rfile.readline(100)
        return body

    def _read(self, size: int) -> bytes:
        wanted = min(max(size, 0), MOST_BYTES)
        content = self.rfile.read(wanted)
        if len(content) < wanted:
            raise ValueError("it broke off")
        return content

    def log_message(self, format: str, *args: object) -> None:
        """The gate says what there is to say."""


def now_s() -> int:
    """Seconds since 1970."""
    return int(time.time())


def env(name: str) -> str:
    """A setting in the environment."""
    try:
        return os.environ[name]
    except KeyError:
        sys.exit(f"{name} is not set")


class Printed(logging.Handler):
    """The package's log, as this program prints it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), flush=True)


def known_settings() -> Settings:
    """The settings of the environment. Without an app code somebody else adds the credentials on the way."""
    given = {name: value for name, value in os.environ.items() if value.strip()}
    nobody = {"ITSM_APP_CODE": "nobody", "ITSM_APP_SECRET": "none"}
    added = "ITSM_APP_CODE" not in given
    try:
        found = settings({**given, **nobody} if added else given)
    except Error as error:
        sys.exit(str(error))
    return replace(found, connection=replace(found.connection, authorization=AddedByHost())) if added else found


def main() -> int:
    if len(sys.argv) != 4:
        sys.exit("usage: python example.py CREATOR APPROVER TITLE")
    creator, approver, title = sys.argv[1:]
    listen = os.environ.get("ITSM_LISTEN") or "0.0.0.0:8080"
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        sys.exit(f"ITSM_LISTEN is {listen}, and must be an address with a port, such as 0.0.0.0:8080")
    within_s = os.environ.get("ITSM_DECIDE_WITHIN_S") or "0"
    if not within_s.isdigit():
        sys.exit(f"ITSM_DECIDE_WITHIN_S is {within_s}, and must be a number of seconds")
    found = known_settings()
    url, database = env("ITSM_CALLBACK_URL"), Path(env("ITSM_DATABASE"))
    try:
        itsm = Itsm.from_environment()
        gate = ApprovalGate(itsm, found.connection, url, found.binding_keys, database)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    try:
        server = CallbackServer(host, int(port))
    except (OSError, OverflowError) as error:
        sys.exit(f"nothing can listen at {listen}: {error}")
    server.start(gate)
    print(f"callbacks are received at {host}:{server.server_port}", flush=True)
    try:
        operation = gate.ask(creator, title, [approver], int(within_s) or None)
        print(f"operation {operation}", flush=True)
        if ticket := gate.ticket(operation):
            print(f"waiting for {ticket.sn} ({ticket.ticket_url})", flush=True)
        verdict = gate.wait(operation)
    except ItsmError as error:
        sys.exit(f"{error.message}\n{itsm.diagnosis.describe_failure(error, Language.ENGLISH)}")
    except (Error, NotSettled, ValueError) as error:
        sys.exit(str(error))
    finally:
        server.stop()
    print(verdict)
    return 0 if verdict is Verdict.APPROVED else 1


logging.getLogger("blueking_itsm").addHandler(Printed())

if __name__ == "__main__":
    sys.exit(main())
