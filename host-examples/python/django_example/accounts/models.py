"""Accounts, which are opened once an approval is given."""

from blueking_itsm.django import outcome_delivered
from blueking_itsm.types import Verdict
from django.db import models
from django.dispatch import receiver


class Account(models.Model):
    owner = models.CharField(max_length=64)


@receiver(outcome_delivered)
def open_account(operation, outcome, **_):
    if outcome.verdict is Verdict.APPROVED:
        Account.objects.create(owner=operation.subject)
