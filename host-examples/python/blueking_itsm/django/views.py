"""The callback endpoint, and figures for Prometheus."""

from __future__ import annotations

import time

from django.apps import apps
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
@transaction.non_atomic_requests
def callback(request: HttpRequest) -> HttpResponse:
    """Receives ITSM's callbacks, under WSGI and ASGI. No transaction is open while ITSM is asked."""
    endpoint = apps.get_app_config("blueking_itsm").loop.endpoint
    if request.method != "POST":
        reply = endpoint.refuse("callbacks are posted", 405)
    else:
        headers = [(name, value.strip()) for name, value in request.headers.items()]
        length = request.META.get("CONTENT_LENGTH")
        reply = endpoint.read(headers, length or "0", request.read, ends=not length)
    response = HttpResponse(reply.body, status=reply.status)
    for name, value in reply.headers:
        response[name] = value
    return response


@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in Prometheus' text format, from the database: the same in each process. They name nobody."""
    from .models import Operation

    lines = []
    for name, kind, words, values in Operation.objects.figures(int(time.time())):
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{labels} {value}" for labels, value in values]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8")
