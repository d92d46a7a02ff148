"""Where the settings come from: flags, the environment, a file. What comes first wins. And what is printed with them."""

from __future__ import annotations

import json
import os
import re
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from ..component import Itsm, module_of
from ..http import secrets_of
from ..settings import SettingsError, check_names, settings
from ..types import AccessToken, AddedByHost, AppCredentials, Connection, EsbLegacy, ItsmError
from . import words
from .exits import Stop
from .words import reason, say

FILE = "itsm.toml"
"""The file that is read where it is, unless another one is named."""
ENDPOINTS = ("ITSM_GATEWAY", "ITSM_ESB", "ITSM_ESB_LEGACY")
FLAGS = (*ENDPOINTS, "ITSM_APP_CODE", "ITSM_TENANT_ID", "ITSM_OPERATOR")
"""The settings that are flags as well. No secret is among them: other users of a machine see a command line."""
KINDS = {bool: "boolean", int: "integer", float: "float", dict: "table"}


class Configuration:
    """The settings of one run, and the component with them."""

    def __init__(self, arguments: Namespace) -> None:
        check_names(os.environ)
        flags = {name: getattr(arguments, name[5:].lower()) for name in FLAGS}
        file = _file(arguments.config or os.environ.get("ITSM_CONFIG"))
        sources = [{name: value for name, value in flags.items() if value is not None}, os.environ, file]
        given: dict[str, str] = {}
        for source in reversed(sources):
            given.update(source)
        # A server that a flag names is the only one, whatever else the environment names.
        server = next((source for source in sources if any(name in source for name in ENDPOINTS)), {})
        found = settings({name: value for name, value in given.items() if name not in ENDPOINTS or name in server})
        credentials = found.connection.authorization
        assert isinstance(credentials, AppCredentials)
        self._authorization = _authorization(credentials)
        self._secrets = secrets_of([self._authorization])
        deadline_ms = min(int(arguments.deadline * 1000), 2**32 - 1)
        connection = replace(found.connection, deadline_ms=deadline_ms)
        # The oldest ESB reads credentials from the body alone, which the component writes.
        self._adds = not isinstance(connection.endpoint, EsbLegacy)
        if self._adds:
            connection = replace(connection, authorization=AddedByHost())
        self.settings = replace(found, connection=connection)
        self.listen = given.get("ITSM_LISTEN")
        self.language = words.language(given.get)
        self.json: bool = arguments.json
        self._operator = given.get("ITSM_OPERATOR")

    @property
    def connection(self) -> Connection:
        return self.settings.connection

    @cached_property
    def itsm(self) -> Itsm:
        """The component. It reaches the one server, and the credentials are put on its requests as they leave."""
        credentials = {"X-Bkapi-Authorization": self._authorization} if self._adds else None
        return Itsm(module_of(os.environ), credentials=credentials, allow=[self.connection.endpoint.value])

    def operator(self) -> str:
        """In whose name to act."""
        if self._operator is None:
            raise Stop(
                self.say(
                    "in whose name? Give --operator USER, or set ITSM_OPERATOR",
                    "以谁的名义操作？请给出 --operator USER，或设置 ITSM_OPERATOR",
                )
            )
        return self._operator

    def say(self, english: str, chinese: str) -> str:
        """One of two sentences."""
        return say(self.language, english, chinese)

    def redacted(self, text: str) -> str:
        """A text as it may be shown: on one line, without what steers a terminal, and without the credentials, which a
        server can have repeated.
        """
        if self._secrets:
            text = self._secrets.sub(b"[secret]", text.encode("utf-8", "replace")).decode("utf-8", "replace")
        return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)

    def print(self, text: str) -> None:
        """Prints a line for people."""
        print(self.redacted(text))

    def print_value(self, value: Any) -> None:
        """Prints a line for programs."""
        print(self.redacted(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))))

    def told(self, failure: ItsmError) -> str:
        """What a failure was, what to do next, and whether ITSM may have acted."""
        advice = self.itsm.diagnosis.describe_failure(failure, self.language)
        return self.redacted(f"{failure.message}. {advice}")


def _authorization(credentials: AppCredentials) -> str:
    members = {"bk_app_code": credentials.app_code, "bk_app_secret": credentials.app_secret}
    if isinstance(credentials.user, AccessToken):
        members["access_token"] = credentials.user.value
    return json.dumps(members)


def _file(named: str | None) -> Mapping[str, str]:
    """The settings of the file that is named, or of the one in this folder, if there is one."""
    if named is None and not Path(FILE).is_file():
        return {}
    name = named or FILE
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise Stop(f"{name} can't be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise Stop(f"{name} can't be read: stream did not contain valid UTF-8") from None
    try:
        return settings_in(text)
    except (Stop, SettingsError) as why:
        raise Stop(f"{name}: {why}") from None


def settings_in(text: str) -> Mapping[str, str]:
    """The settings in a file, by their names in the environment: `app-code` is ITSM_APP_CODE."""
    parser = _parser()
    try:
        table = parser.loads(text)
    except parser.TOMLDecodeError as error:
        # Some of its messages show a letter of the line, and none shows the line, which can hold a secret.
        found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error), re.DOTALL)
        what, line = found.groups() if found else ("no TOML", None)
        raise Stop(f"line {line or text.count(chr(10)) + 1}: {what}") from None
    given = {}
    for key, value in sorted(table.items()):
        name = f"ITSM_{key.replace('-', '_').upper()}"
        try:
            check_names([name])
        except SettingsError as why:
            raise Stop(f"{key}: {why}") from None
        if isinstance(value, list):
            if not all(isinstance(item, str) for item in value):
                raise Stop(f"{key} wants texts")
            value = ",".join(value)
        if not isinstance(value, str):
            raise Stop(f"{key} wants a text, not a {KINDS.get(type(value), 'datetime')}")
        given[name] = value
    return given


def _parser() -> Any:
    """Python's own parser of TOML, or for an older Python the package that it was made of."""
    for name in ("tomllib", "tomli"):
        try:
            return import_module(name)
        except ImportError:
            pass
    raise Stop(f"{FILE} wants Python 3.11 or later, or the package tomli: run `python -m pip install tomli`")
