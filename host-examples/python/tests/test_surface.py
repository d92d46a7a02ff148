"""The wrapper against the WIT."""

import re
import unittest
from typing import get_args

import blueking_itsm

from .support import FOLDER, surface

WIT = FOLDER / "../../wit"

RENAMED = {
    "user.name": "UserName",
    "user.other": "OtherUser",
    "authorization.app": "AppCredentials",
    "unbound.malformed": "MalformedHeader",
    "event.created": "CreatedTicket",
    "service.id": "ServiceId",
    "unresolved.failed": "ItsmError",
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
            for name in re.findall(r"^  %?([a-z-]+): func\(", text, re.MULTILINE)
        }
        self.assertGreater(len(of_wit), 40)
        self.assertEqual(set(surface()), of_wit)

    def test_the_classes_of_a_variant_stand_in_the_order_of_its_cases(self) -> None:
        seen = 0
        for interface, text in interfaces().items():
            for variant, cases in re.findall(r"^  variant ([a-z-]+) \{\n(.*?)^  \}", text, re.MULTILINE | re.DOTALL):
                names = re.findall(r"^    ([a-z-]+)(?:\(.*\))?,$", cases, re.MULTILINE)
                union = getattr(getattr(blueking_itsm, interface), pascal(variant))
                with self.subTest(f"{interface}.{variant}"):
                    self.assertEqual(
                        [cls.__name__ for cls in get_args(union)],
                        [RENAMED.get(f"{variant}.{name}", pascal(name)) for name in names],
                    )
                seen += 1
        self.assertGreater(seen, 10)
