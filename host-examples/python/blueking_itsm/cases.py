"""What WIT's variants are made of here: a class for each case, and a union of these classes for the variant.

`Advice = FixArgument | FixCredentials | ...` lists the cases in the order of the WIT, by which they are converted. A
case whose payload is a record of a good name is that record: `Authorization = AppCredentials | AddedByHost`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])

Words = Annotated[str, "words"]
"""A server's words for people: on one line, and without what steers a terminal."""


def case_name(name: str) -> str:
    """`FixArgument` as `fix-argument`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


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


class Other(Case[Words]):
    """Anything else, in words. Show them; do not match on them."""


class Error(Exception):
    """Above all errors of this package, so that one `except` takes them all:

    Error
    ├── ItsmError           a call to ITSM has no result
    ├── ParseError          a body is no callback
    ├── BindingError        a callback's headers prove nothing
    ├── ResolveError        names did not lead to nodes
    └── CallbackUrlError    an address can't receive callbacks
    """


class ReasonError(Error, Generic[T_co]):
    """An error whose reason is a case of a variant."""

    def __init__(self, reason: T_co) -> None:
        super().__init__(reason)
        self.reason = reason


def raises(error: type[Exception]) -> Callable[[F], F]:
    """Says what a function raises, where it is not `ItsmError`: a `ReasonError`, or `ValueError` with the words."""

    def mark(function: F) -> F:
        setattr(function, "raises", error)
        return function

    return mark
