"""Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.

    python example.py CREATOR APPROVER TITLE

Asked again for the same, also after a crash, it goes on with the same ticket. Settings come from the environment: see
README.md.
"""

import json
import logging
import os
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

from blueking_itsm import Error, Itsm, ItsmError, Settings, SettingsError
from blueking_itsm.diagnosis import Language
from blueking_itsm.durable import Durable
from blueking_itsm.serving import Server
from blueking_itsm.settings import settings
from blueking_itsm.tickets import FastApproval
from blueking_itsm.types import AddedByHost, Outcome, Verdict


def deliver(cursor: sqlite3.Cursor, operation_id: str, outcome: Outcome) -> None:
    """Here a host writes what an approval allows: once, and in one transaction with the outcome. This one only waits."""


def connect() -> sqlite3.Connection:
    if not os.environ.get("ITSM_DATABASE"):
        raise SettingsError("ITSM_DATABASE is not set")
    file = Path(os.environ["ITSM_DATABASE"])
    file.touch(mode=0o600)  # the tags in it are as secret as the key
    return sqlite3.connect(file, timeout=60)


def known_settings() -> Settings:
    """The settings of the environment. Without an app code somebody else adds the credentials on the way."""
    if os.environ.get("ITSM_APP_CODE", "").strip():
        return settings()
    found = settings({**os.environ, "ITSM_APP_CODE": "nobody", "ITSM_APP_SECRET": "none"})
    return replace(found, connection=replace(found.connection, authorization=AddedByHost()))


def seconds(name: str) -> int | None:
    """A setting that is a number of seconds, if it is set."""
    text = os.environ.get(name) or "0"
    if not text.isdecimal():
        raise SettingsError(f"{name} is {text}, and must be a number of seconds")
    return int(text) or None


def main() -> int:
    if len(sys.argv) != 4:
        sys.exit("usage: python example.py CREATOR APPROVER TITLE")
    creator, approver, title = sys.argv[1:]
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    try:
        within_s = seconds("ITSM_DECIDE_WITHIN_S")
        itsm = Itsm.from_environment()
        durable = Durable(itsm, known_settings(), connect, deliver)
        durable.create_table()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    try:
        server = Server(os.environ.get("ITSM_LISTEN") or "0.0.0.0:8080", durable.endpoint.wsgi)
    except (OSError, ValueError) as error:
        sys.exit(f"ITSM_LISTEN: {error}")
    with server:
        print(f"callbacks are received at {server.address}", flush=True)
        try:
            key, approval = json.dumps([creator, title, approver]), FastApproval([approver], title)
            operation = durable.request(key, approval, creator, title, decide_within_s=within_s)
            print(f"operation {operation}", flush=True)
            durable.tick(whatever=True)  # what a process before this one has not come to
            known = durable.operation(operation)
            if known is not None and known.ticket is not None:
                print(f"waiting for {known.ticket.sn} ({known.ticket.ticket_url})", flush=True)
            verdict = durable.wait(operation).verdict
        except ItsmError as error:
            sys.exit(f"{error.message}\n{itsm.diagnosis.describe_failure(error, Language.ENGLISH)}")
        except (Error, ValueError) as error:
            sys.exit(str(error))
    print(verdict)
    return 0 if verdict is Verdict.APPROVED else 1


if __name__ == "__main__":
    sys.exit(main())
