"""What a site hears of."""

from django.dispatch import Signal

outcome_delivered = Signal()
"""ITSM has said how an operation ended. Receivers get `operation` and `outcome`, in a transaction of the operation's
database. What they write there and the outcome are stored together, once. If a receiver raises, nothing is stored, and
the outcome comes again.
"""
