"""blueking:itsm/tracking.

Functions that track one operation from before its ticket exists until its outcome was delivered once. The
tracking also works when answers and callbacks are lost, late, forged or repeated. The functions send no
request and read no clock: the host passes the time.

The host keeps one record for each operation and follows one rule: store the new record, carry out the
actions, then call `advance` with their results. Call `advance` with `tick` when `due_s` passes, and for
every record when the host starts: tracking then repeats the actions that a crash interrupted. Tracking
can't tell a restart from the passing of time, so send no `tick` while the host is delivering the outcome.

Beside the record, the host stores the data that the actions need: the ticket's tag and the new ticket.
Store both before `create`. The record contains no secret.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from typing import Any, Union

from . import types
from ._dataclass import dataclass
from ._interface import AsyncInterface, Function, Interface
from .cases import Bare, Case, Other


@dataclass(frozen=True)
class LookedUp:
    """A result of `tickets.recover`, with the time of the call."""

    asked_s: int
    """The host's clock when the host called `recover`, in seconds since 1970. Do not pass the time of the
    answer: `absent` proves only that no ticket existed at the time of the call.
    """

    recovery: types.Recovery
    """The result of `recover`."""


class NotCreated(Case[types.Failure]):
    """`tickets.create` failed with `may_have_acted` false."""


class MaybeCreated(Case[types.Failure]):
    """`tickets.create` failed with `may_have_acted` true."""


class Confirmed(Case[types.Confirmation]):
    """`tickets.confirm_own` or `tickets.reconcile` answered for the number of the record's ticket."""


class Delivered(Bare):
    """The outcome was delivered, and the host has stored that fact."""


class NotWithdrawn(Case[types.Failure]):
    """`operations.withdraw` failed. When `operations.withdraw` succeeds, call `advance` with `tick`."""


class Tick(Bare):
    """Time has passed, or the host has started again."""


Event = Union[
    types.CreatedTicket,
    NotCreated,
    MaybeCreated,
    LookedUp,
    types.Callback,
    Confirmed,
    Delivered,
    NotWithdrawn,
    Tick,
]
"""An event in the life of an operation."""


class Create(Bare):
    """Call `tickets.create` with a deadline of less than 600 seconds (the limit of ITSM v2): after the
    limit, tracking can order `create` again.
    """


class Recover(Bare):
    """Call `tickets.recover` with the ticket that the host stored: its tag and creator count."""


class Confirm(Case[str]):
    """Call `tickets.confirm_own` with this number, or include the number in a call of `tickets.reconcile`.
    The number always belongs to the operation's own ticket.
    """


class Withdraw(Case[str]):
    """Call `operations.withdraw` with this number, as the ticket's creator: the time for a decision has
    passed. ITSM calls back during that request, so the receiver of callbacks must be able to answer
    meanwhile. Tracking repeats the action only while ITSM says that the ticket is open.
    """


class Deliver(Case[types.Outcome]):
    """Deliver the outcome and the operation id to the code that waits for the outcome. After a crash the
    action can be repeated: the code recognises a repetition by the operation id.
    """


class Report(Case[str]):
    """Notify a person with this text. For example, ITSM contradicts a recorded outcome, no ticket can be
    attributed to the operation, a call keeps failing or needs a correction, or a result can't be read.
    Each reason is reported once.
    """


Action = Union[
    Create,
    Recover,
    Confirm,
    Withdraw,
    Deliver,
    Report,
    Other,
]
"""The next task of the host."""


@dataclass(frozen=True)
class Step:
    """The result of an event."""

    record_json: str
    """The record to store: opaque JSON text with a version of its own."""

    actions: tuple[Action, ...]
    """The actions to carry out after the record is stored. Often empty."""

    due_s: int | None
    """The time to call `advance` with `tick`, in seconds since 1970. `None` when the record is settled. The
    interval doubles from 30 seconds to at most 15 minutes while nothing changes. While a ticket whose
    answer was lost may still appear, the interval is at most 4 minutes.
    """


class Tracking(Interface):
    """Functions that track one operation from before its ticket exists until its outcome was delivered once. The
    tracking also works when answers and callbacks are lost, late, forged or repeated. The functions send no
    request and read no clock: the host passes the time.

    The host keeps one record for each operation and follows one rule: store the new record, carry out the
    actions, then call `advance` with their results. Call `advance` with `tick` when `due_s` passes, and for
    every record when the host starts: tracking then repeats the actions that a crash interrupted. Tracking
    can't tell a restart from the passing of time, so send no `tick` while the host is delivering the outcome.

    Beside the record, the host stores the data that the actions need: the ticket's tag and the new ticket.
    Store both before `create`. The record contains no secret.
    """

    def start(
        self,
        operation_id: str,
        decide_by_s: int | None,
        now_s: int,
    ) -> Step:
        """Starts to track an operation. `operation_id` is an id from `tickets.new_operation_id` or the host's own:
        1 to 32 lower-case letters and digits. `now_s` is the host's clock in seconds since 1970.

        `decide_by_s`, on the same clock, is the time limit for a decision; with `None` there is no limit. After
        the limit, tracking asks ITSM once more and then orders the host to withdraw the ticket. The outcome is
        always ITSM's own answer: a decision that came before the withdrawal wins. ITSM can refuse the
        withdrawal: in most flows, when somebody has handled the first node. Tracking then reports the refusal
        and continues to wait for the ticket.

        Fails when the id does not have its form, or when the time for a decision has already passed.
        """
        return self._call("tracking.start", operation_id, decide_by_s, now_s)

    def advance(
        self,
        record_json: str,
        event: Event,
        now_s: int,
    ) -> Step:
        """Processes an event. `now_s` is always the host's present time. Between two steps, tracking counts at
        most the time that it told the host to wait. So a clock that jumps forward once, after an answer to
        `create` was lost, creates no second ticket. A settled record stays settled: later events are ignored or
        reported.

        Fails when `record_json` is not a record of tracking, or when a newer component wrote the record: store
        nothing then. Records of older versions are accepted.
        """
        return self._call("tracking.advance", record_json, event, now_s)


class AsyncTracking(AsyncInterface):
    """Functions that track one operation from before its ticket exists until its outcome was delivered once. The
    tracking also works when answers and callbacks are lost, late, forged or repeated. The functions send no
    request and read no clock: the host passes the time.

    The host keeps one record for each operation and follows one rule: store the new record, carry out the
    actions, then call `advance` with their results. Call `advance` with `tick` when `due_s` passes, and for
    every record when the host starts: tracking then repeats the actions that a crash interrupted. Tracking
    can't tell a restart from the passing of time, so send no `tick` while the host is delivering the outcome.

    Beside the record, the host stores the data that the actions need: the ticket's tag and the new ticket.
    Store both before `create`. The record contains no secret.
    """

    async def start(
        self,
        operation_id: str,
        decide_by_s: int | None,
        now_s: int,
    ) -> Step:
        """Starts to track an operation. `operation_id` is an id from `tickets.new_operation_id` or the host's own:
        1 to 32 lower-case letters and digits. `now_s` is the host's clock in seconds since 1970.

        `decide_by_s`, on the same clock, is the time limit for a decision; with `None` there is no limit. After
        the limit, tracking asks ITSM once more and then orders the host to withdraw the ticket. The outcome is
        always ITSM's own answer: a decision that came before the withdrawal wins. ITSM can refuse the
        withdrawal: in most flows, when somebody has handled the first node. Tracking then reports the refusal
        and continues to wait for the ticket.

        Fails when the id does not have its form, or when the time for a decision has already passed.
        """
        return await self._call("tracking.start", operation_id, decide_by_s, now_s)

    async def advance(
        self,
        record_json: str,
        event: Event,
        now_s: int,
    ) -> Step:
        """Processes an event. `now_s` is always the host's present time. Between two steps, tracking counts at
        most the time that it told the host to wait. So a clock that jumps forward once, after an answer to
        `create` was lost, creates no second ticket. A settled record stays settled: later events are ignored or
        reported.

        Fails when `record_json` is not a record of tracking, or when a newer component wrote the record: store
        nothing then. Records of older versions are accepted.
        """
        return await self._call("tracking.advance", record_json, event, now_s)


# fmt: off
WIT: dict[str, Any] = {
    "tracking.looked-up": ("record", LookedUp, "u64", "types.recovery"),
    "tracking.event": ("variant", (types.CreatedTicket, "types.created-ticket"), (NotCreated, "types.failure"), (MaybeCreated, "types.failure"), (LookedUp, "tracking.looked-up"), (types.Callback, "types.callback"), (Confirmed, "types.confirmation"), (Delivered, None), (NotWithdrawn, "types.failure"), (Tick, None)),
    "tracking.action": ("variant", (Create, None), (Recover, None), (Confirm, "string"), (Withdraw, "string"), (Deliver, "types.outcome"), (Report, "string"), (Other, "string")),
    "tracking.step": ("record", Step, "string", ("list", "tracking.action"), ("option", "u64")),
}
FUNCTIONS: dict[str, Function] = {
    "start": Function("start", (("operation_id", "string"), ("decide_by_s", ("option", "u64")), ("now_s", "u64"), ), ("result", "tracking.step", "string"), ValueError, False),
    "advance": Function("advance", (("record_json", "string"), ("event", "tracking.event"), ("now_s", "u64"), ), ("result", "tracking.step", "string"), ValueError, False),
}
# fmt: on
