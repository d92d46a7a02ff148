"""blueking:itsm/types: the values that the other interfaces share.

Trust is in the types. A `Callback` is a claim: somebody posted it. `callbacks.Claims` is what a binding proves. An
`Outcome` is what ITSM itself said about our ended ticket, and the only one of the three to act on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto

from .cases import Bare, Case, Other, SecretCase

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


class OtherUser(SecretCase[tuple[str, str]]):
    """Another credential of the site: its key, and its value."""


User = AccessToken | LoginToken | UserName | OtherUser


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


class FixArgument(Case[str]):
    """Mend the argument of this name, then call again."""


class FixCredentials(Bare):
    """The app code, the secret or the user's token is wrong, or has expired."""


class AskPermission(Bare):
    """Apply for the API in the developer centre."""


class SendVerifiedUser(Bare):
    """The server wants an `AccessToken` or a `LoginToken` here."""


class AllowHost(Case[str]):
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
    code: str | None
    message: str
    request_id: str | None

    def __str__(self) -> str:
        acted = "ITSM may have acted" if self.may_have_acted else "ITSM did nothing"
        return f"{self.message} (advice: {self.advice}; {acted})"


class ItsmError(Failure, Exception):
    """A call has no result: the failure, raised."""

    def __reduce__(self) -> tuple[type["ItsmError"], tuple[object, ...]]:
        # Else unpickling would set the frozen fields.
        return type(self), self.args


class Verdict(StrEnum):
    """What a ticket's state means for the action it gates."""

    OPEN = auto()
    APPROVED = auto()
    REJECTED = auto()
    WITHDRAWN = auto()
    TERMINATED = auto()
    CLOSED = auto()


class Evidence(StrEnum):
    """What a verdict rests on."""

    STATUS = auto()
    APPROVAL_RESULT = "approval-result"
    LOGS = auto()


@dataclass(frozen=True)
class Callback:
    """A claim that a ticket ended: what somebody posted."""

    sn: str
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
    id: int
    title: str
    creator: str
    service_id: int
    status: str
    created_at: str
    ended_at: str | None
    updated_by: tuple[str, ...]
    updated_at: str
    ticket_url: str


@dataclass(frozen=True)
class Outcome:
    """What ITSM itself said about our ended ticket. Act on this."""

    ticket: Ticket
    verdict: Verdict
    evidence: Evidence


@dataclass(frozen=True)
class CreatedTicket:
    """A ticket that has just been made. Keep its `sn` with the operation id."""

    sn: str
    id: int
    ticket_url: str


class Ended(Case[Outcome]):
    """It is ours and has ended."""


class Open(Case[Ticket]):
    """It is ours and has not ended, whatever the callback claims."""


class Undecided(Case[Ticket]):
    """It is ours and has ended, but its result can't be read yet."""


class Foreign(Bare):
    """It was not made by this operation."""


class Missing(Bare):
    """No ticket has this number."""


class Ambiguous(Case[tuple[Ticket, ...]]):
    """Several tickets have this number. A person must look."""


class TagsIgnored(Bare):
    """This server ignores tags, by which operations are told apart."""


Confirmation = Ended | Open | Undecided | Foreign | Missing | Ambiguous | TagsIgnored | Other


class Found(Case[CreatedTicket]):
    """The operation's ticket."""


class Several(Case[tuple[Ticket, ...]]):
    """Several tickets with its tag, creator and title. A person must look."""


class Another(Case[tuple[Ticket, ...]]):
    """Its tag is on tickets that this operation would not have made. A person must look."""


class Absent(Bare):
    """No ticket. Final only 600 seconds after the request to create was sent."""


Recovery = Found | Several | Another | Absent | TagsIgnored | Other
