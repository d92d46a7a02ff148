"""blueking:itsm/handling: handling tickets in somebody's name. Whoever may call this can approve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .types import Connection, Field, People


@dataclass(frozen=True)
class AssigneeGroup:
    """A group of people that ITSM resolves: its kind, such as `GENERAL` or `ORGANIZATION`, and its id."""

    kind: str
    id: str


Assignees = People | AssigneeGroup
"""Who gets a node."""


class Handling(Protocol):
    """The functions. Each is sent once: when `may_have_acted` is true, read the ticket before trying again."""

    def approve(
        self, connection: Connection, sn: str, node_id: int, approver: str, approved: bool, remark: str
    ) -> None:
        """Decides an approval, as one of its processors. `approved` false refuses."""

    def transition(self, connection: Connection, sn: str, node_id: int, operator: str, fields: Sequence[Field]) -> None:
        """Submits a node's form, as one of its processors."""

    def claim(self, connection: Connection, sn: str, node_id: int, operator: str) -> None:
        """Claims a node that several may handle."""

    def distribute(self, connection: Connection, sn: str, node_id: int, operator: str, to: Assignees) -> None:
        """Gives a node to somebody, where its flow wants somebody to distribute it."""

    def hand_over(
        self, connection: Connection, sn: str, node_id: int, operator: str, to: Assignees, message: str
    ) -> None:
        """Hands a node over to somebody, where its flow allows it."""

    def edit_fields(self, connection: Connection, sn: str, operator: str, fields: Sequence[Field]) -> None:
        """Changes fields of the form with which the ticket was made."""
