"""Four tickets on the fake ITSM, and what became of each. Exits with 0 if that is as expected."""

import json
import sys
import urllib.request

from blueking_itsm import Itsm
from blueking_itsm.types import AppCredentials, Connection, Gateway, Verdict
from example import CallbackServer, Gate
from fake_itsm import FakeItsm, component

SECRET = "the app secret of the demo"


class Demo:
    """A gate, and the people of the ITSM that it asks."""

    def __init__(self, fake: FakeItsm) -> None:
        self.fake = fake
        self.server = CallbackServer("127.0.0.1", 0)
        self.gate = Gate(
            Itsm(component()),
            Connection(Gateway(fake.gateway), AppCredentials("demo", SECRET)),
            callback_url=f"http://127.0.0.1:{self.server.server_port}/itsm/callback",
            binding_key=f"itsm-key.demo.{'5eed' * 16}",
        )
        self.server.start(self.gate)

    def approve(self, sn: str) -> None:
        self.fake.tell("approve", sn=sn, who="admin")

    def refuse(self, sn: str) -> None:
        self.fake.tell("refuse", sn=sn, who="admin", remark="no")

    def withdraw(self, sn: str) -> None:
        """By the gate itself: the callback comes while this call waits."""
        self.gate.itsm.operations.withdraw(self.gate.connection, sn, "carol", "no longer needed")

    def forge(self, sn: str) -> None:
        """Somebody who has seen the headers of this ticket's callback posts another's approval under them."""
        approved = next(ticket["sn"] for ticket in self.fake.show("tickets") if ticket["status"] == "FINISHED")
        created = json.loads(self.fake.requests("create_ticket")[-1]["body"])
        forged = {"sn": approved, "current_status": "FINISHED", "approve_result": True}
        request = urllib.request.Request(
            self.gate.callback_url, json.dumps(forged).encode(), created["meta"]["headers"]
        )
        urllib.request.urlopen(request).close()
        self.refuse(sn)

    def play(self) -> int:
        stories = [
            ("gets approved", self.approve, Verdict.APPROVED),
            ("gets refused", self.refuse, Verdict.REJECTED),
            ("gets withdrawn", self.withdraw, Verdict.WITHDRAWN),
            ("gets a forged approval, then is refused", self.forge, Verdict.REJECTED),
        ]
        right = 0
        for story, happen, expected in stories:
            operation = self.gate.itsm.tickets.new_operation_id()
            sn = self.gate.ask(operation, "carol", f"open an account: {story}", ["admin"]).sn
            happen(self.fake.started(sn))
            verdict = self.gate.wait(operation, sn).verdict
            right += verdict is expected
            print(f"{sn}  {story:<40} {verdict}")
        self.server.stop()
        print(f"{right} of {len(stories)} verdicts are as expected")
        return 0 if right == len(stories) else 1


if __name__ == "__main__":
    with FakeItsm("--credentials", f"demo:{SECRET}") as fake:
        sys.exit(Demo(fake).play())
