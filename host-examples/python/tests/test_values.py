"""Values are frozen dataclasses, although it is not the module `dataclasses` that makes them."""

import copy
import dataclasses
import importlib
import inspect
import pickle
import sys
import unittest
from typing import Any, get_type_hints
from unittest.mock import patch

from blueking_itsm import Settings, tickets, types
from blueking_itsm.component import MODULES
from blueking_itsm.types import AppCredentials, Connection, Failure, Gateway, ItsmError, WaitMs

NAMES = [module.__name__ for module in (types, *MODULES)] + ["blueking_itsm.cases", "blueking_itsm.settings"]


def made_by_the_module() -> dict[str, type]:
    """The same classes, as the module `dataclasses` makes them, by their modules and names."""
    ours = {name for name in sys.modules if name.partition(".")[0] == "blueking_itsm"}
    with patch.dict(sys.modules):
        for name in ours:
            del sys.modules[name]
        sys.modules["blueking_itsm._dataclass"] = dataclasses
        return {
            f"{name}.{key}": value
            for name in NAMES
            for key, value in vars(importlib.import_module(name)).items()
            if "__dataclass_fields__" in getattr(value, "__dict__", ()) and value.__module__ == name
        }


PAIRS: dict[str, tuple[Any, Any]] = {
    name: (getattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2]), theirs)
    for name, theirs in made_by_the_module().items()
}


def error(call: Any, *arguments: Any) -> tuple[type, str] | None:
    try:
        call(*arguments)
    except Exception as caught:
        return type(caught), str(caught)
    return None


def one_of(record: Any) -> Any:
    """A value of a record, with a word in each field."""
    return record(*[f"word {place}" for place, _ in enumerate(record.__match_args__)])


class Records(unittest.TestCase):
    def test_they_are_made_in_the_same_way(self) -> None:
        self.assertGreater(len(PAIRS), 50)
        for name, (ours, theirs) in PAIRS.items():
            with self.subTest(name):
                self.assertIsNot(ours, theirs)
                self.assertEqual(str(inspect.signature(ours)), str(inspect.signature(theirs)))
                self.assertEqual(ours.__match_args__, theirs.__match_args__)
                self.assertEqual(list(get_type_hints(ours.__init__)), list(get_type_hints(theirs.__init__)))
                self.assertEqual(error(ours), error(theirs))
                self.assertEqual(error(ours, *range(20)), error(theirs, *range(20)))

    def test_they_are_equal_and_printed_in_the_same_way(self) -> None:
        for name, (ours, theirs) in PAIRS.items():
            with self.subTest(name):
                value = one_of(ours)
                self.assertEqual((repr(value), str(value)), (repr(one_of(theirs)), str(one_of(theirs))))
                self.assertNotEqual(value, one_of(theirs))
                for same in (one_of(ours), copy.copy(value), pickle.loads(pickle.dumps(value))):
                    self.assertEqual((value, hash(value)), (same, hash(same)))
                for field in ours.__match_args__:
                    self.assertNotEqual(value, dataclasses.replace(value, **{field: "another"}))

    def test_they_are_frozen_in_the_same_way(self) -> None:
        for name, (ours, theirs) in PAIRS.items():
            with self.subTest(name):
                for field in [*ours.__match_args__, "another"]:
                    self.assertEqual(error(setattr, one_of(ours), field, 1), error(setattr, one_of(theirs), field, 1))
                    self.assertEqual(error(delattr, one_of(ours), field), error(delattr, one_of(theirs), field))

    def test_the_functions_of_the_module_know_them(self) -> None:
        for name, (ours, theirs) in PAIRS.items():
            with self.subTest(name):
                self.assertTrue(dataclasses.is_dataclass(ours))
                self.assertEqual(dataclasses.asdict(one_of(ours)), dataclasses.asdict(one_of(theirs)))
                self.assertEqual(repr(dataclasses.fields(ours)), repr(dataclasses.fields(theirs)))

    def test_a_class_below_them_can_be_one_too(self) -> None:
        @dataclasses.dataclass(frozen=True)
        class Kept(tickets.FastApproval):
            key: str

        kept = Kept(["admin"], "an account", "account 42")
        self.assertEqual([field.name for field in dataclasses.fields(kept)], ["approvers", "content", "key"])
        self.assertEqual(dataclasses.replace(kept, key="account 43").key, "account 43")

    def test_a_class_below_them_that_is_none_has_attributes_of_its_own(self) -> None:
        failed = ItsmError(WaitMs(1), False, types.Origin.ITSM, None, "later", None)
        failed.__notes__ = ["again"]
        with self.assertRaises(dataclasses.FrozenInstanceError):
            setattr(failed, "message", "now")
        self.assertIsInstance(failed, Failure)

    def test_a_case_is_equal_to_no_other_case(self) -> None:
        self.assertEqual({Gateway("here"), Gateway("here")}, {Gateway("here")})
        self.assertNotEqual(Gateway("here"), types.Esb("here"))
        self.assertNotEqual(types.Missing(), types.Foreign())

    def test_what_is_secret_is_not_printed(self) -> None:
        connection = Connection(Gateway("here"), AppCredentials("app", "a secret"), [("name", "a secret")])
        for value in (connection, Settings(connection, binding_keys=("a secret",))):
            self.assertNotIn("a secret", repr(value))
