"""Operations that outlive the process: an outcome is delivered exactly once, whatever is lost and whenever this dies.

    durable = Durable(itsm, settings, lambda: sqlite3.connect("approvals.sqlite"), deliver)
    durable.create_table()
    durable.request("account 42", FastApproval(["admin"], "an account for carol"), "carol", "open an account")
    durable.serve(stop)              # in a thread, or a process of its own: asks ITSM where no callback comes
    durable.wait(operation_id)       # where somebody waits for one outcome

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
from typing import Any, Callable, Protocol

from . import tickets as _tickets
from . import types as _types
from .callbacks import Claims
from .cases import Bare, Case, Other, case_name
from .component import Itsm
from .endpoint import Endpoint, NotSettled
from .settings import Settings, SettingsError
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
from .types import Absent, CallbackTarget, CreatedTicket, Field, Found, ItsmError, NodeProcessors, Outcome

BINDING_HOLDS_S = 30 * 24 * 3600
"""A ticket may wait that long."""
LOOKS_EVERY_S = 30
"""So often `serve` looks for operations that other processes have begun."""
WAITS_S = 1
"""So often `wait` looks for an outcome that another process has delivered. It hears of its own process's at once."""

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


class _Secret(str):
    """A text with a tag. The pages that show the variables of an error show nothing of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'...'"


@dataclasses.dataclass(frozen=True)
class Change:
    """What a step changes of an operation: all of it is stored at once, or nothing."""

    record: str
    due_s: int | None
    """When to ask next, or None if there is nothing more to ask."""
    created: CreatedTicket | None = None
    """The operation's ticket, if the step is about its number."""
    report: str | None = None
    """Words for a person."""
    is_given_up: bool = False
    """Whether nothing more will come. An outcome that is there already stays."""
    has_no_ticket: bool = False
    """Whether it is known that no ticket was made."""


class Store(Protocol):
    """Where the operations are. Each method is a transaction of its own."""

    def read(self, operation_id: str) -> tuple[str, Any] | None:
        """An operation's record and what `write` tells this record from later ones by."""

    def write(self, operation_id: str, version: Any, change: Change) -> bool:
        """Stores a change if nothing else was written since `version` was read. Whether it did."""

    def ticket(self, operation_id: str) -> str | None:
        """The new ticket, as it was stored."""

    def keep(self, operation_id: str, outcome: Outcome, text: str) -> bool:
        """Stores and delivers an outcome, unless there is one. False if there is no such operation."""

    def due(self, until_s: int) -> Sequence[str]:
        """The operations of which it is time to ask."""

    def next_due_s(self) -> int | None:
        """When it is time to ask next."""


class Tracker:
    """`blueking_itsm.tracking` over a store: each record is stored before anything is done about it."""

    def __init__(self, itsm: Itsm, settings: Settings, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._itsm = itsm
        self._connection = settings.connection
        self._callback_url = settings.callback_url
        self._binding_keys = settings.binding_keys
        self._store = store
        self._clock = clock

    def tick(self, whatever: bool = False) -> None:
        """Asks ITSM where it is time to. With `whatever`, as at a start, of each operation that is not settled."""
        for operation_id in self._store.due(2**62 if whatever else self._now()):
            self._guarded(operation_id, self._look)

    def serve(self, stop: threading.Event) -> None:
        """Ticks at the start and whenever it is time to, until `stop` is set."""
        whatever = True
        while not stop.is_set():
            self.tick(whatever)
            whatever = False
            due_s = self._store.next_due_s()
            wait_s = LOOKS_EVERY_S if due_s is None else due_s - self._now()
            stop.wait(min(max(wait_s, 0.5), LOOKS_EVERY_S))

    def _guarded(self, operation_id: str, do: Callable[[str], None]) -> None:
        """The next tick tries again, and other operations do not wait for this one."""
        try:
            do(operation_id)
        except ItsmError as failure:
            log.warning("operation %s: %s", operation_id, failure)
        except Exception:
            log.exception("operation %s", operation_id)

    def _look(self, operation_id: str) -> None:
        self.take_in(operation_id, Tick())

    def new_ticket(self, service: Service, creator: str, title: str, **options: Any) -> tuple[str, str]:
        """The id of a new operation, and its ticket as it is stored: all by which the ticket can be found again."""
        operation_id = self._itsm.tickets.new_operation_id()
        target = None
        if self._callback_url is None:
            tag = self._itsm.tickets.new_tag()
        else:
            claims = Claims(operation_id, self._callback_url, self._now() + BINDING_HOLDS_S)
            binding = self._itsm.callbacks.bind(self._binding_keys[0], claims)
            tag, target = binding.tag, CallbackTarget(self._callback_url, [binding.header])
        ticket = NewTicket(tag, service, creator, title, callback=target, **options)
        return operation_id, _Secret(dump("tickets.new-ticket", ticket))

    def take_in(self, operation_id: str, event: Event) -> None:
        """Takes an event in, and carries out all that follows from it."""
        self._carry_out(operation_id, self._advance(operation_id, event))

    def _carry_out(self, operation_id: str, actions: Sequence[Action]) -> None:
        waiting = deque(actions)
        while waiting:
            event = self._act(operation_id, waiting.popleft())
            if event is not None:
                waiting.extend(self._advance(operation_id, event))

    def _advance(self, operation_id: str, event: Event) -> Sequence[Action]:
        """Takes an event in, and stores what it leads to. What tracking wants then."""
        while True:
            found = self._store.read(operation_id)
            if found is None:
                return ()
            record, version = found
            step: Step = self._itsm.tracking.advance(record, event, self._now())
            # Another process may have taken something in meanwhile: then the event is taken in again.
            if step.record_json == record or self._store.write(operation_id, version, _change(event, step)):
                return step.actions

    def _act(self, operation_id: str, action: Action) -> Event | None:
        """Carries one action out. What came of it is the next event."""
        if isinstance(action, (Report, Other)):
            log.error("operation %s: %s", operation_id, action.value)
            return None
        if isinstance(action, Deliver):
            self._keep(operation_id, action.value)
            return Delivered()
        ticket = self._ticket(operation_id)
        if ticket is None:
            return None
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
            self._itsm.operations.withdraw(self._connection, action.value, ticket.creator, "nobody decided in time")
            return Tick()
        except ItsmError as failure:
            if isinstance(action, Create):
                return MaybeCreated(failure) if failure.may_have_acted else self._not_created(operation_id, failure)
            if isinstance(action, Withdraw):
                return NotWithdrawn(failure)
            # A question without an answer is no news, and the next tick asks again.
            log.warning("operation %s: %s", operation_id, failure)
            return None

    def _ticket(self, operation_id: str) -> NewTicket | None:
        text = self._store.ticket(operation_id)
        return None if text is None else load("tickets.new-ticket", json.loads(text))

    def _not_created(self, operation_id: str, failure: ItsmError) -> Event:
        log.warning("operation %s: %s", operation_id, failure)
        return NotCreated(failure)

    def _keep(self, operation_id: str, outcome: Outcome) -> None:
        """Stores an operation's outcome and delivers it, in one transaction. It can come again, and counts once."""
        if not self._store.keep(operation_id, outcome, dump("types.outcome", outcome)):
            raise NotSettled(f"operation {operation_id} is not in the database")

    def _now(self) -> int:
        return int(self._clock())


class Loop(Tracker):
    """A tracker that is called back."""

    def __init__(self, itsm: Itsm, settings: Settings, store: Store, clock: Callable[[], float] = time.time) -> None:
        if settings.callback_url is None:
            raise SettingsError("ITSM_CALLBACK_URL is not set")
        super().__init__(itsm, settings, store, clock)
        self.endpoint = Endpoint(itsm, settings.connection, settings.callback_url, settings.binding_keys, self._keep)


def _change(event: Event, step: Step) -> Change:
    recovery = event.recovery if isinstance(event, LookedUp) else None
    created = recovery.value if isinstance(recovery, Found) else event
    return Change(
        record=step.record_json,
        due_s=step.due_s,
        created=created if isinstance(created, CreatedTicket) else None,
        report=next((action.value for action in step.actions if isinstance(action, (Report, Other))), None),
        is_given_up=step.due_s is None and not isinstance(event, Delivered),
        has_no_ticket=isinstance(event, NotCreated) or isinstance(recovery, Absent),
    )


class Durable(Loop):
    """The loop over a table of a database with a DB-API module."""

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
        self._table = _Table(connect, deliver, PLACES[paramstyle])
        self._delivered = threading.Condition()
        super().__init__(itsm, settings, self._table, clock)

    def create_table(self) -> None:
        """Makes the table if it is not there."""
        self._table.change(TABLE)

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
        known = self._table.one("SELECT id FROM itsm_operation WHERE request_key = ?", digest)
        if known is not None:
            return str(known[0])
        options = {"fields": fields, "processors": processors, "extra_json": extra_json}
        operation_id, ticket = self.new_ticket(service, creator, title, **options)
        now = self._now()
        step = self._itsm.tracking.start(operation_id, now + decide_within_s if decide_within_s else None, now)
        # All by which the ticket can be found again is stored before anything is sent.
        try:
            self._table.change(
                "INSERT INTO itsm_operation (id, request_key, ticket, record, due_s) VALUES (?, ?, ?, ?, ?)",
                *(operation_id, digest, ticket, step.record_json, step.due_s),
            )
        except Exception:
            # Another process was faster, if anything has this key now.
            known = self._table.one("SELECT id FROM itsm_operation WHERE request_key = ?", digest)
            if known is None:
                raise
            return str(known[0])
        self._carry_out(operation_id, step.actions)
        return operation_id

    def operation(self, operation_id: str) -> Operation | None:
        """What is known of an operation. None if there is no such."""
        row = self._table.one("SELECT created, outcome, refused FROM itsm_operation WHERE id = ?", operation_id)
        if row is None:
            return None
        created = row[0] and load("types.created-ticket", json.loads(row[0]))
        outcome = row[1] and load("types.outcome", json.loads(row[1]))
        return Operation(operation_id, created or None, outcome or None, row[2])

    def wait(self, operation_id: str) -> Outcome:
        """Waits for an operation's outcome, by whichever process it is delivered. Meanwhile it asks ITSM of this operation
        as `serve` would, so a program that waits for one operation needs no `serve`.

        `NotSettled` is raised if there will be no outcome. An operation that was begun with `decide_within_s` is settled
        soon after that.
        """
        while True:
            with self._delivered:
                known = self.operation(operation_id)
                if known is None:
                    raise NotSettled(f"operation {operation_id} is not in the database")
                if known.outcome is not None:
                    return known.outcome
                if known.refused is not None:
                    raise NotSettled(f"operation {operation_id} was given up: {known.refused}")
                self._delivered.wait(WAITS_S)
            if operation_id in self._table.due(self._now()):
                self._guarded(operation_id, self._look)

    def _keep(self, operation_id: str, outcome: Outcome) -> None:
        super()._keep(operation_id, outcome)
        with self._delivered:
            self._delivered.notify_all()

    def _not_created(self, operation_id: str, failure: ItsmError) -> Event:
        # There is no ticket, and whoever asked for it learns of that.
        self._advance(operation_id, NotCreated(failure))
        self._table.change("DELETE FROM itsm_operation WHERE id = ?", operation_id)
        raise failure


class _Table:
    """The store of `Durable`."""

    def __init__(self, connect: Callable[[], Any], deliver: Callable[[Any, str, Outcome], None], place: str) -> None:
        self._connect = connect
        self._deliver = deliver
        self._place = place

    def read(self, operation_id: str) -> tuple[str, str] | None:
        row = self.one("SELECT record FROM itsm_operation WHERE id = ?", operation_id)
        return None if row is None else (row[0], row[0])

    def write(self, operation_id: str, version: str, change: Change) -> bool:
        with self._transaction() as execute:
            if not execute(
                "UPDATE itsm_operation SET record = ?, due_s = ? WHERE id = ? AND record = ?",
                *(change.record, change.due_s, operation_id, version),
            ).rowcount:
                return False
            if change.created is not None:
                text = dump("types.created-ticket", change.created)
                execute("UPDATE itsm_operation SET created = ? WHERE id = ?", text, operation_id)
            if change.is_given_up:
                execute(
                    "UPDATE itsm_operation SET refused = coalesce(refused, ?) WHERE id = ? AND outcome IS NULL",
                    *(change.report or "a person must look", operation_id),
                )
            return True

    def ticket(self, operation_id: str) -> str | None:
        row = self.one("SELECT ticket FROM itsm_operation WHERE id = ?", operation_id)
        return None if row is None else row[0]

    def keep(self, operation_id: str, outcome: Outcome, text: str) -> bool:
        with self._transaction() as execute:
            statement = "UPDATE itsm_operation SET outcome = ?, refused = NULL WHERE id = ? AND outcome IS NULL"
            cursor = execute(statement, text, operation_id)
            if cursor.rowcount == 1:
                self._deliver(cursor, operation_id, outcome)
                return True
        return self.one("SELECT id FROM itsm_operation WHERE id = ?", operation_id) is not None

    def due(self, until_s: int) -> list[str]:
        with self._transaction() as execute:
            return [row[0] for row in execute("SELECT id FROM itsm_operation WHERE due_s <= ?", until_s).fetchall()]

    def next_due_s(self) -> int | None:
        (due_s,) = self.one("SELECT min(due_s) FROM itsm_operation")
        return due_s

    def one(self, statement: str, *values: object) -> Any:
        with self._transaction() as execute:
            return execute(statement, *values).fetchone()

    def change(self, statement: str, *values: object) -> None:
        with self._transaction() as execute:
            execute(statement, *values)

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., Any]]:
        """Executes statements whose writes are on the disk at the end, or undone. Each gives the cursor."""
        connection = self._connect()
        try:
            cursor = connection.cursor()

            def execute(statement: str, *values: object) -> Any:
                cursor.execute(statement.replace("?", self._place), values)
                return cursor

            try:
                yield execute
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        finally:
            connection.close()


# Values as JSON, by the tables of the modules.

_ROWS: dict[str, Any] = {**_types.WIT, **_tickets.WIT}
_SCALARS: dict[str, type] = {"string": str, "bool": bool}


def dump(of: str, value: Any) -> str:
    return json.dumps(_plain(of, value), ensure_ascii=False)


def _plain(of: Any, value: Any) -> Any:
    """A value as JSON has it. A case of a variant is an object with the case's name. `TypeError` for a value that no call
    would take: else the mistake would show after the value was stored.
    """
    of = _ROWS.get(of, of)
    if isinstance(of, str):
        if not isinstance(value, _SCALARS.get(of, int)):
            raise TypeError(f"{type(value).__name__} is no {of}")
        return value
    kind, *parts = of
    if kind == "list":
        if isinstance(value, str):
            raise TypeError("a text is no list")
        return [_plain(parts[0], item) for item in value]
    if kind == "option":
        return None if value is None else _plain(parts[0], value)
    if kind == "tuple":
        return [_plain(part, item) for part, item in zip(parts, value)]
    if kind == "enum":
        return str(value)
    if kind == "record":
        if not isinstance(value, parts[0]):
            raise TypeError(f"{type(value).__name__} is no {parts[0].__name__}")
        fields = zip(dataclasses.fields(parts[0]), parts[1:])
        return {field.name: _plain(part, getattr(value, field.name)) for field, part in fields}
    fitting = [case for case in parts if isinstance(value, case[0])]
    if not fitting:
        raise TypeError(f"{type(value).__name__} is no {' or '.join(case[0].__name__ for case in parts)}")
    ((cls, payload),) = fitting
    inner = value.value if isinstance(value, Case) else value
    return {case_name(cls.__name__): None if payload is None else _plain(payload, inner)}


def load(of: Any, plain: Any) -> Any:
    """The value that was made plain."""
    of = _ROWS.get(of, of)
    if isinstance(of, str):
        return plain
    kind, *parts = of
    if kind == "list":
        return tuple(load(parts[0], item) for item in plain)
    if kind == "option":
        return None if plain is None else load(parts[0], plain)
    if kind == "tuple":
        return tuple(load(part, item) for part, item in zip(parts, plain))
    if kind == "enum":
        return parts[0](plain)
    if kind == "record":
        fields = zip(dataclasses.fields(parts[0]), parts[1:])
        return parts[0](*(load(part, plain[field.name]) for field, part in fields))
    ((name, inner),) = plain.items()
    cls, payload = next(case for case in parts if case_name(case[0].__name__) == name)
    if issubclass(cls, Bare):
        return cls()
    value = load(payload, inner)
    return cls(value) if issubclass(cls, Case) else value
