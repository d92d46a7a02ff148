"""blueking:itsm/tickets: creating tickets, and asking ITSM about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Protocol

from .cases import Case
from .types import Confirmation, Connection, CreatedTicket, Header, Recovery, Ticket


class ServiceId(Case[int]):
    """A service of the site. The ticket takes its project."""


@dataclass(frozen=True)
class FastApproval:
    """ITSM's built-in approval: one node, no service to set up. One of the approvers is enough."""

    approvers: Sequence[str]
    content: str


Service = ServiceId | FastApproval


class Text(Case[str]):
    """Text."""


class People(Case[Sequence[str]]):
    """One or more user names, for a field that chooses people."""


class Json(Case[str]):
    """Anything else, as JSON text."""


FieldValue = Text | People | Json


@dataclass(frozen=True)
class Field:
    """One field of the service's form."""

    key: str
    value: FieldValue


@dataclass(frozen=True)
class Processors:
    """Who handles one node of the flow, instead of those that the flow names."""

    state_id: int
    users: Sequence[str]


@dataclass(frozen=True)
class CallbackTarget:
    """Where ITSM reports the end of the ticket, with the header from `callbacks.bind`."""

    url: str
    headers: Sequence[Header] = field(repr=False)


@dataclass(frozen=True)
class NewTicket:
    """A ticket to be made. Store the `operation_id`, from `new_operation_id`, before `create` is called."""

    operation_id: str
    service: Service
    creator: str
    title: str
    fields: Sequence[Field] = ()
    processors: Sequence[Processors] = ()
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
    tag: str | None = None
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
class UserTicket:
    """A ticket as ITSM lists it for a user. When it ended is not told here."""

    sn: str
    id: int
    title: str
    creator: str
    service_id: int
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
class Step:
    """A step that runs. `operations` is empty in a `TicketInfo`, which does not tell."""

    state_id: int
    name: str
    status: str
    processors: tuple[str, ...]
    operations: tuple[str, ...]


@dataclass(frozen=True)
class TicketStatus:
    """Where a ticket stands. `status` does not tell whether it has ended: `confirm` does."""

    status: str
    steps: tuple[Step, ...]
    operations: tuple[str, ...]
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
    steps: tuple[Step, ...]
    fields: tuple[FilledField, ...]


@dataclass(frozen=True)
class LogEntry:
    """A line of a ticket's log, for people. `operator` is empty for the system."""

    operator: str
    at: str
    message: str
    source: str


class Ending(StrEnum):
    """How a ticket stands or ended, finer than a `Verdict`."""

    OPEN = auto()
    STUCK = auto()
    APPROVED = auto()
    APPROVED_BY_NOBODY = "approved-by-nobody"
    REFUSED = auto()
    REFUSED_AND_TERMINATED = "refused-and-terminated"
    TERMINATED_BY_HANDLER = "terminated-by-handler"
    WITHDRAWN = auto()
    CLOSED = auto()
    UNDETERMINED = auto()


@dataclass(frozen=True)
class Decision:
    """What somebody decided at an approval. The same `node_key` means the same node."""

    operator: str
    approved: bool
    remark: str
    at: str
    node_key: str


@dataclass(frozen=True)
class Explanation:
    """Who decided, and why; and what an open ticket waits for."""

    ticket: Ticket
    ending: Ending
    decisions: tuple[Decision, ...]
    waiting_for: tuple[Step, ...]


@dataclass(frozen=True)
class Confirmed:
    """What ITSM says of one of the tickets that `reconcile` was asked for."""

    sn: str
    confirmation: Confirmation


class Tickets(Protocol):
    """The functions. What changes something is sent once; what only reads may be repeated within the deadline."""

    def new_operation_id(self) -> str:
        """A new operation id: 128 random bits as 26 lower-case letters and digits."""

    def create(self, connection: Connection, ticket: NewTicket) -> CreatedTicket:
        """Creates a ticket.

        When the error's `may_have_acted` is true the ticket may exist: do not call again, `recover` it.
        """

    def confirm(self, connection: Connection, sn: str, operation_id: str | None) -> Confirmation:
        """Asks ITSM itself what became of a ticket. The only way to an `Outcome`.

        With `operation_id`, `sn` may come from a callback. With `None`, it must come from what `create` answered.
        """

    def recover(self, connection: Connection, ticket: NewTicket) -> Recovery:
        """Looks an operation up by its tag, after an answer to `create` was lost. `ticket` is that of `create`."""

    def reconcile(self, connection: Connection, sns: Sequence[str]) -> tuple[Confirmed, ...]:
        """Asks what became of 1 to 50 of one's own tickets, whose callbacks may have been lost."""

    def approval_results(self, connection: Connection, sns: Sequence[str]) -> tuple[ApprovalResult, ...]:
        """Reads the results of 1 to 50 of one's own tickets, which takes them off ITSM's failed list."""

    def verify_token(self, connection: Connection, token: str) -> bool:
        """Whether ITSM issued this token to somebody, some day. It proves nothing about a callback."""

    def failed_callbacks(self, connection: Connection, among: Sequence[str]) -> tuple[str, ...]:
        """Which of these tickets are on ITSM's list of failed callbacks. A hint only: the list is everybody's."""

    def list(self, connection: Connection, filter: TicketFilter, page: int, page_size: int) -> TicketPage:
        """Finds tickets. `page` counts from 1; `page_size` is 1 to 10 000."""

    def list_by_user(
        self, connection: Connection, user: str, view: UserView, page: int, page_size: int
    ) -> UserTicketPage:
        """Finds the tickets that concern a user."""

    def status(self, connection: Connection, sn: str) -> TicketStatus:
        """Where a ticket stands, and what may be done at its running steps."""

    def info(self, connection: Connection, sn: str) -> TicketInfo:
        """A ticket with its form and its end, if it has ended."""

    def log(self, connection: Connection, sn: str) -> tuple[LogEntry, ...]:
        """A ticket's log, oldest first."""

    def explain(self, connection: Connection, sn: str) -> Explanation:
        """Says how a ticket stands or ended, who decided, and why. For people: to act, use `confirm`."""
