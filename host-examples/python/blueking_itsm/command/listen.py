"""An endpoint to look at callbacks with: it prints what each one proves and what not, and can pass it on to the endpoint
that is being written.
"""

from __future__ import annotations

import threading
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from ..callbacks import BoundCallback, Reply, SelfCheck
from ..endpoint import MOST_BYTES
from ..settings import SettingsError
from ..types import Ended, Header, ItsmError
from . import plain_http, words
from .configuration import Configuration
from .exits import Exit, Stop
from .serving import serving
from .signals import on_cancel
from .words import reason


def run(arguments: Namespace, configuration: Configuration) -> Exit:
    """Receives callbacks until Ctrl-C or SIGTERM, and prints what each one proves."""
    url, listen = configuration.settings.callback_url, configuration.listen or "127.0.0.1:8080"
    if url is None:
        raise SettingsError("ITSM_CALLBACK_URL is not set")
    cancelled = threading.Event()
    on_cancel(cancelled.set)
    with serving(listen, _Listening(configuration, url, arguments.forward).wsgi):
        configuration.print(
            configuration.say(f"listening on {listen} for callbacks to {url}", f"正在 {listen} 监听发往 {url} 的回调")
        )
        cancelled.wait()
    return Exit.DONE


class _Listening:
    def __init__(self, configuration: Configuration, callback_url: str, forward: str | None) -> None:
        self._callback_url, self._forward = callback_url, forward
        self._itsm, self._settings = configuration.itsm, configuration.settings
        self._language, self._say = configuration.language, configuration.say
        self._line = configuration.print

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application."""
        try:
            reply = self._answer(environ)
        except (Stop, OSError, ValueError) as error:
            self._line(reason(error))
            reply = Reply(500, (), b"")
        start_response(f"{reply.status} -", [*reply.headers, ("content-length", str(len(reply.body)))])
        return [reply.body]

    def _answer(self, environ: dict[str, Any]) -> Reply:
        self._line("")
        self._line(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        length = environ.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdigit() else MOST_BYTES + 1
        body = environ["wsgi.input"].read(min(size, MOST_BYTES))
        callbacks = self._itsm.callbacks
        if len(body) < size:
            return self._reply(callbacks.refused("the body is too large, too slow or broke off"))
        headers = [
            (name[5:].replace("_", "-").lower(), value) for name, value in environ.items() if name[:5] == "HTTP_"
        ]
        headers += [("content-type", environ["CONTENT_TYPE"])] if environ.get("CONTENT_TYPE") else []
        got = callbacks.receive(self._settings.binding_keys, headers, self._callback_url, int(time.time()), body)
        if isinstance(got, SelfCheck):
            self._line(
                self._say(
                    "  binding  holds; the body is a self-check, and nobody's ticket",
                    "  绑定     有效；内容是自检，不是任何单据",
                )
            )
            reply = got.value
        elif isinstance(got, BoundCallback):
            reply = self._look(got)
        else:
            self._line(self._say(f"  proves   nothing: {got.why}", f"  证明     什么也不能证明：{got.why}"))
            reply = got.reply
        return self._reply(reply) if self._forward is None else self._pass_on(self._forward, headers, body)

    def _look(self, got: BoundCallback) -> Reply:
        """What ITSM itself says of a callback whose binding holds."""
        operation, sn, status = got.bound.claims.operation_id, got.callback.sn, got.callback.status
        self._line(
            self._say(
                f"  binding  holds: the header was made for operation {operation}, here",
                f"  绑定     有效：这个请求头是本系统为操作 {operation} 生成的",
            )
        )
        self._line(
            self._say(
                f"  claims   {sn} is {status}. Anybody who has the header can write that",
                f"  声称     {sn} 为 {status}。拿到请求头的人都能这样写",
            )
        )
        callbacks = self._itsm.callbacks
        try:
            found = self._itsm.tickets.confirm(self._settings.connection, sn, got.bound.tag)
        except ItsmError as failure:
            advice = self._itsm.diagnosis.describe_failure(failure, self._language)
            self._line(f"  ITSM     {failure.message}. {advice}")
            return callbacks.refused("not confirmed yet")
        says = words.confirmation(found, self._language)
        self._line(self._say(f"  ITSM     says: {says}", f"  ITSM     答复：{says}"))
        return callbacks.accepted() if isinstance(found, Ended) else callbacks.refused("not confirmed")

    def _pass_on(self, url: str, headers: Sequence[Header], body: bytes) -> Reply:
        own = ("host", "content-length", "connection", "transfer-encoding")
        answer = plain_http.ask(url, body, {name: value for name, value in headers if name not in own})
        counts = (
            self._say("ITSM takes that for delivered", "ITSM 视为成功")
            if answer.is_delivered
            else self._say("ITSM takes that for a failure", "ITSM 视为失败")
        )
        status = answer.status
        self._line(
            self._say(f"  forward  {url} answered {status}: {counts}", f"  转发     {url} 返回 {status}：{counts}")
        )
        kind = [("content-type", answer.content_type)] if answer.content_type else []
        return Reply(status, tuple(kind), answer.body)

    def _reply(self, reply: Reply) -> Reply:
        text = reply.body.decode("utf-8", "replace")
        self._line(self._say(f"  answer   {reply.status} {text}", f"  应答     {reply.status} {text}"))
        return reply
