"""What `manage.py check` says of the settings. The words never show a value."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as site
from django.core.checks import CheckMessage, Error, Warning
from django.http.request import split_domain_port, validate_host
from django.urls import Resolver404, resolve

from ..settings import SettingsError, settings
from .apps import given
from .views import callback


def check_settings(**_: Any) -> list[CheckMessage]:
    try:
        if settings(given()).callback_url is None:
            raise SettingsError("ITSM_CALLBACK_URL is not set")
    except SettingsError as error:
        return [
            Error(str(error), hint="Set it in the site's settings, or in the environment.", id="blueking_itsm.E001")
        ]
    return []


def check_urls(**_: Any) -> list[CheckMessage]:
    """Whether the site would receive callbacks. A proxy may change addresses on the way, so these are no errors."""
    if check_settings():
        return []
    url = urlsplit(given()["ITSM_CALLBACK_URL"])
    found: list[CheckMessage] = []
    try:
        leads_there = resolve(url.path or "/").func is callback
    except Resolver404:
        leads_there = False
    if not leads_there:
        words = "The path of ITSM_CALLBACK_URL does not lead to blueking_itsm.django.callback"
        hint = "Add path(..., blueking_itsm.django.callback) to the URLs."
        found.append(Warning(words, hint=hint, id="blueking_itsm.W001"))
    host, _port = split_domain_port(url.netloc)
    if not validate_host(host, site.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]):
        words = "The host of ITSM_CALLBACK_URL is not in ALLOWED_HOSTS: Django may refuse the callbacks"
        found.append(Warning(words, hint="Add the host to ALLOWED_HOSTS.", id="blueking_itsm.W002"))
    return found
