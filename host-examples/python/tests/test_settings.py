"""Settings from the environment, over the table that all hosts share."""

import json
import unittest
from typing import Any

from blueking_itsm import SettingsError
from blueking_itsm.settings import NAMES, Settings, check_names, settings
from blueking_itsm.types import AccessToken, AppCredentials
from fake_itsm import ROOT

TABLE = json.loads((ROOT / "tests/settings.json").read_text())


def given(case: dict[str, Any]) -> dict[str, str]:
    """The environment of a case."""
    return {**TABLE["base"], **case["given"]}


def read(found: Settings) -> dict[str, Any]:
    """What was read, as the table writes it."""
    connection = found.connection
    credentials = connection.authorization
    assert isinstance(credentials, AppCredentials)
    user = credentials.user
    kinds = {"Gateway": "gateway", "Esb": "esb", "EsbLegacy": "esb-legacy"}
    return {
        "endpoint": {kinds[type(connection.endpoint).__name__]: connection.endpoint.value},
        "app-code": credentials.app_code,
        "app-secret": credentials.app_secret,
        "access-token": user.value if isinstance(user, AccessToken) else None,
        "tenant-id": dict(connection.headers).get("X-Bk-Tenant-Id"),
        "callback-url": found.callback_url,
        "binding-keys": list(found.binding_keys),
    }


class SettingsOfTheEnvironment(unittest.TestCase):
    def test_they_are_read_as_the_table_says(self) -> None:
        for case in [*TABLE["read"], TABLE["without-callback"]]:
            with self.subTest(case["given"]):
                found = settings(given(case))
                self.assertEqual(read(found), {**TABLE["settings"], **case["settings"]})
                self.assertNotIn("canary", repr(found))

    def test_what_is_missing_or_wrong_is_named_as_the_table_says(self) -> None:
        for case in TABLE["wrong"]:
            with self.subTest(case["given"]), self.assertRaises(SettingsError) as caught:
                settings(given(case))
            self.assertEqual(str(caught.exception), case["why"])

    def test_every_name_is_known_and_others_may_begin_otherwise(self) -> None:
        self.assertEqual(list(NAMES), TABLE["names"])
        check_names([*NAMES, "HOME", "MY_ITSM_URL"])
