"""What WIT's variants and enums are made of here.

A variant is a union of a class for each of its cases: `Advice = Union[FixArgument, FixCredentials, ...]`. A case whose
payload is a record of a good name is that record: `Authorization = Union[AppCredentials, AddedByHost]`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, Generic, TypeVar

from ._dataclass import dataclass

T_co = TypeVar("T_co", covariant=True)


def case_name(name: str) -> str:
    """`FixArgument` as `fix-argument`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Word(str, Enum):
    """An enum of the WIT: a member is its word."""

    def __str__(self) -> str:
        return str.__str__(self)

    def __format__(self, how: str) -> str:
        return str.__format__(self, how)


@dataclass(frozen=True)
class Bare:
    """A case that says it all by its name."""

    def __str__(self) -> str:
        return case_name(type(self).__name__)


@dataclass(frozen=True)
class Case(Generic[T_co]):
    """A case with a value."""

    value: T_co

    def __str__(self) -> str:
        return f"{case_name(type(self).__name__)} {self.value}"


class SecretCase(Case[T_co]):
    """A case whose value nothing prints."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    __str__ = __repr__


class Other(Case[str]):
    """Anything else, in words. Show them; do not match on them."""


class Error(Exception):
    """Above all errors of this package, so that one `except` takes them all:

    Error
    ├── ItsmError           a call to ITSM has no result
    ├── ParseError          a body is no callback
    ├── BindingError        a callback's headers prove nothing
    ├── ResolveError        names did not lead to nodes
    ├── CallbackUrlError    an address can't receive callbacks
    ├── NotSettled          there is no outcome for an operation
    └── SettingsError       a setting is missing or wrong
    """


class ReasonError(Error, Generic[T_co]):
    """An error whose reason is a case of a variant."""

    def __init__(self, reason: T_co) -> None:
        super().__init__(reason)
        self.reason = reason


class FailureWords:
    """How a failure is printed."""

    message: str
    advice: Any
    may_have_acted: bool

    def __str__(self) -> str:
        acted = "ITSM may have acted" if self.may_have_acted else "ITSM did nothing"
        return f"{self.message} (advice: {self.advice}; {acted})"
