"""blueking:itsm/operations.

Functions that act on a ticket of the host. Waiting for an approval requires none of them.

The component sends each change once and never repeats it. When `Failure.may_have_acted` is true, read the
ticket before you call again. ITSM records each change under the name of the given user.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import types
from ._dataclass import dataclass
from ._interface import AsyncInterface, Function, Interface


@dataclass(frozen=True)
class NodeDecision:
    """The decision of a finished approval."""

    name: str
    """The node's name."""

    processed_by: tuple[str, ...]
    """The users who decided, in no particular order. Empty when a role or a group handles the node."""

    approved: bool
    """True for yes, false for no. Also false for a node that is not an approval."""

    remark: str
    """The reason in the words of the users."""


class Operations(Interface):
    """Functions that act on a ticket of the host. Waiting for an approval requires none of them.

    The component sends each change once and never repeats it. When `Failure.may_have_acted` is true, read the
    ticket before you call again. ITSM records each change under the name of the given user.
    """

    def withdraw(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Withdraws a ticket, as its creator. `message` is the reason, 1 to 255 characters. The flow's settings
        limit the withdrawal: by default a ticket can be withdrawn until somebody has handled the first node.

        ITSM calls back during this request. The receiver of the callback must be able to answer meanwhile, with
        an instance of its own. Otherwise the request and the callback wait for each other.

        Fails with `GiveUp` when ITSM refuses the withdrawal: the flow does not allow it any more, the ticket
        has ended, or `operator` is not the creator. Fails with `FixArgument` `sn` when no ticket has the
        number.
        """
        self._call("operations.withdraw", connection, sn, operator, message)

    def terminate(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Terminates a ticket, as one of its current processors or as a ticket manager. `message` is the reason, 1
        to 255 characters. ITSM calls back during this request, as for `withdraw`. Use the function also to
        terminate at a node: ITSM's action for one node fails on current servers.

        Fails with `GiveUp` when `operator` may not terminate the ticket, for example as its creator alone, or
        when the ticket has ended. Fails with `FixArgument` `sn` when no ticket has the number.
        """
        self._call("operations.terminate", connection, sn, operator, message)

    def suspend(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Suspends a ticket, as one of its current processors or as a ticket manager. `message` is the reason, 1
        to 255 characters. A suspended ticket can still be approved over the API. Do not suspend a ticket twice:
        one `resume` would then succeed and leave the ticket suspended.

        Fails with `GiveUp` when `operator` may not suspend the ticket, or when the ticket has ended. Fails
        with `FixArgument` `sn` when no ticket has the number.
        """
        self._call("operations.suspend", connection, sn, operator, message)

    def resume(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Resumes a suspended ticket, as one of its current processors or as a ticket manager. `message` is the
        reason, 1 to 255 characters. Read `tickets.status` afterwards to see whether the ticket runs.

        Fails with `GiveUp` when `operator` may not resume the ticket, or when the ticket has ended. Fails with
        `FixArgument` `sn` when no ticket has the number.
        """
        self._call("operations.resume", connection, sn, operator, message)

    def node_result(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
    ) -> NodeDecision:
        """Reads the decision of a finished approval. Take the node's id from `tickets.status` while the node is
        running, or from `services.nodes`.

        Fails with `FixArgument` `sn` when no ticket has the number. Fails with `FixArgument` `node-id` and
        code 3900005 when the node has not finished. Over an ESB, fails with `FixArgument`
        `Connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        return self._call("operations.node_result", connection, sn, node_id)

    def approvers(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
    ) -> tuple[str, ...]:
        """Reads the users who have decided at an approval. Empty while nobody has decided. When two users decide
        at the same moment and one decision is enough, ITSM names both.

        Fails with `FixArgument` `sn` when no ticket has the number. Over an ESB, fails with
        `FixArgument` `connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        return self._call("operations.approvers", connection, sn, node_id)

    def rate(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        stars: int,
        comments: str,
    ) -> None:
        """Rates a `FINISHED` ticket (ITSM's action `comment`, over an ESB `comment_ticket`). A ticket can be rated
        once. `stars` is 1 to 5. `comments` has at most 255 characters and can be empty. The operator's name has
        at most 16 characters.

        Fails with `FixArgument` `sn` when the ticket is not `FINISHED` or was already rated, and with the name
        of an argument that is beyond its limits.
        """
        self._call("operations.rate", connection, sn, operator, stars, comments)

    def follow(
        self,
        connection: types.Connection,
        sn: str,
        users: Sequence[str],
    ) -> None:
        """Adds followers to a ticket. Fails with `FixArgument` `sn` when no ticket has the number, and with
        `FixArgument` `users` when the list is empty. Over an ESB, fails with `FixArgument`
        `Connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        self._call("operations.follow", connection, sn, users)

    def unfollow(
        self,
        connection: types.Connection,
        sn: str,
        users: Sequence[str],
    ) -> None:
        """Removes followers from a ticket. Fails as `follow` does."""
        self._call("operations.unfollow", connection, sn, users)


class AsyncOperations(AsyncInterface):
    """Functions that act on a ticket of the host. Waiting for an approval requires none of them.

    The component sends each change once and never repeats it. When `Failure.may_have_acted` is true, read the
    ticket before you call again. ITSM records each change under the name of the given user.
    """

    async def withdraw(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Withdraws a ticket, as its creator. `message` is the reason, 1 to 255 characters. The flow's settings
        limit the withdrawal: by default a ticket can be withdrawn until somebody has handled the first node.

        ITSM calls back during this request. The receiver of the callback must be able to answer meanwhile, with
        an instance of its own. Otherwise the request and the callback wait for each other.

        Fails with `GiveUp` when ITSM refuses the withdrawal: the flow does not allow it any more, the ticket
        has ended, or `operator` is not the creator. Fails with `FixArgument` `sn` when no ticket has the
        number.
        """
        await self._call("operations.withdraw", connection, sn, operator, message)

    async def terminate(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Terminates a ticket, as one of its current processors or as a ticket manager. `message` is the reason, 1
        to 255 characters. ITSM calls back during this request, as for `withdraw`. Use the function also to
        terminate at a node: ITSM's action for one node fails on current servers.

        Fails with `GiveUp` when `operator` may not terminate the ticket, for example as its creator alone, or
        when the ticket has ended. Fails with `FixArgument` `sn` when no ticket has the number.
        """
        await self._call("operations.terminate", connection, sn, operator, message)

    async def suspend(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Suspends a ticket, as one of its current processors or as a ticket manager. `message` is the reason, 1
        to 255 characters. A suspended ticket can still be approved over the API. Do not suspend a ticket twice:
        one `resume` would then succeed and leave the ticket suspended.

        Fails with `GiveUp` when `operator` may not suspend the ticket, or when the ticket has ended. Fails
        with `FixArgument` `sn` when no ticket has the number.
        """
        await self._call("operations.suspend", connection, sn, operator, message)

    async def resume(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        message: str,
    ) -> None:
        """Resumes a suspended ticket, as one of its current processors or as a ticket manager. `message` is the
        reason, 1 to 255 characters. Read `tickets.status` afterwards to see whether the ticket runs.

        Fails with `GiveUp` when `operator` may not resume the ticket, or when the ticket has ended. Fails with
        `FixArgument` `sn` when no ticket has the number.
        """
        await self._call("operations.resume", connection, sn, operator, message)

    async def node_result(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
    ) -> NodeDecision:
        """Reads the decision of a finished approval. Take the node's id from `tickets.status` while the node is
        running, or from `services.nodes`.

        Fails with `FixArgument` `sn` when no ticket has the number. Fails with `FixArgument` `node-id` and
        code 3900005 when the node has not finished. Over an ESB, fails with `FixArgument`
        `Connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        return await self._call("operations.node_result", connection, sn, node_id)

    async def approvers(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
    ) -> tuple[str, ...]:
        """Reads the users who have decided at an approval. Empty while nobody has decided. When two users decide
        at the same moment and one decision is enough, ITSM names both.

        Fails with `FixArgument` `sn` when no ticket has the number. Over an ESB, fails with
        `FixArgument` `connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        return await self._call("operations.approvers", connection, sn, node_id)

    async def rate(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        stars: int,
        comments: str,
    ) -> None:
        """Rates a `FINISHED` ticket (ITSM's action `comment`, over an ESB `comment_ticket`). A ticket can be rated
        once. `stars` is 1 to 5. `comments` has at most 255 characters and can be empty. The operator's name has
        at most 16 characters.

        Fails with `FixArgument` `sn` when the ticket is not `FINISHED` or was already rated, and with the name
        of an argument that is beyond its limits.
        """
        await self._call("operations.rate", connection, sn, operator, stars, comments)

    async def follow(
        self,
        connection: types.Connection,
        sn: str,
        users: Sequence[str],
    ) -> None:
        """Adds followers to a ticket. Fails with `FixArgument` `sn` when no ticket has the number, and with
        `FixArgument` `users` when the list is empty. Over an ESB, fails with `FixArgument`
        `Connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        await self._call("operations.follow", connection, sn, users)

    async def unfollow(
        self,
        connection: types.Connection,
        sn: str,
        users: Sequence[str],
    ) -> None:
        """Removes followers from a ticket. Fails as `follow` does."""
        await self._call("operations.unfollow", connection, sn, users)


# fmt: off
WIT: dict[str, Any] = {
    "operations.node-decision": ("record", NodeDecision, "string", ("list", "string"), "bool", "string"),
}
FUNCTIONS: dict[str, Function] = {
    "withdraw": Function("withdraw", (("connection", "types.connection"), ("sn", "string"), ("operator", "string"), ("message", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "terminate": Function("terminate", (("connection", "types.connection"), ("sn", "string"), ("operator", "string"), ("message", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "suspend": Function("suspend", (("connection", "types.connection"), ("sn", "string"), ("operator", "string"), ("message", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "resume": Function("resume", (("connection", "types.connection"), ("sn", "string"), ("operator", "string"), ("message", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "node_result": Function("node-result", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ), ("result", "operations.node-decision", "types.failure"), types.ItsmError, True),
    "approvers": Function("approvers", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ), ("result", ("list", "string"), "types.failure"), types.ItsmError, True),
    "rate": Function("rate", (("connection", "types.connection"), ("sn", "string"), ("operator", "string"), ("stars", "u8"), ("comments", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "follow": Function("follow", (("connection", "types.connection"), ("sn", "string"), ("users", ("list", "string")), ), ("result", None, "types.failure"), types.ItsmError, True),
    "unfollow": Function("unfollow", (("connection", "types.connection"), ("sn", "string"), ("users", ("list", "string")), ), ("result", None, "types.failure"), types.ItsmError, True),
}
# fmt: on
