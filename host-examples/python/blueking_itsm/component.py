"""Loads `itsm.wasm`, and gives each call an instance of its own."""

import functools
import inspect
import os
from collections.abc import Callable
from importlib import resources
from os import PathLike
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, get_type_hints

from wasmtime import Engine, Store, WasiConfig
from wasmtime import component as wasm

from .administration import Administration
from .callbacks import Callbacks
from .cases import ReasonError, Words
from .convert import Alternatives, converter, payload_hint, snake
from .diagnosis import Diagnosis
from .handling import Handling
from .operations import Operations
from .services import Services
from .tickets import Tickets
from .tracking import Tracking
from .types import ItsmError

PACKAGE = "blueking:itsm"
VERSION = "0.1.0"
"""What this package was written for. Any later 0.1 has all of it too; 0.2 is another interface."""


class Itsm:
    """The component. Load it once in a process; use it from any number of threads.

    Each call gets a fresh instance, so a callback can be handled while another call waits for ITSM. A failure is raised
    as `ItsmError`; what a function raises instead, its decorator says. Load it after forking, not before.
    """

    callbacks: Callbacks
    tracking: Tracking
    tickets: Tickets
    operations: Operations
    handling: Handling
    services: Services
    administration: Administration
    diagnosis: Diagnosis

    def __init__(self, component: str | PathLike[str] | None = None) -> None:
        """Loads the component at a path, or else the one inside this package."""
        _stay_in_one_process()
        self._engine = Engine()
        self._component = wasm.Component(self._engine, _read(component))
        self._linker = wasm.Linker(self._engine)
        self._linker.add_wasip2()
        self._linker.add_wasi_http()
        exports = self._component.type.exports(self._engine)
        for interface, protocol in get_type_hints(Itsm).items():
            setattr(self, interface, self._interface(interface, protocol, exports))

    def _interface(self, interface: str, protocol: type, exports: dict[str, Any]) -> SimpleNamespace:
        name = f"{PACKAGE}/{interface}@{VERSION}"
        # The runtime finds any 0.1; its types are listed by the name that the component itself gives it.
        index = self._component.get_export_index(name)
        if index is None:
            others = ", ".join(other for other in exports if other.startswith(f"{PACKAGE}/{interface}@"))
            raise ValueError(f"no itsm.wasm for this package: it has {others or 'nothing'} where {name} is wanted")
        line, _, _ = name.rpartition(".")
        found = next(export for other, export in exports.items() if other.startswith(f"{line}."))
        exported = found.ty.exports(self._engine)
        bound = SimpleNamespace()
        for method in functions(protocol):
            if wit_name(method) not in exported:
                raise ValueError(f"no itsm.wasm for this package: it lacks {name}#{wit_name(method)}")
            setattr(bound, method.__name__, self._function(method, exported[wit_name(method)].ty, index))
        return bound

    def _function(self, method: FunctionType, ty: wasm.FuncType, interface: wasm.ExportIndex) -> Callable[..., Any]:
        hints = get_type_hints(method)
        _, *parameters = inspect.signature(method).parameters.values()
        signature = inspect.Signature(parameters)
        if [snake(name) for name, _ in ty.params] != list(signature.parameters):
            raise TypeError(f"the component's {wit_name(method)} has other parameters")
        lowering = {snake(name): converter(param, hints[snake(name)]).lower for name, param in ty.params}
        lift = _result(ty.result, hints["return"], getattr(method, "raises", ItsmError))
        index = self._component.get_export_index(wit_name(method), interface)
        assert index is not None

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            _stay_in_one_process()
            values = signature.bind(*args, **kwargs).arguments
            lowered = [lower(values[name], name) for name, lower in lowering.items()]
            with Store(self._engine) as store:
                # No files, no environment, no arguments.
                store.set_wasi(WasiConfig())
                store.set_wasi_http()
                instance = self._linker.instantiate(store, self._component)
                function = instance.get_func(store, index)
                assert function is not None
                answer = function(store, *lowered)
            return lift(answer)

        return call


_process: int | None = None


def _stay_in_one_process() -> None:
    """Raises in a child of the process that loaded the component: wasmtime misses its threads there, and would hang."""
    global _process
    if _process not in (None, os.getpid()):
        raise RuntimeError("this process was forked from one that had loaded Itsm: load it after forking only")
    _process = os.getpid()


def _read(component: str | PathLike[str] | None) -> bytes:
    if component is not None:
        return Path(component).read_bytes()
    packaged = resources.files(__package__) / "itsm.wasm"
    if not packaged.is_file():
        raise FileNotFoundError(
            "this package was built without its itsm.wasm: give Itsm() the path of one, as `cargo xtask build` makes it"
        )
    return packaged.read_bytes()


def functions(protocol: type) -> list[FunctionType]:
    """The functions that a protocol lists."""
    return [
        member
        for name, member in vars(protocol).items()
        if isinstance(member, FunctionType) and not name.startswith("_")
    ]


def wit_name(method: FunctionType) -> str:
    """A function's name in the WIT."""
    return method.__name__.replace("_", "-")


def _result(ty: wasm.ValType | None, returns: Any, error: Any) -> Callable[[Any], Any]:
    """What to do with what a function answers: return it, or raise it."""
    if not isinstance(ty, wasm.ResultType):
        assert ty is not None
        return converter(ty, returns).lift
    shown = Alternatives([("ok", ty.ok), ("err", ty.err)])
    lift_ok = _lift(ty.ok, returns)
    lift_err = _lift(ty.err, _reason(error))

    def lift(answer: Any) -> Any:
        index, payload = shown.unwrap(answer)
        if index == 0:
            return lift_ok(payload)
        reason = lift_err(payload)
        raise reason if isinstance(reason, Exception) else error(reason)

    return lift


def _lift(ty: wasm.ValType | None, hint: Any) -> Callable[[Any], Any]:
    return (lambda _: None) if ty is None else converter(ty, hint).lift


def _reason(error: type[Exception]) -> Any:
    """What the component gives where `error` is raised here."""
    if issubclass(error, ReasonError):
        return payload_hint(error)
    return Words if error is ValueError else error
