"""The component itself, in wasmtime's own Python package: what it says is right. And values to ask it with."""

import dataclasses
import random
from collections.abc import Iterable
from pathlib import Path
from types import NoneType
from typing import Any

from blueking_itsm import ItsmError, types
from blueking_itsm._abi import of_class
from blueking_itsm.cases import Bare, Case, ReasonError
from blueking_itsm.component import MODULES, PACKAGE, ROWS, VERSION
from wasmtime import Engine, Store, WasiConfig
from wasmtime import component as wasm

ROWS_OF_TYPES: dict[str, Any] = {name: row for module in (types, *MODULES) for name, row in module.WIT.items()}


class Oracle:
    """`itsm.wasm` as it is, with wasmtime's own wasi:http."""

    def __init__(self, component: Path) -> None:
        self._engine = Engine()
        self._component = wasm.Component(self._engine, component.read_bytes())
        self._linker = wasm.Linker(self._engine)
        self._linker.add_wasip2()
        self._linker.add_wasi_http()

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls a function of the WIT with this package's values, and gives or raises such."""
        row = ROWS[name]
        interface = self._component.get_export_index(f"{PACKAGE}/{name.partition('.')[0]}@{VERSION}")
        index = self._component.get_export_index(row.wit, interface)
        assert index is not None
        with Store(self._engine) as store:
            store.set_wasi(WasiConfig())
            store.set_wasi_http()
            function = self._linker.instantiate(store, self._component).get_func(store, index)
            assert function is not None
            ty = function.type(store)
            names = [param for param, _ in ty.params]
            assert [param.replace("-", "_") for param in names] == [param for param, _ in row.params]
            params: Any = zip(ty.params, row.params, arguments, strict=True)
            answer = function(store, *(lower(param, of, value) for (_, param), (_, of), value in params))
            value = None if ty.result is None else lift(ty.result, row.result, answer)
        if row.error is None:
            return value
        assert value is not None
        place, value = value
        if place == 0:
            return value
        if isinstance(value, types.Failure):
            raise of_class(ItsmError, value)
        raise value if isinstance(value, Exception) else row.error(value)


def check_word(ty: Any, of: Any) -> None:
    """A type without parts has the component's own name in the tables."""
    assert of == type(ty).__name__.lower(), (of, ty)


class Alternatives:
    """How wasmtime shows one of several cases: as a `Variant` with the case's name, or, where their Python classes
    differ, as the bare value. Options and results are such cases too.
    """

    def __init__(self, cases: Iterable[tuple[str, Any]]) -> None:
        self.names: list[str] = []
        self._classes: list[set[type]] = []
        for name, ty in cases:
            classes: set[type] = set()
            if ty is None:
                classes.add(NoneType)
            else:
                ty.add_classes(classes)
            self.names.append(name)
            # Where no value is a case of an inner type, wasmtime gives its class as `object`.
            self._classes.append({NoneType if cls is object else cls for cls in classes})
        self._named = sum(map(len, self._classes)) > len(set().union(*self._classes))

    def wrap(self, index: int, payload: Any) -> Any:
        return wasm.Variant(self.names[index], payload) if self._named else payload

    def unwrap(self, value: Any) -> tuple[int, Any]:
        if self._named:
            return self.names.index(value.tag), value.payload
        return next(index for index, classes in enumerate(self._classes) if type(value) in classes), value


def described(of: Any) -> Any:
    return ROWS_OF_TYPES.get(of, of)


def alternatives(ty: Any, of: Any) -> tuple[Alternatives, list[Any], list[Any]]:
    """The cases of a variant, an option or a result; their types; and what the tables say of them."""
    if isinstance(ty, wasm.OptionType):
        return Alternatives([("none", None), ("some", ty.payload)]), [None, ty.payload], [None, of[1]]
    if isinstance(ty, wasm.ResultType):
        return Alternatives([("ok", ty.ok), ("err", ty.err)]), [ty.ok, ty.err], list(of[1:])
    return Alternatives(ty.cases), [payload for _, payload in ty.cases], [payload for _, payload in of[1:]]


def lower(ty: Any, of: Any, value: Any) -> Any:
    of = described(of)
    if isinstance(ty, wasm.RecordType):
        record = wasm.Record()
        fields = zip(ty.fields, dataclasses.fields(of[1]), of[2:], strict=True)
        for (name, inner), field, of_inner in fields:
            assert name.replace("-", "_") == field.name, name
            setattr(record, name, lower(inner, of_inner, getattr(value, field.name)))
        return record
    if isinstance(ty, wasm.ListType):
        return value if of[1] == "u8" else [lower(ty.element, of[1], item) for item in value]
    if isinstance(ty, wasm.TupleType):
        return tuple(lower(*each) for each in zip(ty.elements, of[1:], value, strict=True))
    if isinstance(ty, wasm.EnumType):
        assert [member.value for member in of[1]] == ty.names
        return value.value
    if isinstance(ty, wasm.OptionType):
        shown, _, _ = alternatives(ty, of)
        return shown.wrap(0, None) if value is None else shown.wrap(1, lower(ty.payload, of[1], value))
    if isinstance(ty, wasm.VariantType):
        shown, payloads, inner_of = alternatives(ty, of)
        place = next(place for place, (cls, _) in enumerate(of[1:]) if isinstance(value, cls))
        inner = value.value if isinstance(value, Case) else value
        return shown.wrap(place, None if payloads[place] is None else lower(payloads[place], inner_of[place], inner))
    check_word(ty, of)
    return value


def lift(ty: Any, of: Any, value: Any) -> Any:
    of = described(of)
    if isinstance(ty, wasm.RecordType):
        names = [field.name for field in dataclasses.fields(of[1])]
        assert [name.replace("-", "_") for name, _ in ty.fields] == names
        fields = zip(ty.fields, of[2:], strict=True)
        return of[1](*(lift(inner, of_inner, getattr(value, name)) for (name, inner), of_inner in fields))
    if isinstance(ty, wasm.ListType):
        return value if of[1] == "u8" else tuple(lift(ty.element, of[1], item) for item in value)
    if isinstance(ty, wasm.TupleType):
        return tuple(lift(*each) for each in zip(ty.elements, of[1:], value, strict=True))
    if isinstance(ty, wasm.EnumType):
        return of[1](value)
    if isinstance(ty, (wasm.OptionType, wasm.ResultType, wasm.VariantType)):
        shown, payloads, inner_of = alternatives(ty, of)
        place, payload = shown.unwrap(value)
        inner = None if payloads[place] is None else lift(payloads[place], inner_of[place], payload)
        if isinstance(ty, wasm.OptionType):
            return inner
        if isinstance(ty, wasm.ResultType):
            return place, inner
        cls = of[1 + place][0]
        if issubclass(cls, Case):
            return cls(inner)
        return cls() if issubclass(cls, Bare) else of_class(cls, inner)
    check_word(ty, of)
    return value


TEXTS = [
    "",
    "a",
    "REQ20261125000002",
    "carol",
    "审批 🚦",
    "line\nbreak",
    '{"a":"\\u5ba1"}',
    "x" * 300,
    "\x00\x7f",
    "é" * 40,
]
LIKELY = {
    "sn": ["REQ20261125000002"],
    "tag": ["abcdefghijklmnopqrstuvwxyz"],
    "operation_id": ["an0peration"],
    "creator": ["carol"],
    "operator": ["admin"],
    "approver": ["admin"],
    "title": ["open an account", "开户"],
    "message": ["no longer needed"],
    "content": ["please"],
    "key": ["reason", "APPROVER"],
    "url": ["http://127.0.0.1:8080/itsm/callback"],
    "callback_url": ["http://127.0.0.1:8080/itsm/callback"],
    "deadline_ms": [None, 5_000],
    "page": [1],
    "page_size": [1, 10],
    "stars": [5],
    "extra_json": [None, '{"meta":{"envs":{}}}'],
    "catalog_json": ['{"parent__id":1,"name":"CMDB","desc":"","project_key":"cmdb"}'],
}
"""What leads further than any text: most functions refuse most values before anything is sent."""


class Values:
    """Values of every type of the WIT, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._likely = self._random.random() < 0.8

    def of(self, of: Any, name: str = "") -> Any:
        choose: Any = self._random.choice
        if self._likely and name in LIKELY and self._random.random() < 0.95:
            return choose(LIKELY[name])
        row = described(of)
        if isinstance(row, str) and row[1:].isdigit():
            bits = int(row[1:])
            least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if row[0] == "s" else (0, 2**bits - 1)
            return choose([least, most, least + 1, self._random.randint(least, most), max(least, 0), 5])
        if row == "bool":
            return choose([True, False])
        if row == "string":
            return choose(TEXTS[1:4]) if self._likely else choose(TEXTS)
        kind, *parts = row
        if row == ("list", "u8"):
            return self._random.randbytes(self._random.randint(0, 40))
        if kind == "list":
            return tuple(self.of(parts[0], name) for _ in range(choose([0, 1, 1, 2, 5])))
        if kind == "option":
            return choose([None, self.of(parts[0], name)])
        if kind == "tuple":
            return tuple(self.of(part) for part in parts)
        if kind == "enum":
            return choose(list(parts[0]))
        if kind == "record":
            names = [field.name for field in dataclasses.fields(parts[0])]
            return parts[0](*(self.of(part, name) for name, part in zip(names, parts[1:], strict=True)))
        case: Any = choose(parts)
        cls, payload = case
        if issubclass(cls, Bare):
            return cls()
        value = self.of(payload, name)
        return cls(value) if issubclass(cls, Case) else of_class(cls, value)


def outcome(call: Any, *arguments: Any) -> tuple[str, Any]:
    """What comes of a call, so that two of them can be compared."""
    try:
        return "gives", call(*arguments)
    except ReasonError as error:
        return type(error).__name__, error.reason
    except ItsmError as error:
        return "fails", error
    except ValueError as error:
        return "ValueError", str(error)
