"""blueking:itsm/types: the values that the other interfaces share.

Trust is in the types. A `Callback` is a claim: somebody posted it. `callbacks.Bound` is what a binding proves. An
`Outcome` is what ITSM itself said about our ended ticket, and the only one of the three to act on.

Two ids belong to each ticket made here. The operation id is public. The tag is secret: nothing here prints it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto

from .cases import Bare, Case, Error, Other, SecretCase, Words

Header = tuple[str, str]
"""A name, then a value of printable ASCII."""


class Gateway(Case[str]):
    """An API gateway, up to and including the stage: `https://HOST/api/bk-itsm/STAGE`."""


class Esb(Case[str]):
    """A BlueKing site whose ESB reads `X-Bkapi-Authorization`: `https://paas.example.com`."""


class EsbLegacy(Case[str]):
    """A site with the oldest ESB. Credentials travel where logs record them: only when `Esb` answers that they lack."""


Endpoint = Gateway | Esb | EsbLegacy


class AccessToken(SecretCase[str]):
    """An access token. Proves the user."""


class LoginToken(SecretCase[str]):
    """The login cookie's value. Proves the user."""


class UserName(Case[str]):
    """A bare name. Proves nothing."""


@dataclass(frozen=True)
class Credential:
    """A credential that a site defines: a member of the authorization object."""

    key: str
    value: str = field(repr=False)


User = AccessToken | LoginToken | UserName | Credential


@dataclass(frozen=True)
class AppCredentials:
    """The component adds these credentials to its requests. They are wiped from its copies after the call."""

    app_code: str
    app_secret: str = field(repr=False)
    user: User | None = None


class AddedByHost(Bare):
    """Somebody else adds the credentials on the way: no secret enters the component."""


Authorization = AppCredentials | AddedByHost


@dataclass(frozen=True)
class Connection:
    """How to reach one ITSM server. `deadline_ms` is for a whole call: 1 to 600 000, by default 30 000."""

    endpoint: Endpoint
    authorization: Authorization
    headers: Sequence[Header] = field(default=(), repr=False)
    deadline_ms: int | None = None


class FixArgument(Case[Words]):
    """Fix the argument of this name, then call again."""


class FixCredentials(Bare):
    """The app code, the secret or the user's token is wrong, or has expired."""


class AskPermission(Bare):
    """Apply for the API in the developer centre."""


class SendVerifiedUser(Bare):
    """The server wants an `AccessToken` or a `LoginToken` here."""


class AllowHost(Case[Words]):
    """The host does not let the component reach this `host:port`."""


class WaitMs(Case[int]):
    """Call again after so many milliseconds."""


class LookUp(Bare):
    """Do not call again: look first whether ITSM did it."""


class CallOperator(Bare):
    """Something between here and ITSM is broken."""


class GiveUp(Bare):
    """No repetition will help."""


Advice = (
    FixArgument
    | FixCredentials
    | AskPermission
    | SendVerifiedUser
    | AllowHost
    | WaitMs
    | LookUp
    | CallOperator
    | GiveUp
    | Other
)


class Origin(StrEnum):
    """Where a failure arose."""

    ARGUMENT = auto()
    TRANSPORT = auto()
    GATEWAY = auto()
    ESB = auto()
    ITSM = auto()
    ANSWER = auto()


@dataclass(frozen=True)
class Failure:
    """Why there is no result, and what to do about it. It never holds a secret.

    `may_have_acted` is false only when it is proven that ITSM did nothing, and always for calls that only read.
    """

    advice: Advice
    may_have_acted: bool
    origin: Origin
    code: Words | None
    message: Words
    request_id: Words | None

    def __str__(self) -> str:
        acted = "ITSM may have acted" if self.may_have_acted else "ITSM did nothing"
        return f"{self.message} (advice: {self.advice}; {acted})"


class ItsmError(Failure, Error):
    """A call has no result: the failure, raised."""

    def __reduce__(self) -> tuple[type["ItsmError"], tuple[object, ...]]:
        # Else unpickling would set the frozen fields.
        return type(self), self.args


class Verdict(StrEnum):
    """What a ticket's state means for the action that waits for it. Act only on `APPROVED`.

    `COMPLETED`: the flow ran to its end, and nobody was asked.
    """

    OPEN = auto()
    APPROVED = auto()
    REJECTED = auto()
    COMPLETED = auto()
    WITHDRAWN = auto()
    TERMINATED = auto()
    CLOSED = auto()


class Evidence(StrEnum):
    """What a verdict rests on. `DECISIONS`: this user may not read ITSM's result, so the log alone."""

    STATUS = auto()
    APPROVAL_RESULT = "approval-result"
    DECISIONS = auto()


@dataclass(frozen=True)
class Decision:
    """What somebody decided at an approval. The same `node_key` means the same node."""

    operator: str
    approved: bool
    remark: str
    at: str
    node_key: str


@dataclass(frozen=True)
class Callback:
    """A claim that a ticket ended: what somebody posted."""

    sn: str
    id: str | None
    title: str
    status: str
    approve_result: bool
    ticket_url: str
    updated_by: tuple[str, ...]
    updated_at: str
    last_approvers: tuple[str, ...]


@dataclass(frozen=True)
class Ticket:
    """A ticket, as ITSM tells of it. `ended_at` is `None` while it is open, whatever `status` says."""

    sn: str
    id: str
    title: str
    creator: str
    service: str
    status: str
    created_at: str
    ended_at: str | None
    updated_by: tuple[str, ...]
    updated_at: str
    ticket_url: str


@dataclass(frozen=True)
class Outcome:
    """What ITSM itself said about our ended ticket. Act on this, and store it."""

    ticket: Ticket
    verdict: Verdict
    evidence: Evidence
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class CreatedTicket:
    """A ticket that has just been made. Keep its `sn` with the operation id."""

    sn: str
    id: str
    ticket_url: str


class Ended(Case[Outcome]):
    """It is ours and has ended."""


class Open(Case[Ticket]):
    """It is ours and has not ended, whatever the callback claims."""


class Undecided(Case[Ticket]):
    """It is ours and has ended, but ITSM does not give its result yet. Ask again later."""


@dataclass(frozen=True)
class Undecidable:
    """It is ours and has ended, but what could be read does not tell how: asking again will not help."""

    ticket: Ticket
    why: Words


class Foreign(Bare):
    """It was not made by this operation. Whoever named it is wrong or lies."""


class Missing(Bare):
    """No ticket has this number."""


class Ambiguous(Case[tuple[Ticket, ...]]):
    """Several tickets have this number, or carry this tag. A person must look."""


class Untraceable(Bare):
    """This server can't find tickets by their tag. Never create a second ticket on this answer."""


Confirmation = Ended | Open | Undecided | Undecidable | Foreign | Missing | Ambiguous | Untraceable | Other


class Found(Case[CreatedTicket]):
    """The operation's ticket."""


class Mismatched(Case[tuple[Ticket, ...]]):
    """The tag is on a ticket of another creator. A person must look."""


class Absent(Bare):
    """No ticket. Final only 600 seconds after the request to create was sent."""


Recovery = Found | Ambiguous | Mismatched | Absent | Untraceable | Other


class Text(Case[str]):
    """Text."""


class People(Case[Sequence[str]]):
    """One or more user names."""


class Json(Case[str]):
    """Anything else, as JSON text."""


FieldValue = Text | People | Json


@dataclass(frozen=True)
class Field:
    """One field of a form, to be filled in. `extra_json` is for more members, such as a field's `choice`."""

    key: str
    value: FieldValue
    extra_json: str | None = None


@dataclass(frozen=True)
class Choice:
    """What can be chosen in a field: the value to send, and what people see."""

    key: str
    name: str


@dataclass(frozen=True)
class FormField:
    """A field of a form, as the form describes it."""

    key: str
    name: str
    kind: str
    required: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class NodeProcessors:
    """Who handles one node of the flow, instead of those that the flow names."""

    node_id: int
    users: Sequence[str]


@dataclass(frozen=True)
class CallbackTarget:
    """Where ITSM reports the end of the ticket, with the header from `callbacks.bind`."""

    url: str
    headers: Sequence[Header] = field(repr=False)


@dataclass(frozen=True)
class RunningNode:
    """A node that runs. `allowed_actions` and `fields` are told by `tickets.status` and `tickets.explain` only."""

    node_id: int
    name: str
    status: str
    processors: tuple[str, ...]
    allowed_actions: tuple[str, ...]
    fields: tuple[FormField, ...]
