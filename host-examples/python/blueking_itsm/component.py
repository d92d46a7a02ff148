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
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

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
from ._exchange import Exchange, Request
from .settings import check_names
from .types import ItsmError

if TYPE_CHECKING:
    from .http import Credentials, Seam

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

T = TypeVar("T")


class _Part(Generic[T]):
    """An interface, made when it is first asked for. If a function of it may send requests, what sends them is loaded then:
    the first call of a program that only reads callbacks takes half as long again with it. No call is left to load it.
    """

    def __init__(self, interface: Callable[[Callable[..., Any]], T]) -> None:
        self._interface = interface

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, itsm: Any, _: type) -> T:
        if any(row.asks for name, row in ROWS.items() if name.startswith(f"{self._name}.")):
            itsm._guests.connect()
        made = itsm.__dict__[self._name] = self._interface(itsm._call)
        return made


class Itsm:
    """ITSM, for programs whose calls may wait. Load it once in a process; use it from any number of threads.

    A failure is raised as `ItsmError`, or as the error of which the function's docs speak. A process may be forked: its
    children go on with instances and connections of their own.
    """

    callbacks = _Part(callbacks.Callbacks)
    tracking = _Part(tracking.Tracking)
    tickets = _Part(tickets.Tickets)
    operations = _Part(operations.Operations)
    handling = _Part(handling.Handling)
    services = _Part(services.Services)
    administration = _Part(administration.Administration)
    diagnosis = _Part(diagnosis.Diagnosis)

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
        self._guests = _Guests(_read(module), client, credentials, allow)
        self._call = self._guests.call

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

    callbacks = _Part(callbacks.AsyncCallbacks)
    tracking = _Part(tracking.AsyncTracking)
    tickets = _Part(tickets.AsyncTickets)
    operations = _Part(operations.AsyncOperations)
    handling = _Part(handling.AsyncHandling)
    services = _Part(services.AsyncServices)
    administration = _Part(administration.AsyncAdministration)
    diagnosis = _Part(diagnosis.AsyncDiagnosis)

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

        self._guests = _Guests(_read(module), client, credentials, allow)
        # Now, as it would block the loop.
        self._guests.connect()
        self._new_executor = partial(ThreadPoolExecutor, threads, "blueking_itsm")
        self._executor, self._process = self._new_executor(), os.getpid()

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

    def __init__(self, wasm: bytes, *options: Any) -> None:
        self._options = options
        self._seam: Seam | None = None
        if any(option is not None for option in options):
            # What is wrong with them is told at once.
            self.connect()
        self._process = os.getpid()
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

    def connect(self) -> None:
        """Gets ready to send requests."""
        # No child is made meanwhile: it would wait for the import for ever.
        with _loading:
            from .http import Seam

            self._seam = self._seam or Seam(*self._options)

    def open(self, request: Request) -> Exchange:
        assert self._seam is not None
        return self._seam.open(request)

    def after_fork(self) -> None:
        self._idle = []
        if self._seam is not None:
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
    # No child is made while another thread compiles or imports.
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


def module_of(settings: Mapping[str, str]) -> str | None:
    """The module that settings name, or None for the one inside this package."""
    check_names(settings)
    file, folder = settings.get("ITSM_WASM"), settings.get("ITSM_WASM_DIR")
    return file or (os.path.join(folder, FILE) if folder else None)


def _read(module: str | PathLike[str] | None) -> bytes:
    path = os.path.join(os.path.dirname(__file__), FILE) if module is None else module
    if module is None and not os.path.isfile(path):
        raise FileNotFoundError(
            f"this package was built without its {FILE}: give Itsm() the path of one, as `cargo xtask build` makes it"
        )
    with open(path, "rb") as file:
        content = file.read()
    if content[4:8] == b"\x0d\0\1\0":
        raise ValueError(f"{path} is a component: this package runs its core module, {FILE}")
    return content
