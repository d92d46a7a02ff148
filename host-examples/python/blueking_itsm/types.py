"""blueking:itsm/types.

The values that the other interfaces share.

Three types have three levels of trust. A `callback` is a claim: anybody can post one. A `callbacks.Bound`
says what a binding proves. An `outcome` is ITSM's own answer about the ended ticket of an operation. Act
only on an `outcome`.

An operation is the work of the host that waits for an approval. Each operation has one ticket and two
ids. The **operation id** is public: it names the operation in the binding's header, in logs and as an
idempotency key. The **tag** is secret: ITSM stores the tag with the ticket and never shows it, so only
the creator of the tag can find the ticket by it. Treat a tag as a password: never log it.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from ._dataclass import dataclass, field
from .cases import Bare, Case, Error, FailureWords, Other, SecretCase, Word

Header = tuple[str, str]
"""An HTTP header: the name, then the value. Values are printable ASCII."""


class Gateway(Case[str]):
    """The address of an API gateway, up to and including the stage, in one of two forms:
    `https://HOST/api/bk-itsm/STAGE` or `https://bk-itsm.HOST/STAGE`.
    """


class Esb(Case[str]):
    """The address of a BlueKing site, such as `https://paas.example.com`. The component appends the path of
    the ESB. The site's ESB must read the header `X-Bkapi-Authorization`.
    """


class EsbLegacy(Case[str]):
    """The address of a BlueKing site with the oldest community ESB, which ignores that header. Credentials
    then travel in the JSON body of a POST and in the query of a GET, where access logs record them.
    Choose `EsbLegacy` only when `esb` answers that credentials are missing. `AppCredentials` is
    required.
    """


Endpoint = Union[
    Gateway,
    Esb,
    EsbLegacy,
]
"""The address of ITSM's actions. The caller chooses `http` or `https`: many sites use plain `http`."""


@dataclass(frozen=True)
class Credential:
    """A credential that a site defines: a member of the authorization object."""

    key: str
    """The member's name. Names that begin with `bk_app_` are refused."""

    value: str = field(repr=False)
    """The member's value. The value is a secret."""


class AccessToken(SecretCase[str]):
    """An access token. The token proves the user to the gateway."""


class LoginToken(SecretCase[str]):
    """The value of the login cookie (`bk_token`). The value proves the user to the gateway."""


class UserName(Case[str]):
    """A user name without proof (`bk_username`). The server accepts the name as verified only when the site
    has exempted the app from the check.
    """


User = Union[
    AccessToken,
    LoginToken,
    UserName,
    Credential,
]
"""The user for whom the app calls. A verified user is one whom an access token or a login token proves."""


@dataclass(frozen=True)
class AppCredentials:
    """The identity of the calling app, as BlueKing's developer centre issues it."""

    app_code: str
    """The app's id (`bk_app_code`)."""

    app_secret: str = field(repr=False)
    """The app's secret (`bk_app_secret`). The component erases its own copies after the call and never puts
    the secret into an error.
    """

    user: User | None = None
    """The user for whom the app calls. `None` is enough to create, find and withdraw tickets. Most gateways
    require a verified user for approval results and for the list of failed callbacks.
    """


class AddedByHost(Bare):
    """The host sets `X-Bkapi-Authorization` on each outgoing request, so no credential enters the component.
    Not possible with `EsbLegacy`.
    """


Authorization = Union[
    AppCredentials,
    AddedByHost,
]
"""The party that adds the credentials to each request."""


@dataclass(frozen=True)
class Connection:
    """The settings to reach one ITSM server."""

    endpoint: Endpoint
    """The address of ITSM's actions."""

    authorization: Authorization
    """The credentials, or the statement that the host adds them."""

    headers: Sequence[Header] = field(default=(), repr=False)
    """Additional headers for each request, such as `X-Bk-Tenant-Id` on sites with tenants. Headers that the
    component or HTTP itself sets are refused.
    """

    deadline_ms: int | None = None
    """The time limit of one function call in milliseconds, 1 to 600 000, over all its requests and retries.
    `None` means 30 000. A call that reaches the limit returns a `failure`.
    """


class FixArgument(Case[str]):
    """Correct the named argument, then call again. A name is a path such as `Ticket.title` or
    `Connection.endpoint`.
    """


class FixCredentials(Bare):
    """Correct the credentials: the app code, the app secret or the user's token is wrong or has expired."""


class AskPermission(Bare):
    """Apply for the API in the developer centre: the app or its user lacks the permission."""


class SendVerifiedUser(Bare):
    """Give `AccessToken` or `LoginToken`: the server requires a verified user."""


class AllowHost(Case[str]):
    """Allow the component to reach this `host:port`: the host's own rules blocked the request."""


class WaitMs(Case[int]):
    """Call again after this many milliseconds."""


class LookUp(Bare):
    """Do not call again before you know whether ITSM carried out the call. After `tickets.create`, call
    `tickets.recover`. Every failure with `may_have_acted` has this advice, and no other failure has it.
    """


class CallOperator(Bare):
    """Ask the operator of the gateway or the network to repair the way between the host and ITSM."""


class GiveUp(Bare):
    """Do not repeat the call: it would fail again."""


Advice = Union[
    FixArgument,
    FixCredentials,
    AskPermission,
    SendVerifiedUser,
    AllowHost,
    WaitMs,
    LookUp,
    CallOperator,
    GiveUp,
    Other,
]
"""The next step after a failure. `diagnosis.describe_failure` puts the advice into sentences."""


class Origin(Word):
    """The place where a failure arose."""

    ARGUMENT = "argument"
    """The arguments of the call. Nothing that could change anything was sent."""

    TRANSPORT = "transport"
    """The way between the component and the first server."""

    GATEWAY = "gateway"
    """The API gateway, or its connection to ITSM."""

    ESB = "esb"
    """The ESB."""

    ITSM = "itsm"
    """ITSM."""

    ANSWER = "answer"
    """An answer that neither ITSM nor the gateway nor the ESB gives: a login page, for example."""


@dataclass(frozen=True)
class Failure(FailureWords):
    """The reason why a call has no result, and the next step. A failure never contains a secret of the call."""

    advice: Advice
    """The next step."""

    may_have_acted: bool
    """False only when ITSM provably changed nothing, and always false for a call that only reads. True means
    that ITSM may have carried out the call: the advice is then `LookUp`.
    """

    origin: Origin
    """The place where the failure arose."""

    code: str | None
    """The error code of the answering server, as text. `None` when the server gave no code."""

    message: str
    """A text for a person: at most 256 bytes on one line, with secrets redacted. Do not match on the text.
    With `AddedByHost` the component does not know the secrets that the host added, so the
    host must redact them.
    """

    request_id: str | None
    """The id that the gateway or the ESB gave to the request. Quote the id to their operator."""


class ItsmError(Failure, Error):
    """A call to ITSM has no result: the failure, raised."""

    def __reduce__(self) -> tuple[type[ItsmError], tuple[object, ...]]:
        # Else unpickling would set the frozen fields.
        return type(self), self.args


class Verdict(Word):
    """The meaning of a ticket's state for the operation that waits for it. Act only on `approved`."""

    OPEN = "open"
    """The ticket has not ended. Wait."""

    APPROVED = "approved"
    """The flow ran to its end, ITSM's result is yes, at least one approval said yes, and no approval's last
    decision is no. Where `Outcome.evidence` is `decisions`, ITSM's result was not readable: the verdict
    then rests on the decisions in the log alone.
    """

    REJECTED = "rejected"
    """The flow ran to its end, and ITSM's result is no or an approval's last decision is no. A no in the log
    counts even where ITSM's result says yes. ITSM computes its result over the nodes that the flow has
    now, and an administrator can delete a node.
    """

    COMPLETED = "completed"
    """The flow ran to its end, and no approval lay on its way: nobody was asked."""

    WITHDRAWN = "withdrawn"
    """The creator took the ticket back. A withdrawal is not a refusal."""

    TERMINATED = "terminated"
    """A processor or a manager stopped the ticket before its end, or an approver refused at a node that ends
    the ticket on a refusal.
    """

    CLOSED = "closed"
    """The ticket ended in any other way: with a status that the site defines, or as `FINISHED` because
    somebody closed the ticket before the end of its flow.
    """


class Evidence(Word):
    """The basis of a verdict."""

    STATUS = "status"
    """The status of the ended ticket. The status is enough for every ending except `FINISHED`."""

    APPROVAL_RESULT = "approval-result"
    """ITSM's own result over all approvals, together with the decisions in the log. One case is invisible in
    both: a manager merged the ticket under another ticket, and the end of that other ticket also ended
    this ticket before its flow reached an approval.
    """

    DECISIONS = "decisions"
    """The decisions in the log alone, because the user of the connection may not read ITSM's result. The log
    does not show an approval that was reached and never decided. A merged ticket most often ends in that
    state. Where managers merge tickets, use a connection with a verified user.
    """


@dataclass(frozen=True)
class Decision:
    """One decision at an approval."""

    operator: str
    """The user who decided. `system` when the flow skips a node that has no processor. The creator when the
    flow approves automatically, because the creator is one of the approvers.
    """

    approved: bool
    """True for yes, false for no."""

    remark: str
    """The reason in the operator's words. Empty when the operator gave none."""

    at: str
    """The time of the decision: the server's local time, without a zone."""

    node_key: str
    """The key of the node's decision field: decisions with the same key were made at the same node. ITSM's
    log does not contain the node's name.
    """


@dataclass(frozen=True)
class Callback:
    """A claim that a ticket ended: the body of a request to the callback address. The record does not contain
    the token of the body: `callbacks.token` reads the token.
    """

    sn: str
    """The ticket's number, an opaque text. Numbers can be guessed, and nothing makes them unique."""

    id: str | None
    """The ticket's id, when the body has one. ITSM v2 sends none."""

    title: str
    """The ticket's title."""

    status: str
    """The ticket's status, in ITSM's own word: `FINISHED`, `TERMINATED`, `REVOKED`, or a status that the
    site defines.
    """

    approve_result: bool
    """ITSM's result over all approvals. False alone means nothing: see `callbacks.conclude`."""

    ticket_url: str
    """The address of the ticket's page. ITSM's API gives another address for the same ticket."""

    updated_by: Sequence[str]
    """The users who handled the ticket, in order."""

    updated_at: str
    """The time of the last change: the server's local time without a zone, with microseconds."""

    last_approvers: Sequence[str]
    """The users who handled the ticket's last approval. Empty when nobody did. When two users decide at the
    same moment and one decision is enough, ITSM counts one decision and names both users.
    """


@dataclass(frozen=True)
class Ticket:
    """A ticket, as ITSM's own answer describes it."""

    sn: str
    """The ticket's number, an opaque text. ITSM compares numbers without regard to case."""

    id: str
    """The ticket's id in ITSM's database, an opaque text."""

    title: str
    """The ticket's title, as ITSM stores it. ITSM rewrites titles after creation (HTML is escaped from
    V2.6.28 on), and people can edit titles: never identify a ticket by its title.
    """

    creator: str
    """The user for whom the ticket was created."""

    service: str
    """The id of the ticket's service. Empty when the server gives none."""

    status: str
    """The ticket's status, in ITSM's own word. Administrators can add words: the set is open."""

    created_at: str
    """The time of creation: the server's local time, without a zone."""

    ended_at: str | None
    """The time of the end: the server's local time, without a zone. `None` while the ticket is open, for any
    `status`: a trigger can write `FINISHED` on a running ticket.
    """

    updated_by: Sequence[str]
    """The users who handled the ticket, in order."""

    updated_at: str
    """The time of the last change: the server's local time, without a zone."""

    ticket_url: str
    """The address of the ticket's page."""


@dataclass(frozen=True)
class Outcome:
    """ITSM's own answer about the ended ticket of an operation. Act on the outcome, and store it."""

    ticket: Ticket
    """The ended ticket."""

    verdict: Verdict
    """The meaning of the end. Never `open`."""

    evidence: Evidence
    """The basis of the verdict."""

    decisions: Sequence[Decision]
    """The decisions, oldest first. Empty where the verdict rests on the status alone."""


@dataclass(frozen=True)
class CreatedTicket:
    """A ticket that ITSM has just created."""

    sn: str
    """The ticket's number, which ITSM's other actions require. Store the number with the operation id."""

    id: str
    """The ticket's id in ITSM's database, an opaque text. Empty when the server gives none."""

    ticket_url: str
    """The address of the ticket's page, for people. Empty when the server gives none."""


@dataclass(frozen=True)
class Undecidable:
    """A ticket that has ended in a way that the readable data does not settle."""

    ticket: Ticket
    """The ended ticket."""

    why: str
    """The missing or contradictory data, in words for a person."""


class Ended(Case[Outcome]):
    """The ticket belongs to the operation and has ended: act on the outcome."""


class Open(Case[Ticket]):
    """The ticket belongs to the operation and has not ended, even if a callback claims an end. Ask again
    later.
    """


class Undecided(Case[Ticket]):
    """The ticket belongs to the operation and has ended, but ITSM does not give its result yet. Ask again
    later.
    """


class Foreign(Bare):
    """The number belongs to a ticket that the operation did not create. The sender of the number is mistaken
    or lies: refuse the callback.
    """


class Missing(Bare):
    """No ticket has this number."""


class Ambiguous(Case[Sequence[Ticket]]):
    """Several tickets have this number or carry this tag. Notify a person."""


class Untraceable(Bare):
    """The server can't find tickets by tag. Servers before V2.6.1.394 ignore tags; V2.6.1.394 to V2.6.2
    filter by tags and do not store them. Use `tickets.confirm_own` with a number from the host's own
    record.
    """


Confirmation = Union[
    Ended,
    Open,
    Undecided,
    Undecidable,
    Foreign,
    Missing,
    Ambiguous,
    Untraceable,
    Other,
]
"""ITSM's answer about a ticket that a callback or the host's own record names."""


class Found(Case[CreatedTicket]):
    """The operation's ticket."""


class Mismatched(Case[Sequence[Ticket]]):
    """A ticket of another creator carries the tag. Notify a person."""


class Absent(Bare):
    """No ticket carries the tag. ITSM v2 can still carry out a request up to 600 seconds after it was sent:
    only an `absent` from a search after that time is final.
    """


Recovery = Union[
    Found,
    Ambiguous,
    Mismatched,
    Absent,
    Untraceable,
    Other,
]
"""The result of a search for a ticket by its tag."""


class Text(Case[str]):
    """A text. Several choices are one text with commas. ITSM rewrites the text after creation, as it
    rewrites titles (see `Ticket.title`), except in fields of the types `TEXT` and `FILE`. A field of the
    type `FILE` takes JSON as text: `{"KEY":{"name":"a.txt","path":"/a.txt"}}`.
    """


class People(Case[Sequence[str]]):
    """One or more user names, for a field that selects people. ITSM accepts names of users that do not
    exist.
    """


class Json(Case[str]):
    """JSON text, for fields of the types `TABLE`, `CUSTOMTABLE` and `CUSTOM-FORM`. For other types use
    `text`: ITSM would store an object in a form that is not JSON. Duplicate names and integers of more
    than 64 bits are refused.
    """


FieldValue = Union[
    Text,
    People,
    Json,
]
"""The value of a field of a form."""


@dataclass(frozen=True)
class Field:
    """One field of a form, with the value to fill in."""

    key: str
    """The field's key in the form. In a new ticket, `title` is reserved for the ticket's own title. With
    `FastApproval`, `APPROVER` and `APPROVAL_CONTENT` are reserved too.
    """

    value: FieldValue
    """The value to fill in."""

    extra_json: str | None = None
    """Additional members of the field's object in the request, as a JSON object without `key` and `value`. A
    field with choices needs its `choice` here, or approvers see keys instead of names:
    `{"choice":[{"key":"a","name":"First"}]}`.
    """


@dataclass(frozen=True)
class Choice:
    """One choice of a field."""

    key: str
    """The value to send to ITSM."""

    name: str
    """The name that people see."""


@dataclass(frozen=True)
class FormField:
    """A field of a form, as the form describes it."""

    key: str
    """The field's key, for `Field.key`."""

    name: str
    """The field's name, for people."""

    kind: str
    """The field's type, in ITSM's word: `STRING`, `TEXT`, `MEMBERS`, `SELECT`, `RADIO`."""

    required: bool
    """True when the form requires a value."""

    choices: tuple[Choice, ...]
    """The choices. Empty when the field has no choices, or when another system supplies them."""


@dataclass(frozen=True)
class NodeProcessors:
    """The users who handle one node of a ticket, instead of the processors in the flow."""

    node_id: int
    """The node's id in the service's flow (ITSM's `state_id`). Servers from V2.6.10 on refuse the ticket
    when the flow has no such node (read in the server's source; recorded with V2.7.1). At nodes that are
    claimed or distributed first, and at sign-off nodes, ITSM ignores the users without an error:
    `services.resolve_processors` reports such nodes.
    """

    users: Sequence[str]
    """At least one user name, each in a text of its own. A text with two names, a blank or an invisible
    character is refused, because ITSM would wait for a user who does not exist.
    """


@dataclass(frozen=True)
class CallbackTarget:
    """The address to which ITSM reports the end of the ticket."""

    url: str
    """An `http` or `https` address that ITSM can reach without a login, of at most 2048 bytes. The address
    names a host or an IP address, without user, password and fragment. Characters that an address can't
    contain are written as `%XX`. The component checks the form, because ITSM does not: ITSM notices a
    wrong address only when it calls.
    """

    headers: Sequence[Header] = field(repr=False)
    """Headers that ITSM sends with the callback (ITSM v2: servers from V2.6.3 on). Put the header of
    `callbacks.bind` here. Values are printable ASCII; the names of HTTP's own headers are refused.
    """


@dataclass(frozen=True)
class RunningNode:
    """A node that is running in the flow of a ticket."""

    node_id: int
    """The node's id in the service's flow (ITSM's `state_id`), for functions of `operations` and `handling`."""

    name: str
    """The node's name."""

    status: str
    """The node's status, in ITSM's own word."""

    processors: tuple[str, ...]
    """The users who may handle the node. For an automatic node, a phrase in the server's language."""

    allowed_actions: tuple[str, ...]
    """The actions that the processors may take, in ITSM's words: `TRANSITION`, `DELIVER`. Filled only by
    `tickets.status` and `tickets.explain`.
    """

    fields: tuple[FormField, ...]
    """The fields of the node's form, for `handling.transition`. Filled only by `tickets.status` and
    `tickets.explain`.
    """


# fmt: off
WIT: dict[str, Any] = {
    "types.header": ("tuple", "string", "string"),
    "types.endpoint": ("variant", (Gateway, "string"), (Esb, "string"), (EsbLegacy, "string")),
    "types.credential": ("record", Credential, "string", "string"),
    "types.user": ("variant", (AccessToken, "string"), (LoginToken, "string"), (UserName, "string"), (Credential, "types.credential")),
    "types.app-credentials": ("record", AppCredentials, "string", "string", ("option", "types.user")),
    "types.authorization": ("variant", (AppCredentials, "types.app-credentials"), (AddedByHost, None)),
    "types.connection": ("record", Connection, "types.endpoint", "types.authorization", ("list", "types.header"), ("option", "u32")),
    "types.advice": ("variant", (FixArgument, "string"), (FixCredentials, None), (AskPermission, None), (SendVerifiedUser, None), (AllowHost, "string"), (WaitMs, "u32"), (LookUp, None), (CallOperator, None), (GiveUp, None), (Other, "string")),
    "types.origin": ("enum", Origin),
    "types.failure": ("record", Failure, "types.advice", "bool", "types.origin", ("option", "string"), "string", ("option", "string")),
    "types.verdict": ("enum", Verdict),
    "types.evidence": ("enum", Evidence),
    "types.decision": ("record", Decision, "string", "bool", "string", "string", "string"),
    "types.callback": ("record", Callback, "string", ("option", "string"), "string", "string", "bool", "string", ("list", "string"), "string", ("list", "string")),
    "types.ticket": ("record", Ticket, "string", "string", "string", "string", "string", "string", "string", ("option", "string"), ("list", "string"), "string", "string"),
    "types.outcome": ("record", Outcome, "types.ticket", "types.verdict", "types.evidence", ("list", "types.decision")),
    "types.created-ticket": ("record", CreatedTicket, "string", "string", "string"),
    "types.undecidable": ("record", Undecidable, "types.ticket", "string"),
    "types.confirmation": ("variant", (Ended, "types.outcome"), (Open, "types.ticket"), (Undecided, "types.ticket"), (Undecidable, "types.undecidable"), (Foreign, None), (Missing, None), (Ambiguous, ("list", "types.ticket")), (Untraceable, None), (Other, "string")),
    "types.recovery": ("variant", (Found, "types.created-ticket"), (Ambiguous, ("list", "types.ticket")), (Mismatched, ("list", "types.ticket")), (Absent, None), (Untraceable, None), (Other, "string")),
    "types.field-value": ("variant", (Text, "string"), (People, ("list", "string")), (Json, "string")),
    "types.field": ("record", Field, "string", "types.field-value", ("option", "string")),
    "types.choice": ("record", Choice, "string", "string"),
    "types.form-field": ("record", FormField, "string", "string", "string", "bool", ("list", "types.choice")),
    "types.node-processors": ("record", NodeProcessors, "u64", ("list", "string")),
    "types.callback-target": ("record", CallbackTarget, "string", ("list", "types.header")),
    "types.running-node": ("record", RunningNode, "u64", "string", "string", ("list", "string"), ("list", "string"), ("list", "types.form-field")),
}
# fmt: on
