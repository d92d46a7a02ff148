"""The command line: the names and the help of the native program, in English and in Chinese."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from ..component import VERSION
from ..diagnosis import Language
from .words import language, say

NATIVE_ONLY = ("fake", "completion")
"""The commands that only the native program has."""
TRIGGERED = ("approved", "rejected", "withdrawn", "twice", "late", "forged")
THEN = ("withdraw", "leave")

COMMANDS = {
    "gate": (
        "Asks for an approval, waits for it, and exits with 0 only if it is given",
        "发起一次审批并等待结果；只有审批通过才以 0 退出。",
    ),
    "explain": (
        "Says how a ticket stands or ended: who decided, when and why, and whom it waits for",
        "说明单据的状态或结局：谁在何时审批、理由是什么，以及在等谁。",
    ),
    "status": ("A ticket's status, and its running nodes", "单据的状态、正在运行的节点及其表单。"),
    "log": ("A ticket's log", "单据的流转日志。"),
    "search": ("Finds tickets, newest first", "查找单据，最新的在前。"),
    "services": ("The services that tickets can be created for", "可以提单的服务。"),
    "form": ("The form of a service", "服务的提单表单。"),
    "approve": ("Approves, as somebody whom the ticket waits for", "以处理人的身份同意一个审批。"),
    "refuse": ("Refuses, as somebody whom the ticket waits for", "以处理人的身份拒绝一个审批。"),
    "claim": ("Claims a node that several people may handle", "认领一个节点。"),
    "hand-over": ("Hands a node over to somebody else", "把节点转给别人处理。"),
    "withdraw": ("Withdraws a ticket, as its creator", "以提单人的身份撤单。"),
    "terminate": ("Terminates a ticket, as somebody who handles it", "以处理人的身份终止单据。"),
    "suspend": ("Suspends a ticket", "挂起单据。"),
    "resume": ("Resumes a suspended ticket", "恢复被挂起的单据。"),
    "reconcile": (
        "Asks ITSM about the tickets in a file, a number a line. Made for cron",
        "向 ITSM 核对一个文件中的单据，每行一个单号。适合放进 cron。",
    ),
    "diagnose": (
        "Checks the settings: each action of ITSM is tried once, and nothing is changed",
        "检查设置：地址、凭证和权限，每个接口试一次，不改动任何数据。",
    ),
    "listen": ("Receives callbacks, and prints what each one proves", "接收回调，并说明每个回调证明了什么。"),
    "trigger": (
        "Lets a fake site send callbacks to an endpoint",
        "让模拟站点向某个地址发送回调，用来试验自己的接收方。",
    ),
    "fake": ("Serves a fake site on this machine, with pages for a browser", "在本机运行一个模拟站点，带网页。"),
    "completion": ("Prints the completion script of a shell", "输出某种 shell 的补全脚本。"),
}


def parse(given: Sequence[str]) -> argparse.Namespace:
    """What a command line asks for. A wrong one, and a question for help, end the program."""
    whole = parser(language(os.environ.get))
    if any("\udc80" <= letter <= "\udcff" for letter in "".join(given)):
        whole.error("an argument is not UTF-8")
    if not given:
        whole.print_help(sys.stderr)
        sys.exit(2)
    arguments, unknown = whole.parse_known_args(given)
    if arguments.command is None:
        whole.error("a command is missing")
    if arguments.command in NATIVE_ONLY:
        return arguments
    if unknown:
        whole.error(f"unrecognized arguments: {' '.join(unknown)}")
    if sum(server is not None for server in (arguments.gateway, arguments.esb, arguments.esb_legacy)) > 1:
        whole.error("only one of --gateway, --esb and --esb-legacy can be given")
    if arguments.command == "gate" and bool(arguments.approvers) == (arguments.service is not None):
        whole.error("either --approver or --service has to be given")
    return arguments


def parser(language: Language) -> argparse.ArgumentParser:
    """The parser, with its help in a language."""
    return _Help(language).parser()


class _Help:
    """Builds the parser, with one of two sentences for each of its parts."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def parser(self) -> argparse.ArgumentParser:
        about = self._say(
            "Asks BlueKing ITSM for approvals, and looks after its tickets", "向蓝鲸 ITSM 发起审批，并查看、处理单据。"
        )
        whole = argparse.ArgumentParser("python -m blueking_itsm", description=about, allow_abbrev=False)
        whole.add_argument("-V", "--version", action="version", version=f"itsm {VERSION}")
        self._settings(whole, None)
        commands = whole.add_subparsers(dest="command", title="Commands", metavar="COMMAND")
        for name, sentences in COMMANDS.items():
            about = self._say(*sentences)
            command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
            getattr(self, f"_{name.replace('-', '_')}", self._nothing)(command)
            if name not in NATIVE_ONLY:
                self._settings(command, argparse.SUPPRESS)
        return whole

    def _say(self, english: str, chinese: str) -> str:
        return say(self._language, english, chinese)

    def _add(self, to: Any, *names: str, help: tuple[str, str], **options: Any) -> None:
        words = self._say(*help)
        default = options.pop("shown", options.get("default"))
        if default is not None:
            shown = default if default != "" else '""'
            words += f" [default: {shown}]"
        if "choices" in options:
            words += f" [possible values: {', '.join(options['choices'])}]"
        to.add_argument(*names, help=words, **options)

    def _settings(self, command: argparse.ArgumentParser, default: str | None) -> None:
        """What every command takes, before its name or after."""
        to = command.add_argument_group("Settings", argument_default=default)
        self._add(
            to,
            "--gateway",
            metavar="URL",
            help=(
                "An API gateway with its stage, such as `https://bkapi.example.com/api/bk-itsm/prod`",
                "API 网关地址，包含环境，例如 https://bkapi.example.com/api/bk-itsm/prod。",
            ),
        )
        self._add(
            to,
            "--esb",
            metavar="URL",
            help=(
                "A BlueKing site whose ESB is asked, such as `https://paas.example.com`",
                "走 ESB 的蓝鲸站点，例如 https://paas.example.com。",
            ),
        )
        self._add(
            to,
            "--esb-legacy",
            metavar="URL",
            help=(
                "The same for the oldest ESB, which reads credentials from the body alone",
                "同上，用于最旧的 ESB，它只从请求体读取凭证。",
            ),
        )
        self._add(to, "--app-code", metavar="CODE", help=("The app's code", "应用编码。"))
        self._add(
            to,
            "--tenant-id",
            metavar="ID",
            help=("The tenant, on sites that have several", "租户，用于多租户站点。"),
        )
        self._add(
            to,
            *("-u", "--operator"),
            metavar="USER",
            help=(
                "In whose name to act: the creator of a ticket, the operator of an action",
                "以谁的名义操作：提单人，或执行操作的人。",
            ),
        )
        self._add(
            to,
            "--config",
            metavar="FILE",
            help=(
                "The file with settings. Without it, itsm.toml in this folder, if there is one",
                "设置文件。不给出时，读取当前目录下的 itsm.toml（如果有）。",
            ),
        )
        self._add(
            to,
            "--deadline",
            metavar="TIME",
            type=duration,
            default=default or 30.0,
            shown="30s",
            help=("How long a call may take, such as 30s", "一次调用最长用时，例如 30s。"),
        )
        self._add(
            to,
            "--json",
            action="store_true",
            default=default or False,
            shown=None,
            help=("JSON for programs instead of text for people", "输出供程序读取的 JSON，而不是供人阅读的文字。"),
        )

    def _nothing(self, _: argparse.ArgumentParser) -> None:
        """The command takes nothing but settings."""

    _services = _nothing

    def _gate(self, command: argparse.ArgumentParser) -> None:
        self._add(
            command,
            "--title",
            metavar="TEXT",
            required=True,
            help=("What is to be approved", "标题：要审批什么。"),
        )
        self._add(
            command,
            "--approver",
            dest="approvers",
            metavar="USER",
            action="append",
            help=(
                "Who approves. Can be given several times: one approval is enough",
                "审批人。可以给出多次：任一人审批即可。",
            ),
        )
        self._add(
            command,
            "--service",
            metavar="ID",
            type=_number(64),
            help=(
                "The service, by its id. Without it, ITSM's built-in service for fast approvals",
                "服务 id。不给出时使用内置的快速审批服务。",
            ),
        )
        self._add(
            command,
            "--field",
            dest="fields",
            metavar="KEY=VALUE",
            type=_key_and_value,
            action="append",
            help=(
                "A field of the service's form. Can be given several times. Several people are separated by commas",
                "提单字段，写作 KEY=VALUE。可以给出多次。人员字段的多个用户名用逗号分隔。",
            ),
        )
        self._add(
            command,
            "--timeout",
            metavar="TIME",
            type=duration,
            help=(
                "How long to wait, such as 2h. Without it, until the ticket has ended",
                "等待多久，例如 2h。不给出时一直等待。",
            ),
        )
        self._add(
            command,
            "--on-timeout",
            metavar="WHAT",
            choices=THEN,
            default="leave",
            help=(
                "What becomes of the ticket when the time is over",
                "超时后的处理：withdraw 撤单，leave 保留单据。",
            ),
        )
        self._add(
            command,
            "--on-cancel",
            metavar="WHAT",
            choices=THEN,
            default="leave",
            help=(
                "What becomes of the ticket on Ctrl-C or SIGTERM",
                "被 Ctrl-C 或 SIGTERM 中断后的处理：withdraw 撤单，leave 保留单据。",
            ),
        )
        self._add(
            command,
            "--interval",
            metavar="TIME",
            type=duration,
            default="10s",
            help=("How often to ask ITSM", "多久向 ITSM 询问一次。"),
        )
        self._add(
            command,
            "--resume",
            metavar="FILE",
            help=(
                "A file for the progress: a gate that was killed goes on with the same ticket",
                "保存进度的文件。程序被杀后，用同一个文件重新运行，会继续等待同一张单据。",
            ),
        )

    def _sn(self, command: argparse.ArgumentParser) -> None:
        self._add(command, "sn", metavar="SN", help=("The ticket's number", "单号。"))

    _explain = _status = _log = _sn

    def _search(self, command: argparse.ArgumentParser) -> None:
        self._add(command, "--creator", metavar="USER", help=("Who created them", "提单人。"))
        self._add(
            command,
            "--status",
            dest="statuses",
            metavar="STATUS",
            action="append",
            help=(
                "Their status, such as RUNNING. Can be given several times",
                "单据状态，例如 RUNNING。可以给出多次。",
            ),
        )
        self._add(command, "--waiting-for", metavar="USER", help=("Whom they wait for", "当前处理人。"))
        self._add(
            command,
            "--created-from",
            metavar="TIME",
            help=(
                'Created then or later, such as "2026-11-01 00:00:00"',
                '创建时间不早于，例如 "2026-11-01 00:00:00"。',
            ),
        )
        self._add(command, "--created-to", metavar="TIME", help=("Created then or earlier", "创建时间不晚于。"))
        self._add(
            command,
            "--page",
            metavar="N",
            type=_number(32),
            default=1,
            help=("Which page, from 1", "第几页，从 1 开始。"),
        )
        self._add(
            command,
            "--page-size",
            metavar="N",
            type=_number(32),
            default=20,
            help=("How many a page", "每页多少条。"),
        )

    def _form(self, command: argparse.ArgumentParser) -> None:
        self._add(
            command,
            "service",
            metavar="SERVICE",
            type=_number(64),
            help=("The service's id", "服务 id。不给出时使用内置的快速审批服务。"),
        )

    def _message(self, command: argparse.ArgumentParser, english: str, **options: Any) -> None:
        self._add(command, "-m", "--message", metavar="TEXT", help=(english, "理由或意见。"), **options)

    def _claim(self, command: argparse.ArgumentParser) -> None:
        self._sn(command)
        self._add(
            command,
            "--node",
            metavar="ID",
            type=_number(64),
            help=(
                "The node's id. Not needed where one node runs",
                "节点 id。单据只有一个节点在运行时可以不给出。",
            ),
        )

    def _approve(self, command: argparse.ArgumentParser) -> None:
        self._claim(command)
        self._message(command, "A remark", default="")

    _refuse = _approve

    def _hand_over(self, command: argparse.ArgumentParser) -> None:
        self._claim(command)
        self._add(command, "--to", metavar="USER", action="append", required=True, help=("To whom", "转给谁。"))
        self._message(command, "Why", required=True)

    def _withdraw(self, command: argparse.ArgumentParser) -> None:
        self._sn(command)
        self._message(command, "Why", default="")

    _terminate = _suspend = _resume = _withdraw

    def _reconcile(self, command: argparse.ArgumentParser) -> None:
        self._add(
            command,
            "file",
            metavar="FILE",
            help=("The file; - is the standard input", "每行一个单号的文件；- 表示标准输入。"),
        )

    def _diagnose(self, command: argparse.ArgumentParser) -> None:
        self._add(
            command,
            "--callback",
            metavar="URL",
            help=(
                "Checks as well whether this callback address answers as ITSM wants",
                "同时检查这个回调地址能否按 ITSM 的要求应答。",
            ),
        )

    def _listen(self, command: argparse.ArgumentParser) -> None:
        self._add(
            command,
            "--forward",
            metavar="URL",
            help=(
                "Passes each callback on to this address, and gives ITSM the answer that comes from there",
                "把每个回调转发到这个地址，并把那里的应答返回给 ITSM。",
            ),
        )

    def _trigger(self, command: argparse.ArgumentParser) -> None:
        self._add(
            command,
            "what",
            metavar="WHAT",
            choices=TRIGGERED,
            help=("What becomes of the ticket, or what is wrong with the callback", "单据的结局，或回调的问题。"),
        )
        self._add(
            command,
            "--to",
            metavar="URL",
            required=True,
            help=("The endpoint, which has to have the same keys in ITSM_BINDING_KEYS", "转给谁。"),
        )


SECONDS = {
    "nanos nsec ns": 1e-9,
    "usec us µs": 1e-6,
    "millis msec ms": 1e-3,
    "seconds second secs sec s": 1.0,
    "minutes minute min mins m": 60.0,
    "hours hour hr hrs h": 3600.0,
    "days day d": 86_400.0,
    "weeks week wk wks w": 604_800.0,
    "months month M": 2_630_016.0,
    "years year yr yrs y": 31_557_600.0,
}
UNITS = {name: seconds for names, seconds in SECONDS.items() for name in names.split()}
SPAN = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ]+)")


def duration(text: str) -> float:
    """The seconds in such as `2h` or `1min 30s`."""
    if text == "0":
        return 0.0
    place, seconds = 0, 0.0
    while span := SPAN.match(text, place):
        place = span.end()
        if span[2] not in UNITS:
            break
        seconds += float(span[1]) * UNITS[span[2]]
    if not span and place and not text[place:].strip():
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no time: write one such as 30s or 2h")


def _number(bits: int) -> Any:
    def number(text: str) -> int:
        if not re.fullmatch(r"\+?[0-9]+", text) or int(text) >= 1 << bits:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {(1 << bits) - 1}")
        return int(text)

    return number


def _key_and_value(text: str) -> tuple[str, str]:
    key, is_there, value = text.partition("=")
    if not key or not is_there:
        raise argparse.ArgumentTypeError("write KEY=VALUE")
    return key, value
