"""blueking:itsm/diagnosis: finding out what is wrong with a set-up, in words for people."""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Protocol

from .cases import Bare, Case, Other, ReasonError, Words, raises
from .types import CallbackTarget, Connection, Failure


@dataclass(frozen=True)
class Finding:
    """What trying one action showed, and what to fix or to apply for. `failure` is `None` when it can be used."""

    action: str
    failure: Failure | None
    words: Words


class Unreachable(Case[Failure]):
    """It can't be called from here. ITSM may still reach it."""


class Redirect(Case[int]):
    """It redirects, with this status."""


class Status(Case[int]):
    """It answers with this status. ITSM takes only 200 and 201."""


class NotJson(Bare):
    """It answers with something else than a JSON object: a login page in front of it, most often."""


class NoZeroCode(Bare):
    """Its answer has no `code` that is the number 0."""


class Refused(Case[Words]):
    """It answers as a receiver, but refuses, with this message."""


CallbackUrlReason = Unreachable | Redirect | Status | NotJson | NoZeroCode | Refused | Other


class CallbackUrlError(ReasonError[CallbackUrlReason]):
    """An address can't receive callbacks."""


class Language(StrEnum):
    """A language for sentences."""

    ENGLISH = auto()
    CHINESE = auto()


class Diagnosis(Protocol):
    """The functions."""

    def describe_failure(self, failure: Failure, language: Language) -> str:
        """What a person should do about a failure, and whether ITSM may have acted, in sentences on one line.

        Show them beside the failure's message. An `ItsmError` is a failure.
        """

    def diagnose(self, connection: Connection) -> tuple[Finding, ...]:
        """Tries the actions that creating, confirming and tracking use. Changes nothing."""

    @raises(CallbackUrlError)
    def check_callback_url(self, target: CallbackTarget) -> None:
        """Posts to one's own callback address what ITSM would post. Give the headers that tickets get."""
