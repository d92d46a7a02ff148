"""What the classes of the interfaces have in common."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, NamedTuple


class Function(NamedTuple):
    """A function of the WIT, as the tables of the modules describe it."""

    wit: str
    params: tuple[tuple[str, Any], ...]
    result: Any
    error: type[Exception] | None
    """What is raised where the WIT has an error."""
    asks: bool
    """Whether it may wait for a server."""


class Interface:
    """An interface whose functions wait."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call


class AsyncInterface:
    """An interface whose functions are coroutines."""

    def __init__(self, call: Callable[..., Awaitable[Any]]) -> None:
        self._call = call
