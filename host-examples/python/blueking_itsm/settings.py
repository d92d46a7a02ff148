"""Settings from the environment: the same names and sentences as in every host and program of this project."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from ._dataclass import dataclass, field
from .cases import Error
from .types import AccessToken, AppCredentials, Connection, Esb, EsbLegacy, Gateway

NAMES = (
    "ITSM_ACCESS_TOKEN",
    "ITSM_APP_CODE",
    "ITSM_APP_SECRET",
    "ITSM_BINDING_KEYS",
    "ITSM_CALLBACK_URL",
    "ITSM_CONFIG",
    "ITSM_DATABASE",
    "ITSM_DECIDE_WITHIN_S",
    "ITSM_ESB",
    "ITSM_ESB_LEGACY",
    "ITSM_FORWARD_TOKEN",
    "ITSM_FORWARD_URL",
    "ITSM_GATEWAY",
    "ITSM_LANGUAGE",
    "ITSM_LISTEN",
    "ITSM_OPERATOR",
    "ITSM_ORDERS",
    "ITSM_RECORD",
    "ITSM_TENANT_ID",
    "ITSM_TITLE",
    "ITSM_WASM",
    "ITSM_WASM_DIR",
)
"""Every setting that a host or program of this project reads. Another name that begins with `ITSM_` is taken for a slip."""


class SettingsError(Error, ValueError):
    """A setting is missing or wrong. The words name it, and never show a value."""


@dataclass(frozen=True)
class Settings:
    """What a host needs to know."""

    connection: Connection
    """Where ITSM is, and as whom the app calls."""

    callback_url: str | None = None
    """Where ITSM calls back. Without it no ticket is called back for."""

    binding_keys: tuple[str, ...] = field(default=(), repr=False)
    """The keys that tie callbacks to operations: the first is used for new ones, and all may still be in use."""


def settings(given: Mapping[str, str] | None = None) -> Settings:
    """From the environment, or another mapping of such names: ITSM_GATEWAY, ITSM_ESB or ITSM_ESB_LEGACY; ITSM_APP_CODE and
    ITSM_APP_SECRET; where they are needed ITSM_ACCESS_TOKEN and ITSM_TENANT_ID; for callbacks ITSM_CALLBACK_URL and
    ITSM_BINDING_KEYS, which has commas between the keys.
    """
    names = os.environ if given is None else given
    check_names(names)
    values = {name: value.strip() for name, value in names.items() if value.strip()}
    kinds: dict[str, type[Gateway | Esb | EsbLegacy]] = {
        "ITSM_GATEWAY": Gateway,
        "ITSM_ESB": Esb,
        "ITSM_ESB_LEGACY": EsbLegacy,
    }
    endpoints = [kind(values[name]) for name, kind in kinds.items() if name in values]
    if not endpoints:
        raise SettingsError(
            "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is"
        )
    if len(endpoints) > 1:
        raise SettingsError("only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set")
    url = values.get("ITSM_CALLBACK_URL")
    keys = tuple(key.strip() for key in values.get("ITSM_BINDING_KEYS", "").split(",") if key.strip())
    if url and not keys:
        raise SettingsError(
            "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound"
        )
    token, tenant = values.get("ITSM_ACCESS_TOKEN"), values.get("ITSM_TENANT_ID")
    user = AccessToken(token) if token else None
    credentials = AppCredentials(_wanted(values, "ITSM_APP_CODE"), _wanted(values, "ITSM_APP_SECRET"), user)
    headers = [("X-Bk-Tenant-Id", tenant)] if tenant else []
    return Settings(Connection(endpoints[0], credentials, headers), url, keys if url else ())


def _wanted(values: Mapping[str, str], name: str) -> str:
    if name not in values:
        raise SettingsError(f"{name} is not set")
    return values[name]


def check_names(given: Iterable[str]) -> None:
    """Refuses a name that begins as a setting's and is none: most often it is one letter away from one."""
    for name in given:
        if name.startswith("ITSM_") and name not in NAMES:
            near = min(NAMES, key=lambda known: _distance(name, known))
            raise SettingsError(f"{name} is no setting. Is {near} meant?")


def _distance(one: str, other: str) -> int:
    """How many letters are to be put in, left out or changed."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one):
        before, row[0] = row[0], index + 1
        for place, wanted in enumerate(other):
            before, row[place + 1] = (
                row[place + 1],
                min(row[place + 1] + 1, row[place] + 1, before + (letter != wanted)),
            )
    return row[-1]
