"""blueking:itsm/callbacks: receiving ITSM's callbacks. Nothing here calls out.

The safe order: `check_binding`, `parse`, `tickets.confirm` for the claimed number and the bound operation, act on the
outcome, answer `accepted`. Answer `refused` whenever a step fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .cases import Bare, Case, Other, ReasonError, raises
from .types import Callback, Header, Verdict


class TooLarge(Case[int]):
    """It is larger than this many bytes."""


class Malformed(Case[str]):
    """It is no JSON object in UTF-8, or nested too deep. The words say where."""


class Field(Case[tuple[str, str]]):
    """The member of this name is missing, given twice or of a wrong type; then the reason."""


Unreadable = TooLarge | Malformed | Field | Other


class UnreadableError(ReasonError[Unreadable]):
    """A body is no callback. Answer `refused`."""


@dataclass(frozen=True)
class Claims:
    """What a binding proves: who made the callback address, and for which operation.

    `expires_at` is in seconds since 1970.
    """

    operation_id: str
    callback_url: str
    expires_at: int


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
    """The key at this position, counted from 0, is no key. Mend the configuration."""


Unbound = Absent | MalformedHeader | UnknownKey | Forged | Expired | InvalidKey | Other


class UnboundError(ReasonError[Unbound]):
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
    result: str


class Callbacks(Protocol):
    """The functions."""

    @raises(UnreadableError)
    def parse(self, body: bytes) -> Callback:
        """Reads a callback's body: the raw bytes as received. The result is a claim."""

    @raises(UnreadableError)
    def token(self, body: bytes) -> str:
        """Reads the token, for `tickets.verify_token`. It is good for ever: never store, log or echo it."""

    def conclude(self, status: str, approve_result: bool, ended: bool) -> Verdict:
        """What a status and a result mean, where it is known whether the ticket has ended."""

    @raises(ValueError)
    def bind(self, key: str, claims: Claims) -> Header:
        """Makes the header that ties a callback address to an operation, for `tickets.CallbackTarget`.

        A key is `itsm-key.ID.HEX`, with 64 to 128 hex digits.
        """

    @raises(UnboundError)
    def check_binding(
        self, keys: Sequence[str], headers: Sequence[Header], callback_url: str, now_s: int
    ) -> Claims:
        """Checks the headers of a received callback. Do this first: it costs no call.

        `keys` are all that may still be in use; `callback_url` comes from the host's settings, not from the request.
        """

    def accepted(self) -> Reply:
        """The answer that makes ITSM count the callback as delivered."""

    def refused(self, message: str) -> Reply:
        """The answer that makes ITSM put the ticket on its failed list. ITSM stores the message."""

    @raises(UnreadableError)
    def parse_node_event(self, body: bytes) -> NodeEvent:
        """Reads what a trigger or a webhook node posts, in the form of docs/node-events.md. The result is a claim."""

    def is_self_check(self, callback: Callback) -> bool:
        """Whether `diagnosis.check_callback_url` posted it: once its binding holds, answer `accepted`, and no more."""
