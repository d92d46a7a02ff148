"""The wrapper against the WIT."""

import re
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import blueking_itsm
from blueking_itsm import Itsm
from blueking_itsm.callbacks import Claims
from fake_itsm import component

from .support import FOLDER, KEY, surface

WIT = FOLDER / "../../wit"

RENAMED = {
    "user.name": "UserName",
    "user.other": "Credential",
    "authorization.app": "AppCredentials",
    "parse-error.field": "FieldFault",
    "binding-error.malformed": "MalformedHeader",
    "reception.genuine": "BoundCallback",
    "reception.refused": "Refusal",
    "event.created": "CreatedTicket",
    "event.recovered": "LookedUp",
    "assignees.others": "AssigneeGroup",
    "service.id": "ServiceId",
    "resolve-error.failed": "ItsmError",
}
"""Cases whose class has another name: it says more, it is taken in its module, or it is the payload's own."""


def interfaces() -> dict[str, str]:
    """The text of each interface that `itsm.wasm` exports."""
    world = re.search(r"^world provider \{\n(.*?)^\}", (WIT / "worlds.wit").read_text(), re.MULTILINE | re.DOTALL)
    assert world is not None
    return {name: (WIT / f"{name}.wit").read_text() for name in re.findall(r"export ([a-z-]+);", world[1])}


def pascal(name: str) -> str:
    return "".join(map(str.capitalize, name.split("-")))


class Surface(unittest.TestCase):
    def test_every_function_of_the_wit_is_here_and_no_other(self) -> None:
        of_wit = {
            f"{interface}.{name.replace('-', '_')}"
            for interface, text in interfaces().items()
            for name in re.findall(r"^  ([a-z-]+): func\(", text, re.MULTILINE)
        }
        self.assertGreater(len(of_wit), 40)
        self.assertEqual(set(surface()), of_wit)

    def test_the_classes_of_a_variant_stand_in_the_order_of_its_cases(self) -> None:
        seen = 0
        for interface, text in interfaces().items():
            for variant, cases in re.findall(r"^  variant ([a-z-]+) \{\n(.*?)^  \}", text, re.MULTILINE | re.DOTALL):
                names = re.findall(r"^    ([a-z-]+)(?:\(.*\))?,$", cases, re.MULTILINE)
                # What the WIT calls an error is in Python the exception, and its cases are the reasons.
                name = pascal(variant).replace("Error", "Reason")
                union = getattr(getattr(blueking_itsm, interface), name)
                with self.subTest(f"{interface}.{variant}"):
                    self.assertEqual(
                        [cls.__name__ for cls in get_args(union)],
                        [RENAMED.get(f"{variant}.{name}", pascal(name)) for name in names],
                    )
                seen += 1
        self.assertGreater(seen, 10)


class Versions(unittest.TestCase):
    def load(self, version: str) -> Itsm:
        """Loads the built component with another version in the names of its own interfaces."""
        built = component().read_bytes()
        other, names = re.subn(rb"(blueking:itsm(?:/[a-z-]+)?@)0\.1\.0", rb"\g<1>" + version.encode(), built)
        self.assertGreater(names, 10)
        wasi = rb"wasi:[a-z]+/[a-z-]+@[0-9.]+"
        self.assertEqual(re.findall(wasi, other), re.findall(wasi, built))
        with TemporaryDirectory() as folder:
            path = Path(folder, "itsm.core.wasm")
            path.write_bytes(other)
            return Itsm(path)

    def test_a_later_version_of_the_same_line_serves_and_one_of_another_line_is_refused(self) -> None:
        for version in ["0.1.0", "0.1.1", "0.1.9"]:
            with self.subTest(version):
                loaded = self.load(version)
                self.assertEqual(len(loaded.tickets.new_operation_id()), 26)
                binding = loaded.callbacks.bind(KEY, Claims("op", "http://127.0.0.1/", 5))
                bound = loaded.callbacks.check_binding([KEY], [binding.header], "http://127.0.0.1/", 1)
                self.assertEqual(bound.tag, binding.tag)
        for version in ["0.2.0", "1.1.0", "0.0.1"]:
            with self.subTest(version), self.assertRaises(ValueError) as caught:
                self.load(version)
            words = "no itsm.core.wasm for this package: it has {0}@{1} where {0}@0.1.0 is wanted"
            self.assertEqual(str(caught.exception), words.format("blueking:itsm/callbacks", version))
