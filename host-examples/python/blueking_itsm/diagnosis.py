"""blueking:itsm/diagnosis.

Functions that find the errors of a configuration and describe failures, in words for people.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from typing import Any, Union

from . import types
from ._dataclass import dataclass
from ._interface import AsyncInterface, Function, Interface
from .cases import Bare, Case, Other, ReasonError, Word


@dataclass(frozen=True)
class Finding:
    """The result of a test of one action."""

    action: str
    """The action's name, as the developer centre lists it."""

    failure: types.Failure | None
    """The failure of the test. `None` when the connection can use the action."""

    words: str
    """The meaning, and the correction or the permission that is needed, in words for a person."""


class Unreachable(Case[types.Failure]):
    """The component can't call the address. ITSM may still reach the address from its own network."""


class Redirect(Case[int]):
    """The address redirects with this status. ITSM follows the redirect and turns its POST into a GET. For
    307 and 308 the reason is `other`: ITSM keeps the POST, but the component can't know the next answer.
    """


class Status(Case[int]):
    """The address answers with this status. ITSM accepts only 200 and 201: even 202 and 204 count as
    failures.
    """


class NotJson(Bare):
    """The answer is not a JSON object. Most often a login page stands in front of the address."""


class NoZeroCode(Bare):
    """The answer has no member `code` with the number 0."""


class Refused(Case[str]):
    """A receiver answers, but refuses with this message. Possible causes: a proxy removed the headers, the
    receiver has other keys, or the receiver does not recognise a self-check.
    """


CallbackUrlReason = Union[
    Unreachable,
    Redirect,
    Status,
    NotJson,
    NoZeroCode,
    Refused,
    Other,
]
"""The reason why an address can't receive callbacks."""


class CallbackUrlError(ReasonError[CallbackUrlReason]):
    """The reason why an address can't receive callbacks."""


class Language(Word):
    """The language of the sentences."""

    ENGLISH = "english"
    """English."""

    CHINESE = "chinese"
    """Simplified Chinese."""


class Diagnosis(Interface):
    """Functions that find the errors of a configuration and describe failures, in words for people."""

    def describe_failure(
        self,
        failure: types.Failure,
        language: Language,
    ) -> str:
        """Describes the next step after a failure, and whether ITSM may have acted, in sentences for a person.
        Show the sentences beside `Failure.message`, because they do not repeat the message. The text has at
        most 512 bytes on one line. The function sends no request.

        With `AddedByHost`, redact the texts of the failure first: a server can repeat what the
        host added, and the component does not know those secrets.
        """
        return self._call("diagnosis.describe_failure", failure, language)

    def diagnose(
        self,
        connection: types.Connection,
    ) -> tuple[Finding, ...]:
        """Tests whether the connection can use the actions for creating, confirming and tracking tickets, and
        returns one finding for each action. The tests change nothing: they use a number that no ticket has, and
        an empty body where ITSM refuses an empty body. One finding says whether the server finds tickets by
        their tag, which `tickets.confirm` and `tickets.recover` need. The list ends early when the server can't
        be reached.

        Fails only when a field of `connection` is invalid. Every other failure is a finding.
        """
        return self._call("diagnosis.diagnose", connection)

    def check_callback_url(
        self,
        target: types.CallbackTarget,
    ) -> None:
        """Posts a test callback to the host's own callback address, in the form that ITSM uses. The number of the
        test callback is `ITSM-SELF-CHECK`, which no ticket has. The host must allow the component to call the
        address. The time limit is 10 seconds.

        Give the headers that tickets get, with a binding that was made for the test. The test then also shows
        that no proxy removes the header. Fails with `CallbackUrlError` when the address can't receive callbacks.
        """
        self._call("diagnosis.check_callback_url", target)


class AsyncDiagnosis(AsyncInterface):
    """Functions that find the errors of a configuration and describe failures, in words for people."""

    async def describe_failure(
        self,
        failure: types.Failure,
        language: Language,
    ) -> str:
        """Describes the next step after a failure, and whether ITSM may have acted, in sentences for a person.
        Show the sentences beside `Failure.message`, because they do not repeat the message. The text has at
        most 512 bytes on one line. The function sends no request.

        With `AddedByHost`, redact the texts of the failure first: a server can repeat what the
        host added, and the component does not know those secrets.
        """
        return await self._call("diagnosis.describe_failure", failure, language)

    async def diagnose(
        self,
        connection: types.Connection,
    ) -> tuple[Finding, ...]:
        """Tests whether the connection can use the actions for creating, confirming and tracking tickets, and
        returns one finding for each action. The tests change nothing: they use a number that no ticket has, and
        an empty body where ITSM refuses an empty body. One finding says whether the server finds tickets by
        their tag, which `tickets.confirm` and `tickets.recover` need. The list ends early when the server can't
        be reached.

        Fails only when a field of `connection` is invalid. Every other failure is a finding.
        """
        return await self._call("diagnosis.diagnose", connection)

    async def check_callback_url(
        self,
        target: types.CallbackTarget,
    ) -> None:
        """Posts a test callback to the host's own callback address, in the form that ITSM uses. The number of the
        test callback is `ITSM-SELF-CHECK`, which no ticket has. The host must allow the component to call the
        address. The time limit is 10 seconds.

        Give the headers that tickets get, with a binding that was made for the test. The test then also shows
        that no proxy removes the header. Fails with `CallbackUrlError` when the address can't receive callbacks.
        """
        await self._call("diagnosis.check_callback_url", target)


# fmt: off
WIT: dict[str, Any] = {
    "diagnosis.finding": ("record", Finding, "string", ("option", "types.failure"), "string"),
    "diagnosis.callback-url-error": ("variant", (Unreachable, "types.failure"), (Redirect, "u16"), (Status, "u16"), (NotJson, None), (NoZeroCode, None), (Refused, "string"), (Other, "string")),
    "diagnosis.language": ("enum", Language),
}
FUNCTIONS: dict[str, Function] = {
    "describe_failure": Function("describe-failure", (("failure", "types.failure"), ("language", "diagnosis.language"), ), "string", None, False),
    "diagnose": Function("diagnose", (("connection", "types.connection"), ), ("result", ("list", "diagnosis.finding"), "types.failure"), types.ItsmError, True),
    "check_callback_url": Function("check-callback-url", (("target", "types.callback-target"), ), ("result", None, "diagnosis.callback-url-error"), CallbackUrlError, True),
}
# fmt: on
