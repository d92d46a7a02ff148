"""Approvals in a FastAPI application: `uvicorn fastapi_example:app`. Its settings are those of `example.py`."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from blueking_itsm import AsyncItsm, Itsm
from blueking_itsm.durable import Durable
from blueking_itsm.settings import settings
from blueking_itsm.tickets import FastApproval
from blueking_itsm.types import Outcome, Verdict
from fastapi import FastAPI, HTTPException


def connect() -> sqlite3.Connection:
    return sqlite3.connect(os.environ["ITSM_DATABASE"], timeout=60)


def open_account(cursor: Any, operation_id: str, outcome: Outcome) -> None:
    """In one transaction with the outcome."""
    if outcome.verdict is Verdict.APPROVED:
        cursor.execute("INSERT INTO account VALUES (?)", [operation_id])


itsm, connection = AsyncItsm.from_environment(), settings().connection
durable = Durable(Itsm.from_environment(), settings(), connect, open_account)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    durable.create_table()
    with connect() as database:
        database.execute("CREATE TABLE IF NOT EXISTS account (operation TEXT)")
    stop = threading.Event()
    ticks = asyncio.create_task(asyncio.to_thread(durable.serve, stop))
    yield
    stop.set()
    await ticks


app = FastAPI(lifespan=lifespan)


@app.post("/accounts/{owner}", status_code=202)
def ask(owner: str) -> dict[str, str]:  # FastAPI runs it in a thread, as it waits
    asked = FastApproval(["admin"], f"an account for {owner}")
    return {"operation": durable.request(owner, asked, "carol", "open an account")}


@app.get("/accounts")
def accounts() -> list[str]:
    with connect() as database:
        return [operation for (operation,) in database.execute("SELECT operation FROM account")]


@app.delete("/operations/{operation_id}")
async def withdraw(operation_id: str) -> None:  # ITSM calls back before it answers, and the loop serves that
    operation = await asyncio.to_thread(durable.operation, operation_id)
    if operation is None or operation.ticket is None:
        raise HTTPException(404)
    await itsm.operations.withdraw(connection, operation.ticket.sn, "carol", "not needed any more")


app.mount("/", durable.endpoint.asgi)  # last: it takes what no other address takes, and answers at its own alone
