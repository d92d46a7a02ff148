"""Measures the Python package beside what people write themselves. `cargo xtask bench` runs it.

`python bench.py GATEWAY SECONDS`: each line that it prints is a row as JSON. The server at GATEWAY answers at once.
"""

from __future__ import annotations

import hmac
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import count
from os import environ
from pathlib import Path
from typing import Any

import httpx
import requests
from blueking_itsm import Itsm
from blueking_itsm.callbacks import Claims
from blueking_itsm.tickets import FastApproval, NewTicket
from blueking_itsm.types import AppCredentials, Connection, Gateway, Open

GATEWAY, SECONDS = sys.argv[1], float(sys.argv[2])
AUTHORIZATION = {"bk_app_code": "app", "bk_app_secret": "secret"}
KEY = f"itsm-key.b.{32 * '0f'}"
TURNS = 3
POOL = 64
"""More connections than there are threads, so that none is made anew."""

itsm = Itsm(Path(environ["ITSM_WASM_DIR"], "itsm.core.wasm"))
connection = Connection(Gateway(GATEWAY), AppCredentials("app", "secret"))
numbers = count()


def new_tag(letter: str) -> str:
    """A tag that no other ticket has."""
    return letter * 20 + f"{next(numbers):06}".translate(str.maketrans("0123456789", "abcdefghij"))


def by_package() -> None:
    tag = new_tag("a")
    sn = itsm.tickets.create(connection, NewTicket(tag, FastApproval(["admin"], "why"), "carol", "a title")).sn
    assert isinstance(itsm.tickets.confirm(connection, sn, tag), Open)


def by(post: Callable[[str, dict[str, Any]], Any]) -> Callable[[], None]:
    """The requests that the package sends for it."""

    def create_and_confirm() -> None:
        tag = new_tag("b")
        fields = {"title": "a title", "APPROVER": "admin", "APPROVAL_CONTENT": "why"}
        asked = {
            "creator": "carol",
            "fast_approval": True,
            "fields": [{"key": key, "value": value} for key, value in fields.items()],
            "meta": {},
            "tag": tag,
        }
        sn = post("create_ticket", asked)["sn"]
        post("get_tickets", {"page": 1, "page_size": 100, "tag": tag})
        others = post("get_tickets", {"page": 1, "page_size": 1, "tag": new_tag("c")})["items"]
        assert sn == tag and others == []

    return create_and_confirm


def of_answer(answer: Any) -> Any:
    assert answer["result"] is True
    return answer["data"]


HEADERS = {"X-Bkapi-Authorization": json.dumps(AUTHORIZATION)}
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=POOL))
session.headers.update(HEADERS)
client = httpx.Client(headers=HEADERS, limits=httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL))


def by_requests(action: str, parameters: dict[str, Any]) -> Any:
    return of_answer(session.post(f"{GATEWAY}/v2/itsm/{action}/", json=parameters, timeout=30).json())


def by_httpx(action: str, parameters: dict[str, Any]) -> Any:
    return of_answer(client.post(f"{GATEWAY}/v2/itsm/{action}/", json=parameters, timeout=30).json())


def rate(one: Callable[[], None], at_once: int) -> float:
    """How many are done in a second."""
    begun = time.perf_counter()
    until = begun + SECONDS

    def repeat(_: int) -> int:
        done = 0
        while time.perf_counter() < until:
            one()
            done += 1
        return done

    if at_once == 1:
        done = repeat(0)
    else:
        with ThreadPoolExecutor(at_once) as threads:
            done = sum(threads.map(repeat, range(at_once)))
    return done / (time.perf_counter() - begun)


def microseconds(one: Callable[[], None]) -> float:
    return 1_000_000 / rate(one, 1)


def row(what: str, beside: str, unit: str, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    """In turn, so that both have the same of what else the machine does. The first turn warms up."""
    pairs = [(ours(), theirs()) for _ in range(1 + TURNS)][1:]
    print(
        json.dumps(
            {
                "what": f"python/{what}",
                "beside": beside,
                "unit": unit,
                "ours": [one for one, _ in pairs],
                "theirs": [other for _, other in pairs],
            }
        ),
        flush=True,
    )


url = "https://host.example.com/itsm/callback"
bound = itsm.callbacks.bind(KEY, Claims("operation", url, 4_000_000_000))
text = f"{bound.header[1]}{url}".encode()


def check_by_component() -> None:
    assert itsm.callbacks.check_binding([KEY], [bound.header], url, 1_700_000_000).tag == bound.tag


def check_by_hmac() -> None:
    """The least that a check is: one HMAC for the binding, one for the tag, and a comparison."""
    key = bytes.fromhex(KEY.rpartition(".")[2])
    first = hmac.new(key, text, sha256).digest()
    assert not hmac.compare_digest(first, hmac.new(key, b"tag", sha256).digest())


row("check-binding", "hmac", "us", lambda: microseconds(check_by_component), lambda: microseconds(check_by_hmac))
for at_once in (1, 4, 32):
    for name, post in (("requests", by_requests), ("httpx", by_httpx)):
        theirs = by(post)
        row(
            f"create-confirm-{at_once}",
            name,
            "1/s",
            lambda at_once=at_once: rate(by_package, at_once),
            lambda at_once=at_once, theirs=theirs: rate(theirs, at_once),
        )
