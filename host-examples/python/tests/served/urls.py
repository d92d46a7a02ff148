"""The addresses of the example, and some for the tests."""

import os
import threading
from dataclasses import replace
from typing import Any

from accounts.urls import urlpatterns as of_the_example  # type: ignore[import-not-found]
from blueking_itsm import ItsmError
from blueking_itsm.django.models import Operation
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from .wsgi import connection, itsm, loop


def status(request: HttpRequest) -> JsonResponse:
    """What ITSM says of a ticket, which process asked, and its connections by the system's numbers for them."""
    try:
        said = itsm.tickets.status(connection, request.GET["sn"]).status
    except ItsmError as error:
        said = str(error.advice)
    kept = [wire for wires in itsm._guests._seam._client._idle.values() for wire in wires]
    numbers = [os.fstat(wire._socket.fileno()).st_ino for wire in kept]
    return JsonResponse({"said": said, "process": os.getpid(), "connections": numbers})


def _withdraw(deadline_ms: int | None = None) -> None:
    operation = Operation.objects.get()
    soon = replace(connection, deadline_ms=deadline_ms)
    itsm.operations.withdraw(soon, operation.sn, operation.creator, "not needed any more")


def withdraw(request: HttpRequest) -> JsonResponse:
    """Withdraws the ticket, and waits for ITSM's answer for so many milliseconds."""
    deadline_ms = request.GET.get("deadline_ms")
    try:
        _withdraw(int(deadline_ms) if deadline_ms else None)
    except ItsmError as error:
        return JsonResponse({"withdrawn": "unknown" if error.may_have_acted else "no"})
    return JsonResponse({"withdrawn": "yes"})


def withdraw_beside(request: HttpRequest) -> JsonResponse:
    """Withdraws the ticket while the server goes on."""
    threading.Thread(target=_withdraw).start()
    return JsonResponse({"withdrawn": "soon"})


def tick(request: HttpRequest) -> JsonResponse:
    """Asks ITSM for each operation that is not settled."""
    loop.tick(whatever=True)
    return JsonResponse({})


urlpatterns: list[Any] = [
    *of_the_example,
    path("status", status),
    path("withdraw", csrf_exempt(withdraw)),
    path("withdraw-beside", csrf_exempt(withdraw_beside)),
    path("tick", csrf_exempt(tick)),
]
