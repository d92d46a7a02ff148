"""blueking:itsm/tracking: awaiting one ticket until its outcome has been handed over, exactly once. No call leaves.

The rule: store the new record, then carry the actions out, then `advance` with what came of them. When `due_s` passes,
and for every record when the host starts, `advance` with `Tick()`. Beside the record, store the new ticket and its tag.
"""

from dataclasses import dataclass
from typing import Protocol

from .cases import Bare, Case, Other, Words, raises
from .types import Callback, Confirmation, CreatedTicket, Failure, Outcome, Recovery


class NotCreated(Case[Failure]):
    """`tickets.create` failed with `may_have_acted` false."""


class MaybeCreated(Case[Failure]):
    """`tickets.create` failed with `may_have_acted` true."""


@dataclass(frozen=True)
class LookedUp:
    """`tickets.recover` answered. `asked_s` is when it was called: an absence is as old as the question."""

    asked_s: int
    recovery: Recovery


class Confirmed(Case[Confirmation]):
    """`tickets.confirm_own` or `tickets.reconcile` answered for this record's number."""


class Delivered(Bare):
    """The outcome was handed over, and that was stored."""


class NotWithdrawn(Case[Failure]):
    """`operations.withdraw` failed. When it succeeds, `advance` with `Tick()`."""


class Tick(Bare):
    """Time passed, or the host started again."""


Event = CreatedTicket | NotCreated | MaybeCreated | LookedUp | Callback | Confirmed | Delivered | NotWithdrawn | Tick
"""What happened. A `Callback` counts once its binding holds for this operation."""


class Create(Bare):
    """Call `tickets.create`, with a deadline of less than 600 seconds."""


class Recover(Bare):
    """Call `tickets.recover`."""


class Confirm(Case[str]):
    """Call `tickets.confirm_own` for this number, or let a `tickets.reconcile` cover it."""


class Withdraw(Case[str]):
    """The time for a decision has passed: call `operations.withdraw` for this number, as the ticket's creator."""


class Deliver(Case[Outcome]):
    """Hand this outcome over, with the operation id: after a crash it can be asked for again."""


class Report(Case[Words]):
    """Notify a person."""


Action = Create | Recover | Confirm | Withdraw | Deliver | Report | Other


@dataclass(frozen=True)
class Step:
    """The record to store, what to do once it is stored, and when to tick. `due_s` is `None` when all is settled."""

    record_json: str
    actions: tuple[Action, ...]
    due_s: int | None


class Tracking(Protocol):
    """The functions."""

    @raises(ValueError)
    def start(self, operation_id: str, decide_by_s: int | None, now_s: int) -> Step:
        """Begins to await an operation; after `decide_by_s` its ticket is withdrawn. Both are seconds since 1970."""

    @raises(ValueError)
    def advance(self, record_json: str, event: Event, now_s: int) -> Step:
        """Takes an event in. `now_s` is the clock now, always. Store nothing when it raises."""
