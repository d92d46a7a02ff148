"""Five tickets on the fake ITSM, and what became of each. Exits with 0 if that is as expected."""

import json
import logging
import sqlite3
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from blueking_itsm import Itsm, Settings
from blueking_itsm.durable import Durable
from blueking_itsm.serving import Server
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, CallbackTarget, Connection, Gateway, Header, Verdict
from example import deliver
from fake_itsm import FakeItsm, component

SECRET = "the app secret of the demo"


class Demo:
    """A host that asks for approvals, and the people of its ITSM."""

    def __init__(self, fake: FakeItsm, database: Path) -> None:
        self.fake = fake
        self.itsm = Itsm(component())
        self.connection = Connection(Gateway(fake.gateway), AppCredentials("demo", SECRET))
        # The address of the callbacks has the server's port, which is free now.
        self.server = Server("127.0.0.1:0", lambda *of: self.durable.endpoint.wsgi(*of))
        self.callback_url = f"http://{self.server.address}/itsm/callback"
        settings = Settings(self.connection, self.callback_url, (f"itsm-key.demo.{'5eed' * 16}",))
        self.durable = Durable(self.itsm, settings, lambda: sqlite3.connect(database, timeout=60), deliver)
        self.durable.create_table()

    def approve(self, sn: str) -> None:
        self.fake.tell("approve", sn=sn, who="admin")

    def refuse(self, sn: str) -> None:
        self.fake.tell("refuse", sn=sn, who="admin", remark="no")

    def withdraw(self, sn: str) -> None:
        """By the host itself: the callback comes while this call waits."""
        self.itsm.operations.withdraw(self.connection, sn, "carol", "no longer needed")

    def forge(self, sn: str) -> None:
        """Somebody who has seen the headers of this ticket's callback posts another's approval under them."""
        approved = next(ticket["sn"] for ticket in self.fake.show("tickets") if ticket["status"] == "FINISHED")
        forged = {"sn": approved, "current_status": "FINISHED", "approve_result": True}
        headers = dict(self.stolen_headers())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(urllib.request.Request(self.callback_url, json.dumps(forged).encode(), headers)).close()
        self.refuse(sn)

    def steal(self, sn: str) -> None:
        """Another app makes a ticket under these headers and approves it: ITSM itself reports that to the host."""
        header = self.stolen_headers()
        # The operation's id stands in the header in clear. It is not the tag.
        operation_id = header[0][1].split(".")[2]
        callback = CallbackTarget(self.callback_url, header)
        ticket = NewTicket(operation_id, FastApproval(["mallory"], "mine"), "mallory", "mine", callback=callback)
        stolen = self.itsm.tickets.create(self.connection, ticket).sn
        self.fake.tell("approve", sn=self.fake.started(stolen), who="mallory")
        self.fake.called_back(stolen)
        self.refuse(sn)

    def stolen_headers(self) -> list[Header]:
        """What ITSM was told to send with the newest ticket's callback, as its logs show it."""
        created = json.loads(self.fake.requests("create_ticket")[-1]["body"])
        return list(created["meta"]["headers"].items())

    def play(self) -> int:
        stories = [
            ("gets approved", self.approve, Verdict.APPROVED),
            ("gets refused", self.refuse, Verdict.REJECTED),
            ("gets withdrawn", self.withdraw, Verdict.WITHDRAWN),
            ("gets a forged approval, then is refused", self.forge, Verdict.REJECTED),
            ("gets a thief's approval, then is refused", self.steal, Verdict.REJECTED),
        ]
        right = 0
        with self.server:
            for story, happen, expected in stories:
                title = f"open an account: {story}"
                operation = self.durable.request(story, FastApproval(["admin"], title), "carol", title)
                known = self.durable.operation(operation)
                assert known is not None and known.ticket is not None
                sn = self.fake.started(known.ticket.sn)
                happen(sn)
                verdict = self.durable.wait(operation).verdict
                right += verdict is expected
                print(f"{sn}  {story:<41} {verdict}", flush=True)
        print(f"{right} of {len(stories)} verdicts are as expected")
        return 0 if right == len(stories) else 1


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    with FakeItsm("--credentials", f"demo:{SECRET}") as fake, TemporaryDirectory() as folder:
        sys.exit(Demo(fake, Path(folder, "demo.sqlite")).play())
