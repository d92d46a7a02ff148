"""Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.

    python example.py CREATOR APPROVER TITLE

Asked again for the same, also after a crash, it goes on with the same ticket. Settings come from the environment: see
README.md.
"""

import json
import os
import socket
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from blueking_itsm import Error, Itsm, ItsmError
from blueking_itsm.callbacks import Bound, BoundCallback, Claims, Refusal, Reply, SelfCheck
from blueking_itsm.cases import Other, case_name
from blueking_itsm.diagnosis import Language
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.tracking import (
    Action,
    Confirm,
    Confirmed,
    Create,
    Deliver,
    Delivered,
    Event,
    LookedUp,
    MaybeCreated,
    NotWithdrawn,
    Recover,
    Report,
    Tick,
    Withdraw,
)
from blueking_itsm.types import (
    AddedByHost,
    AppCredentials,
    Authorization,
    CallbackTarget,
    Connection,
    CreatedTicket,
    Ended,
    Found,
    Gateway,
    Header,
    Outcome,
    Undecidable,
    Verdict,
)

BINDING_HOLDS_S = 30 * 24 * 3600
"""A ticket may wait that long."""
CONFIRM_WITHIN_MS = 5_000
"""ITSM waits for our answer without a timeout, and whoever withdraws a ticket waits with it."""
MOST_BYTES = 128 * 1024
"""More than the component reads, so that the refusal is its own."""
READ_WITHIN_S = 5
"""A request comes soon or not at all: whoever withdraws a ticket waits for the answer."""

SCHEMA = """
    CREATE TABLE IF NOT EXISTS operation (
        id TEXT PRIMARY KEY,
        request TEXT NOT NULL UNIQUE,
        tag TEXT NOT NULL,
        header TEXT NOT NULL,
        record TEXT NOT NULL,
        due_s INTEGER,
        ticket TEXT,
        outcome TEXT
    )
"""


class ApprovalGate:
    """Asks for approvals, and keeps what becomes of them: an outcome comes, whatever is lost and whenever this dies.

    It comes on one of two ways. A callback names a ticket, as anybody can: so ITSM is asked by the operation's secret
    tag. Or tracking has ITSM asked for the number in our own record. The first outcome to come is kept.

    One process at a time uses the database.
    """

    def __init__(
        self, itsm: Itsm, connection: Connection, callback_url: str, binding_keys: Sequence[str], database: Path
    ) -> None:
        """The first of the keys is for new operations; all may still be in use."""
        self.itsm = itsm
        self.connection = connection
        self.callback_url = callback_url
        self._binding_keys = binding_keys
        # The tags in it are as secret as the key.
        database.touch(mode=0o600)
        self._database = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._changed = threading.Condition()
        self._execute(SCHEMA)

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def ask(self, creator: str, title: str, approvers: Sequence[str], decide_within_s: int | None = None) -> str:
        """Begins an operation, or goes on with the one that was begun for the same request. The operation's id.

        A ticket that nobody has decided after `decide_within_s` is taken back.
        """
        request = json.dumps([creator, title, list(approvers)])
        known = self._execute("SELECT id FROM operation WHERE request = ?", request).fetchone()
        if known is not None:
            operation_id = str(known["id"])
            self._take_in(operation_id, Tick())
            return operation_id
        operation_id = self.itsm.tickets.new_operation_id()
        now = now_s()
        claims = Claims(operation_id, self.callback_url, now + BINDING_HOLDS_S)
        binding = self.itsm.callbacks.bind(self._binding_keys[0], claims)
        decide_by_s = None if decide_within_s is None else now + decide_within_s
        step = self.itsm.tracking.start(operation_id, decide_by_s, now)
        # All by which the ticket can be found again is stored before anything is sent.
        self._execute(
            "INSERT INTO operation (id, request, tag, header, record, due_s) VALUES (?, ?, ?, ?, ?, ?)",
            operation_id,
            request,
            binding.tag,
            json.dumps(binding.header),
            step.record_json,
            step.due_s,
        )
        self._carry_out(operation_id, step.actions)
        return operation_id

    def ticket(self, operation_id: str) -> CreatedTicket | None:
        """An operation's ticket, once its number is known."""
        ticket = self._operation(operation_id)["ticket"]
        return CreatedTicket(**json.loads(ticket)) if ticket else None

    def outcome(self, operation_id: str) -> dict[str, Any] | None:
        """An operation's outcome, once it has come."""
        outcome = self._operation(operation_id)["outcome"]
        return dict(json.loads(outcome)) if outcome else None

    def wait(self, operation_id: str) -> Verdict:
        """Waits for an operation's outcome. Callbacks get lost, so now and then tracking has ITSM asked."""
        while True:
            with self._changed:
                outcome = self.outcome(operation_id)
                if outcome is not None:
                    return Verdict(outcome["verdict"])
                due_s = self._operation(operation_id)["due_s"]
                if due_s is None:
                    raise NotSettled(f"operation {operation_id} was given up: a person must look")
                if due_s > now_s():
                    self._changed.wait(due_s - now_s())
                    continue
            self._take_in(operation_id, Tick())

    def refuse(self, why: str, status: int = 200) -> Reply:
        """What is no callback, by the look of it."""
        print(f"callback refused: {why}", flush=True)
        return replace(self.itsm.callbacks.refused(why), status=status)

    def receive(self, headers: Sequence[Header], body: bytes) -> Reply:
        """Takes a callback in. Whatever fails is refused: then ITSM lists the ticket, and nothing is lost."""
        callbacks = self.itsm.callbacks
        try:
            match callbacks.receive(self._binding_keys, headers, self.callback_url, now_s(), body):
                case SelfCheck(reply):
                    return reply
                case Refusal(reply, why):
                    print(f"callback refused: {why}", flush=True)
                    return reply
                case BoundCallback(bound, callback):
                    self._settle(bound, callback.sn)
                    return callbacks.accepted()
        except Exception as error:
            print(f"callback refused: {error}", flush=True)
            return callbacks.refused("not confirmed")

    def _settle(self, bound: Bound, sn: str) -> None:
        """Asks ITSM for the ticket that a callback names, and keeps its outcome."""
        soon = replace(self.connection, deadline_ms=CONFIRM_WITHIN_MS)
        match self.itsm.tickets.confirm(soon, sn, bound.tag):
            case Ended(outcome):
                self._keep(bound.claims.operation_id, outcome)
            case Undecidable(_, why):
                raise NotSettled(f"{sn!r} is undecidable: {why}")
            case other:
                raise NotSettled(f"{sn!r} is {case_name(type(other).__name__)}")

    def _take_in(self, operation_id: str, event: Event) -> None:
        """Takes an event in: stores the record that it leads to, then does what tracking wants."""
        self._carry_out(operation_id, self._advance(operation_id, event))

    def _carry_out(self, operation_id: str, actions: Sequence[Action]) -> None:
        waiting = deque(actions)
        while waiting:
            event = self._act(operation_id, waiting.popleft())
            if event is not None:
                waiting.extend(self._advance(operation_id, event))

    def _advance(self, operation_id: str, event: Event) -> Sequence[Action]:
        with self._changed:
            step = self.itsm.tracking.advance(self._operation(operation_id)["record"], event, now_s())
            self._execute(
                "UPDATE operation SET record = ?, due_s = ? WHERE id = ?", step.record_json, step.due_s, operation_id
            )
        match event:
            case CreatedTicket() as ticket:
                self._remember(operation_id, ticket)
            case LookedUp(_, Found(ticket)):
                self._remember(operation_id, ticket)
        return step.actions

    def _act(self, operation_id: str, action: Action) -> Event | None:
        """Carries one action out. What came of it is the next event."""
        ticket = self._new_ticket(operation_id)
        try:
            match action:
                case Create():
                    return self.itsm.tickets.create(self.connection, ticket)
                case Recover():
                    asked_s = now_s()
                    return LookedUp(asked_s, self.itsm.tickets.recover(self.connection, ticket))
                case Confirm(sn):
                    return Confirmed(self.itsm.tickets.confirm_own(self.connection, sn))
                case Withdraw(sn):
                    self.itsm.operations.withdraw(self.connection, sn, ticket.creator, "not decided in time")
                    return Tick()
                case Deliver(outcome):
                    self._keep(operation_id, outcome)
                    return Delivered()
                case Report(why) | Other(why):
                    print(f"operation {operation_id}: {why}", flush=True)
                    return None
        except ItsmError as failure:
            return self._failed(operation_id, action, failure)

    def _failed(self, operation_id: str, action: Action, failure: ItsmError) -> Event | None:
        match action:
            case Create() if failure.may_have_acted:
                return MaybeCreated(failure)
            case Create():
                # There is no ticket, and nothing to go on with: asked again, a new operation begins.
                self._execute("DELETE FROM operation WHERE id = ?", operation_id)
                raise failure
            case Withdraw():
                return NotWithdrawn(failure)
            case _:
                # A question without an answer is no news, and the next tick asks again.
                print(f"operation {operation_id}: {failure}", flush=True)
                return None

    def _new_ticket(self, operation_id: str) -> NewTicket:
        row = self._operation(operation_id)
        creator, title, approvers = json.loads(row["request"])
        name, value = json.loads(row["header"])
        callback = CallbackTarget(self.callback_url, [(name, value)])
        return NewTicket(row["tag"], FastApproval(approvers, content=title), creator, title, callback=callback)

    def _remember(self, operation_id: str, ticket: CreatedTicket) -> None:
        self._execute("UPDATE operation SET ticket = ? WHERE id = ?", json.dumps(asdict(ticket)), operation_id)

    def _keep(self, operation_id: str, outcome: Outcome) -> None:
        """Keeps an operation's first outcome: the same can come again."""
        text = json.dumps(asdict(outcome))
        kept = self._execute("UPDATE operation SET outcome = coalesce(outcome, ?) WHERE id = ?", text, operation_id)
        if kept.rowcount == 0:
            raise NotSettled(f"operation {operation_id} is not in the database")

    def _operation(self, operation_id: str) -> sqlite3.Row:
        row: sqlite3.Row = self._execute("SELECT * FROM operation WHERE id = ?", operation_id).fetchone()
        return row

    def _execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        """A statement is on the disk when this returns."""
        with self._changed:
            done = self._database.execute(statement, values)
            self._changed.notify_all()
        return done


class NotSettled(Exception):
    """Why there is no outcome for an operation."""


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


def authorization() -> Authorization:
    """The app's credentials, unless somebody else adds them on the way."""
    if "ITSM_APP_CODE" not in os.environ:
        return AddedByHost()
    return AppCredentials(env("ITSM_APP_CODE"), env("ITSM_APP_SECRET"))


def main() -> int:
    if len(sys.argv) != 4:
        sys.exit("usage: python example.py CREATOR APPROVER TITLE")
    creator, approver, title = sys.argv[1:]
    folder = os.environ.get("ITSM_WASM_DIR")
    itsm = Itsm(Path(folder) / "itsm.core.wasm" if folder else None)
    connection = Connection(Gateway(env("ITSM_GATEWAY")), authorization())
    url, database = env("ITSM_CALLBACK_URL"), Path(env("ITSM_DATABASE"))
    keys = [key.strip() for key in env("ITSM_BINDING_KEYS").split(",")]
    within_s = os.environ.get("ITSM_DECIDE_WITHIN_S")
    host, _, port = os.environ.get("ITSM_LISTEN", "0.0.0.0:8080").rpartition(":")
    gate = ApprovalGate(itsm, connection, url, keys, database)
    server = CallbackServer(host, int(port))
    server.start(gate)
    print(f"callbacks are received at {host}:{server.server_port}", flush=True)
    try:
        operation = gate.ask(creator, title, [approver], int(within_s) if within_s else None)
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


if __name__ == "__main__":
    sys.exit(main())
