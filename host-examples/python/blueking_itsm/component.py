"""Loads the core module of `itsm.wasm`, and keeps instances of it, each for one call at a time."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Collection, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Callable

from . import (
    _cache,
    _wasi,
    administration,
    callbacks,
    diagnosis,
    handling,
    operations,
    services,
    tickets,
    tracking,
    types,
)
from ._abi import Function, Misfit, Types, of_class
from ._engine import Engine, EngineError, Module
from .http import Credentials, Exchange, Request, Seam
from .settings import check_names
from .types import ItsmError

PACKAGE = "blueking:itsm"
VERSION = "0.1.0"
"""What this package was written for. Any later 0.1 has all of it too; 0.2 is another interface."""
FILE = "itsm.core.wasm"

CALLS_MOST = 10_000
"""After so many calls an instance is thrown away, so that nothing adds up in it."""
MEMORY_MOST = 16 << 20
"""An instance that has grown beyond is thrown away: memory is never given back."""
IDLE_MOST = 64
"""So many instances are kept."""

MODULES = (callbacks, tracking, tickets, operations, handling, services, administration, diagnosis)
ROWS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": row for module in MODULES for name, row in module.FUNCTIONS.items()
}
"""The functions by their names: `tickets.create`."""


class Itsm:
    """ITSM, for programs whose calls may wait. Load it once in a process; use it from any number of threads.

    A failure is raised as `ItsmError`, or as the error of which the function's docs speak. A process may be forked: its
    children go on with instances and connections of their own.
    """

    callbacks: callbacks.Callbacks
    tracking: tracking.Tracking
    tickets: tickets.Tickets
    operations: operations.Operations
    handling: handling.Handling
    services: services.Services
    administration: administration.Administration
    diagnosis: diagnosis.Diagnosis

    def __init__(
        self,
        module: str | PathLike[str] | None = None,
        *,
        client: Any = None,
        credentials: Credentials | None = None,
        allow: Collection[str] | None = None,
    ) -> None:
        """Loads `itsm.core.wasm` at a path, or else the one inside this package.

        `client` sends the requests: see `blueking_itsm.http`. `credentials` are headers for each request, or a function
        that gives them for one: then connections have `AddedByHost()`. `allow` are the addresses of the servers to which
        requests may go, by default all that a function is given.
        """
        self._guests = _Guests(_read(module), Seam(client, credentials, allow))
        for part in MODULES:
            name = part.__name__.rpartition(".")[2]
            setattr(self, name, getattr(part, name.capitalize())(self._guests.call))

    @classmethod
    def from_environment(cls, **options: Any) -> Itsm:
        """Loads the module that ITSM_WASM names or that is in ITSM_WASM_DIR, or else the one inside this package. The other
        settings are for `blueking_itsm.settings`, which also refuses names that are misspelt.
        """
        return cls(module_of(os.environ), **options)


class AsyncItsm:
    """ITSM, for programs on asyncio: the same functions as coroutines. No call blocks the loop.

    A call that waits for a server does so in a thread. When its task is cancelled, its connection is broken off; whether
    ITSM has acted is then unknown, as after a lost answer.
    """

    callbacks: callbacks.AsyncCallbacks
    tracking: tracking.AsyncTracking
    tickets: tickets.AsyncTickets
    operations: operations.AsyncOperations
    handling: handling.AsyncHandling
    services: services.AsyncServices
    administration: administration.AsyncAdministration
    diagnosis: diagnosis.AsyncDiagnosis

    def __init__(
        self,
        module: str | PathLike[str] | None = None,
        *,
        client: Any = None,
        credentials: Credentials | None = None,
        allow: Collection[str] | None = None,
        threads: int = 32,
    ) -> None:
        """As `Itsm`. At most so many calls wait for servers at once: others wait for their turn."""
        # Here, as it would take a tenth of the start of programs that are not on asyncio; and not within a call, as a
        # process that is forked meanwhile would wait for the import for ever.
        from concurrent.futures import ThreadPoolExecutor

        self._guests = _Guests(_read(module), Seam(client, credentials, allow))
        self._new_executor = partial(ThreadPoolExecutor, threads, "blueking_itsm")
        self._executor, self._process = self._new_executor(), os.getpid()
        for part in MODULES:
            name = part.__name__.rpartition(".")[2]
            setattr(self, name, getattr(part, f"Async{name.capitalize()}")(self._call))

    @classmethod
    def from_environment(cls, **options: Any) -> AsyncItsm:
        """As `Itsm.from_environment`."""
        return cls(module_of(os.environ), **options)

    async def _call(self, name: str, *arguments: Any) -> Any:
        if not ROWS[name].asks:
            # Microseconds: a thread would take longer.
            return self._guests.call(name, *arguments)
        # The loop that waits for this has imported both.
        import asyncio
        import contextvars

        if self._process != os.getpid():
            # A forked process has none of its threads.
            self._executor, self._process = self._new_executor(), os.getpid()
        watch = _Watch(self._guests.open)
        run = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        call = self._guests.call
        waiting = loop.run_in_executor(self._executor, lambda: run(call, name, *arguments, watch=watch))
        try:
            return await waiting
        except asyncio.CancelledError:
            watch.break_off()
            raise


class _Watch:
    """A call that another thread makes: what it waits for can be broken off."""

    def __init__(self, open_exchange: Callable[[Request], Exchange]) -> None:
        self._open = open_exchange
        self._over = threading.Event()
        self._exchanges: list[Exchange] = []

    def break_off(self) -> None:
        self._over.set()
        for exchange in list(self._exchanges):
            exchange.interrupt()

    def _check(self) -> None:
        if self._over.is_set():
            raise InterruptedError("the call was cancelled")

    def open(self, request: Request) -> Exchange:
        self._check()
        exchange = self._open(request)
        self._exchanges.append(exchange)
        self._check()
        return exchange

    def sleep(self, seconds: float) -> None:
        self._over.wait(seconds)
        self._check()


class _Guest:
    """An instance with its host."""

    def __init__(self, module: Module, host: _wasi.Host) -> None:
        self.instance = module.instantiate()
        self.instance.memory()
        self.host = host
        host.guest = self.instance
        self.calls = 0

    def call(self, function: Function, arguments: tuple[Any, ...]) -> Any:
        before = getattr(_wasi.current, "host", None)
        _wasi.current.host = self.host
        self.calls += 1
        try:
            return function(self.instance, arguments)
        except EngineError:
            if self.host.raised is not None:
                raise self.host.raised from None
            raise
        finally:
            _wasi.current.host = before
            self.host.end()

    def is_worn(self) -> bool:
        return self.calls >= CALLS_MOST or self.instance.size > MEMORY_MOST


class _Guests:
    """The instances that wait for calls. None is used by two calls at once, and none again after anything went wrong."""

    def __init__(self, wasm: bytes, seam: Seam) -> None:
        self._seam = seam
        self._process = os.getpid()
        self.open = seam.open
        self.sleep = time.sleep
        self._idle: list[_Guest] = []
        self._module = _load(wasm)
        exports = {_line(name): name for name in self._module.exports() if "#" in name}
        kinds = Types(types.WIT, *(module.WIT for module in MODULES))
        self._functions: dict[str, tuple[Function, Any]] = {}
        for name, row in ROWS.items():
            interface = f"{PACKAGE}/{name.partition('.')[0]}"
            wanted = f"{interface}@{VERSION}#{row.wit}"
            export = exports.get(_line(wanted))
            if export is None:
                others = {one.partition("#")[0] for one in exports.values() if one.startswith(f"{interface}@")}
                found = f"it has {', '.join(sorted(others)) or 'nothing'} where {wanted.partition('#')[0]} is wanted"
                lacks = any(_line(one) == _line(wanted.partition("#")[0]) for one in others)
                raise ValueError(f"no {FILE} for this package: {f'it lacks {wanted}' if lacks else found}")
            self._functions[name] = Function(kinds, export, row.params, row.result), row.error
        self._idle.append(self._new())
        _all_guests.add(self)

    def _new(self) -> _Guest:
        # Here, as `gunicorn --preload` makes greenlets of sockets only after the fork.
        _refuse_greenlets()
        return _Guest(self._module, _wasi.Host(self.open))

    def after_fork(self) -> None:
        self._idle = []
        self._seam.after_fork()
        # Last: until then no other thread takes a connection.
        self._process = os.getpid()

    def call(self, name: str, *arguments: Any, watch: _Watch | None = None) -> Any:
        function, error = self._functions[name]
        if self._process != os.getpid():
            # uwsgi forks without a word to Python.
            self.after_fork()
        try:
            guest = self._idle.pop()
        except IndexError:
            guest = self._new()
        way = watch or self
        guest.host.open_exchange, guest.host.sleep = way.open, way.sleep
        try:
            answer = guest.call(function, arguments)
        except Misfit as misfit:
            misfit.reraise()
        if not guest.is_worn() and len(self._idle) < IDLE_MOST:
            self._idle.append(guest)
        if error is None:
            return answer
        place, value = answer
        if place == 0:
            return value
        if isinstance(value, types.Failure):
            raise of_class(ItsmError, value)
        raise value if isinstance(value, Exception) else error(value)


_all_guests: weakref.WeakSet[_Guests] = weakref.WeakSet()
_loading = threading.Lock()
_engine: Engine | None = None
_modules: dict[bytes, Module] = {}


def _after_fork() -> None:
    _loading.release()
    for guests in list(_all_guests):
        guests.after_fork()


if hasattr(os, "register_at_fork"):
    # No child is made while another thread compiles.
    os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_after_fork)


def _load(wasm: bytes) -> Module:
    """The module with its imports tied: once in a process, however many clients there are."""
    global _engine
    with _loading:
        module = _modules.get(wasm)
        if module is None:
            _engine = _engine or Engine()
            try:
                module = _cache.load(_engine, wasm)
                module.link(_wasi.give)
            except EngineError as error:
                raise ValueError(f"no {FILE} for this package: {error}") from None
            _modules[wasm] = module
        return module


def _refuse_greenlets() -> None:
    """A greenlet that waits gives the stack, on which the engine runs, to others, and the process would end."""
    for module, is_patched in (("gevent.monkey", "is_module_patched"), ("eventlet.patcher", "is_monkey_patched")):
        if module in sys.modules and getattr(sys.modules[module], is_patched)("socket"):
            raise RuntimeError(
                "blueking_itsm can't run in greenlets, as gevent and eventlet make them: use threads, such as "
                "gunicorn -k gthread or celery -P threads"
            )


def _line(name: str) -> str:
    """A name with the line of its version: `blueking:itsm/tickets@0.1#create`."""
    interface, _, function = name.partition("#")
    return f"{interface.rpartition('.')[0]}#{function}"


def module_of(settings: Mapping[str, str]) -> Path | None:
    """The module that settings name, or None for the one inside this package."""
    check_names(settings)
    file, folder = settings.get("ITSM_WASM"), settings.get("ITSM_WASM_DIR")
    return Path(file) if file else Path(folder, FILE) if folder else None


def _read(module: str | PathLike[str] | None) -> bytes:
    path = Path(__file__).with_name(FILE) if module is None else Path(module)
    if module is None and not path.is_file():
        raise FileNotFoundError(
            f"this package was built without its {FILE}: give Itsm() the path of one, as `cargo xtask build` makes it"
        )
    content = path.read_bytes()
    if content[4:8] == b"\x0d\0\1\0":
        raise ValueError(f"{path} is a component: this package runs its core module, {FILE}")
    return content
