"""The smallest host: asks bob for an approval, and waits until ITSM says how it ended.

    ITSM_WASM_DIR=../../target/itsm python smallest.py

ITSM_GATEWAY, ITSM_APP_CODE and ITSM_APP_SECRET come from the environment too. It exits with 0 only after an approval.
"""

import os
import sys
import time
from pathlib import Path

from blueking_itsm import Itsm, ItsmError
from blueking_itsm.diagnosis import Language
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, Connection, Ended, Gateway, Open, Undecided, Verdict


def env(name: str) -> str:
    """A setting in the environment."""
    try:
        return os.environ[name]
    except KeyError:
        sys.exit(f"{name} is not set")


def main() -> int:
    # The README shows the lines from here to the end of `match`.
    itsm = Itsm(Path(env("ITSM_WASM_DIR"), "itsm.core.wasm"))  # a wheel brings its own: Itsm()
    credentials = AppCredentials(env("ITSM_APP_CODE"), env("ITSM_APP_SECRET"))
    connection = Connection(Gateway(env("ITSM_GATEWAY")), credentials)
    approval = FastApproval(["bob"], "an account for carol")
    try:
        ticket = NewTicket(itsm.tickets.new_tag(), approval, "carol", "open an account")
        sn = itsm.tickets.create(connection, ticket).sn
    except ItsmError as error:  # has advice, may_have_acted, origin, code, message and request_id
        sys.exit(f"{error.message}. {itsm.diagnosis.describe_failure(error, Language.ENGLISH)}")
    while True:
        match itsm.tickets.confirm_own(connection, sn):
            case Ended(outcome):
                print(f"{sn}: {outcome.verdict}")
                return 0 if outcome.verdict is Verdict.APPROVED else 1
            case Open() | Undecided():
                time.sleep(1)
            case _:
                sys.exit(f"{sn}: a person must look at this ticket")


if __name__ == "__main__":
    sys.exit(main())
