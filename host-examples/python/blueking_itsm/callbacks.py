"""blueking:itsm/callbacks: receiving ITSM's callbacks. Nothing here calls out.

The safe way: `receive`, `tickets.confirm` with the claimed number and the bound tag, act on the outcome, answer
`accepted`. Answer `refused` whenever a step fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .cases import Bare, Case, Other, ReasonError, Words, raises
from .types import Callback, Header, Verdict


class TooLarge(Case[int]):
    """It is larger than this many bytes."""


class Malformed(Case[Words]):
    """It is no JSON object in UTF-8, or nested too deep. The words say where."""


@dataclass(frozen=True)
class FieldFault:
    """One member is missing, given twice or of a wrong type: its name, and what is wrong with it."""

    name: Words
    reason: Words


ParseReason = TooLarge | Malformed | FieldFault | Other


class ParseError(ReasonError[ParseReason]):
    """A body is no callback. Answer `refused`."""


@dataclass(frozen=True)
class Claims:
    """What a binding proves: who made the callback address, and for which operation.

    `expires_s` is in seconds since 1970.
    """

    operation_id: str
    callback_url: str
    expires_s: int


@dataclass(frozen=True)
class Binding:
    """What `bind` makes: the header for `types.CallbackTarget`, and the secret tag for `tickets.NewTicket`."""

    header: Header = field(repr=False)
    tag: str = field(repr=False)


@dataclass(frozen=True)
class Bound:
    """What a binding that holds proves, and the secret tag of the operation's ticket, for `tickets.confirm`."""

    claims: Claims
    tag: str = field(repr=False)


class Absent(Bare):
    """The header is not there. Servers older than V2.6.3 send none of ours."""


class MalformedHeader(Bare):
    """The header is there twice, or is not of the binding's form."""


class UnknownKey(Bare):
    """None of the keys has the id that the header names."""


class Forged(Bare):
    """The header was not made with the key it names, or not for this callback address."""


class Expired(Case[Claims]):
    """The header is genuine, but its time is over."""


class InvalidKey(Case[int]):
    """The key at this position, counted from 0, is no key. Fix the configuration."""


BindingReason = Absent | MalformedHeader | UnknownKey | Forged | Expired | InvalidKey | Other


class BindingError(ReasonError[BindingReason]):
    """Headers prove nothing. To the sender all reasons look alike: answer `refused`."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, to be sent exactly as it is."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


@dataclass(frozen=True)
class NodeEvent:
    """News of one node: a claim. `operations.node_result` tells what was decided there."""

    sn: str
    title: str
    status: str
    creator: str
    node: str
    output: str


@dataclass(frozen=True)
class BoundCallback:
    """A callback whose binding holds. The callback itself is still a claim: `tickets.confirm` it."""

    bound: Bound
    callback: Callback


class SelfCheck(Case[Reply]):
    """`diagnosis.check_callback_url` posted it, and its binding holds. Send the reply, and do nothing else."""


@dataclass(frozen=True)
class Refusal:
    """Nothing to act on. Send the reply, and log why: the sender does not learn it."""

    reply: Reply
    why: Words


Reception = BoundCallback | SelfCheck | Refusal


class Callbacks(Protocol):
    """The functions."""

    def receive(
        self, keys: Sequence[str], headers: Sequence[Header], callback_url: str, now_s: int, body: bytes
    ) -> Reception:
        """All that is to be done with a request before anything leaves.

        `keys` are all that may still be in use; `callback_url` comes from the host's settings, not from the request.
        """

    @raises(ParseError)
    def parse(self, body: bytes) -> Callback:
        """Reads a callback's body: the raw bytes as received. The result is a claim."""

    @raises(ParseError)
    def token(self, body: bytes) -> str:
        """Reads the token, for `tickets.verify_token`. It is good for ever: never store, log or echo it."""

    def conclude(self, status: str, approve_result: bool, ended: bool) -> Verdict:
        """What a status and a result mean by themselves: a claim's reading. Never act on it."""

    @raises(ValueError)
    def bind(self, key: str, claims: Claims) -> Binding:
        """Makes the header that ties a callback address to an operation, and the tag of its ticket.

        A key is `itsm-key.ID.HEX`, with 64 to 128 hex digits.
        """

    @raises(BindingError)
    def check_binding(self, keys: Sequence[str], headers: Sequence[Header], callback_url: str, now_s: int) -> Bound:
        """Checks the headers of a received callback. `receive` does this first."""

    def accepted(self) -> Reply:
        """The answer that makes ITSM count the callback as delivered."""

    def refused(self, message: str) -> Reply:
        """The answer that makes ITSM put the ticket on its failed list. ITSM stores the message."""

    @raises(ParseError)
    def parse_node_event(self, body: bytes) -> NodeEvent:
        """Reads what a trigger or a webhook node posts, in the form of docs/node-events.md. The result is a claim."""

    def is_self_check(self, callback: Callback) -> bool:
        """Whether `diagnosis.check_callback_url` posted it. `receive` tells by itself."""
