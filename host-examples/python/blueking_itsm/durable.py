"""Operations that outlive the process: an outcome is delivered exactly once, whatever is lost and whenever this dies.

    durable = Durable(itsm, settings, lambda: sqlite3.connect("approvals.sqlite"), deliver)
    durable.create_table()
    durable.request("account 42", FastApproval(["admin"], "an account for carol"), "carol", "open an account")
    durable.serve(stop)              # in a thread, or a process of its own: asks ITSM where no callback comes

The operations are in a table of a database with a DB-API module, such as SQLite. Any number of processes may share the
table.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Callable

from . import tickets as _tickets
from . import types as _types
from .callbacks import Claims
from .cases import Bare, Case, Other, case_name
from .component import Itsm
from .endpoint import Endpoint, NotSettled
from .settings import Settings
from .tickets import NewTicket, Service
from .tracking import (
    Action,
    Confirm,
    Confirmed,
    Create,
    Deliver,
    Delivered,
    Event,
    LookedUp,
    MaybeCreated,
    NotCreated,
    NotWithdrawn,
    Recover,
    Report,
    Step,
    Tick,
    Withdraw,
)
from .types import CallbackTarget, CreatedTicket, Field, Found, ItsmError, NodeProcessors, Outcome

BINDING_HOLDS_S = 30 * 24 * 3600
"""A ticket may wait that long."""
LOOKS_EVERY_S = 30
"""So often `serve` looks for operations that other processes have begun."""

TABLE = """
CREATE TABLE IF NOT EXISTS itsm_operation (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    request_key VARCHAR(64) NOT NULL UNIQUE,
    ticket TEXT NOT NULL,
    record TEXT NOT NULL,
    due_s BIGINT,
    created TEXT,
    outcome TEXT,
    refused TEXT
)
"""
"""The table. Its tickets hold tags, which are secrets."""

PLACES = {"qmark": "?", "format": "%s", "pyformat": "%s"}

log = logging.getLogger("blueking_itsm")


@dataclasses.dataclass(frozen=True)
class Operation:
    """What is known of an operation."""

    id: str
    ticket: CreatedTicket | None
    """Its ticket, once the number is known."""
    outcome: Outcome | None
    """What ITSM said, once it has ended."""
    refused: str | None
    """Why it was given up without an outcome, in words."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come."""
        return self.outcome is not None or self.refused is not None


class Durable:
    """The loop of `blueking_itsm.tracking` over a table: each record is stored before anything is done about it."""

    def __init__(
        self,
        itsm: Itsm,
        settings: Settings,
        connect: Callable[[], Any],
        deliver: Callable[[Any, str, Outcome], None],
        paramstyle: str = "qmark",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`connect` makes a connection to the database, whose module has this `paramstyle`.

        `deliver` takes a cursor, an operation's id and its outcome. What it writes by the cursor and the outcome itself are
        stored in one transaction: both or neither, and once.
        """
        if settings.callback_url is None:
            raise ValueError("ITSM_CALLBACK_URL is not set")
        self._itsm = itsm
        self._connection = settings.connection
        self._callback_url = settings.callback_url
        self._binding_keys = settings.binding_keys
        self._connect = connect
        self._deliver = deliver
        self._place = PLACES[paramstyle]
        self._clock = clock
        self.endpoint = Endpoint(itsm, settings.connection, settings.callback_url, settings.binding_keys, self._keep)

    def create_table(self) -> None:
        """Makes the table if it is not there."""
        with self._transaction() as cursor:
            cursor.execute(TABLE)

    def request(
        self,
        key: str,
        service: Service,
        creator: str,
        title: str,
        fields: Sequence[Field] = (),
        processors: Sequence[NodeProcessors] = (),
        extra_json: str | None = None,
        decide_within_s: int | None = None,
    ) -> str:
        """Begins an operation, unless one was begun for this key: `key` is the host's own name for it. The operation's id.

        A ticket that nobody has decided after `decide_within_s` is withdrawn. An `ItsmError` is raised if there is no
        ticket and never will be: then the key can be used again.
        """
        digest = hashlib.sha256(key.encode()).hexdigest()
        known = self._one("SELECT id FROM itsm_operation WHERE request_key = ?", digest)
        if known is not None:
            return str(known[0])
        operation_id, now = self._itsm.tickets.new_operation_id(), self._now()
        claims = Claims(operation_id, self._callback_url, now + BINDING_HOLDS_S)
        binding = self._itsm.callbacks.bind(self._binding_keys[0], claims)
        target = CallbackTarget(self._callback_url, [binding.header])
        ticket = NewTicket(binding.tag, service, creator, title, fields, processors, target, extra_json)
        step = self._itsm.tracking.start(operation_id, now + decide_within_s if decide_within_s else None, now)
        # All by which the ticket can be found again is stored before anything is sent.
        try:
            self._write(
                "INSERT INTO itsm_operation (id, request_key, ticket, record, due_s) VALUES (?, ?, ?, ?, ?)",
                *(operation_id, digest, _dump("tickets.new-ticket", ticket), step.record_json, step.due_s),
            )
        except Exception:
            # Another process was faster, if anything has this key now.
            known = self._one("SELECT id FROM itsm_operation WHERE request_key = ?", digest)
            if known is None:
                raise
            return str(known[0])
        self._carry_out(operation_id, step.actions)
        return operation_id

    def operation(self, operation_id: str) -> Operation | None:
        """What is known of an operation. None if there is no such."""
        row = self._one("SELECT created, outcome, refused FROM itsm_operation WHERE id = ?", operation_id)
        if row is None:
            return None
        created = row[0] and _load("types.created-ticket", json.loads(row[0]))
        outcome = row[1] and _load("types.outcome", json.loads(row[1]))
        return Operation(operation_id, created or None, outcome or None, row[2])

    def tick(self, whatever: bool = False) -> None:
        """Asks ITSM where it is time to. With `whatever`, as at a start, of each operation that is not settled."""
        until = 2**62 if whatever else self._now()
        for (operation_id,) in self._all("SELECT id FROM itsm_operation WHERE due_s <= ?", until):
            try:
                self._carry_out(operation_id, self._advance(operation_id, Tick()))
            except ItsmError as failure:
                log.warning("operation %s: %s", operation_id, failure)
            except Exception:
                # The next tick tries again, and others do not wait for this one.
                log.exception("operation %s", operation_id)

    def serve(self, stop: threading.Event) -> None:
        """Ticks at the start and whenever it is time to, until `stop` is set."""
        whatever = True
        while not stop.is_set():
            self.tick(whatever)
            whatever = False
            (due_s,) = self._one("SELECT min(due_s) FROM itsm_operation") or (None,)
            wait_s = LOOKS_EVERY_S if due_s is None else due_s - self._now()
            stop.wait(min(max(wait_s, 0.5), LOOKS_EVERY_S))

    def _carry_out(self, operation_id: str, actions: Sequence[Action]) -> None:
        waiting = deque(actions)
        while waiting:
            event = self._act(operation_id, waiting.popleft())
            if event is not None:
                waiting.extend(self._advance(operation_id, event))

    def _advance(self, operation_id: str, event: Event) -> Sequence[Action]:
        """Takes an event in, and stores the record that it leads to. What tracking wants then."""
        while True:
            row = self._one("SELECT record FROM itsm_operation WHERE id = ?", operation_id)
            if row is None:
                return ()
            step: Step = self._itsm.tracking.advance(row[0], event, self._now())
            # Another process may have taken something in meanwhile: then the event is taken in again.
            if step.record_json == row[0] or self._write(
                "UPDATE itsm_operation SET record = ?, due_s = ? WHERE id = ? AND record = ?",
                *(step.record_json, step.due_s, operation_id, row[0]),
            ):
                break
        created = event.recovery.value if isinstance(event, LookedUp) and isinstance(event.recovery, Found) else event
        if isinstance(created, CreatedTicket):
            text = _dump("types.created-ticket", created)
            self._write("UPDATE itsm_operation SET created = ? WHERE id = ?", text, operation_id)
        if step.due_s is None and not any(isinstance(action, Deliver) for action in step.actions):
            self._write(
                "UPDATE itsm_operation SET refused = coalesce(refused, ?) WHERE id = ? AND outcome IS NULL",
                *("a person must look", operation_id),
            )
        return step.actions

    def _act(self, operation_id: str, action: Action) -> Event | None:
        """Carries one action out. What came of it is the next event."""
        if isinstance(action, (Report, Other)):
            log.error("operation %s: %s", operation_id, action.value)
            words = "UPDATE itsm_operation SET refused = ? WHERE id = ? AND outcome IS NULL AND due_s IS NULL"
            self._write(words, action.value, operation_id)
            return None
        if isinstance(action, Deliver):
            self._keep(operation_id, action.value)
            return Delivered()
        row = self._one("SELECT ticket FROM itsm_operation WHERE id = ?", operation_id)
        if row is None:
            return None
        ticket: NewTicket = _load("tickets.new-ticket", json.loads(row[0]))
        tickets = self._itsm.tickets
        try:
            if isinstance(action, Create):
                return tickets.create(self._connection, ticket)
            if isinstance(action, Recover):
                asked_s = self._now()
                return LookedUp(asked_s, tickets.recover(self._connection, ticket))
            if isinstance(action, Confirm):
                return Confirmed(tickets.confirm_own(self._connection, action.value))
            assert isinstance(action, Withdraw)
            self._itsm.operations.withdraw(self._connection, action.value, ticket.creator, "not decided in time")
            return Tick()
        except ItsmError as failure:
            return self._failed(operation_id, action, failure)

    def _failed(self, operation_id: str, action: Action, failure: ItsmError) -> Event | None:
        if isinstance(action, Create):
            if failure.may_have_acted:
                return MaybeCreated(failure)
            # There is no ticket, and nothing to go on with.
            self._advance(operation_id, NotCreated(failure))
            self._write("DELETE FROM itsm_operation WHERE id = ?", operation_id)
            raise failure
        if isinstance(action, Withdraw):
            return NotWithdrawn(failure)
        # A question without an answer is no news, and the next tick asks again.
        log.warning("operation %s: %s", operation_id, failure)
        return None

    def _keep(self, operation_id: str, outcome: Outcome) -> None:
        """Stores an operation's outcome and delivers it, in one transaction. It can come again, and counts once."""
        statement = "UPDATE itsm_operation SET outcome = ?, refused = NULL WHERE id = ? AND outcome IS NULL"
        with self._transaction() as cursor:
            cursor.execute(self._sql(statement), (_dump("types.outcome", outcome), operation_id))
            if cursor.rowcount == 1:
                self._deliver(cursor, operation_id, outcome)
                return
        if self._one("SELECT id FROM itsm_operation WHERE id = ?", operation_id) is None:
            raise NotSettled(f"operation {operation_id} is not in the database")

    def _now(self) -> int:
        return int(self._clock())

    def _sql(self, statement: str) -> str:
        return statement.replace("?", self._place)

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor whose writes are on the disk at the end, or undone."""
        connection = self._connect()
        try:
            cursor = connection.cursor()
            try:
                yield cursor
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        finally:
            connection.close()

    def _write(self, statement: str, *values: object) -> bool:
        """Whether a row was written."""
        with self._transaction() as cursor:
            cursor.execute(self._sql(statement), values)
            return bool(cursor.rowcount)

    def _all(self, statement: str, *values: object) -> list[Any]:
        with self._transaction() as cursor:
            cursor.execute(self._sql(statement), values)
            return list(cursor.fetchall())

    def _one(self, statement: str, *values: object) -> Any:
        return next(iter(self._all(statement, *values)), None)


# Values as JSON, by the tables of the modules.

_ROWS: dict[str, Any] = {**_types.WIT, **_tickets.WIT}


def _dump(of: str, value: Any) -> str:
    return json.dumps(_plain(of, value), ensure_ascii=False)


def _plain(of: Any, value: Any) -> Any:
    """A value as JSON has it. A case of a variant is an object with the case's name."""
    of = _ROWS.get(of, of)
    if isinstance(of, str):
        return value
    kind, *parts = of
    if kind == "list":
        return [_plain(parts[0], item) for item in value]
    if kind == "option":
        return None if value is None else _plain(parts[0], value)
    if kind == "tuple":
        return [_plain(part, item) for part, item in zip(parts, value)]
    if kind == "enum":
        return str(value)
    if kind == "record":
        fields = zip(dataclasses.fields(parts[0]), parts[1:])
        return {field.name: _plain(part, getattr(value, field.name)) for field, part in fields}
    cls, payload = next(case for case in parts if isinstance(value, case[0]))
    inner = value.value if isinstance(value, Case) else value
    return {case_name(cls.__name__): None if payload is None else _plain(payload, inner)}


def _load(of: Any, plain: Any) -> Any:
    """The value that was made plain."""
    of = _ROWS.get(of, of)
    if isinstance(of, str):
        return plain
    kind, *parts = of
    if kind == "list":
        return tuple(_load(parts[0], item) for item in plain)
    if kind == "option":
        return None if plain is None else _load(parts[0], plain)
    if kind == "tuple":
        return tuple(_load(part, item) for part, item in zip(parts, plain))
    if kind == "enum":
        return parts[0](plain)
    if kind == "record":
        fields = zip(dataclasses.fields(parts[0]), parts[1:])
        return parts[0](*(_load(part, plain[field.name]) for field, part in fields))
    ((name, inner),) = plain.items()
    cls, payload = next(case for case in parts if case_name(case[0].__name__) == name)
    if issubclass(cls, Bare):
        return cls()
    value = _load(payload, inner)
    return cls(value) if issubclass(cls, Case) else value
