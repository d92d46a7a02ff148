"""Callbacks to try one's own endpoint with: a ticket of a fake site comes to the end that is asked for, and the site calls
back.
"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from typing import Any
from urllib.parse import urlsplit

from ..callbacks import Claims
from ..durable import BINDING_HOLDS_S
from ..tickets import FastApproval, NewTicket
from ..types import CallbackTarget, Header
from .configuration import Configuration
from .exits import Exit, Stop
from .plain_http import Answer, ask

LATE_MS = 5_000
MOST_LOOKS = 600
"""Longer than a late callback takes."""
BETWEEN_LOOKS_S = 0.05


def run(arguments: Namespace, configuration: Configuration) -> Exit:
    """Lets a fake site send callbacks to an endpoint."""
    what, to = arguments.what, arguments.to
    if configuration.settings.callback_url is None:
        raise Stop("ITSM_CALLBACK_URL and ITSM_BINDING_KEYS are not set: without a key no callback can be bound")
    site = _Site(configuration.connection.endpoint.value)
    itsm = configuration.itsm
    operation = itsm.tickets.new_operation_id()
    claims = Claims(operation, to, int(time.time()) + BINDING_HOLDS_S)
    binding = itsm.callbacks.bind(configuration.settings.binding_keys[0], claims)
    approval = FastApproval(["admin"], "itsm trigger")
    target = CallbackTarget(to, [binding.header])
    ticket = NewTicket(binding.tag, approval, "carol", "itsm trigger", callback=target)
    sn = itsm.tickets.create(configuration.connection, ticket).sn
    configuration.print(
        configuration.say(f"ticket   {sn}, for operation {operation}", f"单据     {sn}，操作 {operation}")
    )
    if what == "forged":
        sent = [site.forge(to, sn, binding.header)]
    else:
        site.bring_to_an_end(sn, what)
        sent = site.callbacks(sn, 2 if what == "twice" else 1)
    ended = Exit.DONE
    for status, answer, delivered in sent:
        is_right = delivered != (what == "forged")
        if not is_right:
            ended = Exit.REFUSED
        taken = (
            configuration.say("ITSM takes that for delivered", "ITSM 视为已送达")
            if delivered
            else configuration.say("ITSM takes that for a failure", "ITSM 视为失败")
        )
        right = (
            configuration.say("as it should be", "符合预期") if is_right else configuration.say("WRONG", "不符合预期")
        )
        shown = "-" if status is None else status
        configuration.print(
            configuration.say(
                f"answer   {shown} {answer}: {taken}, {right}", f"应答     {shown} {answer}：{taken}，{right}"
            )
        )
    return ended


_Sent = tuple[Any, str, bool]
"""The status of the answer to a callback, its body, and whether ITSM takes that for delivered."""


class _Site:
    """The fake site, by the door that no real one has."""

    def __init__(self, itsm: str) -> None:
        self._authority = urlsplit(itsm).netloc
        try:
            is_fake = self._ask("token").status == 200
        except Stop:
            is_fake = False
        if not is_fake:
            raise Stop(
                f"{self._authority} is no fake site: start one with `itsm fake`, and paste the lines that it prints"
            )

    def _ask(self, verb: str, asked: dict[str, Any] | None = None) -> Answer:
        body = None if asked is None else json.dumps(asked).encode()
        return ask(f"http://{self._authority}/fake/{verb}", body)

    def _act(self, verb: str, **asked: Any) -> None:
        answer = self._ask(verb, asked)
        if answer.status != 200:
            raise Stop(f"the fake site refuses {verb}: {answer.text}")

    def _show(self, verb: str) -> Any:
        return json.loads(self._ask(verb).body)

    def bring_to_an_end(self, sn: str, what: str) -> None:
        if what == "twice":
            self._act("fault", action="callback", fault="doubled-callback")
        elif what == "late":
            self._act("fault", action="callback", fault="late-callback", ms=LATE_MS)
        self._started(sn)
        if what == "rejected":
            self._act("refuse", sn=sn, who="admin", remark="no")
        elif what == "withdrawn":
            self._act("withdraw", sn=sn, who="carol")
        else:
            self._act("approve", sn=sn, who="admin")

    def _started(self, sn: str) -> None:
        for _ in range(MOST_LOOKS):
            if any(it.get("sn") == sn and it.get("started") is True for it in self._show("tickets")):
                return
            time.sleep(BETWEEN_LOOKS_S)
        raise Stop(f"the flow of {sn} does not start")

    def callbacks(self, sn: str, wanted: int) -> list[_Sent]:
        for _ in range(MOST_LOOKS):
            found = [it for it in self._show("callbacks") if it.get("sn") == sn]
            if len(found) >= wanted:
                return [(it.get("status"), it.get("answer") or "", it.get("delivered") is True) for it in found]
            time.sleep(BETWEEN_LOOKS_S)
        raise Stop(f"no callback for {sn} was sent")

    def forge(self, to: str, sn: str, header: Header) -> _Sent:
        """What somebody posts who has seen the header once."""
        claim = {
            "title": "itsm trigger",
            "current_status": "FINISHED",
            "sn": sn,
            "approve_result": True,
            "ticket_url": "",
            "update_at": "",
            "updated_by": ",admin,",
            "last_approver": "admin",
            "token": self._show("token"),
        }
        answer = ask(to, json.dumps(claim).encode(), dict([("content-type", "application/json"), header]))
        return answer.status, answer.text, answer.is_delivered
