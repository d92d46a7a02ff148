"""blueking:itsm/handling.

Functions that handle tickets for a named user: they decide approvals and submit forms. A caller of the
interface can approve, so the world `consumer` does not import it.

The component sends each change once and never repeats it. When `Failure.may_have_acted` is true, read the
ticket before you call again. ITSM records each change under the name of the given user, without a proof
from that user: the host must make sure that the user agrees.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from . import types
from ._dataclass import dataclass
from ._interface import AsyncInterface, Function, Interface


@dataclass(frozen=True)
class AssigneeGroup:
    """A group of users that ITSM knows."""

    kind: str
    """The kind of group, in ITSM's word: `GENERAL` (a role) or `ORGANIZATION`."""

    id: str
    """The group's id."""


Assignees = Union[
    types.People,
    AssigneeGroup,
]
"""The users who get a node."""


class Handling(Interface):
    """Functions that handle tickets for a named user: they decide approvals and submit forms. A caller of the
    interface can approve, so the world `consumer` does not import it.

    The component sends each change once and never repeats it. When `Failure.may_have_acted` is true, read the
    ticket before you call again. ITSM records each change under the name of the given user, without a proof
    from that user: the host must make sure that the user agrees.
    """

    def approve(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        approver: str,
        approved: bool,
        remark: str,
    ) -> None:
        """Decides an approval, as one of the node's processors. `approved` is true for yes and false for no.
        `remark` can be empty. When two users decide at the same moment and one decision is enough, ITSM answers
        both with success and counts one decision. A suspended ticket can still be approved.

        No ESB publishes the action. Over an ESB the component reads the node's form and submits the form, as
        `tickets.status` and `transition` do. There a no requires a remark. If the form requires more than the
        decision and a remark, use `transition` with all fields.

        Fails with `LookUp` when the node is not running or `approver` is not one of its processors, because
        ITSM's answer does not prove that nothing was done. Over an ESB, fails with `FixArgument` `node-id`
        when the node is not a running approval or its form requires more: nothing was sent then. Fails with
        `FixArgument` `sn` when no ticket has the number.
        """
        self._call("handling.approve", connection, sn, node_id, approver, approved, remark)

    def transition(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
        fields: Sequence[types.Field],
    ) -> None:
        """Submits the form of a node, as one of its processors. `fields` are at least the required fields of
        `RunningNode.fields`.

        Fails with `FixArgument` when a required field is missing or a value is `Json`. Fails with
        `GiveUp` when `operator` may not handle the node.
        """
        self._call("handling.transition", connection, sn, node_id, operator, fields)

    def claim(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
    ) -> None:
        """Claims a node that several users may handle: `operator` becomes the node's processor. Fails with
        `FixArgument` `node-id` when the node can't be claimed, and with `GiveUp` when `operator` may not
        claim it.
        """
        self._call("handling.claim", connection, sn, node_id, operator)

    def distribute(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
        to: Assignees,
    ) -> None:
        """Assigns a node to `to`, where the flow requires that somebody distributes the node. Fails with
        `FixArgument` when `to` is empty, and with `GiveUp` when `operator` may not distribute the node.
        """
        self._call("handling.distribute", connection, sn, node_id, operator, to)

    def hand_over(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
        to: Assignees,
        message: str,
    ) -> None:
        """Hands a node over to `to` (ITSM's DELIVER), where the flow allows a hand-over. `message` is the reason,
        1 to 255 characters. Fails with `FixArgument` when the flow does not allow a hand-over or an argument
        is invalid, and with `GiveUp` when `operator` may not hand the node over.
        """
        self._call("handling.hand_over", connection, sn, node_id, operator, to, message)

    def edit_fields(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        fields: Sequence[types.Field],
    ) -> None:
        """Changes fields of the form with which an open ticket was created. ITSM requires each field's type, so
        the component reads the form first. ITSM does not check `operator`: it only writes the name into the
        log. ITSM stores the value of a field of the type `MEMBERS` without a check.

        Fails with `FixArgument` `sn` when no ticket has the number. Fails with `FixArgument` `fields` when
        the form does not contain a key, or when the ticket has ended: nothing was changed. Over an ESB, fails
        with `FixArgument` `connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        self._call("handling.edit_fields", connection, sn, operator, fields)


class AsyncHandling(AsyncInterface):
    """Functions that handle tickets for a named user: they decide approvals and submit forms. A caller of the
    interface can approve, so the world `consumer` does not import it.

    The component sends each change once and never repeats it. When `Failure.may_have_acted` is true, read the
    ticket before you call again. ITSM records each change under the name of the given user, without a proof
    from that user: the host must make sure that the user agrees.
    """

    async def approve(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        approver: str,
        approved: bool,
        remark: str,
    ) -> None:
        """Decides an approval, as one of the node's processors. `approved` is true for yes and false for no.
        `remark` can be empty. When two users decide at the same moment and one decision is enough, ITSM answers
        both with success and counts one decision. A suspended ticket can still be approved.

        No ESB publishes the action. Over an ESB the component reads the node's form and submits the form, as
        `tickets.status` and `transition` do. There a no requires a remark. If the form requires more than the
        decision and a remark, use `transition` with all fields.

        Fails with `LookUp` when the node is not running or `approver` is not one of its processors, because
        ITSM's answer does not prove that nothing was done. Over an ESB, fails with `FixArgument` `node-id`
        when the node is not a running approval or its form requires more: nothing was sent then. Fails with
        `FixArgument` `sn` when no ticket has the number.
        """
        await self._call("handling.approve", connection, sn, node_id, approver, approved, remark)

    async def transition(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
        fields: Sequence[types.Field],
    ) -> None:
        """Submits the form of a node, as one of its processors. `fields` are at least the required fields of
        `RunningNode.fields`.

        Fails with `FixArgument` when a required field is missing or a value is `Json`. Fails with
        `GiveUp` when `operator` may not handle the node.
        """
        await self._call("handling.transition", connection, sn, node_id, operator, fields)

    async def claim(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
    ) -> None:
        """Claims a node that several users may handle: `operator` becomes the node's processor. Fails with
        `FixArgument` `node-id` when the node can't be claimed, and with `GiveUp` when `operator` may not
        claim it.
        """
        await self._call("handling.claim", connection, sn, node_id, operator)

    async def distribute(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
        to: Assignees,
    ) -> None:
        """Assigns a node to `to`, where the flow requires that somebody distributes the node. Fails with
        `FixArgument` when `to` is empty, and with `GiveUp` when `operator` may not distribute the node.
        """
        await self._call("handling.distribute", connection, sn, node_id, operator, to)

    async def hand_over(
        self,
        connection: types.Connection,
        sn: str,
        node_id: int,
        operator: str,
        to: Assignees,
        message: str,
    ) -> None:
        """Hands a node over to `to` (ITSM's DELIVER), where the flow allows a hand-over. `message` is the reason,
        1 to 255 characters. Fails with `FixArgument` when the flow does not allow a hand-over or an argument
        is invalid, and with `GiveUp` when `operator` may not hand the node over.
        """
        await self._call("handling.hand_over", connection, sn, node_id, operator, to, message)

    async def edit_fields(
        self,
        connection: types.Connection,
        sn: str,
        operator: str,
        fields: Sequence[types.Field],
    ) -> None:
        """Changes fields of the form with which an open ticket was created. ITSM requires each field's type, so
        the component reads the form first. ITSM does not check `operator`: it only writes the name into the
        log. ITSM stores the value of a field of the type `MEMBERS` without a check.

        Fails with `FixArgument` `sn` when no ticket has the number. Fails with `FixArgument` `fields` when
        the form does not contain a key, or when the ticket has ended: nothing was changed. Over an ESB, fails
        with `FixArgument` `connection.endpoint`, because no ESB publishes the action: use a gateway.
        """
        await self._call("handling.edit_fields", connection, sn, operator, fields)


# fmt: off
WIT: dict[str, Any] = {
    "handling.assignee-group": ("record", AssigneeGroup, "string", "string"),
    "handling.assignees": ("variant", (types.People, ("list", "string")), (AssigneeGroup, "handling.assignee-group")),
}
FUNCTIONS: dict[str, Function] = {
    "approve": Function("approve", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ("approver", "string"), ("approved", "bool"), ("remark", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "transition": Function("transition", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ("operator", "string"), ("fields", ("list", "types.field")), ), ("result", None, "types.failure"), types.ItsmError, True),
    "claim": Function("claim", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ("operator", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "distribute": Function("distribute", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ("operator", "string"), ("to", "handling.assignees"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "hand_over": Function("hand-over", (("connection", "types.connection"), ("sn", "string"), ("node_id", "u64"), ("operator", "string"), ("to", "handling.assignees"), ("message", "string"), ), ("result", None, "types.failure"), types.ItsmError, True),
    "edit_fields": Function("edit-fields", (("connection", "types.connection"), ("sn", "string"), ("operator", "string"), ("fields", ("list", "types.field")), ), ("result", None, "types.failure"), types.ItsmError, True),
}
# fmt: on
