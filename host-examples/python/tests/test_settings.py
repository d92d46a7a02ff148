"""Settings from the environment."""

import re
import unittest

from blueking_itsm import SettingsError
from blueking_itsm.settings import NAMES, Settings, check_names, settings
from blueking_itsm.types import AccessToken, AppCredentials, Connection, Esb, EsbLegacy, Gateway

from .support import FOLDER, KEY, OLD_KEY

APP = {"ITSM_APP_CODE": "app", "ITSM_APP_SECRET": "canary"}
ALL = {**APP, "ITSM_GATEWAY": "https://itsm/prod"}
CREDENTIALS = AppCredentials("app", "canary")
RUST = FOLDER / "../rust/src/settings.rs"


class SettingsOfTheEnvironment(unittest.TestCase):
    def test_they_make_a_connection(self) -> None:
        token = AppCredentials("app", "canary", AccessToken("token"))
        for more, expected in [
            ({}, Settings(Connection(Gateway("https://itsm/prod"), CREDENTIALS, []))),
            ({"PATH": "/bin"}, Settings(Connection(Gateway("https://itsm/prod"), CREDENTIALS, []))),
            ({"ITSM_GATEWAY": "", "ITSM_ESB": "http://p"}, Settings(Connection(Esb("http://p"), CREDENTIALS, []))),
            (
                {"ITSM_GATEWAY": " ", "ITSM_ESB_LEGACY": "http://p"},
                Settings(Connection(EsbLegacy("http://p"), CREDENTIALS, [])),
            ),
            ({"ITSM_ACCESS_TOKEN": "token"}, Settings(Connection(Gateway("https://itsm/prod"), token, []))),
            (
                {"ITSM_TENANT_ID": "one"},
                Settings(Connection(Gateway("https://itsm/prod"), CREDENTIALS, [("X-Bk-Tenant-Id", "one")])),
            ),
            (
                {"ITSM_CALLBACK_URL": "http://me/cb", "ITSM_BINDING_KEYS": f"{KEY}, {OLD_KEY}"},
                Settings(Connection(Gateway("https://itsm/prod"), CREDENTIALS, []), "http://me/cb", (KEY, OLD_KEY)),
            ),
        ]:
            with self.subTest(more):
                found = settings({**ALL, **more})
                self.assertEqual(found, expected)
                for secret in ["canary", "token'", KEY]:
                    self.assertNotIn(secret, repr(found))

    def test_what_is_missing_or_wrong_is_named(self) -> None:
        for given, words in [
            (APP, "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is"),
            ({**ALL, "ITSM_ESB": "x"}, "only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set"),
            ({**ALL, "ITSM_APP_CODE": ""}, "ITSM_APP_CODE is not set"),
            ({"ITSM_GATEWAY": "x", "ITSM_APP_CODE": "app"}, "ITSM_APP_SECRET is not set"),
            (
                {**ALL, "ITSM_CALLBACK_URL": "x"},
                "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound",
            ),
            ({**ALL, "ITSM_APPCODE": "x"}, "ITSM_APPCODE is no setting. Is ITSM_APP_CODE meant?"),
            ({**ALL, "ITSM_GATWAY": "x"}, "ITSM_GATWAY is no setting. Is ITSM_GATEWAY meant?"),
            ({**ALL, "ITSM_BINDING_KEY": "x"}, "ITSM_BINDING_KEY is no setting. Is ITSM_BINDING_KEYS meant?"),
        ]:
            with self.subTest(words), self.assertRaises(SettingsError) as caught:
                settings(given)
            self.assertEqual(str(caught.exception), words)

    def test_names_and_sentences_are_those_of_the_host_in_rust(self) -> None:
        rust = RUST.read_text()
        names = re.search(r"NAMES: \[&str; \d+\] = \[(.*?)\];", rust, re.DOTALL)
        assert names is not None
        self.assertEqual(list(NAMES), re.findall(r'"(ITSM_[A-Z_]+)"', names[1]))
        for words in [
            "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is",
            "only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set",
            "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound",
            "is no setting. Is {} meant?",
        ]:
            self.assertIn(words, rust)

    def test_every_name_is_known_and_others_may_begin_otherwise(self) -> None:
        check_names([*NAMES, "HOME", "MY_ITSM_URL"])
