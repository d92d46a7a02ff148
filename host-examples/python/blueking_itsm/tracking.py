"""blueking:itsm/tracking: awaiting one ticket until its outcome has been handed over, exactly once. No call leaves.

The rule: store the new record, then carry the actions out, then `advance` with what came of them. When `due_s` passes,
and for every record when the host starts, `advance` with `Tick()`.
"""

from dataclasses import dataclass
from typing import Protocol

from .cases import Bare, Case, Other, raises
from .types import Callback, Confirmation, CreatedTicket, Outcome, Recovery


class NotCreated(Bare):
    """`tickets.create` failed with `may_have_acted` false."""


class Unclear(Bare):
    """`tickets.create` failed with `may_have_acted` true."""


class Recovered(Case[Recovery]):
    """`tickets.recover` answered. `now_s` is then when it was called: an absence is as old as the question."""


class Confirmed(Case[Confirmation]):
    """`tickets.confirm` or `tickets.reconcile` answered for this record's number."""


class Delivered(Bare):
    """The outcome was handed over, and that was stored."""


class Tick(Bare):
    """Time passed, or the host started again."""


Event = CreatedTicket | NotCreated | Unclear | Recovered | Callback | Confirmed | Delivered | Tick
"""What happened. A `Callback` counts once its binding holds for this operation."""


class Create(Bare):
    """Call `tickets.create`, with a deadline of less than 600 seconds."""


class Recover(Bare):
    """Call `tickets.recover`."""


class Confirm(Case[str]):
    """Call `tickets.confirm` for this number, or let a `tickets.reconcile` cover it."""


class Deliver(Case[Outcome]):
    """Hand this outcome over, with the operation id: after a crash it can be asked for again."""


class Report(Case[str]):
    """Tell a person."""


Action = Create | Recover | Confirm | Deliver | Report | Other


@dataclass(frozen=True)
class Step:
    """The record to store, what to do once it is stored, and when to tick. `due_s` is `None` when all is settled."""

    state_json: str
    actions: tuple[Action, ...]
    due_s: int | None


class Tracking(Protocol):
    """The functions."""

    @raises(ValueError)
    def start(self, operation_id: str, now_s: int) -> Step:
        """Begins to await an operation. `now_s` is in seconds since 1970."""

    @raises(ValueError)
    def advance(self, state_json: str, event: Event, now_s: int) -> Step:
        """Takes an event in. Store nothing when it raises."""
