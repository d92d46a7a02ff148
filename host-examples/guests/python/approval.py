"""Asks for one approval, and exits with 0 only when it is given: a component that imports blueking:itsm.

Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, APPROVER, CREATOR, TITLE.
"""

import sys
import time
from os import environ

from componentize_py_types import Err
from wit_world.imports import diagnosis, tickets
from wit_world.imports.diagnosis import Language
from wit_world.imports.tickets import FastApproval, NewTicket, Service_FastApproval
from wit_world.imports.types import (
    AppCredentials,
    Authorization_App,
    Confirmation_Ended,
    Confirmation_Open,
    Confirmation_Undecidable,
    Confirmation_Undecided,
    Connection,
    Endpoint_Gateway,
    Failure,
    Verdict,
)

EVERY_S = 1
AT_MOST_S = 600
"""How often ITSM is asked, and how long in all."""


class Run:
    """The component's export, wasi:cli/run."""

    def run(self) -> None:
        try:
            verdict = approval()
        except Stopped as why:
            print(why, file=sys.stderr)
            raise Err(None) from None
        print(verdict.name.lower())
        if verdict != Verdict.APPROVED:
            raise Err(None)


class Stopped(Exception):
    """Why there is no verdict, and what to do."""


def env(name: str) -> str:
    """A setting in the environment."""
    value = environ.get(name)
    if value is None:
        raise Stopped(f"{name} is not set")
    return value


def approval() -> Verdict:
    connection = Connection(
        endpoint=Endpoint_Gateway(env("ITSM_GATEWAY")),
        authorization=Authorization_App(AppCredentials(env("ITSM_APP_CODE"), env("ITSM_APP_SECRET"), None)),
        headers=[],
        deadline_ms=None,
    )
    ticket = NewTicket(
        # A secret, by which ITSM would find the ticket again. Nothing prints it.
        tag=tickets.new_tag(),
        service=Service_FastApproval(FastApproval([env("APPROVER")], content=env("TITLE"))),
        creator=env("CREATOR"),
        title=env("TITLE"),
        fields=[],
        processors=[],
        callback=None,
        extra_json=None,
    )
    print(f"operation {tickets.new_operation_id()}", file=sys.stderr)
    try:
        created = tickets.create(connection, ticket)
    except Err as error:
        raise Stopped(f"create failed: {sentences(error.value)}") from None
    print(f"waiting for {created.sn} ({created.ticket_url})", file=sys.stderr)
    return wait(connection, created.sn)


def wait(connection: Connection, sn: str) -> Verdict:
    """Asks until the ticket has ended. Its number is what `create` answered, so no tag needs to be checked."""
    end = time.monotonic() + AT_MOST_S
    while time.monotonic() < end:
        try:
            match tickets.confirm_own(connection, sn):
                case Confirmation_Ended(outcome):
                    return outcome.verdict
                case Confirmation_Open() | Confirmation_Undecided():
                    pass
                case Confirmation_Undecidable(undecidable):
                    raise Stopped(f"{sn}: a person must look: {undecidable.why}")
                case _:
                    raise Stopped(f"{sn}: a person must look at this ticket")
        except Err as error:
            # Asking changes nothing, and the ticket is still there.
            print(f"asking again: {sentences(error.value)}", file=sys.stderr)
        time.sleep(EVERY_S)
    print(f"{sn} has not ended yet", file=sys.stderr)
    return Verdict.OPEN


def sentences(failure: Failure) -> str:
    """A failure for a person: what happened, what to do next, and whether ITSM may have acted."""
    return f"{failure.message}\n{diagnosis.describe_failure(failure, Language.ENGLISH)}"
