"""What `manage.py check` says of the settings. The words never show a value."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning
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
    """A proxy may change paths on the way, so this is no error."""
    if check_settings():
        return []
    try:
        leads_there = resolve(urlsplit(given()["ITSM_CALLBACK_URL"]).path or "/").func is callback
    except Resolver404:
        leads_there = False
    if leads_there:
        return []
    words = "The path of ITSM_CALLBACK_URL does not lead to blueking_itsm.django.callback"
    return [Warning(words, hint="Add path(..., blueking_itsm.django.callback) to the URLs.", id="blueking_itsm.W001")]
