"""The server of a command that receives callbacks."""

from __future__ import annotations

from typing import Any, Callable

from ..serving import Server
from .exits import Stop
from .words import reason


def serving(listen: str, application: Callable[..., Any]) -> Server:
    """The package's server. What goes wrong is said as the native program says it."""
    try:
        return Server(listen, application)
    except OSError as error:
        why = reason(error)
    except ValueError:
        why = "invalid port value" if ":" in listen else "invalid socket address"
    raise Stop(f"{listen} can't be listened on: {why}")
