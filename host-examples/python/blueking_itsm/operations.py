"""blueking:itsm/operations: doing something with a ticket that exists. Waiting for an approval needs none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .tickets import Field
from .types import Connection


@dataclass(frozen=True)
class NodeDecision:
    """What was decided at a finished approval. `approved` is false also for a node that is no approval."""

    name: str
    processed_by: tuple[str, ...]
    approved: bool
    remark: str


class Operations(Protocol):
    """The functions. Each is sent once: when `may_have_acted` is true, read the ticket before trying again."""

    def withdraw(self, connection: Connection, sn: str, operator: str, message: str) -> None:
        """Takes a ticket back, as its creator. ITSM calls back inside this request, and waits for the answer."""

    def terminate(self, connection: Connection, sn: str, operator: str, message: str) -> None:
        """Ends a ticket, as a current processor or a ticket manager. Calls back inside this request."""

    def suspend(self, connection: Connection, sn: str, operator: str, message: str) -> None:
        """Holds a ticket. Not twice: one `resume` would then succeed and leave it suspended."""

    def resume(self, connection: Connection, sn: str, operator: str, message: str) -> None:
        """Lets a suspended ticket go on. Read `tickets.status` afterwards."""

    def approve(
        self, connection: Connection, sn: str, state_id: int, approver: str, approved: bool, remark: str
    ) -> None:
        """Decides an approval, as one of its processors. `approved` false refuses."""

    def transition(
        self, connection: Connection, sn: str, state_id: int, operator: str, fields: Sequence[Field]
    ) -> None:
        """Submits a node's form, as one of its processors."""

    def claim(self, connection: Connection, sn: str, state_id: int, operator: str) -> None:
        """Claims a node that several may handle."""

    def distribute(
        self, connection: Connection, sn: str, state_id: int, operator: str, users: Sequence[str]
    ) -> None:
        """Gives a node to users, where its flow wants somebody to distribute it."""

    def deliver(
        self, connection: Connection, sn: str, state_id: int, operator: str, users: Sequence[str], message: str
    ) -> None:
        """Hands a node over to users, where its flow allows it."""

    def node_result(self, connection: Connection, sn: str, state_id: int) -> NodeDecision:
        """What was decided at an approval that has finished."""

    def approvers(self, connection: Connection, sn: str, state_id: int) -> tuple[str, ...]:
        """Who decided at an approval so far."""

    def comment(self, connection: Connection, sn: str, operator: str, stars: int, comments: str) -> None:
        """Rates a ticket that is `FINISHED`, once: 1 to 5 stars."""

    def follow(self, connection: Connection, sn: str, users: Sequence[str]) -> None:
        """Makes users follow a ticket."""

    def unfollow(self, connection: Connection, sn: str, users: Sequence[str]) -> None:
        """Makes users no longer follow a ticket."""

    def edit_fields(self, connection: Connection, sn: str, operator: str, fields: Sequence[Field]) -> None:
        """Changes fields of the form with which the ticket was made."""
