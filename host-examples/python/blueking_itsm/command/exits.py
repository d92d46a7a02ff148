"""What the exit code says."""

from __future__ import annotations

from enum import IntEnum

from ..types import (
    AllowHost,
    AskPermission,
    CallOperator,
    Failure,
    FixArgument,
    FixCredentials,
    LookUp,
    SendVerifiedUser,
    Verdict,
    WaitMs,
)


class Exit(IntEnum):
    """How a command ended. Only `DONE` is 0."""

    DONE = 0
    """Done; of a gate: approved."""
    USAGE = 2
    """The settings or arguments are wrong, or something else on this machine is."""
    REJECTED = 10
    WITHDRAWN = 11
    TERMINATED = 12
    CLOSED = 13
    COMPLETED = 14
    """It ended, and no approval lay on its way."""
    TIMED_OUT = 20
    """Nobody decided in time, and the ticket is open."""
    INTERRUPTED = 21
    """It was interrupted, and the ticket is open."""
    UNDECIDED = 22
    """A person must look: it can't be told how the ticket ended, or whether there is one."""
    ARGUMENT = 30
    """ITSM refuses the arguments."""
    PERMISSION = 31
    """ITSM refuses the credentials, or the app lacks a permission."""
    UNREACHABLE = 32
    """The server can't be reached, or is failing: try again later."""
    UNKNOWN = 33
    """The answer was lost, and ITSM may have done what it was asked for: look before trying again."""
    REFUSED = 34
    """ITSM refuses for good."""


class Stop(Exception):
    """Ends the command with words for a person and an exit code. The words hold no secret."""

    def __init__(self, words: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(words)
        self.code = code


OF_VERDICT = {
    Verdict.APPROVED: Exit.DONE,
    Verdict.REJECTED: Exit.REJECTED,
    Verdict.WITHDRAWN: Exit.WITHDRAWN,
    Verdict.TERMINATED: Exit.TERMINATED,
    Verdict.CLOSED: Exit.CLOSED,
    Verdict.COMPLETED: Exit.COMPLETED,
    Verdict.OPEN: Exit.TIMED_OUT,
}


def of_failure(failure: Failure) -> Exit:
    """The code of a call without a result."""
    advice = failure.advice
    if failure.may_have_acted or isinstance(advice, LookUp):
        return Exit.UNKNOWN
    if isinstance(advice, FixArgument):
        return Exit.ARGUMENT
    if isinstance(advice, (FixCredentials, AskPermission, SendVerifiedUser)):
        return Exit.PERMISSION
    if isinstance(advice, (WaitMs, CallOperator, AllowHost)):
        return Exit.UNREACHABLE
    return Exit.REFUSED
