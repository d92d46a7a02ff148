"""Requests of the commands' own, such as to an endpoint that is being written: without a proxy, following nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from .exits import Stop
from .words import reason

WITHIN_S = 60


class _Nowhere(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirect is an answer like any other."""


_opener = build_opener(ProxyHandler({}), _Nowhere())


class Answer(NamedTuple):
    status: int
    content_type: str | None
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_delivered(self) -> bool:
        """Whether ITSM takes a callback for delivered that is answered so."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return False
        # As ITSM compares in Python: 0.0 and false are 0 too.
        return self.status in (200, 201) and isinstance(value, dict) and "code" in value and value["code"] == 0


def ask(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a POST of a body, or to a GET if there is none."""
    try:
        try:
            answer = _opener.open(Request(url, body, dict(headers or {})), timeout=WITHIN_S)
        except HTTPError as refusal:
            answer = refusal
        with answer:
            return Answer(answer.status, answer.headers.get("content-type"), answer.read())
    except (OSError, ValueError, HTTPException) as error:
        why = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
        raise Stop(f"{url} gave no answer: {reason(why)}") from None
