"""Asks for one approval, and exits with 0 only when it is given: a component that imports blueking:itsm.

Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, APPROVER, CREATOR, TITLE.
"""

import sys
import time
from os import environ

from componentize_py_types import Err
from wit_world.imports import tickets
from wit_world.imports.tickets import FastApproval, NewTicket, Service_FastApproval
from wit_world.imports.types import (
    Advice_AllowHost,
    Advice_AskPermission,
    Advice_CallOperator,
    Advice_FixArgument,
    Advice_FixCredentials,
    Advice_GiveUp,
    Advice_LookUp,
    Advice_Other,
    Advice_SendVerifiedUser,
    Advice_WaitMs,
    AppCredentials,
    Authorization_App,
    Confirmation_Ended,
    Confirmation_Open,
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
            raise Err(None)
        print(verdict.name.lower())
        if verdict != Verdict.APPROVED:
            raise Err(None)


class Stopped(Exception):
    """Why there is no verdict, and what to do."""


def approval() -> Verdict:
    try:
        connection = Connection(
            endpoint=Endpoint_Gateway(environ["ITSM_GATEWAY"]),
            authorization=Authorization_App(AppCredentials(environ["ITSM_APP_CODE"], environ["ITSM_APP_SECRET"], None)),
            headers=[],
            deadline_ms=None,
        )
        ticket = NewTicket(
            # A secret, by which ITSM would find the ticket again. Nothing prints it.
            tag=tickets.new_tag(),
            service=Service_FastApproval(FastApproval([environ["APPROVER"]], content=environ["TITLE"])),
            creator=environ["CREATOR"],
            title=environ["TITLE"],
            fields=[],
            processors=[],
            callback=None,
            extra_json=None,
        )
    except KeyError as missing:
        raise Stopped(f"{missing.args[0]} is not set") from None
    print(f"operation {tickets.new_operation_id()}", file=sys.stderr)
    try:
        created = tickets.create(connection, ticket)
    except Err as error:
        raise Stopped(explain(error.value, ticket)) from None
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
                case other:
                    raise Stopped(f"{sn}: a person must look, ITSM says {other}")
        except Err as error:
            # Asking changes nothing, and the ticket is still there.
            print(f"asking again: {error.value.message}", file=sys.stderr)
        time.sleep(EVERY_S)
    print(f"{sn} has not ended yet", file=sys.stderr)
    return Verdict.OPEN


def explain(failure: Failure, ticket: NewTicket) -> str:
    """Why there is no ticket, whether ITSM may have acted, and what to do next."""
    acted = "ITSM may have acted" if failure.may_have_acted else "ITSM did nothing"
    match failure.advice:
        case Advice_FixArgument(name):
            advice = f"fix {name}"
        case Advice_FixCredentials():
            advice = "fix ITSM_APP_CODE and ITSM_APP_SECRET"
        case Advice_AskPermission():
            advice = "apply for the API in the developer centre"
        case Advice_SendVerifiedUser():
            advice = "use an app that the gateway trusts with users"
        case Advice_AllowHost(host):
            advice = f"let the component reach {host}"
        case Advice_WaitMs(ms):
            advice = f"wait {ms} ms"
        case Advice_LookUp():
            advice = f'look for the ticket "{ticket.title}" of {ticket.creator} before running this again'
        case Advice_CallOperator():
            advice = "call the operator of the gateway"
        case Advice_GiveUp():
            advice = "running this again does not help"
        case Advice_Other(words):
            advice = words
    return f"create failed: {failure.message}\n{acted}\nnext: {advice}"
