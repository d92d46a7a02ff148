"""`python -m blueking_itsm`: asks for approvals, and looks after tickets.

The command is the native program `itsm` for machines that have only pip: the same commands, options, settings, words and
exit codes. A test runs both and compares what they print.
"""

from __future__ import annotations

import logging
import signal
import sys
from argparse import Namespace
from importlib import import_module

from .._engine import EngineError
from ..types import ItsmError
from .arguments import NATIVE_ONLY, parse
from .configuration import Configuration
from .exits import Exit, Stop, of_failure
from .words import reason


def main() -> int:
    """Runs the command of the command line. The exit code."""
    # A signal that no command takes ends the program, and words are UTF-8, a line at a time: as the native program does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    # What there is to say, the commands say.
    logging.getLogger("blueking_itsm").addHandler(logging.NullHandler())
    arguments = parse(sys.argv[1:])
    try:
        return _run(arguments)
    except Stop as stop:
        why, code = str(stop), stop.code
    except (OSError, ValueError) as error:
        why, code = reason(error), Exit.USAGE
    print(f"itsm: {why}", file=sys.stderr)
    return code


def _run(arguments: Namespace) -> int:
    if arguments.command in NATIVE_ONLY:
        raise Stop(
            f"{arguments.command} is a command of the native program alone: take itsm from host-examples/command-line"
        )
    # Only what the command needs is loaded, so that each starts soon.
    module = arguments.command if arguments.command in ("gate", "listen", "trigger") else "tickets"
    configuration = Configuration(arguments)
    try:
        return import_module(f".{module}", __package__).run(arguments, configuration)
    except ItsmError as failure:
        raise Stop(configuration.told(failure), of_failure(failure)) from None
    except EngineError as error:
        why = f"the call was stopped, and ITSM may have done what it asked for: {error}"
        raise Stop(why, Exit.UNKNOWN) from None
