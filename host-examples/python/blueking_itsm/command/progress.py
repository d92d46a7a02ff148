"""What a gate must not lose: one operation, in one file, so that a gate that was killed goes on with the same ticket."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable

from ..durable import Change, load
from ..tickets import NewTicket
from ..tracking import Step
from ..types import Outcome
from .exits import Stop
from .words import reason

VERSION = "python 1"
"""The native program writes another file, and neither program takes the other's for its own."""


@dataclass
class State:
    """What is in the file. The ticket holds a tag, which is a secret."""

    version: str
    began_s: int
    """When the gate began, in seconds since 1970."""
    operation_id: str
    ticket: str
    record: str
    due_s: int | None
    sn: str | None = None
    outcome: str | None = None


class Progress:
    """The progress of one gate, as a store: in memory, or in a file as well, which only its owner may read."""

    def __init__(self, file: str | None, delivered: Callable[[], None]) -> None:
        """A file may be there from an earlier run. `delivered` is called when the outcome has been stored."""
        self._file = file
        self._delivered = delivered
        self._reports: list[str] = []
        self._changing = threading.Lock()
        self._state: State | None = None
        if file is not None:
            # Held while this gate runs: two gates that share a file would share its ticket.
            self._lock = _locked(file)
            self._state = _read(file)

    def begin(self, operation_id: str, ticket: str, step: Step, now_s: int) -> None:
        """Stores an operation before anything is sent for it."""
        state = State(VERSION, now_s, operation_id, ticket, step.record_json, step.due_s)
        self._write(state)
        self._state = state

    @property
    def state(self) -> State | None:
        """The operation that has begun."""
        return self._state

    @property
    def new_ticket(self) -> NewTicket:
        """The ticket that was asked for."""
        assert self._state is not None
        return load("tickets.new-ticket", json.loads(self._state.ticket))

    @property
    def is_given_up(self) -> bool:
        """There is no ticket, or none that can be told to be its own."""
        return self._state is not None and self._state.due_s is None and self._state.outcome is None

    def outcome(self) -> Outcome | None:
        """How it ended."""
        text = self._state and self._state.outcome
        return load("types.outcome", json.loads(text)) if text else None

    def reports(self) -> list[str]:
        """What a person must look at, and has not been told."""
        reports, self._reports = self._reports, []
        return reports

    def forget(self) -> None:
        """Forgets an operation whose ticket was proven never to have been made: the next run begins anew."""
        self._state = None
        if self._file is not None:
            os.remove(self._file)

    def read(self, operation_id: str) -> tuple[str, str] | None:
        state = self._of(operation_id)
        return None if state is None else (state.record, state.record)

    def write(self, operation_id: str, version: str, change: Change) -> bool:
        with self._changing:
            state = self._of(operation_id)
            if state is None or state.record != version:
                return False
            if change.report is not None:
                self._reports.append(change.report)
            sn = change.created.sn if change.created is not None else state.sn
            self._change(state, record=change.record, due_s=change.due_s, sn=sn)
            return True

    def ticket(self, operation_id: str) -> str | None:
        state = self._of(operation_id)
        return None if state is None else state.ticket

    def keep(self, operation_id: str, outcome: Outcome, text: str) -> bool:
        with self._changing:
            state = self._of(operation_id)
            if state is None:
                return False
            if state.outcome is None:
                self._change(state, outcome=text)
        self._delivered()
        return True

    def due(self, until_s: int) -> list[str]:
        state = self._state
        return [state.operation_id] if state and state.due_s is not None and state.due_s <= until_s else []

    def next_due_s(self) -> int | None:
        return None if self._state is None else self._state.due_s

    def _of(self, operation_id: str) -> State | None:
        return self._state if self._state and self._state.operation_id == operation_id else None

    def _change(self, state: State, **values: Any) -> None:
        changed = State(**{**asdict(state), **values})
        self._write(changed)
        self._state = changed

    def _write(self, state: State) -> None:
        """When this has returned, a crash no longer undoes the write, and one before left the file as it was."""
        if self._file is None:
            return
        written = f"{self._file}.next"
        with os.fdopen(_private(written), "w", encoding="utf-8") as file:
            file.truncate(0)
            json.dump(asdict(state), file, ensure_ascii=False, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, self._file)
        # Not every system lets a folder be opened; where it can't, the rename itself is what there is.
        with suppress(OSError):
            folder = os.open(Path(self._file).parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _private(file: str) -> int:
    """A file that only its owner can read."""
    return os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)


def _locked(file: str) -> int:
    try:
        lock = _private(f"{file}.lock")
    except OSError as error:
        raise Stop(f"{file} can't be written: {reason(error)}") from None
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Stop(f"another gate runs with {file}") from None
    return lock


def _read(file: str) -> State | None:
    try:
        text = Path(file).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Stop(f"{file} can't be read: {reason(error)}") from None
    # The words of what fails here could quote the tag.
    try:
        state = State(**json.loads(text))
    except (TypeError, ValueError):
        state = None
    if state is None or state.version != VERSION:
        raise Stop(f"{file} is no file that a gate of this version wrote")
    return state
