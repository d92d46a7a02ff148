"""Looking at tickets, and acting on them: rows for people, JSON for programs."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..component import Itsm, module_of
from ..diagnosis import CallbackUrlError, Language
from ..services import ServiceFilter
from ..tickets import TicketFilter
from ..types import CallbackTarget, Decision, Ended, People, RunningNode, Ticket
from . import values, words
from .configuration import Configuration
from .exits import Exit, Stop, of_failure
from .tables import pairs, table
from .words import reason

RECONCILE_MOST = 50
"""ITSM is asked about so many tickets at once."""


def run(arguments: Namespace, configuration: Configuration) -> Exit:
    """Carries out one of the commands that have a method here."""
    asked = _Asked(arguments, configuration)
    ended: Exit | None = getattr(asked, arguments.command.replace("-", "_"))()
    return ended or Exit.DONE


class _Asked:
    """A method for each command."""

    def __init__(self, arguments: Namespace, configuration: Configuration) -> None:
        self._given = arguments
        self._configuration = configuration
        self._itsm, self._connection = configuration.itsm, configuration.connection
        self._language, self._say = configuration.language, configuration.say

    def explain(self) -> None:
        it = self._itsm.tickets.explain(self._connection, self._given.sn)
        facts = self._facts(it.ticket)
        facts.append((self._say("ending", "结局"), words.ending(it.ending, self._language)))
        if it.words:
            facts.append((self._say("why", "原因"), it.words))
        lines = pairs(facts)
        if it.decisions:
            lines += self._decisions(it.decisions)
        if it.waiting_for:
            lines += self._nodes(it.waiting_for)
        value = {
            "ticket": values.ticket(it.ticket),
            "ending": str(it.ending),
            "why": it.words,
            "decisions": [values.decision(one) for one in it.decisions],
            "waiting_for": [values.node(one) for one in it.waiting_for],
        }
        self._print(lines, value)

    def status(self) -> None:
        it = self._itsm.tickets.status(self._connection, self._given.sn)
        facts = [(self._say("status", "状态"), it.status), (self._say("page", "页面"), it.ticket_url)]
        running = [values.node(one) for one in it.running]
        value = {"status": it.status, "running": running, "ticket_url": it.ticket_url}
        self._print(pairs(facts) + self._nodes(it.running), value)

    def log(self) -> None:
        entries = self._itsm.tickets.log(self._connection, self._given.sn)
        heads = self._heads(("at", "时间"), ("who", "操作人"), ("what", "内容"), ("source", "来源"))
        rows = [(it.at, it.operator, it.message, it.source) for it in entries]
        names = ("at", "operator", "message", "source")
        self._print(table(heads, rows), [dict(zip(names, row)) for row in rows])

    def search(self) -> None:
        given = self._given
        wanted = TicketFilter(
            creator=given.creator,
            statuses=given.statuses or (),
            created_from=given.created_from,
            created_to=given.created_to,
            waiting_for=given.waiting_for,
        )
        found = self._itsm.tickets.search(self._connection, wanted, given.page, given.page_size)
        heads = self._heads(
            ("number", "单号"), ("title", "标题"), ("creator", "提单人"), ("status", "状态"), ("created", "创建时间")
        )
        rows = [(it.sn, it.title, it.creator, it.status, it.created_at) for it in found.tickets]
        page, pages, total = found.page, found.pages, found.total
        end = self._say(f"page {page} of {pages}, {total} tickets", f"第 {page} 页，共 {pages} 页，{total} 张单据")
        tickets = [values.ticket(it) for it in found.tickets]
        value = {"tickets": tickets, "page": page, "pages": pages, "total": total}
        self._print([*table(heads, rows), f" {end} "], value)

    def services(self) -> None:
        services = self._itsm.services.list_services(self._connection, ServiceFilter())
        heads = self._heads(("id", "id"), ("name", "名称"))
        value = [{"id": it.id, "name": it.name} for it in services]
        self._print(table(heads, [(str(it.id), it.name) for it in services]), value)

    def form(self) -> None:
        fields = self._itsm.services.form(self._connection, self._given.service).fields
        heads = self._heads(
            ("key", "键"), ("name", "名称"), ("type", "类型"), ("required", "必填"), ("choices", "选项")
        )
        rows, value = [], []
        for it in fields:
            choices = [choice.key for choice in it.choices]
            rows.append((it.key, it.name, it.kind, "*" if it.required else "", ", ".join(choices)))
            value.append({"key": it.key, "name": it.name, "type": it.kind, "required": it.required, "choices": choices})
        self._print(table(heads, rows), value)

    def approve(self, approved: bool = True) -> None:
        sn, message = self._given.sn, self._given.message
        node, who = self._node(), self._configuration.operator()
        self._itsm.handling.approve(self._connection, sn, node, who, approved, message)
        self._done()

    def refuse(self) -> None:
        self.approve(False)

    def claim(self) -> None:
        node, who = self._node(), self._configuration.operator()
        self._itsm.handling.claim(self._connection, self._given.sn, node, who)
        self._done()

    def hand_over(self) -> None:
        sn, to, message = self._given.sn, People(self._given.to), self._given.message
        node, who = self._node(), self._configuration.operator()
        self._itsm.handling.hand_over(self._connection, sn, node, who, to, message)
        self._done()

    def withdraw(self) -> None:
        """As `terminate`, `suspend` and `resume`."""
        act = getattr(self._itsm.operations, self._given.command)
        act(self._connection, self._given.sn, self._configuration.operator(), self._given.message)
        self._done()

    terminate = suspend = resume = withdraw

    def reconcile(self) -> None:
        """Asks about all numbers, and prints one answer each. What an answer says is no failure of the command."""
        lines = [line.strip() for line in _read(self._given.file).splitlines()]
        sns = [line for line in lines if line and not line.startswith("#")]
        rows, value = [], []
        for begin in range(0, len(sns), RECONCILE_MOST):
            for it in self._itsm.tickets.reconcile(self._connection, sns[begin : begin + RECONCILE_MOST]):
                verdict = str(it.confirmation.value.verdict) if isinstance(it.confirmation, Ended) else "none"
                rows.append((it.sn, words.confirmation(it.confirmation, self._language)))
                english = words.confirmation(it.confirmation, Language.ENGLISH)
                value.append({"sn": it.sn, "verdict": verdict, "confirmation": english})
        self._print(table(self._heads(("number", "单号"), ("answer", "结果")), rows), value)

    def diagnose(self) -> Exit:
        ended = Exit.DONE
        rows = []
        for finding in self._itsm.diagnosis.diagnose(self._connection):
            if finding.failure is not None:
                ended = of_failure(finding.failure)
            rows.append(("✗" if finding.failure else "✓", finding.action, finding.words))
        url = self._given.callback
        if url is not None:
            # The callback address gets no credentials.
            itsm = Itsm(module_of(os.environ), allow=[url])
            try:
                itsm.diagnosis.check_callback_url(CallbackTarget(url, []))
                rows.append(("✓", url, self._say("answers as ITSM wants", "应答符合 ITSM 的要求")))
            except CallbackUrlError as error:
                ended = Exit.UNREACHABLE
                rows.append(("✗", url, words.callback_error(error, self._language)))
        value = [{"what": what, "works": mark == "✓", "words": said} for mark, what, said in rows]
        heads = self._heads(("", ""), ("what", "项目"), ("finding", "结果"))
        self._print(table(heads, rows), value)
        return ended

    def _node(self) -> int:
        """The node that is named, or the one that runs."""
        if self._given.node is not None:
            return int(self._given.node)
        running = self._itsm.tickets.status(self._connection, self._given.sn).running
        if not running:
            raise Stop(f"no node of {self._given.sn} runs: nobody has to act")
        if len(running) > 1:
            nodes = ", ".join(f"{it.node_id} {it.name}" for it in running)
            raise Stop(f"several nodes run, name one by --node: {self._configuration.redacted(nodes)}")
        return running[0].node_id

    def _facts(self, it: Ticket) -> list[tuple[str, str]]:
        facts = [
            (self._say("ticket", "单号"), it.sn),
            (self._say("title", "标题"), it.title),
            (self._say("creator", "提单人"), it.creator),
            (self._say("status", "状态"), it.status),
            (self._say("created", "创建时间"), it.created_at),
        ]
        if it.ended_at is not None:
            facts.append((self._say("ended", "结束时间"), it.ended_at))
        return [*facts, (self._say("page", "页面"), it.ticket_url)]

    def _decisions(self, decisions: Sequence[Decision]) -> list[str]:
        heads = self._heads(("decision", "审批结果"), ("who", "审批人"), ("when", "时间"), ("why", "意见"))
        return table(
            heads, [(words.decided(it.approved, self._language), it.operator, it.at, it.remark) for it in decisions]
        )

    def _nodes(self, nodes: Sequence[RunningNode]) -> list[str]:
        heads = self._heads(("waits for", "等待"), ("node", "节点"), ("id", "id"), ("status", "状态"))
        return table(heads, [(", ".join(it.processors), it.name, str(it.node_id), it.status) for it in nodes])

    def _heads(self, *heads: tuple[str, str]) -> list[str]:
        return [self._say(*head) for head in heads]

    def _done(self) -> None:
        sn = self._given.sn
        if self._configuration.json:
            self._configuration.print_value({"sn": sn, "done": True})
        else:
            self._configuration.print(self._say(f"done: {sn}", f"已完成：{sn}"))

    def _print(self, lines: Sequence[str], value: Any) -> None:
        if self._configuration.json:
            self._configuration.print_value(value)
        else:
            for line in lines:
                self._configuration.print(line)


def _read(file: str) -> str:
    """The text of a file; - is the standard input."""
    try:
        return sys.stdin.buffer.read().decode() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise Stop(f"{file} can't be read: {reason(error)}") from None
