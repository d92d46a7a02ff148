"""The settings of all hosts, read by this one."""

import json
import subprocess
import unittest
from typing import Any

from support import ROOT, environment, program

TABLE: dict[str, Any] = json.loads((ROOT / "tests/settings.json").read_text())


def read(given: dict[str, str]) -> tuple[int, Any]:
    done = subprocess.run(
        [program("settings")], env=environment({**TABLE["base"], **given}), capture_output=True, text=True
    )
    return done.returncode, done.stderr if done.returncode else json.loads(done.stdout)


class Settings(unittest.TestCase):
    def test_they_are_read_and_refused_as_in_every_host(self) -> None:
        cases = [*TABLE["read"], TABLE["without-callback"]]
        for case in cases:
            with self.subTest(case["given"]):
                self.assertEqual(read(case["given"]), (0, {**TABLE["settings"], **case["settings"]}))
        for case in TABLE["wrong"]:
            with self.subTest(case["given"]):
                self.assertEqual(read(case["given"]), (1, case["why"] + "\n"))

    def test_every_setting_of_a_host_or_program_is_known(self) -> None:
        for name in TABLE["names"]:
            with self.subTest(name):
                self.assertNotIn("no setting", str(read({name: "x"})))

    def test_more_keys_than_there_is_room_for_are_refused(self) -> None:
        for count, code in [(16, 0), (17, 1)]:
            self.assertEqual(read({"ITSM_BINDING_KEYS": ",".join(["key"] * count)})[0], code)
