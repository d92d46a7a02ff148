"""What a gate prints: lines for people, or JSON for programs."""

from __future__ import annotations

from typing import Any

from ..tickets import TicketStatus
from ..types import CreatedTicket, Failure, Outcome
from . import values, words
from .configuration import Configuration


class Shown:
    """Prints each thing that happens, as it happens."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._say = configuration.say

    def resumed(self, sn: str | None) -> None:
        ticket = sn or "?"
        self._line(f"resumed    {ticket}", f"继续等待   {ticket}", {"event": "resumed", "sn": sn})

    def created(self, ticket: CreatedTicket) -> None:
        sn, url = ticket.sn, ticket.ticket_url
        event = {"event": "created", "sn": sn, "ticket_url": url}
        self._line(f"created    {sn}  {url}", f"已提单     {sn}  {url}", event)

    def waits_for(self, status: TicketStatus, whom: str) -> None:
        event = {"event": "waiting", "nodes": [values.node(node) for node in status.running]}
        self._line(f"waiting    for {whom}", f"等待处理   {whom}", event)

    def called_back(self, status: str) -> None:
        self._line(
            f"callback   claims {status}; ITSM is asked",
            f"收到回调   声称 {status}，正在向 ITSM 核实",
            {"event": "callback", "claims": status},
        )

    def ended(self, outcome: Outcome) -> None:
        language = self._configuration.language
        for it in outcome.decisions:
            decided = words.decided(it.approved, language)
            self._text(
                f"decision   {decided} by {it.operator} at {it.at}  {it.remark}",
                f"审批意见   {it.operator} 于 {it.at} {decided}  {it.remark}",
            )
        sn, word = outcome.ticket.sn, words.verdict(outcome.verdict, language)
        decisions = [values.decision(it) for it in outcome.decisions]
        event = {"event": "ended", "sn": sn, "verdict": str(outcome.verdict), "decisions": decisions}
        self._line(f"ended      {sn} {word}", f"已结束     {sn} {word}", event)

    def failed(self, failure: Failure, why: str) -> None:
        """What went wrong, in the component's words."""
        event = {
            "event": "failed",
            "code": failure.code,
            "may_have_acted": failure.may_have_acted,
            "message": why,
        }
        self._line(f"failed     {why}", f"失败       {why}", event)

    def report(self, why: str) -> None:
        """What a person has to know."""
        self._line(f"attention  {why}", f"请注意     {why}", {"event": "report", "message": why})

    def timed_out(self) -> None:
        self._line(
            "timed out  nobody has decided, and the ticket stays open",
            "已超时     还没有人审批，单据保留",
            {"event": "timed-out"},
        )

    def not_created(self) -> None:
        self._line("stopped    no ticket was made", "已停止     没有提单", {"event": "not-created"})

    def maybe_created(self) -> None:
        self._line(
            "stopped    ITSM may have made the ticket: run the same command with --resume FILE, or search for its title",
            "已停止     ITSM 可能已经提单：请用同一个 --resume 文件重新运行，或按提单人查找",
            {"event": "maybe-created"},
        )

    def withdrawing(self) -> None:
        self._line("cancelled  the ticket is being withdrawn", "已取消     正在撤单", {"event": "withdrawing"})

    def interrupted(self) -> None:
        self._line("cancelled  the ticket stays open", "已取消     单据保留", {"event": "interrupted"})

    def _line(self, english: str, chinese: str, event: dict[str, Any]) -> None:
        if self._configuration.json:
            self._configuration.print_value(event)
        else:
            self._text(english, chinese)

    def _text(self, english: str, chinese: str) -> None:
        if not self._configuration.json:
            self._configuration.print(self._say(english, chinese))
