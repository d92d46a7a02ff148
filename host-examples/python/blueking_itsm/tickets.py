"""blueking:itsm/tickets.

Functions that create tickets and ask ITSM about tickets.

Each function that has a `connection` sends requests and waits at most `Connection.deadline_ms` for the
answers. The component follows no redirect and reads at most 4 MiB of an answer. A request that changes
something is sent once. A request that only reads is sent up to three times within the deadline.

Each such function fails with `FixArgument` when an argument is invalid: nothing was sent then. The
gateway, the ESB, ITSM and the network can make each such function fail: `Failure.advice` names the next
step.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from . import types
from ._dataclass import dataclass, field
from ._interface import AsyncInterface, Function, Interface
from .cases import Case, Word


@dataclass(frozen=True)
class FastApproval:
    """ITSM's built-in approval. The approval has one node and needs no service of the site."""

    approvers: Sequence[str]
    """The approvers: at least one user name, each in a text of its own. One decision is enough. A text with
    two names, a blank or an invisible character is refused, because ITSM accepts any text as a name.
    """

    content: str
    """The text that the approvers read. The text must not be blank."""


class ServiceId(Case[int]):
    """A service of the site, by its id. The ticket takes the service's project."""


Service = Union[
    ServiceId,
    FastApproval,
]
"""The subject of the request."""


@dataclass(frozen=True)
class NewTicket:
    """A ticket to create."""

    tag: str = field(repr=False)
    """The tag from `callbacks.bind` or `new_tag`: 1 to 32 lower-case letters and digits, a new one for each
    ticket. Store the tag before you call `create`. ITSM stores the tag with the ticket and never shows
    it. The tag finds the ticket when an answer was lost, and proves which ticket a callback is about. The
    tag is a secret.
    """

    service: Service
    """The service, or the built-in approval."""

    creator: str
    """The user for whom the ticket is created: 1 to 64 characters."""

    title: str
    """The ticket's title: not blank, at most 128 characters. Each quotation mark counts as six characters
    and each angle bracket as four, because ITSM stores them in HTML's form. A longer title would leave a
    ticket that never starts. Characters beyond Unicode's basic plane (emoji) are refused in every text of
    a ticket: servers fail on them or leave a ticket that never starts.
    """

    fields: Sequence[types.Field] = ()
    """The other fields of the service's form."""

    processors: Sequence[types.NodeProcessors] = ()
    """The nodes whose processors the ticket itself names, each node once."""

    callback: types.CallbackTarget | None = None
    """The address to which ITSM reports the end of the ticket. With `None`, ITSM sends no callback: ask with
    `confirm_own`.
    """

    extra_json: str | None = None
    """Additional members of the request's body as a JSON object, such as `{"meta":{"envs":{}}}`. Members
    that another field of the record or the connection sets are refused, also inside `meta`. The component
    checks `dynamic_fields`: ITSM checks them only after it has created the ticket.
    """


@dataclass(frozen=True)
class ApprovalResult:
    """One of ITSM's results. No verdict follows from a result alone: a trigger can set a status."""

    sn: str
    """The ticket's number."""

    title: str
    """The ticket's title."""

    status: str
    """The ticket's status, in ITSM's own word."""

    approve_result: bool
    """True only when the status is `FINISHED` and no approval said no. False while a ticket is open."""

    ticket_url: str
    """The address of the ticket's page."""

    updated_by: tuple[str, ...]
    """The users who handled the ticket, in order."""

    updated_at: str
    """The time of the last change: the server's local time, without a zone."""


@dataclass(frozen=True)
class TicketFilter:
    """The conditions of a search. A ticket must meet all of them. An empty list and `None` set no condition. A
    blank text is refused, because ITSM would answer with every ticket. A time is the server's local time
    without a zone, such as `2026-11-24 07:26:12`, or a date, which means its midnight.

    Older servers ignore conditions that they do not know. The search then fails and names the condition: it
    never returns tickets that the filter excludes.
    """

    sns: Sequence[str] = ()
    """The ticket's number is one of these."""

    creator: str | None = None
    """The ticket was created for this user."""

    tag: str | None = field(default=None, repr=False)
    """The ticket carries this tag. Servers before V2.6.1.394 ignore the condition; V2.6.1.394 to V2.6.2
    filter by tags and do not store them: `diagnosis.diagnose` reports both.
    """

    project_key: str | None = None
    """The ticket belongs to the project with this key. Servers before V2.6.3 ignore the condition."""

    service_ids: Sequence[int] = ()
    """The ticket's service has one of these ids."""

    bk_biz_ids: Sequence[int] = ()
    """The ticket's business has one of these ids."""

    statuses: Sequence[str] = ()
    """The ticket's status is one of these, in ITSM's words. Servers before V2.6.1.391 ignore the condition."""

    created_from: str | None = None
    """The ticket was created at this time or later."""

    created_to: str | None = None
    """The ticket was created at this time or earlier."""

    ended_from: str | None = None
    """The ticket ended at this time or later."""

    ended_to: str | None = None
    """The ticket ended at this time or earlier."""

    waiting_for: str | None = None
    """The ticket is running and waits for this user."""


@dataclass(frozen=True)
class TicketPage:
    """A page of tickets."""

    tickets: tuple[types.Ticket, ...]
    """The tickets, newest first. Empty for a page after the last page."""

    page: int
    """The number of the page, from 1."""

    pages: int
    """The number of pages, at least 1."""

    total: int
    """The number of tickets on all pages."""


class UserView(Word):
    """The relation between a user and the tickets of a search."""

    TODO = "todo"
    """Tickets that wait for the user."""

    CREATED = "created"
    """Tickets that were created for the user."""

    HISTORY = "history"
    """Ended tickets that the user handled, without those that were created for the user."""

    DEALT = "dealt"
    """Tickets that the user handled and tickets that wait for the user. On some sites, all tickets that the
    user may see.
    """

    ATTENTION = "attention"
    """Tickets that the user follows."""

    APPROVAL = "approval"
    """Tickets that wait for an approval by the user."""


@dataclass(frozen=True)
class UserFilter:
    """Conditions in addition to the view. `None` sets no condition. A time is the server's local time, such as
    `2026-11-24 07:26:12`. Give both times or neither: ITSM ignores one without the other.
    """

    service_id: int | None = None
    """The ticket's service has this id."""

    catalog_id: int | None = None
    """The ticket's service lies in the catalogue with this id."""

    created_from: str | None = None
    """The ticket was created at this time or later."""

    created_to: str | None = None
    """The ticket was created at this time or earlier."""


@dataclass(frozen=True)
class UserTicket:
    """A ticket, as ITSM lists it for a user. The record does not contain the time of the end. Right after a
    ticket was created, ITSM can send an incomplete record: `service_name` is then empty and
    `waiting_approve` is false.
    """

    sn: str
    """The ticket's number."""

    id: str
    """The ticket's id in ITSM's database, an opaque text."""

    title: str
    """The ticket's title."""

    creator: str
    """The user for whom the ticket was created."""

    service: str
    """The id of the ticket's service. Empty when the server gives none."""

    service_name: str
    """The name of the ticket's service."""

    project_key: str
    """The key of the ticket's project."""

    status: str
    """The ticket's status, in ITSM's own word."""

    created_at: str
    """The time of creation: the server's local time, without a zone."""

    processors: tuple[str, ...]
    """The users who have to handle the ticket now."""

    waiting_approve: bool
    """True when the ticket waits for an approval by the user."""


@dataclass(frozen=True)
class UserTicketPage:
    """A page of a user's tickets."""

    tickets: tuple[UserTicket, ...]
    """The tickets, newest first. Empty for a page after the last page."""

    page: int
    """The number of the page, from 1."""

    pages: int
    """The number of pages, at least 1."""

    total: int
    """The number of tickets on all pages."""


@dataclass(frozen=True)
class TicketStatus:
    """The present state of a ticket."""

    status: str
    """The ticket's status, in ITSM's own word. The status does not show whether the ticket has ended: use
    `confirm` or `confirm_own`.
    """

    running: tuple[types.RunningNode, ...]
    """The nodes that are running. Empty for a moment after the creation and between two nodes, and while an
    automatic node has failed.
    """

    allowed_actions: tuple[str, ...]
    """The actions that ITSM allows on the ticket, in ITSM's words: `WITHDRAW`, `SUSPEND`."""

    ticket_url: str
    """The address of the ticket's page."""


@dataclass(frozen=True)
class FilledField:
    """A field of a ticket's form, with its value."""

    key: str
    """The field's key."""

    name: str
    """The field's name, for people."""

    kind: str
    """The field's type, in ITSM's word: `STRING`, `MEMBERS`, `RADIO`."""

    value_json: str
    """The value as JSON text."""

    display: str
    """The value as people see it."""


@dataclass(frozen=True)
class TicketInfo:
    """A ticket with its form."""

    ticket: types.Ticket
    """The ticket, with the time of its end."""

    running: tuple[types.RunningNode, ...]
    """The nodes that are running, without their allowed actions and fields."""

    fields: tuple[FilledField, ...]
    """The fields of the form. A key can occur twice: once for the ticket and once for the first node."""


@dataclass(frozen=True)
class LogEntry:
    """An entry of a ticket's log."""

    operator: str
    """The user who acted. Empty or `system` for the system. Several names with commas when an automatic node
    failed.
    """

    at: str
    """The time of the entry: the server's local time, without a zone."""

    message: str
    """A text for people, in the server's language. Do not match on the text."""

    source: str
    """The source of the action, in ITSM's word: `WEB`, `API`, `SYS`."""


class Ending(Word):
    """The state or the end of a ticket, in more detail than a `verdict`. An ending never contradicts the
    verdict.
    """

    OPEN = "open"
    """The ticket is open, and somebody has to act: see `Explanation.waiting_for`."""

    STUCK = "stuck"
    """The ticket is open, but no node was running, and three seconds later still no node was running. Most
    often the start of the flow failed: the ticket then never calls back. An automatic node can also have
    failed: the ticket then continues when somebody retries the node on the ticket's page. A ticket
    manager can terminate the ticket.
    """

    APPROVED = "approved"
    """The verdict is `approved`."""

    COMPLETED = "completed"
    """The verdict is `completed`: no approval lay on the ticket's way."""

    REJECTED = "rejected"
    """The verdict is `rejected`."""

    REJECTED_AND_TERMINATED = "rejected-and-terminated"
    """The ticket was terminated because an approval said no at a node that ends the ticket on a refusal."""

    TERMINATED = "terminated"
    """A processor or a manager terminated the ticket before the end of its flow."""

    WITHDRAWN = "withdrawn"
    """The creator took the ticket back."""

    CLOSED = "closed"
    """The verdict is `closed`: the ticket ended with a status that the site defines, or somebody closed it
    as `FINISHED`.
    """

    UNDETERMINED = "undetermined"
    """The data that the user of the connection may read does not settle the end."""


@dataclass(frozen=True)
class Explanation:
    """The state or the end of a ticket, with the decisions and their reasons."""

    ticket: types.Ticket
    """The ticket."""

    ending: Ending
    """The ticket's state or end."""

    decisions: tuple[types.Decision, ...]
    """The decisions, oldest first."""

    waiting_for: tuple[types.RunningNode, ...]
    """The nodes for which an open ticket waits."""

    words: str
    """The reason for `stuck` or `undetermined`, in words for a person. Empty for other endings."""


@dataclass(frozen=True)
class Confirmed:
    """ITSM's answer about one of the tickets of `reconcile`."""

    sn: str
    """The ticket's number, as the caller gave it."""

    confirmation: types.Confirmation
    """ITSM's answer. Never `foreign` or `untraceable`, because `reconcile` uses no tag."""


class Tickets(Interface):
    """Functions that create tickets and ask ITSM about tickets.

    Each function that has a `connection` sends requests and waits at most `Connection.deadline_ms` for the
    answers. The component follows no redirect and reads at most 4 MiB of an answer. A request that changes
    something is sent once. A request that only reads is sent up to three times within the deadline.

    Each such function fails with `FixArgument` when an argument is invalid: nothing was sent then. The
    gateway, the ESB, ITSM and the network can make each such function fail: `Failure.advice` names the next
    step.
    """

    def new_operation_id(self) -> str:
        """Makes a new operation id: 128 random bits as 26 lower-case letters and digits."""
        return self._call("tickets.new_operation_id")

    def new_tag(self) -> str:
        """Makes a new tag for a ticket without a callback: 128 random bits as 26 lower-case letters and digits.
        For a ticket with a callback, use the tag of `callbacks.bind`: a receiver without storage can compute
        that tag.
        """
        return self._call("tickets.new_tag")

    def create(
        self,
        connection: types.Connection,
        ticket: NewTicket,
    ) -> types.CreatedTicket:
        """Creates a ticket. The component sends the request once. The flow starts after the answer, and the
        callback can arrive before the answer.

        Fails with `FixArgument` when ITSM would refuse the ticket, or accept the ticket and never start it:
        nothing was sent. Fails with `FixArgument` `ticket` when ITSM's own checks refuse the ticket: no ticket
        was created. When `Failure.may_have_acted` is true, the ticket may exist, or ITSM may create it minutes
        later: do not call `create` again, call `recover` with the same tag.
        """
        return self._call("tickets.create", connection, ticket)

    def confirm(
        self,
        connection: types.Connection,
        sn: str,
        tag: str,
    ) -> types.Confirmation:
        """Asks ITSM about the ticket that a callback names. Only `confirm`, `confirm_own` and `reconcile` give an
        `outcome`.

        `sn` is the number that the callback claims. `tag` is the secret tag of the operation's ticket, as
        `callbacks.receive` gives it. The component searches **by the tag alone**. Exactly one ticket may carry
        the tag, and its number must be `sn`. Two tickets are `ambiguous`, a ticket with another number is
        `foreign`. No ticket means `untraceable`: a genuine binding proves that a ticket with the tag was
        created, so the server does not store tags.

        The function changes nothing in ITSM, with one exception. For a `FINISHED` ticket of the operation it
        reads the approval result, and ITSM then removes the ticket from its list of failed callbacks. Where the
        user of the connection may not read results, the decisions in the log must settle the verdict, and
        `Outcome.evidence` says so. Sends two requests at once, and for a `FINISHED` ticket two more at once.

        Fails with `FixArgument` when `sn` is not a ticket number of 1 to 64 bytes, or when `tag` does not have
        the form of a tag.
        """
        return self._call("tickets.confirm", connection, sn, tag)

    def confirm_own(
        self,
        connection: types.Connection,
        sn: str,
    ) -> types.Confirmation:
        """Asks ITSM about a ticket of the host, by the number that `create` or `recover` returned. The function
        uses no tag, so it also works on servers without tags. Never pass a number that a callback names:
        anybody can name any number. Sends one to three requests.

        For a `FINISHED` ticket the function reads the approval result, and ITSM then removes the ticket from
        its list of failed callbacks. Fails with `FixArgument` `sn` when `sn` is not a ticket number of 1 to 64
        bytes.
        """
        return self._call("tickets.confirm_own", connection, sn)

    def recover(
        self,
        connection: types.Connection,
        ticket: NewTicket,
    ) -> types.Recovery:
        """Searches for an operation's ticket by its tag, after the answer to `create` was lost.

        `ticket` is the value that `create` received. The tag identifies the ticket, and the creator is a check:
        a ticket of another creator is `mismatched`. The titles are not compared, because ITSM rewrites titles.

        The function also searches for a new random tag. If that search finds tickets, the server ignores tags,
        and the result is `untraceable`. Where no ticket carries the operation's tag, the function also searches
        for a new random project key. Servers that ignore that condition are older than V2.6.3 and do not store
        tags, and the result is again `untraceable`. So `absent` always comes from a server that would have
        found the ticket. The function changes nothing in ITSM. Sends two or three requests.

        Fails with `FixArgument` for a ticket that `create` would have refused.
        """
        return self._call("tickets.recover", connection, ticket)

    def reconcile(
        self,
        connection: types.Connection,
        sns: Sequence[str],
    ) -> tuple[Confirmed, ...]:
        """Asks ITSM about several tickets of the host, for example when callbacks may have been lost. `sns` are 1
        to 50 numbers from the host's own records. The result has one answer for each number, in the same order.
        For more numbers, call again.

        The answers are those of `confirm_own`, with fewer requests. One request finds the tickets. If some
        tickets ended as `FINISHED`, one more request reads their results, and ITSM removes them from its list
        of failed callbacks. One request for each `FINISHED` ticket reads its log, four at once. The function
        needs neither that list nor tags.

        Fails with `FixArgument` `sns` when there are fewer than 1 or more than 50 numbers. When one request
        fails, the whole call fails.
        """
        return self._call("tickets.reconcile", connection, sns)

    def approval_results(
        self,
        connection: types.Connection,
        sns: Sequence[str],
    ) -> tuple[ApprovalResult, ...]:
        """Reads ITSM's results, newest first. Unknown numbers are left out.

        ITSM removes the numbers from its list of failed callbacks, even when they belong to another app: pass
        only numbers of the host. Fails with `FixArgument` `sns` when there are fewer than 1 or more than 50
        numbers. Fails with `SendVerifiedUser` when the server requires a verified user, as most gateways do.
        """
        return self._call("tickets.approval_results", connection, sns)

    def verify_token(
        self,
        connection: types.Connection,
        token: str,
    ) -> bool:
        """Asks ITSM whether it issued the token of a callback. The token is one constant for all tickets and all
        receivers. True proves only that ITSM issued the token to somebody at some time, and nothing about the
        callback's body.

        Fails with `FixArgument` `token` when the token is blank. A token that ITSM can't decode gives `False`,
        or fails with code 3900004: treat both as no.
        """
        return self._call("tickets.verify_token", connection, token)

    def failed_callbacks(
        self,
        connection: types.Connection,
        among: Sequence[str],
    ) -> tuple[str, ...]:
        """Reads which of the numbers in `among` are on ITSM's list of failed callbacks, in the order of `among`.

        The result is only a hint: the list belongs to all apps, and other apps can remove numbers of the host.
        The component reads at most 16 MiB. With an empty `among`, no request is sent. Fails with
        `SendVerifiedUser` when the server requires a verified user, as most gateways do.
        """
        return self._call("tickets.failed_callbacks", connection, among)

    def search(
        self,
        connection: types.Connection,
        filter: TicketFilter,
        page: int,
        page_size: int,
    ) -> TicketPage:
        """Finds tickets. `page` counts from 1, and `page_size` is 1 to 10 000. A page after the last page has no
        tickets and is not a failure. With a tag or a project key in the filter, the component sends one or two
        more requests, which test whether the server ignores the condition.

        Fails with `FixArgument` `page-size` when the page has more than 4 MiB: about 5 000 tickets fit. Fails
        with `FixArgument` and the name of the condition when a condition is invalid or ignored by the server.
        """
        return self._call("tickets.search", connection, filter, page, page_size)

    def search_by_user(
        self,
        connection: types.Connection,
        user: str,
        view: UserView,
        filter: UserFilter,
        page: int,
        page_size: int,
    ) -> UserTicketPage:
        """Finds the tickets that concern a user. Pages work as in `search`, but fewer tickets fit on a page.

        Fails with `FixArgument` `connection.endpoint` over an ESB, because no ESB publishes the action: use a
        gateway. Fails with `FixArgument` and the name of the condition as `search` does.
        """
        return self._call("tickets.search_by_user", connection, user, view, filter, page, page_size)

    def status(
        self,
        connection: types.Connection,
        sn: str,
    ) -> TicketStatus:
        """Reads the present state of a ticket, with the allowed actions and the forms of its running nodes. Fails
        with `FixArgument` `sn` when no ticket has the number.
        """
        return self._call("tickets.status", connection, sn)

    def info(
        self,
        connection: types.Connection,
        sn: str,
    ) -> TicketInfo:
        """Reads a ticket with its form and, if the ticket has ended, the time of its end. Fails with
        `FixArgument` `sn` when no ticket has the number.
        """
        return self._call("tickets.info", connection, sn)

    def log(
        self,
        connection: types.Connection,
        sn: str,
    ) -> tuple[LogEntry, ...]:
        """Reads a ticket's log, oldest entry first. Fails with `FixArgument` `sn` when no ticket has the number."""
        return self._call("tickets.log", connection, sn)

    def explain(
        self,
        connection: types.Connection,
        sn: str,
    ) -> Explanation:
        """Explains the state or the end of a ticket: the ending, the decisions and their reasons.

        The function uses structured data only, never the texts of the log, and the same rules as `confirm`.
        Where the rules do not settle the end, the ending is `undetermined`. The explanation is for people and
        reports. To act, use `confirm`, which also proves whose ticket it is. For a `FINISHED` ticket the
        function reads the approval result, and ITSM then removes the ticket from its list of failed callbacks.
        Sends two to five requests, and waits three seconds when no node is running.

        Fails with `FixArgument` `sn` when no ticket has the number, and with `FixArgument`
        `Connection.deadline_ms` when no node is running and the deadline leaves no time for the three seconds.
        """
        return self._call("tickets.explain", connection, sn)


class AsyncTickets(AsyncInterface):
    """Functions that create tickets and ask ITSM about tickets.

    Each function that has a `connection` sends requests and waits at most `Connection.deadline_ms` for the
    answers. The component follows no redirect and reads at most 4 MiB of an answer. A request that changes
    something is sent once. A request that only reads is sent up to three times within the deadline.

    Each such function fails with `FixArgument` when an argument is invalid: nothing was sent then. The
    gateway, the ESB, ITSM and the network can make each such function fail: `Failure.advice` names the next
    step.
    """

    async def new_operation_id(self) -> str:
        """Makes a new operation id: 128 random bits as 26 lower-case letters and digits."""
        return await self._call("tickets.new_operation_id")

    async def new_tag(self) -> str:
        """Makes a new tag for a ticket without a callback: 128 random bits as 26 lower-case letters and digits.
        For a ticket with a callback, use the tag of `callbacks.bind`: a receiver without storage can compute
        that tag.
        """
        return await self._call("tickets.new_tag")

    async def create(
        self,
        connection: types.Connection,
        ticket: NewTicket,
    ) -> types.CreatedTicket:
        """Creates a ticket. The component sends the request once. The flow starts after the answer, and the
        callback can arrive before the answer.

        Fails with `FixArgument` when ITSM would refuse the ticket, or accept the ticket and never start it:
        nothing was sent. Fails with `FixArgument` `ticket` when ITSM's own checks refuse the ticket: no ticket
        was created. When `Failure.may_have_acted` is true, the ticket may exist, or ITSM may create it minutes
        later: do not call `create` again, call `recover` with the same tag.
        """
        return await self._call("tickets.create", connection, ticket)

    async def confirm(
        self,
        connection: types.Connection,
        sn: str,
        tag: str,
    ) -> types.Confirmation:
        """Asks ITSM about the ticket that a callback names. Only `confirm`, `confirm_own` and `reconcile` give an
        `outcome`.

        `sn` is the number that the callback claims. `tag` is the secret tag of the operation's ticket, as
        `callbacks.receive` gives it. The component searches **by the tag alone**. Exactly one ticket may carry
        the tag, and its number must be `sn`. Two tickets are `ambiguous`, a ticket with another number is
        `foreign`. No ticket means `untraceable`: a genuine binding proves that a ticket with the tag was
        created, so the server does not store tags.

        The function changes nothing in ITSM, with one exception. For a `FINISHED` ticket of the operation it
        reads the approval result, and ITSM then removes the ticket from its list of failed callbacks. Where the
        user of the connection may not read results, the decisions in the log must settle the verdict, and
        `Outcome.evidence` says so. Sends two requests at once, and for a `FINISHED` ticket two more at once.

        Fails with `FixArgument` when `sn` is not a ticket number of 1 to 64 bytes, or when `tag` does not have
        the form of a tag.
        """
        return await self._call("tickets.confirm", connection, sn, tag)

    async def confirm_own(
        self,
        connection: types.Connection,
        sn: str,
    ) -> types.Confirmation:
        """Asks ITSM about a ticket of the host, by the number that `create` or `recover` returned. The function
        uses no tag, so it also works on servers without tags. Never pass a number that a callback names:
        anybody can name any number. Sends one to three requests.

        For a `FINISHED` ticket the function reads the approval result, and ITSM then removes the ticket from
        its list of failed callbacks. Fails with `FixArgument` `sn` when `sn` is not a ticket number of 1 to 64
        bytes.
        """
        return await self._call("tickets.confirm_own", connection, sn)

    async def recover(
        self,
        connection: types.Connection,
        ticket: NewTicket,
    ) -> types.Recovery:
        """Searches for an operation's ticket by its tag, after the answer to `create` was lost.

        `ticket` is the value that `create` received. The tag identifies the ticket, and the creator is a check:
        a ticket of another creator is `mismatched`. The titles are not compared, because ITSM rewrites titles.

        The function also searches for a new random tag. If that search finds tickets, the server ignores tags,
        and the result is `untraceable`. Where no ticket carries the operation's tag, the function also searches
        for a new random project key. Servers that ignore that condition are older than V2.6.3 and do not store
        tags, and the result is again `untraceable`. So `absent` always comes from a server that would have
        found the ticket. The function changes nothing in ITSM. Sends two or three requests.

        Fails with `FixArgument` for a ticket that `create` would have refused.
        """
        return await self._call("tickets.recover", connection, ticket)

    async def reconcile(
        self,
        connection: types.Connection,
        sns: Sequence[str],
    ) -> tuple[Confirmed, ...]:
        """Asks ITSM about several tickets of the host, for example when callbacks may have been lost. `sns` are 1
        to 50 numbers from the host's own records. The result has one answer for each number, in the same order.
        For more numbers, call again.

        The answers are those of `confirm_own`, with fewer requests. One request finds the tickets. If some
        tickets ended as `FINISHED`, one more request reads their results, and ITSM removes them from its list
        of failed callbacks. One request for each `FINISHED` ticket reads its log, four at once. The function
        needs neither that list nor tags.

        Fails with `FixArgument` `sns` when there are fewer than 1 or more than 50 numbers. When one request
        fails, the whole call fails.
        """
        return await self._call("tickets.reconcile", connection, sns)

    async def approval_results(
        self,
        connection: types.Connection,
        sns: Sequence[str],
    ) -> tuple[ApprovalResult, ...]:
        """Reads ITSM's results, newest first. Unknown numbers are left out.

        ITSM removes the numbers from its list of failed callbacks, even when they belong to another app: pass
        only numbers of the host. Fails with `FixArgument` `sns` when there are fewer than 1 or more than 50
        numbers. Fails with `SendVerifiedUser` when the server requires a verified user, as most gateways do.
        """
        return await self._call("tickets.approval_results", connection, sns)

    async def verify_token(
        self,
        connection: types.Connection,
        token: str,
    ) -> bool:
        """Asks ITSM whether it issued the token of a callback. The token is one constant for all tickets and all
        receivers. True proves only that ITSM issued the token to somebody at some time, and nothing about the
        callback's body.

        Fails with `FixArgument` `token` when the token is blank. A token that ITSM can't decode gives `False`,
        or fails with code 3900004: treat both as no.
        """
        return await self._call("tickets.verify_token", connection, token)

    async def failed_callbacks(
        self,
        connection: types.Connection,
        among: Sequence[str],
    ) -> tuple[str, ...]:
        """Reads which of the numbers in `among` are on ITSM's list of failed callbacks, in the order of `among`.

        The result is only a hint: the list belongs to all apps, and other apps can remove numbers of the host.
        The component reads at most 16 MiB. With an empty `among`, no request is sent. Fails with
        `SendVerifiedUser` when the server requires a verified user, as most gateways do.
        """
        return await self._call("tickets.failed_callbacks", connection, among)

    async def search(
        self,
        connection: types.Connection,
        filter: TicketFilter,
        page: int,
        page_size: int,
    ) -> TicketPage:
        """Finds tickets. `page` counts from 1, and `page_size` is 1 to 10 000. A page after the last page has no
        tickets and is not a failure. With a tag or a project key in the filter, the component sends one or two
        more requests, which test whether the server ignores the condition.

        Fails with `FixArgument` `page-size` when the page has more than 4 MiB: about 5 000 tickets fit. Fails
        with `FixArgument` and the name of the condition when a condition is invalid or ignored by the server.
        """
        return await self._call("tickets.search", connection, filter, page, page_size)

    async def search_by_user(
        self,
        connection: types.Connection,
        user: str,
        view: UserView,
        filter: UserFilter,
        page: int,
        page_size: int,
    ) -> UserTicketPage:
        """Finds the tickets that concern a user. Pages work as in `search`, but fewer tickets fit on a page.

        Fails with `FixArgument` `connection.endpoint` over an ESB, because no ESB publishes the action: use a
        gateway. Fails with `FixArgument` and the name of the condition as `search` does.
        """
        return await self._call("tickets.search_by_user", connection, user, view, filter, page, page_size)

    async def status(
        self,
        connection: types.Connection,
        sn: str,
    ) -> TicketStatus:
        """Reads the present state of a ticket, with the allowed actions and the forms of its running nodes. Fails
        with `FixArgument` `sn` when no ticket has the number.
        """
        return await self._call("tickets.status", connection, sn)

    async def info(
        self,
        connection: types.Connection,
        sn: str,
    ) -> TicketInfo:
        """Reads a ticket with its form and, if the ticket has ended, the time of its end. Fails with
        `FixArgument` `sn` when no ticket has the number.
        """
        return await self._call("tickets.info", connection, sn)

    async def log(
        self,
        connection: types.Connection,
        sn: str,
    ) -> tuple[LogEntry, ...]:
        """Reads a ticket's log, oldest entry first. Fails with `FixArgument` `sn` when no ticket has the number."""
        return await self._call("tickets.log", connection, sn)

    async def explain(
        self,
        connection: types.Connection,
        sn: str,
    ) -> Explanation:
        """Explains the state or the end of a ticket: the ending, the decisions and their reasons.

        The function uses structured data only, never the texts of the log, and the same rules as `confirm`.
        Where the rules do not settle the end, the ending is `undetermined`. The explanation is for people and
        reports. To act, use `confirm`, which also proves whose ticket it is. For a `FINISHED` ticket the
        function reads the approval result, and ITSM then removes the ticket from its list of failed callbacks.
        Sends two to five requests, and waits three seconds when no node is running.

        Fails with `FixArgument` `sn` when no ticket has the number, and with `FixArgument`
        `Connection.deadline_ms` when no node is running and the deadline leaves no time for the three seconds.
        """
        return await self._call("tickets.explain", connection, sn)


# fmt: off
WIT: dict[str, Any] = {
    "tickets.fast-approval": ("record", FastApproval, ("list", "string"), "string"),
    "tickets.service": ("variant", (ServiceId, "u64"), (FastApproval, "tickets.fast-approval")),
    "tickets.new-ticket": ("record", NewTicket, "string", "tickets.service", "string", "string", ("list", "types.field"), ("list", "types.node-processors"), ("option", "types.callback-target"), ("option", "string")),
    "tickets.approval-result": ("record", ApprovalResult, "string", "string", "string", "bool", "string", ("list", "string"), "string"),
    "tickets.ticket-filter": ("record", TicketFilter, ("list", "string"), ("option", "string"), ("option", "string"), ("option", "string"), ("list", "u64"), ("list", "s64"), ("list", "string"), ("option", "string"), ("option", "string"), ("option", "string"), ("option", "string"), ("option", "string")),
    "tickets.ticket-page": ("record", TicketPage, ("list", "types.ticket"), "u32", "u32", "u64"),
    "tickets.user-view": ("enum", UserView),
    "tickets.user-filter": ("record", UserFilter, ("option", "u64"), ("option", "u64"), ("option", "string"), ("option", "string")),
    "tickets.user-ticket": ("record", UserTicket, "string", "string", "string", "string", "string", "string", "string", "string", "string", ("list", "string"), "bool"),
    "tickets.user-ticket-page": ("record", UserTicketPage, ("list", "tickets.user-ticket"), "u32", "u32", "u64"),
    "tickets.ticket-status": ("record", TicketStatus, "string", ("list", "types.running-node"), ("list", "string"), "string"),
    "tickets.filled-field": ("record", FilledField, "string", "string", "string", "string", "string"),
    "tickets.ticket-info": ("record", TicketInfo, "types.ticket", ("list", "types.running-node"), ("list", "tickets.filled-field")),
    "tickets.log-entry": ("record", LogEntry, "string", "string", "string", "string"),
    "tickets.ending": ("enum", Ending),
    "tickets.explanation": ("record", Explanation, "types.ticket", "tickets.ending", ("list", "types.decision"), ("list", "types.running-node"), "string"),
    "tickets.confirmed": ("record", Confirmed, "string", "types.confirmation"),
}
FUNCTIONS: dict[str, Function] = {
    "new_operation_id": Function("new-operation-id", (), "string", None, False),
    "new_tag": Function("new-tag", (), "string", None, False),
    "create": Function("create", (("connection", "types.connection"), ("ticket", "tickets.new-ticket"), ), ("result", "types.created-ticket", "types.failure"), types.ItsmError, True),
    "confirm": Function("confirm", (("connection", "types.connection"), ("sn", "string"), ("tag", "string"), ), ("result", "types.confirmation", "types.failure"), types.ItsmError, True),
    "confirm_own": Function("confirm-own", (("connection", "types.connection"), ("sn", "string"), ), ("result", "types.confirmation", "types.failure"), types.ItsmError, True),
    "recover": Function("recover", (("connection", "types.connection"), ("ticket", "tickets.new-ticket"), ), ("result", "types.recovery", "types.failure"), types.ItsmError, True),
    "reconcile": Function("reconcile", (("connection", "types.connection"), ("sns", ("list", "string")), ), ("result", ("list", "tickets.confirmed"), "types.failure"), types.ItsmError, True),
    "approval_results": Function("approval-results", (("connection", "types.connection"), ("sns", ("list", "string")), ), ("result", ("list", "tickets.approval-result"), "types.failure"), types.ItsmError, True),
    "verify_token": Function("verify-token", (("connection", "types.connection"), ("token", "string"), ), ("result", "bool", "types.failure"), types.ItsmError, True),
    "failed_callbacks": Function("failed-callbacks", (("connection", "types.connection"), ("among", ("list", "string")), ), ("result", ("list", "string"), "types.failure"), types.ItsmError, True),
    "search": Function("search", (("connection", "types.connection"), ("filter", "tickets.ticket-filter"), ("page", "u32"), ("page_size", "u32"), ), ("result", "tickets.ticket-page", "types.failure"), types.ItsmError, True),
    "search_by_user": Function("search-by-user", (("connection", "types.connection"), ("user", "string"), ("view", "tickets.user-view"), ("filter", "tickets.user-filter"), ("page", "u32"), ("page_size", "u32"), ), ("result", "tickets.user-ticket-page", "types.failure"), types.ItsmError, True),
    "status": Function("status", (("connection", "types.connection"), ("sn", "string"), ), ("result", "tickets.ticket-status", "types.failure"), types.ItsmError, True),
    "info": Function("info", (("connection", "types.connection"), ("sn", "string"), ), ("result", "tickets.ticket-info", "types.failure"), types.ItsmError, True),
    "log": Function("log", (("connection", "types.connection"), ("sn", "string"), ), ("result", ("list", "tickets.log-entry"), "types.failure"), types.ItsmError, True),
    "explain": Function("explain", (("connection", "types.connection"), ("sn", "string"), ), ("result", "tickets.explanation", "types.failure"), types.ItsmError, True),
}
# fmt: on
