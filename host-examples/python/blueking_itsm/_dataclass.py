"""`dataclass` and `field` for frozen classes, as the module `dataclasses` has them.

With that module a program's first call takes half as long again: it imports much, and compiles six functions for each
class. Here only `__init__` is compiled. Type checkers see the module itself, and its functions (`fields`, `replace`,
`asdict`) find in a class what they look for, which is made when they ask.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Callable, Literal

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field


class _Field:
    """The options of a field: its `default`, and whether `repr` shows it."""

    def __init__(self, **options: Any) -> None:
        self.options = options


class _Asked:
    """What `dataclasses` keeps in a class, taken from a twin that it makes. Whoever asks for it has imported the module."""

    def __init__(self, name: str, twin: Callable[[], type]) -> None:
        self._name, self._twin = name, twin

    def __get__(self, _: Any, __: type) -> Any:
        return getattr(self._twin(), self._name)


def _dataclass(*, frozen: Literal[True]) -> Callable[[Any], Any]:
    return _frozen


def _frozen(cls: Any) -> Any:
    annotations: dict[str, Any] = getattr(cls, "__annotations__", {})
    fields = {name: _options(cls, name) for name in annotations}
    shown = [name for name, options in fields.items() if options.get("repr", True)]

    def values(of: Any) -> tuple[Any, ...]:
        return tuple([getattr(of, name) for name in fields])

    def check(of: Any, what: str, name: str) -> None:
        # A class below, such as an exception, may have more than its fields.
        if type(of) is cls or name in fields:
            from dataclasses import FrozenInstanceError

            raise FrozenInstanceError(f"cannot {what} field {name!r}")

    def __repr__(self: Any) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({inside})"

    def __eq__(self: Any, other: object) -> bool:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    def __setattr__(self: Any, name: str, value: Any) -> None:
        check(self, "assign to", name)
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        check(self, "delete", name)
        super(cls, self).__delattr__(name)

    for function in (_init(cls, fields, annotations), __repr__, __eq__, __hash__, __setattr__, __delattr__):
        function.__qualname__ = f"{cls.__qualname__}.{function.__name__}"
        setattr(cls, function.__name__, function)

    @cache
    def twin() -> type:
        import dataclasses

        namespace = {name: dataclasses.field(**options) for name, options in fields.items()}
        bare = type(cls.__name__, (), {**namespace, "__annotations__": annotations, "__module__": cls.__module__})
        return dataclasses.dataclass(frozen=True)(bare)

    for name in ("__dataclass_fields__", "__dataclass_params__", "__replace__"):
        setattr(cls, name, _Asked(name, twin))
    setattr(cls, "__match_args__", tuple(fields))
    return cls


def _options(cls: type, name: str) -> dict[str, Any]:
    """A field's options. Its default stays in the class."""
    given = vars(cls).get(name, _Field())
    options: dict[str, Any] = given.options if isinstance(given, _Field) else {"default": given}
    if "default" in options:
        setattr(cls, name, options["default"])
    elif name in vars(cls):
        delattr(cls, name)
    return options


def _init(cls: type, fields: dict[str, dict[str, Any]], annotations: dict[str, Any]) -> Any:
    parameters = ", ".join(["self", *fields])
    given = ", ".join(f"{name}={name}" for name in fields)
    made: dict[str, Any] = {}
    text = f"def __init__({parameters}):\n self.__dict__.update({given})"
    exec(text, vars(sys.modules[cls.__module__]), made)
    init = made["__init__"]
    init.__defaults__ = tuple(options["default"] for options in fields.values() if "default" in options)
    init.__annotations__ = {**annotations, "return": None}
    return init


if not TYPE_CHECKING:
    dataclass, field = _dataclass, _Field
