"""blueking:itsm/operations: doing something with one's own ticket. Waiting for an approval needs none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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

    def node_result(self, connection: Connection, sn: str, node_id: int) -> NodeDecision:
        """What was decided at an approval that has finished."""

    def approvers(self, connection: Connection, sn: str, node_id: int) -> tuple[str, ...]:
        """Who decided at an approval so far."""

    def rate(self, connection: Connection, sn: str, operator: str, stars: int, comments: str) -> None:
        """Rates a ticket that is `FINISHED`, once: 1 to 5 stars."""

    def follow(self, connection: Connection, sn: str, users: Sequence[str]) -> None:
        """Makes users follow a ticket."""

    def unfollow(self, connection: Connection, sn: str, users: Sequence[str]) -> None:
        """Makes users no longer follow a ticket."""
