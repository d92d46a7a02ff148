"""The component's values as this package's, and back.

Two descriptions of a type are walked side by side: the component's own, and the type hint here. Records go by their
fields' names, variants by the order of their cases. What does not match is found when the component is loaded.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

from wasmtime import component as wasm

from .cases import Bare, Case, Words

INTEGERS: dict[type[wasm.ValType], tuple[int, int]] = {
    wasm.U8: (0, 2**8 - 1),
    wasm.U16: (0, 2**16 - 1),
    wasm.U32: (0, 2**32 - 1),
    wasm.U64: (0, 2**64 - 1),
    wasm.S64: (-(2**63), 2**63 - 1),
}

CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"


@dataclass(frozen=True)
class Converter:
    """`lower` makes a value the component's, told where it stands for the words of an error; `lift` makes it ours."""

    lower: Callable[[Any, str], Any]
    lift: Callable[[Any], Any]


def converter(ty: wasm.ValType, hint: Any) -> Converter:
    """Converts between a type of the component and a type hint."""
    match ty:
        case wasm.Bool() if hint is bool:
            return Converter(lambda value, where: _checked(value, bool, where), _same)
        case wasm.String() if hint is str:
            return Converter(_lower_text, _same)
        case wasm.String() if hint == Words:
            return Converter(_lower_text, lambda text: re.sub(CONTROLS, " ", text))
        case wasm.ListType() if hint is bytes and isinstance(ty.element, wasm.U8):
            return Converter(lambda value, where: _checked(value, bytes, where), _same)
        case wasm.ListType():
            return _list(ty, hint)
        case wasm.TupleType():
            return _tuple(ty, hint)
        case wasm.RecordType():
            return _record(ty, hint)
        case wasm.EnumType() if list(hint) == ty.names:
            return Converter(lambda value, where: _checked(value, hint, where).value, hint)
        case wasm.OptionType():
            return _option(ty, hint)
        case wasm.VariantType():
            return _variant(ty, hint)
        case _ if type(ty) in INTEGERS and hint is int:
            return _integer(*INTEGERS[type(ty)])
    raise TypeError(f"the component has {type(ty).__name__} where this package has {hint}")


class Alternatives:
    """How wasmtime shows one of several cases: as a `Variant` with the case's name, or, where their Python classes
    differ, as the bare value. Options and results are such cases too.
    """

    def __init__(self, cases: Iterable[tuple[str, wasm.ValType | None]]) -> None:
        self._names: list[str] = []
        self._classes: list[set[type]] = []
        for name, ty in cases:
            classes: set[type] = set()
            if ty is None:
                classes.add(NoneType)
            else:
                ty.add_classes(classes)
            self._names.append(name)
            # Where no value is a case of an inner type, wasmtime gives its class as `object`.
            self._classes.append({NoneType if cls is object else cls for cls in classes})
        self._named = sum(map(len, self._classes)) > len(set().union(*self._classes))

    def wrap(self, index: int, payload: Any) -> Any:
        """A case's payload, as wasmtime wants it."""
        return wasm.Variant(self._names[index], payload) if self._named else payload

    def unwrap(self, value: Any) -> tuple[int, Any]:
        """Which case a value of wasmtime's is, and its payload."""
        if self._named:
            return self._names.index(value.tag), value.payload
        return next(index for index, classes in enumerate(self._classes) if type(value) in classes), value


def _same(value: Any) -> Any:
    return value


def _checked(value: Any, wanted: type, where: str) -> Any:
    if not isinstance(value, wanted):
        raise TypeError(f"{where} wants {wanted.__name__}, not {type(value).__name__}")
    return value


def _lower_text(value: Any, where: str) -> str:
    text: str = _checked(value, str, where)
    try:
        text.encode()
    except UnicodeEncodeError:
        # The error that was caught holds the text, which may be a secret.
        raise ValueError(f"{where} holds half of a surrogate pair") from None
    return text


def _integer(least: int, most: int) -> Converter:
    def lower(value: Any, where: str) -> Any:
        _checked(value, int, where)
        # wasmtime would cut it off.
        if not least <= value <= most:
            raise ValueError(f"{where} wants {least} to {most}")
        return value

    return Converter(lower, _same)


def _list(ty: wasm.ListType, hint: Any) -> Converter:
    inner = converter(ty.element, get_args(hint)[0])

    def lower(value: Any, where: str) -> Any:
        # A text is a sequence of texts too, and never meant here.
        if isinstance(value, (str, bytes)):
            raise TypeError(f"{where} wants a list, not {type(value).__name__}")
        return [inner.lower(item, where) for item in _checked(value, Sequence, where)]

    return Converter(lower, lambda value: tuple(map(inner.lift, value)))


def _tuple(ty: wasm.TupleType, hint: Any) -> Converter:
    inner = [converter(*pair) for pair in zip(ty.elements, get_args(hint), strict=True)]

    def lower(value: Any, where: str) -> Any:
        if len(_checked(value, tuple, where)) != len(inner):
            raise TypeError(f"{where} wants {len(inner)} values, not {len(value)}")
        return tuple(one.lower(item, where) for one, item in zip(inner, value, strict=True))

    return Converter(lower, lambda value: tuple(one.lift(item) for one, item in zip(inner, value, strict=True)))


def _record(ty: wasm.RecordType, hint: Any) -> Converter:
    hints = get_type_hints(hint, include_extras=True)
    names = [field.name for field in dataclasses.fields(hint)]
    if names != [snake(name) for name, _ in ty.fields]:
        raise TypeError(f"the component's {hint.__name__} has other fields")
    inner = [(name, snake(name), converter(field, hints[snake(name)])) for name, field in ty.fields]

    def lower(value: Any, where: str) -> Any:
        _checked(value, hint, where)
        record = wasm.Record()
        for name, attribute, one in inner:
            setattr(record, name, one.lower(getattr(value, attribute), f"{where}.{attribute}"))
        return record

    return Converter(lower, lambda value: hint(*(one.lift(getattr(value, name)) for name, _, one in inner)))


def _option(ty: wasm.OptionType, hint: Any) -> Converter:
    # `User | None` is one flat union.
    some = tuple(arm for arm in get_args(hint) if arm is not NoneType)
    inner = converter(ty.payload, some[0] if len(some) == 1 else some)
    shown = Alternatives([("none", None), ("some", ty.payload)])

    def lower(value: Any, where: str) -> Any:
        return shown.wrap(0, None) if value is None else shown.wrap(1, inner.lower(value, where))

    def lift(value: Any) -> Any:
        index, payload = shown.unwrap(value)
        return inner.lift(payload) if index else None

    return Converter(lower, lift)


def _variant(ty: wasm.VariantType, hint: Any) -> Converter:
    classes = hint if isinstance(hint, tuple) else get_args(hint)
    cases = [_case(payload, cls) for (_, payload), cls in zip(ty.cases, classes, strict=True)]
    shown = Alternatives(ty.cases)

    def lower(value: Any, where: str) -> Any:
        for index, cls in enumerate(classes):
            if isinstance(value, cls):
                return shown.wrap(index, cases[index].lower(value, where))
        wanted = ", ".join(cls.__name__ for cls in classes)
        raise TypeError(f"{where} wants one of {wanted}, not {type(value).__name__}")

    def lift(value: Any) -> Any:
        index, payload = shown.unwrap(value)
        return cases[index].lift(payload)

    return Converter(lower, lift)


def _case(payload: wasm.ValType | None, cls: Any) -> Converter:
    if payload is None and issubclass(cls, Bare):
        return Converter(lambda value, where: None, lambda _: cls())
    if payload is not None and issubclass(cls, Case):
        inner = converter(payload, payload_hint(cls))
        return Converter(lambda value, where: inner.lower(value.value, where), lambda value: cls(inner.lift(value)))
    if payload is not None and not issubclass(cls, Bare):
        return converter(payload, cls)
    raise TypeError(f"the component's case for {cls.__name__} is another")


def payload_hint(cls: Any) -> Any:
    """What a generic class was given: `str` for a subclass of `Case[str]`."""
    return get_args(cls.__orig_bases__[0])[0]


def snake(name: str) -> str:
    """A name of the WIT as Python writes it."""
    return name.replace("-", "_")
