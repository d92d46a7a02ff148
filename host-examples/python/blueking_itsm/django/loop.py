"""The durable loop over the site's own database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import close_old_connections, models, router, transaction
from django.db.models import Min
from django.utils import timezone

from .. import durable
from ..durable import Change
from ..tracking import Action
from ..types import Outcome
from .models import Operation, State
from .signals import outcome_delivered


class Loop(durable.Loop):
    """A loop whose operations begin when the site's transaction is over."""

    _store: Table

    def send(self, operation_id: str) -> None:
        """Makes the ticket of an operation that was stored, unless another process does. It raises nothing."""
        self._guarded(operation_id, self._look)

    def tick(self, whatever: bool = False) -> None:
        close_old_connections()
        super().tick(whatever)

    def _look(self, operation_id: str) -> None:
        unsent = self._store.unsent(operation_id)
        if unsent is None:
            super()._look(operation_id)
        else:
            self._carry_out(operation_id, self._begin(unsent))

    def _begin(self, unsent: Operation) -> Sequence[Action]:
        """Stores that the ticket is about to be made. Only one process does."""
        decide_by_s = None if unsent.decide_by is None else int(unsent.decide_by.timestamp())
        try:
            step = self._itsm.tracking.start(unsent.pk, decide_by_s, self._now())
        except ValueError as why:
            change = Change("", None, report=f"Nothing was sent: {why}.", is_given_up=True, has_no_ticket=True)
            self._store.write(unsent.pk, unsent.version, change)
            return ()
        is_ours = self._store.write(unsent.pk, unsent.version, Change(step.record_json, step.due_s))
        return step.actions if is_ours else ()


class Table:
    """The operations as a store. A version tells each record from later ones, so no lock is needed."""

    def unsent(self, operation_id: str) -> Operation | None:
        return self._one(operation_id).filter(record="", due_s__isnull=False).first()

    def read(self, operation_id: str) -> tuple[str, int] | None:
        return self._one(operation_id).values_list("record", "version").first()

    def write(self, operation_id: str, version: int, change: Change) -> bool:
        values: dict[str, Any] = {"record": change.record, "due_s": change.due_s, "version": version + 1}
        if change.created is not None:
            values.update(sn=change.created.sn, ticket_url=change.created.ticket_url)
        if change.report is not None:
            values.update(report=change.report)
        if change.has_no_ticket and change.is_given_up:
            values.update(subject_key=None)
        with transaction.atomic(using=self._using()):
            if not self._one(operation_id).filter(version=version).update(**values):
                return False
            if change.is_given_up:
                waiting = self._one(operation_id).filter(state=State.WAITING)
                waiting.update(state=State.REFUSED, settled_at=timezone.now())
            return True

    def ticket(self, operation_id: str) -> str | None:
        return self._one(operation_id).values_list("ticket", flat=True).first()

    def keep(self, operation_id: str, outcome: Outcome, text: str) -> bool:
        with transaction.atomic(using=self._using()):
            first = self._one(operation_id).exclude(state=State.DELIVERED)
            # The write comes first: whoever else delivers this waits for its end.
            if first.update(
                state=State.DELIVERED,
                verdict=str(outcome.verdict),
                sn=outcome.ticket.sn,
                outcome_json=text,
                report="",
                settled_at=timezone.now(),
            ):
                operation = self._one(operation_id).select_for_update().get()
                outcome_delivered.send(sender=Operation, operation=operation, outcome=outcome)
                return True
        return self._one(operation_id).exists()

    def due(self, until_s: int) -> list[str]:
        due = Operation.objects.using(self._using()).filter(due_s__lte=until_s)
        return list(due.order_by("due_s").values_list("pk", flat=True))

    def next_due_s(self) -> int | None:
        due_s: int | None = Operation.objects.using(self._using()).aggregate(due_s=Min("due_s"))["due_s"]
        return due_s

    def _one(self, operation_id: str) -> models.QuerySet[Operation]:
        return Operation.objects.using(self._using()).filter(pk=operation_id)

    def _using(self) -> str:
        return router.db_for_write(Operation)
