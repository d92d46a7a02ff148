"""The operations of a site."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, router, transaction
from django.db.models import Count, Min, Q
from django.utils import timezone

from .. import types
from ..durable import load
from ..tickets import FastApproval, Service, ServiceId


class Operations(models.Manager):
    """The operations, and how to begin one."""

    def request(
        self,
        *,
        title: str,
        creator: str,
        approvers: Sequence[str] | None = None,
        content: str | None = None,
        service: int | None = None,
        fields: Sequence[types.Field] = (),
        processors: Sequence[types.NodeProcessors] = (),
        extra_json: str | None = None,
        decide_by: datetime | None = None,
        subject: str | None = None,
    ) -> Operation:
        """Begins an operation: asks `approvers`, who read `content` or else the title, or opens a ticket of a `service`.

        The operation is stored in the transaction that is open, and the ticket is made once this is committed. `subject` is
        the site's own name for what is asked for. A subject for which an operation was begun gives that operation, unless
        ITSM made no ticket. A ticket that nobody has decided until `decide_by` is withdrawn.
        """
        asked: Service
        if service is not None and approvers is None:
            asked = ServiceId(service)
        elif approvers is not None and service is None:
            asked = FastApproval(approvers, content or title)
        else:
            raise TypeError("an operation has either approvers or a service")
        if decide_by is not None and decide_by.timestamp() <= timezone.now().timestamp():
            raise ValueError("decide_by has passed")
        using = self._db or router.db_for_write(self.model)
        # A database may take `Carol` for `carol`, and no digest for another.
        key = None if subject is None else hashlib.sha256(subject.encode()).hexdigest()
        known = None if key is None else self.using(using).filter(subject_key=key).first()
        if known is not None:
            return known
        loop = apps.get_app_config("blueking_itsm").loop
        options = {"fields": fields, "processors": processors, "extra_json": extra_json}
        operation_id, ticket = loop.new_ticket(asked, creator, title, **options)
        try:
            # The write comes first: SQLite fails a transaction that has read and then writes while others write.
            with transaction.atomic(using=using):
                operation = self.using(using).create(
                    id=operation_id,
                    subject=subject or "",
                    subject_key=key,
                    title=title,
                    creator=creator,
                    approvers=", ".join(approvers or ()),
                    decide_by=decide_by,
                    due_s=int(timezone.now().timestamp()),
                    ticket=ticket,
                )
                transaction.on_commit(partial(loop.send, operation_id), using=using)
        except IntegrityError:
            if key is None:
                raise
            # Another process was faster.
            return self.using(using).get(subject_key=key)
        return operation

    def figures(self, now_s: int) -> list[tuple[str, str, str, list[tuple[str, int]]]]:
        """Figures for an operator: each with its kind, its words, and its values by labels."""
        rows = self.order_by("state", "verdict").values_list("state", "verdict").annotate(count=Count("id"))
        labels = '{{state="{}",verdict="{}"}}'
        counts = [(labels.format(state, verdict), count) for state, verdict, count in rows]
        late = self.aggregate(since=Min("due_s"))["since"]
        told = self.filter(~Q(report=""), state=State.WAITING).count()
        return [
            ("itsm_operations", "gauge", "Operations by their state and verdict.", counts),
            ("itsm_operations_reported", "gauge", "Operations that wait and need a person.", [("", told)]),
            ("itsm_tick_late_seconds", "gauge", "How late the ticks are.", [("", max(now_s - (late or now_s), 0))]),
        ]


class State(models.TextChoices):
    """Where an operation is."""

    WAITING = "waiting", "waiting"
    DELIVERED = "delivered", "delivered"
    REFUSED = "refused", "refused"


class Operation(models.Model):
    """Something that waits for an approval, or has been decided."""

    id = models.CharField(primary_key=True, max_length=32, editable=False)
    subject = models.CharField(max_length=255, blank=True, help_text="The site's own name for what is asked for.")
    subject_key = models.CharField(max_length=64, null=True, unique=True, editable=False)
    title = models.CharField(max_length=128)
    creator = models.CharField(max_length=64)
    approvers = models.TextField(blank=True)
    requested_at = models.DateTimeField(default=timezone.now, db_index=True)
    decide_by = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING, db_index=True)
    verdict = models.CharField(max_length=16, blank=True, help_text="How the ticket ended.")
    settled_at = models.DateTimeField(null=True, blank=True)
    sn = models.CharField("ticket", max_length=64, blank=True)
    ticket_url = models.TextField(blank=True)
    report = models.TextField(blank=True, help_text="What a person has to know.")
    due_s = models.BigIntegerField(null=True, editable=False, db_index=True)
    version = models.BigIntegerField(default=0, editable=False)
    # Nobody needs to see these. The ticket has the tag, which is a secret.
    ticket = models.TextField(editable=False)
    record = models.TextField(editable=False, blank=True)
    outcome_json = models.TextField(editable=False, blank=True)

    objects = Operations()

    class Meta:
        verbose_name = "operation"

    def __str__(self) -> str:
        return f"{self.subject or self.title} ({self.state})"

    @property
    def outcome(self) -> types.Outcome | None:
        """What ITSM said, once the ticket has ended."""
        outcome: Any = load("types.outcome", json.loads(self.outcome_json)) if self.outcome_json else None
        return outcome
