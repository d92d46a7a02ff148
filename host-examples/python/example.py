"""Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.

    python example.py CREATOR APPROVER TITLE

Settings come from the environment: see README.md.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue

from blueking_itsm import Itsm, ItsmError
from blueking_itsm.callbacks import Claims, Reply
from blueking_itsm.tickets import CallbackTarget, FastApproval, NewTicket
from blueking_itsm.types import (
    AddedByHost,
    AppCredentials,
    Authorization,
    Connection,
    CreatedTicket,
    Ended,
    Found,
    Gateway,
    Header,
    Outcome,
    Verdict,
)

BINDING_HOLDS_S = 30 * 24 * 3600
"""A ticket may wait that long."""
CONFIRM_WITHIN_MS = 2_000
"""ITSM waits for our answer without a timeout, and whoever withdraws a ticket waits with it."""
MOST_BYTES = 128 * 1024
"""More than the component reads, so that the refusal is its own."""


class Gate:
    """Asks for approvals, and receives what becomes of them."""

    def __init__(self, itsm: Itsm, connection: Connection, callback_url: str, binding_key: str) -> None:
        self.itsm = itsm
        self.connection = connection
        self.callback_url = callback_url
        self._binding_key = binding_key
        self.outcomes: SimpleQueue[tuple[str, Outcome]] = SimpleQueue()

    def ask(self, operation_id: str, creator: str, title: str, approvers: Sequence[str]) -> CreatedTicket:
        """Makes a ticket whose callback is bound to the operation. Store the operation id before."""
        claims = Claims(operation_id, self.callback_url, int(time.time()) + BINDING_HOLDS_S)
        header = self.itsm.callbacks.bind(self._binding_key, claims)
        ticket = NewTicket(
            operation_id,
            FastApproval(approvers, content=title),
            creator,
            title,
            callback=CallbackTarget(self.callback_url, [header]),
        )
        try:
            return self.itsm.tickets.create(self.connection, ticket)
        except ItsmError as error:
            found = self._recover(ticket) if error.may_have_acted else None
            if found is None:
                raise
            return found

    def _recover(self, ticket: NewTicket) -> CreatedTicket | None:
        """The ticket whose answer was lost, if it can be found. Creating again could make a second one."""
        try:
            answer = self.itsm.tickets.recover(self.connection, ticket)
        except ItsmError:
            return None
        return answer.value if isinstance(answer, Found) else None

    def receive(self, headers: Sequence[Header], body: bytes) -> Reply:
        """Takes a callback in. Whatever fails is refused: then ITSM lists the ticket, and nothing is lost."""
        callbacks = self.itsm.callbacks
        try:
            claims = callbacks.check_binding([self._binding_key], headers, self.callback_url, int(time.time()))
            callback = callbacks.parse(body)
            if callbacks.is_self_check(callback):
                return callbacks.accepted()
            soon = replace(self.connection, deadline_ms=CONFIRM_WITHIN_MS)
            answer = self.itsm.tickets.confirm(soon, callback.sn, claims.operation_id)
        except Exception as why:
            print(f"callback refused: {why}", flush=True)
            return callbacks.refused("not confirmed")
        if not isinstance(answer, Ended):
            print(f"callback refused: {callback.sn!r} is {type(answer).__name__}", flush=True)
            return callbacks.refused("not confirmed")
        self.outcomes.put((claims.operation_id, answer.value))
        return callbacks.accepted()

    def wait(self, operation_id: str, sn: str, patience_s: float = 300) -> Outcome:
        """Waits for an operation's outcome. Callbacks get lost, so now and then it asks for its own ticket's number."""
        while True:
            outcome: Outcome | None
            try:
                operation, outcome = self.outcomes.get(timeout=patience_s)
            except Empty:
                operation, outcome = operation_id, self._ended(sn)
            if outcome is not None and operation == operation_id:
                return outcome

    def _ended(self, sn: str) -> Outcome | None:
        """How a ticket of our own ended, if it has and ITSM says so."""
        try:
            answer = self.itsm.tickets.confirm(self.connection, sn, None)
        except ItsmError as error:
            print(f"asked about {sn}: {error}", flush=True)
            return None
        return answer.value if isinstance(answer, Ended) else None


class CallbackServer(ThreadingHTTPServer):
    """Receives a gate's callbacks, each in a thread of its own."""

    daemon_threads = False
    """So that `stop` waits for them."""
    gate: Gate

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Endpoint)

    def start(self, gate: Gate) -> None:
        """Serves in a thread of its own."""
        self.gate = gate
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends, once what is being answered has been answered: ITSM must hear that we have taken the outcome."""
        self.shutdown()
        self.server_close()


class _Endpoint(BaseHTTPRequestHandler):
    server: CallbackServer
    timeout = 10

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("content-length", 0))
        except ValueError:
            length = 0
        body = self.rfile.read(min(max(length, 0), MOST_BYTES))
        reply = self.server.gate.receive(self.headers.items(), body)
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """The gate says what there is to say."""


def setting(name: str) -> str:
    """A setting from the environment."""
    try:
        return os.environ[name]
    except KeyError:
        sys.exit(f"{name} is not set")


def authorization() -> Authorization:
    """The app's credentials, unless somebody else adds them on the way."""
    if "ITSM_APP_CODE" not in os.environ:
        return AddedByHost()
    return AppCredentials(setting("ITSM_APP_CODE"), setting("ITSM_APP_SECRET"))


def main() -> int:
    if len(sys.argv) != 4:
        sys.exit("usage: python example.py CREATOR APPROVER TITLE")
    creator, approver, title = sys.argv[1:]
    folder = os.environ.get("ITSM_WASM_DIR")
    itsm = Itsm(Path(folder) / "itsm.wasm" if folder else None)
    connection = Connection(Gateway(setting("ITSM_GATEWAY")), authorization())
    gate = Gate(itsm, connection, setting("ITSM_CALLBACK_URL"), setting("ITSM_BINDING_KEY"))
    host, _, port = os.environ.get("ITSM_LISTEN", "0.0.0.0:8080").rpartition(":")
    server = CallbackServer(host, int(port))
    server.start(gate)
    print(f"callbacks are received at {host}:{server.server_port}", flush=True)

    operation = itsm.tickets.new_operation_id()
    print(f"operation {operation}", flush=True)
    try:
        ticket = gate.ask(operation, creator, title, [approver])
        print(f"waiting for {ticket.sn} ({ticket.ticket_url})", flush=True)
        verdict = gate.wait(operation, ticket.sn).verdict
    except (ItsmError, ValueError) as error:
        sys.exit(str(error))
    finally:
        server.stop()
    print(verdict)
    return 0 if verdict is Verdict.APPROVED else 1


if __name__ == "__main__":
    sys.exit(main())
