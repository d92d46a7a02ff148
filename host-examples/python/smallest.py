"""The smallest host: asks bob for an approval, and waits until ITSM says how it ended.

    ITSM_WASM_DIR=../../target/itsm python smallest.py

ITSM_GATEWAY, ITSM_APP_CODE and ITSM_APP_SECRET come from the environment too. It exits with 0 only after an approval.
"""

import sys
import time

from blueking_itsm import Itsm, ItsmError, SettingsError
from blueking_itsm.diagnosis import Language
from blueking_itsm.settings import settings
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import Ended, Open, Undecided, Verdict


def main() -> int:
    # The README shows the lines from here to the end of `match`.
    try:
        connection = settings().connection
        itsm = Itsm.from_environment()  # a wheel brings its own component: Itsm()
    except SettingsError as error:
        sys.exit(str(error))
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
