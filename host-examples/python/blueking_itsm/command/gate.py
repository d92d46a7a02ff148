"""A step of a pipeline that goes on only after an approval."""

from __future__ import annotations

import queue
import time
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, Callable

from ..callbacks import BoundCallback
from ..component import Itsm
from ..durable import Tracker
from ..endpoint import Endpoint, NotSettled
from ..settings import Settings
from ..tickets import FastApproval, Service, ServiceId
from ..tracking import Action, Confirmed, Event, LookedUp, MaybeCreated, NotCreated, NotWithdrawn
from ..types import (
    Callback,
    CallOperator,
    CreatedTicket,
    Failure,
    Field,
    FieldValue,
    Found,
    ItsmError,
    Json,
    Open,
    People,
    Text,
    WaitMs,
)
from .configuration import Configuration
from .exits import OF_VERDICT, Exit, Stop, of_failure
from .progress import Progress
from .serving import serving
from .shown import Shown
from .signals import on_cancel


def run(arguments: Namespace, configuration: Configuration) -> Exit:
    """Asks for an approval, waits for it, and gives 0 only if it is given."""
    gate = _Gate(arguments, configuration)
    url, listen = configuration.settings.callback_url, configuration.listen
    # A callback tells the end sooner than the next question would.
    endpoint = _Receiver(gate).wsgi if listen is not None and url is not None else None
    with serving(listen, endpoint) if listen is not None and endpoint is not None else nullcontext():
        try:
            return gate.wait()
        finally:
            # What is under way ends before the program does: a request that makes a ticket must not be cut off.
            gate.finish()


class _Tracker(Tracker):
    """A tracker of one operation: somebody hears of each event before it is taken in, and what fails ends the gate."""

    def __init__(self, itsm: Itsm, settings: Settings, progress: Progress, hear: Callable[[Event], None]) -> None:
        super().__init__(itsm, settings, progress)
        self._hear = hear

    def begin(
        self, service: Service, creator: str, title: str, fields: Sequence[Field], decide_by_s: int | None
    ) -> None:
        """Stores the operation, then makes its ticket."""
        assert isinstance(self._store, Progress)
        operation_id, ticket = self.new_ticket(service, creator, title, fields=fields)
        step = self._itsm.tracking.start(operation_id, decide_by_s, self._now())
        self._store.begin(operation_id, ticket, step, self._now())
        self._carry_out(operation_id, step.actions)

    def _advance(self, operation_id: str, event: Event) -> Sequence[Action]:
        self._hear(event)
        return super()._advance(operation_id, event)

    def _guarded(self, operation_id: str, do: Callable[[str], None]) -> None:
        do(operation_id)


class _Receiver(Endpoint):
    """Takes callbacks into the gate's operation."""

    def __init__(self, gate: _Gate) -> None:
        settings = gate.configuration.settings
        assert settings.callback_url is not None
        super().__init__(
            gate.configuration.itsm, settings.connection, settings.callback_url, settings.binding_keys, lambda *_: None
        )
        self._gate = gate

    def _settle(self, got: BoundCallback) -> None:
        self._gate.tracker.take_in(got.bound.claims.operation_id, got.callback)
        if self._gate.progress.outcome() is None:
            raise NotSettled("not settled yet")


class _Gate:
    def __init__(self, arguments: Namespace, configuration: Configuration) -> None:
        self._arguments = arguments
        self.configuration = configuration
        self._woken: queue.SimpleQueue[str] = queue.SimpleQueue()
        """Why the main thread is to look: something was heard, stored or finished, or the gate is cancelled."""
        self._heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.progress = Progress(arguments.resume, lambda: self._woken.put("delivered"))
        self._itsm = configuration.itsm
        self._shown = Shown(configuration)
        self.tracker = _Tracker(self._itsm, configuration.settings, self.progress, self._hear)
        self._threads = ThreadPoolExecutor(1, "itsm gate")
        self._working: Future[None] | None = None
        """The step that is under way."""
        self._waits_for: str | None = None
        """Whom the ticket waited for when last looked at."""
        self._not_created: Failure | None = None
        """How the last attempt to make the ticket failed."""

    def _hear(self, event: Event) -> None:
        self._heard.put(event)
        self._woken.put("heard")

    def wait(self) -> Exit:
        """Waits until the gate is through."""
        began_s = self._resumed()
        timeout, interval = self._arguments.timeout, self._arguments.interval
        ends_s = None if timeout is None else (began_s or _now_s()) + int(timeout)
        if began_s is not None:
            on_cancel(lambda: self._woken.put("cancelled"))
            self._tick()
        else:
            service, creator, fields = self._asked_for()
            decide_by_s = ends_s if self._arguments.on_timeout == "withdraw" else None
            on_cancel(lambda: self._woken.put("cancelled"))
            self._work(self.tracker.begin, service, creator, self._arguments.title, fields, decide_by_s)
        following = time.monotonic() + interval
        while True:
            ended = self._settled(ends_s)
            if ended is not None:
                return ended
            try:
                why = self._woken.get(timeout=None if self._working else max(0.0, following - time.monotonic()))
            except queue.Empty:
                self._tick()
                following = time.monotonic() + interval
                continue
            if why == "cancelled":
                return self._cancelled()
            if why == "worked":
                self.finish()

    def _resumed(self) -> int | None:
        """When the gate began that is gone on with, if one is."""
        begun = self.progress.state
        if begun is None:
            return None
        title = self.progress.new_ticket.title
        if title != self._arguments.title:
            raise Stop(f"the file of --resume belongs to another gate: {self.configuration.redacted(title)}")
        self._shown.resumed(begun.sn)
        return begun.began_s

    def _asked_for(self) -> tuple[Service, str, Sequence[Field]]:
        """The subject of the ticket, its creator, and the fields of its form."""
        creator = self.configuration.operator()
        service, given = self._arguments.service, self._arguments.fields or []
        if service is None:
            if given:
                raise Stop("--field belongs to a --service: the built-in service has no other fields")
            return FastApproval(self._arguments.approvers, self._arguments.title), creator, ()
        form = self._itsm.services.form(self.configuration.connection, service)
        kinds = {field.key: field.kind for field in form.fields}
        fields = []
        for key, text in given:
            if key not in kinds:
                known = self.configuration.redacted(", ".join(field.key for field in form.fields))
                raise Stop(f"the form of service {service} has no field {key}. It has: {known}")
            fields.append(Field(key, _value(kinds[key], text)))
        return ServiceId(service), creator, fields

    def _tick(self) -> None:
        self._work(self.tracker.tick, True)

    def _work(self, do: Callable[..., None], *arguments: Any) -> None:
        self._working = self._threads.submit(do, *arguments)
        self._working.add_done_callback(lambda _: self._woken.put("worked"))

    def finish(self) -> None:
        """Waits for the step that is under way. What went wrong in it is raised."""
        working, self._working = self._working, None
        if working is not None:
            working.result()

    def _settled(self, ends_s: int | None) -> Exit | None:
        """How the gate ends, if it is through. What has happened is told first."""
        # Whoever stores an outcome has sent the events before it.
        outcome = self.progress.outcome()
        while not self._heard.empty():
            ended = self._take(self._heard.get())
            if ended is not None:
                return ended
        for report in self.progress.reports():
            self._shown.report(report)
        if outcome is not None:
            self._shown.ended(outcome)
            return OF_VERDICT[outcome.verdict]
        if self._working is not None:
            return None
        if self.progress.is_given_up:
            return Exit.UNDECIDED
        if ends_s is None or _now_s() < ends_s:
            return None
        if self._sn() is None:
            return self._without_ticket()
        if self._arguments.on_timeout == "leave":
            self._shown.timed_out()
            return Exit.TIMED_OUT
        return None

    def _sn(self) -> str | None:
        return None if self.progress.state is None else self.progress.state.sn

    def _without_ticket(self) -> Exit:
        """The end of a gate that has no ticket yet. Where that is proven, the next run begins anew."""
        self.finish()
        if self._not_created is None or self._not_created.may_have_acted:
            self._shown.maybe_created()
            return Exit.UNKNOWN
        self.progress.forget()
        self._shown.not_created()
        return of_failure(self._not_created)

    def _take(self, event: Event) -> Exit | None:
        """Tells what happened, and whether it ends the gate."""
        if isinstance(event, LookedUp) and isinstance(event.recovery, Found):
            event = event.recovery.value
        if isinstance(event, CreatedTicket):
            self._shown.created(event)
        elif isinstance(event, NotCreated):
            self._not_created = event.value
            self._failed(event.value)
            if not isinstance(event.value.advice, (WaitMs, CallOperator)):
                return self._without_ticket()
        elif isinstance(event, MaybeCreated):
            self._not_created = event.value
            self._failed(event.value)
        elif isinstance(event, NotWithdrawn):
            self._failed(event.value)
            if not event.value.may_have_acted and of_failure(event.value) is not Exit.UNREACHABLE:
                self._shown.timed_out()
                return Exit.TIMED_OUT
        elif isinstance(event, Callback):
            self._shown.called_back(event.status)
        elif isinstance(event, Confirmed) and isinstance(event.value, Open):
            self._look(event.value.value.sn)
        return None

    def _look(self, sn: str) -> None:
        """Tells whom the ticket waits for, when it changes. What can't be read is read the next time.

        A node that nobody has to handle, such as the one where tickets are made, is ITSM's own work.
        """
        try:
            status = self._itsm.tickets.status(self.configuration.connection, sn)
        except ItsmError:
            return
        people = ((", ".join(node.processors), node.name) for node in status.running if node.processors)
        whom = "; ".join(f"{whom} ({name})" for whom, name in people)
        if whom and whom != self._waits_for:
            self._shown.waits_for(status, whom)
            self._waits_for = whom

    def _failed(self, failure: Failure) -> None:
        why = self._itsm.diagnosis.describe_failure(failure, self.configuration.language)
        self._shown.failed(failure, why)

    def _cancelled(self) -> Exit:
        """Takes the ticket back, where that is wished for. A decision that came before wins."""
        withdraws = self._arguments.on_cancel == "withdraw"
        if withdraws:
            self._shown.withdrawing()
        # The answer to a request that is under way tells whether there is a ticket.
        self.finish()
        ended = self._settled(None)
        if ended is not None:
            return ended
        sn = self._sn()
        if sn is not None and withdraws:
            withdrawn = self._withdraw(sn)
            # Also where it failed: somebody may have decided before.
            self.tracker.tick(True)
            ended = self._settled(None)
            if ended is not None:
                return ended
            if withdrawn is not None:
                raise withdrawn
        if self._sn() is None:
            return self._without_ticket()
        self._shown.interrupted()
        return Exit.INTERRUPTED

    def _withdraw(self, sn: str) -> ItsmError | None:
        why = self.configuration.say("the step was cancelled", "发起审批的步骤已取消")
        creator = self.progress.new_ticket.creator
        try:
            self._itsm.operations.withdraw(self.configuration.connection, sn, creator, why)
        except ItsmError as failure:
            return failure
        return None


def _value(kind: str, text: str) -> FieldValue:
    """The value of a field, by the type of the field."""
    if kind in ("MEMBER", "MEMBERS"):
        return People([name.strip() for name in text.split(",")])
    return Json(text) if kind in ("TABLE", "CUSTOMTABLE", "CUSTOM-FORM") else Text(text)


def _now_s() -> int:
    return int(time.time())
