"""blueking:itsm/callbacks.

Functions that receive ITSM's callbacks. No function of the interface sends a request.

ITSM posts one callback when a ticket ends, and never repeats the callback. ITSM follows redirects and
does not verify the certificate of the receiver. Receive a callback in four steps. First, call `receive`.
Second, call `tickets.confirm` with the number of the callback and the tag of the binding. Third, act on
the outcome. Fourth, answer `accepted`. Answer `refused` when any step fails: ITSM then puts the ticket on
its list of failed callbacks, so no outcome is lost.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from . import types
from ._dataclass import dataclass, field
from ._interface import AsyncInterface, Function, Interface
from .cases import Bare, Case, Other, ReasonError


@dataclass(frozen=True)
class FieldFault:
    """The error in one member of a body."""

    name: str
    """The member's name."""

    reason: str
    """The error, as a phrase. The phrase never quotes the member's value."""


class TooLarge(Case[int]):
    """The body is larger than this number of bytes (65 536)."""


class Malformed(Case[str]):
    """The body is not a JSON object in UTF-8, or is nested too deep. The text says where."""


ParseReason = Union[
    TooLarge,
    Malformed,
    FieldFault,
    Other,
]
"""The reason why a body is not a callback. Answer `refused`."""


class ParseError(ReasonError[ParseReason]):
    """The reason why a body is not a callback. Answer `refused`."""


@dataclass(frozen=True)
class Claims:
    """The facts that a binding proves: the holder of the key made the binding for this operation and this
    callback address. A binding does not prove the body of a callback.
    """

    operation_id: str
    """The operation id: 1 to 32 lower-case letters and digits, for example from `tickets.new_operation_id`.
    The id is public: the header contains the id as plain text.
    """

    callback_url: str
    """The callback address, exactly as the host gave it to ITSM: 1 to 2048 bytes of printable ASCII."""

    expires_s: int
    """The time at which the binding expires, in seconds since 1970. A ticket can stay open for months, so
    choose a time that is late enough.
    """


@dataclass(frozen=True)
class Binding:
    """The result of `bind` for one operation."""

    header: types.Header = field(repr=False)
    """The header for `CallbackTarget.headers`."""

    tag: str = field(repr=False)
    """The tag for `new_ticket.tag`. The tag is a secret: store the tag with the operation, never log it."""


@dataclass(frozen=True)
class Bound:
    """The facts from a valid binding."""

    claims: Claims
    """The facts that the binding proves."""

    tag: str = field(repr=False)
    """The tag of the operation's ticket, for `tickets.confirm`. The component derives the tag with the key.
    So a receiver without storage knows the tag, and a thief of the header does not.
    """


class Absent(Bare):
    """The header is missing. Servers older than V2.6.3 do not send the headers of `CallbackTarget`."""


class MalformedHeader(Bare):
    """The header occurs twice, or does not have the form of a binding."""


class UnknownKey(Bare):
    """The header names a key id that none of the keys has."""


class Forged(Bare):
    """The header was not made with the key that it names, or not for this callback address."""


class Expired(Case[Claims]):
    """The header is genuine, but the binding has expired."""


class InvalidKey(Case[int]):
    """The text at this position of `keys`, counted from 0, is not a key. Correct the configuration."""


BindingReason = Union[
    Absent,
    MalformedHeader,
    UnknownKey,
    Forged,
    Expired,
    InvalidKey,
    Other,
]
"""The reason why the headers of a request contain no valid binding. Answer `refused` in the same way for
each reason, so that the sender learns nothing.
"""


class BindingError(ReasonError[BindingReason]):
    """The reason why the headers of a request contain no valid binding. Answer `refused` in the same way for
    each reason, so that the sender learns nothing.
    """


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. Send the answer without changes. ITSM counts a callback as delivered only for status 200
    or 201 with a JSON object whose `code` is 0.
    """

    status: int
    """The HTTP status."""

    headers: tuple[types.Header, ...]
    """The HTTP headers."""

    body: bytes
    """The bytes of the body."""


@dataclass(frozen=True)
class NodeEvent:
    """News of one node. The news is a claim: anybody can post it. ITSM's own callback reports only the end of
    a ticket. Use the news as a hint: `operations.node_result` reads the decision of a finished approval.
    """

    sn: str
    """The ticket's number."""

    title: str
    """The ticket's title."""

    status: str
    """The ticket's status, in ITSM's own word."""

    creator: str
    """The user for whom the ticket was created."""

    node: str
    """The node, as the template names it."""

    output: str
    """The output of the node: the member `result` of the template. A boolean or a number is written as in
    JSON. Empty when the template has no `result`.
    """


@dataclass(frozen=True)
class BoundCallback:
    """A callback together with the facts that its binding proves. The callback itself remains a claim: call
    `tickets.confirm` with `Callback.sn` and `Bound.tag`.
    """

    bound: Bound
    """The facts from the binding."""

    callback: types.Callback
    """The body of the request, which is a claim."""


@dataclass(frozen=True)
class Refusal:
    """The refusal of a request."""

    reply: Reply
    """The answer to send."""

    why: str
    """The reason, for the host's log. The answer does not contain the reason."""


class SelfCheck(Case[Reply]):
    """The test request of `diagnosis.check_callback_url`, with a valid binding. Send the reply and do
    nothing else.
    """


Reception = Union[
    BoundCallback,
    SelfCheck,
    Refusal,
]
"""The kind of a request to the callback address."""


class Callbacks(Interface):
    """Functions that receive ITSM's callbacks. No function of the interface sends a request.

    ITSM posts one callback when a ticket ends, and never repeats the callback. ITSM follows redirects and
    does not verify the certificate of the receiver. Receive a callback in four steps. First, call `receive`.
    Second, call `tickets.confirm` with the number of the callback and the tag of the binding. Third, act on
    the outcome. Fourth, answer `accepted`. Answer `refused` when any step fails: ITSM then puts the ticket on
    its list of failed callbacks, so no outcome is lost.
    """

    def receive(
        self,
        keys: Sequence[str],
        headers: Sequence[types.Header],
        callback_url: str,
        now_s: int,
        body: bytes,
    ) -> Reception:
        """Examines a request to the callback address before any request is sent: checks the binding, reads the
        body, and tells a self-check from a callback.

        `keys` are all binding keys that may still be in use. `headers` and `body` are those of the request.
        `callback_url` is the address that the host gave to ITSM: take the address from the host's settings, not
        from the request. `now_s` is the host's clock in seconds since 1970.
        """
        return self._call("callbacks.receive", keys, headers, callback_url, now_s, body)

    def parse(
        self,
        body: bytes,
    ) -> types.Callback:
        """Reads a callback's body. Pass the bytes of the request, never a JSON text that was parsed and written
        again.

        The result is a claim: neither the body nor its token proves anything. Fails with `ParseError` when the
        body is not a callback.
        """
        return self._call("callbacks.parse", body)

    def token(
        self,
        body: bytes,
    ) -> str:
        """Reads the token from a callback's body, for `tickets.verify_token`.

        The token contains a secret of the server and never expires: never store, log or return the token. Fails
        with `ParseError` when the body is not a JSON object with a token.
        """
        return self._call("callbacks.token", body)

    def conclude(
        self,
        status: str,
        approve_result: bool,
        ended: bool,
    ) -> types.Verdict:
        """Translates a status and ITSM's flag into a verdict. The verdict is only a claim.

        `ended` is true when `Ticket.ended_at` is set. For a callback `ended` is true as well, because a
        callback claims an end. Each input has a verdict. A ticket that has not ended is `open`. `FINISHED` is
        `approved` or `rejected` by the flag. `REVOKED` is `withdrawn`, `TERMINATED` is `terminated`, and any
        other status is `closed`.

        The function can't know the facts that only the log shows: that nobody was asked (`completed`), that a
        manager closed the ticket, or that an approval with a no was deleted from the flow. Never act on the
        verdict: act on the outcome of `tickets.confirm`.
        """
        return self._call("callbacks.conclude", status, approve_result, ended)

    def bind(
        self,
        key: str,
        claims: Claims,
    ) -> Binding:
        """Makes the header that binds a callback address to an operation, and the tag of the operation's ticket.
        Put both into the ticket for `tickets.create`. Store the key: the component does not.

        A key has the form `itsm-key.ID.HEX`. ID is 1 to 16 lower-case letters and digits. HEX is 64 to 128
        lower-case hex digits of randomness, such as the output of `openssl rand -hex 32`. Fails when the key or
        a claim does not have its form: the error says which part, and never contains the key.
        """
        return self._call("callbacks.bind", key, claims)

    def check_binding(
        self,
        keys: Sequence[str],
        headers: Sequence[types.Header],
        callback_url: str,
        now_s: int,
    ) -> Bound:
        """Checks the binding in the headers of a callback. `receive` includes the check.

        `keys` are all keys that may still be in use, so the host can change keys while tickets are open.
        `headers` are all headers of the request, in any order and case. `callback_url` is the address that the
        host gave to ITSM: take the address from the host's settings, not from the request. `now_s` is the
        host's clock in seconds since 1970. Fails with `BindingError` when the headers contain no valid binding.
        """
        return self._call("callbacks.check_binding", keys, headers, callback_url, now_s)

    def accepted(self) -> Reply:
        """Makes the answer that lets ITSM count the callback as delivered."""
        return self._call("callbacks.accepted")

    def refused(
        self,
        message: str,
    ) -> Reply:
        """Makes the answer that lets ITSM put the ticket on its list of failed callbacks.

        ITSM stores `message` where its administrators can read the message. Only the first 256 bytes are sent.
        """
        return self._call("callbacks.refused", message)

    def parse_node_event(
        self,
        body: bytes,
    ) -> NodeEvent:
        """Reads the body of a request from a trigger's API action or from a webhook node of a flow. The body must
        follow the template in this project's guide (docs/node-events.md).

        ITSM adds its own credentials to the body of a trigger: the component skips them without reading them.
        The result is a claim. Fails with `ParseError` when the body does not follow the template.
        """
        return self._call("callbacks.parse_node_event", body)

    def is_self_check(
        self,
        callback: types.Callback,
    ) -> bool:
        """Returns true when a callback is the test request of `diagnosis.check_callback_url`. `receive` includes
        the test. If the binding is valid, a receiver answers `accepted` and does nothing else.
        """
        return self._call("callbacks.is_self_check", callback)


class AsyncCallbacks(AsyncInterface):
    """Functions that receive ITSM's callbacks. No function of the interface sends a request.

    ITSM posts one callback when a ticket ends, and never repeats the callback. ITSM follows redirects and
    does not verify the certificate of the receiver. Receive a callback in four steps. First, call `receive`.
    Second, call `tickets.confirm` with the number of the callback and the tag of the binding. Third, act on
    the outcome. Fourth, answer `accepted`. Answer `refused` when any step fails: ITSM then puts the ticket on
    its list of failed callbacks, so no outcome is lost.
    """

    async def receive(
        self,
        keys: Sequence[str],
        headers: Sequence[types.Header],
        callback_url: str,
        now_s: int,
        body: bytes,
    ) -> Reception:
        """Examines a request to the callback address before any request is sent: checks the binding, reads the
        body, and tells a self-check from a callback.

        `keys` are all binding keys that may still be in use. `headers` and `body` are those of the request.
        `callback_url` is the address that the host gave to ITSM: take the address from the host's settings, not
        from the request. `now_s` is the host's clock in seconds since 1970.
        """
        return await self._call("callbacks.receive", keys, headers, callback_url, now_s, body)

    async def parse(
        self,
        body: bytes,
    ) -> types.Callback:
        """Reads a callback's body. Pass the bytes of the request, never a JSON text that was parsed and written
        again.

        The result is a claim: neither the body nor its token proves anything. Fails with `ParseError` when the
        body is not a callback.
        """
        return await self._call("callbacks.parse", body)

    async def token(
        self,
        body: bytes,
    ) -> str:
        """Reads the token from a callback's body, for `tickets.verify_token`.

        The token contains a secret of the server and never expires: never store, log or return the token. Fails
        with `ParseError` when the body is not a JSON object with a token.
        """
        return await self._call("callbacks.token", body)

    async def conclude(
        self,
        status: str,
        approve_result: bool,
        ended: bool,
    ) -> types.Verdict:
        """Translates a status and ITSM's flag into a verdict. The verdict is only a claim.

        `ended` is true when `Ticket.ended_at` is set. For a callback `ended` is true as well, because a
        callback claims an end. Each input has a verdict. A ticket that has not ended is `open`. `FINISHED` is
        `approved` or `rejected` by the flag. `REVOKED` is `withdrawn`, `TERMINATED` is `terminated`, and any
        other status is `closed`.

        The function can't know the facts that only the log shows: that nobody was asked (`completed`), that a
        manager closed the ticket, or that an approval with a no was deleted from the flow. Never act on the
        verdict: act on the outcome of `tickets.confirm`.
        """
        return await self._call("callbacks.conclude", status, approve_result, ended)

    async def bind(
        self,
        key: str,
        claims: Claims,
    ) -> Binding:
        """Makes the header that binds a callback address to an operation, and the tag of the operation's ticket.
        Put both into the ticket for `tickets.create`. Store the key: the component does not.

        A key has the form `itsm-key.ID.HEX`. ID is 1 to 16 lower-case letters and digits. HEX is 64 to 128
        lower-case hex digits of randomness, such as the output of `openssl rand -hex 32`. Fails when the key or
        a claim does not have its form: the error says which part, and never contains the key.
        """
        return await self._call("callbacks.bind", key, claims)

    async def check_binding(
        self,
        keys: Sequence[str],
        headers: Sequence[types.Header],
        callback_url: str,
        now_s: int,
    ) -> Bound:
        """Checks the binding in the headers of a callback. `receive` includes the check.

        `keys` are all keys that may still be in use, so the host can change keys while tickets are open.
        `headers` are all headers of the request, in any order and case. `callback_url` is the address that the
        host gave to ITSM: take the address from the host's settings, not from the request. `now_s` is the
        host's clock in seconds since 1970. Fails with `BindingError` when the headers contain no valid binding.
        """
        return await self._call("callbacks.check_binding", keys, headers, callback_url, now_s)

    async def accepted(self) -> Reply:
        """Makes the answer that lets ITSM count the callback as delivered."""
        return await self._call("callbacks.accepted")

    async def refused(
        self,
        message: str,
    ) -> Reply:
        """Makes the answer that lets ITSM put the ticket on its list of failed callbacks.

        ITSM stores `message` where its administrators can read the message. Only the first 256 bytes are sent.
        """
        return await self._call("callbacks.refused", message)

    async def parse_node_event(
        self,
        body: bytes,
    ) -> NodeEvent:
        """Reads the body of a request from a trigger's API action or from a webhook node of a flow. The body must
        follow the template in this project's guide (docs/node-events.md).

        ITSM adds its own credentials to the body of a trigger: the component skips them without reading them.
        The result is a claim. Fails with `ParseError` when the body does not follow the template.
        """
        return await self._call("callbacks.parse_node_event", body)

    async def is_self_check(
        self,
        callback: types.Callback,
    ) -> bool:
        """Returns true when a callback is the test request of `diagnosis.check_callback_url`. `receive` includes
        the test. If the binding is valid, a receiver answers `accepted` and does nothing else.
        """
        return await self._call("callbacks.is_self_check", callback)


# fmt: off
WIT: dict[str, Any] = {
    "callbacks.field-fault": ("record", FieldFault, "string", "string"),
    "callbacks.parse-error": ("variant", (TooLarge, "u32"), (Malformed, "string"), (FieldFault, "callbacks.field-fault"), (Other, "string")),
    "callbacks.claims": ("record", Claims, "string", "string", "u64"),
    "callbacks.binding": ("record", Binding, "types.header", "string"),
    "callbacks.bound": ("record", Bound, "callbacks.claims", "string"),
    "callbacks.binding-error": ("variant", (Absent, None), (MalformedHeader, None), (UnknownKey, None), (Forged, None), (Expired, "callbacks.claims"), (InvalidKey, "u32"), (Other, "string")),
    "callbacks.reply": ("record", Reply, "u16", ("list", "types.header"), ("list", "u8")),
    "callbacks.node-event": ("record", NodeEvent, "string", "string", "string", "string", "string", "string"),
    "callbacks.bound-callback": ("record", BoundCallback, "callbacks.bound", "types.callback"),
    "callbacks.refusal": ("record", Refusal, "callbacks.reply", "string"),
    "callbacks.reception": ("variant", (BoundCallback, "callbacks.bound-callback"), (SelfCheck, "callbacks.reply"), (Refusal, "callbacks.refusal")),
}
FUNCTIONS: dict[str, Function] = {
    "receive": Function("receive", (("keys", ("list", "string")), ("headers", ("list", "types.header")), ("callback_url", "string"), ("now_s", "u64"), ("body", ("list", "u8")), ), "callbacks.reception", None, False),
    "parse": Function("parse", (("body", ("list", "u8")), ), ("result", "types.callback", "callbacks.parse-error"), ParseError, False),
    "token": Function("token", (("body", ("list", "u8")), ), ("result", "string", "callbacks.parse-error"), ParseError, False),
    "conclude": Function("conclude", (("status", "string"), ("approve_result", "bool"), ("ended", "bool"), ), "types.verdict", None, False),
    "bind": Function("bind", (("key", "string"), ("claims", "callbacks.claims"), ), ("result", "callbacks.binding", "string"), ValueError, False),
    "check_binding": Function("check-binding", (("keys", ("list", "string")), ("headers", ("list", "types.header")), ("callback_url", "string"), ("now_s", "u64"), ), ("result", "callbacks.bound", "callbacks.binding-error"), BindingError, False),
    "accepted": Function("accepted", (), "callbacks.reply", None, False),
    "refused": Function("refused", (("message", "string"), ), "callbacks.reply", None, False),
    "parse_node_event": Function("parse-node-event", (("body", ("list", "u8")), ), ("result", "callbacks.node-event", "callbacks.parse-error"), ParseError, False),
    "is_self_check": Function("is-self-check", (("callback", "types.callback"), ), "bool", None, False),
}
# fmt: on
