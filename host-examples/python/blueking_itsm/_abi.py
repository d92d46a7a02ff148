"""The canonical ABI: values into the guest's memory and numbers, and back, as the tables of the modules describe them.

A type is a word (`"string"`, `"u64"`), the name of a row of a table (`"types.failure"`), or a tuple: `("list", T)`,
`("option", T)`, `("tuple", T, ...)`, `("result", T, T)`, `("record", class, T, ...)`, `("enum", class)`,
`("variant", (class, T), ...)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any, Callable, NoReturn

from .cases import Bare, Case

MOST_NUMBERS = 16
"""More than so many parameters are passed in memory."""

NUMBERS = {
    "u8": ("<B", 0, 2**8 - 1),
    "u16": ("<H", 0, 2**16 - 1),
    "u32": ("<I", 0, 2**32 - 1),
    "u64": ("<Q", 0, 2**64 - 1),
    "s8": ("<b", -(2**7), 2**7 - 1),
    "s16": ("<h", -(2**15), 2**15 - 1),
    "s32": ("<i", -(2**31), 2**31 - 1),
    "s64": ("<q", -(2**63), 2**63 - 1),
}
PAIR = Struct("<II")


class Type:
    """How a type lies in memory, and how many numbers it makes as a parameter.

    `store` and `lower` give a value to the guest, in memory or as numbers. `load` takes one out of memory.
    """

    def __init__(
        self,
        align: int,
        size: int,
        numbers: int,
        store: Callable[[Any, Any, int], None],
        lower: Callable[[Any, Any], list[int]],
        load: Callable[[Any, int], Any],
    ) -> None:
        self.align, self.size, self.numbers = align, size, numbers
        self.store, self.lower, self.load = store, lower, load


class Misfit(Exception):
    """A value is not of its type. The words never show the value, which may be a secret."""

    def __init__(self, error: type[Exception], words: str) -> None:
        super().__init__(words)
        self.error = error
        self.path = ""

    def within(self, name: str) -> Misfit:
        self.path = f".{name}{self.path}"
        return self

    def reraise(self) -> NoReturn:
        raise self.error(f"{self.path[1:]} {self}") from None


def _check(value: Any, wanted: type) -> None:
    if not isinstance(value, wanted):
        raise Misfit(TypeError, f"wants {wanted.__name__}, not {type(value).__name__}")


def up(position: int, align: int) -> int:
    """The next position that is aligned."""
    return (position + align - 1) // align * align


class Types:
    """The types of tables, made when they are first asked for."""

    def __init__(self, *tables: Mapping[str, Any]) -> None:
        self._rows = {name: row for table in tables for name, row in table.items()}
        self._made: dict[Any, Type] = {}

    def __call__(self, of: Any) -> Type:
        made = self._made.get(of)
        if made is None:
            made = self._made[of] = self._make(self._rows.get(of, of))
        return made

    def _make(self, of: Any) -> Type:
        if isinstance(of, str):
            if of in NUMBERS:
                return _number(*NUMBERS[of])
            return _bool() if of == "bool" else _text({"string": str}[of])
        if of == ("list", "u8"):
            return _text(bytes)
        kind, *parts = of
        if kind == "list":
            return _list(self(parts[0]))
        if kind == "option":
            return _option(self(parts[0]))
        if kind == "tuple":
            return _tuple([self(part) for part in parts])
        if kind == "record":
            return _record(parts[0], [self(part) for part in parts[1:]])
        if kind == "enum":
            return _enum(parts[0])
        if kind == "result":
            return _result([part and self(part) for part in parts])
        return _variant([(cls, part and self(part)) for cls, part in parts])


def _number(code: str, least: int, most: int) -> Type:
    packed = Struct(code)

    def lower(_: Any, value: Any) -> list[int]:
        _check(value, int)
        if not least <= value <= most:
            raise Misfit(ValueError, f"wants {least} to {most}")
        return [value]

    def store(guest: Any, value: Any, at: int) -> None:
        packed.pack_into(guest.memory(), at, *lower(guest, value))

    return Type(packed.size, packed.size, 1, store, lower, lambda view, at: packed.unpack_from(view, at)[0])


def _bool() -> Type:
    def lower(_: Any, value: Any) -> list[int]:
        _check(value, bool)
        return [int(value)]

    def store(guest: Any, value: Any, at: int) -> None:
        guest.memory()[at] = lower(guest, value)[0]

    return Type(1, 1, 1, store, lower, lambda view, at: view[at] != 0)


def _text(cls: type) -> Type:
    """A text, or bytes."""

    def lower(guest: Any, value: Any) -> list[int]:
        _check(value, cls)
        try:
            content = value.encode() if cls is str else value
        except UnicodeEncodeError:
            # The error that was caught holds the text.
            raise Misfit(ValueError, "holds half of a surrogate pair") from None
        if not content:
            return [1, 0]
        at = guest.realloc(1, len(content))
        guest.memory()[at : at + len(content)] = content
        return [at, len(content)]

    def store(guest: Any, value: Any, at: int) -> None:
        where = lower(guest, value)
        PAIR.pack_into(guest.memory(), at, *where)

    def load(view: Any, at: int) -> Any:
        start, size = PAIR.unpack_from(view, at)
        return str(view[start : start + size], "utf-8") if cls is str else bytes(view[start : start + size])

    return Type(4, 8, 2, store, lower, load)


def _list(item: Type) -> Type:
    def lower(guest: Any, value: Any) -> list[int]:
        # A text is a sequence of texts too, and never meant here.
        if isinstance(value, (str, bytes)):
            raise Misfit(TypeError, f"wants a list, not {type(value).__name__}")
        _check(value, Sequence)
        if not value:
            return [item.align, 0]
        start = guest.realloc(item.align, item.size * len(value))
        for index, one in enumerate(value):
            item.store(guest, one, start + index * item.size)
        return [start, len(value)]

    def store(guest: Any, value: Any, at: int) -> None:
        where = lower(guest, value)
        PAIR.pack_into(guest.memory(), at, *where)

    def load(view: Any, at: int) -> Any:
        start, count = PAIR.unpack_from(view, at)
        return tuple([item.load(view, start + index * item.size) for index in range(count)])

    return Type(4, 8, 2, store, lower, load)


def layout(parts: Sequence[Type]) -> tuple[int, int, list[int]]:
    """The alignment and the size of a sequence of types, and where each lies in it."""
    places, position, align = [], 0, 1
    for part in parts:
        position = up(position, part.align)
        places.append(position)
        position += part.size
        align = max(align, part.align)
    return align, up(position, align), places


def _tuple(parts: list[Type]) -> Type:
    align, size, places = layout(parts)

    def check(value: Any) -> None:
        _check(value, tuple)
        if len(value) != len(parts):
            raise Misfit(TypeError, f"wants {len(parts)} values, not {len(value)}")

    def lower(guest: Any, value: Any) -> list[int]:
        check(value)
        return [number for part, one in zip(parts, value) for number in part.lower(guest, one)]

    def store(guest: Any, value: Any, at: int) -> None:
        check(value)
        for part, place, one in zip(parts, places, value):
            part.store(guest, one, at + place)

    def load(view: Any, at: int) -> Any:
        return tuple([part.load(view, at + place) for part, place in zip(parts, places)])

    return Type(align, size, sum(part.numbers for part in parts), store, lower, load)


def names_of(record: Any) -> tuple[str, ...]:
    """The names of a record's fields."""
    return record.__match_args__


def _record(cls: type, parts: list[Type]) -> Type:
    align, size, places = layout(parts)
    fields = list(zip(names_of(cls), parts, places))
    loads = [(part.load, place) for part, place in zip(parts, places)]

    def lower(guest: Any, value: Any) -> list[int]:
        _check(value, cls)
        numbers: list[int] = []
        for name, part, _ in fields:
            try:
                numbers += part.lower(guest, getattr(value, name))
            except Misfit as misfit:
                raise misfit.within(name) from None
        return numbers

    def store(guest: Any, value: Any, at: int) -> None:
        _check(value, cls)
        for name, part, place in fields:
            try:
                part.store(guest, getattr(value, name), at + place)
            except Misfit as misfit:
                raise misfit.within(name) from None

    def load(view: Any, at: int) -> Any:
        return cls(*[load(view, at + place) for load, place in loads])

    return Type(align, size, sum(part.numbers for part in parts), store, lower, load)


def _enum(cls: Any) -> Type:
    members = list(cls)
    places = {member: place for place, member in enumerate(members)}

    def lower(_: Any, value: Any) -> list[int]:
        _check(value, cls)
        return [places[value]]

    def store(guest: Any, value: Any, at: int) -> None:
        guest.memory()[at] = lower(guest, value)[0]

    return Type(1, 1, 1, store, lower, lambda view, at: members[view[at]])


def _cases(
    payloads: Sequence[Type | None], split: Callable[[Any], tuple[int, Any]], join: Callable[[int, Any], Any]
) -> Type:
    """One of several: its place, which is a byte as none has 256 cases, and its payload."""
    present = [payload for payload in payloads if payload]
    align = max([1, *(payload.align for payload in present)])
    inside = up(1, align)
    size = up(inside + max([0, *(payload.size for payload in present)]), align)
    numbers = 1 + max([0, *(payload.numbers for payload in present)])

    def lower(guest: Any, value: Any) -> list[int]:
        place, inner = split(value)
        payload = payloads[place]
        given = [place] + (payload.lower(guest, inner) if payload else [])
        return given + [0] * (numbers - len(given))

    def store(guest: Any, value: Any, at: int) -> None:
        place, inner = split(value)
        guest.memory()[at] = place
        payload = payloads[place]
        if payload:
            payload.store(guest, inner, at + inside)

    def load(view: Any, at: int) -> Any:
        payload = payloads[view[at]]
        return join(view[at], payload.load(view, at + inside) if payload else None)

    return Type(align, size, numbers, store, lower, load)


def _option(payload: Type) -> Type:
    return _cases([None, payload], lambda value: (int(value is not None), value), lambda _, value: value)


def _result(payloads: list[Type | None]) -> Type:
    """Only given back: whether it is an error, and the payload."""
    return _cases(payloads, lambda value: value, lambda place, value: (place, value))


def _variant(cases: list[tuple[Any, Type | None]]) -> Type:
    classes = [cls for cls, _ in cases]
    places = {cls: place for place, cls in enumerate(classes)}
    wraps = [issubclass(cls, Case) for cls in classes]

    def split(value: Any) -> tuple[int, Any]:
        place = places.get(type(value))
        if place is None:
            place = next((place for place, cls in enumerate(classes) if isinstance(value, cls)), None)
        if place is None:
            wanted = ", ".join(cls.__name__ for cls in classes)
            raise Misfit(TypeError, f"wants one of {wanted}, not {type(value).__name__}")
        return place, value.value if wraps[place] else value

    def join(place: int, value: Any) -> Any:
        cls = classes[place]
        if wraps[place]:
            return cls(value)
        return cls() if issubclass(cls, Bare) else of_class(cls, value)

    return _cases([payload for _, payload in cases], split, join)


def of_class(cls: Any, record: Any) -> Any:
    """A record, or the error that is made of it."""
    if isinstance(record, cls):
        return record
    return cls(*[getattr(record, name) for name in names_of(type(record))])


class Function:
    """An export of the guest: calls it with values."""

    def __init__(self, types: Types, export: str, params: Sequence[tuple[str, Any]], result: Any) -> None:
        self.export = export
        self._names = [name for name, _ in params]
        self._params = [types(of) for _, of in params]
        self._result = types(result) if result else None
        self._in_memory = sum(param.numbers for param in self._params) > MOST_NUMBERS
        self._align, self._size, self._places = layout(self._params)

    def __call__(self, guest: Any, arguments: Sequence[Any]) -> Any:
        function = guest.function(self.export)
        numbers: list[int] = []
        start = 0
        if self._in_memory:
            start = guest.realloc(self._align, self._size)
            numbers.append(start)
        for name, param, place, value in zip(self._names, self._params, self._places, arguments):
            try:
                if self._in_memory:
                    param.store(guest, value, start + place)
                else:
                    numbers += param.lower(guest, value)
            except Misfit as misfit:
                raise misfit.within(name) from None
        answer = guest.call(function, *numbers)
        result = self._result
        if result is None:
            value = None
        elif result.numbers == 1:
            # One number lies in memory as it is.
            value = result.load(answer.to_bytes(8, "little"), 0)
        else:
            value = result.load(guest.memory(), answer & 0xFFFFFFFF)
        after = guest.function(f"cabi_post_{self.export}")
        if after:
            guest.call(after, answer)
        return value
