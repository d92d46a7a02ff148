"""The published vectors of the binding: docs/binding.md says what their members are."""

import json
import unittest
from typing import Any

from blueking_itsm import BindingError
from blueking_itsm.callbacks import (
    Absent,
    Binding,
    BindingReason,
    Bound,
    Claims,
    Expired,
    Forged,
    InvalidKey,
    MalformedHeader,
    UnknownKey,
)

from tests.support import FOLDER, itsm

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    FOLDER.joinpath("../../tests/vectors/binding.json").read_text(encoding="utf-8")
)


def claims(vector: dict[str, Any]) -> Claims:
    return Claims(vector["operation_id"], vector["callback_url"], int(vector["expires_s"]))


def expected(vector: dict[str, Any]) -> Bound | BindingReason:
    match vector["result"]:
        case "bound":
            return Bound(claims(vector), vector["tag"])
        case "absent":
            return Absent()
        case "malformed":
            return MalformedHeader()
        case "unknown-key":
            return UnknownKey()
        case "forged":
            return Forged()
        case "expired":
            return Expired(claims(vector))
        case "invalid-key":
            return InvalidKey(vector["place"])
    raise ValueError(f"{vector['result']} is no result")


def check(vector: dict[str, Any]) -> Bound | BindingReason:
    headers = [(name, value) for name, value in vector["headers"]]
    try:
        return itsm().callbacks.check_binding(vector["keys"], headers, vector["callback_url"], int(vector["now_s"]))
    except BindingError as error:
        return error.reason


class TestBindings(unittest.TestCase):
    def test_the_bindings_of_the_vectors_are_made(self) -> None:
        for vector in VECTORS["made"]:
            with self.subTest(vector["name"]):
                made = itsm().callbacks.bind(vector["key"], claims(vector))
                self.assertEqual(made, Binding(("X-Itsm-Binding", vector["header"]), vector["tag"]))

    def test_values_of_another_form_are_not_bound(self) -> None:
        for vector in VECTORS["not_made"]:
            with self.subTest(vector["name"]), self.assertRaisesRegex(ValueError, f"^{vector['wrong']}"):
                itsm().callbacks.bind(vector["key"], claims(vector))

    def test_each_check_of_the_vectors_has_its_result(self) -> None:
        for vector in VECTORS["checks"]:
            with self.subTest(vector["name"]):
                self.assertEqual(check(vector), expected(vector))
