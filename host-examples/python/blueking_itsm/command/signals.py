"""Ctrl-C and SIGTERM, for the commands that end by themselves then."""

from __future__ import annotations

import signal
from typing import Callable


def on_cancel(do: Callable[[], None]) -> None:
    """Calls `do` with each Ctrl-C and SIGTERM from now on, in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: do())
