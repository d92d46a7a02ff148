"""wasmtime's C library by its public API. The package `wasmtime` only brings the file: none of its Python is imported.

What is called here never lets go of the interpreter's lock, which would halve the throughput as soon as there are
threads: only a socket that waits does. The exception is compiling, which takes seconds.

Structures of the library are opaque here: their sizes have changed between its versions, and 64 bytes hold each.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from ctypes import POINTER, byref, c_bool, c_char_p, c_size_t, c_uint8, c_uint64, c_void_p
from importlib import util
from typing import Any, Callable
from weakref import finalize

OLDEST, NEWEST = 27, 50
"""The major versions of wasmtime for which these declarations are true."""

CALLBACK = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_void_p, POINTER(c_uint64), c_size_t)
"""A function for the guest. Each argument takes two of the numbers, and so does the result, in place of the first."""

Opaque = c_uint64 * 8


class Bytes(ctypes.Structure):
    """A vector of the library: of bytes, of pointers to types, to imports or to exports."""

    _fields_ = (("size", c_size_t), ("data", c_void_p))


class EngineError(Exception):
    """wasmtime refuses a module, or one trapped."""


if sys.platform == "win32":
    import platform

    MACHINE = platform.machine()
else:
    # The same, sooner than `platform` is imported.
    MACHINE = os.uname().machine

NEEDED = "blueking_itsm needs the package wasmtime: pip install wasmtime"


def _version(site: str) -> str:
    """The version of wasmtime that is installed in a folder, if it is one of those that serve.

    It is in the name of the folder that the installer has left there. `importlib.metadata` reads it there too, and with its
    import a program's first call takes half as long again.
    """
    first, last = "wasmtime-", ".dist-info"
    names = [name for name in os.listdir(site) if name.startswith(first) and name.endswith(last)]
    if not names:
        raise ImportError(NEEDED)
    found = names[0].removeprefix(first).removesuffix(last)
    if not OLDEST <= int(found.partition(".")[0]) <= NEWEST:
        raise ImportError(f"blueking_itsm works with wasmtime {OLDEST} to {NEWEST}, and wasmtime {found} is installed")
    return found


def _library(package: str) -> str:
    """The file of the library in the package's folder."""
    machine = {"AMD64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64"}.get(MACHINE, MACHINE)
    name = {"win32": "_wasmtime.dll", "darwin": "_libwasmtime.dylib"}.get(sys.platform, "_libwasmtime.so")
    path = os.path.join(package, f"{sys.platform}-{machine}", name)
    if not os.path.isfile(path):
        raise ImportError(f"the package wasmtime brings no library for {sys.platform} on {machine}")
    return path


_package = util.find_spec("wasmtime")
if _package is None or _package.origin is None:
    raise ImportError(NEEDED)
_folder = os.path.dirname(_package.origin)
VERSION, _path = _version(os.path.dirname(_folder)), _library(_folder)
_lib = ctypes.PyDLL(_path)
_waiting = ctypes.CDLL(_path)


def _function(name: str, result: Any, *arguments: Any, of: ctypes.CDLL = _lib) -> Callable[..., Any]:
    found = getattr(of, name)
    found.restype, found.argtypes = result, arguments
    return found


_error_message = _function("wasmtime_error_message", None, c_void_p, POINTER(Bytes))
_error_delete = _function("wasmtime_error_delete", None, c_void_p)
_trap_message = _function("wasm_trap_message", None, c_void_p, POINTER(Bytes))
_trap_delete = _function("wasm_trap_delete", None, c_void_p)
_trap_new = _function("wasmtime_trap_new", c_void_p, c_char_p, c_size_t)
_bytes_delete = _function("wasm_byte_vec_delete", None, POINTER(Bytes))
_config_new = _function("wasm_config_new", c_void_p)
_config_parallel = _function("wasmtime_config_parallel_compilation_set", None, c_void_p, c_bool)
_config_mach_ports = _function("wasmtime_config_macos_use_mach_ports_set", None, c_void_p, c_bool)
_engine_new = _function("wasm_engine_new_with_config", c_void_p, c_void_p)
_module_new = _function("wasmtime_module_new", c_void_p, c_void_p, c_char_p, c_size_t, POINTER(c_void_p), of=_waiting)
_module_serialize = _function("wasmtime_module_serialize", c_void_p, c_void_p, POINTER(Bytes))
_module_deserialize = _function(
    "wasmtime_module_deserialize", c_void_p, c_void_p, c_char_p, c_size_t, POINTER(c_void_p)
)
_module_imports = _function("wasmtime_module_imports", None, c_void_p, POINTER(Bytes))
_imports_delete = _function("wasm_importtype_vec_delete", None, POINTER(Bytes))
_import_module = _function("wasm_importtype_module", POINTER(Bytes), c_void_p)
_import_name = _function("wasm_importtype_name", POINTER(Bytes), c_void_p)
_import_type = _function("wasm_importtype_type", c_void_p, c_void_p)
_module_exports = _function("wasmtime_module_exports", None, c_void_p, POINTER(Bytes))
_exports_delete = _function("wasm_exporttype_vec_delete", None, POINTER(Bytes))
_export_name = _function("wasm_exporttype_name", POINTER(Bytes), c_void_p)
_as_function = _function("wasm_externtype_as_functype_const", c_void_p, c_void_p)
_params = _function("wasm_functype_params", POINTER(Bytes), c_void_p)
_results = _function("wasm_functype_results", POINTER(Bytes), c_void_p)
_kind = _function("wasm_valtype_kind", c_uint8, c_void_p)
_linker_new = _function("wasmtime_linker_new", c_void_p, c_void_p)
_linker_define = _function(
    "wasmtime_linker_define_func_unchecked",
    c_void_p,
    *(c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p, CALLBACK, c_void_p, c_void_p),
)
_linker_instantiate = _function(
    "wasmtime_linker_instantiate", c_void_p, c_void_p, c_void_p, c_void_p, POINTER(Opaque), POINTER(c_void_p)
)
_store_new = _function("wasmtime_store_new", c_void_p, c_void_p, c_void_p, c_void_p)
_store_context = _function("wasmtime_store_context", c_void_p, c_void_p)
_store_delete = _function("wasmtime_store_delete", None, c_void_p)
_export_get = _function(
    "wasmtime_instance_export_get", c_bool, c_void_p, POINTER(Opaque), c_char_p, c_size_t, POINTER(Opaque)
)
_call = _function("wasmtime_func_call_unchecked", c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, POINTER(c_void_p))
_memory_data = _function("wasmtime_memory_data", c_void_p, c_void_p, c_void_p)
_memory_size = _function("wasmtime_memory_data_size", c_size_t, c_void_p, c_void_p)

FUNCTION, MEMORY = 0, 3
"""Kinds of exports."""


def _text(vector: Bytes) -> str:
    return ctypes.string_at(vector.data, vector.size).decode("utf-8", "replace").rstrip("\0")


def _raise(message_of: Callable[..., Any], delete: Callable[..., Any], pointer: int) -> None:
    words = Bytes()
    message_of(pointer, byref(words))
    text = _text(words)
    _bytes_delete(byref(words))
    delete(pointer)
    raise EngineError(text)


def _checked(error: int | None, trap: c_void_p | None = None) -> None:
    if error:
        _raise(_error_message, _error_delete, error)
    if trap is not None and trap.value:
        _raise(_trap_message, _trap_delete, trap.value)


def trap(words: str) -> int:
    """A trap, for a function of the guest's to return."""
    text = words.encode()
    return _trap_new(text, len(text))


class Engine:
    """The library's engine. It has no thread of its own, so a forked process can go on with it."""

    def __init__(self) -> None:
        config = _config_new()
        # The pool of threads that compile would be missing in a forked process, which would then wait for ever.
        _config_parallel(config, False)
        # By signals, as elsewhere: the thread that serves mach ports would be missing likewise.
        _config_mach_ports(config, False)
        self.pointer = _engine_new(config)

    def compile(self, wasm: bytes) -> Module:
        module = c_void_p()
        _checked(_module_new(self.pointer, wasm, len(wasm), byref(module)))
        return Module(self, module.value or 0)

    def deserialize(self, compiled: bytes) -> Module:
        """Takes up what `Module.serialize` made. It is code: only ever give what this user has written."""
        module = c_void_p()
        _checked(_module_deserialize(self.pointer, compiled, len(compiled), byref(module)))
        return Module(self, module.value or 0)


class Module:
    """A compiled module. It is never given up."""

    def __init__(self, engine: Engine, pointer: int) -> None:
        self.engine, self.pointer = engine, pointer
        self._linker = _linker_new(engine.pointer)
        self._kept: list[Any] = []

    def serialize(self) -> bytes:
        compiled = Bytes()
        _checked(_module_serialize(self.pointer, byref(compiled)))
        content = ctypes.string_at(compiled.data, compiled.size)
        _bytes_delete(byref(compiled))
        return content

    def exports(self) -> list[str]:
        """The names of what it exports."""
        found = Bytes()
        _module_exports(self.pointer, byref(found))
        names = [_text(_export_name(one).contents) for one in _pointers(found)]
        _exports_delete(byref(found))
        return names

    def link(self, give: Callable[[str, str, list[bool], bool], Callable[[Any], int | None]]) -> None:
        """Ties each import to what `give` makes of its module, its name, whether each of its parameters has 64 bits, and
        whether it has a result.
        """
        found = Bytes()
        _module_imports(self.pointer, byref(found))
        for one in _pointers(found):
            module, name = _text(_import_module(one).contents), _text(_import_name(one).contents)
            function = _as_function(_import_type(one))
            if not function:
                raise EngineError(f"it imports {module} {name}, which is no function")
            wide = [_kind(param) == 1 for param in _pointers(_params(function).contents)]
            callback = CALLBACK(give(module, name, wide, _results(function).contents.size > 0))
            self._kept.append(callback)
            at, to = module.encode(), name.encode()
            _checked(_linker_define(self._linker, at, len(at), to, len(to), function, callback, None, None))
        _imports_delete(byref(found))

    def instantiate(self) -> Instance:
        return Instance(self, self._linker)


def _pointers(vector: Bytes) -> Iterator[int]:
    return iter((c_void_p * vector.size).from_address(vector.data) if vector.size else ())


class Instance:
    """An instance with its memory. It takes one call at a time."""

    def __init__(self, module: Module, linker: int) -> None:
        store = _store_new(module.engine.pointer, None, None)
        finalize(self, _store_delete, store)
        self._context = _store_context(store)
        self._instance, trapped = Opaque(), c_void_p()
        _checked(
            _linker_instantiate(linker, self._context, module.pointer, byref(self._instance), byref(trapped)), trapped
        )
        self._functions: dict[str, int] = {}
        self._kept: list[Any] = []
        self._memory = self._export("memory", MEMORY) + 8
        self._realloc = self.function("cabi_realloc") or 0
        # It never calls out, so one buffer is enough.
        self._realloc_numbers = (c_uint64 * 8)()
        self._size = -1
        self._view = memoryview(b"")

    def _export(self, name: str, kind: int) -> int:
        """Where the description of an export lies: its kind, then what it is, at the eighth byte. 0 if there is none."""
        found, wanted = Opaque(), name.encode()
        if not _export_get(self._context, byref(self._instance), wanted, len(wanted), byref(found)):
            return 0
        self._kept.append(found)
        return ctypes.addressof(found) if c_uint8.from_buffer(found).value == kind else 0

    def function(self, name: str) -> int | None:
        """A function, for `call`."""
        known = self._functions.get(name)
        if known is None:
            known = self._functions[name] = self._export(name, FUNCTION)
        return known + 8 if known else None

    def call(self, function: int, *arguments: int) -> int:
        """Calls a function with numbers. Its result, if any, is the first."""
        numbers = (c_uint64 * (2 * len(arguments) + 2))()
        for index, argument in enumerate(arguments):
            numbers[2 * index] = argument
        trapped = c_void_p()
        _checked(_call(self._context, function, numbers, len(arguments) + 1, byref(trapped)), trapped)
        return numbers[0]

    def realloc(self, align: int, size: int) -> int:
        """Room in the guest's memory, which the guest then owns."""
        numbers = self._realloc_numbers
        numbers[0], numbers[2], numbers[4], numbers[6] = 0, 0, align, size
        trapped = c_void_p()
        _checked(_call(self._context, self._realloc, numbers, 4, byref(trapped)), trapped)
        return numbers[0] & 0xFFFFFFFF

    def memory(self) -> memoryview:
        """The memory as it is now. Take it anew after each call: it may have grown."""
        size = _memory_size(self._context, self._memory)
        if size != self._size:
            array = (ctypes.c_char * size).from_address(_memory_data(self._context, self._memory))
            self._view, self._size = memoryview(array).cast("B"), size
        return self._view

    @property
    def size(self) -> int:
        """The bytes of its memory."""
        return self._size
