"""blueking:itsm/tickets: creating tickets, and asking ITSM about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Protocol

from .cases import Case, Words
from .types import (
    CallbackTarget,
    Confirmation,
    Connection,
    CreatedTicket,
    Decision,
    Field,
    NodeProcessors,
    Recovery,
    RunningNode,
    Ticket,
)


class ServiceId(Case[int]):
    """A service of the site. The ticket takes its project."""


@dataclass(frozen=True)
class FastApproval:
    """ITSM's built-in approval: one node, no service to set up. One of the approvers is enough."""

    approvers: Sequence[str]
    content: str


Service = ServiceId | FastApproval


@dataclass(frozen=True)
class NewTicket:
    """A ticket to be made. Its `tag`, from `callbacks.bind` or `new_tag`, is a secret: store it before `create`."""

    tag: str = field(repr=False)
    service: Service
    creator: str
    title: str
    fields: Sequence[Field] = ()
    processors: Sequence[NodeProcessors] = ()
    callback: CallbackTarget | None = None
    extra_json: str | None = None


@dataclass(frozen=True)
class ApprovalResult:
    """One row of ITSM's results. No verdict follows from it alone."""

    sn: str
    title: str
    status: str
    approve_result: bool
    ticket_url: str
    updated_by: tuple[str, ...]
    updated_at: str


@dataclass(frozen=True)
class TicketFilter:
    """Which tickets. What is empty or `None` does not narrow. Times are the server's local time."""

    sns: Sequence[str] = ()
    creator: str | None = None
    tag: str | None = field(default=None, repr=False)
    project_key: str | None = None
    service_ids: Sequence[int] = ()
    bk_biz_ids: Sequence[int] = ()
    statuses: Sequence[str] = ()
    created_from: str | None = None
    created_to: str | None = None
    ended_from: str | None = None
    ended_to: str | None = None
    waiting_for: str | None = None


@dataclass(frozen=True)
class TicketPage:
    """A page of tickets, newest first."""

    tickets: tuple[Ticket, ...]
    page: int
    pages: int
    total: int


class UserView(StrEnum):
    """Which of a user's tickets."""

    TODO = auto()
    CREATED = auto()
    HISTORY = auto()
    DEALT = auto()
    ATTENTION = auto()
    APPROVAL = auto()


@dataclass(frozen=True)
class UserFilter:
    """Which of a user's tickets, beside the view. `None` does not narrow. Times are the server's local time."""

    service_id: int | None = None
    catalog_id: int | None = None
    created_from: str | None = None
    created_to: str | None = None


@dataclass(frozen=True)
class UserTicket:
    """A ticket as ITSM lists it for a user. When it ended is not told here."""

    sn: str
    id: str
    title: str
    creator: str
    service: str
    service_name: str
    project_key: str
    status: str
    created_at: str
    processors: tuple[str, ...]
    waiting_approve: bool


@dataclass(frozen=True)
class UserTicketPage:
    """A page of a user's tickets, newest first."""

    tickets: tuple[UserTicket, ...]
    page: int
    pages: int
    total: int


@dataclass(frozen=True)
class TicketStatus:
    """Where a ticket stands. `status` does not tell whether it has ended: `confirm` does."""

    status: str
    running: tuple[RunningNode, ...]
    allowed_actions: tuple[str, ...]
    ticket_url: str


@dataclass(frozen=True)
class FilledField:
    """A field of a ticket's form, as filled in: `value_json` for programs, `display` for people."""

    key: str
    name: str
    kind: str
    value_json: str
    display: str


@dataclass(frozen=True)
class TicketInfo:
    """A ticket with its form. A key can occur twice: for the ticket, and for the first node."""

    ticket: Ticket
    running: tuple[RunningNode, ...]
    fields: tuple[FilledField, ...]


@dataclass(frozen=True)
class LogEntry:
    """A line of a ticket's log, for people. `operator` is empty for the system."""

    operator: str
    at: str
    message: str
    source: str


class Ending(StrEnum):
    """How a ticket stands or ended, finer than a `Verdict`, and never against it."""

    OPEN = auto()
    STUCK = auto()
    APPROVED = auto()
    COMPLETED = auto()
    REJECTED = auto()
    REJECTED_AND_TERMINATED = "rejected-and-terminated"
    TERMINATED = auto()
    WITHDRAWN = auto()
    CLOSED = auto()
    UNDETERMINED = auto()


@dataclass(frozen=True)
class Explanation:
    """Who decided, and why; what an open ticket waits for; and the reason where nothing else tells."""

    ticket: Ticket
    ending: Ending
    decisions: tuple[Decision, ...]
    waiting_for: tuple[RunningNode, ...]
    words: Words


@dataclass(frozen=True)
class Confirmed:
    """What ITSM says of one of the tickets that `reconcile` was asked for."""

    sn: str
    confirmation: Confirmation


class Tickets(Protocol):
    """The functions. What changes something is sent once; what only reads may be repeated within the deadline."""

    def new_operation_id(self) -> str:
        """A new operation id: 128 random bits as 26 lower-case letters and digits. It is public."""

    def new_tag(self) -> str:
        """A new tag, for a ticket without a callback; with one, `callbacks.bind` gives it. It is a secret."""

    def create(self, connection: Connection, ticket: NewTicket) -> CreatedTicket:
        """Creates a ticket.

        When the error's `may_have_acted` is true the ticket may exist: do not call again, `recover` it.
        """

    def confirm(self, connection: Connection, sn: str, tag: str) -> Confirmation:
        """Asks ITSM itself what became of the ticket that a callback names. `tag` is the operation's own."""

    def confirm_own(self, connection: Connection, sn: str) -> Confirmation:
        """The same for a number from one's own record. Never give it a number that a callback names."""

    def recover(self, connection: Connection, ticket: NewTicket) -> Recovery:
        """Looks a ticket up by its tag, after an answer to `create` was lost. `ticket` is what `create` was given."""

    def reconcile(self, connection: Connection, sns: Sequence[str]) -> tuple[Confirmed, ...]:
        """Asks what became of 1 to 50 of one's own tickets, whose callbacks may have been lost."""

    def approval_results(self, connection: Connection, sns: Sequence[str]) -> tuple[ApprovalResult, ...]:
        """Reads the results of 1 to 50 of one's own tickets, which takes them off ITSM's failed list."""

    def verify_token(self, connection: Connection, token: str) -> bool:
        """Whether ITSM issued this token to somebody, some day. It proves nothing about a callback."""

    def failed_callbacks(self, connection: Connection, among: Sequence[str]) -> tuple[str, ...]:
        """Which of these tickets are on ITSM's list of failed callbacks. A hint only: the list is everybody's."""

    def search(self, connection: Connection, filter: TicketFilter, page: int, page_size: int) -> TicketPage:
        """Finds tickets. `page` counts from 1; `page_size` is 1 to 10 000."""

    def search_by_user(
        self, connection: Connection, user: str, view: UserView, filter: UserFilter, page: int, page_size: int
    ) -> UserTicketPage:
        """Finds the tickets that concern a user."""

    def status(self, connection: Connection, sn: str) -> TicketStatus:
        """Where a ticket stands, and what may be done at its running nodes."""

    def info(self, connection: Connection, sn: str) -> TicketInfo:
        """A ticket with its form and its end, if it has ended."""

    def log(self, connection: Connection, sn: str) -> tuple[LogEntry, ...]:
        """A ticket's log, oldest first."""

    def explain(self, connection: Connection, sn: str) -> Explanation:
        """Says how a ticket stands or ended, who decided, and why. For people: to act, use `confirm`."""
